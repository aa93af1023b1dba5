"""Measure expected attention as a site has it: papers that were ingested, a model that was kept.

    python -m tests.benchmarks.attention DIR [--months 5] [--backfill] [--json]

DIR holds the lists of `digest eval trending`. They come into a new database as the source of
Hugging Face brings them: each day at eight in the morning with the figures of that time, and what
was seen of them later. With `--backfill` the past before each month was asked for on its first
day, with the counts of then: no figures of the listing are known, stars least of all.

Before each of the last months a model is learned and kept; the papers of its days are then ordered
by what they may expect at eight in the morning of their day, before anybody has voted.

- `ndcg@10` and `spearman` are means over days of eight papers and more, by the last known counts;
- `past` is how many papers were learned from, `learn` how many seconds that took from the database
  into it, `load` the same from there to the first thirty expectations, `kilobytes` what is kept.
"""

from __future__ import annotations

import argparse
import json
import logging
import tempfile
import time as clock
from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from pathlib import Path
from statistics import fmean, median
from typing import Any

import numpy as np

from digest import ingest
from digest.evaluation import stream
from digest.evaluation.foresight import DEPTH, LEAST, dates_of
from digest.evaluation.metrics import agreement, ndcg, order
from digest.evaluation.stream import Listed, Stream
from digest.model import Candidate, Fetched, Paper, Signal, SignalName
from digest.rank import expecting
from digest.ranking import Phrases
from digest.sources.huggingface import figures, read
from digest.store import Store

MORNING = time(8, tzinfo=UTC)
LATER = timedelta(days=2)  # when the last count is held to have been seen
MONTH = timedelta(days=31)


def answer(one: Mapping[str, Any]) -> dict[str, Any]:
    """Return a listed paper as the API of Hugging Face tells it."""
    inner = {
        "id": one["id"],
        "title": one["title"],
        "summary": one.get("abstract"),
        "authors": [{"name": name} for name in one.get("authors") or ()],
        "publishedAt": one.get("published"),
        "submittedOnDailyAt": one.get("submitted_on_daily"),
        "upvotes": one.get("upvotes"),
        "githubRepo": one.get("github_repo"),
        "githubStars": one.get("github_stars"),
        "projectPage": one.get("project_page"),
        "ai_keywords": one.get("ai_keywords"),
        "mediaUrls": ["https://media.example.org/"] if one.get("has_media") else [],
    }
    if one.get("organization"):
        inner["organization"] = {"fullname": one["organization"]}
    return {"paper": inner, "numComments": one.get("num_comments")}


@cache
def paper_of(one: Listed) -> Paper | None:
    """Return the paper of a record; to make its texts clean takes longer than all the rest."""
    return read(answer(one.record))


def brought(some: Sequence[Listed], at: datetime, *, last: bool = False) -> Fetched:
    """Return what a look at lists brings; `last` asks for the last counts."""
    papers, signals = [], []
    for one in some:
        paper = paper_of(one)
        if paper is not None:
            papers.append(paper)
            signals += [
                Signal(paper.key, "huggingface", name, value, at)
                for name, value in figures(answer(one.past if last else one.record))
            ]
    return Fetched(papers=tuple(papers), signals=tuple(signals))


def by_day(papers: Sequence[Listed]) -> dict[datetime, list[Listed]]:
    """Return listed papers by the morning of their day."""
    found: defaultdict[datetime, list[Listed]] = defaultdict(list)
    for one in papers:
        found[datetime.combine(one.day, MORNING)].append(one)
    return dict(found)


def fill(store: Store, past: Sequence[Listed], *, asked_at: datetime | None) -> None:
    """Write lists of past days: as they came, or all as they are when they are asked for."""
    for morning, some in by_day(past).items():
        with store.write() as tx:
            if asked_at is not None:
                fetched = brought(some, asked_at, last=True)
                midnight = datetime.combine(morning.date(), time(tzinfo=UTC))
                ingest.write(tx, "hub", fetched, listed_at=midnight, now=asked_at)
            else:
                early, late = brought(some, morning), brought(some, morning + LATER, last=True)
                ingest.write(tx, "hub", early, listed_at=morning, now=morning)
                tx.signals.record([one for one in late.signals if one.name is SignalName.UPVOTES])


def tried(store: Store, later: Sequence[Listed], at: datetime) -> tuple[list[float], list[float]]:
    """Return nDCG@10 and Spearman's correlation of each day."""
    gains, agreements = [], []
    for morning, some in by_day(later).items():
        if len(some) < LEAST:
            continue
        fetched = brought(some, morning)
        stars = defaultdict(tuple)
        for signal in fetched.signals:
            if signal.name is SignalName.STARS:
                stars[signal.paper_key] += (signal,)
        candidates = [Candidate(one, morning, stars[one.key]) for one in fetched.papers]
        expected = expecting.with_expectations(store, candidates, at, Phrases())
        scores = np.array([one.expected.share for one in expected if one.expected], np.float64)
        counts = np.array([one.last for one in some], np.float64)
        chance = np.random.default_rng(1).permutation(len(some))
        gains.append(ndcg(counts[order(scores, chance)], DEPTH))
        agreements.append(agreement(scores, counts))
    return gains, agreements


def month(listed: Stream, first: date, *, backfill: bool) -> dict[str, float]:
    """Measure one month."""
    at = datetime.combine(first, time(tzinfo=UTC))
    past = [one for one in listed.papers if one.day < first]
    later = [one for one in listed.papers if first <= one.day < first + MONTH]
    with tempfile.TemporaryDirectory() as folder:
        store = Store(f"sqlite:///{folder}/digest.db", hash_email=str)
        store.upgrade()
        fill(store, past, asked_at=at if backfill else None)
        began = clock.process_time()
        expecting.ready(store, at)
        learned = clock.process_time()
        some = [Candidate(one, at) for one in brought(later[:30], at).papers]
        expecting.with_expectations(store, some, at, Phrases())
        loaded = clock.process_time()
        with store.read() as tx:
            model = expecting.fitting(tx, at)
            assert model is not None
            content = tx.attention.content(model)
        gains, agreements = tried(store, later, at)
        store.close()
    return {
        "ndcg@10": fmean(gains),
        "spearman": fmean(agreements),
        "days": len(gains),
        "past": model.papers,
        "learn": learned - began,
        "load": loaded - learned,
        "kilobytes": len(content or b"") / 1000,
    }


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("folder", type=Path)
    parser.add_argument("--months", type=int, default=5)
    parser.add_argument("--backfill", action="store_true")
    parser.add_argument("--json", action="store_true")
    asked = parser.parse_args()
    logging.disable()
    listed = stream.read(asked.folder)
    found = {
        first.isoformat(): month(listed, first, backfill=asked.backfill)
        for first in dates_of(listed, asked.months)
    }
    figures_ = list(next(iter(found.values())))
    found["median"] = {name: median(one[name] for one in found.values()) for name in figures_}
    if asked.json:
        print(json.dumps(found, indent=2))
        return
    print("".join(f"{name:>12}" for name in ("", *figures_)))
    for name, one in found.items():
        print(f"{name:>12}" + "".join(f"{one[figure]:12.3f}" for figure in figures_))


if __name__ == "__main__":
    main()
