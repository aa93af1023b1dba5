"""Measure what one edition costs: preparing the papers, then each subscriber.

    python -m tests.benchmarks.rank --papers 1000 --subscribers 200 [--json]

Papers and people are made up: words follow Zipf's law over a vocabulary of 30,000, abstracts
have 150 of them, and each subscriber has three keywords that hardly anybody shares, a category, an
author, 20 likes and three dislikes. `plan` measures more usual people, and the database with them.
"""

from __future__ import annotations

import argparse
import json
import random
import resource
import sys
import time
from datetime import UTC, datetime, timedelta

from digest.model import Candidate, Interest, InterestKind, Paper, Profile, Signal, SignalName
from digest.ranking import Likeness, choose, leading_of, ranker, reaching

NOW = datetime(2026, 11, 24, 7, 0, tzinfo=UTC)
BACKGROUND = 5000  # as in digest.rank
CHUNK = 250  # as in digest.rank
CATEGORIES = ("cs.RO", "cs.CL", "cs.CV", "math.CO", "astro-ph.GA", "q-bio.NC")
_SYLLABLES = [first + second for first in "bdfgklmnprstvz" for second in "aeiou"]


def measure(papers: int, subscribers: int) -> dict[str, float]:
    """Return seconds to prepare, milliseconds a subscriber and MB at the peak."""
    draw = random.Random(1)
    words = ["".join(draw.choices(_SYLLABLES, k=draw.randint(2, 4))) for _ in range(30_000)]
    weights = [1 / rank for rank in range(10, 30_010)]
    made = [_paper(number, draw, words, weights) for number in range(papers + BACKGROUND)]
    pool = [_candidate(paper, draw) for paper in made[:papers]]
    people = [_profile(draw, words, made) for _ in range(subscribers)]

    began = time.perf_counter()
    ranking = ranker("default").fit(pool, made[papers:], NOW)
    prepared = time.perf_counter() - began
    likeness = Likeness([one.paper for one in ranking.candidates])
    began = time.perf_counter()
    picks = 0
    for start in range(0, subscribers, CHUNK):
        some = people[start : start + CHUNK]
        scores = ranking.score(some)
        digests = choose(
            reaching(scores, 0.1),
            likeness,
            max_papers=[12] * len(some),
            diversity=0.3,
            leading=leading_of(scores),
        )
        for row, columns in enumerate(digests):
            picks += len([scores.reason(row, column) for column in columns])
    spent = time.perf_counter() - began
    return {
        "papers": papers,
        "subscribers": subscribers,
        "prepare_seconds": prepared,
        "ms_per_subscriber": 1000 * spent / subscribers,
        "picks": picks,
        "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / _UNIT,
    }


_UNIT = 1024 * 1024 if sys.platform == "darwin" else 1024


def _paper(number: int, draw: random.Random, words: list[str], weights: list[float]) -> Paper:
    text = draw.choices(words, weights, k=160)
    return Paper(
        key=f"bench:{number}",
        title=" ".join(text[:10]),
        abstract=" ".join(text[10:]),
        authors=tuple(f"{draw.choice(words)} {draw.choice(words)}" for _ in range(5)),
        categories=tuple(draw.sample(CATEGORIES, 2)),
    )


def _candidate(paper: Paper, draw: random.Random) -> Candidate:
    votes = int(draw.expovariate(0.05)) if draw.random() < 0.05 else 0
    signals = [
        Signal(paper.key, "hub", SignalName.UPVOTES, votes * step, NOW - timedelta(hours=25 - step))
        for step in (1, 24)
    ]
    return Candidate(paper, NOW - timedelta(hours=draw.random() * 24), tuple(signals))


def _profile(draw: random.Random, words: list[str], papers: list[Paper]) -> Profile:
    told = [
        *((InterestKind.KEYWORD, draw.choice(words[:3000])) for _ in range(3)),
        (InterestKind.CATEGORY, draw.choice(CATEGORIES)),
        (InterestKind.AUTHOR, draw.choice(draw.choice(papers).authors)),
    ]
    return Profile(
        interests=tuple(Interest(kind, value) for kind, value in told),
        liked=tuple(draw.sample(papers[-BACKGROUND:], 20)),
        disliked=tuple(draw.sample(papers[-BACKGROUND:], 3)),
    )


def main() -> None:
    """Print the figures, or one JSON document."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--papers", type=int, default=1000)
    parser.add_argument("--subscribers", type=int, default=200)
    parser.add_argument("--json", action="store_true")
    asked = parser.parse_args()
    found = measure(asked.papers, asked.subscribers)
    if asked.json:
        print(json.dumps(found))
        return
    for name, value in found.items():
        print(f"{name:20} {value:10.1f}")


if __name__ == "__main__":
    main()
