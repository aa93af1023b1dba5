"""The whole sender against a relay that misbehaves: nothing is lost, nothing is doubled."""

from __future__ import annotations

import socket
import sqlite3
import threading
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from digest import deliver
from digest.clock import ShiftedClock
from digest.config import DeliverySettings, Smtp
from digest.deliver import DeliverReport
from digest.deliver.row import LONGEST
from digest.deliver.verdict import LIMIT
from digest.model import Delivery, DeliveryState, Message, Pick, Subscriber
from digest.ports import Clock
from digest.store import Store
from digest.testing import FakeClock
from digest.transports.smtp import SmtpTransport
from tests.support.relay import Relay, Script
from tests.support.samples import NOW, plan, subscribe

READERS = 12
LATER = NOW + timedelta(hours=12)


def compose(delivery: Delivery, subscriber: Subscriber, picks: list[Pick]) -> Message:
    """Make a message that is large enough to be cut."""
    head = f"Message-ID: {delivery.message_id}\r\nDate: {delivery.date:%a, %d %b %Y}\r\n\r\n"
    return Message("papers@example.org", subscriber.email, (head + "words \r\n" * 5000).encode())


def states(store: Store) -> dict[str, int]:
    with store.read() as tx:
        return tx.deliveries.counts()


def address(number: int) -> str:
    return f"reader{number}@example.org"


def planned(store: Store, count: int = READERS, **changes: Any) -> None:
    readers = [subscribe(store, address(number)) for number in range(count)]
    with store.write() as tx:
        tx.deliveries.plan([plan(reader, **changes) for reader in readers])


def send(
    store: Store,
    relay: Relay | int,
    *,
    clock: Clock | None = None,
    connections: int = 4,
    worker: str = "here/1/1",
    compose: deliver.Compose = compose,
    settings: Mapping[str, Any] | None = None,
    smtp: Mapping[str, Any] | None = None,
    **options: Any,
) -> DeliverReport:
    port = relay if isinstance(relay, int) else relay.port
    transport = SmtpTransport(
        Smtp.model_validate(
            {"host": "127.0.0.1", "port": port, "security": "none", "timeout": 5, **(smtp or {})}
        )
    )
    return deliver.run(
        store,
        transport,
        compose,
        settings=DeliverySettings.model_validate(settings or {}),
        clock=clock or ShiftedClock(NOW),
        worker=worker,
        is_gone=lambda _: None,
        connections=connections,
        **options,
    )


def by_reader(store: Store) -> dict[str, Delivery]:
    with store.read() as tx:
        found = {}
        for delivery in tx.deliveries.list():
            reader = tx.subscribers.by_id(delivery.subscriber_id or 0)
            assert reader is not None
            found[reader.email] = delivery
        return found


def counts(store: Store) -> dict[str, int]:
    with store.read() as tx:
        return tx.deliveries.counts()


VICTIM = address(3)

# verb, action, then: the victim's state, and how many copies the victim has.
ONE_MESSAGE = [
    ("RCPT", "450 4.2.0 come back later", "deferred", 0),
    ("RCPT", "550 5.1.1 nobody of that name", "failed", 0),
    ("DATA", "451 4.3.0 not now", "deferred", 0),
    ("DATA", "554 5.6.0 never", "failed", 0),
    ("DATA", "close", "sent", 1),  # as relays do with connections that were kept too long
    ("DOT", "451 4.3.0 try later", "deferred", 0),
    ("DOT", "552 5.3.4 too large", "failed", 0),
    ("DOT", "drop", "sent", 1),
    ("DOT", "close", "sent", 2),
    ("DOT", "garbage", "sent", 2),
    ("DOT", "pieces", "sent", 1),
    ("DOT", "delay 1.5", "sent", 1),
    ("RCPT", "pieces", "sent", 1),
    ("RCPT", "252 2.1.5 who knows", "sent", 1),
    ("RCPT", "200 OK", "sent", 1),
    ("DOT", "251 2.1.5 will be forwarded", "sent", 1),
    ("DOT", "200 OK", "sent", 1),
]


