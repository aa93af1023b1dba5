"""Past papers and the attention that they got -> a model of what new ones may expect; pure."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from datetime import date
from itertools import groupby
from operator import itemgetter

import numpy as np
import numpy.typing as npt
from sklearn.ensemble import HistGradientBoostingRegressor
from sklearn.linear_model import Ridge

from digest.ranking.attention import FEW, Attention, relative, worth_by
from digest.ranking.listing import Listing
from digest.ranking.regression import Line, Trees, scaled
from digest.ranking.repute import Repute
from digest.ranking.threads import one_thread
from digest.ranking.traits import Trait, figures_of, matrix, names_of
from digest.ranking.wording import Wording

Floats = npt.NDArray[np.float64]

SEEDS = (1, 2, 3, 4)  # of the trees

_RECENT = 300.0  # days after which a paper counts half: what readers vote for changes
_PENALTY = 10.0


@one_thread()
def learn(past: Sequence[Listing]) -> Attention:
    """Learn from listings with their last upvotes, at least one; pure and repeatable.

    What the words of past papers say is learned from other times, and what is known of names is
    from the days before. Who has no day is taken to be listed with the one before: lists are in
    the order of time.
    """
    by_day = sorted(zip(days_of(past), past, strict=True), key=itemgetter(0))
    days, past = [day for day, _ in by_day], [one for _, one in by_day]
    counts = np.log1p(np.array([one.upvotes for one in past], np.float64))
    level = float(np.median(counts))
    worth = relative(counts, days, level)
    repute = Repute()
    rows = figures_before(past, worth, repute)
    wording, of_past = Wording.learn(past, worth)
    figures = np.column_stack([matrix(rows)[0], of_past])
    weights = _weights(days)
    line = _line(figures, worth, weights)
    trees = _trees(figures, worth, weights)
    left = float(worth.var() - worth_by(line, trees, figures).var())
    chance = max(left, 0.1 * float(worth.var()), 1e-6)
    return Attention(
        repute,
        wording,
        line,
        trees,
        level=level,
        chance=chance,
        scale=math.sqrt(float(worth.var()) + chance),
        last_day=days[-1],
    )


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


def _weights(days: Sequence[date]) -> Floats:
    """Return how much each past paper counts: the recent more, those of a day of few less."""
    number = Counter(days)
    sure = np.array([number[day] / (number[day] + FEW) for day in days])
    age = np.array([(days[-1] - day).days for day in days])
    weights: Floats = sure * 0.5 ** (age / _RECENT)
    return weights


def _line(figures: Floats, worth: Floats, weights: Floats) -> Line:
    """Fit a ridge to figures by their mean and standard deviation, as far as they are known."""
    known = np.maximum(1, np.isfinite(figures).sum(axis=0))
    middle = np.nansum(figures, axis=0) / known
    spread = np.sqrt(np.nansum((figures - middle) ** 2, axis=0) / known)
    spread = np.where(spread > 0, spread, 1.0)
    ridge = Ridge(_PENALTY).fit(scaled(figures, middle, spread), worth, sample_weight=weights)
    return Line(middle, spread, ridge.coef_, float(ridge.intercept_))


def _trees(figures: Floats, worth: Floats, weights: Floats) -> Trees:
    # A figure that is the same for all says nothing, and trees cannot stand it.
    most = np.nanmax(figures, axis=0, initial=-np.inf)
    telling = np.flatnonzero(most > np.nanmin(figures, axis=0, initial=np.inf))
    forests = [
        HistGradientBoostingRegressor(
            max_iter=150,
            learning_rate=0.05,
            max_leaf_nodes=8,
            min_samples_leaf=30,
            l2_regularization=5.0,
            max_features=0.4,
            early_stopping=False,
            random_state=seed,
        ).fit(figures[:, telling], worth, sample_weight=weights)
        for seed in (SEEDS if len(telling) else ())
    ]
    return Trees.grown(forests, telling)
