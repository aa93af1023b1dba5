"""One paper: what it says, how it is talked about, and what is like it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from fastapi import APIRouter
from fastapi.responses import RedirectResponse, Response

from digest.due import local_date
from digest.model import Candidate, Window
from digest.ranking import figures
from digest.ranking.gains import gained
from digest.reading import Reader, periods
from digest.web.chart import charts
from digest.web.front import FIGURE_NAMES, candidate_view, page_of, paper_view
from digest.web.lists import path_of, title_of
from digest.web.pages import Pages

FEW_SIMILAR = 6


@dataclass(frozen=True)
class PaperPages:
    """The pages of papers."""

    pages: Pages
    reader: Reader

    def router(self) -> APIRouter:
        """Return the route."""
        router = APIRouter()
        router.add_api_route(
            "/papers/{key:path}", self.paper, methods=["GET", "HEAD"], response_model=None
        )
        return router

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
        return {
            "paper": {
                **paper_view(paper, figures(candidate)),
                "authors": list(paper.authors),
                "organisation": paper.organisation,
                "categories": paper.categories,
            },
            "key": paper.key,
            "canonical": page_of(paper.key),
            "listed": (title_of(day), path_of(day)),
            "published_at": paper.published_at,
            "version": paper.version,
            "charts": [
                {
                    "name": f"{FIGURE_NAMES.get(one.name, one.name)}s",
                    "chart": one,
                    "gained": rising.get(one.name, 0),
                }
                for one in charts(candidate.signals, candidate.listed_at, now)
            ],
        }
