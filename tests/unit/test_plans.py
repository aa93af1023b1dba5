"""What stands in a digest, where in it, and with which words: no database is needed."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from digest.config import RankingSettings
from digest.model import (
    Cadence,
    Candidate,
    Interest,
    InterestKind,
    Paper,
    Plan,
    Profile,
    SkipReason,
    Subscriber,
    SubscriberStatus,
    Trend,
)
from digest.rank import Pool, Reader, Turn, plans_for
from digest.ranking import Phrases, ranker
from tests.support.samples import NOW, paper

HOUR = timedelta(hours=1)
SURPRISE = "a surprise from outside your interests"

ROBOTS = tuple(
    paper(f"mine:{n}", title=f"Grasp {n} by arm{n}", abstract=f"Grip{n} and hand{n}.")
    for n in range(8)
)
TIDES = tuple(
    paper(
        f"tide:{n}",
        title=f"Tide {n} of moon{n}",
        abstract=f"The ebb{n} and the flow{n} of a coast{n}.",
        categories=("physics.ao",),
    )
    for n in range(3)
)
HOT = {one.key: 0.8 for one in TIDES}


def interests(kind: InterestKind, *values: str, weight: float = 1.0) -> tuple[Interest, ...]:
    return tuple(Interest(kind, value, weight) for value in values)


ROBOTICS = interests(InterestKind.CATEGORY, "cs.RO")
MUTE = interests(InterestKind.KEYWORD, "quantum", weight=-1.0)


def pool_of(*papers: Paper, heat: dict[str, float] = HOT, **changes: Any) -> Pool:
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
        phrases=Phrases(),
    )


def reader_of(profile: Profile, *, most: int = 6) -> Reader:
    subscriber = Subscriber(1, "p1", "ada@example.org", SubscriberStatus.CONFIRMED, max_papers=most)
    return Reader(subscriber, profile, NOW - 24 * HOUR, frozenset())


def plan(pool: Pool, profile: Profile, **settings: Any) -> Plan:
    """Return the digest of somebody who wants six papers."""
    (found,) = plans_for(
        pool,
        Turn(Cadence.DAILY, NOW.date(), NOW, NOW + 9 * HOUR),
        [reader_of(profile)],
        edition_id=1,
        settings=RankingSettings.model_validate(settings),
        domain="example.org",
    )
    return found


def surprises(found: Plan) -> list[str]:
    return [one.paper.key for one in found.picks if one.reason.startswith(SURPRISE)]


# --- who has interests ------------------------------------------------------------------------


@pytest.mark.parametrize(
    "profile",
    [
        Profile(),
        Profile(MUTE),
        Profile(interests(InterestKind.KEYWORD, " ")),
        Profile(interests(InterestKind.SEED, "mine:1")),
        Profile(disliked=ROBOTS[:1]),
        Profile(liked=ROBOTS[:1], disliked=ROBOTS[:1]),
    ],
)
def test_a_mute_and_a_dislike_are_nothing_to_match(profile: Profile) -> None:
    assert not profile.has_interests


@pytest.mark.parametrize("profile", [Profile((*MUTE, *ROBOTICS)), Profile(liked=ROBOTS[:1])])
def test_what_is_asked_for_and_what_is_liked_are_interests(profile: Profile) -> None:
    assert profile.has_interests


def test_nobody_without_interests_is_surprised() -> None:
    pool = pool_of(*ROBOTS, *TIDES, heat={one.key: 0.9 for one in ROBOTS} | HOT)
    assert surprises(plan(pool, Profile(ROBOTICS)))
    assert not surprises(plan(pool, Profile(MUTE)))


def test_who_only_mutes_has_named_no_interests() -> None:
    assert plan(pool_of(*ROBOTS), Profile(MUTE)).reason is SkipReason.NO_INTERESTS
