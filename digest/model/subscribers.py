"""Subscribers, what they want and what they said."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from typing import Any


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
class Rhythm:
    """When somebody gets a digest; those who share one are due together.

    `None` means the site's default.
    """

    cadence: Cadence = Cadence.DAILY
    hour: int | None = None
    timezone: str | None = None


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
    unsubscribed_at: datetime | None = None
    paused_until: date | None = None
    feed_since: datetime | None = None
    consent: Mapping[str, str] = field(default_factory=dict)
    # How somebody who left would come back; a stranger may have typed it, so nobody has it yet.
    wish: Mapping[str, Any] | None = None

    @property
    def rhythm(self) -> Rhythm:
        """Return when they get a digest."""
        return Rhythm(self.cadence, self.hour, self.timezone)

    @property
    def wished_at(self) -> datetime | None:
        """Return when somebody asked for them to come back."""
        return datetime.fromisoformat(self.wish["consent"]["asked_at"]) if self.wish else None


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


# Whoever has one of these may ask for mail: they left by a wish of their own, or not at all. The
# other reasons are about the address.
MAY_ASK = frozenset({None, SuppressionReason.UNSUBSCRIBE, SuppressionReason.ERASED})


class BounceKind(StrEnum):
    """How a message came back."""

    SOFT = "soft"
    HARD = "hard"
    COMPLAINT = "complaint"
