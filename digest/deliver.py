"""Planned deliveries -> the transport, each one claimed before it is sent.

    planned --claim--> sending --250--> sent
                          |---4xx, no connection--> deferred --(backoff)--> claim again
                          |---5xx--> failed
                          `---lost after the final dot, process died--> unknown

`sending` is committed before a byte leaves and `sent` right after the relay's 250, so that
after a crash at most one delivery per open connection is in doubt, and it is known by name.
What happens to it is a policy: `resend` (once, with the same Message-ID and Date) or `hold`.
Exactly once does not exist over SMTP: RFC 1047; RFC 5321 section 4.5.3.2.6.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from threading import Lock
from typing import Any

from digest.config import DeliverySettings
from digest.errors import (
    DigestError,
    OutcomeUnknown,
    TemporaryFailure,
    TransportError,
    TransportRefused,
    TransportUnavailable,
)
from digest.model import (
    Delivery,
    DeliveryKind,
    DeliveryState,
    Message,
    Pick,
    Receipt,
    SkipReason,
    Subscriber,
    SubscriberStatus,
    SuppressionReason,
)
from digest.ports import Clock, Session, Transport
from digest.store import Store, Transaction

log = logging.getLogger(__name__)

# Longer than the ten minutes that RFC 5321 section 4.5.3.2.6 grants the reply to the final dot.
LEASE = timedelta(minutes=15)

LONGEST_BACKOFF = timedelta(hours=6)

Compose = Callable[[Delivery, Subscriber, list[Pick]], Message]
"""How a claimed delivery becomes a message; raises `DigestError` for one that cannot be made."""


@dataclass(frozen=True, slots=True)
class Claim:
    """A delivery that this worker may send, with all that its message is made of."""

    delivery: Delivery
    subscriber: Subscriber
    picks: list[Pick]


@dataclass(frozen=True, slots=True)
class Verdict:
    """What becomes of a delivery, and what is written beside it."""

    state: DeliveryState
    changes: dict[str, Any] = field(default_factory=dict)


@dataclass
class DeliverReport:
    """What one run of this stage did, counted by the state in which deliveries ended."""

    sent: int = 0
    deferred: int = 0
    failed: int = 0
    unknown: int = 0
    expired: int = 0
    skipped: dict[str, int] = field(default_factory=dict)
    errors: list[str] = field(default_factory=list)
    exit_code: int = 0  # that of the error that ended the sending

    @property
    def total(self) -> int:
        """Return how many deliveries were looked at."""
        done = self.sent + self.deferred + self.failed + self.unknown + self.expired
        return done + sum(self.skipped.values())


class Pace:
    """Even spacing of messages over all connections; pure but for its own memory."""

    def __init__(self, rate_per_second: float) -> None:
        self._gap = timedelta(seconds=1 / rate_per_second) if rate_per_second else timedelta()
        self._next: datetime | None = None
        self._lock = Lock()

    def wait(self, now: datetime) -> float:
        """Reserve the next place in the row, and return how many seconds it is away."""
        with self._lock:
            place = now if self._next is None else max(now, self._next)
            self._next = place + self._gap
            return (place - now).total_seconds()


@dataclass(frozen=True)
class Line:
    """What the senders of one run share."""

    store: Store
    transport: Transport
    compose: Compose
    settings: DeliverySettings
    clock: Clock
    pace: Pace
    stopping: Callable[[], bool]
    report: DeliverReport
    lock: Lock = field(default_factory=Lock)

    def count(self, name: str, detail: str = "") -> None:
        """Count one delivery under the state in which it ended."""
        with self.lock:
            if name == "skipped":
                self.report.skipped[detail] = self.report.skipped.get(detail, 0) + 1
            else:
                setattr(self.report, name, getattr(self.report, name) + 1)

    def complain(self, error: DigestError) -> None:
        """Note why nothing can be sent, once."""
        with self.lock:
            self.report.exit_code = error.exit_code
            if str(error) not in self.report.errors:
                self.report.errors.append(str(error))
                log.error("nothing can be sent now: %s", error)


def run(
    store: Store,
    transport: Transport,
    compose: Compose,
    *,
    settings: DeliverySettings,
    clock: Clock,
    worker: str,
    is_gone: Callable[[str], bool],
    connections: int = 1,
    rate_per_second: float = 0.0,
    stopping: Callable[[], bool] = lambda: False,
) -> DeliverReport:
    """Send everything that is due over `connections` connections side by side.

    `worker` names this process, `is_gone` says whether a worker is dead. What goes wrong with
    one message is written to its row and stops no other. A relay that cannot be used at all
    ends the run: what waits goes on waiting and no attempt is spent.
    """
    line = Line(
        store=store,
        transport=transport,
        compose=compose,
        settings=settings,
        clock=clock,
        pace=Pace(rate_per_second),
        stopping=stopping,
        report=DeliverReport(),
    )
    recover(store, settings=settings, now=clock.now(), is_gone=is_gone)
    with store.write() as tx:
        line.report.expired = tx.deliveries.expire(now=clock.now())
    _send_all(line, worker=worker, connections=connections)
    if line.report.unknown and settings.unknown == "resend" and not line.report.errors:
        resent = recover(store, settings=settings, now=clock.now(), is_gone=is_gone)
        line.report.unknown -= resent
        _send_all(line, worker=worker, connections=connections)
    return line.report


def _send_all(line: Line, *, worker: str, connections: int) -> None:
    with line.store.read() as tx:
        wanted = min(connections, tx.deliveries.due(now=line.clock.now()))
    if wanted == 1:
        _sender(line, f"{worker}/0")
    elif wanted:
        with ThreadPoolExecutor(max_workers=wanted, thread_name_prefix="deliver") as pool:
            senders = [pool.submit(_sender, line, f"{worker}/{i}") for i in range(wanted)]
            for sender in senders:
                sender.result()


def _sender(line: Line, worker: str) -> None:
    """Send what is due over one connection, until nothing is left or the relay is lost."""
    while not line.stopping():
        with line.store.read() as tx:
            if not tx.deliveries.due(now=line.clock.now()):
                return
        try:
            with line.transport.open() as session:
                if not _send_over(line, session, worker):
                    return
        except (TransportUnavailable, TransportRefused) as error:
            line.complain(error)
            return


def _send_over(line: Line, session: Session, worker: str) -> bool:
    """Send over one session; say whether another session should go on."""
    while not line.stopping():
        if wait := line.pace.wait(line.clock.now()):
            line.clock.sleep(wait)
        claim = _claim(line, worker)
        if claim is None:
            return False
        outcome = _attempt(line, session, claim)
        verdict = decide(claim.delivery, outcome, settings=line.settings, now=line.clock.now())
        with line.store.write() as tx:
            moved = tx.deliveries.move(
                claim.delivery.id,
                expected=DeliveryState.SENDING,
                to=verdict.state,
                worker=worker,
                **verdict.changes,
            )
        if moved:
            log.info("delivery %d: %s", claim.delivery.id, verdict.state)
        else:
            log.error(
                "delivery %d: %s, but its claim had run out", claim.delivery.id, verdict.state
            )
        if isinstance(outcome, TransportRefused):
            line.complain(outcome)
            return False
        line.count(verdict.state)
        if isinstance(outcome, TransportUnavailable | OutcomeUnknown):
            return True
    return False


def _claim(line: Line, worker: str) -> Claim | None:
    """Claim the next delivery that may still leave; the ones that may not are skipped."""
    while True:
        now = line.clock.now()
        with line.store.write() as tx:
            delivery = tx.deliveries.claim(worker, now=now, lease_until=now + LEASE)
            if delivery is None:
                return None
            subscriber, suppression = _addressee(tx, delivery)
            reason = gate(delivery, subscriber, suppression)
            if reason is None and subscriber is not None:
                return Claim(delivery, subscriber, tx.deliveries.picks(delivery.id))
            tx.deliveries.move(
                delivery.id,
                expected=DeliveryState.SENDING,
                to=DeliveryState.SKIPPED,
                worker=worker,
                reason=reason,
            )
        line.count("skipped", reason or "")


def _addressee(
    tx: Transaction, delivery: Delivery
) -> tuple[Subscriber | None, SuppressionReason | None]:
    if delivery.subscriber_id is None:
        return None, None
    subscriber = tx.subscribers.by_id(delivery.subscriber_id)
    if subscriber is None:
        return None, None
    return subscriber, tx.suppressions.of(subscriber.id)


def gate(
    delivery: Delivery, subscriber: Subscriber | None, suppression: SuppressionReason | None
) -> SkipReason | None:
    """Decide whether a claimed delivery may leave: the person may have gone since planning.

    The mail that asks for confirmation goes to people who are not confirmed; who left or was
    erased before may ask for it again.
    """
    if subscriber is None:
        return SkipReason.NOT_CONFIRMED
    if delivery.kind is DeliveryKind.CONFIRM:
        if suppression not in (None, SuppressionReason.UNSUBSCRIBE, SuppressionReason.ERASED):
            return SkipReason.SUPPRESSED
        if subscriber.status is not SubscriberStatus.UNCONFIRMED:
            return SkipReason.NOT_CONFIRMED
        return None
    if suppression is not None:
        return SkipReason.SUPPRESSED
    if delivery.kind is DeliveryKind.GOODBYE:
        return None
    if subscriber.status is not SubscriberStatus.CONFIRMED:
        return SkipReason.NOT_CONFIRMED
    return None


def _attempt(line: Line, session: Session, claim: Claim) -> Receipt | DigestError:
    try:
        message = line.compose(claim.delivery, claim.subscriber, claim.picks)
    except DigestError as error:
        return error
    except Exception as error:
        # A template or a plug-in of the site: its bug costs this message and no other.
        log.debug("delivery %d", claim.delivery.id, exc_info=True)
        return DigestError(f"a bug while composing: {type(error).__name__}: {error}")
    try:
        return session.send(message)
    except DigestError as error:
        return error


def decide(
    delivery: Delivery,
    outcome: Receipt | DigestError,
    *,
    settings: DeliverySettings,
    now: datetime,
) -> Verdict:
    """Decide what becomes of a delivery after one attempt (RFC 5321 section 4.5.4.1)."""
    if isinstance(outcome, Receipt):
        return Verdict(DeliveryState.SENT, {"sent_at": now, "last_reply": outcome.reply})
    reply = outcome.reply if isinstance(outcome, TransportError) else ""
    note = {"reason": str(outcome), "last_reply": reply}
    match outcome:
        case OutcomeUnknown():
            return Verdict(DeliveryState.UNKNOWN, note)
        case TransportRefused():
            # The relay refuses us, not this message: the attempt was none.
            back = DeliveryState.DEFERRED if delivery.attempts > 1 else DeliveryState.PLANNED
            return Verdict(back, {"attempts": delivery.attempts - 1})
        case TemporaryFailure() | TransportUnavailable():
            if delivery.attempts >= settings.max_attempts:
                return Verdict(DeliveryState.FAILED, note)
            wait = backoff(delivery.attempts, settings)
            if isinstance(outcome, TemporaryFailure) and outcome.retry_after is not None:
                wait = max(wait, timedelta(seconds=outcome.retry_after))
            return Verdict(DeliveryState.DEFERRED, {**note, "next_attempt_at": now + wait})
        case _:
            return Verdict(DeliveryState.FAILED, note)


def backoff(attempts: int, settings: DeliverySettings) -> timedelta:
    """Return the wait after that many attempts: the configured one, doubled each time."""
    doublings = min(max(attempts - 1, 0), 16)
    return min(timedelta(seconds=settings.backoff) * (1 << doublings), LONGEST_BACKOFF)


def recover(
    store: Store, *, settings: DeliverySettings, now: datetime, is_gone: Callable[[str], bool]
) -> int:
    """Find deliveries whose worker died, and resolve unknown ones; return how many are resent."""
    resent = 0
    with store.write() as tx:
        for delivery in tx.deliveries.list(state=DeliveryState.SENDING):
            if is_abandoned(delivery, now=now, is_gone=is_gone):
                tx.deliveries.move(
                    delivery.id,
                    expected=DeliveryState.SENDING,
                    to=DeliveryState.UNKNOWN,
                    reason="the program ended while it was being sent",
                )
                log.warning("delivery %d is in doubt: its sender died", delivery.id)
        for delivery in tx.deliveries.list(state=DeliveryState.UNKNOWN):
            if may_resend(delivery, settings=settings, now=now):
                resent += tx.deliveries.move(
                    delivery.id,
                    expected=DeliveryState.UNKNOWN,
                    to=DeliveryState.DEFERRED,
                    resends=delivery.resends + 1,
                    next_attempt_at=now,
                )
                log.warning("delivery %d is sent again: its first copy is in doubt", delivery.id)
    return resent


def is_abandoned(delivery: Delivery, *, now: datetime, is_gone: Callable[[str], bool]) -> bool:
    """Say whether nobody works on a claimed delivery any more."""
    if delivery.claimed_by is not None and is_gone(delivery.claimed_by):
        return True
    return delivery.lease_until is None or delivery.lease_until <= now


def may_resend(delivery: Delivery, *, settings: DeliverySettings, now: datetime) -> bool:
    """Say whether the policy sends a second copy: once, and only while the edition is fresh."""
    fresh = delivery.expires_at is None or now < delivery.expires_at
    return settings.unknown == "resend" and delivery.resends == 0 and fresh
