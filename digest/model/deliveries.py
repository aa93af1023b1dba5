"""Editions, deliveries and messages."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from typing import Any

from digest.model.ranking import Pick
from digest.model.subscribers import Cadence


@dataclass(frozen=True, slots=True)
class Edition:
    """One day's or week's window of papers: they were chosen for readers between two moments."""

    id: int
    cadence: Cadence
    date: date
    created_at: datetime
    closes_at: datetime

    @property
    def slug(self) -> str:
        """Return the name of the edition: `daily-2026-11-24`."""
        return f"{self.cadence}-{self.date.isoformat()}"


class DeliveryKind(StrEnum):
    """What a message is; each kind is a folder in templates/email/."""

    DIGEST = "digest"
    CONFIRM = "confirm"
    WELCOME = "welcome"
    GOODBYE = "goodbye"
    LINK = "link"
    NOTICE = "notice"  # to a member, about a sign-up with their address


class DeliveryState(StrEnum):
    """Where a delivery stands; the last four are final."""

    PLANNED = "planned"
    SENDING = "sending"  # claimed; committed before the final dot
    DEFERRED = "deferred"  # 4xx or no connection: tried again at next_attempt_at
    UNKNOWN = "unknown"  # may have arrived: resolved by policy
    SENT = "sent"
    FAILED = "failed"
    EXPIRED = "expired"  # past the time after which it must not leave any more
    SKIPPED = "skipped"  # on purpose; `reason` says why


FINAL_STATES = frozenset(
    {DeliveryState.SENT, DeliveryState.FAILED, DeliveryState.EXPIRED, DeliveryState.SKIPPED}
)

# States in which a message has left or still may.
LIVE_STATES = frozenset(
    {
        DeliveryState.PLANNED,
        DeliveryState.SENDING,
        DeliveryState.DEFERRED,
        DeliveryState.UNKNOWN,
        DeliveryState.SENT,
    }
)


# Why a delivery is expired that nothing newer took the place of.
TOO_LATE = "the time up to which it may leave had passed"


class SkipReason(StrEnum):
    """Why a delivery is skipped on purpose."""

    NO_PAPERS = "no-papers"  # nothing new since the last digest
    NO_MATCH = "no-match"  # papers, but none above the subscriber's threshold
    NO_INTERESTS = "no-interests"  # nothing to match, and nothing is trending
    SUPPRESSED = "suppressed"
    NOT_CONFIRMED = "not-confirmed"  # paused, unsubscribed or gone since planning
    CANCELLED = "cancelled"
    DROPPED = "dropped"  # given up while in doubt: it may have arrived


# Reasons that end when new papers arrive while the edition may still leave.
QUIET_REASONS = frozenset({SkipReason.NO_PAPERS, SkipReason.NO_MATCH, SkipReason.NO_INTERESTS})


@dataclass(frozen=True, slots=True)
class SentDigest:
    """A digest that has left: to whom, when its papers were chosen, and what is told of it."""

    delivery_id: int
    subscriber_id: int
    planned_at: datetime
    cadence: Cadence
    facts: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Delivery:
    """One message to one subscriber: one row, written before anything is sent.

    `key` is unique and names what the message is for (`digest:daily-2026-11-24:<subscriber>`),
    so that planning twice changes nothing. `message_id` and `date` are fixed when the row is
    written and reused by every attempt. `facts` are figures of the edition that the templates
    show (papers looked at, sources...). `resends` counts the copies sent on purpose after an
    unknown outcome.
    """

    id: int
    key: str
    kind: DeliveryKind
    state: DeliveryState
    message_id: str
    date: datetime
    subscriber_id: int | None = None
    edition: Edition | None = None
    reason: str = ""
    due_at: datetime | None = None
    expires_at: datetime | None = None
    attempts: int = 0
    resends: int = 0
    next_attempt_at: datetime | None = None
    claimed_by: str | None = None
    lease_until: datetime | None = None
    last_reply: str = ""
    planned_at: datetime | None = None
    sent_at: datetime | None = None
    facts: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Plan:
    """A delivery that is to be written; `reason` is set where it is planned as skipped."""

    key: str
    kind: DeliveryKind
    message_id: str
    subscriber_id: int
    planned_at: datetime
    due_at: datetime
    edition_id: int | None = None
    expires_at: datetime | None = None
    reason: SkipReason | None = None
    facts: Mapping[str, Any] = field(default_factory=dict)
    picks: tuple[Pick, ...] = ()


@dataclass(frozen=True, slots=True)
class EditionSummary:
    """How far an edition is; `skipped` tells the reasons of those that are in that state."""

    edition: Edition
    states: Mapping[DeliveryState, int]
    skipped: Mapping[str, int]
    first_sent_at: datetime | None = None
    last_sent_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Rendered:
    """The three parts of a message, as the templates of its kind gave them."""

    subject: str
    text: str
    html: str


@dataclass(frozen=True, slots=True)
class Message:
    """A content that is ready for the wire, and its envelope.

    `content` is a whole RFC 5322 message: CRLF line ends, no line over 998 octets, 7-bit. Where it
    is `dotless`, no line begins with a dot: there is nothing to stuff (RFC 5321 section 4.5.2), and
    nothing to look for, which takes a tenth of all that a message costs.
    """

    sender: str
    recipient: str
    content: bytes
    dotless: bool = False


@dataclass(frozen=True, slots=True)
class Receipt:
    """What the relay said when it took a message."""

    reply: str
