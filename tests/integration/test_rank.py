"""Who gets which paper in which edition."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import nullcontext
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from digest import rank
from digest.config import RankingSettings, Schedule
from digest.model import (
    Cadence,
    DeliveryState,
    Interest,
    InterestKind,
    Opinion,
    Paper,
    Plan,
    Signal,
    SignalName,
    SourceOutcome,
    SourceState,
    Subscriber,
    SubscriberStatus,
)
from digest.ports import Ranker
from digest.rank import RankReport
from digest.ranking import ranker
from digest.store import Store
from digest.testing import ListRanker, ListRanking
from tests.support.listings import write_past
from tests.support.samples import NOW, paper, papers, subscribe

DAY = timedelta(days=1)


def turn(
    store: Store,
    *,
    now: datetime = NOW,
    ranker: Ranker | None = None,
    date: date | None = None,
    force: bool = False,
    catch_up: bool = True,
    chunk: int = rank.CHUNK,
    beside: rank.Beside = rank.alone,
    stopping: Callable[[], bool] = lambda: False,
    **settings: object,
) -> RankReport:
    return rank.run(
        planner(store, now=now, ranker=ranker, **settings),
        schedule=Schedule(catch_up=catch_up),
        date=date,
        force=force,
        chunk=chunk,
        beside=beside,
        stopping=stopping,
    )


def planner(
    store: Store, *, now: datetime = NOW, ranker: Ranker | None = None, **settings: object
) -> rank.Planner:
    return rank.Planner(
        store=store,
        ranker=ranker or ListRanker(),
        settings=RankingSettings.model_validate({"min_score": 0, "diversity": 0, **settings}),
        domain="example.org",
        now=now,
    )


class Slow:
    """Somebody who takes the first chunk, and gives it back when all others are written."""

    instead = False

    def __init__(self, planner: rank.Planner, meanwhile: Callable[[], None]) -> None:
        self.planner = planner
        self.meanwhile = meanwhile
        self.taken: list[rank.Chunk] = []
        self.is_ready = False

    def take(self, chunk: rank.Chunk) -> bool:
        if self.taken:
            return False
        self.taken.append(chunk)
        return True

    def planned(self) -> Iterator[tuple[rank.Chunk, list[Plan]]]:
        if self.is_ready:
            plans = self.planner.plans(self.taken[0])
            self.meanwhile()
            yield self.taken[0], plans

    def wait(self) -> bool:
        before, self.is_ready = self.is_ready, True
        return not before


def test_whoever_is_erased_while_others_plan_for_them_stops_nobody(store: Store) -> None:
    bring(store, *papers(3))
    people = [subscribe(store, f"reader{number}@example.org") for number in range(4)]

    def erase() -> None:
        with store.write() as tx:
            tx.subscribers.erase(people[1].id)

    slow = Slow(planner(store), erase)
    assert turn(store, chunk=2, beside=lambda _left: nullcontext(slow)).planned == 3
    with store.read() as tx:
        written = {one.subscriber_id for one in tx.deliveries.list()}
    assert written == {one.id for one in people} - {people[1].id}


def bring(store: Store, *new: Paper, at: datetime = NOW) -> None:
    with store.write() as tx:
        tx.papers.add(new, source="arxiv", listed_at=at)


def leave(store: Store) -> None:
    """Let everything leave that is planned."""
    with store.write() as tx:
        for delivery in tx.deliveries.list(state=DeliveryState.PLANNED):
            tx.deliveries.move(
                delivery.id, expected=DeliveryState.PLANNED, to=DeliveryState.SENT, sent_at=NOW
            )


def picks(store: Store, reader: Subscriber) -> list[Sequence[str]]:
    """Return the paper keys of each of the reader's digests, oldest first."""
    with store.read() as tx:
        return [
            [one.paper.key for one in tx.deliveries.picks(delivery.id)]
            for delivery in reversed(tx.deliveries.list(email=reader.email))
        ]