@pytest.mark.parametrize("eager", [False, True], ids=["503", "354"])
@pytest.mark.parametrize("pipelining", [True, False], ids=["pipelining", "one-by-one"])
@pytest.mark.parametrize(("verb", "action", "state", "copies"), ONE_MESSAGE)
def test_what_goes_wrong_with_one_message_touches_no_other(
    sqlite_store: Store,
    verb: str,
    action: str,
    state: str,
    copies: int,
    *,
    pipelining: bool,
    eager: bool,
) -> None:
    planned(sqlite_store)
    script: Script = {verb: {VICTIM: [action]}}
    with Relay(script, pipelining=pipelining, eager=eager) as relay:
        report = send(sqlite_store, relay, connections=2)
        inbox = relay.count()
    assert inbox.pop(VICTIM, 0) == copies
    assert inbox == {address(number): 1 for number in range(READERS) if number != 3}
    rows = by_reader(sqlite_store)
    assert rows.pop(VICTIM).state == state
    # A lone connection that was lost may have cost its neighbour nothing.
    assert {row.state for row in rows.values()} == {DeliveryState.SENT}
    assert report.errors == []
    if copies == 2:
        first, second = (one for one in relay.taken if one.recipient == VICTIM)
        assert (first.message_id, first.date) == (second.message_id, second.date)


@pytest.mark.parametrize("pipelining", [True, False], ids=["pipelining", "one-by-one"])
@pytest.mark.parametrize(
    "action", ["421 4.3.2 shutting down", "close", "garbage", "451 4.3.0 not now", "pieces"]
)
@pytest.mark.parametrize("verb", ["CONNECT", "MAIL", "RCPT", "DATA", "DOT", "RSET"])
def test_whatever_comes_at_whatever_time_nothing_is_lost(
    sqlite_store: Store, verb: str, action: str, *, pipelining: bool
) -> None:
    """One fault, then another try after the backoff: everybody has the message."""
    planned(sqlite_store)
    script: Script = {verb: {"*": [action]}, "RCPT": {VICTIM: ["450 4.2.0 later"]}}
    if verb == "RCPT":
        script = {"RCPT": {"*": [action]}}
    clock = FakeClock(NOW)
    with Relay(script, pipelining=pipelining) as relay:
        for _ in range(3):
            send(sqlite_store, relay, clock=clock)
            clock.advance(3600)
        inbox = relay.count()
    assert set(inbox) == {address(number) for number in range(READERS)}
    doubtful = verb == "DOT" and action in ("close", "garbage")
    assert sum(inbox.values()) <= READERS + doubtful
    assert counts(sqlite_store) == {"sent": READERS}


@pytest.mark.parametrize("pipelining", [True, False], ids=["pipelining", "one-by-one"])
@pytest.mark.parametrize(
    ("verb", "reply"),
    [
        ("RSET", "502 5.5.1 not implemented"),
        ("RSET", "451 4.3.0 not now"),
        ("MAIL", "503 5.5.1 nested MAIL command"),
        ("RCPT", "503 5.5.1 need MAIL"),
    ],
)
def test_a_connection_that_is_out_of_step_fails_no_reader(
    sqlite_store: Store, verb: str, reply: str, *, pipelining: bool
) -> None:
    planned(sqlite_store)
    unknown = {VICTIM: ["550 5.1.1 nobody of that name"]}
    script: Script = {"RCPT": unknown, verb: {"*": [reply]}}
    if verb == "MAIL":
        script = {"RCPT": unknown, "MAIL": {"*": ["250 2.1.0 ok", reply]}}
    if verb == "RCPT":
        script = {"RCPT": {**unknown, address(5): [reply]}}
    with Relay(script, pipelining=pipelining) as relay:
        report = send(sqlite_store, relay, connections=1)
        inbox = relay.count()
        assert relay.connections == 2
    assert inbox == {address(number): 1 for number in range(READERS) if number != 3}
    assert (report.failed, report.sent, report.errors) == (1, READERS - 1, [])


