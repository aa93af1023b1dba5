"""What a paper is called: arXiv identifiers, DOIs and addresses -> the key of a paper."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import NamedTuple
from urllib.parse import parse_qsl, quote, unquote, urlencode, urlsplit, urlunsplit

from digest.model import Link, LinkKind

# info.arxiv.org/help/arxiv_identifier.html: YYMM.NNNNN since 2015, YYMM.NNNN since April 2007,
# archive[.SC]/YYMMNNN before; a version may follow.
_NEW = r"\d{2}(?:0[1-9]|1[0-2])\.\d{4,5}"
_OLD = r"[a-z]+(?:-[a-z]+)?(?:\.[a-z]{2})?/\d{2}(?:0[1-9]|1[0-2])\d{3}"
_ID = rf"(?P<id>{_NEW}|{_OLD})(?:v(?P<version>\d{{1,3}}))?"
_BARE = re.compile(rf"(?:(?:oai:)?arxiv(?:\.org)?:\s*)?{_ID}", re.IGNORECASE)
_ARXIV_DOI = re.compile(rf"10\.48550/arxiv\.{_ID}", re.IGNORECASE)
_ARXIV_PATH = re.compile(rf"/(?:abs|pdf|html|format|ps|papers?|p)/{_ID}(?:\.pdf)?/?", re.IGNORECASE)

# Hosts whose addresses are named after arXiv papers.
_ARXIV_HOSTS = ("arxiv.org", "huggingface.co", "hf.co", "alphaxiv.org", "tldr.takara.ai")

_DOI = re.compile(r"10\.\d{4,9}/[^\s\"<>\x00-\x1f]+")
_DOI_HOSTS = ("doi.org",)
# A dot is any character: before a line end, each "v1" of many would be tried as the version.
_PREPRINT_PATH = re.compile(
    r"/content/(?:early/[\d/]+/)?(10\.\d{4,9}/[^/?#]+?)(?:v\d+.*)?/?$", re.DOTALL
)
_TRACKING = re.compile(r"utm_\w+|fbclid|gclid|mc_[ce]id|rss")

_LONGEST_URL = 2000


class ArxivId(NamedTuple):
    """An arXiv identifier; version 0 where none is given."""

    id: str
    version: int


def arxiv_id(text: str) -> ArxivId | None:
    """Read an arXiv identifier from an id, a feed's guid, a DOI or an address; else `None`."""
    text = text.strip()
    match = _BARE.fullmatch(text)
    if match is None and (url := web_address(text)) is not None:
        parts = urlsplit(url)
        path = unquote(parts.path)
        if _belongs(parts.hostname or "", _ARXIV_HOSTS):
            match = _ARXIV_PATH.fullmatch(path)
        elif _belongs(parts.hostname or "", _DOI_HOSTS):
            match = _ARXIV_DOI.fullmatch(path.lstrip("/"))
    if match is None:
        match = _ARXIV_DOI.fullmatch(re.sub(r"^doi:\s*", "", text, flags=re.IGNORECASE))
    if match is None:
        return None
    # The two letters of an old subject class are upper case: math.GT/0309136.
    name = re.sub(r"\.([a-z]{2})/", lambda found: found[0].upper(), match["id"].lower())
    return ArxivId(name, int(match["version"] or 0))


def doi(text: str) -> str | None:
    """Read a DOI, in lower case, from a DOI, `doi:...` or an address of doi.org; else `None`."""
    text = re.sub(r"^(?:info:)?doi[:/]\s*", "", text.strip(), flags=re.IGNORECASE)
    if (url := web_address(text)) is not None:
        parts = urlsplit(url)
        path = unquote(parts.path)
        preprint = _PREPRINT_PATH.search(path)
        if _belongs(parts.hostname or "", _DOI_HOSTS):
            text = path.lstrip("/")
        elif preprint and _belongs(parts.hostname or "", ("biorxiv.org", "medrxiv.org")):
            text = preprint[1]
    match = _DOI.fullmatch(text)
    return match[0].rstrip(".,;:)]}'").lower() if match else None


def arxiv_links(name: str) -> tuple[Link, Link]:
    """Return the two pages that every paper of arXiv has."""
    return (
        Link(LinkKind.ABSTRACT, f"https://arxiv.org/abs/{name}"),
        Link(LinkKind.PDF, f"https://arxiv.org/pdf/{name}"),
    )


def doi_link(name: str) -> Link:
    """Return the address at which a DOI resolves."""
    return Link(LinkKind.DOI, f"https://doi.org/{quote(name, safe='/:;()._-')}")


def web_address(text: object) -> str | None:
    """Return an http(s) address that is safe to link to, stripped; else `None`."""
    if not isinstance(text, str):
        return None
    url = text.strip()
    if len(url) > _LONGEST_URL or not url.isprintable() or re.search(r"[ \"<>\\^`{|}]", url):
        return None
    try:
        parts = urlsplit(url)
        known = parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
    except ValueError:
        return None
    return url if known and "@" not in parts.netloc else None


def canonical_url(url: str) -> str:
    """Return an address without what does not tell pages apart.

    https for http, lower-case host, no default port, no fragment, no tracking parameters.
    """
    parts = urlsplit(url)
    host = (parts.hostname or "").lower()
    host = f"[{host}]" if ":" in host else host
    if parts.port not in {None, 80, 443}:
        host = f"{host}:{parts.port}"
    query = [
        (name, value)
        for name, value in parse_qsl(parts.query, keep_blank_values=True)
        if not _TRACKING.fullmatch(name.lower())
    ]
    return urlunsplit(("https", host, parts.path or "/", urlencode(query), ""))


def paper_key(candidates: Iterable[str]) -> str | None:
    """Return the key of a paper from what is known of it: arXiv first, then DOI, then address."""
    known = [text for text in candidates if text]
    if (found := next(filter(None, map(arxiv_id, known)), None)) is not None:
        return f"arxiv:{found.id}"
    if (name := next(filter(None, map(doi, known)), None)) is not None:
        return f"doi:{name}"
    if (url := next(filter(None, map(web_address, known)), None)) is not None:
        return f"url:{canonical_url(url)}"
    return None


def _belongs(host: str, sites: Iterable[str]) -> bool:
    return any(host == site or host.endswith(f".{site}") for site in sites)
