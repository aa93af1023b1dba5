"""Lists of times that are over are measured once, and say what they would if measured now."""

from __future__ import annotations

import random
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta
from itertools import count
from threading import Barrier

import pytest

from digest.config import Schedule
from digest.model import Cadence, Paper, Signal, SignalName, Sort, Stretch, Window
from digest.reading import periods, settled
from digest.reading.boards import MOST_BOARDS, Board, Boards, _Kept
from digest.store import Store
from digest.testing import FakeClock
from tests.support.samples import NOW, paper

DAY = timedelta(days=1)
SCHEDULE = Schedule(timezone="Europe/Berlin")
FIELDS = ("cs.RO", "cs.CL", "math.CO")


def fill(store: Store, seed: int, *, days: int = 30) -> None:
    """Write an archive: a few papers on most days, and how their figures went from then on."""
    draw = random.Random(seed)
    numbers = count(1)
    for back in range(days, -1, -1):
        listed_at = NOW - back * DAY
        if listed_at.weekday() >= 5:
            continue
        new = [
            paper(f"arxiv:2611.{next(numbers):05}", categories=(draw.choice(FIELDS),))
            for _ in range(draw.randrange(5))
        ]
        seen = [
            upvotes(one, value, at)
            for one in new
            for value, at in courses(draw, back)
            if draw.random() < 0.7
        ]
        with store.write() as tx:
            tx.papers.add(new, source="arxiv", listed_at=listed_at)
            tx.signals.record(seen)
    with store.write() as tx:
        for back in range(10):
            then = NOW - back * DAY
            tx.editions.ensure(Cadence.DAILY, then.date(), now=then)
        then = NOW - 20 * DAY
        tx.editions.ensure(Cadence.WEEKLY, then.date(), now=then)


def courses(draw: random.Random, back: int) -> Iterator[tuple[int, object]]:
    """Yield figures that rise for some days, and once more long after."""
    value = 0
    for later in sorted({0, 1, 2, draw.randrange(3, 30)}):
        if later <= back:
            value += draw.randrange(60)
            yield value, NOW - (back - later) * DAY


def upvotes(one: Paper, value: int, at: object) -> Signal:
    return Signal(one.key, "hf", SignalName.UPVOTES, value, observed_at=at)  # type: ignore[arg-type]


def update(store: Store) -> int:
    return settled.update(store, FakeClock(NOW), SCHEDULE)


def board(store: Store, stretch: Stretch) -> Board:
    """Return what a process shows that nobody has asked before."""
    with store.read() as tx:
        return Boards().of(tx, stretch, NOW)


def afresh(store: Store, stretch: Stretch) -> Board:
    """Return what would be shown if nothing had been kept."""
    with store.rehearse() as twin:
        with twin.write() as tx:
            tx.boards.put(stretch, {}, changes=-1)
        return board(twin, stretch)


def of(name: str) -> Stretch:
    return periods.stretch(periods.read(name), SCHEDULE.timezone)


def kept(store: Store) -> set[Stretch]:
    with store.read() as tx:
        return set(tx.boards.known())


@pytest.mark.parametrize("seed", range(2))
def test_what_is_kept_is_what_would_be_measured(store: Store, seed: int) -> None:
    fill(store, seed, days=70)
    update(store)
    assert len(kept(store)) > 70
    for stretch in random.Random(seed).sample(sorted(kept(store), key=str), 25):
        assert board(store, stretch) == afresh(store, stretch)


def test_what_is_kept_is_shown(store: Store) -> None:
    fill(store, 1)
    update(store)
    day = of("2026-11-10")
    scores = board(store, day).trends
    with store.write() as tx:
        number = tx.boards.known()[day]
        tx.boards.put(day, dict.fromkeys(scores, 0.75), changes=number)
    assert scores
    assert {one.score for one in board(store, day).trends.values()} == {0.75}


