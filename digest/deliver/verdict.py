"""What becomes of a delivery: pure decisions, before the claim and after each attempt."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from digest.config import DeliverySettings
from digest.errors import (
    DigestError,
    OutcomeUnknown,
    PermanentFailure,
    TemporaryFailure,
    TransportError,
    TransportRefused,
    TransportUnavailable,
)
from digest.model import (
    MAY_ASK,
    TOO_LATE,
    Delivery,
    DeliveryKind,
    DeliveryState,
    Receipt,
    SkipReason,
    SubscriberStatus,
    SuppressionReason,
)
from digest.store import Standing

# Longer than the ten minutes that RFC 5321 section 4.5.3.2.6 grants the reply to the final dot.
LEASE = timedelta(minutes=15)

LONGEST_BACKOFF = timedelta(hours=6)

# So many refusals in a row are about us, not about the readers; and so many messages in a row that
# were lost after their end, beside one on each connection, are the relay's trouble.
LIMIT = 5


@dataclass(frozen=True, slots=True)
class Verdict:
    """What becomes of a delivery, and what is written beside it."""

    state: DeliveryState
    changes: dict[str, Any] = field(default_factory=dict)


LATE = Verdict(DeliveryState.EXPIRED, {"reason": TOO_LATE})
INTERRUPTED = Verdict(
    DeliveryState.UNKNOWN, {"reason": "the program was interrupted while it was being sent"}
)


def skipped(reason: SkipReason) -> Verdict:
    """Return the verdict of one that is left out on purpose."""
    return Verdict(DeliveryState.SKIPPED, {"reason": reason})


def gate(
    delivery: Delivery,
    status: SubscriberStatus | None,
    suppression: SuppressionReason | None,
    *,
    returning: bool = False,
) -> SkipReason | None:
    """Decide whether a claimed delivery may leave: the person may have gone since planning.

    What somebody asked for by typing their address, to confirm or the link to their preferences,
    goes to people who left or were erased before, too; those who left are asked whether they come
    back while they are `returning`. Somebody without a status is not there any more.
    """
    if status is None:
        return SkipReason.NOT_CONFIRMED
    if delivery.kind in (DeliveryKind.CONFIRM, DeliveryKind.LINK):
        if suppression not in MAY_ASK:
            return SkipReason.SUPPRESSED
        is_unconfirmed = status is SubscriberStatus.UNCONFIRMED
        asks = is_unconfirmed or returning
        is_for_them = asks if delivery.kind is DeliveryKind.CONFIRM else not is_unconfirmed
        return None if is_for_them else SkipReason.NOT_CONFIRMED
    if suppression is not None:
        return SkipReason.SUPPRESSED
    if delivery.kind is DeliveryKind.GOODBYE:
        return None
    wanted = (
        (SubscriberStatus.CONFIRMED, SubscriberStatus.PAUSED)
        if delivery.kind is DeliveryKind.NOTICE
        else (SubscriberStatus.CONFIRMED,)
    )
    return None if status in wanted else SkipReason.NOT_CONFIRMED


def last_look(delivery: Delivery, email: str, standing: Standing, now: datetime) -> Verdict | None:
    """Decide about a message that is about to leave to `email`; `None` lets it."""
    reason = gate(delivery, standing.status, standing.suppression, returning=standing.returning)
    if reason is not None:
        return skipped(reason)
    if standing.email != email:
        return Verdict(delivery.state)  # it was made for the old address: it is made anew
    if delivery.expires_at is not None and delivery.expires_at <= now:
        return LATE
    return None


def decide(
    delivery: Delivery,
    outcome: Receipt | DigestError,
    *,
    settings: DeliverySettings,
    now: datetime,
) -> Verdict:
    """Decide what becomes of a delivery after one attempt (RFC 5321 section 4.5.4.1).

    `delivery.attempts` counts this one.
    """
    if isinstance(outcome, Receipt):
        return Verdict(DeliveryState.SENT, {"sent_at": now, "last_reply": outcome.reply})
    reply = outcome.reply if isinstance(outcome, TransportError) else ""
    note = {
        "reason": str(outcome),
        "last_reply": reply,
        "attempts": delivery.attempts,
    }
    match outcome:
        case OutcomeUnknown():
            return Verdict(
                DeliveryState.UNKNOWN, {**note, "next_attempt_at": now + backoff(1, settings)}
            )
        case TransportRefused():
            # The relay refuses us, not this message: the attempt was none.
            back = DeliveryState.DEFERRED if delivery.attempts > 1 else DeliveryState.PLANNED
            return Verdict(back, {"attempts": delivery.attempts - 1})
        case TemporaryFailure() | TransportUnavailable() | PermanentFailure(about_us=True):
            attempts = delivery.attempts
            if _is_about_us(outcome) and delivery.expires_at is not None:
                # Nobody is given up for our trouble: the time up to which it may leave ends it.
                attempts, wait = attempts - 1, backoff(1, settings)
            elif attempts >= settings.max_attempts:
                return Verdict(DeliveryState.FAILED, note)
            else:
                wait = backoff(attempts, settings)
            if isinstance(outcome, TemporaryFailure) and outcome.retry_after is not None:
                wait = max(wait, timedelta(seconds=outcome.retry_after))
            return Verdict(
                DeliveryState.DEFERRED,
                {**note, "attempts": attempts, "next_attempt_at": now + wait},
            )
        case _:
            return Verdict(DeliveryState.FAILED, note)


def _is_about_us(outcome: DigestError) -> bool:
    if isinstance(outcome, TemporaryFailure | PermanentFailure):
        return outcome.about_us
    return isinstance(outcome, TransportUnavailable)


def backoff(attempts: int, settings: DeliverySettings) -> timedelta:
    """Return the wait after that many attempts: the configured one, doubled each time."""
    doublings = min(max(attempts - 1, 0), 16)
    return min(timedelta(seconds=settings.backoff) * (1 << doublings), LONGEST_BACKOFF)


def is_abandoned(delivery: Delivery, *, is_gone: bool | None, now: datetime) -> bool:
    """Say whether nobody works on a claimed delivery any more.

    Where nothing is known of its worker (`None`), the lease decides.
    """
    if is_gone is not None:
        return is_gone
    return delivery.lease_until is None or delivery.lease_until <= now


def may_resend(delivery: Delivery, *, settings: DeliverySettings, now: datetime) -> bool:
    """Say whether the policy sends a second copy: once, and only while the edition is fresh."""
    fresh = delivery.expires_at is None or now < delivery.expires_at
    return settings.unknown == "resend" and delivery.resends == 0 and fresh


def has_waited(delivery: Delivery, *, now: datetime) -> bool:
    """Say whether the wait of a delivery is over: the relay may lose it again."""
    return delivery.next_attempt_at is None or delivery.next_attempt_at <= now


class Refusals:
    """Refusals in a row that may be about us, and doubts in a row: few are nothing, many are.

    A relay that blocks our address, has counted enough of our mail for today or finds it unsigned
    refuses everybody, and nobody must be given up for that. So whoever is refused is deferred,
    until somebody else is taken. One that is lost after each message may have taken all of them;
    when it is started anew, it is lost once on each of the `connections`.
    """

    def __init__(self, connections: int = 1) -> None:
        self._most_doubts = connections + LIMIT
        self._row: dict[int, PermanentFailure] = {}
        self._doubts: list[OutcomeUnknown] = []
        self._theirs: set[int] = set()
        self._anybody_taken = False

    def note(self, delivery_id: int, outcome: Receipt | DigestError) -> None:
        """Take one outcome into account."""
        # In a long run one may be tried twice: the last word counts.
        self._row.pop(delivery_id, None)
        self._theirs.discard(delivery_id)
        if isinstance(outcome, PermanentFailure) and outcome.about_us:
            self._row[delivery_id] = outcome
        elif isinstance(outcome, OutcomeUnknown):
            self._doubts.append(outcome)
        elif isinstance(outcome, Receipt) and not self.too_many:
            self._theirs.update(self._row)
            self._row.clear()
            self._doubts.clear()
            self._anybody_taken = True

    @property
    def too_many(self) -> bool:
        """Say whether sending has to stop."""
        return len(self._row) >= LIMIT or self._loses_all

    @property
    def _loses_all(self) -> bool:
        return len(self._doubts) >= self._most_doubts

    @property
    def are_all(self) -> bool:
        """Say at the end of a run whether nobody was taken of several: a small list is one too."""
        return len(self._row) > 1 and not self._anybody_taken

    @property
    def given_up(self) -> list[int]:
        """Return the deliveries that were refused for their readers, as others were taken."""
        last = self._row if self._anybody_taken and not self.too_many else ()
        return sorted({*self._theirs, *last})

    def alert(self) -> TransportRefused | OutcomeUnknown:
        """Return what the operator has to know."""
        if self._loses_all:
            last = self._doubts[-1]
            return OutcomeUnknown(
                f"the relay is lost after one message after the other ({last})", reply=last.reply
            )
        said = next(reversed(self._row.values())).reply
        return TransportRefused(
            f"the relay refuses one mail after the other ({said}): check SPF, DKIM and the "
            "standing of your address, and what the relay allows you; nobody was given up",
            reply=said,
        )
