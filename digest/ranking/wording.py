"""The words of past papers -> how much attention the words of a new one may expect."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from scipy import sparse
from sklearn.linear_model import Ridge

from digest.ranking.listing import Listing
from digest.ranking.terms import distinct
from digest.ranking.text import Lexicon

Floats = npt.NDArray[np.float64]

_PENALTY = 3.0
_PARTS = 5  # of the past; the words of each are judged by the others


class Wording:
    """A ridge on the TF-IDF of title and abstract.

    `of_past` is what it says of the papers that it was learned from, each by those of other times:
    what it knows by heart would be believed too much.
    """

    def __init__(self, past: Sequence[Listing], worth: Floats) -> None:
        self._lexicon, terms = Lexicon.fit([(one.title, one.abstract) for one in past])
        self.of_past = np.zeros(len(past))
        self._coefficients = np.zeros(self._lexicon.size)
        self._base = 0.0
        if not self._lexicon.size:
            return  # texts without a word that tells something
        places = np.arange(len(past))
        for part in np.array_split(places, _PARTS):
            others = np.setdiff1d(places, part)
            self.of_past[part] = _ridge(terms[others], worth[others]).predict(terms[part])
        whole = _ridge(terms, worth)
        self._coefficients, self._base = whole.coef_, float(whole.intercept_)

    def worth(self, listings: Sequence[Listing]) -> Floats:
        """Return what the words of listings may expect."""
        terms = self._lexicon.vectors([(one.title, one.abstract) for one in listings])
        found: Floats = terms @ self._coefficients + self._base
        return found

    def telling(self, listing: Listing, most: int = 2) -> list[str]:
        """Return the words of a listing that speak most for it."""
        terms = self._lexicon.vectors([(listing.title, listing.abstract)])
        worth = terms.data * self._coefficients[terms.indices]
        best = [row for row in np.argsort(-worth, kind="stable") if worth[row] > 0][: 4 * most]
        written = self._lexicon.wording(listing.title, listing.abstract)
        return distinct((written.term(int(terms.indices[row])) for row in best), most)


def _ridge(terms: sparse.csr_array, worth: Floats) -> Ridge:
    return Ridge(_PENALTY, solver="sparse_cg", tol=1e-3).fit(terms, worth)
