"""arXiv: what was announced today, from its feeds or, when these fail, from its query API.

info.arxiv.org/help/rss_specifications.html, info.arxiv.org/help/api/user-manual.html
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, time, timedelta
from typing import Annotated, Literal, Self
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from pydantic import Field, model_validator

from digest.config import Section
from digest.errors import SourceError, SourceMalformed
from digest.model import Fetched, Paper
from digest.ports import Clock
from digest.sources import authors, feed
from digest.sources.cleaning import abstract, clean
from digest.sources.cursor import Cursor
from digest.sources.http import Fetcher
from digest.sources.identifiers import ArxivId, arxiv_id, arxiv_links, doi, doi_link

DEFAULT_URL = "https://rss.arxiv.org"
DEFAULT_API = "https://export.arxiv.org/api/query"

# Feeds are made anew at midnight Eastern; until this much later the old one is no sign of harm.
_EASTERN = ZoneInfo("America/New_York")
_SLACK = timedelta(hours=2)
# Copies of feeds write midnight of other time zones.
_TOLERANCE = timedelta(hours=12)

_CATEGORY = r"[a-z]+(?:-[a-z]+)*(?:\.[A-Za-z]{2}|\.[a-z]+(?:-[a-z]+)*)?"
_ANNOUNCED = re.compile(
    r"^\s*arXiv:(?P<id>\S+)\s+Announce\s+Type:\s*(?P<type>[\w-]+)", re.IGNORECASE
)
# Feeds from before February 2024, which archives and mirrors still hold.
_OLD_TITLE = re.compile(
    r"\.?\s*\(arXiv:(?P<id>\S+)\s+\[(?P<category>[^\]]+)\]\s*(?P<type>UPDATED|CROSS LISTED)?\)\s*$"
)
_OLD_TYPES = {"UPDATED": "replace", "CROSS LISTED": "cross", None: "new"}


class ArxivOptions(Section):
    """The keys of a source of this kind."""

    categories: tuple[Annotated[str, Field(pattern=rf"^{_CATEGORY}$")], ...] = Field(
        (), description='Which categories to read, such as `["cs.LG", "hep-th"]`.'
    )
    url: str = Field(
        DEFAULT_URL,
        description="A site of feeds, its `/rss` or `/atom`, the query API, or one whole feed.",
    )
    api_url: str | None = Field(
        None,
        description="The query API, asked when the feed is away, unreadable or old; "
        "arXiv's own where `url` is its own.",
    )
    announce: tuple[Literal["new", "cross", "replace", "replace-cross"], ...] = Field(
        ("new", "cross"),
        description="Which announcements bring papers; the others only update known ones.",
    )
    max_results: int = Field(
        500, ge=1, le=2000, description="How many papers the query API is asked for."
    )

    @model_validator(mode="after")
    def _complete(self) -> Self:
        if not self.categories and self.form != "complete":
            raise ValueError('categories are missing: name at least one, such as ["cs.LG"]')
        return self

    @property
    def form(self) -> Literal["host", "feeds", "api", "complete"]:
        """Return what `url` is."""
        parts = urlsplit(self.url)
        path = parts.path.rstrip("/")
        if parts.query:
            return "complete"
        if not path:
            return "host"
        if path.endswith("/api/query"):
            return "api"
        return "feeds" if path.endswith(("/rss", "/atom")) else "complete"

    @property
    def feed_url(self) -> str:
        """Return the address of the feed of all categories."""
        base = self.url.rstrip("/")
        wanted = "+".join(self.categories)
        return {"host": f"{base}/rss/{wanted}", "feeds": f"{base}/{wanted}"}.get(
            self.form, self.url
        )

    @property
    def second_path(self) -> str | None:
        """Return the address of the query API that stands in for the feed, if there is one."""
        if not self.categories:
            return None
        if self.api_url:
            return self.api_url
        if urlsplit(self.url).hostname == urlsplit(DEFAULT_URL).hostname:
            return DEFAULT_API
        return f"{self.url.rstrip('/')}/api/query" if self.form == "host" else None


class Arxiv:
    """A source of kind "arxiv"."""

    Options = ArxivOptions

    def __init__(self, options: ArxivOptions, fetcher: Fetcher, clock: Clock) -> None:
        self._options = options
        self._fetcher = fetcher
        self._clock = clock

    def fetch(self, since: datetime | None, cursor: str | None) -> Fetched:
        """Return today's announcements; with `since`, what was submitted from then on."""
        if self._options.form == "api":
            return self._query(self._options.url, since)
        second = self._options.second_path
        if since is not None and second is not None:
            try:
                return self._query(second, since)
            except SourceError as error:
                fetched = self._feed(since, cursor)
                return _noted(fetched, f"The query API failed ({_why(error)}); the feed was read.")
        try:
            fetched = self._feed(since, cursor)
        except SourceError as error:
            if second is None:
                raise
            return self._instead(second, since, error)
        if fetched.stale and second is not None:
            return self._besides(second, since, fetched)
        return fetched

    def _instead(self, second: str, since: datetime | None, error: SourceError) -> Fetched:
        try:
            fetched = self._query(second, since)
        except SourceError:
            raise error from None  # what is wrong with the first path is what there is to mend
        wait = getattr(error, "retry_after", None) or fetched.retry_after
        fetched = replace(fetched, retry_after=wait)
        return _noted(fetched, f"The feed failed ({_why(error)}); the query API was asked instead.")

    def _besides(self, second: str, since: datetime | None, stale: Fetched) -> Fetched:
        try:
            fetched = self._query(second, since)
        except SourceError as error:
            return _noted(stale, f"The query API was asked too and failed ({_why(error)}).")
        fetched = replace(fetched, stale=True, note=" ".join([stale.note, fetched.note]).strip())
        return _noted(fetched, "The query API was asked instead.")

    def _feed(self, since: datetime | None, cursor: str | None) -> Fetched:
        url = self._options.feed_url
        last = Cursor.read(cursor, url)
        response = self._fetcher.get(url, etag=last.etag, last_modified=last.last_modified)
        if response.status == 304:
            fetched = Fetched(cursor=cursor, not_modified=True, retry_after=response.retry_after)
            return _stale(fetched, self._overdue(last.announced))
        parsed = feed.parse(response.content, url=response.url, content_type=response.content_type)
        batch = self._batch(parsed, since)
        announced = _announced(parsed)
        new = Cursor.of(
            url,
            response,
            whole=not parsed.broken_off,
            announced_at=announced,
            keys=(paper.key for paper in batch.all_papers),
        )
        fetched = replace(batch.fetched, cursor=new.write(), retry_after=response.retry_after)
        overdue = self._overdue(announced) or _repeated(last, new)
        # A stale batch must be seen again as what it is: the last good one stays remembered.
        return _stale(replace(fetched, cursor=cursor), overdue) if overdue else fetched

    def _query(self, url: str, since: datetime | None) -> Fetched:
        wanted = " OR ".join(f"cat:{category}" for category in self._options.categories)
        if since is not None:
            first, last = (at.astimezone(UTC) for at in (since, self._clock.now()))
            wanted = f"({wanted}) AND submittedDate:[{first:%Y%m%d%H%M} TO {last:%Y%m%d%H%M}]"
        limit = self._options.max_results
        response = self._fetcher.get(
            url,
            params={
                "search_query": wanted,
                "sortBy": "submittedDate",
                "sortOrder": "descending",
                "start": "0",
                "max_results": str(limit),
            },
        )
        parsed = feed.parse(response.content, url=response.url, content_type=response.content_type)
        fetched = self._batch(parsed, since).fetched
        if since is not None and len(parsed.entries) >= limit:
            fetched = _noted(fetched, f"Only the newest {limit} came: raise max_results for more.")
        return replace(fetched, retry_after=response.retry_after)

    def _batch(self, parsed: feed.Feed, since: datetime | None) -> _Batch:
        papers: dict[str, Paper] = {}
        revisions: dict[str, Paper] = {}
        others, unreadable = [], parsed.unreadable
        for entry in parsed.entries:
            if "/api/errors" in entry.id:
                raise SourceMalformed(f"arXiv refuses the question: {clean(entry.summary)}.")
            read = _read(entry)
            if read is None:
                unreadable += 1
                continue
            kind, paper = read
            if kind in self._options.announce:
                papers.setdefault(paper.key, paper)
            elif kind.startswith("replace"):
                revisions.setdefault(paper.key, paper)
            else:
                others.append(paper)
        if unreadable and not (papers or revisions or others):
            raise SourceMalformed(
                "The feed holds no paper of arXiv: check the address of the source."
            )
        fetched = Fetched(
            papers=tuple(_newer(papers.values(), since)),
            revisions=tuple(_newer(revisions.values(), since)),
            note=f"Entries left out as unreadable: {unreadable}." if unreadable else "",
        )
        return _Batch(fetched, [*papers.values(), *others])

    def _overdue(self, announced: datetime | None) -> str:
        """Say why a batch of that date is too old; an empty text means that it is not."""
        if announced is None:
            return ""
        # A batch is dated Monday to Friday, midnight Eastern.
        day = (self._clock.now() - _SLACK).astimezone(_EASTERN).date()
        while day.weekday() > 4:
            day -= timedelta(days=1)
        if announced + _TOLERANCE >= datetime.combine(day, time(), _EASTERN):
            return ""
        return f"The feed is old: it was made for {announced.astimezone(_EASTERN):%Y-%m-%d}."