def test_the_list_of_a_time_that_is_over_lasts_until_something_comes_in(store: Store) -> None:
    fill(store, 1)
    boards = Boards()

    def shown(name: str, hours: float) -> Board:
        with store.read() as tx:
            return boards.of(tx, of(name), NOW + timedelta(hours=hours))

    first, present = shown("2026-10", 0), shown("2026-11", 0)
    assert shown("2026-10", 5) is first
    assert shown("2026-11", 5) is not present
    with store.write() as tx:
        tx.papers.add([paper("arxiv:2611.99999")], source="arxiv", listed_at=NOW)
    assert shown("2026-10", 5) is not first


def test_a_list_that_was_over_only_later_is_made_anew(store: Store) -> None:
    fill(store, 1)
    boards = Boards()
    with store.read() as tx:
        before = boards.of(tx, of("2026-11-22"), NOW)
        after = boards.of(tx, of("2026-11-22"), NOW + 10 * DAY)
    assert before is not after


def test_a_list_that_is_asked_for_now_and_then_is_kept_beside_many_others(store: Store) -> None:
    fill(store, 1)
    boards = Boards()
    with store.read() as tx:
        first = boards.of(tx, of("2026-10"), NOW)
        for number in range(2 * MOST_BOARDS):
            boards.of(tx, Stretch(NOW - (200 + number) * DAY, NOW - 150 * DAY, Window.DAY), NOW)
            if number % 100 == 0:
                assert boards.of(tx, of("2026-10"), NOW) is first


def test_of_many_who_ask_for_the_same_one_makes_it(store: Store) -> None:
    fill(store, 1)
    kept: _Kept[object] = _Kept()
    at_work, made = Barrier(8), []

    def ask(number: int) -> object:
        with store.read() as tx:
            at_work.wait(30)
            return kept.of(tx, "the same", NOW, make)

    def make() -> object:
        made.append(1)
        time.sleep(0.2)  # the others are here before it is done
        return object()

    with ThreadPoolExecutor(8) as threads:
        assert len(set(threads.map(ask, range(8)))) == 1
    assert len(made) == 1


