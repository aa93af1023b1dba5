"""The frozen values that the parts of the program hand to each other.

Timestamps are aware and in UTC; names that end in `_at` are timestamps.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from typing import Any

# --- papers -------------------------------------------------------------------------------


class LinkKind(StrEnum):
    """What a link of a paper leads to; the order is the order in which links are shown."""

    ABSTRACT = "abstract"
    PDF = "pdf"
    CODE = "code"
    PROJECT = "project"
    DISCUSSION = "discussion"
    DOI = "doi"


@dataclass(frozen=True, slots=True)
class Link:
    """One http(s) address that belongs to a paper."""

    kind: LinkKind
    url: str


@dataclass(frozen=True, slots=True)
class Paper:
    """One paper, whatever the number of its versions, categories and sources.

    `key` names the paper without its version: `arxiv:2604.21952`, `doi:10.1101/...` (lower
    case) or `url:https://...`. `version` is 0 where the source does not tell. Texts are clean:
    one line, no markup, no control characters. The first category is the primary one.
    """

    key: str
    title: str
    abstract: str = ""
    authors: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()
    links: tuple[Link, ...] = ()
    version: int = 0
    published_at: datetime | None = None
    updated_at: datetime | None = None

    @property
    def primary_category(self) -> str:
        """Return the first category, or an empty string."""
        return self.categories[0] if self.categories else ""

    def link(self, kind: LinkKind) -> str | None:
        """Return the first address of that kind."""
        return next((link.url for link in self.links if link.kind is kind), None)


class SignalName(StrEnum):
    """What a popularity figure counts."""

    UPVOTES = "upvotes"
    COMMENTS = "comments"
    STARS = "stars"


@dataclass(frozen=True, slots=True)
class Signal:
    """One popularity figure of one paper, as one source showed it at one time."""

    paper_key: str
    source: str
    name: SignalName
    value: int
    observed_at: datetime


@dataclass(frozen=True, slots=True)
class Fetched:
    """What one look at a source brought.

    `revisions` are newer versions of papers: they update what is known and add nothing.
    `cursor` is opaque to everybody but the source: it is stored and handed back next time
    (ETag, last batch...). `retry_after` is the number of seconds that the upstream asks us to
    stay away. `not_modified` says that the upstream had nothing newer than the cursor, `stale`
    that it served an old batch as a new one, `note` says in one sentence what else a person
    should know (a second path was used, three entries were unreadable).
    """

    papers: tuple[Paper, ...] = ()
    revisions: tuple[Paper, ...] = ()
    signals: tuple[Signal, ...] = ()
    cursor: str | None = None
    retry_after: float | None = None
    not_modified: bool = False
    stale: bool = False
    note: str = ""


class SourceOutcome(StrEnum):
    """How one look at one source ended."""

    NEW = "new"  # at least one paper was new
    UPDATED = "updated"  # nothing new, but a newer version or more links
    UNCHANGED = "unchanged"  # everything was known
    EMPTY = "empty"  # a sound answer without a paper in it
    STALE = "stale"  # an old batch was served as a new one
    FAILED = "failed"  # no answer, or one that cannot be read


@dataclass(frozen=True, slots=True)
class SourceReport:
    """What one look at one source brought, for the run record and `digest source list`.

    `exit_code` is that of the error, where there was one.
    """

    name: str
    kind: str
    outcome: SourceOutcome
    received: int = 0
    new: int = 0
    updated: int = 0
    unchanged: int = 0
    signals: int = 0
    seconds: float = 0.0
    note: str = ""
    error: str = ""
    exit_code: int = 0


@dataclass(frozen=True, slots=True)
class SourceState:
    """What is remembered of a source between two looks."""

    name: str
    kind: str
    cursor: str | None = None
    next_check_at: datetime | None = None
    last_checked_at: datetime | None = None
    last_success_at: datetime | None = None
    last_outcome: SourceOutcome | None = None
    last_error: str = ""
    error_count: int = 0


# --- subscribers --------------------------------------------------------------------------


class Cadence(StrEnum):
    """How often a subscriber gets a digest."""

    DAILY = "daily"
    WEEKLY = "weekly"


class SubscriberStatus(StrEnum):
    """Where a subscriber stands; only `confirmed` ones get a digest."""

    UNCONFIRMED = "unconfirmed"
    CONFIRMED = "confirmed"
    PAUSED = "paused"
    UNSUBSCRIBED = "unsubscribed"


class InterestKind(StrEnum):
    """What an interest names."""

    CATEGORY = "category"
    KEYWORD = "keyword"
    AUTHOR = "author"
    TEXT = "text"
    SEED = "seed"  # the value is a paper key


@dataclass(frozen=True, slots=True)
class Interest:
    """One thing a subscriber wants to read about; a negative weight mutes it."""

    kind: InterestKind
    value: str
    weight: float = 1.0


@dataclass(frozen=True, slots=True)
class Subscriber:
    """One person on the list. `None` in a preference means the site's default."""

    id: int
    public_id: str
    email: str
    status: SubscriberStatus
    name: str = ""
    cadence: Cadence = Cadence.DAILY
    hour: int | None = None
    timezone: str | None = None
    max_papers: int | None = None
    trending_weight: float | None = None
    interests: tuple[Interest, ...] = ()
    created_at: datetime | None = None
    confirmed_at: datetime | None = None
    paused_until: date | None = None
    consent: Mapping[str, str] = field(default_factory=dict)


