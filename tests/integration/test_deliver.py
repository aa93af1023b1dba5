"""Deliveries go over a transport, each one once, whatever happens to its neighbours."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable
from contextlib import closing
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from digest import deliver
from digest.config import DeliverySettings
from digest.deliver import Compose, DeliverReport
from digest.deliver.ledger import Ledger
from digest.deliver.pace import Paces
from digest.deliver.turns import Turn
from digest.deliver.verdict import LEASE
from digest.errors import (
    OutcomeUnknown,
    PermanentFailure,
    StoreBusy,
    TemporaryFailure,
    TransportRefused,
    TransportUnavailable,
)
from digest.model import Delivery, DeliveryState, Message, Pick, Subscriber, SubscriberStatus
from digest.store import Store
from digest.testing import FakeClock, FakeTransport
from tests.support.samples import NOW, compose, plan, subscribe


def send(
    store: Store,
    transport: FakeTransport,
    *,
    clock: FakeClock | None = None,
    compose: Compose = compose,
    unknown: str = "resend",
    connections: int = 1,
) -> DeliverReport:
    return deliver.run(
        store,
        transport,
        compose,
        settings=DeliverySettings.model_validate({"unknown": unknown}),
        clock=clock or FakeClock(NOW),
        worker="here/1/1",
        is_gone=lambda worker: worker.startswith("dead") or None,
        connections=connections,
    )


def planned(store: Store, count: int) -> list[Subscriber]:
    readers = [subscribe(store, f"reader{number}@example.org") for number in range(count)]
    with store.write() as tx:
        tx.deliveries.plan([plan(reader) for reader in readers])
    return readers


def states(store: Store) -> dict[str, int]:
    with store.read() as tx:
        return tx.deliveries.counts()


@pytest.mark.parametrize("connections", [1, 4])
def test_everybody_gets_one_message(store: Store, connections: int) -> None:
    readers = planned(store, 12)
    transport = FakeTransport()
    report = send(store, transport, connections=connections)
    assert report.sent == 12
    assert sorted(message.recipient for message in transport.messages) == sorted(
        reader.email for reader in readers
    )
    assert states(store) == {"sent": 12}
    assert send(store, transport).sent == 0
    assert len(transport.messages) == 12


def test_one_bad_recipient_stops_nobody(store: Store) -> None:
    planned(store, 3)
    transport = FakeTransport()
    transport.fail("reader0@example.org", PermanentFailure("no", reply="550 no"))
    transport.fail("reader1@example.org", TemporaryFailure("later", reply="451 later"))
    report = send(store, transport)
    assert (report.sent, report.failed, report.deferred) == (1, 1, 1)
    assert states(store) == {"sent": 1, "failed": 1, "deferred": 1}


def test_a_message_that_cannot_be_made_stops_nobody(store: Store) -> None:
    planned(store, 2)

    def broken(delivery: Delivery, subscriber: Subscriber, picks: list[Pick]) -> Message:
        if subscriber.email.startswith("reader0"):
            raise KeyError("title")
        return compose(delivery, subscriber, picks)

    report = send(store, FakeTransport(), compose=broken)
    assert (report.sent, report.failed) == (1, 1)
    with store.read() as tx:
        (failed,) = tx.deliveries.list(state=DeliveryState.FAILED)
    assert "KeyError" in failed.reason


def test_a_deferred_message_goes_after_its_backoff_with_the_same_message_id(store: Store) -> None:
    planned(store, 1)
    clock, transport = FakeClock(NOW), FakeTransport()
    transport.fail("reader0@example.org", TemporaryFailure("later"))
    assert send(store, transport, clock=clock).deferred == 1
    assert send(store, transport, clock=clock).sent == 0
    clock.advance(15 * 60)
    assert send(store, transport, clock=clock).sent == 1
    with store.read() as tx:
        (delivery,) = tx.deliveries.list()
    assert delivery.attempts == 2
    assert delivery.message_id.encode() in transport.messages[0].content


@pytest.mark.parametrize("error", [TransportUnavailable("away"), TransportRefused("bad login")])
def test_a_relay_that_cannot_be_used_spends_no_attempt(
    store: Store, error: TransportUnavailable
) -> None:
    planned(store, 3)
    transport = FakeTransport()
    transport.fail_to_open(error)
    report = send(store, transport)
    assert (report.errors, report.exit_code) == ([str(error)], error.exit_code)
    assert states(store) == {"planned": 3}
    assert send(store, transport).sent == 3


def test_a_doubtful_message_is_sent_again_once_and_is_the_same(store: Store) -> None:
    planned(store, 2)
    transport = FakeTransport()
    transport.fail("reader0@example.org", OutcomeUnknown("lost"), taken=True)
    report = send(store, transport)
    assert (report.sent, report.unknown) == (2, 0)
    first, second = (m for m in transport.messages if m.recipient == "reader0@example.org")
    assert first == second
    transport.fail("reader0@example.org", OutcomeUnknown("lost"), taken=True)
    assert send(store, transport).sent == 0


def test_a_message_that_is_in_doubt_twice_is_held(store: Store) -> None:
    planned(store, 1)
    transport = FakeTransport()
    lost = [OutcomeUnknown("lost"), OutcomeUnknown("lost")]
    transport.fail("reader0@example.org", *lost, taken=True)
    assert send(store, transport).unknown == 1
    assert send(store, transport).sent == 0
    assert (len(transport.messages), states(store)) == (2, {"unknown": 1})


def test_what_another_process_left_in_doubt_hides_no_doubt_of_ours(store: Store) -> None:
    clock, transport = FakeClock(NOW), FakeTransport()
    planned(store, 1)
    transport.fail("reader0@example.org", OutcomeUnknown("lost"), TemporaryFailure("later"))
    assert send(store, transport, clock=clock).deferred == 1  # it was resent once
    other = subscribe(store, "reader1@example.org")
    with store.write() as tx:
        tx.deliveries.plan([plan(other)])
        (theirs,) = tx.outbox.reserve("other/1", now=NOW, lease_until=clock.now(), limit=1)
        tx.outbox.start("other/1", [theirs], lease_until=clock.now())
    clock.advance(30 * 60)
    transport.fail("reader0@example.org", OutcomeUnknown("lost"))
    dies = iter([False])  # while we send
    report = deliver.run(
        store,
        transport,
        compose,
        settings=DeliverySettings(),
        clock=clock,
        worker="here/1",
        is_gone=lambda _: next(dies, True),
    )
    assert (report.sent, report.unknown) == (1, 1)
    assert states(store) == {"sent": 1, "unknown": 1}


def test_doubtful_messages_are_held_where_the_policy_says_so(store: Store) -> None:
    planned(store, 2)
    transport = FakeTransport()
    transport.fail("reader0@example.org", OutcomeUnknown("lost"), taken=True)
    report = send(store, transport, unknown="hold")
    assert (report.sent, report.unknown) == (1, 1)
    assert states(store) == {"sent": 1, "unknown": 1}
    assert send(store, transport, unknown="hold").sent == 0


def started_by(store: Store, worker: str) -> int:
    """Have one planned delivery be sent by another worker now, and return it."""
    with store.write() as tx:
        until = NOW + LEASE
        (id_,) = tx.outbox.reserve(worker, now=NOW, lease_until=until, limit=1)
        tx.outbox.start(worker, [id_], lease_until=until)
    return id_


def test_what_a_dead_worker_held_is_sent_again_at_once(store: Store) -> None:
    planned(store, 1)
    started_by(store, "dead/1/1")
    assert send(store, FakeTransport()).sent == 1


def test_what_nobody_knows_to_be_dead_is_sent_again_a_while_after_its_lease(store: Store) -> None:
    planned(store, 1)
    started_by(store, "elsewhere/1/1")
    clock, transport = FakeClock(NOW), FakeTransport()
    assert send(store, transport, clock=clock).sent == 0
    clock.advance(LEASE.total_seconds())
    assert send(store, transport, clock=clock).sent == 0
    assert states(store) == {"unknown": 1}
    clock.advance(DeliverySettings().backoff)
    assert send(store, transport, clock=clock).sent == 1


def test_a_clock_that_is_ahead_has_nothing_sent_twice(store: Store) -> None:
    planned(store, 1)
    id_ = started_by(store, "elsewhere/1/1")
    ahead, transport = FakeClock(NOW + LEASE), FakeTransport()
    send(store, transport, clock=ahead)
    with store.write() as tx:
        assert tx.outbox.sent("elsewhere/1/1", {id_: "250 ok"}, now=NOW) == set()
    ahead.advance(DeliverySettings().backoff)
    send(store, transport, clock=ahead)
    assert transport.messages == []
    assert states(store) == {"sent": 1}


def test_who_leaves_after_planning_gets_nothing(store: Store) -> None:
    leaver, _ = planned(store, 2)
    with store.write() as tx:
        tx.subscribers.edit(leaver.id, status=SubscriberStatus.UNSUBSCRIBED)
    transport = FakeTransport()
    report = send(store, transport)
    assert (report.sent, report.skipped) == (1, {"not-confirmed": 1})
    assert [message.recipient for message in transport.messages] == ["reader1@example.org"]


def test_yesterdays_message_does_not_leave(store: Store) -> None:
    reader = subscribe(store)
    with store.write() as tx:
        tx.deliveries.plan([plan(reader, expires_at=NOW + timedelta(hours=1))])
    report = send(store, FakeTransport(), clock=FakeClock(NOW + timedelta(hours=1)))
    assert (report.sent, report.expired) == (0, 1)


def test_a_stop_ends_between_two_messages(store: Store) -> None:
    planned(store, 5)
    transport = FakeTransport()
    deliver.run(
        store,
        transport,
        compose,
        settings=DeliverySettings(),
        clock=FakeClock(NOW),
        worker="here/1/1",
        is_gone=lambda _: None,
        stopping=lambda: len(transport.messages) >= 2,
    )
    assert states(store) == {"sent": 2, "planned": 3}


def test_whoever_waits_for_a_page_goes_first_for_a_moment(store: Store) -> None:
    planned(store, 5)

    def spent(waited_for: Callable[[], bool]) -> float:
        clock = FakeClock(NOW)
        report = deliver.run(
            store,
            FakeTransport(),
            compose,
            settings=DeliverySettings(),
            clock=clock,
            worker="here/1/1",
            is_gone=lambda _: None,
            waited_for=waited_for,
        )
        assert not report.errors
        return (clock.now() - NOW).total_seconds()

    # Whoever waits without an end holds the mail up, and stops it not.
    assert 5 * 0.005 <= spent(lambda: True) <= 7 * 0.005
    assert states(store) == {"sent": 5}
    late = [subscribe(store, f"late{number}@example.org") for number in range(2)]
    with store.write() as tx:
        tx.deliveries.plan([plan(reader) for reader in late])
    once = iter([True])
    assert spent(lambda: next(once, False)) == pytest.approx(0.001)
    assert states(store) == {"sent": 7}


def test_nothing_leaves_late_although_the_run_began_in_time(store: Store) -> None:
    readers = [subscribe(store, f"reader{number}@example.org") for number in range(4)]
    with store.write() as tx:
        tx.deliveries.plan(
            [plan(reader, expires_at=NOW + timedelta(seconds=15)) for reader in readers]
        )
    clock, transport = FakeClock(NOW), FakeTransport()
    report = deliver.run(
        store,
        transport,
        compose,
        settings=DeliverySettings(),
        clock=clock,
        worker="here/1/1",
        is_gone=lambda _: None,
        rate_per_second=0.1,
    )
    assert len(transport.messages) == report.sent == 2
    assert report.expired == 2


def ledger(store: Store, clock: FakeClock) -> Ledger:
    return Ledger(
        store,
        compose,
        settings=DeliverySettings(),
        clock=clock,
        worker="here/1/1",
        paces=Paces(0.0, {}),
        connections=4,
        shard=1,
        report=DeliverReport(),
        stopping=lambda: False,
        enough=lambda: False,
        waited_for=None,
        progress=lambda: None,
    )


def test_a_clock_that_jumps_past_the_lease_lets_no_two_connections_send_the_same(
    store: Store,
) -> None:
    planned(store, 1)
    clock = FakeClock(NOW)
    made = ledger(store, clock)

    async def take_both() -> int:
        first = made.take()
        clock.advance(2 * LEASE.total_seconds())
        turns = [one for one in (first, made.take()) if isinstance(one, Turn)]
        return sum(await asyncio.gather(*(made.start(turn.claim) for turn in turns)))

    assert asyncio.run(take_both()) == 1


class _AwayClock(FakeClock):
    """A clock with which a table comes back after so many sleeps."""

    def __init__(self, path: Path, *, sleeps: int) -> None:
        super().__init__(NOW)
        self._path = path
        self._sleeps = sleeps

    def rename(self, before: str, after: str) -> None:
        with closing(sqlite3.connect(self._path)) as connection:
            connection.execute(f"ALTER TABLE {before} RENAME TO {after}")

    def sleep(self, seconds: float) -> None:
        super().sleep(seconds)
        self._sleeps -= 1
        if self._sleeps == 0:
            self.rename("away", "picks")


def send_while_picks_are_away(
    store: Store, clock: _AwayClock, transport: FakeTransport
) -> DeliverReport:
    """Send three messages; the database fails when the second is looked for."""
    composed: list[Delivery] = []

    def compose_first(delivery: Delivery, subscriber: Subscriber, picks: list[Pick]) -> Message:
        composed.append(delivery)
        if len(composed) == 1:
            clock.rename("picks", "away")
        return compose(delivery, subscriber, picks)

    return deliver.run(
        store,
        transport,
        compose_first,
        settings=DeliverySettings(unknown="hold"),
        clock=clock,
        worker="here/1/1",
        is_gone=lambda _: None,
        rate_per_second=0.2,  # one at a time
    )


def test_a_database_that_fails_for_a_while_is_waited_for(
    sqlite_store: Store, tmp_path: Path
) -> None:
    planned(sqlite_store, 3)
    transport = FakeTransport()
    clock = _AwayClock(tmp_path / "digest.db", sleeps=3)
    assert send_while_picks_are_away(sqlite_store, clock, transport).sent == 3
    assert len(transport.messages) == 3


def test_a_database_that_fails_for_good_leaves_nothing_in_doubt(
    sqlite_store: Store, tmp_path: Path
) -> None:
    planned(sqlite_store, 3)
    transport = FakeTransport()
    clock = _AwayClock(tmp_path / "digest.db", sleeps=0)
    with pytest.raises(StoreBusy):
        send_while_picks_are_away(sqlite_store, clock, transport)
    assert transport.messages == []
    assert states(sqlite_store) == {"planned": 2, "deferred": 1}


def test_whoever_waits_to_send_hears_of_every_error(store: Store) -> None:
    planned(store, 1)
    clock = _BrokenClock(NOW)
    made = ledger(store, clock)

    async def start() -> None:
        turn = made.take()
        assert isinstance(turn, Turn)
        clock.is_broken = True
        await asyncio.wait_for(made.start(turn.claim), timeout=10)

    with pytest.raises(ArithmeticError):
        asyncio.run(start())


class _BrokenClock(FakeClock):
    is_broken = False

    def now(self) -> datetime:
        if self.is_broken:
            raise ArithmeticError
        return super().now()


def test_a_transport_that_takes_nothing_costs_few_messages_an_attempt(store: Store) -> None:
    readers = planned(store, 12)
    transport = FakeTransport()
    for reader in readers:
        transport.fail(reader.email, TransportUnavailable("no space left"))
    report = send(store, transport)
    assert (report.errors, report.exit_code) == (["no space left"], 75)
    assert states(store) == {"deferred": 3, "planned": 9}


def test_a_worker_that_is_slow_and_alive_keeps_what_it_is_sending(store: Store) -> None:
    planned(store, 1)
    clock = FakeClock(NOW)
    made = ledger(store, clock)

    async def start() -> None:
        turn = made.take()
        assert isinstance(turn, Turn)
        assert await made.start(turn.claim)
        for _ in range(3):
            clock.advance(LEASE.total_seconds() * 0.6)
            made.renew()

    asyncio.run(start())
    # Another host, which knows nothing of that worker but its lease.
    deliver.recover(store, settings=DeliverySettings(), clock=clock, is_gone=lambda _: None)
    assert states(store) == {"sending": 1}
    clock.advance(LEASE.total_seconds())
    deliver.recover(store, settings=DeliverySettings(), clock=clock, is_gone=lambda _: None)
    assert states(store) == {"unknown": 1}
