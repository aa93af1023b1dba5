"""The only place of APScheduler: it ticks, and rows decide what is due.

Jobs live in memory and hold no state, so a missed tick or a restart heals itself: the next tick
finds the same rows.
"""

from __future__ import annotations

import logging
import os
import signal
import socket
from collections.abc import Callable
from datetime import UTC
from threading import Event

from apscheduler.schedulers.background import BackgroundScheduler

from digest import pipeline, retention
from digest.app import App
from digest.clock import SystemClock
from digest.deliver import Patience, ProgressLog
from digest.errors import DigestError
from digest.notify import Notifier
from digest.rank import expecting

log = logging.getLogger(__name__)

# Confirmations are waited for by somebody, so a tick comes more often than a digest needs it.
TICK_SECONDS = 15
COLLECT_SECONDS = 60
LEARN_SECONDS = 3600
PRUNE_SECONDS = 24 * 3600


def serve(
    app: App, *, notifier: Notifier | None = None, until: Callable[[], object] | None = None
) -> None:
    """Tick until `until` returns, by default when a signal asks to end.

    What is being sent then is finished; what waits goes on waiting in its row. Raise
    `SchemaMismatch` before anything is done.
    """
    app.store.check_schema()
    notifier = notifier or Notifier(os.environ)
    until = until or on_signals()
    stop = Event()
    jobs = _jobs(app, notifier, stop)
    jobs.start()
    notifier.ready()
    notifier.status("waiting for what is due")
    log.info("serving: %d sources", len(app.sources))
    until()
    stop.set()
    notifier.stopping()
    log.info("stopping: finishing what is being sent")
    jobs.shutdown(wait=True)


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


def _jobs(app: App, notifier: Notifier, stop: Event) -> BackgroundScheduler:
    scheduler = BackgroundScheduler(
        timezone=UTC,
        job_defaults={"coalesce": True, "max_instances": 1, "misfire_grace_time": None},
    )

    def every(seconds: float, name: str, work: Callable[[], object]) -> None:
        scheduler.add_job(
            guarded(name, work, stop),
            "interval",
            seconds=seconds,
            id=name,
            next_run_time=SystemClock().now(),
        )

    patience = Patience()

    def tick() -> None:
        progress = ProgressLog(app.clock)
        pipeline.tick(app, patience=patience, stopping=stop.is_set, progress=progress)

    every(COLLECT_SECONDS, "ingest", lambda: pipeline.collect_due(app, stopping=stop.is_set))
    every(TICK_SECONDS, "tick", tick)
    every(LEARN_SECONDS, "learn", lambda: expecting.update(app.store, app.clock.now()))
    every(
        PRUNE_SECONDS,
        "retention",
        lambda: retention.prune(app.store, app.settings.retention, now=app.clock.now()),
    )
    if notifier.watchdog_seconds is not None:
        # Twice in the watchdog's time, as sd_watchdog_enabled(3) advises.
        every(notifier.watchdog_seconds / 2, "watchdog", lambda: _feed(app, notifier))
    return scheduler


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


def _feed(app: App, notifier: Notifier) -> None:
    """Feed the watchdog, unless the database does not answer."""
    app.store.check_schema()
    notifier.alive()
