"""What new papers may expect, by what was learned of past ones; pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from hashlib import sha256
from math import log
from pathlib import Path
from typing import Self

import numpy as np
import numpy.typing as npt
from scipy.special import ndtr

from digest import __version__
from digest.ranking import arrays
from digest.ranking.listing import Listing, folded
from digest.ranking.regression import Line, Trees
from digest.ranking.repute import Repute
from digest.ranking.traits import Trait, figures_of, matrix
from digest.ranking.wording import Wording

Floats = npt.NDArray[np.float64]


def _version() -> str:
    code = sha256(__version__.encode())
    for path in sorted(Path(__file__).parent.glob("*.py")):
        code.update(path.read_bytes())
    return code.hexdigest()[:12]


# What differs whenever the code that learns and expects may: a digest of all of it. Nobody has to
# remember to change it; after some changes a model is learned once more than needed. Made when
# the code is loaded, for an upgrade may come under a process that goes on.
VERSION = _version()

FEW = 5.0  # papers that the usual level counts as, beside those of a day

# How far an early count is from the last one, in logarithms: what later hours bring is chance,
# and so is a single vote of few. Measured on the stream of Hugging Face, up to March 2026.
_LATER = 0.1
_FIRST = 1.0
_GROWTH = log(2)  # from the first morning to the end


@dataclass(frozen=True, slots=True, eq=False)
class Expected:
    """What listings (rows) may expect: logarithms of upvotes, 0 for the usual of their day.

    `traits` has what each trait adds to it or takes from it, by the linear half of the model.
    """

    worth: Floats
    share: Floats
    traits: dict[Trait, Floats]


@dataclass(frozen=True, slots=True, eq=False)
class Attention:
    """What the past says of new papers; `learning.learn` makes one.

    The attention of a paper is `ln(1 + upvotes)` less the usual of its day: days differ, and
    votes come in multiples. Two models of the same figures are averaged, a `line` and `trees`; one
    of the figures is what the `wording` says. `level` is the usual of all days, `chance` the
    variance that is left to chance, `scale` how far an order of chance and of what is known goes.
    Who has no day is taken to be listed on the `last_day` of the past.
    """

    repute: Repute
    wording: Wording
    line: Line
    trees: Trees
    level: float
    chance: float
    scale: float
    last_day: date

    def expect(self, listings: Sequence[Listing]) -> Expected:
        """Say what attention listings may expect, whatever votes they have by now."""
        if not listings:
            return Expected(np.zeros(0), np.zeros(0), {})
        days = [one.day or self.last_day for one in listings]
        figures, columns = matrix(
            [figures_of(one, self.repute, day) for one, day in zip(listings, days, strict=True)]
        )
        figures = np.column_stack([figures, self.wording.worth(listings)])
        columns.append(Trait.TEXT)
        summands = self.line.summands(figures)
        worth = worth_by(self.line, self.trees, figures)
        traits = {
            trait: summands[:, [column == trait for column in columns]].sum(axis=1)
            for trait in Trait
        }
        return Expected(worth, self.share(worth), traits)

    def share(self, worth: Floats) -> Floats:
        """Return the share of the papers of its day that a paper may expect to leave behind.

        For a normal attention with what is left to chance: `phi(worth / scale)`.
        """
        found: Floats = ndtr(worth / self.scale)
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
        days = [listings[row].day or self.last_day for row in rows]
        early = relative(np.log1p(counts), days, self.level - _GROWTH)
        by_count = 1 / (_LATER + _FIRST / (counts + 1))
        by_past = 1 / self.chance
        worth[rows] = (by_count * early + by_past * worth[rows]) / (by_count + by_past)
        return worth

    # Why.

    def best_author(self, listing: Listing) -> str:
        """Return the author whose earlier papers did best, "" where none did well."""
        day = listing.day or self.last_day
        worth = {
            name: self.repute.past(f"author:{folded(name)}", day).worth
            for name in listing.author_names
        }
        best = max(worth, key=lambda name: worth[name], default="")
        return best if best and worth[best] > 0 else ""

    # To be kept.

    def to_bytes(self) -> bytes:
        """Return the model as bytes: arrays, figures and names, nothing that can be run."""
        return arrays.to_bytes(
            {
                **arrays.under("repute", self.repute.arrays()),
                **arrays.under("wording", self.wording.arrays()),
                **arrays.under("line", self.line.arrays()),
                **arrays.under("trees", self.trees.arrays()),
                "figures": np.array([self.level, self.chance, self.scale]),
                "last_day": np.array(self.last_day.toordinal()),
            }
        )

    @classmethod
    def from_bytes(cls, kept: bytes) -> Self:
        """Return a model that was kept by the same `version`; it says what it said before."""
        found = arrays.from_bytes(kept)
        level, chance, scale = found["figures"].tolist()
        return cls(
            Repute.of_arrays(arrays.within("repute", found)),
            Wording.of_arrays(arrays.within("wording", found)),
            Line.of_arrays(arrays.within("line", found)),
            Trees.of_arrays(arrays.within("trees", found)),
            level,
            chance,
            scale,
            date.fromordinal(int(found["last_day"])),
        )


def worth_by(line: Line, trees: Trees, figures: Floats) -> Floats:
    """Return the worth of rows of figures."""
    by_line: Floats = line.summands(figures).sum(axis=1) + line.base
    return (trees.said(figures) + by_line) / 2 if len(trees) else by_line


def relative(worth: Floats, days: Sequence[date], usual: float) -> Floats:
    """Return logarithms less the usual of their day.

    The usual of a day is its median; a day of few papers is held to be like all.
    """
    by_day: dict[date, list[int]] = {}
    for row, day in enumerate(days):
        by_day.setdefault(day, []).append(row)
    found = np.empty_like(worth)
    for rows in by_day.values():
        here = (len(rows) * float(np.median(worth[rows])) + FEW * usual) / (len(rows) + FEW)
        found[rows] = worth[rows] - here
    return found
