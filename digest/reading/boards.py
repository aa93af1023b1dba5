"""Boards: the papers of a stretch of time in each order, kept while nothing has come in."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from threading import Lock
from typing import Generic, TypeVar

from digest.model import Sort, Stretch, Trend, Window
from digest.rank.attention import Trending, ordered, totals, trending
from digest.reading import settled
from digest.store import Transaction

KEEP = timedelta(minutes=5)
MOST_BOARDS = 256  # those that were asked for last; a thousand papers with figures take 300 KB

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Board:
    """The rows of the papers that have signals, in the order of each sort; their trends by row.

    Papers without signals stand behind them, those that were listed last first. `at` is the
    moment as of which they are measured.
    """

    at: datetime
    orders: Mapping[Sort, Sequence[int]]
    trends: Mapping[int, Trend]
    papers: int
    categories: Mapping[str, int]

    def rows(self, sort: Sort, *, after: int | None, among: set[int] | None) -> list[int]:
        """Return the rows that follow `after` in an order: none where it has no signals."""
        order = self.orders[sort]
        if after is not None:
            order = order[order.index(after) + 1 :] if after in self.trends else ()
        return [row for row in order if among is None or row in among]


class Boards:
    """The boards of a site; thread-safe.

    What it returns has all that has come in. What changes with time alone is at most five minutes
    old.
    """

    def __init__(self) -> None:
        self._boards: _Kept[Board] = _Kept()
        self._trending: _Kept[Trending] = _Kept()

    def of(self, tx: Transaction, stretch: Stretch, now: datetime) -> Board:
        """Return the board of a stretch of time."""
        return self._boards.of(
            tx,
            stretch,
            now,
            lambda: _board(tx, stretch, now),
            lasts=lambda made_at: settled.is_over(stretch, made_at),
        )

    def trending(self, tx: Transaction, window: Window, now: datetime) -> Trending:
        """Return what is trending in a window that ends now."""

        def made() -> Trending:
            found = trending(tx, now, window)
            return replace(found, trends=_brief(found.trends))

        return self._trending.of(tx, window, now, made)


@dataclass(frozen=True, slots=True)
class _Made(Generic[T]):
    """Something, made when the database had that many changes."""

    value: T
    changes: int
    at: datetime


class _Kept(Generic[T]):
    """What was made of late; of many who ask for the same at once, one makes it."""

    def __init__(self) -> None:
        self._made: OrderedDict[Hashable, _Made[T]] = OrderedDict()
        self._making: dict[Hashable, Lock] = {}
        self._lock = Lock()

    def of(
        self,
        tx: Transaction,
        key: Hashable,
        now: datetime,
        make: Callable[[], T],
        *,
        lasts: Callable[[datetime], bool] = lambda _: False,
    ) -> T:
        """Return what is kept under a key if it is fresh, else make it.

        `lasts` says of what was made at a moment whether time alone changes nothing of it.
        """
        changes = tx.changes.total()

        def known() -> _Made[T] | None:
            kept = self._made.get(key)
            if kept is None or kept.changes != changes:
                return None
            return kept if now - kept.at < KEEP or lasts(kept.at) else None

        with self._lock:
            if (kept := known()) is not None:
                self._made.move_to_end(key)
                return kept.value
            making = self._making.setdefault((key, changes), Lock())
        with making:
            with self._lock:
                if (kept := known()) is not None:
                    return kept.value
            try:
                made = _Made(make(), changes, now)
                with self._lock:
                    # Whoever began before something came in is done after those who know of it.
                    if key not in self._made or self._made[key].changes <= changes:
                        self._made[key] = made
                    self._made.move_to_end(key)
                    if len(self._made) > MOST_BOARDS:
                        self._made.popitem(last=False)
            finally:
                with self._lock:
                    self._making.pop((key, changes), None)
        return made.value


def _board(tx: Transaction, stretch: Stretch, now: datetime) -> Board:
    since, until = stretch.since, stretch.until
    scores = settled.kept(tx, stretch, now)
    if scores is None:
        scores = settled.measured(tx, stretch, tx.listings.seen(since, until), now)
    counted = totals(tx.listings.figures(since, until))
    shown = {row: scores.get(row, 0.0) for row in counted}
    return Board(
        at=settled.measured_at(stretch, now),
        orders={
            Sort.HOT: ordered(shown, counted),
            Sort.TOP: sorted(counted, key=lambda row: (-counted[row], -row)),
        },
        # A list needs the scores alone.
        trends={row: Trend(score=score, window=stretch.window) for row, score in shown.items()},
        papers=tx.listings.count(since, until),
        categories=tx.listings.categories(since, until),
    )


def _brief(trends: Mapping[int, Trend]) -> dict[int, Trend]:
    """Leave out each single gain: a list needs the sums alone, and boards stay in memory."""
    return {
        row: replace(trend, strengths=tuple(replace(one, gains=()) for one in trend.strengths))
        for row, trend in trends.items()
    }
