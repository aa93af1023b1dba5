"""Likes -> how close other papers are in content."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TypeVar

import numpy as np
import numpy.typing as npt
from scipy import linalg, sparse

from digest.ranking.space import Columns, Vectors

T = TypeVar("T")
Floats = npt.NDArray[np.float32]

_PENALTY = 20 / 10_000  # of the ridge, for each paper of the background
_CAUTION = 2  # likes at which half of the background's part is taken off
_REPETITION = 0.1  # how much a like that repeats others loses
_SAMPLE = 250  # papers of the background; a median needs no more
NEAREST = 3
NEAREST_SHARE = 0.3
_EXPANSION = (
    30  # papers of the background that stand in for the likes of somebody who has words only
)


@dataclass(frozen=True, slots=True)
class Library:
    """Likes by their cosines with the papers and the background, a row for each.

    `rows` are the places of the likes that say anything, `shares` what each of them counts
    in the centre of all, which has the length one. `cohesion` is how close the usual like is to
    the others together, in hundredths of cosine above the usual paper: 0 for one alone.
    """

    rows: npt.NDArray[np.int64]
    cosines: Floats
    shares: Floats
    cohesion: float = 0.0


class Relevance:
    """Ridge regression on vectors of unit length against a background that nobody chose.

    With `n` likes `L` (weights `w = solve(I + 0.1 L L', 1)`, so that likes which repeat each
    other count less), `p` the unit vector of `w L`, a background `B` of `b` papers labelled 0 and
    `lambda = 0.002 b`, the direction is `p - n/(n+2) B' (B B' + lambda I)^-1 B p`: the closed
    form of ridge regression, shrunk towards the plain centroid while likes are few. To it comes
    0.3 of the mean cosine with the three nearest likes. Both are counted in hundredths above the
    median of the background (250 papers of it), so that a score means the same on any day and for
    anybody, also where a good part of all papers is on their subject.

    All that is asked of the papers `V` are cosines, so `V B' (B B' + lambda I)^-1` is made once,
    and no direction is ever written out.
    """

    def __init__(self, background: Vectors, papers: Vectors) -> None:
        self._count = len(papers)
        count = len(background)
        sample = np.arange(0, count, max(1, count // _SAMPLE))
        # Those whose median is the usual come first: the others are not scored.
        self._order = np.concatenate([sample, np.setdiff1d(np.arange(count), sample)])
        self._places = np.argsort(self._order)
        self._scored = self._count + len(sample)
        background = background[self._order]
        self._background = background
        self._asked = Columns(Vectors.stack([papers, background]))
        self._cosines = self._asked.cosines(background)
        # Half the usual precision is plenty, for the penalty keeps it far from singular.
        kernel = self._cosines[:, self._count :].copy()
        kernel.flat[:: len(kernel) + 1] += max(_PENALTY * len(kernel), 1e-3)
        # The transpose of what is symmetric is the same, and as LAPACK wants it.
        self._ridge: Floats = np.ascontiguousarray(
            linalg.solve(
                kernel.T,
                self._cosines[:, : self._scored],
                assume_a="pos",
                overwrite_a=True,
                check_finite=False,
            )
        )

    def libraries(self, likes: Vectors, counts: Sequence[int]) -> list[Library | None]:
        """Meet likes, so many rows for each library; `None` for one that says nothing.

        A like is met in the same way whatever it comes with: to the bit without a sentence model,
        with one to some 1e-7, for its products are added up as their place among others wants.
        """
        cosines = self._asked.cosines(likes)
        several = max(counts, default=0) > 1
        kernel = Columns(likes).cosines(likes) if several else np.empty((0, 0), np.float32)
        libraries: list[Library | None] = []
        known = likes.known
        start = 0
        for count in counts:
            mine = np.flatnonzero(known[start : start + count])
            rows = start + mine
            start += count
            if len(rows):
                met, share, cohesion = cosines[rows], np.ones(len(rows), np.float32), 0.0
                if len(rows) > 1:
                    own = kernel[np.ix_(rows, rows)]
                    share = _shares(own, share)
                    usual = _usual((share @ met[:, self._count : self._scored])[None])
                    cohesion = 100 * float(np.median(_with_others(own, share)) - usual[0, 0])
                libraries.append(Library(mine, met, share, cohesion))
            else:
                libraries.append(None)
        return libraries

    def expansion(self, words: Library) -> Library | None:
        """Return the 30 papers of the background that fit a text best; `None` where none does.

        Its rows are those of the background.

        A few words name few of the words that good papers use; what comes up first for them knows
        more (pseudo-relevance feedback, Rocchio 1971).
        """
        fit = words.cosines[0, self._count :]
        best = np.argsort(-fit, kind="stable")[:_EXPANSION]
        best = best[fit[best] > 0]
        if not len(best):
            return None
        cosines = self._cosines[best]
        mass = fit[best] / fit[best[0]]
        share = _shares(cosines[:, self._count + best], mass)
        return Library(self._order[best], cosines, share)

    def scores(self, libraries: Sequence[Library | None]) -> Floats:
        """Return for each library (row) how far above the usual papers are.

        In hundredths of cosine; zeros for a library that says nothing. One library has the same row
        to the bit whatever others are scored with it; how it was met is another matter (above).
        """
        return self.scores_and_usual(libraries)[0]

    def scores_and_usual(self, libraries: Sequence[Library | None]) -> tuple[Floats, Floats]:
        """Return the scores, and what the usual paper has for each library: they exceed that."""
        scores = np.zeros((len(libraries), self._count), np.float32)
        usual = np.zeros(len(libraries), np.float32)
        telling = [row for row, one in enumerate(libraries) if one is not None]
        if telling:
            along, near = self._measures([one for one in libraries if one is not None])
            middles = [_usual(each[:, self._count :]) for each in (along, near)]
            above = [
                each[:, : self._count] - middle
                for each, middle in zip((along, near), middles, strict=True)
            ]
            scores[telling] = 100 * (above[0] + NEAREST_SHARE * above[1])
            usual[telling] = 100 * (middles[0] + NEAREST_SHARE * middles[1])[:, 0]
        return scores, usual

    def usual(self, library: Library) -> float:
        """Return what the usual paper has, in hundredths of cosine: a score is what exceeds it."""
        return float(self.scores_and_usual([library])[1][0])

    def nearest(self, likes: Library) -> tuple[npt.NDArray[np.int64], Floats]:
        """Return for each paper which like is nearest, and how near, above the usual paper."""
        above = 100 * likes.cosines[:, : self._count] - self.usual_of_each(likes)[:, None]
        best = above.argmax(axis=0)
        return likes.rows[best], np.take_along_axis(above, best[None], axis=0)[0]

    def usual_of_each(self, likes: Library) -> Floats:
        """Return what the usual paper has of each like by itself, in hundredths of cosine."""
        return 100 * _usual(likes.cosines[:, self._count : self._scored])[:, 0]

    def with_background(self, likes: Library, background: npt.NDArray[np.int64]) -> Floats:
        """Return the cosines of likes with those rows of the background."""
        return likes.cosines[:, self._count + self._places[background]]

    def expected(self, paper: int, columns: npt.NDArray[np.int64]) -> Floats:
        """Return what the background leads one to expect of a paper, for some terms.

        With `V` its vector that is `V B' (B B' + lambda I)^-1 B`, so that the part of a score that
        goes along the direction is `p` times what the paper has beyond it, but for the shrinkage.
        """
        shares = self._ridge[:, paper]
        by_term = self._by_term
        starts, counts = by_term.indptr[columns], np.diff(by_term.indptr)[columns]
        # By hand: a product would go through all terms that there are.
        ends = np.cumsum(counts)
        places = np.arange(ends[-1] if len(ends) else 0) + np.repeat(starts - ends + counts, counts)
        worth = by_term.data[places] * shares[by_term.indices[places]]
        rows = np.repeat(np.arange(len(columns)), counts)
        found: Floats = np.bincount(rows, weights=worth, minlength=len(columns)).astype(np.float32)
        return found

    def expected_meaning(self, paper: int) -> Floats:
        """Return the same of its meaning."""
        meaning: Floats = self._ridge[:, paper] @ self._background.meanings
        return meaning

    @cached_property
    def _by_term(self) -> sparse.csc_array:
        return sparse.csc_array(self._background.terms)

    def _measures(self, libraries: Sequence[Library]) -> tuple[Floats, Floats]:
        """Return how far each paper goes along the directions, and how near the likes are."""
        centres = np.stack([one.shares @ one.cosines for one in libraries])
        near = np.stack([_near(one.cosines[:, : self._scored]) for one in libraries])
        shrink = np.array([[shrinkage(len(one.rows))] for one in libraries])
        # Each by itself: a product of many rows adds each of them up as its place among them wants.
        known = np.stack([np.dot(one[self._count :], self._ridge) for one in centres])
        return centres[:, : self._scored] - shrink * known, near


def batches(groups: Sequence[Sequence[T]], size: int) -> Iterator[list[Sequence[T]]]:
    """Yield groups together, so many that they hold about `size`."""
    batch: list[Sequence[T]] = []
    held = 0
    for group in groups:
        batch.append(group)
        held += len(group)
        if held >= size:
            yield batch
            batch, held = [], 0
    if batch:
        yield batch


def shrinkage(likes: int) -> np.float32:
    """Return how much of the background's part is taken off for so many likes."""
    return np.float32(likes / (likes + _CAUTION))


