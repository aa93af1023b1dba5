"""The papers that anybody may get or see, each with how much it is talked about."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from digest.model import Candidate, Window
from digest.ranking import Days, measured
from digest.store import Transaction

# Attention is measured against the papers of so many days, and against so many at most.
MEMORY = timedelta(days=60)
TRACKS = 3000

# A list looks through so many papers at most.
MOST = 3000

LENGTHS = {Window.DAY: timedelta(1), Window.WEEK: timedelta(7), Window.MONTH: timedelta(30)}


def candidates_of(
    tx: Transaction, since: datetime, until: datetime, *, window: Window = Window.DAY
) -> list[Candidate]:
    """Return the papers listed after `since` and up to `until`, measured as of then."""
    return attended(tx, tx.papers.listed(since, until), until, window)


def talked_about(
    tx: Transaction, *, now: datetime, window: Window
) -> tuple[datetime, list[Candidate]]:
    """Return since when a window reaches, and the papers in it, the most trending first.

    A day is one with announcements: over the weekend it is Friday.
    """
    since = now - LENGTHS[window]
    if window is Window.DAY:
        since = Days(tx.papers.announced(now - MEMORY, now), now).before(now, 1.0)
    found = attended(tx, tx.papers.talked_about(since, now, limit=MOST), now, window)
    hot = [one for one in found if one.trend is not None and one.trend.score > 0]
    return since, sorted(hot, key=lambda one: (-_score(one), one.paper.key))


def _score(candidate: Candidate) -> float:
    return candidate.trend.score if candidate.trend else 0.0


def attended(
    tx: Transaction, found: Sequence[Candidate], now: datetime, window: Window
) -> list[Candidate]:
    """Return papers with how much each is talked about, measured against those of 60 days."""
    tracks = tx.papers.tracks(now - MEMORY, now, limit=TRACKS)
    return measured(found, tracks, now, window, tx.papers.announced(now - MEMORY, now))
