"""Bytes of an RSS, RDF or Atom feed -> entries. The only user of feedparser."""

from __future__ import annotations

import io
import re
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import feedparser

from digest.errors import SourceMalformed
from digest.sources.identifiers import web_address

_YEARS = range(1970, 2101)
_DECLARED = re.compile(rb"^\s*<\?xml[^>]*\bencoding\s*=", re.IGNORECASE)
# What is in (?>...) is not tried in another way: one comment may hold the ends of many.
_END = re.compile(
    rb"</(?:\w+:)?(?:rss|feed|rdf|channel)\s*>\s*(?>(?:<!--.*?-->\s*)*)$", re.I | re.S
)
_HTML = re.compile(
    rb"^\W*(?>(?:<!--.*?-->\s*|<\?xml[^>]*>\s*)*)<(?:!doctype\s+html|html)\b", re.I | re.S
)


@dataclass(frozen=True, slots=True)
class FeedLink:
    """One address of an entry, with its `rel`."""

    url: str
    rel: str


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry of a feed; texts are as they were sent, addresses are http(s) and absolute."""

    id: str
    link: str | None
    title: str
    summary: str
    authors: tuple[str, ...]
    categories: tuple[str, ...]
    links: tuple[FeedLink, ...]
    published_at: datetime | None
    updated_at: datetime | None
    announce_type: str = ""
    doi: str = ""
    primary_category: str = ""


@dataclass(frozen=True, slots=True)
class Feed:
    """A feed; `built_at` is when it says it was made or is of, `unreadable` counts entries.

    `broken_off` says that the end is missing; the last entry, which is not whole, is left out.
    """

    entries: tuple[Entry, ...]
    built_at: datetime | None
    published_at: datetime | None
    unreadable: int
    broken_off: bool = False


def parse(content: bytes, *, url: str, content_type: str = "") -> Feed:
    """Read a feed, forgiving what can be forgiven; `url` is where relative links start.

    Raise `SourceMalformed` when it is none.
    """
    headers = {"content-location": url}
    if charset := _charset(content, content_type):
        headers["content-type"] = f"application/xml; charset={charset}"
    try:
        # A file object: feedparser opens bytes and texts as the name of a file.
        parsed = feedparser.parse(
            io.BytesIO(content), response_headers=headers, sanitize_html=False
        )
    except Exception as error:
        # feedparser raises whatever its many parsers raise on hostile bytes.
        raise SourceMalformed(f"{_what(content)}: it breaks every reader of feeds.") from error
    if not parsed.get("version") and not parsed.entries:
        raise SourceMalformed(f"{_what(content)}: check the address of the source.")
    # Plain dicts: feedparser's own ones look up other keys, and warn, where one is missing.
    about = dict(parsed.feed)
    entries, unreadable = [], 0
    for raw in parsed.entries:
        try:
            entries.append(_entry(dict(raw)))
        except (TypeError, ValueError, AttributeError, LookupError):
            unreadable += 1
    broken_off = bool(parsed.bozo) and _END.search(_tail(content)) is None
    if broken_off and entries:
        entries.pop()
        unreadable += 1
    return Feed(
        entries=tuple(entries),
        built_at=_moment(about.get("updated_parsed")),
        published_at=_moment(about.get("published_parsed")),
        unreadable=unreadable,
        broken_off=broken_off,
    )


def _what(content: bytes) -> str:
    if not content.strip():
        return "An empty answer is no feed"
    if _HTML.match(content[:4000]):
        return "A web page is no feed"
    return "What was sent is no feed"


def _tail(content: bytes) -> bytes:
    """Return the end of a document, with UTF-16 and UTF-32 made readable as ASCII."""
    return content[-4000:].replace(b"\x00", b"")


def _charset(content: bytes, content_type: str) -> str:
    """Return the charset of the header where the document does not know better itself."""
    found = re.search(r"charset\s*=\s*[\"']?([\w.:-]+)", content_type, re.IGNORECASE)
    if found is None or _DECLARED.match(content[:300]) or content[:2] in {b"\xff\xfe", b"\xfe\xff"}:
        return ""
    try:
        content.decode("utf-8")
    except UnicodeDecodeError:
        return found[1]
    return "utf-8"


def _entry(raw: Mapping[str, Any]) -> Entry:
    links = tuple(_links(raw))
    identity = _text(raw.get("id"))
    return Entry(
        id=identity,
        link=web_address(raw.get("link")) or next((link.url for link in links), None),
        title=_text(raw.get("title")),
        summary=_text(raw.get("summary")) or _first_content(raw),
        authors=tuple(_authors(raw)),
        categories=tuple(
            term for tag in raw.get("tags") or () if (term := _text(tag.get("term")).strip())
        ),
        links=links,
        published_at=_moment(raw.get("published_parsed")),
        updated_at=_moment(raw.get("updated_parsed")),
        announce_type=_text(raw.get("arxiv_announce_type") or raw.get("announce_type")).strip(),
        doi=_first(raw, "arxiv_doi", "prism_doi", "dc_identifier", "doi"),
        primary_category=_term(raw.get("arxiv_primary_category")),
    )


def _links(raw: Mapping[str, Any]) -> Iterator[FeedLink]:
    for link in raw.get("links") or ():
        if (url := web_address(link.get("href"))) is not None:
            yield FeedLink(url, _text(link.get("rel")) or "alternate")


def _authors(raw: Mapping[str, Any]) -> Iterator[str]:
    found = [_text(author.get("name")) for author in raw.get("authors") or ()]
    found = [name for name in found if name.strip()]
    yield from found or filter(None, [_first(raw, "author", "creator")])


def _first(raw: Mapping[str, Any], *names: str) -> str:
    return next((text for name in names if (text := _text(raw.get(name)).strip())), "")


def _first_content(raw: Mapping[str, Any]) -> str:
    return next((_text(part.get("value")) for part in raw.get("content") or ()), "")


def _term(value: object) -> str:
    return _text(value.get("term")) if isinstance(value, Mapping) else _text(value)


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


def _moment(parsed: object) -> datetime | None:
    if not isinstance(parsed, time.struct_time) or parsed.tm_year not in _YEARS:
        return None
    try:
        return datetime(*parsed[:6], tzinfo=UTC)
    except (ValueError, OverflowError):
        return None