def test_with_hold_nothing_is_ever_doubled(store: Store) -> None:
    planned(store)
    with Relay({"DOT": {"*": ["close"] * 3}}) as relay:
        report = send(store, relay, settings={"unknown": "hold"})
        assert send(store, relay, settings={"unknown": "hold"}).sent == 0
        inbox = relay.count()
    assert report.unknown == 3
    assert inbox == {address(number): 1 for number in range(READERS)}
    assert counts(store) == {"sent": READERS - 3, "unknown": 3}


def test_greylisting_costs_time_and_nothing_else(store: Store) -> None:
    planned(store)
    later = "451 4.7.1 Greylisted, please try again in 300 seconds"
    clock = FakeClock(NOW)
    with Relay({"RCPT": {address(number): [later] for number in range(READERS)}}) as relay:
        report = send(store, relay, clock=clock, settings={"backoff": 60})
        assert (report.deferred, report.sent, report.errors) == (READERS, 0, [])
        clock.advance(120)
        assert send(store, relay, clock=clock, settings={"backoff": 60}).total == 0
        clock.advance(180)
        assert send(store, relay, clock=clock, settings={"backoff": 60}).sent == READERS
        assert relay.count() == {address(number): 1 for number in range(READERS)}


def test_a_relay_that_is_down_for_an_hour_spends_no_attempts(store: Store) -> None:
    planned(store)
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    clock = FakeClock(NOW)
    for _ in range(4):
        report = send(store, port, clock=clock)
        assert (report.total, report.exit_code) == (0, 75)
        clock.advance(900)
    assert {row.attempts for row in by_reader(store).values()} == {0}
    with Relay() as relay:
        assert send(store, relay, clock=clock).sent == READERS


@pytest.mark.parametrize("verb", ["RCPT", "DATA", "DOT"])
@pytest.mark.parametrize("readers", [2, 40])
def test_policy_refusals_in_a_row_stop_the_run_and_give_nobody_up(
    store: Store, verb: str, readers: int
) -> None:
    planned(store, readers)
    clock = FakeClock(NOW)
    with Relay({verb: {"*": ["550 5.7.1 your address is blocked"] * 1000}}) as relay:
        report = send(store, relay, clock=clock)
        assert len(relay.commands) < 100
    assert (report.sent, report.failed, report.exit_code) == (0, 0, 78)
    assert "5.7.1" in report.errors[0]
    assert "failed" not in counts(store)
    with store.read() as tx:
        assert tx.suppressions.list() == []
    clock.advance(3600)
    with Relay() as relay:
        send(store, relay, clock=clock)
        assert relay.count() == {address(number): 1 for number in range(readers)}


def test_a_relay_that_wants_a_login_stops_the_run_and_spends_no_attempts(store: Store) -> None:
    planned(store)
    with Relay({"MAIL": {"*": ["530 5.7.0 Authentication required"] * 100}}) as relay:
        report = send(store, relay)
        assert len([one for one in relay.commands if one.startswith("MAIL")]) <= 4
    assert report.exit_code == 78
    assert "login" in report.errors[0]
    rows = by_reader(store).values()
    assert {(row.state, row.attempts) for row in rows} == {(DeliveryState.PLANNED, 0)}


def test_one_connection_too_many_is_no_trouble_while_others_work(store: Store) -> None:
    planned(store)
    with Relay({"CONNECT": {"*": ["421 4.7.0 too many connections"] * 3}}) as relay:
        report = send(store, relay, connections=4)
    assert (report.sent, report.errors, report.exit_code) == (READERS, [], 0)


def test_a_wrong_password_is_tried_on_one_connection(store: Store) -> None:
    planned(store, 60)
    login = {"username": "papers", "password": "wrong"}
    refusals: Script = {"AUTH": {"*": ["535 5.7.8 wrong"] * 100}}
    with Relay(refusals, features=("AUTH PLAIN LOGIN",)) as relay:
        report = send(store, relay, connections=16, smtp=login)
        assert relay.connections == 1
        assert sum(line.startswith("AUTH") for line in relay.commands) == 1
    assert (report.sent, report.exit_code) == (0, 78)


