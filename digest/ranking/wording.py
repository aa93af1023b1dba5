"""The words of past papers -> how much attention the words of a new one may expect."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

import numpy as np
import numpy.typing as npt
from scipy import sparse

from digest.ranking import arrays
from digest.ranking.arrays import Arrays
from digest.ranking.lexicon import Lexicon
from digest.ranking.listing import Listing
from digest.ranking.terms import distinct

if TYPE_CHECKING:
    from sklearn.linear_model import Ridge

Floats = npt.NDArray[np.float64]

_PENALTY = 3.0
_PARTS = 5  # of the past; the words of each are judged by the others
_NAMED = 2  # terms that are named at most


@dataclass(frozen=True, slots=True, eq=False)
class Wording:
    """A ridge on the TF-IDF of title and abstract."""

    lexicon: Lexicon
    coefficients: Floats
    base: float

    @classmethod
    def learn(cls, past: Sequence[Listing], worth: Floats) -> tuple[Self, Floats]:
        """Learn from past papers; return also what it says of them, each by those of other times.

        What it knows by heart would be believed too much.
        """
        lexicon, terms = Lexicon.fit([(one.title, one.abstract) for one in past])
        of_past = np.zeros(len(past))
        if not lexicon.size:
            return cls(lexicon, np.zeros(0), 0.0), of_past  # no word tells something
        places = np.arange(len(past))
        for part in np.array_split(places, _PARTS):
            others = np.setdiff1d(places, part)
            of_past[part] = _ridge(terms[others], worth[others]).predict(terms[part])
        whole = _ridge(terms, worth)
        return cls(lexicon, whole.coef_, float(whole.intercept_)), of_past

    def worth(self, listings: Sequence[Listing]) -> Floats:
        """Return what the words of listings may expect."""
        terms = self.lexicon.vectors([(one.title, one.abstract) for one in listings])
        found: Floats = terms @ self.coefficients + self.base
        return found

    def telling(self, listing: Listing) -> list[str]:
        """Return the words of a listing that speak most for it."""
        terms = self.lexicon.vectors([(listing.title, listing.abstract)])
        worth = terms.data * self.coefficients[terms.indices] * self.lexicon.naming[terms.indices]
        best = [row for row in np.argsort(-worth, kind="stable") if worth[row] > 0][: 4 * _NAMED]
        written = self.lexicon.spelling(listing.title, listing.abstract)
        return distinct((written.term(int(terms.indices[row])) for row in best), _NAMED)

    def arrays(self) -> Arrays:
        """Return what is to be kept."""
        return {
            **arrays.under("lexicon", self.lexicon.arrays()),
            "coefficients": self.coefficients,
            "base": np.array(self.base),
        }

    @classmethod
    def of_arrays(cls, kept: Arrays) -> Self:
        """Return what was kept."""
        lexicon = Lexicon.of_arrays(arrays.within("lexicon", kept))
        return cls(lexicon, kept["coefficients"], float(kept["base"]))


def _ridge(terms: sparse.csr_array, worth: Floats) -> Ridge:
    from sklearn.linear_model import Ridge

    return Ridge(_PENALTY, solver="sparse_cg", tol=1e-3).fit(terms, worth)