def test_what_could_not_be_made_is_tried_by_the_next(store: Store) -> None:
    kept: _Kept[int] = _Kept()
    with store.read() as tx:
        with pytest.raises(ZeroDivisionError):
            kept.of(tx, "the same", NOW, lambda: 1 // 0)
        assert kept.of(tx, "the same", NOW, lambda: 7) == 7


def test_days_weeks_months_and_editions_are_kept_once_they_are_over(store: Store) -> None:
    fill(store, 1)
    update(store)
    for name in ("2026-11-20", "2026-11-10", "2026-W46", "2026-W44", "2026-10"):
        assert of(name) in kept(store)
    for name in ("2026-11-24", "2026-11-22", "2026-W47", "2026-11"):
        assert of(name) not in kept(store)
    with store.read() as tx:
        editions = tx.editions.list()
        mine = {settled.of_edition(one, tx.editions.before(one)) for one in editions}
    assert {one.until.date() for one in mine & kept(store)} == {
        *(date(2026, 11, day) for day in range(15, 21)),
        date(2026, 11, 4),
    }


def test_of_more_editions_than_days_none_is_measured_as_the_first_of_all(store: Store) -> None:
    with store.write() as tx:
        tx.papers.add([EARLY], source="arxiv", listed_at=THEN)
        for back in range(16, 4, -1):
            then = NOW - back * DAY
            tx.editions.ensure(Cadence.DAILY, then.date(), now=then)
    update(store)
    with store.read() as tx:
        editions = tx.editions.list()
        mine = {settled.of_edition(one, tx.editions.before(one)) for one in editions}
    assert {one for one in kept(store) if one.since.hour == NOW.hour} < mine


def test_nothing_is_measured_twice(store: Store) -> None:
    fill(store, 1)
    assert update(store) == len(kept(store))
    assert update(store) == 0


def test_a_stop_leaves_the_rest_for_the_next_time(store: Store) -> None:
    fill(store, 1)
    asked = count()
    made = settled.update(store, FakeClock(NOW), SCHEDULE, stopping=lambda: next(asked) > 20)
    assert 0 < made == len(kept(store))
    assert update(store) > 0
    assert update(store) == 0


def late_paper(store: Store) -> None:
    with store.write() as tx:
        tx.papers.add([LATE], source="arxiv", listed_at=THEN)
        tx.signals.record([upvotes(LATE, 500, THEN + DAY)])


def late_figure(store: Store) -> None:
    with store.write() as tx:
        tx.signals.record([upvotes(EARLY, 500, THEN + DAY)])


def late_figure_from_before_the_listing(store: Store) -> None:
    with store.write() as tx:
        tx.signals.record([upvotes(EARLY, 500, THEN - 90 * DAY)])


def late_field(store: Store) -> None:
    with store.write() as tx:
        tx.papers.change([paper(EARLY.key, categories=("cs.CL",))], changed_at=NOW)


LATE, EARLY = paper("arxiv:2611.99999"), paper("arxiv:2611.99998", categories=())
THEN = NOW - 14 * DAY


@pytest.mark.parametrize(
    "comes", [late_paper, late_figure, late_figure_from_before_the_listing, late_field]
)
def test_what_comes_late_is_shown_at_once_and_measured_anew(store: Store, comes: object) -> None:
    fill(store, 1)
    with store.write() as tx:
        tx.papers.add([EARLY], source="arxiv", listed_at=THEN)
        if comes is late_field:
            tx.signals.record([upvotes(EARLY, 30, THEN)])
    update(store)
    day, before = of("2026-11-10"), of("2026-11-05")
    shown = board(store, day)
    comes(store)  # type: ignore[operator]
    assert board(store, day) != shown
    assert board(store, day) == afresh(store, day)
    made = update(store)
    assert board(store, day) == afresh(store, day)
    # Those that were measured before that moment are left alone.
    assert 0 < made < len(kept(store))
    assert before in kept(store)
    assert update(store) == 0


def test_figures_of_today_change_no_scores_of_then_but_the_order_by_figures(store: Store) -> None:
    fill(store, 1)
    update(store)
    day = of("2026-11-10")
    earlier = board(store, day)
    (*_, last) = earlier.orders[Sort.TOP]
    with store.write() as tx:
        (candidate,) = tx.listings.candidates([last])
        tx.signals.record([upvotes(candidate.paper, 5000, NOW)])
    later = board(store, day)
    assert later == afresh(store, day)
    assert later.trends == earlier.trends
    assert later.orders[Sort.TOP][0] == last
    assert update(store) == 0


def test_another_version_measures_anew(store: Store) -> None:
    fill(store, 1)
    made = update(store)
    with store.write() as tx:
        tx.boards._connection.exec_driver_sql("UPDATE boards SET version = '0.0'")
    assert update(store) == made


def test_a_new_text_of_an_old_paper_changes_nothing(store: Store) -> None:
    fill(store, 1)
    update(store)
    with store.read() as tx:
        (one,) = tx.listings.candidates([1])
    with store.write() as tx:
        again = paper(one.paper.key, title="Anew", categories=one.paper.categories)
        tx.papers.change([again], changed_at=NOW)
    assert update(store) == 0


def test_a_figure_that_came_after_does_not_count_for_what_was_before(store: Store) -> None:
    with store.write() as tx:
        tx.papers.add([EARLY, LATE], source="arxiv", listed_at=THEN)
        tx.signals.record([upvotes(EARLY, 10, THEN), upvotes(LATE, 10, NOW)])
    with store.read() as tx:
        assert len(tx.papers.tracks(THEN - DAY, THEN + DAY, limit=9)) == 1
        assert len(tx.papers.tracks(THEN - DAY, NOW, limit=9)) == 2


def test_an_empty_day_needs_no_measure(store: Store) -> None:
    empty = of("2025-01-01")
    assert board(store, empty) == Board(
        at=empty.until + 2 * DAY,
        orders={Sort.HOT: [], Sort.TOP: []},
        trends={},
        papers=0,
        categories={},
    )
    assert empty.window is Window.DAY
