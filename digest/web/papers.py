"""One paper: what it says, how it is talked about, and what is like it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from fastapi import APIRouter
from fastapi.responses import RedirectResponse, Response

from digest.due import local_date
from digest.model import Candidate, LinkKind, Paper, Window
from digest.ranking import figures
from digest.ranking.gains import gained
from digest.reading import Reader, periods
from digest.web.chart import charts
from digest.web.lists import address, path_of, title_of
from digest.web.pages import Pages, routes
from digest.web.views import FIGURE_NAMES, LINK_NAMES, candidate_view, page_of, paper_view

FEW_SIMILAR = 6


@dataclass(frozen=True)
class PaperPages:
    """The pages of papers."""

    pages: Pages
    reader: Reader

    def router(self) -> APIRouter:
        """Return the route."""
        return routes({"/papers/{key:path}": self.paper})

    def paper(self, key: str) -> Response:
        """Show one paper; other names than its key lead there."""
        candidate = self.reader.paper(key)
        if candidate.paper.key != key:
            return RedirectResponse(f"{self.pages.root}{page_of(candidate.paper.key)}", 301)
        similar = self.reader.similar(candidate.paper, limit=FEW_SIMILAR)
        context = {
            **self._facts(candidate),
            "similar": [candidate_view(one) for one in similar.candidates],
        }
        return self.pages.public("paper_page", context)

    def _facts(self, candidate: Candidate) -> dict[str, Any]:
        paper, now = candidate.paper, self.pages.app.clock.now()
        day = periods.around(Window.DAY, local_date(candidate.listed_at, self.reader.timezone))
        rising = gained(candidate.signals, now)
        shown = paper_view(paper, figures(candidate))
        sources = {one.kind: one.name for one in reversed(self.pages.app.settings.sources)}
        return {
            "paper": {
                **shown,
                "authors": [(name, _by(name)) for name in paper.authors],
                "organisation": paper.organisation,
                "version": paper.version,
                "categories": [
                    (name, address("/search", {"category": name})) for name in paper.categories
                ],
                "links": [(_read_at(name, url), url) for name, url in shown["links"]],
            },
            "key": paper.key,
            "citation": _citation(paper, shown["links"]),
            "canonical": page_of(paper.key),
            "listed": (title_of(day), path_of(day)),
            "published_at": paper.published_at,
            "charts": [
                {
                    "name": FIGURE_NAMES.get(one.name, one.name),
                    "chart": one,
                    "source": sources.get(one.source, one.source),
                    "gained": rising.get(one.name, 0),
                }
                for one in charts(candidate.signals, candidate.listed_at, now)
            ],
        }


def _by(author: str) -> str:
    """Return where the papers of an author are."""
    name = " ".join(author.replace('"', " ").split())
    return address("/search", {"q": f'author:"{name}"'})


def _read_at(name: str, url: str) -> str:
    """Return what the link to a paper says: the abstract is on this page already."""
    if name != LINK_NAMES[LinkKind.ABSTRACT]:
        return name
    host = (urlsplit(url).hostname or "").removeprefix("www.")
    return f"Read at {'arXiv' if host == 'arxiv.org' else host}"


def _citation(paper: Paper, links: Iterable[tuple[str, str]]) -> Iterator[tuple[str, str]]:
    """Yield what programs that collect papers want to know, as Highwire Press names it."""
    yield "title", paper.title
    for author in paper.authors:
        yield "author", author
    if paper.published_at is not None:
        yield "publication_date", f"{paper.published_at:%Y/%m/%d}"
    kind, _, name = paper.key.partition(":")
    if kind in ("arxiv", "doi"):
        yield {"arxiv": "arxiv_id", "doi": "doi"}[kind], name
    for called, url in links:
        if called == LINK_NAMES[LinkKind.PDF]:
            yield "pdf_url", url
            break