@dataclass(frozen=True, slots=True)
class _Batch:
    """What a feed held: what is passed on, and every paper but the replaced ones."""

    fetched: Fetched
    all_papers: Sequence[Paper]


def _read(entry: feed.Entry) -> tuple[str, Paper] | None:
    """Return the announcement type and the paper of an entry, `None` when it is not readable."""
    announced = _ANNOUNCED.match(entry.summary)
    old = _OLD_TITLE.search(" ".join(entry.title.split()))
    found = _identity(entry, announced, old)
    title = clean(_OLD_TITLE.sub("", " ".join(entry.title.split())))
    if found is None or not title:
        return None
    kind = (
        entry.announce_type
        or (announced["type"] if announced else "")
        or (_OLD_TYPES[old["type"]] if old else "new")
    ).lower()
    categories = [entry.primary_category, *([old["category"]] if old else ()), *entry.categories]
    name = doi(entry.doi) if entry.doi else None
    from_api = not (entry.announce_type or announced or old)
    return kind, Paper(
        key=f"arxiv:{found.id}",
        title=title,
        abstract=abstract(entry.summary),
        authors=authors.names(entry.authors),
        categories=tuple(
            dict.fromkeys(each for each in categories if re.fullmatch(_CATEGORY, each))
        ),
        links=(*arxiv_links(found.id), *([doi_link(name)] if name else ())),
        version=found.version,
        published_at=entry.published_at,
        # In an Atom feed of announcements, `updated` is when the feed was made.
        updated_at=entry.updated_at if from_api else None,
    )


