"""Papers, their signals, and what sources bring."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


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
class AsListed:
    """What else a list showed of a paper that people vote on, when it was first seen there.

    `submitted_at` is when it was put on the list, `keywords` how many it is listed under.
    """

    submitted_at: datetime | None = None
    has_media: bool = False
    keywords: int = 0


@dataclass(frozen=True, slots=True)
class Paper:
    """One paper, whatever the number of its versions, categories and sources.

    `key` names the paper without its version: `arxiv:2604.21952`, `doi:10.1101/...` (lower
    case) or `url:https://...`. `version` is 0 where the source does not tell. Texts are clean:
    one line, no markup, no control characters. The first category is the primary one. Whose work
    it is, `organisation`, few sources tell; `as_listed` is `None` where no such list has had it.
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
    organisation: str = ""
    as_listed: AsListed | None = None

    @property
    def primary_category(self) -> str:
        """Return the first category, or an empty string."""
        return self.categories[0] if self.categories else ""

    @property
    def addresses(self) -> tuple[Link, ...]:
        """Return the links that lead to the web: a source may have brought others."""
        return tuple(one for one in self.links if one.url.startswith(("https://", "http://")))

    def link(self, kind: LinkKind) -> str | None:
        """Return the first address of that kind."""
        return next((link.url for link in self.links if link.kind is kind), None)


class SignalName(StrEnum):
    """What a popularity figure counts.

    `halfway` is how many fresh ones make a trending score of one half on the absolute scale;
    `lasting` says that a paper may have had them for years when it is first seen, so that only
    what is gained afterwards counts. A new name needs its row here and nothing else.
    """

    halfway: float
    lasting: bool

    def __new__(cls, value: str, halfway: float = 50.0, lasting: bool = False) -> SignalName:  # noqa: FBT001, FBT002 - a table
        """Make a member of its row."""
        member = str.__new__(cls, value)
        member._value_ = value
        member.halfway = halfway
        member.lasting = lasting
        return member

    UPVOTES = "upvotes", 50.0
    COMMENTS = "comments", 25.0  # a comment takes more effort than a click
    STARS = "stars", 200.0, True  # they come by the hundred, and to code rather than to the paper


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
