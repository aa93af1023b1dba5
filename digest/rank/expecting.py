"""What the candidates of an edition may expect, by what the store knows of earlier papers.

The past is learned anew for each edition and nothing of it is kept: two years of Hugging Face's
list, some 7,000 papers, take seven seconds, and there is no old model to mistrust.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from digest.model import Candidate
from digest.ranking import Phrases, expectations
from digest.store import Store

log = logging.getLogger(__name__)

PAST = timedelta(days=730)
SETTLED = timedelta(days=2)  # until most votes of a paper have come


def expecting(
    store: Store, candidates: Sequence[Candidate], now: datetime, phrases: Phrases
) -> list[Candidate]:
    """Return the candidates with what they may expect, as they are if the past is too short.

    A paper counts as past when it is two days old; its day is that on which it was listed.
    """
    with store.read() as tx:
        past = tx.papers.voted(now - PAST, now - SETTLED, seen=now)
    # Oldest first, whatever else was listed with it.
    past.sort(key=lambda one: (one.listed_at, one.paper.key))
    expected = expectations(past, candidates, phrases)
    if expected is None:
        log.info("no expected attention: %d past papers with upvotes are too few", len(past))
        return list(candidates)
    return [replace(one, expected=of) for one, of in zip(candidates, expected, strict=True)]


def past_papers(store: Store, now: datetime) -> int:
    """Return how many papers there are to learn from."""
    with store.read() as tx:
        return tx.papers.count_voted(now - PAST, now - SETTLED, seen=now)
