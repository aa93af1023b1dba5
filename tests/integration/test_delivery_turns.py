"""A relay that speaks out of turn, or says no and hangs up."""

from __future__ import annotations

from datetime import timedelta

import pytest

from digest.model import DeliveryState
from digest.store import Store
from digest.testing import FakeClock
from tests.integration.test_delivery_faults import (
    READERS,
    VICTIM,
    address,
    by_reader,
    counts,
    planned,
    send,
)
from tests.support.relay import Relay, Script
from tests.support.samples import NOW

LATER = timedelta(hours=1)


@pytest.mark.parametrize("pipelining", [True, False], ids=["pipelining", "one-by-one"])
@pytest.mark.parametrize(
    "script",
    [
        {"DOT": {VICTIM: ["421 bye\r\n250 ok\r\n250 ok\r\n354 go on\r\n250 2.0.0 queued"]}},
        {"DOT": {VICTIM: ["421 bye\r\n503 5.5.1 what\r\n503 5.5.1 what\r\n503 5.5.1 what"]}},
        {"DOT": {VICTIM: ["250 ok\r\n250 ok\r\n250 ok\r\n354 go on\r\n250 2.0.0 queued"]}},
        {"DATA": {VICTIM: ["354 go on\r\n250 2.0.0 queued"]}, "DOT": {VICTIM: ["451 4.3.0 no"]}},
        {"RCPT": {VICTIM: ["250 ok\r\n354 go on\r\n250 2.0.0 queued"]}},
        {"DATA": {VICTIM: ["354 go on\r\n421 4.3.2 I have to go"]}},
    ],
    ids=["421-and-250", "421-and-503", "too-much", "early-250", "early-354", "late-421"],
)
def test_what_a_relay_says_out_of_turn_counts_for_nothing(
    sqlite_store: Store, script: Script, *, pipelining: bool
) -> None:
    planned(sqlite_store)
    clock = FakeClock(NOW)
    with Relay(script, pipelining=pipelining) as relay:
        send(sqlite_store, relay, connections=1, clock=clock)
        sent = {email for email, row in by_reader(sqlite_store).items() if row.state == "sent"}
        assert sent == set(relay.count())
        clock.advance(3600)
        send(sqlite_store, relay, connections=1, clock=clock)
        assert relay.count() == {address(number): 1 for number in range(READERS)}
    assert counts(sqlite_store) == {"sent": READERS}


@pytest.mark.parametrize("pipelining", [True, False], ids=["pipelining", "one-by-one"])
@pytest.mark.parametrize("first", [VICTIM, address(0)], ids=["in-the-middle", "at-the-start"])
def test_a_relay_that_refuses_and_hangs_up_has_refused_that_one_and_no_other(
    sqlite_store: Store, first: str, *, pipelining: bool
) -> None:
    planned(sqlite_store)
    script: Script = {"RCPT": {first: ["550 5.1.1 nobody of that name\r\n421 4.3.2 bye"]}}
    with Relay(script, pipelining=pipelining) as relay:
        send(sqlite_store, relay, connections=1)
        inbox = relay.count()
    assert inbox == {address(number): 1 for number in range(READERS) if address(number) != first}
    rows = by_reader(sqlite_store)
    assert (rows[first].state, rows[first].attempts) == (DeliveryState.FAILED, 1)
    assert {row.attempts for row in rows.values()} == {1}


def test_a_reply_that_never_ends_is_not_waited_for_longer_than_another(
    sqlite_store: Store,
) -> None:
    planned(sqlite_store, 1)
    with Relay({"RCPT": {"*": ["pieces 0.5"]}}) as relay:
        report = send(sqlite_store, relay, smtp={"timeout": 2})
    assert report.deferred == 1
    assert "timed out" in by_reader(sqlite_store)[address(0)].reason


@pytest.mark.parametrize("action", ["421 4.3.2 too busy", "close"])
@pytest.mark.parametrize("verb", ["MAIL", "RCPT"])
def test_a_relay_that_takes_connections_and_no_message_is_left_alone(
    sqlite_store: Store, verb: str, action: str
) -> None:
    planned(sqlite_store, 40)
    clock = FakeClock(NOW)
    with Relay({verb: {"*": [action] * 1000}}) as relay:
        report = send(sqlite_store, relay, connections=2, clock=clock)
        assert relay.connections == 6
    assert (report.deferred, report.exit_code) == (6, 75)
    assert f"lost at {verb}" in report.errors[0]
    assert counts(sqlite_store) == {"planned": 34, "deferred": 6}
    clock.advance(3600)
    with Relay() as relay:
        assert send(sqlite_store, relay, clock=clock).sent == 40
        assert relay.count() == {address(number): 1 for number in range(40)}