def _identity(
    entry: feed.Entry, announced: re.Match[str] | None, old: re.Match[str] | None
) -> ArxivId | None:
    places = [entry.id, entry.link or "", *(link.url for link in entry.links)]
    places += [match["id"] for match in (announced, old) if match]
    found = [each for place in places if (each := arxiv_id(place))]
    if not found:
        return None
    return ArxivId(found[0].id, max(each.version for each in found if each.id == found[0].id))


def _announced(parsed: feed.Feed) -> datetime | None:
    """Return the date of a batch: that of its entries, else that of the feed."""
    dates = [entry.published_at for entry in parsed.entries if entry.published_at]
    return max(dates, default=None) or parsed.published_at or parsed.built_at


def _repeated(last: Cursor, new: Cursor) -> str:
    """Say whether a batch with a new date holds only what the last one held."""
    later = last.announced and new.announced and new.announced > last.announced
    if later and new.sample and set(new.sample) <= set(last.sample):
        return "The feed has a new date, but the papers of the last one."
    return ""


def _newer(papers: Iterable[Paper], since: datetime | None) -> list[Paper]:
    return [
        paper
        for paper in papers
        if since is None or (at := paper.updated_at or paper.published_at) is None or at >= since
    ]


def _why(error: SourceError) -> str:
    return str(error).rstrip(".")


def _stale(fetched: Fetched, why: str) -> Fetched:
    return _noted(replace(fetched, stale=True), why) if why else fetched


def _noted(fetched: Fetched, note: str) -> Fetched:
    return replace(fetched, note=f"{fetched.note} {note}".strip())
