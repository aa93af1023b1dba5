"""Papers of a time, by the page."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta

from digest.due import local_date
from digest.errors import NotHere, PageGone
from digest.model import Candidate, Paper, Period, Sort, Stretch, Window
from digest.ports import Clock
from digest.rank.attention import told
from digest.reading import periods
from digest.reading.boards import Board, Boards
from digest.reading.finding import Finder, named
from digest.store import Store, Transaction
from digest.subscriptions import parse_category
from digest.subscriptions.categories import code_of

PAGE = 25
MOST = 100  # papers of one page

# The latest day's papers are those that were listed within this time of the newest one.
DAY = timedelta(hours=24)


GONE = "This page of the list is gone: begin with the first one."


@dataclass(frozen=True, slots=True)
class Listing:
    """One page of a list.

    `total` counts the papers of the whole list, `categories` those of each category in the
    period; `category` is the one that was asked for, as papers have it. `after` is what asks for
    the next page, `None` on the last one. Where papers have trends `measured_at` is the moment
    as of which that is; `reasons` say by key what is talked about, if that is what the list is
    about.
    """

    candidates: tuple[Candidate, ...] = ()
    total: int = 0
    categories: Mapping[str, int] = field(default_factory=dict)
    category: str = ""
    after: int | None = None
    measured_at: datetime | None = None
    reasons: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Front:
    """What is trending now, and the newest papers of the latest day."""

    day: date | None
    trending: Listing = field(default_factory=Listing)
    fresh: tuple[Candidate, ...] = ()


@dataclass(frozen=True)
class Reader:
    """The lists of one site; thread-safe."""

    store: Store
    clock: Clock
    timezone: str
    boards: Boards = field(default_factory=Boards)
    finder: Finder = field(default_factory=Finder)

    @property
    def today(self) -> date:
        """Return the present day, by the calendar of the site."""
        return local_date(self.clock.now(), self.timezone)

    def period(
        self,
        period: Period,
        sort: Sort,
        *,
        category: str = "",
        after: int | None = None,
        limit: int = PAGE,
    ) -> Listing:
        """Return one page of the papers of a period; raise `PageGone` for a strange `after`."""
        stretch = periods.stretch(period, self.timezone)
        return self.stretch(stretch, sort, category=category, after=after, limit=limit)

    def stretch(
        self,
        stretch: Stretch,
        sort: Sort = Sort.HOT,
        *,
        category: str = "",
        after: int | None = None,
        limit: int = PAGE,
    ) -> Listing:
        """Return one page of the papers of a stretch of time, as hot as they were."""
        with self.store.read() as tx:
            category = _filed_as(tx, category)
            board = self.boards.of(tx, stretch, self.clock.now())
            rows = _page(tx, board, stretch, sort, category, after, limit + 1)
            if after is not None and not rows:
                _expect(tx, after, stretch.since, stretch.until)
            return Listing(
                candidates=tuple(told(tx, rows[:limit], board.trends)),
                total=board.categories.get(category, 0) if category else board.papers,
                categories=board.categories,
                category=category,
                after=rows[limit - 1] if len(rows) > limit else None,
                measured_at=board.at,
            )

    def trending(
        self, window: Window, *, category: str = "", after: int | None = None, limit: int = PAGE
    ) -> Listing:
        """Return one page of what is talked about in a window that ends now."""
        with self.store.read() as tx:
            return self._trending(tx, window, _filed_as(tx, category), after, limit)

    def front(self, trending: int, fresh: int) -> Front:
        """Return what is trending now, and as many papers as that of the latest day.

        Papers that are among the trending ones are not among the others.
        """
        now = self.clock.now()
        with self.store.read() as tx:
            newest = tx.papers.newest_listed_at(until=now)
            if newest is None:
                return Front(None)
            hot = self._trending(tx, Window.DAY, "", None, trending)
            shown = {one.paper.key for one in hot.candidates}
            opening = newest - DAY + timedelta(microseconds=1)
            end = newest + timedelta(microseconds=1)
            rows = tx.listings.newest(opening, end, limit=fresh + len(shown))
            others = [one for one in tx.listings.candidates(rows) if one.paper.key not in shown]
            return Front(
                day=local_date(newest, self.timezone),
                trending=hot,
                fresh=tuple(others[:fresh]),
            )

    def paper(self, key: str) -> Candidate:
        """Return one paper with its signals, by its key or any other name; raise `NotHere`."""
        with self.store.read() as tx:
            row = named(tx, key)
            if row is not None:
                (candidate,) = tx.listings.candidates([row])
                return candidate
        raise NotHere(f'There is no paper "{key[:100]}" here.')

    def search(
        self,
        asked: str,
        *,
        field: str = "",
        category: str = "",
        after: int | None = None,
        limit: int = PAGE,
    ) -> Listing:
        """Return one page of the papers that fit what somebody typed, the best first.

        Without words, those of the category, the newest first.
        """
        with self.store.read() as tx:
            category = _filed_as(tx, category)
            if category and not asked.strip():
                return self._filed(tx, category, after, limit)
            rows = self.finder.found(tx, asked, field=field, category=category)
            return replace(_found(tx, rows, after, limit), category=category)

    def similar(self, paper: Paper, *, after: int | None = None, limit: int = PAGE) -> Listing:
        """Return one page of the papers that are most like one, the closest first."""
        with self.store.read() as tx:
            return _found(tx, self.finder.like(tx, paper), after, limit)

    def days(self) -> dict[date, int]:
        """Return how many papers were listed on each day that has any."""
        found: dict[date, int] = {}
        with self.store.read() as tx:
            for moment, number in tx.listings.batches():
                day = local_date(moment, self.timezone)
                found[day] = found.get(day, 0) + number
        return found

    def neighbours(self, period: Period, category: str = "") -> tuple[Period | None, Period | None]:
        """Return the nearest periods before and after one that have papers, or of a category."""
        stretch = periods.stretch(period, self.timezone)
        now = self.clock.now()
        with self.store.read() as tx:
            earlier = tx.listings.last_before(stretch.since, category=category)
            later = tx.listings.first_from(stretch.until, category=category)
        if later is not None and later > now:
            later = None
        return self._around(period, earlier), self._around(period, later)

    def _around(self, period: Period, moment: datetime | None) -> Period | None:
        if moment is None:
            return None
        return periods.around(period.kind, local_date(moment, self.timezone))

    def _trending(
        self, tx: Transaction, window: Window, category: str, after: int | None, limit: int
    ) -> Listing:
        found = self.boards.trending(tx, window, self.clock.now())
        shown, total, following = _cut(found.rows(category), after, limit)
        candidates = tuple(told(tx, shown, found.trends, until=found.at))
        return Listing(
            candidates,
            total=total,
            categories=found.categories,
            category=category,
            after=following,
            measured_at=found.at,
            reasons={one.paper.key: found.why(one) for one in candidates},
        )

    def _filed(self, tx: Transaction, category: str, after: int | None, limit: int) -> Listing:
        """Return one page of all papers of a category."""
        time = (_BEGINNING, self.clock.now() + timedelta(microseconds=1))
        rows = tx.listings.newest(*time, category=category, after=after, limit=limit + 1)
        if after is not None and not rows:
            _expect(tx, after, *time)
        return Listing(
            tuple(tx.listings.candidates(rows[:limit])),
            total=tx.listings.count(*time, category=category),
            category=category,
            after=rows[limit - 1] if len(rows) > limit else None,
        )


_BEGINNING = datetime(1900, 1, 1, tzinfo=UTC)


def _filed_as(tx: Transaction, typed: str) -> str:
    """Return the category that somebody means, by its code or its name.

    What papers have by the letter is meant as it stands: sources have names of their own.
    """
    typed = typed.strip()
    return typed if not typed or tx.listings.has(typed) else parse_category(code_of(typed))


def _expect(tx: Transaction, row: int, since: datetime, until: datetime) -> None:
    """Raise `PageGone` unless that is a paper of a time: behind the last one a list ends."""
    known = tx.listings.candidates([row])
    if not known or not since <= known[0].listed_at < until:
        raise PageGone(GONE)


def _found(tx: Transaction, rows: list[int], after: int | None, limit: int) -> Listing:
    """Return one page of what was found."""
    shown, total, following = _cut(rows, after, limit)
    return Listing(tuple(tx.listings.candidates(shown)), total, after=following)


def _cut(rows: list[int], after: int | None, limit: int) -> tuple[list[int], int, int | None]:
    """Return one page of a list that is known, how long that is, and what asks for the next one."""
    first = 0 if after is None else _place(rows, after) + 1
    shown = rows[first : first + limit]
    return shown, len(rows), shown[-1] if len(rows) > first + limit else None


def _place(rows: list[int], row: int) -> int:
    """Return where a row stands in a list; raise `PageGone`."""
    try:
        return rows.index(row)
    except ValueError:
        raise PageGone(GONE) from None


def _page(
    tx: Transaction,
    board: Board,
    stretch: Stretch,
    sort: Sort,
    category: str,
    after: int | None,
    limit: int,
) -> list[int]:
    """Return so many rows of a list, from where the page before ended."""
    since, until = stretch.since, stretch.until
    if sort is Sort.NEW:
        return tx.listings.newest(since, until, category=category, after=after, limit=limit)
    among = tx.listings.within(since, until, category) if category else None
    rows = board.rows(sort, after=after, among=among)[:limit]
    if len(rows) < limit:
        # Behind those that somebody has counted: what nobody has counted yet.
        quiet = None if rows or after in board.trends else after
        rows += tx.listings.newest(
            since, until, category=category, after=quiet, limit=limit - len(rows), quiet=True
        )
    return rows