def test_a_relay_that_has_no_room_for_a_moment_is_asked_again(store: Store) -> None:
    # It closes each connection after some messages, and is full at every third attempt.
    planned(store, 30)
    full = ["delay 0", "delay 0", "421 4.3.2 too many connections"] * 20
    closing = [*["delay 0"] * 9, "421 4.7.0 too many messages"] * 20
    with Relay({"CONNECT": {"*": full}, "MAIL": {"*": closing}}) as relay:
        report = send(store, relay, connections=1)
        assert relay.count() == {address(number): 1 for number in range(30)}
    assert (report.sent, report.errors, report.exit_code) == (30, [], 0)


def test_a_slow_domain_with_a_long_row_keeps_nobody_else_waiting(store: Store) -> None:
    slow = [subscribe(store, f"reader{number}@slow.example") for number in range(LONGEST + 300)]
    with store.write() as tx:
        tx.deliveries.plan([plan(reader, expires_at=LATER) for reader in slow])
    planned(store, 3, expires_at=LATER)
    with Relay() as relay:
        report = send(
            store,
            relay,
            rate_per_domain={"slow.example": 0.001},
            stopping=lambda: len(relay.taken) >= 4,
        )
        assert relay.count().keys() >= {address(number) for number in range(3)}
    assert report.sent == 4


def test_nor_is_it_where_the_run_stops_for_a_while(store: Store) -> None:
    planned(store, 40)
    with Relay({"CONNECT": {"*": ["421 4.7.0 too many connections"] * 3}}) as relay:
        report = send(store, relay, connections=4, enough=lambda: len(relay.taken) >= 5)
    assert (report.errors, report.exit_code) == ([], 0)
    assert 5 <= report.sent < 40


def test_an_answer_does_not_wait_until_a_slow_domain_is_done(store: Store) -> None:
    slow = [subscribe(store, f"reader{number}@slow.example") for number in range(3)]
    with store.write() as tx:
        tx.deliveries.plan([plan(reader, expires_at=LATER) for reader in slow])

    def compose_one(delivery: Delivery, subscriber: Subscriber, picks: list[Pick]) -> Message:
        if subscriber.email == slow[0].email:
            planned(store, 1, expires_at=LATER)  # somebody signs up meanwhile
        return compose(delivery, subscriber, picks)

    with Relay() as relay:
        report = send(
            store,
            relay,
            clock=FakeClock(NOW),
            connections=1,
            compose=compose_one,
            rate_per_domain={"slow.example": 0.02},
        )
        assert [one.recipient for one in relay.taken].index(address(0)) == 1
    assert report.sent == 4


def test_connections_are_kept_and_as_many_as_are_configured(store: Store) -> None:
    planned(store, 60)
    script: Script = {"RCPT": {address(number): ["delay 0.01"] for number in range(60)}}
    with Relay(script) as relay:
        assert send(store, relay, connections=6).sent == 60
        assert (relay.connections, relay.most_open) == (6, 6)


def test_two_senders_at_once_share_the_work(store: Store) -> None:
    planned(store, 60)
    with Relay() as relay, ThreadPoolExecutor(3) as threads:
        runs = [
            threads.submit(send, store, relay, worker=f"here/{number}/1") for number in range(3)
        ]
        assert sum(run.result().sent for run in runs) == 60
        assert relay.count() == {address(number): 1 for number in range(60)}


def test_a_stop_finishes_what_is_on_its_way_and_gives_the_rest_back(store: Store) -> None:
    planned(store, 60)
    with Relay({"DOT": {"*": ["delay 0.3"] * 60}}) as relay:
        report = send(store, relay, stopping=lambda: len(relay.taken) >= 4)
        taken = len(relay.taken)
        assert 4 <= taken < 8  # each of the four connections finished at most one more
        assert report.sent == taken
        assert counts(store) == {"sent": taken, "planned": 60 - taken}
        assert all(row.claimed_by is None for row in by_reader(store).values())
    with Relay() as relay:
        assert send(store, relay).sent == 60 - taken
        assert len(relay.count()) == 60 - taken


