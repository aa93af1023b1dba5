"""What becomes of a delivery after each thing that a relay may do."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from digest.config import DeliverySettings
from digest.deliver import LEASE, Pace, backoff, decide, gate, is_abandoned, may_resend
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
    Subscriber,
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
READER = Subscriber(1, "x", "robotics@example.org", SubscriberStatus.CONFIRMED)


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
    assert changes == {"reason": "the relay said no", "last_reply": "550 5.1.1 unknown"}


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
    assert gate(DELIVERY, READER, None) is None
    assert gate(DELIVERY, None, None) is SkipReason.NOT_CONFIRMED
    for status in set(SubscriberStatus) - {SubscriberStatus.CONFIRMED}:
        gone = replace(READER, status=status)
        assert gate(DELIVERY, gone, None) is SkipReason.NOT_CONFIRMED


@pytest.mark.parametrize("reason", list(SuppressionReason))
@pytest.mark.parametrize("kind", [DeliveryKind.DIGEST, DeliveryKind.WELCOME, DeliveryKind.GOODBYE])
def test_a_suppressed_address_gets_nothing(kind: DeliveryKind, reason: SuppressionReason) -> None:
    assert gate(replace(DELIVERY, kind=kind), READER, reason) is SkipReason.SUPPRESSED


def test_who_left_may_ask_for_a_confirmation_and_who_bounced_may_not() -> None:
    confirm = replace(DELIVERY, kind=DeliveryKind.CONFIRM)
    asking = replace(READER, status=SubscriberStatus.UNCONFIRMED)
    assert gate(confirm, asking, SuppressionReason.ERASED) is None
    assert gate(confirm, asking, SuppressionReason.UNSUBSCRIBE) is None
    assert gate(confirm, asking, SuppressionReason.BOUNCE) is SkipReason.SUPPRESSED
    assert gate(confirm, READER, None) is SkipReason.NOT_CONFIRMED


def test_a_claim_is_abandoned_when_its_worker_is_dead_or_its_lease_is_over() -> None:
    claimed = replace(DELIVERY, claimed_by="here/1/2", lease_until=NOW + LEASE)
    assert is_abandoned(claimed, now=NOW, is_gone=lambda worker: worker == "here/1/2")
    assert not is_abandoned(claimed, now=NOW, is_gone=lambda _: False)
    assert is_abandoned(claimed, now=NOW + LEASE, is_gone=lambda _: False)


def test_a_doubtful_delivery_is_sent_again_once_while_it_is_fresh() -> None:
    doubtful = replace(DELIVERY, state=DeliveryState.UNKNOWN, expires_at=NOW + LEASE)
    hold = DeliverySettings(unknown="hold")
    assert may_resend(doubtful, settings=SETTINGS, now=NOW)
    assert not may_resend(doubtful, settings=hold, now=NOW)
    assert not may_resend(replace(doubtful, resends=1), settings=SETTINGS, now=NOW)
    assert not may_resend(doubtful, settings=SETTINGS, now=NOW + LEASE)


def test_pace_spaces_messages_evenly_and_does_not_save_up() -> None:
    pace = Pace(4)
    assert [pace.wait(NOW) for _ in range(3)] == [0, 0.25, 0.5]
    later = NOW + timedelta(minutes=1)
    assert [pace.wait(later) for _ in range(2)] == [0, 0.25]
    free = Pace(0)
    assert [free.wait(NOW) for _ in range(3)] == [0, 0, 0]