def test_planning_again_changes_nothing(store: Store) -> None:
    reader = subscribe(store)
    bring(store, *papers(3))
    assert turn(store).planned == 1
    bring(store, *papers(2, first=8), at=NOW + timedelta(minutes=5))
    second = turn(store, now=NOW + timedelta(hours=1))
    assert (second.planned, second.settled) == (0, 1)
    assert [len(keys) for keys in picks(store, reader)] == [3]


def test_what_another_planner_has_written_meanwhile_is_not_counted(store: Store) -> None:
    reader = subscribe(store)
    bring(store, *papers(3))
    others: list[RankReport] = []

    class Slow(ListRanker):
        def fit(self, *arguments: Any) -> ListRanking:
            others.append(turn(store))
            return super().fit(*arguments)

    assert turn(store, ranker=Slow()).planned == 0
    assert [other.planned for other in others] == [1]
    assert [len(keys) for keys in picks(store, reader)] == [3]


def test_the_next_edition_holds_only_what_came_since(store: Store) -> None:
    reader = subscribe(store)
    bring(store, *papers(3))
    turn(store)
    leave(store)
    bring(store, *papers(2, first=4), at=NOW + timedelta(hours=2))
    turn(store, now=NOW + DAY)
    assert [sorted(keys) for keys in picks(store, reader)] == [
        ["arxiv:2611.00001", "arxiv:2611.00002", "arxiv:2611.00003"],
        ["arxiv:2611.00004", "arxiv:2611.00005"],
    ]


def test_a_day_that_was_missed_is_made_up_for(store: Store) -> None:
    reader = subscribe(store)
    bring(store, *papers(1))
    turn(store)
    leave(store)
    bring(store, *papers(1, first=2), at=NOW + DAY / 2)
    bring(store, *papers(1, first=3), at=NOW + DAY * 3 / 2)
    turn(store, now=NOW + 2 * DAY)
    assert sorted(picks(store, reader)[-1]) == ["arxiv:2611.00002", "arxiv:2611.00003"]


def test_a_newer_digest_takes_the_place_of_one_that_still_waits(store: Store) -> None:
    reader = subscribe(store, hour=23)
    bring(store, *papers(2), at=NOW - DAY / 2)
    # Late in the evening the relay is away, and the reader wants the next one in the morning.
    turn(store, now=NOW + timedelta(hours=16))
    with store.write() as tx:
        tx.subscribers.edit(reader.id, hour=7)
    bring(store, *papers(1, first=3), at=NOW + DAY * 3 / 4)
    assert turn(store, now=NOW + DAY).planned == 1
    with store.read() as tx:
        newest, old = tx.deliveries.list(email=reader.email)
    assert (old.state, newest.state) == (DeliveryState.EXPIRED, DeliveryState.PLANNED)
    assert old.reason == "a newer digest takes its place"
    assert sorted(picks(store, reader)[-1]) == [one.key for one in papers(3)]


def test_a_digest_that_waits_stays_where_the_next_one_has_nothing(store: Store) -> None:
    reader = subscribe(store, "robotics@example.org", "grasping")
    bring(store, *papers(2))
    turn(store)
    report = turn(store, now=NOW + DAY, min_score=0.5, ranker=ranker("default"))
    assert (report.planned, report.replaced) == (0, 0)
    with store.read() as tx:
        (old,) = tx.deliveries.list(email=reader.email, state=DeliveryState.PLANNED)
    assert old.due_at <= NOW


def test_a_week_makes_no_way_for_a_day_nor_a_day_for_one_before(store: Store) -> None:
    reader = subscribe(store, cadence=Cadence.WEEKLY)
    monday = datetime(2026, 11, 30, 7, tzinfo=NOW.tzinfo)
    bring(store, *papers(2), at=monday - timedelta(hours=1))
    turn(store, now=monday)
    with store.write() as tx:
        tx.subscribers.edit(reader.id, cadence=Cadence.DAILY)
    bring(store, *papers(1, first=3), at=monday + DAY / 2)
    assert turn(store, now=monday + DAY).replaced == 0
    # A day that is asked for later is not newer.
    assert turn(store, now=monday + DAY, date=monday.date(), force=True).replaced == 0
    with store.read() as tx:
        assert {one.state for one in tx.deliveries.list()} <= {"planned", "skipped"}


