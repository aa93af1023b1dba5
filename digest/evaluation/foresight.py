"""Expected attention held against the votes that came: learn before a date, test after it; pure."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from statistics import median
from time import process_time
from typing import Any

import numpy as np
import numpy.typing as npt

from digest.errors import InvalidInput
from digest.evaluation.metrics import Bootstrap, Estimate, agreement, ndcg, order
from digest.evaluation.stream import Listed, Stream
from digest.ranking import score_attention
from digest.ranking.expecting import ENOUGH

Floats = npt.NDArray[np.float64]
Records = Sequence[Mapping[str, Any]]

LEAST = 8  # papers of a day that is tested: fewer are hardly an order
DEPTH = 10
FIGURES = ("ndcg@10", "spearman")


class Order(StrEnum):
    """What orders the papers of a day."""

    RANDOM = "random"
    DIGEST = "digest"
    TEXT = "digest, text alone"
    EARLY = "early upvotes"
    DIGEST_EARLY = "digest with early upvotes"


# What a listing without a trait looks like: the fields that tell of it.
_FIELDS: Mapping[str, tuple[str, ...]] = {
    "text": ("abstract",),
    "authors": ("authors",),
    "code": ("github_repo", "github_stars"),
    "stars": ("github_stars",),
    "page": ("project_page",),
    "organisation": ("organization",),
    "form": ("has_media", "ai_keywords", "submitted_on_daily", "published"),
}
TRAITS = tuple(_FIELDS)
_KEPT = ("title", "list_date", "upvotes")


@dataclass(frozen=True, slots=True)
class Trial:
    """One date: learned from what was listed before it, tested on the days from then on.

    `figures` are means over days, by the order and the figure; `days` and `papers` were tested.
    `learned_in` and `scored_in` are seconds of processor time, the latter of a whole period.
    """

    before: date
    until: date
    past: int
    days: int
    papers: int
    figures: Mapping[str, Mapping[str, Estimate]]
    learned_in: float
    scored_in: float


@dataclass(frozen=True, slots=True)
class Foresight:
    """What all trials found: medians over dates, and means over all days with intervals."""

    data: str
    papers: int
    seed: int
    trials: Sequence[Trial]
    medians: Mapping[str, Mapping[str, float]]
    overall: Mapping[str, Mapping[str, Estimate]]


@dataclass(frozen=True, slots=True)
class _Day:
    """The figures of one tested day, by order and figure."""

    number: int
    figures: Mapping[str, Mapping[str, float]]


def dates_of(stream: Stream, number: int) -> list[date]:
    """Return the first days of the last months with enough past and a day to test each."""
    firsts = sorted({one.day.replace(day=1) for one in stream.papers}, reverse=True)
    found = [first for first in firsts if sum(one.day < first for one in stream.papers) >= ENOUGH]
    return sorted(found[:number])


def run(
    stream: Stream,
    dates: Sequence[date],
    *,
    days: int,
    seed: int,
    without: Sequence[str] = (),
    step: Callable[[int], None] = lambda number: None,
) -> Foresight:
    """Try every date, on the `days` days from it on; `without` leaves out traits one by one.

    Raises `InvalidInput` for a date with too short a past or nothing to test.
    """
    if not dates:
        raise InvalidInput(
            f"{stream.name} has no month with {ENOUGH} papers before it: expected attention needs "
            "a longer past"
        )
    trials, tested = [], []
    for at in sorted(set(dates)):
        trial, some = _trial(stream, at, at + timedelta(days=days), seed, without)
        trials.append(trial)
        tested += some
        step(1)
    orders = list(trials[0].figures)
    return Foresight(
        data=stream.name,
        papers=len(stream.papers),
        seed=seed,
        trials=trials,
        medians={
            name: {
                figure: median(one.figures[name][figure].mean for one in trials)
                for figure in FIGURES
            }
            for name in orders
        },
        overall=_estimates(tested, orders, seed),
    )


def _trial(
    stream: Stream, at: date, until: date, seed: int, without: Sequence[str]
) -> tuple[Trial, list[_Day]]:
    past = [one.past for one in stream.papers if one.day < at]
    later = [one for one in stream.papers if at <= one.day < until]
    by_day: dict[date, list[int]] = {}
    for row, one in enumerate(later):
        by_day.setdefault(one.day, []).append(row)
    by_day = {day: rows for day, rows in by_day.items() if len(rows) >= LEAST}
    if len(past) < ENOUGH or not by_day:
        raise InvalidInput(
            f"{at} cannot be tried on {stream.name}: {len(past)} papers before it (needed are "
            f"{ENOUGH}), {len(by_day)} days of {LEAST} or more papers until {until}"
        )
    began = process_time()
    score_attention(past, [])
    learned = process_time()
    scores = dict(_scores(past, later, seed))
    # Once more of what is learned by now, to see what scoring alone takes.
    before = process_time()
    score_attention(past, [one.unvoted for one in later])
    scored = process_time() - before
    for trait in without:
        fewer = [_without(one, trait) for one in past]
        scores[f"without {trait}"] = score_attention(
            fewer, [_without(one.unvoted, trait) for one in later]
        )
    gains = np.array([one.last for one in later], np.float64)
    chance = np.random.default_rng(seed).permutation(len(later))
    found = [
        _Day(
            day.toordinal(),
            {
                name: _figures(some[rows], gains[rows], chance[rows])
                for name, some in scores.items()
            },
        )
        for day, rows in by_day.items()
    ]
    return (
        Trial(
            before=at,
            until=until,
            past=len(past),
            days=len(by_day),
            papers=sum(map(len, by_day.values())),
            figures=_estimates(found, list(scores), seed),
            learned_in=learned - began,
            scored_in=scored,
        ),
        found,
    )


def _scores(past: Records, later: Sequence[Listed], seed: int) -> Iterator[tuple[str, Floats]]:
    unvoted = [one.unvoted for one in later]
    early = [one.early for one in later]
    yield Order.RANDOM, np.random.default_rng(seed).random(len(later))
    yield Order.DIGEST, score_attention(past, unvoted)
    yield Order.TEXT, score_attention(list(map(_only_text, past)), list(map(_only_text, unvoted)))
    told = [{**one, "upvotes": count} for one, count in zip(unvoted, early, strict=True)]
    yield Order.EARLY, np.array(early, np.float64)
    yield Order.DIGEST_EARLY, score_attention(past, told)


def _without(record: Mapping[str, Any], trait: str) -> dict[str, Any]:
    fields = _FIELDS[trait]
    left = {name: value for name, value in record.items() if name not in fields}
    return {**left, "title": "-"} if trait == "text" else left


def _only_text(record: Mapping[str, Any]) -> dict[str, Any]:
    return {name: record[name] for name in (*_KEPT, "abstract") if name in record}


def _figures(scores: Floats, gains: Floats, chance: npt.NDArray[np.integer]) -> dict[str, float]:
    return {
        "ndcg@10": ndcg(gains[order(scores, chance)], DEPTH),
        "spearman": agreement(scores, gains),
    }


def _estimates(
    days: Sequence[_Day], orders: Sequence[str], seed: int
) -> dict[str, dict[str, Estimate]]:
    """Return means over days, with intervals over days."""
    bootstrap = Bootstrap([one.number for one in days], seed=seed)
    return {
        name: {
            figure: bootstrap.mean(np.array([one.figures[name][figure] for one in days]))
            for figure in FIGURES
        }
        for name in orders
    }