def test_what_has_to_leave_by_then_leaves_by_then_or_never(store: Store) -> None:
    planned(store, expires_at=NOW + timedelta(seconds=0.6))
    with Relay() as relay:
        report = send(store, relay, rate_per_second=10)
        taken = len(relay.taken)
    assert 3 <= taken < READERS
    assert (report.sent, report.expired) == (taken, READERS - taken)


class _JumpingClock:
    """A clock that somebody sets while it runs."""

    def __init__(self, *jumps: float) -> None:
        self._clock = ShiftedClock(NOW)
        self._jumps = list(jumps)
        self._calls = 0
        self._shift = timedelta()

    def now(self) -> datetime:
        self._calls += 1
        if self._calls % 25 == 0 and self._jumps:
            self._shift += timedelta(seconds=self._jumps.pop(0))
        return self._clock.now() + self._shift

    def sleep(self, seconds: float) -> None:
        self._clock.sleep(seconds)


@pytest.mark.parametrize("jumps", [(7200.0, -7200.0), (-7200.0, 7200.0), (-1.0, 86400.0)])
def test_a_clock_that_jumps_doubles_nothing_and_stops_nothing(
    store: Store, jumps: tuple[float, ...]
) -> None:
    planned(store, 30)
    with Relay() as relay, ThreadPoolExecutor(2) as threads:
        runs = [
            threads.submit(
                send,
                store,
                relay,
                clock=_JumpingClock(*jumps),
                worker=f"here/{number}/1",
                rate_per_second=200,
            )
            for number in range(2)
        ]
        sent = sum(run.result().sent for run in runs)
        sent += send(store, relay, clock=ShiftedClock(NOW + timedelta(hours=4))).sent
        assert relay.count() == {address(number): 1 for number in range(30)}
    assert (sent, counts(store)) == (30, {"sent": 30})


def test_a_database_that_is_locked_for_a_while_loses_no_reply(
    sqlite_store: Store, tmp_path: Path
) -> None:
    planned(sqlite_store, 30)
    lock = sqlite3.connect(tmp_path / "digest.db", isolation_level=None, check_same_thread=False)
    with Relay({"DOT": {"*": ["delay 0.05"] * 10}}) as relay:

        def hold() -> None:
            relay.wait(4)
            lock.execute("BEGIN IMMEDIATE")
            threading.Event().wait(1.5)
            lock.execute("COMMIT")

        holder = threading.Thread(target=hold)
        holder.start()
        assert send(sqlite_store, relay).sent == 30
        holder.join()
        assert relay.count() == {address(number): 1 for number in range(30)}
    lock.close()


# --- trouble that is the relay's, or ours, and no reader's ----------------------------------


def test_a_relay_that_loses_all_it_takes_gets_a_few_messages_and_no_second_copies(
    store: Store,
) -> None:
    planned(store, 40, expires_at=LATER)
    clock = FakeClock(NOW)
    with Relay({"DOT": {"*": ["close"] * 200}}) as relay:
        report = send(store, relay, clock=clock)
        assert report.exit_code == 75
        assert "lost after one message after the other" in report.errors[0]
        assert report.unknown <= 4 + LIMIT + 3  # those that were on the way on other connections
        before = len(relay.taken)
        assert before == report.unknown
        # The next tick sends none of them again: the relay may lose them again.
        send(store, relay, clock=clock)
        assert set(relay.count().values()) == {1}
    clock.advance(3600)
    with Relay() as relay:
        assert send(store, relay, clock=clock).sent == 40
        assert set(relay.count().values()) == {1}


def test_what_was_lost_before_is_not_sent_again_because_one_more_is_lost(store: Store) -> None:
    planned(store, 40, expires_at=LATER)
    clock = FakeClock(NOW)
    with Relay({"DOT": {"*": ["close"] * 200}}) as relay:
        lost = send(store, relay, clock=clock).unknown
    with store.write() as tx:
        for one in tx.deliveries.list(state=DeliveryState.PLANNED)[1:]:
            tx.deliveries.move(
                one.id, expected=DeliveryState.PLANNED, to=DeliveryState.SKIPPED, reason="cancelled"
            )
    clock.advance(60)
    with Relay({"DOT": {"*": ["close"]}}) as relay:
        report = send(store, relay, clock=clock)
        assert (report.sent, sum(relay.count().values())) == (1, 2)
    assert states(store)["unknown"] == lost


