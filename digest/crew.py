"""The deliver stage in several processes, each with a share of the connections and of the rate.

They are strangers who meet in the database, as services on several machines would: each reserves
shards of its own. What one leaves behind when it dies is found by its name, like that of any
sender that died. Each builds its parts from the settings, as a process of its own does.
"""

from __future__ import annotations

import logging
import multiprocessing
import signal
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
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


def run(mailing: Mailing, *, stopping: Callable[[], bool], progress: OnProgress) -> DeliverReport:
    """Send everything that is due, in this process or in several (see `deliver.run`)."""
    with mailing.store.read() as tx:
        due = tx.outbox.due(now=mailing.clock.now())
    parts = shares(mailing.settings.smtp, due)
    if len(parts) == 1:
        return _send(mailing, parts[0], stopping=stopping, progress=progress)
    report = _Crew(mailing, parts, due).run(stopping=stopping, progress=progress)
    if not (report.errors or stopping()):
        # What a process left behind that died, and what has become due meanwhile.
        alone = shares(mailing.settings.smtp, 0)[0]
        report.add(_send(mailing, alone, stopping=stopping, progress=lambda _report, _total: None))
    return report


def _send(
    mailing: Mailing, share: Share, *, stopping: Callable[[], bool], progress: OnProgress
) -> DeliverReport:
    return deliver.run(
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
        progress=progress,
    )


# --- here -------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _End:
    """The last word of a process."""

    report: DeliverReport
    error: DigestError | None = None


class _Crew:
    """The processes of one run, and what they have said."""

    def __init__(self, mailing: Mailing, parts: Sequence[Share], due: int) -> None:
        self._due = due
        self._said: dict[Connection, DeliverReport] = {}
        self._open: dict[Connection, BaseProcess] = {}
        self._error: DigestError | None = None
        # A fork would copy the threads' locks of whoever serves pages beside us.
        context = multiprocessing.get_context("spawn")
        for number, share in enumerate(parts, start=1):
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

    def run(self, *, stopping: Callable[[], bool], progress: OnProgress) -> DeliverReport:
        """Listen until all have ended; raise the first error that one of them ended in."""
        told = False
        try:
            while self._open:
                for pipe in wait(list(self._open), timeout=_OFTEN.total_seconds()):
                    assert isinstance(pipe, Connection)
                    self._hear(pipe)
                if stopping() and not told:
                    told = True
                    self._stop()
                progress(self._report, self._due)
        finally:
            processes = list(self._open.values())
            self._stop()
            for process in processes:
                process.join()
        if self._error is not None:
            raise self._error
        return self._report

    @property
    def _report(self) -> DeliverReport:
        report = DeliverReport()
        for said in self._said.values():
            report.add(said)
        return report

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
                self._error = self._error or said.error
            case _:
                self._ended(self._open.pop(pipe))

    def _ended(self, process: BaseProcess) -> None:
        process.join()
        if process.exitcode:
            log.error(
                "%s died (exit code %d): what it was sending is in doubt",
                process.name,
                process.exitcode,
            )

    def _stop(self) -> None:
        for pipe in self._open:
            with suppress(OSError):
                pipe.send("stop")


# --- there ------------------------------------------------------------------------------------


def _work(settings: Settings, clock: Clock, share: Share, pipe: Connection, level: int) -> None:
    """Be one of the processes; whoever started it hears reports and log records."""
    told: list[object] = []  # appending to a list is safe in a signal handler
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: told.append("signal"))

    def listen() -> None:
        # Whoever started us says "stop", or is gone.
        with suppress(EOFError, OSError):
            pipe.recv()
        told.append("stop")

    lock = Lock()

    def say(what: Any) -> None:
        with lock, suppress(OSError):
            pipe.send(what)

    Thread(target=listen, name="listen", daemon=True).start()
    logging.getLogger().setLevel(level)
    logging.getLogger().addHandler(_Telling(say))
    report = DeliverReport()
    due = clock.now()

    def progress(done: DeliverReport, _total: int) -> None:
        nonlocal due, report
        report = done
        if clock.now() >= due:
            due = clock.now() + _OFTEN
            say(done)

    error: DigestError | None = None
    try:
        mailing = Mailing.build(settings, clock=clock)
        report = _send(mailing, share, stopping=lambda: bool(told), progress=progress)
        mailing.store.close()
    except DigestError as raised:
        error = raised
    say(_End(report, error))


class _Telling(QueueHandler):
    """Hands log records to whoever started this process."""

    def __init__(self, say: Callable[[logging.LogRecord], None]) -> None:
        super().__init__(None)  # type: ignore[arg-type]
        self._say = say

    def enqueue(self, record: logging.LogRecord) -> None:
        """Hand over one record."""
        self._say(record)
