"""Lists of papers by the page, on both databases."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from digest.errors import NotHere
from digest.model import Signal, SignalName, Sort, Window
from digest.reading import Reader, periods
from digest.store import Store
from digest.testing import FakeClock
from tests.support.samples import NOW, paper, papers

DAY = periods.read("2026-11-24")
EVER = (datetime(2000, 1, 1, tzinfo=UTC), datetime(2100, 1, 1, tzinfo=UTC))


def upvotes(number: int, value: int, at: datetime = NOW) -> Signal:
    return Signal(f"arxiv:2611.{number:05d}", "hf", SignalName.UPVOTES, value, observed_at=at)


def reader(store: Store, now: datetime = NOW + timedelta(hours=2)) -> Reader:
    return Reader(store, FakeClock(now), timezone="UTC")


def fill(store: Store) -> None:
    """Write five papers of today: 2 was loved yesterday, 3 is hot now, 5 is of another category."""
    with store.write() as tx:
        tx.papers.add(papers(4), source="arxiv", listed_at=NOW)
        other = paper("arxiv:2611.00005", categories=("cs.LG", "cs.RO"))
        tx.papers.add([other], source="arxiv", listed_at=NOW + timedelta(hours=1))
        tx.papers.add(papers(1, first=6), source="arxiv", listed_at=NOW - timedelta(days=1))
        tx.signals.record(
            [upvotes(2, 90, NOW - timedelta(days=3)), upvotes(3, 50), upvotes(6, 7)],
        )


def all_of(lists: Reader, sort: Sort, *, category: str = "", limit: int) -> list[str]:
    """Follow a list to its end."""
    keys: list[str] = []
    after = None
    while True:
        page = lists.period(DAY, sort, category=category, after=after, limit=limit)
        keys += [one.paper.key[-1] for one in page.candidates]
        after = page.after
        if after is None:
            return keys


def test_figures_are_the_latest_of_each_source_and_the_largest_of_all(store: Store) -> None:
    fill(store)
    key = "arxiv:2611.00001"
    with store.write() as tx:
        tx.signals.record(
            [
                Signal(key, "hf", SignalName.UPVOTES, 30, NOW),
                Signal(key, "hf", SignalName.UPVOTES, 12, NOW + timedelta(minutes=1)),
                Signal(key, "other", SignalName.UPVOTES, 9, NOW + timedelta(minutes=2)),
                Signal(key, "other", SignalName.STARS, 4, NOW + timedelta(minutes=2)),
            ]
        )
    with store.read() as tx:
        found = tx.listings.figures(NOW, NOW + timedelta(hours=2))
        rows = {number: tx.listings.row(f"arxiv:2611.{number:05}") for number in (1, 2, 3)}
    assert found == {
        rows[1]: {"upvotes": 12, "stars": 4},
        rows[2]: {"upvotes": 90},
        rows[3]: {"upvotes": 50},
    }


@pytest.mark.parametrize("limit", [1, 2, 3, 50])
def test_pages_of_any_size_give_every_paper_once_in_order(store: Store, limit: int) -> None:
    fill(store)
    lists = reader(store)
    assert all_of(lists, Sort.NEW, limit=limit) == ["5", "4", "3", "2", "1"]
    assert all_of(lists, Sort.TOP, limit=limit) == ["2", "3", "5", "4", "1"]
    assert all_of(lists, Sort.HOT, limit=limit) == ["3", "2", "5", "4", "1"]
    assert all_of(lists, Sort.HOT, category="cs.LG", limit=limit) == ["5"]
    assert all_of(lists, Sort.NEW, category="cs.RO", limit=limit) == ["5", "4", "3", "2", "1"]
    assert all_of(lists, Sort.TOP, category="cs.RO", limit=limit) == ["2", "3", "5", "4", "1"]


def test_a_page_says_how_much_there_is(store: Store) -> None:
    fill(store)
    page = reader(store).period(DAY, Sort.HOT, category="cs.LG", limit=2)
    assert (page.total, dict(page.categories)) == (1, {"cs.RO": 5, "cs.LG": 1})
    assert page.candidates[0].signals == ()


def test_what_comes_in_is_seen_at_once(store: Store) -> None:
    fill(store)
    lists = reader(store)
    assert all_of(lists, Sort.HOT, limit=9)[0] == "3"
    with store.write() as tx:
        tx.signals.record([upvotes(1, 500)])
        tx.papers.change([paper("arxiv:2611.00004", categories=("math.OC",))], changed_at=NOW)
    assert all_of(lists, Sort.HOT, limit=9)[0] == "1"
    assert all_of(lists, Sort.NEW, category="math.OC", limit=9) == ["4"]


def test_a_page_that_never_was_is_refused(store: Store) -> None:
    fill(store)
    for sort in Sort:
        with pytest.raises(NotHere, match="begin with the first"):
            reader(store).period(DAY, sort, after=10**9)
    with pytest.raises(NotHere, match="begin with the first"):
        reader(store).trending(Window.WEEK, after=10**9)


def test_trending_leaves_out_what_nobody_talks_about(store: Store) -> None:
    fill(store)
    listing = reader(store).trending(Window.WEEK)
    assert [one.paper.key[-1] for one in listing.candidates] == ["3", "2", "6"]
    listing = reader(store).trending(Window.DAY, limit=1)
    assert [one.paper.key[-1] for one in listing.candidates] == ["3"]
    assert listing.after is not None


def test_the_nearest_periods_with_papers_are_known(store: Store) -> None:
    fill(store)
    lists = reader(store)
    assert lists.neighbours(DAY) == (periods.read("2026-11-23"), None)
    assert lists.neighbours(periods.read("2026-10-01")) == (None, periods.read("2026-11-23"))
    assert lists.neighbours(periods.read("2026-12"))[0] == periods.read("2026-11")


def test_a_paper_is_found_by_its_key_and_by_its_arxiv_id(store: Store) -> None:
    fill(store)
    lists = reader(store)
    for name in ("arxiv:2611.00003", "2611.00003", "2611.00003v2"):
        assert lists.paper(name).paper.key == "arxiv:2611.00003"
    assert lists.paper("2611.00003").signals[0].value == 50
    with pytest.raises(NotHere, match="no paper"):
        lists.paper("2611.09999")
