"""What becomes of a delivery after each thing that a relay may do."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from digest.config import DeliverySettings
from digest.deliver.pace import Pace, Paces
from digest.deliver.verdict import (
    LEASE,
    LIMIT,
    Refusals,
    backoff,
    decide,
    gate,
    has_waited,
    is_abandoned,
    may_resend,
)
from digest.errors import (
    DigestError,
    OutcomeUnknown,
    PermanentFailure,
    RenderError,
    TemporaryFailure,
    TransportRefused,
    TransportUnavailable,
)
from digest.model import (
    Delivery,
    DeliveryKind,
    DeliveryState,
    Receipt,
    SkipReason,
    SubscriberStatus,
    SuppressionReason,
)
from tests.support.samples import NOW

SETTINGS = DeliverySettings()
DELIVERY = Delivery(
    id=1,
    key="digest:daily-2026-11-24:x",
    kind=DeliveryKind.DIGEST,
    state=DeliveryState.SENDING,
    message_id="<x@example.org>",
    date=NOW,
    attempts=1,
)
CONFIRMED = SubscriberStatus.CONFIRMED


@pytest.mark.parametrize(
    ("outcome", "state"),
    [
        (Receipt("250 2.0.0 ok"), DeliveryState.SENT),
        (TemporaryFailure("later", reply="451 later"), DeliveryState.DEFERRED),
        (TransportUnavailable("no connection"), DeliveryState.DEFERRED),
        (PermanentFailure("no such user", reply="550 no"), DeliveryState.FAILED),
        (OutcomeUnknown("lost"), DeliveryState.UNKNOWN),
        (TransportRefused("login"), DeliveryState.PLANNED),
        (RenderError("bad template"), DeliveryState.FAILED),
    ],
)
def test_every_outcome_leads_to_one_state(
    outcome: Receipt | DigestError, state: DeliveryState
) -> None:
    assert decide(DELIVERY, outcome, settings=SETTINGS, now=NOW).state is state


def test_the_relays_words_are_kept() -> None:
    sent = decide(DELIVERY, Receipt("250 queued as 7"), settings=SETTINGS, now=NOW)
    assert sent.changes == {"sent_at": NOW, "last_reply": "250 queued as 7"}
    refused = PermanentFailure("the relay said no", reply="550 5.1.1 unknown")
    changes = decide(DELIVERY, refused, settings=SETTINGS, now=NOW).changes
    said = {"reason": "the relay said no", "last_reply": "550 5.1.1 unknown", "attempts": 1}
    assert changes == said


def test_a_relay_that_refuses_us_spends_no_attempt() -> None:
    verdict = decide(DELIVERY, TransportRefused("login"), settings=SETTINGS, now=NOW)
    assert verdict.changes["attempts"] == 0
    again = decide(
        replace(DELIVERY, attempts=3), TransportRefused("login"), settings=SETTINGS, now=NOW
    )
    assert (again.state, again.changes["attempts"]) == (DeliveryState.DEFERRED, 2)


def test_after_the_last_attempt_a_delivery_has_failed() -> None:
    last = replace(DELIVERY, attempts=SETTINGS.max_attempts)
    for error in (TemporaryFailure("later"), TransportUnavailable("away")):
        assert decide(last, error, settings=SETTINGS, now=NOW).state is DeliveryState.FAILED


@pytest.mark.parametrize(
    "error",
    [
        TransportUnavailable("hung up"),
        TemporaryFailure("no room", reply="452 4.3.1 no room", about_us=True),
        PermanentFailure("not today", reply="550 5.4.5 daily limit", about_us=True),
    ],
    ids=lambda error: type(error).__name__,
)
def test_nobody_is_given_up_for_our_trouble_while_the_edition_lasts(error: DigestError) -> None:
    tried = replace(DELIVERY, attempts=9, expires_at=NOW + timedelta(hours=12))
    verdict = decide(tried, error, settings=SETTINGS, now=NOW)
    assert (verdict.state, verdict.changes["attempts"]) == (DeliveryState.DEFERRED, 8)
    first = decide(replace(tried, attempts=1), error, settings=SETTINGS, now=NOW)
    again = decide(
        replace(tried, attempts=first.changes["attempts"] + 1), error, settings=SETTINGS, now=NOW
    )
    # What is not counted does not wait longer each time.
    assert first.changes["next_attempt_at"] == again.changes["next_attempt_at"]


def test_a_deferred_delivery_waits_as_long_as_the_relay_asks() -> None:
    error = TemporaryFailure("greylisted", retry_after=7200)
    verdict = decide(DELIVERY, error, settings=SETTINGS, now=NOW)
    assert verdict.changes["next_attempt_at"] == NOW + timedelta(hours=2)


@given(st.integers(1, 10_000))
def test_waiting_doubles_and_has_an_end(attempts: int) -> None:
    wait = backoff(attempts, SETTINGS)
    assert timedelta(minutes=15) <= wait <= timedelta(hours=6)
    assert backoff(attempts + 1, SETTINGS) >= wait


def test_only_confirmed_people_get_a_digest() -> None:
    assert gate(DELIVERY, CONFIRMED, None) is None
    assert gate(DELIVERY, None, None) is SkipReason.NOT_CONFIRMED
    for status in set(SubscriberStatus) - {SubscriberStatus.CONFIRMED}:
        assert gate(DELIVERY, status, None) is SkipReason.NOT_CONFIRMED


@pytest.mark.parametrize("reason", list(SuppressionReason))
@pytest.mark.parametrize("kind", [DeliveryKind.DIGEST, DeliveryKind.WELCOME, DeliveryKind.GOODBYE])
def test_a_suppressed_address_gets_nothing(kind: DeliveryKind, reason: SuppressionReason) -> None:
    assert gate(replace(DELIVERY, kind=kind), CONFIRMED, reason) is SkipReason.SUPPRESSED


def test_a_notice_goes_to_members_only() -> None:
    notice = replace(DELIVERY, kind=DeliveryKind.NOTICE)
    assert gate(notice, CONFIRMED, None) is None
    assert gate(notice, SubscriberStatus.PAUSED, None) is None
    assert gate(notice, SubscriberStatus.UNSUBSCRIBED, None) is SkipReason.NOT_CONFIRMED
    assert gate(notice, CONFIRMED, SuppressionReason.BOUNCE) is SkipReason.SUPPRESSED


def test_who_left_may_ask_for_a_confirmation_and_who_bounced_may_not() -> None:
    confirm = replace(DELIVERY, kind=DeliveryKind.CONFIRM)
    asking = SubscriberStatus.UNCONFIRMED
    assert gate(confirm, asking, SuppressionReason.ERASED) is None
    assert gate(confirm, asking, SuppressionReason.UNSUBSCRIBE) is None
    assert gate(confirm, asking, SuppressionReason.BOUNCE) is SkipReason.SUPPRESSED
    assert gate(confirm, CONFIRMED, None) is SkipReason.NOT_CONFIRMED


def test_the_link_to_the_preferences_goes_to_whoever_once_confirmed() -> None:
    link = replace(DELIVERY, kind=DeliveryKind.LINK)
    for status in set(SubscriberStatus) - {SubscriberStatus.UNCONFIRMED}:
        assert gate(link, status, None) is None
        assert gate(link, status, SuppressionReason.UNSUBSCRIBE) is None
        assert gate(link, status, SuppressionReason.COMPLAINT) is SkipReason.SUPPRESSED
    assert gate(link, SubscriberStatus.UNCONFIRMED, None) is SkipReason.NOT_CONFIRMED


def test_a_claim_is_abandoned_when_its_worker_is_dead_or_its_lease_is_over() -> None:
    claimed = replace(DELIVERY, claimed_by="here/1/2", lease_until=NOW + LEASE)
    assert is_abandoned(claimed, is_gone=True, now=NOW)
    assert not is_abandoned(claimed, is_gone=None, now=NOW)
    assert is_abandoned(claimed, is_gone=None, now=NOW + LEASE)
    # A clock that jumps takes nothing from a worker that lives.
    assert not is_abandoned(claimed, is_gone=False, now=NOW + LEASE)


def test_a_doubtful_delivery_is_sent_again_once_while_it_is_fresh() -> None:
    doubtful = replace(DELIVERY, state=DeliveryState.UNKNOWN, expires_at=NOW + LEASE)
    hold = DeliverySettings(unknown="hold")
    assert may_resend(doubtful, settings=SETTINGS, now=NOW)
    assert not may_resend(doubtful, settings=hold, now=NOW)
    again = replace(doubtful, resends=1)
    assert not may_resend(again, settings=SETTINGS, now=NOW)
    late = NOW + LEASE
    assert not may_resend(doubtful, settings=SETTINGS, now=late)


def test_what_the_relay_lost_waits_before_it_is_sent_again() -> None:
    verdict = decide(DELIVERY, OutcomeUnknown("lost"), settings=SETTINGS, now=NOW)
    until = verdict.changes["next_attempt_at"]
    assert until == NOW + timedelta(seconds=SETTINGS.backoff)
    doubtful = replace(DELIVERY, state=verdict.state, next_attempt_at=until)
    assert not has_waited(doubtful, now=NOW)
    assert has_waited(doubtful, now=until)


def places(pace: Pace, now: datetime, count: int) -> list[float]:
    found = []
    for _ in range(count):
        place = pace.free_at(now)
        pace.take(place)
        found.append((place - now).total_seconds())
    return found


def test_pace_spaces_messages_evenly_and_does_not_save_up() -> None:
    pace = Pace(4)
    assert places(pace, NOW, 3) == [0, 0.25, 0.5]
    later = NOW + timedelta(minutes=1)
    assert places(pace, later, 2) == [0, 0.25]
    assert places(Pace(0), NOW, 3) == [0, 0, 0]


def test_a_clock_that_is_set_back_does_not_stop_the_pace() -> None:
    pace = Pace(4)
    places(pace, NOW, 3)
    assert places(pace, NOW - timedelta(hours=1), 2) == [0, 0.25]


def test_senders_that_share_a_rate_take_turns_whenever_they_begin() -> None:
    begins = [NOW + timedelta(seconds=seconds) for seconds in (0.11, 0.93, 0.42)]
    row = sorted(
        (begin - NOW).total_seconds() + place
        for number, begin in enumerate(begins)
        for place in places(Pace(2, phase=number / 3), begin, 8)
    )
    together = [place for place in row if 1 < place < 4]
    gaps = [later - sooner for sooner, later in pairwise(together)]
    assert gaps == pytest.approx([1 / 6] * (len(together) - 1), abs=1e-5)
    assert len(together) >= 17


def test_who_comes_late_to_a_place_makes_nobody_else_late() -> None:
    pace = Pace(10)
    pace.take(NOW)
    late = NOW + timedelta(seconds=0.15)
    place = pace.free_at(late)
    assert place == NOW + timedelta(seconds=0.1)
    pace.take(place)
    assert pace.free_at(late) == NOW + timedelta(seconds=0.2)


@pytest.mark.parametrize("rate", [0.2, 1, 5])
def test_a_clock_that_is_set_back_costs_a_few_places_at_most(rate: float) -> None:
    paces = Paces(rate, {}, connections=4)
    paces.take("", NOW)
    back = NOW - timedelta(hours=1)
    assert paces.free_at("", back) - back <= timedelta(seconds=21 / rate)


BLOCKED = PermanentFailure("no", reply="550 5.7.1 your address is blocked", about_us=True)


def test_many_refusals_in_a_row_are_about_us() -> None:
    refusals = Refusals()
    for number in range(LIMIT - 1):
        refusals.note(number, BLOCKED)
    refusals.note(100, TemporaryFailure("later", reply="451 4.7.1 later"))
    refusals.note(101, PermanentFailure("no", reply="550 5.1.1 nobody of that name"))
    assert not refusals.too_many
    refusals.note(102, BLOCKED)
    assert refusals.too_many
    assert refusals.given_up == []
    assert "5.7.1" in str(refusals.alert())


def test_one_that_is_taken_ends_a_row_of_refusals_and_they_were_about_readers() -> None:
    refusals = Refusals()
    for number in range(20):
        refusals.note(number, BLOCKED)
        if number % 3 == 0:
            refusals.note(100 + number, Receipt("250 ok"))
    assert not refusals.too_many
    assert refusals.given_up == list(range(20))


def test_a_small_list_that_is_refused_as_a_whole_is_refused_for_our_sake() -> None:
    refusals = Refusals()
    refusals.note(0, BLOCKED)
    assert not refusals.are_all  # one alone tells nothing
    refusals.note(1, BLOCKED)
    assert refusals.are_all
    assert not refusals.too_many
    assert refusals.given_up == []
    refusals.note(2, Receipt("250 ok"))
    refusals.note(3, BLOCKED)
    refusals.note(4, BLOCKED)
    assert not refusals.are_all
    assert refusals.given_up == [0, 1, 3, 4]


def test_of_one_that_is_tried_twice_the_last_word_counts() -> None:
    refusals = Refusals()
    refusals.note(0, BLOCKED)
    refusals.note(1, Receipt("250 ok"))
    assert refusals.given_up == [0]
    refusals.note(0, TemporaryFailure("full", reply="450 4.2.2 mailbox full"))
    assert refusals.given_up == []


def test_one_that_was_on_its_way_and_is_taken_after_the_alert_gives_nobody_up() -> None:
    refusals = Refusals()
    for number in range(LIMIT):
        refusals.note(number, BLOCKED)
    refusals.note(100, Receipt("250 ok"))
    assert refusals.too_many
    assert refusals.given_up == []
