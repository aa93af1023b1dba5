"""The topics that rise, as the mails and the pages show them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from digest.model import Topic
from digest.ranking import rising
from digest.ranking.topics import WEEK, WEEKS
from digest.store import Transaction

# So many titles are looked through at most, the newest.
TITLES = 20_000

# A mail shows so many topics.
SHOWN = 5


def topics_of(tx: Transaction, now: datetime, *, most: int = SHOWN) -> list[Topic]:
    """Return the topics that rise at that moment, the strongest first."""
    return rising(tx.papers.titles(now - WEEKS * WEEK, now, limit=TITLES), now, most=most)


def shown(topic: Topic) -> Mapping[str, Any]:
    """Return what is written down of a topic when a digest is planned, in few bytes.

    `bars` are its share of the titles of each week, in percent of the largest.
    """
    shares = [number / of if of else 0.0 for number, of in zip(topic.titles, topic.of, strict=True)]
    return {
        "name": topic.name,
        "papers": topic.titles[-1],
        "times": round(topic.times, 1),
        "bars": [round(100 * share / max(shares)) for share in shares],
    }
