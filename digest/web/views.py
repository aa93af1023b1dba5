"""What all pages show of a paper."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from digest.model import Candidate, LinkKind, Paper
from digest.ranking import figures

LINK_NAMES = {
    LinkKind.ABSTRACT: "Abstract",
    LinkKind.PDF: "PDF",
    LinkKind.CODE: "Code",
    LinkKind.PROJECT: "Project",
    LinkKind.DISCUSSION: "Discussion",
    LinkKind.DOI: "DOI",
}
FIGURE_NAMES = {"upvotes": "upvote", "comments": "comment", "stars": "star"}


def candidate_view(candidate: Candidate, why: str = "") -> dict[str, Any]:
    """Return what the pages show of a paper with its latest figures, and of why it is there."""
    shown = paper_view(candidate.paper, figures(candidate))
    return {**shown, "score": score_of(candidate), "why": why}


def score_of(candidate: Candidate) -> float | None:
    """Return how much a paper is talked about, as it is told; `None` where that is not measured."""
    return candidate.trend.shown if candidate.trend is not None else None


def paper_view(paper: Paper, counts: Mapping[str, int] | None = None) -> dict[str, Any]:
    """Return what the pages show of a paper; links that are not http(s) are left out.

    How much it is talked about is not among it.
    """
    links = paper.addresses
    return {
        "title": paper.title,
        "page": page_of(paper.key),
        "url": links[0].url if links else "",
        "authors": authors_line(paper.authors),
        "abstract": paper.abstract,
        "categories": paper.categories[:4],
        "figures": [
            f"{count:,} {FIGURE_NAMES.get(name, name)}{'' if count == 1 else 's'}"
            for name, count in (counts or {}).items()
            if count > 0
        ],
        "links": [(LINK_NAMES[link.kind], link.url) for link in links],
        "score": None,
        "why": "",
    }


def page_of(key: str) -> str:
    """Return the path of a paper's page."""
    return f"/papers/{quote(key, safe=':/')}"


def authors_line(authors: tuple[str, ...], most: int = 6) -> str:
    """Return the authors in one line; long lists are cut and counted."""
    if len(authors) <= most:
        return ", ".join(authors)
    return f"{', '.join(authors[: most - 1])} and {len(authors) - most + 1} others"
