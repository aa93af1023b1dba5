"""A small world of papers on four subjects."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta

from digest.model import (
    Candidate,
    Interest,
    InterestKind,
    Paper,
    Profile,
    Signal,
    SignalName,
)
from digest.ranking import ranker
from tests.support.ranking import Listed, Scored

NOW = datetime(2026, 11, 24, 7, 0, tzinfo=UTC)

SUBJECTS = {
    "cs.RO": "robot gripper grasp tactile soft finger force contact object arm manipulation",
    "cs.CL": "language translation corpus token dialogue grammar speech parser sentence summary",
    "astro-ph.GA": "galaxy star dust halo redshift telescope spectrum cluster nebula quasar",
    "q-bio.NC": "neuron cortex synapse spike memory hippocampus stimulus brain firing axon",
}


def signal(
    value: int, *, hours: float = 1.0, name: str = "upvotes", source: str = "hub", key: str = "k"
) -> Signal:
    """Return a figure that was seen so many hours ago."""
    return Signal(key, source, SignalName(name), value, NOW - timedelta(hours=hours))


def papers(count: int = 60, *, seed: int = 1, prefix: str = "p") -> list[Paper]:
    """Return papers that go round the subjects, with words drawn from each subject's own."""
    draw = random.Random(seed)
    made = []
    for number in range(count):
        category = list(SUBJECTS)[number % len(SUBJECTS)]
        own = SUBJECTS[category].split()
        made.append(
            Paper(
                key=f"{prefix}:{number}",
                title=f"{' '.join(draw.sample(own, 3))} item{number}",
                abstract=f"we show {' '.join(draw.sample(own, 6))} in case{number}.",
                authors=(f"Person{number} Example",),
                categories=(category,),
            )
        )
    return made


def candidate(paper: Paper, *signals: Signal, hours: float = 2.0) -> Candidate:
    """Return a paper that was listed so many hours ago."""
    return Candidate(paper, NOW - timedelta(hours=hours), signals)


def fit(*candidates: Candidate, background: list[Paper] | None = None) -> Listed:
    """Return the default ranking of candidates among papers of earlier days."""
    past = papers(seed=2, prefix="past") if background is None else background
    return Listed.fit(ranker("default"), candidates, past, NOW)


def want(kind: str, value: str, weight: float = 1.0) -> Interest:
    """Return an interest."""
    return Interest(InterestKind(kind), value, weight)


def profile(*interests: Interest, **values: object) -> Profile:
    """Return a profile with those interests."""
    return Profile(interests=interests, **values)  # type: ignore[arg-type]  # keywords of tests


def by_key(scored: list[Scored]) -> dict[str, Scored]:
    """Return what was scored, by the key of the paper."""
    return {one.paper.key: one for one in scored}


def grasping(number: int) -> list[tuple[str, str]]:
    """Return papers on grasping and on tides that have other words in common, and as many others.

    So no word is in every tenth of them.
    """
    grasp = [
        (f"grasp item{n}", f"a superior demand and a major plan of item{n}") for n in range(number)
    ]
    tides = [(f"major tide {n % 7}", f"it rises, odd{n}") for n in range(number // 4)]
    others = [("", f"filler{n % 99}") for n in range(12 * number)]
    return [*others, *grasp, *tides, *grasp[-2:], *tides[-2:]]
