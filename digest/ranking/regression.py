"""What a ridge and boosted trees have learned, as plain arrays: asked and kept without the learner.

scikit-learn takes a second to load. Who only asks need not wait for it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

import numpy as np
import numpy.typing as npt

from digest.ranking.arrays import Arrays

if TYPE_CHECKING:
    from sklearn.ensemble import HistGradientBoostingRegressor

Floats = npt.NDArray[np.float64]

_BLOCK = 256  # rows that go down the trees at a time: what they need stays in the cache


@dataclass(frozen=True, slots=True, eq=False)
class Line:
    """A sum of figures, each less its `middle`, divided by its `spread` and times its `slope`.

    A figure that is not known counts as its middle.
    """

    middle: Floats
    spread: Floats
    slope: Floats
    base: float

    def summands(self, figures: Floats) -> Floats:
        """Return what each figure (column) adds for each row."""
        summands: Floats = scaled(figures, self.middle, self.spread) * self.slope
        return summands

    def arrays(self) -> Arrays:
        """Return what is to be kept."""
        return {
            "middle": self.middle,
            "spread": self.spread,
            "slope": self.slope,
            "base": np.array(self.base),
        }

    @classmethod
    def of_arrays(cls, kept: Arrays) -> Self:
        """Return what was kept."""
        return cls(kept["middle"], kept["spread"], kept["slope"], float(kept["base"]))


def scaled(figures: Floats, middle: Floats, spread: Floats) -> Floats:
    """Return figures less their middle by their spread, 0 where nothing is known."""
    found: Floats = np.nan_to_num((figures - middle) / spread)
    return found


@dataclass(frozen=True, slots=True, eq=False)
class Trees:
    """Some forests of boosted trees; what they say is averaged.

    A node looks at the figure in its `column`: one up to its `threshold` goes to the node `left`,
    a larger one to `right`, an unknown one (NaN) left where `unknown_left`. A leaf leads to itself
    and has a `value`. A forest says its `bases` and the values of all leaves that a row comes to
    from its `roots` [forests, trees].
    """

    column: npt.NDArray[np.int32]
    threshold: Floats
    unknown_left: npt.NDArray[np.bool_]
    left: npt.NDArray[np.int32]
    right: npt.NDArray[np.int32]
    value: Floats
    roots: npt.NDArray[np.int32]
    bases: Floats

    @classmethod
    def grown(
        cls, forests: Sequence[HistGradientBoostingRegressor], columns: npt.NDArray[np.integer]
    ) -> Self:
        """Return forests of scikit-learn, which were fitted to those `columns` of all figures."""
        if not forests:
            whole, real = np.zeros(0, np.int32), np.zeros(0)
            return cls(whole, real, whole > 0, whole, whole, real, whole.reshape(0, 0), real)
        trees = [tree.nodes for forest in forests for (tree,) in forest._predictors]
        roots = np.cumsum([0, *map(len, trees)])[:-1]
        nodes = np.concatenate(trees)
        own = np.arange(len(nodes))
        first = np.repeat(roots, [len(tree) for tree in trees])
        is_leaf = nodes["is_leaf"].astype(bool)
        # What stands in a leaf beside its value says nothing.
        looks_at = np.where(is_leaf, 0, nodes["feature_idx"]).astype(np.int64)
        return cls(
            column=columns[looks_at].astype(np.int32),
            threshold=np.where(is_leaf, 0.0, nodes["num_threshold"]),
            unknown_left=nodes["missing_go_to_left"].astype(bool),
            left=np.where(is_leaf, own, first + nodes["left"]).astype(np.int32),
            right=np.where(is_leaf, own, first + nodes["right"]).astype(np.int32),
            value=np.where(is_leaf, nodes["value"], 0.0),
            roots=roots.reshape(len(forests), -1).astype(np.int32),
            bases=np.array([one._baseline_prediction.item() for one in forests], np.float64),
        )

    def __len__(self) -> int:
        return len(self.bases)

    def said(self, figures: Floats) -> Floats:
        """Return what the forests say of rows of figures, on average."""
        found = np.empty(len(figures))
        for start in range(0, len(figures), _BLOCK):
            rows = figures[start : start + _BLOCK]
            values = self.value[self._leaves(rows)].reshape(len(rows), *self.roots.shape)
            found[start : start + _BLOCK] = (self.bases + values.sum(axis=2)).mean(axis=1)
        return found

    def _leaves(self, rows: Floats) -> npt.NDArray[np.int32]:
        """Return where each row comes to in each tree."""
        at = np.tile(self.roots.ravel(), (len(rows), 1))
        begins = np.arange(len(rows))[:, None] * rows.shape[1]
        while True:
            seen = rows.ravel()[begins + self.column[at]]
            goes_left = (seen <= self.threshold[at]) | (np.isnan(seen) & self.unknown_left[at])
            after = np.where(goes_left, self.left[at], self.right[at])
            if np.array_equal(after, at):
                return at
            at = after

    def arrays(self) -> Arrays:
        """Return what is to be kept."""
        return {name: getattr(self, name) for name in self.__slots__}

    @classmethod
    def of_arrays(cls, kept: Arrays) -> Self:
        """Return what was kept."""
        return cls(**kept)
