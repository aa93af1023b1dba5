"""Today's papers, as the front page shows them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from threading import Lock
from typing import Any

from digest.app import App
from digest.due import local_date
from digest.model import LinkKind, Paper, Profile
from digest.rank import STILL_TRENDING
from digest.rank.attention import candidates_of
from digest.rank.topics import shown as topic_view
from digest.rank.topics import topics_of
from digest.ranking import figures

# A day's papers are those that were listed within this time of the newest one, and older ones
# that are still trending.
DAY = timedelta(hours=24)

MOST_PAPERS = 50
KEEP = timedelta(minutes=5)

LINK_NAMES = {
    LinkKind.ABSTRACT: "Abstract",
    LinkKind.PDF: "PDF",
    LinkKind.CODE: "Code",
    LinkKind.PROJECT: "Project",
    LinkKind.DISCUSSION: "Discussion",
    LinkKind.DOI: "DOI",
}
FIGURE_NAMES = {"upvotes": "upvote", "comments": "comment", "stars": "star"}


@dataclass(frozen=True, slots=True)
class Today:
    """The papers of the latest day, the most trending first, and the topics that rise."""

    day: date | None
    papers: tuple[Mapping[str, Any], ...]
    total: int
    topics: tuple[Mapping[str, Any], ...] = ()


@dataclass
class FrontPage:
    """Today's papers, ranked at most every five minutes; thread-safe."""

    app: App
    _today: Today | None = None
    _known: tuple[datetime | None, int] = (None, 0)
    _made_at: datetime | None = None
    _lock: Lock = field(default_factory=Lock)

    def today(self) -> Today:
        """Return the latest day's papers."""
        now = self.app.clock.now()
        with self.app.store.read() as tx:
            known = (tx.papers.newest_listed_at(until=now), tx.papers.count())
        with self._lock:
            fresh = self._made_at is not None and now - self._made_at < KEEP
            if self._today is None or not fresh or known != self._known:
                self._today = self._rank(known[0], now)
                self._known, self._made_at = known, now
            return self._today

    def _rank(self, newest: datetime | None, now: datetime) -> Today:
        if newest is None:
            return Today(None, (), 0)
        with self.app.store.read() as tx:
            since = newest - timedelta(days=self.app.settings.ranking.trending_days)
            candidates = candidates_of(tx, since, now)
            topics = topics_of(tx, now)
        ranking = self.app.ranker.fit(candidates, [], now)
        # Nobody in particular is asking: only what is trending counts.
        scores = ranking.score([Profile(trending_weight=1.0)]).score[0]
        shown = [
            ranking.candidates[column]
            for column in (-scores).argsort(kind="stable")
            if ranking.trending[column] >= STILL_TRENDING
            or ranking.candidates[column].listed_at > newest - DAY
        ]
        return Today(
            day=local_date(newest, self.app.settings.schedule.timezone),
            papers=tuple(paper_view(one.paper, figures(one)) for one in shown[:MOST_PAPERS]),
            total=len(shown),
            topics=tuple(map(topic_view, topics)),
        )


def paper_view(paper: Paper, counts: Mapping[str, int] | None = None) -> dict[str, Any]:
    """Return what the pages show of a paper; links that are not http(s) are left out."""
    links = [link for link in paper.links if link.url.startswith(("https://", "http://"))]
    return {
        "title": paper.title,
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
    }


def authors_line(authors: tuple[str, ...], most: int = 6) -> str:
    """Return the authors in one line; long lists are cut and counted."""
    if len(authors) <= most:
        return ", ".join(authors)
    return f"{', '.join(authors[: most - 1])} and {len(authors) - most + 1} others"
