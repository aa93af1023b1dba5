"""Past days of a source -> papers in the store, each listed on its own day.

A site that begins has no past to learn from. Days are asked one by one, the newest first, and each
is written in one transaction: a run that is killed goes on with the days that the store has not.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time, timedelta
from functools import partial

from digest.errors import DigestError
from digest.ingest import NamedSource, answer, outcome, write
from digest.model import Fetched, Paper, SourceOutcome
from digest.ports import Clock, DatedSource
from digest.store import Store

log = logging.getLogger(__name__)

# After so many failures in a row the upstream is down, or wants to be left alone.
PATIENCE = 3


@dataclass(frozen=True, slots=True)
class DayReport:
    """What the list of one day brought; `exit_code` is that of the error, where there was one."""

    day: date
    outcome: SourceOutcome
    received: int = 0
    new: int = 0
    signals: int = 0
    error: str = ""
    exit_code: int = 0


@dataclass
class BackfillReport:
    """What came of it; `left` is how many days were not asked, for the upstream was down."""

    source: str
    days: int
    known: int = 0
    asked: list[DayReport] = field(default_factory=list)
    left: int = 0

    @property
    def new(self) -> int:
        """Return how many papers were new."""
        return sum(one.new for one in self.asked)

    @property
    def failed(self) -> list[DayReport]:
        """Return the days that could not be read."""
        return [one for one in self.asked if one.outcome is SourceOutcome.FAILED]

    @property
    def exit_code(self) -> int:
        """Return 0, or the code of the last failure."""
        return self.failed[-1].exit_code if self.failed else 0


def run(
    store: Store,
    named: NamedSource,
    *,
    days: int,
    clock: Clock,
    step: Callable[[int], None] = lambda number: None,
) -> BackfillReport:
    """Ask a source for its last days before today that the store does not have yet.

    A day that fails does not stop the others, three in a row do. A source that has no lists of
    past days is asked once for everything since, and its papers are listed when they were
    published. `step` is called with the number of days that are done.
    """
    now = clock.now().astimezone(UTC)
    midnight = datetime.combine(now.date(), time(), UTC)
    since = midnight - timedelta(days=days)
    report = BackfillReport(named.name, days)
    if not isinstance(named.source, DatedSource):
        report.asked.append(_at_once(store, named, since, now))
        step(days)
        return report
    with store.read() as tx:
        known = tx.papers.days_of(named.name, since, midnight)
    report.known = len(known)
    step(report.known)
    wanted = [midnight - timedelta(days=back) for back in range(1, days + 1)]
    missing = [at for at in wanted if at.date() not in known]
    in_a_row = 0
    for number, at in enumerate(missing):
        if in_a_row == PATIENCE:
            report.left = len(missing) - number
            break
        one = _day(store, named.name, named.source, at, clock)
        report.asked.append(one)
        in_a_row = in_a_row + 1 if one.outcome is SourceOutcome.FAILED else 0
        step(1)
    return report


def _day(store: Store, name: str, source: DatedSource, at: datetime, clock: Clock) -> DayReport:
    fetched = answer(name, partial(source.on, at.date()))
    if isinstance(fetched, DigestError):
        return _failure(name, at.date(), fetched)
    with store.write() as tx:
        merged, moved = write(tx, name, fetched, listed_at=at, now=clock.now())
    found = outcome(fetched, merged)
    return DayReport(at.date(), found, len(fetched.papers), len(merged.new), moved)


def _failure(name: str, day: date, error: DigestError) -> DayReport:
    log.warning("source %s, %s: %s", name, day, error)
    return DayReport(day, SourceOutcome.FAILED, error=str(error), exit_code=error.exit_code)


def _at_once(store: Store, named: NamedSource, since: datetime, now: datetime) -> DayReport:
    fetched = answer(named.name, partial(named.source.fetch, since, None))
    if isinstance(fetched, DigestError):
        return _failure(named.name, since.date(), fetched)
    new = moved = 0
    outcomes = []
    with store.write() as tx:
        for at, some in _by_day(fetched, since, now):
            merged, signals = write(tx, named.name, some, listed_at=at, now=now)
            outcomes.append(outcome(some, merged))
            new, moved = new + len(merged.new), moved + signals
    found = next((one for one in SourceOutcome if one in outcomes), SourceOutcome.EMPTY)
    return DayReport(since.date(), found, len(fetched.papers), new, moved)


def _by_day(fetched: Fetched, since: datetime, now: datetime) -> Iterator[tuple[datetime, Fetched]]:
    """Part what came by the days on which papers were published, as far back as was asked for."""
    papers: dict[datetime, list[Paper]] = {}
    for paper in fetched.papers:
        at = min(now, max(since, paper.published_at or now))
        papers.setdefault(datetime.combine(at.astimezone(UTC).date(), time(), UTC), []).append(
            paper
        )
    for at, some in papers.items():
        keys = {paper.key for paper in some}
        signals = tuple(one for one in fetched.signals if one.paper_key in keys)
        yield at, replace(fetched, papers=tuple(some), revisions=(), signals=signals)