def test_what_is_being_sent_keeps_its_place(store: Store) -> None:
    reader = subscribe(store)
    bring(store, *papers(1))
    turn(store)
    with store.write() as tx:
        tx.outbox.reserve("w/1", now=NOW, lease_until=NOW + 2 * DAY, limit=1)
    bring(store, *papers(1, first=2), at=NOW + DAY / 2)
    turn(store, now=NOW + DAY)
    assert picks(store, reader) == [[one.key] for one in papers(2)]
    with store.read() as tx:
        assert {one.state for one in tx.deliveries.list()} == {DeliveryState.PLANNED}


def test_papers_of_a_digest_that_never_left_stand_in_the_next(store: Store) -> None:
    # Down for a day: nobody has expired it yet when the next one is planned.
    reader = subscribe(store)
    bring(store, *papers(1))
    turn(store)
    bring(store, *papers(1, first=2), at=NOW + DAY / 2)
    turn(store, now=NOW + DAY)
    assert sorted(picks(store, reader)[-1]) == [one.key for one in papers(2)]


def test_a_failed_digests_papers_come_again(store: Store) -> None:
    reader = subscribe(store)
    bring(store, *papers(2))
    turn(store)
    with store.write() as tx:
        (delivery,) = tx.deliveries.list()
        tx.deliveries.move(delivery.id, expected=DeliveryState.PLANNED, to=DeliveryState.FAILED)
    turn(store, now=NOW + DAY)
    first, second = picks(store, reader)
    assert first == second


def test_a_quiet_day_is_written_down_with_its_reason(store: Store) -> None:
    reader = subscribe(store)
    assert turn(store).skipped == {"no-papers": 1}
    with store.read() as tx:
        (delivery,) = tx.deliveries.list(email=reader.email)
    assert (delivery.state, delivery.reason) == (DeliveryState.SKIPPED, "no-papers")
    assert turn(store).settled == 1


def test_papers_that_come_late_still_make_the_edition(store: Store) -> None:
    reader = subscribe(store)
    turn(store)
    bring(store, *papers(2), at=NOW + timedelta(hours=1))
    assert turn(store, now=NOW + timedelta(hours=2)).planned == 1
    assert len(picks(store, reader)[0]) == 2


def test_a_weak_day_gives_a_short_mail_and_a_weaker_one_none(store: Store) -> None:
    reader = subscribe(store, "robotics@example.org", "grasping")
    bring(store, *papers(4))
    assert turn(store, min_score=0.6).planned == 1
    assert len(picks(store, reader)[0]) == 2
    other = subscribe(store, "vision@example.org", "grasping")
    assert turn(store, min_score=1.0, ranker=ListRanker(["none", "of", "these"])).skipped == {}
    assert len(picks(store, other)[0]) == 1
    third = subscribe(store, "text@example.org")
    bring(store, at=NOW)
    report = turn(store, min_score=1.0, now=NOW + timedelta(minutes=1), max_papers=1)
    assert report.planned == 1
    assert len(picks(store, third)[0]) == 1


def test_nobody_gets_more_papers_than_they_asked_for(store: Store) -> None:
    one, other = subscribe(store, "a@example.org", max_papers=2), subscribe(store, "b@example.org")
    bring(store, *papers(9))
    turn(store, max_papers=5)
    assert [len(picks(store, reader)[0]) for reader in (one, other)] == [2, 5]


def test_only_those_whose_hour_has_come_are_due(store: Store) -> None:
    subscribe(store, "early@example.org", hour=5)
    subscribe(store, "late@example.org", hour=9)
    subscribe(store, "east@example.org", hour=17, timezone="Asia/Tokyo")
    bring(store, *papers(2))
    report = turn(store)
    assert (report.subscribers, report.planned, report.waiting) == (3, 1, 2)
    assert turn(store, force=True).planned == 2


