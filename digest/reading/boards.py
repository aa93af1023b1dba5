"""Boards: the papers of a stretch of time in each order, kept while nothing has come in."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from threading import Lock

from digest.model import Candidate, Sort, Window
from digest.rank.attention import attended
from digest.ranking import figures
from digest.store import Transaction

# The attention that papers get after their period has ended, but because of it. Later figures do
# not change what was hot then.
GRACE = timedelta(days=2)

KEEP = timedelta(minutes=5)
MOST_BOARDS = 64

# Stars come by the hundred, and to code rather than to the paper.
_WORTH = {"stars": 0.25}


@dataclass(frozen=True, slots=True)
class Board:
    """The rows of the papers that have signals, in the order of each sort; `heat` by row.

    Papers without signals stand behind them, those that were listed last first.
    """

    orders: Mapping[Sort, Sequence[int]]
    heat: Mapping[int, float]
    papers: int
    categories: Mapping[str, int]

    def rows(self, sort: Sort, *, after: int | None, among: set[int] | None) -> list[int]:
        """Return the rows that follow `after` in an order: none where it has no signals."""
        order = self.orders[sort]
        if after is not None:
            order = order[order.index(after) + 1 :] if after in self.heat else ()
        return [row for row in order if among is None or row in among]


class Boards:
    """The boards of a site; thread-safe."""

    def __init__(self) -> None:
        self._boards: OrderedDict[tuple[datetime, datetime], _Kept] = OrderedDict()
        self._lock = Lock()

    def of(self, tx: Transaction, since: datetime, until: datetime, now: datetime) -> Board:
        """Return the board of a stretch of time.

        It is at most five minutes old, and has all that has come in.
        """
        stamp = tx.listings.stamp()
        with self._lock:
            kept = self._boards.get((since, until))
        if kept is not None and kept.stamp == stamp and now - kept.made_at < KEEP:
            return kept.board
        board = _made(tx, since, until, now)
        with self._lock:
            self._boards[since, until] = _Kept(board, stamp, now)
            self._boards.move_to_end((since, until))
            if len(self._boards) > MOST_BOARDS:
                self._boards.popitem(last=False)
        return board


@dataclass(frozen=True, slots=True)
class _Kept:
    board: Board
    stamp: tuple[int, int]
    made_at: datetime


def _made(tx: Transaction, since: datetime, until: datetime, now: datetime) -> Board:
    seen = tx.listings.talked_about(since, until)
    heat = _heat(tx, seen, min(now, until + GRACE))
    total = {row: _total(one) for row, one in seen.items()}

    def ordered(*by: Mapping[int, float]) -> list[int]:
        return sorted(seen, key=lambda row: (*(-one[row] for one in by), -row))

    return Board(
        orders={Sort.HOT: ordered(heat, total), Sort.TOP: ordered(total)},
        heat=heat,
        papers=tx.listings.count(since, until),
        categories=tx.listings.categories(since, until),
    )


def _heat(tx: Transaction, seen: Mapping[int, Candidate], at: datetime) -> dict[int, float]:
    """Return how much each paper is talked about at a time, in 0..1: what sorts by hot."""
    found = attended(tx, list(seen.values()), at, Window.DAY)
    return {
        row: one.trend.score if one.trend else 0.0 for row, one in zip(seen, found, strict=True)
    }


def _total(candidate: Candidate) -> float:
    """Return the sum of a paper's latest figures."""
    return sum(_WORTH.get(name, 1.0) * count for name, count in figures(candidate).items())
