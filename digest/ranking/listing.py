"""What is known of a paper when a list first shows it, read from a record or from the store."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any, Self
from urllib.parse import urlsplit

from digest.model import AsListed, Candidate, LinkKind, SignalName
from digest.ranking.text import words

# Stars that were counted later would tell of the attention that they are to foretell.
_AT_LISTING = timedelta(days=2)


@dataclass(frozen=True, slots=True)
class Listing:
    """One listed paper; everything but the title may be missing.

    `authors`, `organisation`, `owner` (of the code) and `site` (host of the project page) are
    folded names, to be compared; `author_names` and `organisation_name` are for people. `day` is
    the day of the list, `listed_at` the moment on it, `upvotes` a count so far: for a past paper
    the last one.
    """

    title: str
    abstract: str = ""
    author_names: tuple[str, ...] = ()
    organisation_name: str = ""
    owner: str = ""
    site: str = ""
    has_media: bool = False
    keywords: int = 0
    stars: int | None = None
    day: date | None = None
    listed_at: datetime | None = None
    published_at: datetime | None = None
    upvotes: int | None = None

    @property
    def authors(self) -> tuple[str, ...]:
        """Return the names of the authors as they are compared."""
        return tuple(filter(None, map(folded, self.author_names)))

    @property
    def organisation(self) -> str:
        """Return the name of the organisation as it is compared."""
        return folded(self.organisation_name)

    @classmethod
    def of_record(cls, record: Mapping[str, Any]) -> Self:
        """Read a record of the list of Hugging Face; raise `ValueError` without a title.

        Known are `title`, `abstract`, `authors`, `organization`, `github_repo`, `github_stars`,
        `project_page`, `has_media`, `ai_keywords`, `list_date`, `submitted_on_daily`, `published`
        and `upvotes`. What has another form than it should counts as missing.
        """
        title = _text(record.get("title"))
        if not title:
            raise ValueError('a record has no "title": give every paper its title')
        listed = _moment(record.get("submitted_on_daily"))
        day = _moment(record.get("list_date")) or listed
        return cls(
            title=title,
            abstract=_text(record.get("abstract")),
            author_names=tuple(filter(None, map(_text, _list(record.get("authors"))))),
            organisation_name=_text(record.get("organization")),
            owner=_owner(_text(record.get("github_repo"))),
            site=_site(_text(record.get("project_page"))),
            has_media=record.get("has_media") is True,
            keywords=len(_list(record.get("ai_keywords"))),
            stars=_count(record.get("github_stars")),
            day=day and day.date(),
            listed_at=listed,
            published_at=_moment(record.get("published")),
            upvotes=_count(record.get("upvotes")),
        )

    @classmethod
    def of_candidate(cls, candidate: Candidate) -> Self:
        """Read a paper of the store with its signals; the last upvotes count."""
        paper, listed = candidate.paper, candidate.listed_at
        shown = paper.as_listed or AsListed()
        upvotes = stars = None
        for signal in candidate.signals:
            if signal.name is SignalName.UPVOTES:
                upvotes = signal.value
            early = signal.observed_at <= listed + _AT_LISTING
            if signal.name is SignalName.STARS and stars is None and early:
                stars = signal.value
        return cls(
            title=paper.title,
            abstract=paper.abstract,
            author_names=paper.authors,
            organisation_name=paper.organisation,
            owner=_owner(paper.link(LinkKind.CODE) or ""),
            site=_site(paper.link(LinkKind.PROJECT) or ""),
            has_media=shown.has_media,
            keywords=shown.keywords,
            stars=stars,
            day=listed.astimezone(UTC).date(),
            listed_at=shown.submitted_at,
            published_at=paper.published_at,
            upvotes=upvotes,
        )


def folded(name: str) -> str:
    """Return a name as it is compared: words in small letters, without accents."""
    return " ".join(words(name))


def _owner(address: str) -> str:
    """Return whose code it is: the first part of the path on a forge."""
    parts = urlsplit(address).path.strip("/").split("/")
    return parts[0].lower()


def _site(address: str) -> str:
    return (urlsplit(address).hostname or "").removeprefix("www.")


def _text(value: object) -> str:
    return " ".join(value.split()) if isinstance(value, str) else ""


def _list(value: object) -> list[Any]:
    return list(value) if isinstance(value, (list, tuple)) else []


def _count(value: object) -> int | None:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return None
    return int(value) if math.isfinite(value) and value >= 0 else None


def _moment(value: object) -> datetime | None:
    try:
        at = datetime.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        return None
    if at is None:
        return None
    return at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)
