"""How far the sending is, how fast it goes and how long it will take; pure but for the log."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from digest.deliver.tally import DeliverReport
from digest.ports import Clock

log = logging.getLogger(__name__)

OnProgress = Callable[[DeliverReport, int], None]
"""Hears what was done so far, and how many there were to do at the start."""

# How often the log is told.
EVERY = timedelta(seconds=30)


@dataclass(frozen=True, slots=True)
class Progress:
    """So many of so many in so many seconds."""

    done: int
    total: int
    seconds: float

    @property
    def rate(self) -> float:
        """Return how many were done in a second; 0 where that is not known yet."""
        return self.done / self.seconds if self.seconds > 0 else 0.0

    @property
    def seconds_left(self) -> float | None:
        """Return how many seconds the others take at this rate, `None` where it is not known."""
        # More may have become due since the start.
        others = max(self.total - self.done, 0)
        if not others:
            return 0.0
        return others / self.rate if self.rate else None

    @property
    def pace(self) -> str:
        """Return rate and time that is left, in words: `312/s, 28 s left`."""
        words = [_rate(self.rate)] if self.rate else []
        if self.seconds_left:
            words.append(f"{_duration(self.seconds_left)} left")
        return ", ".join(words)

    def __str__(self) -> str:
        """Return all of it in words: `delivered 1,200 of 10,000, 312/s, 28 s left`."""
        words = [f"delivered {self.done:,} of {max(self.total, self.done):,}", self.pace]
        return ", ".join(filter(None, words))


class ProgressLog:
    """Tells the log how far one run is, every 30 seconds at most."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._began: datetime | None = None
        self._next = clock.now()

    def __call__(self, report: DeliverReport, total: int) -> None:
        """Hear how far it is; the clock runs from the first time on."""
        now = self._clock.now()
        if self._began is None:
            self._began, self._next = now, now + EVERY
        elif now >= self._next:
            self._next = now + EVERY
            log.info("%s", Progress(report.settled, total, (now - self._began).total_seconds()))


def spent(report: DeliverReport, seconds: float) -> str:
    """Return what was done, in which time and how fast: `10,000 sent in 32 s, 312/s`."""
    pace = Progress(report.done, report.done, seconds).pace
    return ", ".join(filter(None, [f"{report} in {_duration(seconds)}", pace]))


def _rate(rate: float) -> str:
    return f"{rate:,.0f}/s" if rate >= 10 else f"{rate:.1f}/s"


def _duration(seconds: float) -> str:
    minutes = round(seconds / 60)
    if seconds < 60:
        return f"{seconds:.0f} s" if seconds >= 10 else f"{seconds:.1f} s"
    return f"{minutes} min" if minutes < 60 else f"{minutes // 60} h {minutes % 60} min"
