"""How long a relay is left alone that refuses this client."""

from __future__ import annotations

from datetime import timedelta

from digest.deliver import DeliverReport, Patience
from digest.errors import OutcomeUnknown, TemporaryFailure, TransportRefused
from tests.support.samples import NOW

REFUSED = DeliverReport()
REFUSED.complain(TransportRefused("the relay wants a login"))
MINUTE = timedelta(minutes=1)


def test_each_refusal_doubles_the_pause_up_to_a_quarter_of_an_hour() -> None:
    patience, now, pauses = Patience(), NOW, []
    for _ in range(7):
        assert patience.allows(now)
        patience.note(REFUSED, now=now)
        pause = 0
        while not patience.allows(now):
            now += MINUTE
            pause += 1
        pauses.append(pause)
    assert pauses == [1, 2, 4, 8, 15, 15, 15]


def test_a_relay_that_cannot_be_reached_may_be_tried_at_each_tick() -> None:
    patience = Patience()
    patience.note(DeliverReport(exit_code=75, errors=["no connection"]), now=NOW)
    assert patience.allows(NOW)


def test_a_relay_that_loses_all_that_it_is_given_is_left_alone() -> None:
    patience = Patience()
    lost = DeliverReport(sent=5, in_doubt={1, 2})
    lost.complain(OutcomeUnknown("lost after one message after the other"))
    patience.note(lost, now=NOW)
    assert not patience.allows(NOW)


def test_a_relay_that_says_how_long_it_has_no_room_is_left_alone_for_as_long() -> None:
    patience = Patience()
    full = DeliverReport(deferred=3)
    full.complain(TemporaryFailure("no room", retry_after=1800.0, about_us=True))
    patience.note(full, now=NOW)
    assert not patience.allows(NOW + 29 * MINUTE)
    assert patience.allows(NOW + 30 * MINUTE)
    patience.note(REFUSED, now=NOW)
    assert patience.allows(NOW + 2 * MINUTE)


def test_one_mail_that_is_taken_ends_it_and_a_quiet_tick_does_not() -> None:
    patience = Patience()
    for _ in range(3):
        patience.note(REFUSED, now=NOW)
    patience.note(DeliverReport(), now=NOW + 10 * MINUTE)
    patience.note(REFUSED, now=NOW)
    assert not patience.allows(NOW + 7 * MINUTE)
    patience.note(DeliverReport(sent=1), now=NOW + 10 * MINUTE)
    assert patience.allows(NOW + 10 * MINUTE)
    patience.note(REFUSED, now=NOW + 10 * MINUTE)
    assert patience.allows(NOW + 11 * MINUTE)


def test_a_clock_that_is_set_back_does_not_make_it_longer() -> None:
    patience = Patience()
    patience.note(REFUSED, now=NOW)
    assert patience.allows(NOW - timedelta(hours=2))