def test_a_relay_without_room_is_asked_three_times_on_each_connection(store: Store) -> None:
    planned(store, 60, expires_at=LATER)
    full = ["452 4.3.1 no room"] * 500
    with Relay({"MAIL": {"*": full}}) as relay:
        report = send(store, relay)
        assert sum(one.startswith("MAIL") for one in relay.commands) <= 3 * 4 * 2
    assert (report.deferred, report.exit_code) == (12, 75)
    with Relay({"MAIL": {"*": ["250 ok"] * 20 + full}}) as relay:
        report = send(store, relay, worker="here/2/1")
    assert report.sent == 20
    assert "no room" in report.errors[0]
    assert report.refused  # it is left alone for a while


def test_a_relay_that_is_started_anew_is_lost_on_every_connection_and_goes_on(
    store: Store,
) -> None:
    planned(store, 40, expires_at=LATER)
    with Relay({"DOT": {"*": ["close"] * 16}}) as relay:
        report = send(store, relay, connections=16)
    assert (report.sent, report.errors) == (40, [])
    assert sum(relay.count().values()) == 56


@pytest.mark.parametrize(
    ("verb", "reply"),
    [
        ("DOT", "550 5.4.5 Daily user sending limit exceeded"),
        ("DOT", "554 Message rejected: Sending suspended for this account"),
        ("MAIL", "553 5.1.8 Sender address rejected: Domain not found"),
        ("RCPT", "550 5.7.1 Your address is blocked"),
    ],
)
def test_a_relay_that_has_had_enough_of_us_makes_nobody_fail(
    store: Store, verb: str, reply: str
) -> None:
    planned(store, 20, expires_at=LATER)
    clock = FakeClock(NOW)
    usual = "250 2.0.0 queued"
    with Relay({verb: {"*": [usual] * 5 + [reply] * 100}}) as relay:
        report = send(store, relay, clock=clock, connections=1)
    assert (report.sent, report.failed, report.exit_code) == (5, 0, 78)
    assert reply.partition(" ")[2] in report.errors[0]
    clock.advance(3600)
    with Relay() as relay:
        assert send(store, relay, clock=clock).sent == 15
    assert states(store) == {"sent": 20}


def test_a_reader_whose_mailbox_refuses_us_fails_when_another_was_taken(store: Store) -> None:
    planned(store, 6)
    script = {"RCPT": {address(2): ["550 5.7.1 we know no such sender"]}}
    with Relay(script) as relay:
        report = send(store, relay, connections=1)
    assert (report.sent, report.failed, report.deferred, report.errors) == (5, 1, 0, [])
    assert states(store) == {"sent": 5, "failed": 1}


def test_readers_that_are_refused_one_in_each_run_are_not_given_up(store: Store) -> None:
    clock = FakeClock(NOW)
    planned(store, 1, expires_at=LATER)
    with Relay({"RCPT": {"*": ["550 5.7.1 blocked"] * 100}}) as relay:
        for _ in range(8):
            assert send(store, relay, clock=clock).failed == 0
            clock.advance(900)
    with Relay() as relay:
        assert send(store, relay, clock=clock).sent == 1


@pytest.mark.parametrize("reply", ["452 4.3.1 Insufficient system storage", "421 4.3.2 not now"])
def test_a_relay_without_room_for_hours_costs_nobody_their_digest(store: Store, reply: str) -> None:
    planned(store, 12, expires_at=LATER)
    clock = FakeClock(NOW)
    with Relay({"MAIL": {"*": [reply] * 5000}}) as relay:
        for _ in range(16):
            report = send(store, relay, clock=clock)
            assert (report.failed, report.exit_code) == (0, 75)
            clock.advance(1800)
    with Relay() as relay:
        assert send(store, relay, clock=clock).sent == 12
