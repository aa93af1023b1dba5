"""The daily papers of Hugging Face: papers that people voted for, and their figures.

huggingface.co/docs/hub/api; every field but the id and the title may be missing.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

from pydantic import Field

from digest.config import Section
from digest.errors import SourceError, SourceMalformed
from digest.model import AsListed, Fetched, Link, LinkKind, Paper, Signal, SignalName
from digest.ports import Clock
from digest.sources.cleaning import clean, shortened
from digest.sources.http import Fetcher, Response
from digest.sources.identifiers import arxiv_id, arxiv_links, web_address

SITE = "https://huggingface.co"
_PATH = "/api/daily_papers"
_LARGEST = 10**9  # a count beyond it is no count
_LONGEST_LOOK_BACK = 31
_LONGEST_NAME = 200


class HuggingFaceOptions(Section):
    """The keys of a source of this kind."""

    url: str = Field(SITE, description="The site, or one whole list of daily papers.")
    days: int = Field(
        2, ge=1, le=_LONGEST_LOOK_BACK, description="How many days are read, today's among them."
    )
    limit: int = Field(100, ge=1, le=100, description="How many papers of a day are read.")


class HuggingFace:
    """A source of kind "huggingface"; its signals come under that name."""

    Options = HuggingFaceOptions

    def __init__(self, options: HuggingFaceOptions, fetcher: Fetcher, clock: Clock) -> None:
        self._options = options
        self._fetcher = fetcher
        self._clock = clock

    def fetch(self, since: datetime | None, cursor: str | None) -> Fetched:
        """Return the lists of the last days with today's figures; lists stop at the weekend."""
        records: list[Any] = []
        failures: list[SourceError] = []
        requests = list(self._requests(since))
        for url, params in requests:
            try:
                records += _records(self._fetcher.get(url, params=params))
            except SourceError as error:
                failures.append(error)
        if len(failures) == len(requests):
            raise failures[0]
        if since is not None:
            records = [record for record in records if not _listed_before(record, since)]
        return self._fetched(records, failures)

    def on(self, day: date) -> Fetched:
        """Return the list of that day with today's figures."""
        url = self._lists()
        if url is None:
            raise SourceError(
                "A source whose url is one whole list has no other days: leave out its url, or "
                "name the site."
            )
        params = {"date": day.isoformat(), "limit": str(self._options.limit)}
        return self._fetched(_records(self._fetcher.get(url, params=params)), [])

    def _lists(self) -> str | None:
        """Return where the list of each day is; `None` where there is but one list."""
        parts = urlsplit(self._options.url)
        path = parts.path.rstrip("/")
        if parts.query or (path and not path.endswith(_PATH)):
            return None
        return self._options.url.rstrip("/") + ("" if path else _PATH)

    def _requests(self, since: datetime | None) -> Iterator[tuple[str, Mapping[str, str]]]:
        url = self._lists()
        if url is None:
            yield self._options.url, {}
            return
        today = self._clock.now().astimezone(UTC).date()
        days = self._options.days
        if since is not None:
            days = min((today - since.astimezone(UTC).date()).days + 1, _LONGEST_LOOK_BACK)
        for back in range(max(days, 1)):
            day = today - timedelta(days=back)
            yield url, {"date": day.isoformat(), "limit": str(self._options.limit)}

    def _fetched(self, records: list[Any], failures: list[SourceError]) -> Fetched:
        papers: dict[str, Paper] = {}
        signals: dict[tuple[str, SignalName], Signal] = {}
        unreadable, now = 0, self._clock.now()
        for record in records:
            paper = read(record)
            if paper is None:
                unreadable += 1
                continue
            papers.setdefault(paper.key, paper)
            for name, value in figures(record):
                signal = Signal(paper.key, "huggingface", name, value, now)
                signals.setdefault((paper.key, name), signal)
        if records and not papers:
            raise SourceMalformed("No record is a paper: check the address of the source.")
        notes = [f"Records left out as unreadable: {unreadable}."] if unreadable else []
        if failures:
            notes.append(
                f"Days that could not be asked: {len(failures)} ({str(failures[0]).rstrip('.')})."
            )
        return Fetched(
            papers=tuple(papers.values()), signals=tuple(signals.values()), note=" ".join(notes)
        )


