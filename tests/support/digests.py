"""Digests that are made from a pool of papers, without a database."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from digest.config import RankingSettings
from digest.model import (
    Cadence,
    Candidate,
    Interest,
    InterestKind,
    Paper,
    Plan,
    Profile,
    Subscriber,
    SubscriberStatus,
    Trend,
)
from digest.ports import Ranker
from digest.rank import Pool, Reader, Turn, plans_for
from digest.ranking import Phrases, ranker
from tests.support.samples import NOW, paper

HOUR = timedelta(hours=1)

ROBOTS = tuple(
    paper(f"mine:{n}", title=f"Grasp {n} by arm{n}", abstract=f"Grip{n} and hand{n}.")
    for n in range(8)
)
SEAS = tuple(
    paper(f"sea:{title}", title=title, abstract=abstract, categories=("physics.ao",))
    for title, abstract in (
        ("Ebb and flow of tides", "Gravity of a moon pulls at coasts twice daily."),
        ("Storms over warm waters", "Cyclones gather vapour, spin up, landfall follows."),
        ("Glaciers that melt", "Frozen tongues retreat; meltwater freshens fjords."),
    )
)
HEAT = {one.key: 0.9 for one in ROBOTS} | {one.key: 0.8 for one in SEAS}


def interests(kind: InterestKind, *values: str, weight: float = 1.0) -> tuple[Interest, ...]:
    """Return interests of one kind."""
    return tuple(Interest(kind, value, weight) for value in values)


ROBOTICS = interests(InterestKind.CATEGORY, "cs.RO")


def pool_of(
    *papers: Paper, heat: dict[str, float] = HEAT, rival: Ranker | None = None, **changes: Any
) -> Pool:
    """Return a pool of papers that were listed an hour ago, with what is seen of each."""
    candidates = [
        Candidate(one, NOW - HOUR, trend=Trend(score=heat.get(one.key, 0.0)), **changes)
        for one in papers
    ]
    return Pool(
        ranker("default"),
        candidates,
        (),
        (),
        opens_at=NOW - 24 * HOUR,
        begins_at=NOW - 24 * HOUR,
        closes_at=NOW,
        rival=rival,
        phrases=Phrases(),
    )


def reader_of(profile: Profile, *, most: int = 6) -> Reader:
    """Return somebody who has had no digest yet."""
    subscriber = Subscriber(1, "p1", "ada@example.org", SubscriberStatus.CONFIRMED, max_papers=most)
    return Reader(subscriber, profile, NOW - 24 * HOUR, frozenset())


def plan(pool: Pool, profile: Profile, *, most: int = 6, **settings: Any) -> Plan:
    """Return the digest of somebody who wants at most that many papers."""
    (found,) = plans_for(
        pool,
        Turn(Cadence.DAILY, NOW.date(), NOW, NOW + 9 * HOUR),
        [reader_of(profile, most=most)],
        edition_id=1,
        settings=RankingSettings.model_validate(settings),
        domain="example.org",
    )
    return found