class Opinion(StrEnum):
    """What a subscriber said of one paper."""

    MORE = "more"
    LESS = "less"


@dataclass(frozen=True, slots=True)
class Feedback:
    """One opinion of one subscriber on one paper; a later one replaces it."""

    paper_key: str
    opinion: Opinion
    given_at: datetime


class SuppressionReason(StrEnum):
    """Why an address gets no mail."""

    UNSUBSCRIBE = "unsubscribe"
    BOUNCE = "bounce"
    COMPLAINT = "complaint"
    ADMIN = "admin"
    ERASED = "erased"


class BounceKind(StrEnum):
    """How a message came back."""

    SOFT = "soft"
    HARD = "hard"
    COMPLAINT = "complaint"


# --- ranking ------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Candidate:
    """A paper that may stand in an edition, with the history of its signals, oldest first."""

    paper: Paper
    listed_at: datetime
    signals: tuple[Signal, ...] = ()


@dataclass(frozen=True, slots=True)
class Profile:
    """What a ranker knows of one subscriber."""

    interests: tuple[Interest, ...] = ()
    liked: tuple[Paper, ...] = ()
    disliked: tuple[Paper, ...] = ()
    trending_weight: float = 0.3


@dataclass(frozen=True, slots=True)
class Scored:
    """What a ranker says of one paper for one subscriber.

    `score` orders the papers, in 0..1; `relevance` and `trending` are its two parts, in 0..1;
    `reason` says in plain words why it was chosen.
    """

    paper: Paper
    score: float
    relevance: float
    trending: float
    reason: str


@dataclass(frozen=True, slots=True)
class Pick:
    """A paper at a position of one digest; positions start at 1.

    `figures` are the paper's signals when the digest was planned, by name, so that a digest
    that is rendered again renders the same.
    """

    paper: Paper
    position: int
    score: float
    relevance: float
    trending: float
    reason: str
    figures: Mapping[str, int] = field(default_factory=dict)


# --- editions and deliveries --------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Edition:
    """One day's or week's window of papers."""

    id: int
    cadence: Cadence
    date: date
    created_at: datetime

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


class SkipReason(StrEnum):
    """Why a delivery is skipped on purpose."""

    NO_PAPERS = "no-papers"  # nothing new since the last digest
    NO_MATCH = "no-match"  # papers, but none above the subscriber's threshold
    NO_INTERESTS = "no-interests"  # nothing to match, and nothing is trending
    SUPPRESSED = "suppressed"
    NOT_CONFIRMED = "not-confirmed"  # paused, unsubscribed or gone since planning
    CANCELLED = "cancelled"


# Reasons that end when new papers arrive while the edition may still leave.
QUIET_REASONS = frozenset({SkipReason.NO_PAPERS, SkipReason.NO_MATCH, SkipReason.NO_INTERESTS})


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
class Rendered:
    """The three parts of a message, as the templates of its kind gave them."""

    subject: str
    text: str
    html: str


@dataclass(frozen=True, slots=True)
class Message:
    """Wire-ready bytes and their envelope.

    `content` is a whole RFC 5322 message: CRLF line ends, no line over 998 octets, 7-bit, not
    yet dot-stuffed.
    """

    sender: str
    recipient: str
    content: bytes


@dataclass(frozen=True, slots=True)
class Receipt:
    """What the relay said when it took a message."""

    reply: str


# --- runs ---------------------------------------------------------------------------------


class RunOutcome(StrEnum):
    """How a run ended."""

    COMPLETE = "complete"  # every delivery that was due is in a final state
    PARTIAL = "partial"  # something is deferred, unknown or failed, or a source failed
    NOTHING_DUE = "nothing-due"  # nobody was due, or everybody has had it
    NO_PAPERS = "no-papers"  # somebody was due, but there was nothing to send
    STALE_SOURCE = "stale-source"  # nothing to send because a source served an old batch
    NO_SUBSCRIBERS = "no-subscribers"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Run:
    """One entry of the run record."""

    id: int
    command: str
    started_at: datetime
    finished_at: datetime | None
    outcome: str
    report: Mapping[str, Any]
