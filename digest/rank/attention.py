"""How much papers are talked about: one measure for mails, pages, feeds and commands."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from digest.model import Candidate, Trend, Window
from digest.ranking import Categories, Days, Phrases, figures, measured
from digest.store import Transaction

# Attention is measured against the papers of so many days, and against so many at most.
MEMORY = timedelta(days=60)
TRACKS = 3000

# A list looks through so many papers at most.
MOST = 3000

LENGTHS = {Window.DAY: timedelta(1), Window.WEEK: timedelta(7), Window.MONTH: timedelta(30)}

# Stars come by the hundred, and to code rather than to the paper.
_WORTH = {"stars": 0.25}

_SAID = Phrases()


@dataclass(frozen=True, slots=True)
class Trending:
    """What is talked about in a window that ends `at` a moment, by row, the hottest first.

    `categories` counts its papers, the largest category first.
    """

    window: Window
    since: datetime
    at: datetime
    trends: Mapping[int, Trend]
    categories: Mapping[str, int]
    _filed: Categories

    def rows(self, category: str = "") -> list[int]:
        """Return the papers of a category, cross-lists among them; `cs` means all of `cs.*`."""
        if not category:
            return list(self.trends)
        places = self._filed.find(category)
        return [row for place, row in enumerate(self.trends) if place in places]

    def why(self, candidate: Candidate) -> str:
        """Say in words how it is talked about, in the language of the pages."""
        return _SAID.popularity(candidate, self.at, total=self.window is not Window.DAY)


def candidates_of(
    tx: Transaction, since: datetime, until: datetime, *, window: Window = Window.DAY
) -> list[Candidate]:
    """Return the papers listed after `since` and up to `until`, measured as of then."""
    return attended(tx, tx.papers.listed(since, until), until, window)


def trending(tx: Transaction, now: datetime, window: Window) -> Trending:
    """Return what is trending: the papers of which a figure has moved in a window.

    A day is one with announcements: over the weekend it is Friday. It is never longer than a week.
    """
    since = now - LENGTHS[window]
    if window is Window.DAY:
        days = Days(tx.papers.announced(now - MEMORY, now), now)
        since = max(days.before(now, 1.0), now - LENGTHS[Window.WEEK])
    found = tx.listings.moved(since, now, limit=MOST)
    hot = {row: one for row, one in hottest(tx, found, now, window).items() if one.score}
    papers = [found[row].paper for row in hot]
    counts = Counter(name for paper in papers for name in dict.fromkeys(paper.categories))
    categories = dict(sorted(counts.items(), key=lambda one: (-one[1], one[0])))
    return Trending(window, since, now, hot, categories, Categories(papers))


def hottest(
    tx: Transaction, found: Mapping[int, Candidate], now: datetime, window: Window
) -> dict[int, Trend]:
    """Measure papers, and return their trends in the order of every list."""
    trends = {
        row: one.trend or Trend()
        for row, one in zip(found, attended(tx, list(found.values()), now, window), strict=True)
    }
    scores = {row: trend.score for row, trend in trends.items()}
    counted = totals({row: figures(one) for row, one in found.items()})
    return {row: trends[row] for row in ordered(scores, counted)}


def ordered(scores: Mapping[int, float], totals: Mapping[int, float]) -> list[int]:
    """Return papers in the order of every list.

    Of the same score those with larger figures come first, then those that were written last.
    """
    return sorted(scores, key=lambda row: (-scores[row], -totals[row], -row))


def told(
    tx: Transaction,
    rows: Sequence[int],
    trends: Mapping[int, Trend],
    *,
    until: datetime | None = None,
) -> list[Candidate]:
    """Return papers of a list with their texts, their figures up to a moment, and their trends."""
    found = tx.listings.by_row(rows, until=until)
    return [replace(one, trend=trends.get(row, Trend())) for row, one in found.items()]


def totals(found: Mapping[int, Mapping[str, int]]) -> dict[int, float]:
    """Return the sum of the latest figures of each paper, given by name."""
    return {
        row: sum(_WORTH.get(name, 1.0) * count for name, count in counts.items())
        for row, counts in found.items()
    }


def attended(
    tx: Transaction, found: Sequence[Candidate], now: datetime, window: Window
) -> list[Candidate]:
    """Return papers with how much each is talked about, measured against those of 60 days.

    What one of them has does not depend on which others are asked about.
    """
    if not found:
        return []
    tracks = tx.papers.tracks(now - MEMORY, now, limit=TRACKS)
    return measured(found, tracks, now, window, tx.papers.announced(now - MEMORY, now))
