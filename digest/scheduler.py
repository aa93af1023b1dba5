"""The only place of APScheduler: it ticks, and rows decide what is due.

Jobs live in memory and hold no state, so a missed tick or a restart heals itself: the next tick
finds the same rows.
"""

from __future__ import annotations

import logging
import os
import signal
import socket
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from threading import Event, Thread

from apscheduler.schedulers.background import BackgroundScheduler

from digest import pipeline, retention
from digest.app import App
from digest.clock import ShiftedClock, SystemClock
from digest.deliver import Patience, ProgressLog
from digest.errors import DigestError
from digest.notify import Notifier
from digest.ports import Clock
from digest.rank import expecting

log = logging.getLogger(__name__)

# Confirmations are waited for by somebody, so a tick comes more often than a digest needs it.
TICK_SECONDS = 15
COLLECT_SECONDS = 60
LEARN_SECONDS = 3600
PRUNE_SECONDS = 24 * 3600

# A clock that is only put right a little is no trouble.
SLACK = timedelta(seconds=1)


@dataclass(frozen=True, slots=True)
class _Job:
    """What is done every so many seconds."""

    name: str
    seconds: float
    work: Callable[[], object]


class StepBack:
    """Notices that a clock was set back, by one that nobody sets."""

    def __init__(
        self, clock: Clock | None = None, *, steady: Callable[[datetime], Clock] = ShiftedClock
    ) -> None:
        self._clock = clock or SystemClock()
        self._steady = steady
        self._expected = steady(self._clock.now())

    def has_happened(self) -> bool:
        """Say whether it was set back since this was asked before."""
        now = self._clock.now()
        is_back = now < self._expected.now() - SLACK
        self._expected = self._steady(now)
        return is_back


def serve(
    app: App,
    *,
    notifier: Notifier | None = None,
    until: Callable[[], object] | None = None,
    pages: Callable[[], bool] = lambda: True,
    stepped_back: Callable[[], bool] | None = None,
) -> None:
    """Tick until `until` returns, by default when a signal asks to end.

    What is being sent then is finished; what waits goes on waiting in its row. `pages` says
    whether those that are served beside it still are, `stepped_back` whether the machine's clock
    was set back. Raise `SchemaMismatch` before anything is done.
    """
    stop = Event()
    until = until or on_signals()
    with _service(
        app, _ticks(app, stop), stop, notifier=notifier, pages=pages, stepped_back=stepped_back
    ) as notify:
        notify.status("waiting for what is due")
        log.info("serving: %d sources", len(app.sources))
        until()
        notify.stopping()
        log.info("stopping: finishing what is being sent")


def stand_by(
    app: App,
    *,
    notifier: Notifier | None = None,
    until: Callable[[], object] | None = None,
    pages: Callable[[], bool] = lambda: True,
    stepped_back: Callable[[], bool] | None = None,
) -> None:
    """Leave all work to others until `until` returns, while pages are served beside it.

    Raise `SchemaMismatch` before anything is done.
    """
    until = until or on_signals()
    with _service(
        app, (), Event(), notifier=notifier, pages=pages, stepped_back=stepped_back
    ) as notify:
        notify.status("serving pages")
        until()
        notify.stopping()


def on_signals() -> Callable[[], object]:
    """Listen for SIGTERM and SIGINT from now on; return a function that waits for one."""
    # Python runs a handler only when the main thread comes back to it. One that is about to wait
    # for a lock does not come back, so a signal in that moment would be lost. A byte is not.
    told, teller = socket.socketpair()
    teller.settimeout(0)  # a full pipe must hold nobody up
    signal.set_wakeup_fd(teller.fileno())
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: None)

    def wait() -> None:
        told.recv(1)
        signal.set_wakeup_fd(-1)
        told.close()
        teller.close()

    return wait


@contextmanager
def _service(
    app: App,
    jobs: Iterable[_Job],
    stop: Event,
    *,
    notifier: Notifier | None,
    pages: Callable[[], bool],
    stepped_back: Callable[[], bool] | None,
) -> Iterator[Notifier]:
    """Do the jobs while the block lasts, and be ready and alive to the service manager."""
    app.store.check_schema()
    # Before the first time is given: none may be set by a clock that is set back unseen.
    stepped_back = stepped_back or StepBack().has_happened
    notifier = notifier or Notifier(os.environ)
    alive = partial(_feed, app, notifier, pages)
    if notifier.watchdog_seconds is not None:
        # Twice in the watchdog's time, as sd_watchdog_enabled(3) advises.
        jobs = [*jobs, _Job("watchdog", notifier.watchdog_seconds / 2, alive)]
    scheduler = BackgroundScheduler(
        timezone=UTC,
        job_defaults={"coalesce": True, "max_instances": 1, "misfire_grace_time": None},
    )
    for job in jobs:
        scheduler.add_job(
            guarded(job.name, job.work, stop),
            "interval",
            seconds=job.seconds,
            id=job.name,
            next_run_time=SystemClock().now(),
        )
    scheduler.start()
    watch = Thread(target=_watch_the_clock, args=(scheduler, stop, stepped_back), name="clock")
    watch.start()
    notifier.ready()
    try:
        yield notifier
    finally:
        stop.set()
        watch.join()
        scheduler.shutdown(wait=True)


def _watch_the_clock(
    scheduler: BackgroundScheduler, stop: Event, stepped_back: Callable[[], bool]
) -> None:
    """Have all jobs done now when the clock was set back: their next time is far away then."""
    while not stop.wait(SLACK.total_seconds()):
        if stepped_back():
            log.warning("the clock was set back: looking for what is due")
            for job in scheduler.get_jobs():
                job.modify(next_run_time=SystemClock().now())


def _ticks(app: App, stop: Event) -> list[_Job]:
    patience = Patience()

    def tick() -> None:
        progress = ProgressLog(app.clock)
        pipeline.tick(app, patience=patience, stopping=stop.is_set, progress=progress)

    def prune() -> None:
        retention.prune(app.store, app.settings.retention, now=app.clock.now())

    return [
        _Job("ingest", COLLECT_SECONDS, lambda: pipeline.collect_due(app, stopping=stop.is_set)),
        _Job("tick", TICK_SECONDS, tick),
        _Job("learn", LEARN_SECONDS, lambda: expecting.update(app.store, app.clock.now())),
        _Job("retention", PRUNE_SECONDS, prune),
    ]


def guarded(name: str, work: Callable[[], object], stop: Event) -> Callable[[], None]:
    """Return a job that never raises: what goes wrong now is tried again at the next tick."""

    def job() -> None:
        if stop.is_set():
            return
        try:
            work()
        except DigestError as error:
            log.error("%s: %s", name, error)  # noqa: TRY400 - the sentence says it all
        except Exception:
            # A bug of ours: the other jobs go on, and the log has the traceback.
            log.exception("%s: a bug", name)

    return job


def _feed(app: App, notifier: Notifier, pages: Callable[[], bool]) -> None:
    """Feed the watchdog, unless the database does not answer or the pages are not served."""
    app.store.check_schema()
    if pages():
        notifier.alive()
