"""Boards: the papers of a stretch of time in each order, kept while nothing has come in."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from threading import Lock
from typing import Generic, TypeVar

from digest.model import Sort, Trend, Window
from digest.rank.attention import Trending, hottest, total, trending
from digest.store import Transaction

# The attention that papers get after their period has ended, but because of it. Later figures do
# not change what was hot then.
GRACE = timedelta(days=2)

KEEP = timedelta(minutes=5)
MOST_BOARDS = 64

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

    What it returns is at most five minutes old, and has all that has come in.
    """

    def __init__(self) -> None:
        self._boards: _Kept[Board] = _Kept()
        self._trending: _Kept[Trending] = _Kept()

    def of(
        self, tx: Transaction, since: datetime, until: datetime, window: Window, now: datetime
    ) -> Board:
        """Return the board of the papers that were listed in a stretch of time."""

        def made() -> Board:
            return _board(tx, since, until, window, min(now, until + GRACE))

        return self._boards.of(tx, (since, until, window), now, made)

    def trending(self, tx: Transaction, window: Window, now: datetime) -> Trending:
        """Return what is trending in a window that ends now."""

        def made() -> Trending:
            found = trending(tx, now, window)
            return replace(found, trends=_brief(found.trends))

        return self._trending.of(tx, window, now, made)


class _Kept(Generic[T]):
    def __init__(self) -> None:
        self._made: OrderedDict[Hashable, tuple[T, tuple[int, int], datetime]] = OrderedDict()
        self._lock = Lock()

    def of(self, tx: Transaction, key: Hashable, now: datetime, make: Callable[[], T]) -> T:
        """Return what is kept under a key if it is fresh, else make it."""
        stamp = tx.listings.stamp()
        with self._lock:
            kept = self._made.get(key)
        if kept is not None and kept[1] == stamp and now - kept[2] < KEEP:
            return kept[0]
        made = make()
        with self._lock:
            self._made[key] = made, stamp, now
            self._made.move_to_end(key)
            if len(self._made) > MOST_BOARDS:
                self._made.popitem(last=False)
        return made


def _board(
    tx: Transaction, since: datetime, until: datetime, window: Window, at: datetime
) -> Board:
    seen = tx.listings.seen(since, until)
    trends = hottest(tx, seen, at, window)
    return Board(
        at=at,
        orders={
            Sort.HOT: list(trends),
            Sort.TOP: sorted(seen, key=lambda row: (-total(seen[row]), -row)),
        },
        trends=_brief(trends),
        papers=tx.listings.count(since, until),
        categories=tx.listings.categories(since, until),
    )


def _brief(trends: Mapping[int, Trend]) -> dict[int, Trend]:
    """Leave out each single gain: a list needs the sums alone, and boards stay in memory."""
    return {
        row: replace(trend, strengths=tuple(replace(one, gains=()) for one in trend.strengths))
        for row, trend in trends.items()
    }