def _shares(kernel: Floats, weights: Floats) -> Floats:
    exact = kernel.astype(np.float64)
    share = np.linalg.solve(np.eye(len(exact)) + _REPETITION * exact, weights)
    share = np.maximum(share, 0)
    unit: Floats = (share / np.sqrt(share @ exact @ share)).astype(np.float32)
    return unit


def _with_others(kernel: Floats, shares: Floats) -> Floats:
    """Return the cosine of each like with the centre of the others."""
    along = kernel @ shares
    # Squared, the length of what is left of the centre of all.
    left = np.maximum(1 - shares * (2 * along - shares), 1e-6)
    found: Floats = ((along - shares) / np.sqrt(left)).astype(np.float32)
    return found


def _near(cosines: Floats) -> Floats:
    """Return the mean cosine of each column with the nearest likes."""
    nearest: list[Floats] = []
    for one in cosines:
        for place, best in enumerate(nearest):
            nearest[place], one = np.maximum(best, one), np.minimum(best, one)
        if len(nearest) < NEAREST:
            nearest.append(one)
    mean: Floats = sum(nearest[1:], nearest[0]) / np.float32(len(nearest))
    return mean


def _usual(values: Floats) -> Floats:
    """Return the median of each row, as a column."""
    count = values.shape[1]
    if not count:
        return np.zeros((len(values), 1), np.float32)
    middle = count // 2
    return np.partition(values, middle, axis=1)[:, middle : middle + 1]
