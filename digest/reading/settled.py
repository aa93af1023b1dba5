"""Scores of stretches of time that are over: measured once, and kept while those do not change."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import UTC, date, datetime, time, timedelta
from itertools import accumulate

from digest.config import Schedule
from digest.due import local_date
from digest.model import Cadence, Candidate, Edition, Stretch, Trend, Window
from digest.ports import Clock
from digest.rank.attention import LENGTHS, MEMORY, attended
from digest.reading import periods
from digest.store import Store, Transaction

# The attention that papers get after their period has ended, but because of it. Later figures do
# not change what was hot then.
GRACE = timedelta(days=2)

_DAY = timedelta(days=1)


def is_over(stretch: Stretch, now: datetime) -> bool:
    """Say whether it changes no more; changes are counted by the day, so that must be over too."""
    return stretch.until + GRACE + _DAY <= now


def measured_at(stretch: Stretch, now: datetime) -> datetime:
    """Return the moment as of which papers of a stretch are measured."""
    return min(now, stretch.until + GRACE)


def kept(tx: Transaction, stretch: Stretch, now: datetime) -> dict[int, float] | None:
    """Return by row how much the papers of a stretch that is over were talked about.

    Those without figures of then may be missing. Return `None` where that was not measured, or
    something has come in of what it was measured by.
    """
    if not is_over(stretch, now):
        return None
    return tx.boards.get(stretch, changes=tx.changes.between(*_memory(stretch)))


def measured(
    tx: Transaction, stretch: Stretch, seen: Mapping[int, Candidate], now: datetime
) -> dict[int, float]:
    """Return by row how much the papers of a stretch, `seen`, are or were talked about."""
    at = measured_at(stretch, now)
    trends = (one.trend or Trend() for one in attended(tx, list(seen.values()), at, stretch.window))
    return {row: trend.score for row, trend in zip(seen, trends, strict=True)}


def update(
    store: Store,
    clock: Clock,
    schedule: Schedule,
    *,
    stopping: Callable[[], bool] = lambda: False,
) -> int:
    """Measure what is over and was not measured since it changed, the newest first.

    That are the days, weeks and months of the calendar, and what the editions were made of.
    Return how many there were. Each is committed by itself: killed, it goes on there.
    """
    now = clock.now()
    with store.read() as tx:
        changes = tx.changes.by_day()
        known = tx.boards.known()
        editions = list(_of_editions(tx, len(changes) * len(Cadence)))
    days, counted = list(changes), list(accumulate(changes.values(), initial=0))
    made = 0
    for stretch in dict.fromkeys([*_of_calendar(days, schedule), *editions]):
        if stopping():
            break
        since, until = (moment.astimezone(UTC).date() for moment in _memory(stretch))
        number = counted[bisect_right(days, until)] - counted[bisect_left(days, since)]
        if not is_over(stretch, now) or known.get(stretch) == number:
            continue
        with store.read() as tx:
            # Asked first: what comes in meanwhile makes it old.
            number = tx.changes.between(*_memory(stretch))
            seen = tx.listings.seen(stretch.since, stretch.until)
            found = measured(tx, stretch, seen, now)
        with store.write() as tx:
            tx.boards.put(stretch, found, changes=number)
        made += 1
    return made


def of_edition(edition: Edition, before: Edition | None) -> Stretch:
    """Return what an edition was made of: all since the one before, until its last digest was.

    It reaches back a week at most, and a weekly one two: so does the first one of all.
    """
    window = Window.WEEK if edition.cadence is Cadence.WEEKLY else Window.DAY
    since = edition.created_at - LENGTHS[Window.WEEK] * (2 if window is Window.WEEK else 1)
    if before is not None:
        since = max(since, before.created_at)
    until = edition.closes_at + timedelta(microseconds=1)  # which is among it
    return Stretch(since, until, window)


def _of_calendar(days: Iterable[date], schedule: Schedule) -> Iterator[Stretch]:
    """Yield the periods that have one of these days of UTC, the newest first."""
    midnights = [datetime.combine(day, time(), UTC) for day in days]
    moments = [*midnights, *(midnight + _DAY for midnight in midnights)]
    for day in sorted({local_date(one, schedule.timezone) for one in moments}, reverse=True):
        for kind in Window:
            yield periods.stretch(periods.around(kind, day), schedule.timezone)


def _of_editions(tx: Transaction, number: int) -> Iterator[Stretch]:
    """Yield what so many editions were made of, the newest first."""
    editions = tx.editions.list(limit=number)
    for cadence in Cadence:
        mine = [one for one in editions if one.cadence is cadence]
        yield from map(of_edition, mine, [*mine[1:], *map(tx.editions.before, mine[-1:])])


def _memory(stretch: Stretch) -> tuple[datetime, datetime]:
    """Return the first and the last moment of what a stretch that is over is measured by."""
    until = stretch.until + GRACE
    return until - MEMORY, until
