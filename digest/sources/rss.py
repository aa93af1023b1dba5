"""Any RSS, RDF or Atom feed whose entries are papers."""

from __future__ import annotations

from datetime import datetime

from pydantic import Field

from digest.config import Section
from digest.errors import SourceMalformed
from digest.model import Fetched, Link, LinkKind, Paper
from digest.ports import Clock
from digest.sources import authors, feed
from digest.sources.cleaning import abstract, clean, shortened
from digest.sources.cursor import Cursor
from digest.sources.http import Fetcher
from digest.sources.identifiers import arxiv_id, arxiv_links, doi, doi_link, paper_key, web_address


class RssOptions(Section):
    """The keys of a source of this kind."""

    url: str = Field(description="The address of the feed: RSS, Atom or RDF.")


class Rss:
    """A source of kind "rss"."""

    Options = RssOptions

    def __init__(self, options: RssOptions, fetcher: Fetcher, clock: Clock) -> None:
        self._url = options.url
        self._fetcher = fetcher

    def fetch(self, since: datetime | None, cursor: str | None) -> Fetched:
        """Return the entries of the feed, or nothing when it has not changed."""
        last = Cursor.read(cursor, self._url)
        response = self._fetcher.get(self._url, etag=last.etag, last_modified=last.last_modified)
        if response.status == 304:
            return Fetched(cursor=cursor, not_modified=True, retry_after=response.retry_after)
        parsed = feed.parse(response.content, url=response.url, content_type=response.content_type)
        papers: dict[str, Paper] = {}
        revisions: dict[str, Paper] = {}
        unreadable = parsed.unreadable
        for entry in parsed.entries:
            paper = read(entry)
            if paper is None:
                unreadable += 1
            elif since is None or paper.published_at is None or paper.published_at >= since:
                replaced = entry.announce_type.startswith("replace")
                (revisions if replaced else papers).setdefault(paper.key, paper)
        if unreadable and unreadable == len(parsed.entries) + parsed.unreadable:
            raise SourceMalformed(
                "No entry of the feed has a title and a link: check the address of the source."
            )
        return Fetched(
            papers=tuple(papers.values()),
            revisions=tuple(revisions.values()),
            cursor=Cursor.of(self._url, response, whole=not parsed.broken_off).write(),
            retry_after=response.retry_after,
            note=f"Entries left out as unreadable: {unreadable}." if unreadable else "",
        )


def read(entry: feed.Entry) -> Paper | None:
    """Return the paper of an entry; `None` where the title, or every kind of name, is missing."""
    pages = [link.url for link in entry.links if link.rel == "alternate"]
    names = [entry.doi, entry.link or "", *pages, entry.id]
    key, title = paper_key(names), clean(entry.title)
    if key is None or not title:
        return None
    arxiv = next(filter(None, map(arxiv_id, names)), None)
    name = next(filter(None, map(doi, names)), None)
    links: list[Link] = []
    if arxiv is not None:
        links += arxiv_links(arxiv.id)
    elif (page := entry.link or web_address(entry.id)) is not None:
        links.append(Link(LinkKind.ABSTRACT, page))
    if name is not None:
        links.append(doi_link(name))
    return Paper(
        key=key,
        title=title,
        abstract=shortened(abstract(entry.summary)),
        authors=authors.names(entry.authors),
        categories=tuple(dict.fromkeys(filter(None, map(clean, entry.categories)))),
        links=tuple(links),
        version=arxiv.version if arxiv else 0,
        published_at=entry.published_at or entry.updated_at,
        updated_at=None if entry.announce_type else entry.updated_at,
    )
