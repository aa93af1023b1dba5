"""Results -> what a page of plots shows; pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import floor, log, log10
from typing import Any

from digest.evaluation.contest import FIGURE, LeftOut, Result
from digest.evaluation.metrics import Estimate
from digest.evaluation.rankers import OURS
from digest.evaluation.settings import Setting

# The drawing of the curves, in its own units: one is a pixel on a phone.
WIDTH, HEIGHT = 360, 270
_LEFT, _RIGHT, _TOP, _BOTTOM = 32, 226, 10, 238
_GAP = 13  # between two names beside the curves


@dataclass(frozen=True, slots=True)
class Comparison:
    """Everything that one run of an evaluation found, and what it was run with."""

    data: str
    protocol: str
    papers: int
    readers: int
    folds: int | None
    seed: int
    rankers: Mapping[str, str]
    results: Sequence[Result]
    left_out: Sequence[LeftOut]

    def conditions(self) -> dict[str, list[Result]]:
        """Return the results by condition, the best ranker first."""
        found: dict[str, list[Result]] = {}
        for one in self.results:
            found.setdefault(one.condition, []).append(one)
        return {name: sorted(some, key=_worth, reverse=True) for name, some in found.items()}


@dataclass(frozen=True, slots=True)
class Bar:
    """One ranker's bar in per cent of the width, with its interval."""

    ranker: str
    ours: bool
    estimate: Estimate
    width: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Point:
    """Where a curve stands, and from where to where its interval goes."""

    x: float
    y: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Curve:
    """One ranker's curve; `place` is its number, which gives it a colour, `label` its name's y."""

    ranker: str
    ours: bool
    place: int
    points: Sequence[Point]
    label: float


@dataclass(frozen=True, slots=True)
class Tick:
    """A mark of an axis."""

    at: float
    text: str


@dataclass(frozen=True, slots=True)
class Curves:
    """The few-shot plot: `FIGURE` over the number of likes, which is drawn on a log scale."""

    curves: Sequence[Curve]
    across: Sequence[Tick]
    upward: Sequence[Tick]


def context(comparison: Comparison, *, command: str, version: str) -> dict[str, Any]:
    """Return what the template `report/evaluation.html` needs."""
    return {
        "comparison": comparison,
        "conditions": comparison.conditions(),
        "bars": {name: bars(some) for name, some in comparison.conditions().items()},
        "curves": curves([one for one in comparison.results if one.setting is Setting.FEW]),
        "frame": {"width": WIDTH, "height": HEIGHT, "left": _LEFT, "right": _RIGHT},
        "ours": OURS,
        "command": command,
        "version": version,
    }


def bars(results: Sequence[Result]) -> list[Bar]:
    """Return a bar for each result; the longest interval ends at the full width."""
    most = max((one.figures[FIGURE].high for one in results), default=0) or 1
    found = []
    for one in results:
        estimate = one.figures[FIGURE]
        width, low, high = (
            round(100 * value / most, 2) for value in (estimate.mean, estimate.low, estimate.high)
        )
        found.append(Bar(one.ranker, one.ranker == OURS, estimate, width, low, high))
    return found


def curves(results: Sequence[Result]) -> Curves | None:
    """Return the plot of the few-shot results, `None` where there are fewer than two numbers."""
    likes = sorted({one.likes for one in results if one.likes is not None})
    if len(likes) < 2:
        return None
    most = max(one.figures[FIGURE].high for one in results) or 1

    def across(count: int) -> float:
        share = log(count / likes[0]) / log(likes[-1] / likes[0])
        return round(_LEFT + share * (_RIGHT - _LEFT), 1)

    def upward(value: float) -> float:
        return round(_BOTTOM - value / most * (_BOTTOM - _TOP), 1)

    found: dict[str, list[Point]] = {}
    for one in sorted(results, key=lambda one: one.likes or 0):
        estimate = one.figures[FIGURE]
        point = (estimate.mean, estimate.low, estimate.high)
        found.setdefault(one.ranker, []).append(
            Point(across(one.likes or 1), *(upward(value) for value in point))
        )
    ends = {name: points[-1].y for name, points in found.items()}
    labels = dict(zip(ends, _apart(list(ends.values())), strict=True))
    return Curves(
        [
            Curve(name, name == OURS, place, points, labels[name])
            for place, (name, points) in enumerate(found.items())
        ],
        [Tick(across(count), str(count)) for count in likes],
        [Tick(upward(value), f"{value:.2g}") for value in _round_values(most)],
    )


def _round_values(most: float) -> Iterator[float]:
    """Yield round numbers from 0 on, three to seven of them."""
    power = 10.0 ** floor(log10(most / 6))
    step = next(power * first for first in (1, 2, 5, 10) if most <= 6 * power * first)
    yield from (number * step for number in range(floor(most / step) + 1))


def _apart(places: Sequence[float]) -> list[float]:
    """Return the places moved so far that no two are nearer than a line of text."""
    order = sorted(range(len(places)), key=lambda one: places[one])
    moved = list(places)
    lowest = float(_TOP)
    for one in order:
        moved[one] = lowest = max(moved[one], lowest)
        lowest += _GAP
    highest = float(_BOTTOM)
    for one in reversed(order):
        moved[one] = highest = min(moved[one], highest)
        highest -= _GAP
    return [round(one, 1) for one in moved]


def _worth(result: Result) -> float:
    return result.figures[FIGURE].mean