def _records(response: Response) -> list[Any]:
    host = urlsplit(response.url).hostname
    try:
        content = json.loads(response.content)
    except (ValueError, RecursionError) as error:
        raise SourceMalformed(
            f"{host} sent something that is not JSON: check the address of the source."
        ) from error
    if isinstance(content, Mapping):
        lists = [content.get(name) for name in ("papers", "items", "data", "results")]
        content = next((each for each in lists if isinstance(each, list)), None)
    if not isinstance(content, list):
        raise SourceMalformed(f"{host} sent no list of papers: check the address of the source.")
    return content


def read(record: object) -> Paper | None:
    """Return the paper of a record; `None` where it has no id or no title."""
    outer, inner = _layers(record)
    identity = inner.get("id")
    title = clean(inner.get("title")) or clean(outer.get("title"))
    if not isinstance(identity, str) or not identity or not title:
        return None
    page = web_address(f"{SITE}/papers/{identity}")
    found = arxiv_id(identity)
    if page is None or (found is None and "/" in identity):
        return None
    links: list[Link] = list(arxiv_links(found.id)) if found else []
    for kind, name in ((LinkKind.CODE, "githubRepo"), (LinkKind.PROJECT, "projectPage")):
        if (url := web_address(inner.get(name))) is not None:
            links.append(Link(kind, url))
    links.append(Link(LinkKind.DISCUSSION, page))
    return Paper(
        key=f"arxiv:{found.id}" if found else f"url:{page}",
        title=title,
        abstract=shortened(clean(inner.get("summary")) or clean(outer.get("summary"))),
        authors=tuple(dict.fromkeys(_names(inner.get("authors")))),
        links=tuple(links),
        published_at=_moment(inner.get("publishedAt")) or _moment(outer.get("publishedAt")),
        organisation=_organisation(inner) or _organisation(outer),
        as_listed=AsListed(
            submitted_at=_moment(inner.get("submittedOnDailyAt")),
            has_media=_number(inner, "mediaUrls") + _number(outer, "mediaUrls") > 0,
            keywords=_number(inner, "ai_keywords") or _number(outer, "ai_keywords"),
        ),
    )


def figures(record: object) -> Iterator[tuple[SignalName, int]]:
    """Yield the counts of a record that are counts."""
    outer, inner = _layers(record)
    counts = {
        SignalName.UPVOTES: inner.get("upvotes"),
        SignalName.COMMENTS: outer.get("numComments", inner.get("numComments")),
        SignalName.STARS: inner.get("githubStars"),
    }
    for name, value in counts.items():
        if isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= _LARGEST:
            yield name, value


def _layers(record: object) -> tuple[Mapping[str, Any], Mapping[str, Any]]:
    """Return the record and the paper within it, which may be the record itself."""
    outer: Mapping[str, Any] = record if isinstance(record, Mapping) else {}
    inner = outer.get("paper", outer)
    return outer, inner if isinstance(inner, Mapping) else {}


def _listed_before(record: object, since: datetime) -> bool:
    """Say whether a record was certainly on the list of an earlier day than that of `since`."""
    listed = _moment(_layers(record)[1].get("submittedOnDailyAt"))
    return listed is not None and listed.date() < since.astimezone(UTC).date()


def _organisation(record: Mapping[str, Any]) -> str:
    """Return the name by which people know whose work it is."""
    found = record.get("organization")
    if not isinstance(found, Mapping):
        return ""
    return shortened(clean(found.get("fullname")) or clean(found.get("name")), _LONGEST_NAME)


def _number(record: Mapping[str, Any], name: str) -> int:
    found = record.get(name)
    return len(found) if isinstance(found, list) else 0


def _names(authors: object) -> Iterator[str]:
    for author in authors if isinstance(authors, list) else ():
        if isinstance(author, Mapping) and author.get("hidden") is not True:
            author = author.get("name")
        if name := clean(author):
            yield name


def _moment(text: object) -> datetime | None:
    try:
        at = datetime.fromisoformat(text) if isinstance(text, str) else None
    except ValueError:
        return None
    if at is None or not 1970 <= at.year <= 2100:
        return None
    return at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)
