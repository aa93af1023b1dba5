"""What the rows promise, on SQLite and on PostgreSQL."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from datetime import timedelta
from functools import partial
from pathlib import Path
from threading import Barrier
from typing import Any

import pytest
from sqlalchemy import Engine, event, select, update

from digest import feedback
from digest.errors import InvalidInput, NotFound, StoreBusy
from digest.model import (
    AsListed,
    Cadence,
    DeliveryKind,
    DeliveryState,
    Interest,
    InterestKind,
    Opinion,
    Rhythm,
    Signal,
    SignalName,
    SkipReason,
    SubscriberStatus,
    SuppressionReason,
)
from digest.store import Store, tables
from tests.integration.conftest import hash_email
from tests.support.samples import NOW, paper, papers, pick, plan, subscribe

HOUR = timedelta(hours=1)


def test_a_paper_comes_back_as_it_went_in(store: Store) -> None:
    one = replace(
        paper(),
        published_at=NOW,
        updated_at=NOW,
        organisation="The Fold",
        as_listed=AsListed(NOW + timedelta(microseconds=812_000), has_media=True, keywords=2),
    )
    with store.write() as tx:
        tx.papers.add([one], source="arxiv", listed_at=NOW)
    with store.read() as tx:
        assert tx.papers.get(one.key) == one
        assert [each.paper for each in tx.papers.listed(NOW - HOUR, NOW)] == [one]
        assert tx.papers.listed(NOW, NOW + HOUR) == []


def test_what_no_list_showed_comes_back_as_unknown(store: Store) -> None:
    one, other = papers(2)
    with store.write() as tx:
        tx.papers.add([one, replace(other, as_listed=AsListed())], source="arxiv", listed_at=NOW)
        tx.papers.change([replace(one, organisation="The Fold")], changed_at=NOW)
    with store.read() as tx:
        found = tx.papers.many([one.key, other.key])
    assert (found[one.key].as_listed, found[one.key].organisation) == (None, "The Fold")
    assert found[other.key].as_listed == AsListed()


def test_a_write_that_raises_leaves_nothing(store: Store) -> None:
    with pytest.raises(RuntimeError), store.write() as tx:
        tx.papers.add([paper()], source="arxiv", listed_at=NOW)
        raise RuntimeError
    with store.read() as tx:
        assert tx.papers.count() == 0


def test_a_rehearsal_sees_its_writes_and_leaves_nothing(store: Store) -> None:
    with store.rehearse() as rehearsal:
        with rehearsal.write() as tx:
            tx.papers.add([paper()], source="arxiv", listed_at=NOW)
        with rehearsal.read() as tx:
            assert tx.papers.count() == 1
    with store.read() as tx:
        assert tx.papers.count() == 0


def test_signals_are_written_when_they_move(store: Store) -> None:
    def seen(value: int, hours: int) -> Signal:
        return Signal(paper().key, "hf", SignalName.UPVOTES, value, NOW + hours * HOUR)

    with store.write() as tx:
        tx.papers.add([paper()], source="hf", listed_at=NOW)
        assert tx.signals.record([seen(3, 0)]) == 1
        assert tx.signals.record([seen(3, 1), seen(5, 2)]) == 1
        stranger = replace(seen(9, 3), paper_key="arxiv:2611.99999")
        assert tx.signals.record([stranger]) == 0
    with store.read() as tx:
        (candidate,) = tx.papers.listed(NOW - HOUR, NOW + 5 * HOUR)
    assert [signal.value for signal in candidate.signals] == [3, 5]


def test_papers_that_a_list_with_upvotes_showed_are_found(store: Store) -> None:
    plain, voted, unvoted = papers(3)
    with store.write() as tx:
        tx.papers.add((plain, voted, unvoted), source="hf", listed_at=NOW)
        for one, name, value in (
            (voted, "upvotes", 3),
            (unvoted, "upvotes", 0),
            (plain, "stars", 9),
        ):
            tx.signals.record([Signal(one.key, "hf", SignalName(name), value, NOW + HOUR)])
    with store.read() as tx:
        found = tx.papers.voted(NOW - HOUR, NOW, seen=NOW + HOUR)
        assert {one.paper.key for one in found} == {voted.key, unvoted.key}
        assert [signal.value for one in found for signal in one.signals] == [3, 0]
        assert tx.papers.count_voted(NOW - HOUR, NOW, seen=NOW + HOUR) == (2, NOW)
        assert tx.papers.voted(NOW - HOUR, NOW, seen=NOW) == []
        assert tx.papers.voted(NOW, NOW + HOUR, seen=NOW + HOUR) == []


def test_how_the_figures_of_papers_went_is_read_for_the_newest(store: Store) -> None:
    with store.write() as tx:
        for number in range(5):
            one = replace(paper(f"x:{number}"), categories=("cs.RO", "cs.AI")[: number + 1])
            tx.papers.add([one], source="hub", listed_at=NOW - number * HOUR)
            if number != 1:
                seen_at = NOW - number * HOUR + HOUR / 2
                tx.signals.record([Signal(one.key, "hub", SignalName.UPVOTES, number + 1, seen_at)])
    with store.read() as tx:
        tracks = tx.papers.tracks(NOW - 4 * HOUR, NOW, limit=2)
        moved = tx.listings.moved(NOW - 3 * HOUR, NOW, limit=9).values()
        days = tx.papers.announced(NOW - 4 * HOUR, NOW)
    assert [(one.category, one.listed_at, len(one.signals)) for one in tracks] == [
        # The figure of the newest comes later.
        ("cs.RO", NOW - 2 * HOUR, 1),
        ("cs.RO", NOW - 3 * HOUR, 1),
    ]
    assert {one.paper.key for one in moved} == {"x:2", "x:3"}
    assert days == {NOW.date(): 4}


def test_an_address_is_one_subscriber_however_it_is_written(store: Store) -> None:
    reader = subscribe(store, "Robotics@Example.org")
    with pytest.raises(InvalidInput, match="is a subscriber already"):
        subscribe(store, "robotics@example.ORG")
    with store.read() as tx:
        assert tx.subscribers.by_email(" ROBOTICS@example.org") == reader
        assert tx.subscribers.counts() == {"confirmed": 1}


def test_interests_are_replaced_as_a_whole(store: Store) -> None:
    reader = subscribe(store, "a@example.org", "grasping", "tactile")
    wanted = [Interest(InterestKind.KEYWORD, "tactile", -1.0)]
    with store.write() as tx:
        tx.subscribers.set_interests(reader.id, wanted, NOW)
    with store.read() as tx:
        found = tx.subscribers.by_id(reader.id)
    assert found is not None
    assert found.interests == tuple(wanted)


def test_pauses_end_by_the_rhythm(store: Store) -> None:
    first, second = (NOW.date() + timedelta(days=days) for days in (1, 2))
    with store.write() as tx:
        for number, (until, chosen) in enumerate(
            [(first, {}), (first, {}), (second, {}), (first, {"hour": 6, "timezone": "Asia/Tokyo"})]
        ):
            reader = tx.subscribers.add(
                email=f"{number}@example.org", status=SubscriberStatus.PAUSED, now=NOW, **chosen
            )
            tx.subscribers.edit(reader.id, paused_until=until)
        assert tx.subscribers.pauses(until=NOW.date()) == []
        plain, tokyo = Rhythm(), Rhythm(hour=6, timezone="Asia/Tokyo")
        assert set(tx.subscribers.pauses(until=first)) == {(plain, first), (tokyo, first)}
        assert tx.subscribers.wake(plain, first) == 2
        assert tx.subscribers.pauses(until=first) == [(tokyo, first)]
        assert tx.subscribers.counts() == {"confirmed": 2, "paused": 2}


def test_a_later_opinion_replaces_an_earlier_one(store: Store) -> None:
    reader = subscribe(store)
    with store.write() as tx:
        tx.papers.add([paper()], source="arxiv", listed_at=NOW)
        tx.feedback.give(reader.id, paper().key, Opinion.MORE, now=NOW)
        tx.feedback.give(reader.id, paper().key, Opinion.LESS, now=NOW)
        assert [each.opinion for each in tx.feedback.of(reader.id)] == [Opinion.LESS]
        with pytest.raises(NotFound):
            tx.feedback.give(reader.id, "arxiv:2611.99999", Opinion.MORE, now=NOW)


def test_a_key_that_no_paper_can_have_is_that_of_none(store: Store) -> None:
    reader = subscribe(store)
    with store.write() as tx:
        tx.papers.add([paper()], source="arxiv", listed_at=NOW)
        assert list(tx.papers.many(["\0", paper().key])) == [paper().key]
        with pytest.raises(NotFound):
            tx.feedback.give(reader.id, "arxiv:\0", Opinion.MORE, now=NOW)
        tx.feedback.withdraw(reader.id, "\0")
        with pytest.raises(NotFound):
            feedback.look(tx, reader.public_id, "\0", Opinion.MORE)


def test_opinions_of_one_reader_are_forgotten_together(store: Store) -> None:
    reader, other = subscribe(store), subscribe(store, "other@example.org")
    with store.write() as tx:
        tx.papers.add(papers(2), source="arxiv", listed_at=NOW)
        for one in papers(2):
            tx.feedback.give(reader.id, one.key, Opinion.MORE, now=NOW)
            tx.feedback.give(other.id, one.key, Opinion.MORE, now=NOW)
        tx.feedback.forget(reader.id)
        assert tx.feedback.of(reader.id) == []
        assert len(tx.feedback.of(other.id)) == 2


def test_what_one_reader_has_received_is_listed_with_its_papers(store: Store) -> None:
    reader, other = subscribe(store), subscribe(store, "other@example.org")
    with store.write() as tx:
        tx.papers.add(papers(3), source="arxiv", listed_at=NOW)
        edition = tx.editions.ensure(Cadence.DAILY, NOW.date(), now=NOW)
        for who in (reader, other):
            picks = tuple(pick(one, place) for place, one in enumerate(papers(3), start=1))
            tx.deliveries.plan([plan(who, picks=picks, edition_id=edition.id)])
        ((delivery, picks_of_it),) = tx.deliveries.received(reader.id)
        assert delivery.subscriber_id == reader.id
        assert picks_of_it == tx.deliveries.picks(delivery.id) == list(picks)


def test_libraries_hold_what_is_liked_and_given_most_often(store: Store) -> None:
    one, two, three, four = papers(4)
    readers = [subscribe(store, f"{number}@example.org") for number in range(4)]
    with store.write() as tx:
        tx.papers.add(papers(4), source="arxiv", listed_at=NOW)
        for reader in readers[:3]:
            tx.feedback.give(reader.id, one.key, Opinion.MORE, now=NOW)
        for reader in readers[1:3]:
            tx.feedback.give(reader.id, two.key, Opinion.MORE, now=NOW)
        tx.feedback.give(readers[0].id, three.key, Opinion.LESS, now=NOW)
        seeds = [
            Interest(InterestKind.SEED, two.key),
            Interest(InterestKind.SEED, three.key, -1.0),
            Interest(InterestKind.SEED, "arxiv:2611.99999"),
            Interest(InterestKind.KEYWORD, four.key),
        ]
        tx.subscribers.set_interests(readers[2].id, seeds, NOW)
        tx.subscribers.set_interests(readers[3].id, [Interest(InterestKind.SEED, four.key)], NOW)
    with store.read() as tx:
        everything = tx.feedback.libraries(papers_at_most=10)
        popular = tx.feedback.libraries(papers_at_most=2)
    assert everything == [[one.key], [one.key, two.key], [one.key, two.key], [four.key]]
    assert popular == everything[:3]


def test_a_suppression_outlives_the_subscriber(store: Store) -> None:
    reader = subscribe(store)
    with store.write() as tx:
        tx.suppressions.add(hash_email(reader.email), SuppressionReason.ERASED, now=NOW)
        assert tx.suppressions.of(reader.id) is SuppressionReason.ERASED
        tx.subscribers.erase(reader.id)
        assert tx.suppressions.reason(hash_email(reader.email)) is SuppressionReason.ERASED


def test_erasing_somebody_keeps_the_figures_of_the_edition(store: Store) -> None:
    reader = subscribe(store)
    with store.write() as tx:
        tx.papers.add([paper()], source="arxiv", listed_at=NOW)
        tx.deliveries.plan([plan(reader, picks=(pick(paper()),))])
        tx.subscribers.erase(reader.id)
        (delivery,) = tx.deliveries.list()
    assert delivery.subscriber_id is None


def test_nothing_that_names_somebody_or_what_they_like_outlives_them(store: Store) -> None:
    """Also where a reason quotes an interest, and a relay the address."""
    reader = subscribe(store)
    told = replace(pick(paper()), reason="matches your keyword pottery")
    kept = {"message_id": "<1@example.org>", "facts": {"about": {"topics": ["pottery"]}}}
    relay = f"550 5.1.1 <{reader.email}>: nobody here"
    with store.write() as tx:
        tx.papers.add([paper()], source="arxiv", listed_at=NOW)
        tx.subscribers.set_interests(reader.id, [Interest(InterestKind.KEYWORD, "pottery")], NOW)
        tx.feedback.give(reader.id, paper().key, Opinion.MORE, now=NOW)
        tx.deliveries.plan([plan(reader, picks=(told,), **kept)])
        (delivery,) = tx.deliveries.list()
        asked = update(tables.deliveries).where(tables.deliveries.c.id == delivery.id)
        failed = {"state": DeliveryState.FAILED, "reason": relay, "last_reply": relay}
        tx.deliveries._connection.execute(asked.values(**failed))
        tx.subscribers.erase(reader.id)
    with store.read() as tx:
        connection = tx.deliveries._connection
        left = [
            str(row)
            for table in tables.metadata.sorted_tables
            for row in connection.execute(select(table))
        ]
    for word in (reader.email, reader.public_id, hash_email(reader.email), "pottery"):
        assert [one for one in left if word in one] == []


def test_why_somebody_was_skipped_outlives_them(store: Store) -> None:
    readers = [subscribe(store, f"reader{number}@example.org") for number in range(2)]
    with store.write() as tx:
        tx.deliveries.plan([plan(one, reason=SkipReason.NO_MATCH) for one in readers])
        for one in readers:
            tx.subscribers.erase(one.id)
        found = tx.deliveries.list()
    assert [(one.state, one.reason) for one in found] == [
        (DeliveryState.SKIPPED, SkipReason.NO_MATCH)
    ] * 2


def test_planning_twice_writes_one_row(store: Store) -> None:
    reader = subscribe(store)
    with store.write() as tx:
        tx.papers.add(papers(2), source="arxiv", listed_at=NOW)
        first, second = (plan(reader, picks=(pick(one),)) for one in papers(2))
        assert tx.deliveries.plan([first]) == [first]
        assert tx.deliveries.plan([second]) == []
        (delivery,) = tx.deliveries.list()
        assert [one.paper for one in tx.deliveries.picks(delivery.id)] == [papers(2)[0]]


def test_a_delivery_that_was_skipped_for_want_of_papers_is_planned_anew(store: Store) -> None:
    reader = subscribe(store)
    empty = plan(reader, reason=SkipReason.NO_PAPERS)
    with store.write() as tx:
        tx.papers.add([paper()], source="arxiv", listed_at=NOW)
        edition = tx.editions.ensure(Cadence.DAILY, NOW.date(), now=NOW)
        tx.deliveries.plan([replace(empty, edition_id=edition.id)])
        unplanned = partial(tx.subscribers.unplanned, Cadence.DAILY, edition)
        assert unplanned(newest_paper=NOW) == {}
        assert unplanned(newest_paper=NOW + HOUR) == {Rhythm(): 1}
        assert len(tx.deliveries.plan([plan(reader, picks=(pick(paper()),))])) == 1
        (delivery,) = tx.deliveries.list()
        assert delivery.state is DeliveryState.PLANNED
        assert len(tx.deliveries.picks(delivery.id)) == 1
        assert tx.digests.shown([reader.id], [paper().key], after=NOW - HOUR) == {
            reader.id: {paper().key}
        }


def test_what_was_never_delivered_may_be_shown_again(store: Store) -> None:
    reader = subscribe(store)
    with store.write() as tx:
        tx.papers.add([paper()], source="arxiv", listed_at=NOW)
        tx.deliveries.plan([plan(reader, picks=(pick(paper()),))])
        assert tx.digests.considered_until([reader.id], after=NOW - HOUR) == {reader.id: NOW}
        (delivery,) = tx.deliveries.list()
        tx.deliveries.move(delivery.id, expected=DeliveryState.PLANNED, to=DeliveryState.FAILED)
        assert tx.digests.considered_until([reader.id], after=NOW - HOUR) == {}
        assert tx.digests.shown([reader.id], [paper().key], after=NOW - HOUR) == {}


def test_an_edition_is_written_once(store: Store) -> None:
    with store.write() as tx:
        first = tx.editions.ensure(Cadence.DAILY, NOW.date(), now=NOW)
        later = tx.editions.ensure(Cadence.DAILY, NOW.date(), now=NOW + HOUR)
        assert later == replace(first, closes_at=NOW + HOUR)
        assert tx.editions.ensure(Cadence.DAILY, NOW.date(), now=NOW) == later


def test_two_workers_never_reserve_the_same_delivery(store: Store) -> None:
    with store.write() as tx:
        tx.deliveries.plan([])
    for number in range(40):
        reader = subscribe(store, f"reader{number}@example.org")
        with store.write() as tx:
            tx.deliveries.plan([plan(reader)])

    def work(worker: str) -> list[int]:
        reserved: list[int] = []
        while True:
            with store.write() as tx:
                ids = tx.outbox.reserve(worker, now=NOW, lease_until=NOW + HOUR, limit=3)
            if not ids:
                return reserved
            reserved += ids

    with ThreadPoolExecutor(max_workers=4) as pool:
        claims = [each for ids in pool.map(work, "abcd") for each in ids]
    assert len(claims) == len(set(claims)) == 40


def test_a_delivery_moves_only_from_where_it_is_and_for_who_holds_it(store: Store) -> None:
    reader = subscribe(store)
    with store.write() as tx:
        tx.deliveries.plan([plan(reader)])
        (id_,) = tx.outbox.reserve("a", now=NOW, lease_until=NOW + HOUR, limit=9)
        tx.outbox.start("b", [id_], lease_until=NOW + HOUR)
        assert tx.deliveries.counts() == {"planned": 1}
        tx.outbox.start("a", [id_], lease_until=NOW + HOUR)
        assert tx.deliveries.counts() == {"sending": 1}
        move = tx.deliveries.move
        assert not move(id_, expected=DeliveryState.PLANNED, to=DeliveryState.SKIPPED)
        assert tx.outbox.sent("b", {id_: "250 ok"}, now=NOW) == {id_}
        assert not tx.outbox.move("b", id_, DeliveryState.FAILED, {})
        assert tx.outbox.sent("a", {id_: "250 ok"}, now=NOW) == set()
        assert not tx.outbox.move("a", id_, DeliveryState.FAILED, {})
        assert tx.deliveries.counts() == {"sent": 1}


def test_what_was_given_up_as_unknown_is_put_right_when_the_reply_comes(store: Store) -> None:
    reader = subscribe(store)
    with store.write() as tx:
        tx.deliveries.plan([plan(reader)])
        (id_,) = tx.outbox.reserve("a", now=NOW, lease_until=NOW + HOUR, limit=9)
        tx.outbox.start("a", [id_], lease_until=NOW + HOUR)
        assert tx.deliveries.move(id_, expected=DeliveryState.SENDING, to=DeliveryState.UNKNOWN)
        assert tx.outbox.sent("a", {id_: "250 ok"}, now=NOW) == set()
        assert tx.deliveries.counts() == {"sent": 1}


def test_what_is_reserved_can_be_given_back_or_moved_by_somebody_else(store: Store) -> None:
    readers = [subscribe(store, f"reader{number}@example.org") for number in range(3)]
    with store.write() as tx:
        tx.deliveries.plan([plan(reader) for reader in readers])
        first, second, third = tx.outbox.reserve("a", now=NOW, lease_until=NOW + HOUR, limit=9)
        assert tx.outbox.due(now=NOW) == 0
        assert tx.outbox.due(now=NOW + HOUR) == 3
        waiting = DeliveryState.PLANNED
        assert tx.deliveries.move(first, expected=waiting, to=DeliveryState.SKIPPED)
        assert set(tx.outbox.standings("a", [first, second, third])) == {second, third}
        tx.outbox.start("a", [second], lease_until=NOW + HOUR)
        assert tx.outbox.release("a") == 1
        assert tx.outbox.reserve("b", now=NOW, lease_until=NOW + HOUR, limit=9) == [third]


def test_nothing_is_reserved_before_its_time_and_nothing_leaves_after_it(store: Store) -> None:
    reader = subscribe(store)
    with store.write() as tx:
        tx.deliveries.plan([plan(reader, due_at=NOW + HOUR, expires_at=NOW + 2 * HOUR)])
        assert tx.outbox.reserve("a", now=NOW, lease_until=NOW, limit=1) == []
        assert tx.outbox.expire(now=NOW + HOUR) == 0
        assert tx.outbox.expire(now=NOW + 2 * HOUR) == 1
        assert tx.outbox.reserve("a", now=NOW + 2 * HOUR, lease_until=NOW, limit=1) == []


def test_two_planners_write_each_delivery_once(store: Store) -> None:
    readers = [subscribe(store, f"reader{number}@example.org") for number in range(30)]
    with store.write() as tx:
        tx.papers.add([paper()], source="arxiv", listed_at=NOW)
    together = Barrier(2)

    def work(_planner: int) -> int:
        written = 0
        for number, reader in enumerate(readers):
            day = NOW.date() + timedelta(days=number)
            together.wait(timeout=10)
            with store.write() as tx:
                edition = tx.editions.ensure(Cadence.DAILY, day, now=NOW)
                wanted = plan(reader, picks=(pick(paper()),), edition_id=edition.id)
                written += len(tx.deliveries.plan([wanted]))
        return written

    with ThreadPoolExecutor(max_workers=2) as pool:
        assert sum(pool.map(work, range(2))) == len(readers)
    with store.read() as tx:
        assert len(tx.editions.list()) == len(tx.deliveries.list()) == len(readers)


def test_what_answers_somebody_goes_before_digests_that_have_waited_longer(store: Store) -> None:
    readers = [subscribe(store, f"reader{number}@example.org") for number in range(4)]
    answers = [
        plan(reader, kind=kind, key=f"{kind}:{reader.public_id}", message_id=f"<{kind}@x>", **when)
        for reader, kind, when in (
            (readers[0], DeliveryKind.CONFIRM, {}),
            (readers[1], DeliveryKind.LINK, {"due_at": NOW + HOUR}),
        )
    ]
    with store.write() as tx:
        tx.deliveries.plan([plan(reader, due_at=NOW - HOUR) for reader in readers])
        tx.deliveries.plan(answers)
        reserve = partial(tx.outbox.reserve, "a", now=NOW, lease_until=NOW + HOUR, limit=3)
        first = [tx.deliveries.get(id_) for id_ in reserve()]
        assert [one and one.kind for one in first] == ["confirm", "digest", "digest"]
        assert len(reserve()) == 2


def test_runs_are_listed_newest_first_and_pruned(store: Store) -> None:
    with store.write() as tx:
        for hours in range(3):
            run = tx.runs.start("run", now=NOW + hours * HOUR)
        tx.runs.finish(run, outcome="complete", report={"sent": 3}, now=NOW + 3 * HOUR)
        assert tx.runs.prune(before=NOW + HOUR) == 1
        newest, oldest = tx.runs.list()
    assert (newest.outcome, newest.report, oldest.finished_at) == ("complete", {"sent": 3}, None)


def test_what_somebody_had_is_found_by_their_name_and_not_by_looking_through_all_history(
    sqlite_store: Store,
) -> None:
    reader = subscribe(sqlite_store)
    plans = []
    with sqlite_store.write() as tx:
        tx.papers.add([paper()], source="arxiv", listed_at=NOW)
        connection = tx.deliveries._connection

        @event.listens_for(connection, "before_cursor_execute")
        def explain(_: Any, cursor: Any, statement: str, parameters: Any, *more: Any) -> None:
            if statement.startswith("SELECT"):
                cursor.execute(f"EXPLAIN QUERY PLAN {statement}", parameters)
                plans.extend(row[3] for row in cursor.fetchall())

        edition = tx.editions.ensure(Cadence.DAILY, NOW.date(), now=NOW)
        tx.digests.considered_until([reader.id], after=NOW - HOUR)
        tx.digests.shown([reader.id], [paper().key], after=NOW - HOUR)
        tx.subscribers.rhythms()
        tx.subscribers.unplanned(Cadence.DAILY, edition, newest_paper=NOW)
        tx.subscribers.to_plan(Rhythm(), edition, newest_paper=NOW, after=0, limit=9)
    assert len(plans) > 5
    assert not [step for step in plans if step.startswith("SCAN")]
    assert not [step for step in plans if "ix_deliveries_state" in step]


# --- what a long row costs ----------------------------------------------------------------


@contextmanager
def counted_steps() -> Iterator[list[int]]:
    """Count what SQLite's machine does on connections that are made meanwhile, in hundreds."""
    steps = [0]

    def step() -> int:
        steps[0] += 1
        return 0

    def watch(connection: sqlite3.Connection, _record: object) -> None:
        connection.set_progress_handler(step, 100)

    event.listen(Engine, "connect", watch)
    try:
        yield steps
    finally:
        event.remove(Engine, "connect", watch)


