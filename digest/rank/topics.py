"""The topics that rise, as the mails and the pages show them.

To look through thousands of titles takes a second: it is done when the sources have been read, and
kept.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from digest.model import Topic
from digest.ranking import rising
from digest.ranking.topics import WEEK, WEEKS
from digest.store import Store, Transaction

# So many titles are looked through at most, the newest.
TITLES = 20_000

# Topics of the week are those of another one after some days in which nobody has looked for any.
LONGEST = timedelta(days=1)

# A mail shows so many topics.
SHOWN = 5


def topics_of(tx: Transaction, now: datetime, *, most: int = SHOWN) -> list[Topic]:
    """Return the topics that rise at that moment, the strongest first."""
    return rising(tx.papers.titles(now - WEEKS * WEEK, now, limit=TITLES), now, most=most)


def update(store: Store, now: datetime) -> None:
    """Look for topics and keep them, if papers have come in or a day has gone by since."""
    with store.read() as tx:
        papers, kept = tx.papers.count(), tx.topics.kept()
        if kept is not None and (kept.day, kept.papers) == (now.date(), papers):
            return
        found = topics_of(tx, now)
    with store.write() as tx:
        tx.topics.keep([shown(one) for one in found], day=now.date(), papers=papers)


def risen(tx: Transaction, now: datetime) -> Sequence[Mapping[str, Any]]:
    """Return the topics of a day as they are shown: those that are kept, if they are of it."""
    kept = tx.topics.kept()
    if kept is not None and (kept.day, kept.papers) == (now.date(), tx.papers.count()):
        return kept.shown
    return [shown(one) for one in topics_of(tx, now)]


def latest(tx: Transaction, now: datetime) -> Sequence[Mapping[str, Any]]:
    """Return the topics that were found last, without looking for any; none that are old."""
    kept = tx.topics.kept()
    return kept.shown if kept is not None and now.date() - kept.day <= LONGEST else ()


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