def test_weekly_readers_get_theirs_on_the_day(store: Store) -> None:
    reader = subscribe(store, cadence=Cadence.WEEKLY)
    bring(store, *papers(2))
    assert turn(store).waiting == 1  # a Tuesday
    monday = datetime(2026, 11, 30, 7, tzinfo=NOW.tzinfo)
    assert turn(store, now=monday).planned == 1
    with store.read() as tx:
        (delivery,) = tx.deliveries.list(email=reader.email)
    assert delivery.edition is not None
    assert delivery.edition.slug == "weekly-2026-11-30"


def test_a_week_reaches_back_to_the_one_before_even_if_that_was_early(store: Store) -> None:
    reader = subscribe(store, cadence=Cadence.WEEKLY)
    monday = datetime(2026, 11, 30, 7, tzinfo=NOW.tzinfo)
    first, second = papers(2)
    bring(store, first, at=monday - timedelta(hours=1))
    turn(store, now=monday)
    leave(store)
    # Listed after that digest was planned, and more than seven days before the next one.
    bring(store, second, at=monday + timedelta(hours=1))
    turn(store, now=monday + 7 * DAY + timedelta(hours=5))
    assert picks(store, reader) == [[first.key], [second.key]]


def test_somebodys_first_week_is_one_week(store: Store) -> None:
    monday = datetime(2026, 11, 30, 7, tzinfo=NOW.tzinfo)
    old, fresh = papers(2)
    bring(store, old, at=monday - 8 * DAY)
    bring(store, fresh, at=monday - 6 * DAY)
    reader = subscribe(store, cadence=Cadence.WEEKLY)
    turn(store, now=monday, trending_days=3)
    assert picks(store, reader) == [[fresh.key]]


def test_what_was_hot_early_in_the_week_is_hot_in_the_week(store: Store) -> None:
    monday = datetime(2026, 11, 30, 7, tzinfo=NOW.tzinfo)
    hot, fresh, *others = papers(7)
    bring(store, hot, fresh, at=monday - 5 * DAY)
    for number, other in enumerate(others):
        bring(store, other, at=monday - number * DAY)
    with store.write() as tx:
        for one, votes, hours in ((hot, 200, 115), (fresh, 20, 2)):
            seen_at = monday - timedelta(hours=hours)
            # Each on a site of its own, so that neither was silent between the two.
            signal = Signal(one.key, f"hub{votes}", SignalName.UPVOTES, votes, seen_at)
            tx.signals.record([signal])
    readers = [subscribe(store, f"{each}@example.org", cadence=each) for each in Cadence]
    turn(store, now=monday, ranker=ranker("default"))
    daily, weekly = (picks(store, reader)[0][:2] for reader in readers)
    assert daily == [fresh.key, hot.key]
    assert weekly == [hot.key, fresh.key]


def a_day_with_hot_papers_elsewhere(store: Store) -> list[Paper]:
    """Bring six papers of one field, and three of another that are talked about."""
    mine = [replace(one, categories=("cs.RO",)) for one in papers(6)]
    hot = [
        paper(f"x:{number}", title=f"Tide {number} of subject {number}", categories=("physics.ao",))
        for number in range(3)
    ]
    bring(store, *mine, *hot)
    with store.write() as tx:
        tx.signals.record(
            Signal(one.key, "hub", SignalName.UPVOTES, 100 + number, NOW)
            for number, one in enumerate(hot)
        )
    return hot


def robotics(store: Store, email: str, **chosen: Any) -> Subscriber:
    """Return a reader of cs.RO."""
    reader = subscribe(store, email, **chosen)
    with store.write() as tx:
        tx.subscribers.set_interests(
            reader.id, [Interest(InterestKind.CATEGORY, "cs.RO")], NOW - DAY
        )
    return reader