def steps_of_one_shard(url: str, waiting: int) -> int:
    store = Store(url, hash_email=hash_email)
    store.upgrade()
    readers = [subscribe(store, f"reader{number}@example.org") for number in range(waiting)]
    with store.write() as tx:
        tx.deliveries.plan([plan(reader) for reader in readers])
    store.close()
    with counted_steps() as steps:
        with store.write() as tx:
            ids = tx.outbox.reserve("here/1", now=NOW, lease_until=NOW + HOUR, limit=20)
            tx.outbox.standings("here/1", ids)
            tx.outbox.start("here/1", ids, lease_until=NOW + HOUR)
            tx.outbox.sent("here/1", dict.fromkeys(ids, "250 ok"), now=NOW)
        store.close()
    return steps[0]


def test_what_answers_somebody_is_found_without_a_look_at_digests(sqlite_store: Store) -> None:
    plans = []
    with sqlite_store.write() as tx:
        connection = tx.outbox._connection

        @event.listens_for(connection, "before_cursor_execute")
        def explain(_: Any, cursor: Any, statement: str, parameters: Any, *more: Any) -> None:
            if "kind" in statement:
                cursor.execute(f"EXPLAIN QUERY PLAN {statement}", parameters)
                plans.extend(row[3] for row in cursor.fetchall())

        tx.outbox.reserve("here/1", now=NOW, lease_until=NOW + HOUR, limit=20)
    assert len(plans) == 2
    assert all("ix_deliveries_answers" in step for step in plans)


def test_a_shard_costs_the_same_however_many_deliveries_wait(tmp_path: Path) -> None:
    few = steps_of_one_shard(f"sqlite:///{tmp_path / 'few.db'}", 40)
    many = steps_of_one_shard(f"sqlite:///{tmp_path / 'many.db'}", 800)
    assert 0 < many < 2 * few


@pytest.mark.slow
def test_a_database_whose_connections_are_all_in_use_is_busy(sqlite_store: Store) -> None:
    with ExitStack() as others, pytest.raises(StoreBusy):
        while True:
            others.enter_context(sqlite_store.read())
