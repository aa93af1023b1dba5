"""The deliver stage in several processes, each with a share of the connections and of the rate.

This one begins at once, the others join it. They are strangers who meet in the database, as
services on several machines would: each reserves shards of its own. What one leaves behind when
it dies is found by its name, like that of any sender that died. Each of the others builds its
parts from the settings.
"""

from __future__ import annotations

import logging
import multiprocessing
import signal
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from logging.handlers import QueueHandler
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from threading import Lock, Thread
from typing import Any

from digest import deliver
from digest.config import Settings, Smtp
from digest.deliver import DeliverReport, OnProgress
from digest.errors import DigestError
from digest.mailing import Mailing
from digest.ports import Clock
from digest.workers import is_gone, this_worker

log = logging.getLogger(__name__)

# In the time that a process takes to begin, another one sends so many.
WORTH_A_PROCESS = 1000

# How often a process says how far it is, and is asked whether to stop.
_OFTEN = timedelta(seconds=0.25)


@dataclass(frozen=True, slots=True)
class Share:
    """What one process has of the connections and of the rate.

    `phase` (0 to 1) is its place in the round of all; `None` for one that is alone.
    """

    connections: int
    rate_per_second: float
    rate_per_domain: Mapping[str, float]
    phase: float | None


def shares(smtp: Smtp, due: int) -> list[Share]:
    """Decide how many processes send so many deliveries, and what each of them gets."""
    count = max(1, min(smtp.processes, smtp.connections, due // WORTH_A_PROCESS))
    return [
        Share(
            connections=smtp.connections // count + (number < smtp.connections % count),
            rate_per_second=smtp.rate_per_second / count,
            rate_per_domain={name: rate / count for name, rate in smtp.rate_per_domain.items()},
            phase=number / count if count > 1 else None,
        )
        for number in range(count)
    ]


def run(
    mailing: Mailing,
    *,
    stopping: Callable[[], bool],
    enough: Callable[[], bool],
    progress: OnProgress,
    report: DeliverReport,
) -> None:
    """Send everything that is due, in this process and in others (see `deliver.run`)."""
    with mailing.store.read() as tx:
        due = tx.outbox.due(now=mailing.clock.now())
    own, *others = shares(mailing.settings.smtp, due)
    send = partial(_send, mailing, report=report)
    if not others:
        send(own, stopping=stopping, enough=enough, progress=progress)
        return
    with _crew(mailing, others, report) as crew:

        def listen(*, seconds: float = 0) -> None:
            crew.listen(seconds=seconds)
            progress(report.with_others(crew.reports), due)

        told_to_stop, told_enough = crew.telling("stop", stopping), crew.telling("enough", enough)
        send(own, stopping=told_to_stop, enough=told_enough, progress=lambda *_: listen())
        while crew.is_at_work:
            listen(seconds=_OFTEN.total_seconds())
            told_to_stop()
            told_enough()
    if crew.error is not None:
        raise crew.error
    if not (report.errors or stopping()):
        # What a process left behind that died, and what has become due meanwhile.
        alone = shares(mailing.settings.smtp, 0)[0]
        send(alone, stopping=stopping, enough=enough, progress=lambda *_: None)
    deliver.forget_resolved(mailing.store, report)


def _send(
    mailing: Mailing,
    share: Share,
    *,
    stopping: Callable[[], bool],
    enough: Callable[[], bool],
    progress: OnProgress,
    report: DeliverReport,
) -> None:
    deliver.run(
        mailing.store,
        mailing.transport,
        mailing.compose,
        settings=mailing.settings.delivery,
        clock=mailing.clock,
        worker=this_worker(),
        is_gone=is_gone,
        connections=share.connections,
        rate_per_second=share.rate_per_second,
        rate_per_domain=share.rate_per_domain,
        phase=share.phase,
        stopping=stopping,
        enough=enough,
        waited_for=mailing.waited_for,
        progress=progress,
        report=report,
    )


# --- here -------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _End:
    """The last word of a process."""

    report: DeliverReport
    error: DigestError | None = None


class _Crew:
    """The other processes of one run, and what they have said."""

    def __init__(self) -> None:
        self.error: DigestError | None = None  # the first that one of them ended in
        self._said: dict[Connection, DeliverReport] = {}
        self._open: dict[Connection, BaseProcess] = {}
        self._told: set[str] = set()

    @property
    def is_at_work(self) -> bool:
        """Say whether one of them has not ended yet."""
        return bool(self._open)

    @property
    def reports(self) -> list[DeliverReport]:
        """Return what they have done so far."""
        return list(self._said.values())

    def start(self, number: int, mailing: Mailing, share: Share) -> None:
        """Start one more."""
        # A fork would copy the threads' locks of whoever serves pages beside us.
        context = multiprocessing.get_context("spawn")
        ours, theirs = context.Pipe()
        level = logging.getLogger().getEffectiveLevel()
        process = context.Process(
            target=_work,
            args=(mailing.settings, mailing.clock, share, theirs, level),
            name=f"sender-{number}",
        )
        process.start()
        theirs.close()
        self._said[ours] = DeliverReport()
        self._open[ours] = process

    def listen(self, *, seconds: float) -> None:
        """Hear what they have to say, and wait so long for it at most."""
        for pipe in wait(list(self._open), timeout=seconds):
            assert isinstance(pipe, Connection)
            self._hear(pipe)

    def tell(self, word: str) -> None:
        """Tell them `stop` or `enough`, once: to finish what is on its way."""
        if word not in self._told:
            self._told.add(word)
            for pipe in self._open:
                with suppress(OSError):
                    pipe.send(word)

    def telling(self, word: str, asked: Callable[[], bool]) -> Callable[[], bool]:
        """Return the same question, which tells them when the answer is yes."""

        def ask() -> bool:
            if not asked():
                return False
            self.tell(word)
            return True

        return ask

    def _hear(self, pipe: Connection) -> None:
        try:
            said = pipe.recv()
        except (EOFError, OSError):
            said = None
        match said:
            case logging.LogRecord():
                logging.getLogger(said.name).handle(said)
            case DeliverReport():
                self._said[pipe] = said
            case _End():
                self._said[pipe] = said.report
                self.error = self.error or said.error
            case _:
                self._ended(self._open.pop(pipe))

    def _ended(self, process: BaseProcess) -> None:
        process.join()
        if process.exitcode:
            log.error(
                "%s died (exit code %d): what it was sending is in doubt, and what it sent last is "
                "missing from the figures of this run (`digest edition show` has all)",
                process.name,
                process.exitcode,
            )


@contextmanager
def _crew(mailing: Mailing, others: Sequence[Share], report: DeliverReport) -> Iterator[_Crew]:
    """Start a process for each share; whatever happens, none outlives the block.

    What they did is then added to the report.
    """
    crew = _Crew()
    try:
        for number, share in enumerate(others, start=2):
            crew.start(number, mailing, share)
        yield crew
    finally:
        crew.tell("stop")
        while crew.is_at_work:
            crew.listen(seconds=_OFTEN.total_seconds())
        for one in crew.reports:
            report.add(one)


# --- there ------------------------------------------------------------------------------------


def _work(settings: Settings, clock: Clock, share: Share, pipe: Connection, level: int) -> None:
    """Be one of the processes; whoever started it hears reports and log records."""
    told: list[str] = []  # appending to a list is safe in a signal handler
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: told.append("stop"))

    def listen() -> None:
        with suppress(EOFError, OSError):
            while True:
                told.append(pipe.recv())
        told.append("stop")  # whoever started us is gone

    lock = Lock()

    def say(what: Any) -> None:
        with lock, suppress(OSError):
            pipe.send(what)

    Thread(target=listen, name="listen", daemon=True).start()
    logging.getLogger().setLevel(level)
    logging.getLogger().addHandler(_Telling(say))
    report = DeliverReport()
    due = clock.now()

    def progress(_report: DeliverReport, _total: int) -> None:
        nonlocal due
        if clock.now() >= due:
            due = clock.now() + _OFTEN
            say(report)

    error: DigestError | None = None
    try:
        mailing = Mailing.build(settings, clock=clock)
        _send(
            mailing,
            share,
            stopping=lambda: "stop" in told,
            enough=lambda: "enough" in told,
            progress=progress,
            report=report,
        )
        mailing.store.close()
    except DigestError as raised:
        error = raised
    say(_End(report, error))


class _Telling(QueueHandler):
    """Hands log records to whoever started this process."""

    def __init__(self, say: Callable[[logging.LogRecord], None]) -> None:
        # There is no queue: `enqueue`, the only one that would use it, hands records on itself.
        super().__init__(None)  # type: ignore[arg-type]
        self._say = say

    def enqueue(self, record: logging.LogRecord) -> None:
        """Hand over one record."""
        self._say(record)