def test_a_digest_ends_with_a_surprise_that_says_so(store: Store) -> None:
    hot = a_day_with_hot_papers_elsewhere(store)
    reader = robotics(store, "robotics@example.org", max_papers=6, trending_weight=0.01)
    turn(store, ranker=ranker("default"))
    with store.read() as tx:
        (delivery,) = tx.deliveries.list(email=reader.email)
        found = tx.deliveries.picks(delivery.id)
    *others, last = found
    assert len(found) == 6
    assert all(pick.reason.startswith("in your category cs.RO") for pick in others)
    assert last.paper.key in {one.key for one in hot}
    assert last.reason.startswith("a surprise from outside your interests; trending: 10")


def test_who_wants_no_surprise_gets_none(store: Store) -> None:
    a_day_with_hot_papers_elsewhere(store)
    plain = robotics(store, "plain@example.org", trending_weight=0.0)
    few = robotics(store, "few@example.org", max_papers=4, trending_weight=0.01)
    turn(store, ranker=ranker("default"))
    other = robotics(store, "other@example.org", max_papers=6, trending_weight=0.01)
    turn(store, ranker=ranker("default"), surprise=0)
    for reader in (plain, few, other):
        assert not any(key.startswith("x:") for key in picks(store, reader)[0][:6])


def test_the_same_delivery_is_surprised_by_the_same_paper(store: Store) -> None:
    a_day_with_hot_papers_elsewhere(store)
    readers = [
        robotics(store, f"{number}@example.org", max_papers=6, trending_weight=0.01)
        for number in range(9)
    ]
    turn(store, ranker=ranker("default"))
    first = [picks(store, reader)[0][-1] for reader in readers]
    assert len(set(first)) > 1
    with store.write() as tx:
        for delivery in tx.deliveries.list():
            tx.deliveries.move(delivery.id, expected=DeliveryState.PLANNED, to=DeliveryState.FAILED)
    turn(store, ranker=ranker("default"), chunk=2, force=True)
    assert [picks(store, reader)[0][-1] for reader in readers] == first


def test_who_is_not_confirmed_gets_nothing(store: Store) -> None:
    reader = subscribe(store)
    with store.write() as tx:
        tx.subscribers.edit(reader.id, status=SubscriberStatus.UNSUBSCRIBED)
    bring(store, *papers(2))
    assert turn(store).subscribers == 0


def test_the_mail_is_told_of_a_source_that_failed(store: Store) -> None:
    subscribe(store)
    bring(store, *papers(2))
    with store.write() as tx:
        tx.sources.save(SourceState("arxiv", "arxiv", last_outcome=SourceOutcome.FAILED))
    turn(store)
    with store.read() as tx:
        (delivery,) = tx.deliveries.list()
    assert delivery.facts["papers"] == 2
    assert "arxiv could not be read" in delivery.facts["notes"][0]


def test_an_edition_asked_for_by_a_past_date_may_still_leave(store: Store) -> None:
    subscribe(store)
    bring(store, paper())
    assert turn(store, date=NOW.date() - 2 * DAY).planned == 1
    with store.read() as tx:
        (delivery,) = tx.deliveries.list()
        assert delivery.expires_at is not None
        assert delivery.expires_at > NOW
        assert tx.outbox.due(now=NOW) == 1


def test_nobody_is_forgotten_however_many_share_a_rhythm(store: Store) -> None:
    for number in range(7):
        subscribe(store, f"reader{number}@example.org")
    subscribe(store, "early@example.org", hour=5)
    subscribe(store, "east@example.org", timezone="Asia/Tokyo")
    bring(store, *papers(2))
    report = turn(store, chunk=3)
    assert (report.planned, report.settled, report.waiting) == (9, 0, 0)
    again = turn(store, chunk=3)
    assert (again.planned, again.settled) == (0, 9)
    with store.read() as tx:
        assert len(tx.deliveries.list()) == 9


