"""Past papers and the attention that they got -> what a new one may expect; pure."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from itertools import groupby
from typing import Self

import numpy as np
import numpy.typing as npt
from scipy.special import ndtr
from sklearn.ensemble import HistGradientBoostingRegressor
from sklearn.linear_model import Ridge

from digest.ranking.listing import Listing, folded
from digest.ranking.repute import Repute
from digest.ranking.threads import one_thread
from digest.ranking.traits import Trait, figures_of, matrix, names_of
from digest.ranking.wording import Wording

Floats = npt.NDArray[np.float64]

SEEDS = (1, 2, 3, 4)  # of the trees

_FEW = 5.0  # papers that the usual level counts as, beside those of a day
_RECENT = 300.0  # days after which a paper counts half: what readers vote for changes
_PENALTY = 10.0

# How far an early count is from the last one, in logarithms: what later hours bring is chance,
# and so is a single vote of few. Measured on the stream of Hugging Face, up to March 2026.
_LATER = 0.1
_FIRST = 1.0
_GROWTH = math.log(2)  # from the first morning to the end


@dataclass(frozen=True, slots=True, eq=False)
class Expected:
    """What listings (rows) may expect: logarithms of upvotes, 0 for the usual of their day.

    `traits` has what each trait adds to it or takes from it, by the linear half of the model.
    """

    worth: Floats
    share: Floats
    traits: dict[Trait, Floats]


class Attention:
    """What the past says of new papers.

    The attention of a paper is `ln(1 + upvotes)` less the usual of its day: days differ, and
    votes come in multiples. Two models are learned from the same figures and averaged, a ridge
    and boosted trees. One figure is what a ridge says of the words; what it says of past papers
    is learned from other times. What is known of names is from the days before.
    """

    @classmethod
    def learn(cls, past: Sequence[Listing]) -> Self:
        """Learn from listings with their last upvotes, at least one; pure and repeatable.

        Who has no day is taken to be listed with the one before: lists are in the order of time.
        """
        days = days_of(past)
        order = sorted(range(len(past)), key=lambda row: days[row])
        with one_thread():
            return cls([past[row] for row in order])

    def __init__(self, past: Sequence[Listing]) -> None:
        days = days_of(past)
        counts = np.array([one.upvotes for one in past], np.float64)
        worth, self._level = _relative(np.log1p(counts), days)
        self._repute = Repute()
        rows = figures_before(past, worth, self._repute)
        self._wording = Wording(past, worth)
        figures, self._columns = matrix(rows)
        figures = np.column_stack([figures, self._wording.of_past])
        self._columns.append(Trait.TEXT)
        self._middle, self._spread = _spread(figures)
        weights = _weights(days)
        self._line = Ridge(_PENALTY).fit(self._scaled(figures), worth, sample_weight=weights)
        # A figure that is the same for all says nothing, and trees cannot stand it.
        most = np.nanmax(figures, axis=0, initial=-np.inf)
        self._telling = np.flatnonzero(most > np.nanmin(figures, axis=0, initial=np.inf))
        seeds = SEEDS if len(self._telling) else ()
        self._trees = [
            _trees(seed).fit(figures[:, self._telling], worth, sample_weight=weights)
            for seed in seeds
        ]
        said = self._said(figures)
        self._last_day = days[-1]
        # What is left to chance, and how far an order of chance and of what is known goes.
        self._chance = max(float(worth.var() - said.var()), 0.1 * float(worth.var()), 1e-6)
        self._scale = math.sqrt(float(worth.var()) + self._chance)

    def expect(self, listings: Sequence[Listing]) -> Expected:
        """Say what attention listings may expect, whatever votes they have by now."""
        if not listings:
            return Expected(np.zeros(0), np.zeros(0), {})
        days = [one.day or self._last_day for one in listings]
        rows = [figures_of(one, self._repute, day) for one, day in zip(listings, days, strict=True)]
        figures = np.column_stack([matrix(rows)[0], self._wording.worth(listings)])
        with one_thread():
            worth = self._said(figures)
        parts = self._scaled(figures) * self._line.coef_
        traits = {
            trait: parts[:, [column == trait for column in self._columns]].sum(axis=1)
            for trait in Trait
        }
        return Expected(worth, self.share(worth), traits)

    def share(self, worth: Floats) -> Floats:
        """Return the share of the papers of its day that a paper may expect to leave behind.

        For a normal attention with what is left to chance: `phi(worth / scale)`.
        """
        found: Floats = ndtr(worth / self._scale)
        return found

    def with_votes(self, expected: Expected, listings: Sequence[Listing]) -> Floats:
        """Return the worth of listings, those with early upvotes by what both say.

        Each counts by how sure it is: a count of k has the variance `0.1 + 1 / (k + 1)` about
        what it will be, and what was expected that of the past.
        """
        worth = expected.worth.copy()
        rows = [row for row, one in enumerate(listings) if one.upvotes is not None]
        if not rows:
            return worth
        counts = np.array([listings[row].upvotes for row in rows], np.float64)
        days = [listings[row].day or self._last_day for row in rows]
        early, _ = _relative(np.log1p(counts), days, level=self._level - _GROWTH)
        by_count = 1 / (_LATER + _FIRST / (counts + 1))
        by_past = 1 / self._chance
        worth[rows] = (by_count * early + by_past * worth[rows]) / (by_count + by_past)
        return worth

    # Why.

    def best_author(self, listing: Listing) -> str:
        """Return the author whose earlier papers did best, "" where none did well."""
        day = listing.day or self._last_day
        worth = {
            name: self._repute.past(f"author:{folded(name)}", day).worth
            for name in listing.author_names
        }
        best = max(worth, key=lambda name: worth[name], default="")
        return best if best and worth[best] > 0 else ""

    def telling(self, listing: Listing) -> list[str]:
        """Return the words of a listing that speak most for it."""
        return self._wording.telling(listing)

    def _said(self, figures: Floats) -> Floats:
        line: Floats = self._line.predict(self._scaled(figures))
        if not self._trees:
            return line
        trees = [one.predict(figures[:, self._telling]) for one in self._trees]
        found: Floats = (np.mean(trees, axis=0) + line) / 2
        return found

    def _scaled(self, figures: Floats) -> Floats:
        scaled: Floats = np.nan_to_num((figures - self._middle) / self._spread)
        return scaled


def days_of(listings: Sequence[Listing]) -> list[date]:
    """Return the day of each listing, that of the one before where it has none."""
    last = next((one.day for one in listings if one.day is not None), date.min)
    days = []
    for one in listings:
        last = one.day or last
        days.append(last)
    return days


def figures_before(
    listings: Sequence[Listing], worth: Floats, repute: Repute
) -> list[dict[Trait, list[float]]]:
    """Return the figures of listings as they stood on their day, and let the repute go on.

    Listings are in the order of their days: what a day brought is noted when it is over.
    """
    days = days_of(listings)
    rows = []
    for day, group in groupby(range(len(listings)), key=lambda row: days[row]):
        today = list(group)
        rows += [figures_of(listings[row], repute, day) for row in today]
        for row in today:
            repute.note(names_of(listings[row]), day, float(worth[row]))
    return rows


def _relative(
    worth: Floats, days: Sequence[date], *, level: float | None = None
) -> tuple[Floats, float]:
    """Return logarithms less the usual of their day, and the usual of all days.

    The usual of a day is its median; a day of few papers is held to be like all.
    """
    usual = float(np.median(worth)) if level is None else level
    by_day: dict[date, list[int]] = {}
    for row, day in enumerate(days):
        by_day.setdefault(day, []).append(row)
    relative = np.empty_like(worth)
    for rows in by_day.values():
        here = (len(rows) * float(np.median(worth[rows])) + _FEW * usual) / (len(rows) + _FEW)
        relative[rows] = worth[rows] - here
    return relative, usual


def _weights(days: Sequence[date]) -> Floats:
    """Return how much each past paper counts: the recent more, those of a day of few less."""
    number = Counter(days)
    sure = np.array([number[day] / (number[day] + _FEW) for day in days])
    age = np.array([(days[-1] - day).days for day in days])
    weights: Floats = sure * 0.5 ** (age / _RECENT)
    return weights


def _spread(figures: Floats) -> tuple[Floats, Floats]:
    """Return the mean and the standard deviation of each column, by what is known of it."""
    known = np.maximum(1, np.isfinite(figures).sum(axis=0))
    middle = np.nansum(figures, axis=0) / known
    spread = np.sqrt(np.nansum((figures - middle) ** 2, axis=0) / known)
    return middle, np.where(spread > 0, spread, 1.0)


def _trees(seed: int) -> HistGradientBoostingRegressor:
    return HistGradientBoostingRegressor(
        max_iter=150,
        learning_rate=0.05,
        max_leaf_nodes=8,
        min_samples_leaf=30,
        l2_regularization=5.0,
        max_features=0.4,
        early_stopping=False,
        random_state=seed,
    )
