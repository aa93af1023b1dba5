"""Measure the trending score on real days, beside raw counts and the absolute scale.

    python -m tests.benchmarks.trending DIR [--since 2026-03-01] [--until 2026-03-31] [--json]

DIR holds the files of a stream: listings of daily papers, counts of them at several times, and
listings with categories, from which the primary ones come. Each morning at 8:00 UTC the papers
that came within a week are scored by what had been seen of them until then.

- `early` is the rank correlation (Spearman, within a day, mean over the days) of the scores of the
  papers of the last day with their latest known count, seen more than a day later;
- `gain` is the same for all papers of the week with what they still gained;
- `hot` is the share of the papers with a score of one half and more;
- `fields` is how many categories the first twenty papers have, of those that are known;
- `thinned` is the share of one field among the first twenty when each of its votes is kept with a
  chance of a quarter, as if few of its people voted; `pool` is its share of all papers.
"""

from __future__ import annotations

import argparse
import gzip
import json
import random
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from statistics import fmean
from typing import Any

from scipy.stats import spearmanr

from digest.model import Candidate, Paper, Signal, SignalName, Track
from digest.ranking import figures, measured

DAY = timedelta(days=1)
MEMORY = 60 * DAY
WEEK = 7 * DAY
LATER = DAY  # a count is late when it was seen so long after the score
FIRST = 20
THINNED = "cs.CL"
COUNTS = {
    SignalName.UPVOTES: "upvotes",
    SignalName.COMMENTS: "num_comments",
    SignalName.STARS: "github_stars",
}


def rows(path: Path) -> Iterator[dict[str, Any]]:
    """Yield the records of a stream."""
    with gzip.open(path, "rt", encoding="utf-8") as file:
        yield from map(json.loads, file)


def histories(folder: Path, since: datetime, until: datetime) -> list[Candidate]:
    """Return the papers first seen in a time, with all that was ever seen of them."""
    fields = {
        one["id"]: tuple(one["categories"][:1]) for one in rows(folder / "arxiv_listing.jsonl.gz")
    }
    seen: defaultdict[str, list[Signal]] = defaultdict(list)
    for one in rows(folder / "hf_upvote_obs.jsonl.gz"):
        at = datetime.fromisoformat(one["t"])
        for name, key in COUNTS.items():
            if one.get(key) is not None:
                seen[one["id"]].append(Signal(one["id"], "hub", name, one[key], at))
    found = []
    for key, signals in seen.items():
        signals.sort(key=lambda signal: signal.observed_at)
        if since < signals[0].observed_at <= until:
            paper = Paper(key, key, categories=fields.get(key, ()))
            found.append(Candidate(paper, signals[0].observed_at, tuple(signals)))
    return found


def scored(papers: list[Candidate], now: datetime) -> list[Candidate]:
    """Return the papers of the last week, measured by what was known at that moment."""
    known = [
        replace(one, signals=tuple(each for each in one.signals if each.observed_at <= now))
        for one in papers
        if now - MEMORY < one.listed_at <= now
    ]
    tracks = [Track(one.paper.primary_category, one.listed_at, one.signals) for one in known]
    announced = Counter(one.listed_at.date() for one in known)
    recent = [one for one in known if one.listed_at > now - WEEK]
    return measured(recent, tracks, now, announced=announced)


def scores(one: Candidate) -> Mapping[str, float]:
    """Return what orders a paper, by each way."""
    assert one.trend is not None
    return {
        "ours": one.trend.score,
        "absolute": sum(strength.plain for strength in one.trend.strengths),
        "votes": float(figures(one).get("upvotes", 0)),
    }


def last(one: Candidate) -> Signal:
    """Return the latest count of votes."""
    return [signal for signal in one.signals if signal.name is SignalName.UPVOTES][-1]


def thinned(papers: list[Candidate], field: str, draw: random.Random) -> list[Candidate]:
    """Return the papers with each vote and comment of a field kept with a chance of a quarter."""
    made = []
    for one in papers:
        if one.paper.primary_category == field:
            kept: Counter[SignalName] = Counter()
            before: Counter[SignalName] = Counter()
            signals = []
            for signal in one.signals:
                more = max(0, signal.value - before[signal.name])
                kept[signal.name] += sum(draw.random() < 0.25 for _ in range(more))
                before[signal.name] += more
                signals.append(replace(signal, value=kept[signal.name]))
            one = replace(one, signals=tuple(signals))
        made.append(one)
    return made


def measure(papers: list[Candidate], since: date, until: date) -> dict[str, Any]:
    """Return the figures over the mornings of some days."""
    final = {one.paper.key: last(one) for one in papers}
    thin = thinned(papers, THINNED, random.Random(1))
    early: defaultdict[str, list[float]] = defaultdict(list)
    gain: defaultdict[str, list[float]] = defaultdict(list)
    fields: defaultdict[str, list[float]] = defaultdict(list)
    share: defaultdict[str, list[float]] = defaultdict(list)
    hot = []
    for number in range((until - since).days + 1):
        now = datetime.combine(since + number * DAY, time(8), UTC)
        found = scored(papers, now)
        later = [one for one in found if final[one.paper.key].observed_at > now + LATER]
        fresh = [one for one in later if one.listed_at > now - 1.2 * DAY]
        for group, into, start in ((fresh, early, 0), (later, gain, 1)):
            if len(group) >= 10:
                ends = [
                    final[one.paper.key].value - start * figures(one).get("upvotes", 0)
                    for one in group
                ]
                for way in scores(group[0]):
                    mine = [scores(one)[way] for one in group]
                    into[way].append(float(spearmanr(mine, ends).statistic))
        hot += [one.trend is not None and one.trend.score >= 0.5 for one in found]
        thin_found = scored(thin, now)
        for way in ("ours", "absolute", "votes"):
            top = sorted(found, key=lambda one: -scores(one)[way])[:FIRST]
            fields[way].append(len({one.paper.primary_category for one in top} - {""}))
            top = sorted(thin_found, key=lambda one: -scores(one)[way])[:FIRST]
            share[way].append(fmean(one.paper.primary_category == THINNED for one in top))
        share["pool"].append(fmean(one.paper.primary_category == THINNED for one in thin_found))
    return {
        "early": {way: round(fmean(values), 3) for way, values in early.items()},
        "gain": {way: round(fmean(values), 3) for way, values in gain.items()},
        "hot": round(fmean(hot), 3),
        "fields": {way: round(fmean(values), 2) for way, values in fields.items()},
        "thinned": {way: round(fmean(values), 3) for way, values in share.items()},
    }


def main() -> None:
    """Measure, and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("folder", type=Path, metavar="DIR")
    parser.add_argument("--since", type=date.fromisoformat, default=date(2026, 3, 1))
    parser.add_argument("--until", type=date.fromisoformat, default=date(2026, 3, 31))
    parser.add_argument("--json", action="store_true")
    chosen = parser.parse_args()
    begins = datetime.combine(chosen.since, time(), UTC) - MEMORY
    papers = histories(chosen.folder, begins, datetime.combine(chosen.until, time.max, UTC))
    found = measure(papers, chosen.since, chosen.until)
    if chosen.json:
        print(json.dumps(found))
        return
    for name, values in found.items():
        told = values if isinstance(values, Mapping) else {"ours": values}
        print(f"{name:8}", ", ".join(f"{way} {value}" for way, value in told.items()))


if __name__ == "__main__":
    main()