def test_a_digest_is_the_same_alone_and_among_others(store: Store) -> None:
    readers = [
        subscribe(store, f"{n}@example.org", *words, max_papers=n + 2)
        for n, words in enumerate([("study",), (), ("closely", "00003"), ("study", "x"), ()])
    ]
    bring(store, *papers(12))
    default = ranker("default")
    turn(store, ranker=default, diversity=0.3)
    together = [picked(store, reader) for reader in readers]
    with store.write() as tx:
        for delivery in tx.deliveries.list():
            cancelled = DeliveryState.EXPIRED
            tx.deliveries.move(delivery.id, expected=DeliveryState.PLANNED, to=cancelled)
    turn(store, ranker=default, diversity=0.3, now=NOW + DAY, chunk=1)
    assert [picked(store, reader) for reader in readers] == together


class TwoInterests(ListRanker):
    """A ranker by whose first interest everybody gets the first six papers, and then the others."""

    def fit(self, *given: Any) -> Any:
        """Let every score know which interest leads."""
        ranking = super().fit(*given)
        score = ranking.score

        def led(profiles: Sequence[Any]) -> Any:
            scores: Any = score(profiles)
            scores.leading = lambda columns: (columns >= 6).astype(int)
            return scores

        ranking.score = led  # type: ignore[method-assign]  # one method of a fake
        return ranking


def test_an_interest_with_many_papers_leaves_places_to_another(store: Store) -> None:
    reader = subscribe(store, max_papers=4)
    bring(store, *papers(24))
    keys = [one.key for one in papers(24)]
    turn(store, ranker=TwoInterests(keys), surprise=0)
    assert picks(store, reader) == [[keys[0], keys[1], keys[2], keys[6]]]


def test_a_run_that_is_stopped_goes_on_where_it_was(store: Store) -> None:
    for number in range(5):
        subscribe(store, f"reader{number}@example.org")
    bring(store, *papers(1))
    asked = iter([False, True])
    assert turn(store, chunk=2, stopping=lambda: next(asked)).planned == 2
    assert turn(store, chunk=2).planned == 3


def test_somebody_who_changes_their_hour_after_their_digest_gets_no_second_one(
    store: Store,
) -> None:
    reader = subscribe(store)
    bring(store, *papers(1))
    turn(store)
    with store.write() as tx:
        tx.subscribers.edit(reader.id, hour=8)
    report = turn(store, now=NOW + timedelta(hours=2))
    assert (report.planned, report.settled) == (0, 1)


def test_a_trending_paper_that_was_shown_does_not_come_again(store: Store) -> None:
    reader = subscribe(store)
    bring(store, *papers(2), at=NOW - DAY / 2)
    with store.write() as tx:
        tx.signals.record(Signal(one.key, "hub", SignalName.UPVOTES, 500, NOW) for one in papers(2))
    default = ranker("default")
    turn(store, ranker=default, max_papers=1)
    leave(store)
    turn(store, ranker=default, max_papers=1, now=NOW + DAY / 2, date=NOW.date() + DAY, force=True)
    leave(store)
    report = turn(
        store, ranker=default, max_papers=1, now=NOW + DAY, date=NOW.date() + 2 * DAY, force=True
    )
    first, second, third = picks(store, reader)
    assert sorted([*first, *second]) == [one.key for one in papers(2)]
    assert (third, report.skipped) == ([], {"no-papers": 1})


def test_a_ranker_that_learns_from_all_readers_is_told_what_they_like(store: Store) -> None:
    one, two, three = papers(3)
    bring(store, one, two, three)
    readers = [subscribe(store, f"{number}@example.org") for number in range(2)]
    with store.write() as tx:
        for reader in readers:
            tx.feedback.give(reader.id, one.key, Opinion.MORE, now=NOW)
        tx.feedback.give(readers[1].id, two.key, Opinion.MORE, now=NOW)
    told: list[Any] = []

    class Social(ListRanker):
        def fit_among(self, candidates: Any, background: Any, now: Any, libraries: Any) -> Any:
            told.extend(libraries)
            return self.fit(candidates, background, now)

    assert turn(store, ranker=Social()).planned == 2
    assert [[paper.key for paper in library] for library in told] == [
        [one.key],
        [one.key, two.key],
    ]


def test_the_rankers_work_is_done_outside_of_transactions(store: Store) -> None:
    subscribe(store)
    bring(store, *papers(1))

    class Meddler(ListRanker):
        """A ranker that writes to the database, as the web does meanwhile."""

        def fit(self, *arguments: Any) -> Any:
            subscribe(store, "at-fit@example.org", hour=9)
            ranking = super().fit(*arguments)
            score = ranking.score

            def meddling(profiles: Any) -> Any:
                subscribe(store, "at-score@example.org", hour=9)
                return score(profiles)

            ranking.score = meddling  # type: ignore[method-assign]
            return ranking

    assert turn(store, ranker=Meddler()).planned == 1
    assert turn(store).waiting == 2


def picked(store: Store, reader: Subscriber) -> list[tuple[str, float, str]]:
    """Return what stands in the reader's newest digest."""
    with store.read() as tx:
        newest = tx.deliveries.list(email=reader.email)[0]
        return [(one.paper.key, one.score, one.reason) for one in tx.deliveries.picks(newest.id)]


# --- expected attention ---------------------------------------------------------------------


def test_papers_without_votes_are_ordered_by_what_they_may_expect(store: Store) -> None:
    write_past(store, 320)
    unknown = paper("arxiv:2611.00001", title="Parity with data", abstract="We show parity.")
    famous = paper(
        "arxiv:2611.00002",
        title="Agent with data",
        abstract="We show agent planning with tool memory.",
        authors=("Ada Famous",),
    )
    bring(store, unknown, famous)
    reader = subscribe(store)
    assert turn(store, ranker=ranker("default")).planned == 1
    key, _, reason = picked(store, reader)[0]
    assert key == famous.key
    assert reason.startswith("expected to be looked at: ")
    assert "Ada Famous" in reason


def test_with_a_short_past_nothing_is_expected(store: Store) -> None:
    write_past(store, 20)
    bring(store, paper())
    subscribe(store)
    assert turn(store, ranker=ranker("default")).skipped == {"no-interests": 1}


@pytest.mark.parametrize(
    ("timezone", "hour", "asleep", "awake"),
    [
        # 16:05 of the day before, and their hour.
        ("America/Los_Angeles", 7, "2026-11-27T00:05", "2026-11-27T15:00"),
        # The edition of the evening before may still leave at midnight; it is of the pause.
        ("America/Los_Angeles", 20, "2026-11-27T08:05", "2026-11-28T04:00"),
        ("Pacific/Auckland", 7, "2026-11-26T17:55", "2026-11-26T18:00"),
    ],
)
def test_a_pause_ends_at_the_readers_hour_of_that_day(
    store: Store, timezone: str, hour: int, asleep: str, awake: str
) -> None:
    reader = subscribe(store, hour=hour, timezone=timezone)
    with store.write() as tx:
        tx.subscribers.edit(
            reader.id, status=SubscriberStatus.PAUSED, paused_until=date(2026, 11, 27)
        )
    before, after = (datetime.fromisoformat(f"{at}+00:00") for at in (asleep, awake))
    bring(store, *papers(3), at=before - timedelta(hours=1))
    assert turn(store, now=before).planned == 0
    assert turn(store, now=after).planned == 1


def test_the_hour_of_a_pause_can_be_forced_its_day_cannot(store: Store) -> None:
    reader = subscribe(store, hour=7, timezone="America/Los_Angeles")
    with store.write() as tx:
        tx.subscribers.edit(
            reader.id, status=SubscriberStatus.PAUSED, paused_until=date(2026, 11, 27)
        )
    bring(store, *papers(3))
    day_before, midnight = (datetime(2026, 11, 27, hour, 5, tzinfo=UTC) for hour in (0, 8))
    assert turn(store, now=day_before, force=True).planned == 0
    assert turn(store, now=midnight, force=True).planned == 1
