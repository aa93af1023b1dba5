"""Relevance and trending -> one score, and the papers of one digest."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

import numpy as np
import numpy.typing as npt
from scipy import sparse

from digest.model import Paper
from digest.ports import MUTED, Scores
from digest.ranking.seam import blend_of
from digest.ranking.text import STOP_WORDS, words

Floats = npt.NDArray[np.floating]
Columns = npt.NDArray[np.int64]

CROWDING = 0.25  # what a paper would lose if its leading interest had all places already
_USUAL = 0.25  # share of words that papers of one field have in common without being alike
_SAME_TITLE = 0.85  # share of the words that two titles have in common
_POOL = 4  # how many papers are weighed against each other for each place
_BLOCK = 256  # papers that are compared with all others at a time
_PLACES = 32  # bits for the place of a paper
_BEST_FEW = 10  # papers that say how strong a part is
_FARTHEST = 3.0  # so many times a weak part is raised: a weak day stays a weak day
_NOTHING = 1e-9
_SAME = -1.0  # stands for the likeness of a paper to itself and to its near-duplicates


def blend(
    relevance: Floats, trending: Floats, *, weight: float | Floats, discount: Floats
) -> Floats:
    """Return `discount * ((1 - weight) * relevance + weight * trending)`, all in 0..1.

    `weight` is 1 for somebody who has no interests, and `discount` below 1 for papers like those
    that the subscriber wants less of.
    """
    scores: Floats = discount * ((1.0 - weight) * relevance + weight * trending)
    return scores


def reaching(scores: Scores, min_score: float) -> Floats:
    """Return the scores, and `MUTED` for papers that do not reach `min_score` with nothing raised.

    How much one part is raised depends on the other: else a weak paper came in on a hot day.
    """
    return np.where(blend_of(scores).plain >= min_score, scores.score, np.float32(MUTED))


def balance(relevance: Floats, trending: Floats) -> tuple[Floats, Floats]:
    """Return what makes relevance (a row for each reader) and trending equally strong.

    Two factors for each row, of 1 and more: the weaker of the two is raised until its best ten
    papers are on average as strong as the best ten of the other, threefold at most, and none above
    1. What is nothing stays nothing.
    """
    if not trending.size:
        ones = np.ones((len(relevance), 1), np.float32)
        return ones, ones
    ours, theirs = _level(relevance), _level(trending[None, :])
    most = relevance.max(axis=1, keepdims=True), trending[None, :].max(axis=1, keepdims=True)
    level = np.maximum(ours, theirs)
    factors = [
        np.minimum(np.minimum(level, _FARTHEST * own), own / np.maximum(top, _NOTHING))
        / np.maximum(own, _NOTHING)
        for own, top in zip((ours, theirs), most, strict=True)
    ]
    one, other = (np.maximum(1.0, factor).astype(np.float32) for factor in factors)
    return one, np.broadcast_to(other, one.shape)


def _level(values: Floats) -> Floats:
    """Return how strong the best papers of each row are on average."""
    number = min(_BEST_FEW, values.shape[1])
    best = np.sort(np.partition(values, values.shape[1] - number, axis=1)[:, -number:], axis=1)
    level: Floats = best.astype(np.float64).mean(axis=1, keepdims=True)
    return level


class Likeness:
    """How much any two papers are alike: the share of words that they have in common, 0..1.

    Two bytes for each pair of papers; the third digit of a likeness changes nobody's digest.
    """

    def __init__(self, papers: Sequence[Paper]) -> None:
        titles = [_words(paper.title) for paper in papers]
        texts = [_words(paper.title, paper.abstract) for paper in papers]
        self._alike = _likeness(texts)
        for place, twin in _twins([paper.title for paper in papers], titles):
            self._alike[place, twin] = _SAME

    def of(self, papers: Columns, others: Columns | int) -> Floats:
        """Return how alike papers are by their places; below zero for near-duplicates."""
        alike: Floats = self._alike[papers, others].astype(np.float32)
        return alike


def choose(
    scores: Floats,
    likeness: Likeness,
    *,
    max_papers: Sequence[int],
    diversity: float,
    leading: Callable[[Columns], Columns] | None = None,
) -> list[list[int]]:
    """Choose the papers of several digests, each in the order in which they stand in it.

    `scores` has a row for each digest and a column for each paper; equal ones come in the order
    of their columns. What is worth nothing, or muted, is out. Each place goes to the paper with
    the highest `score * (1 - diversity * likeness)`, where likeness is the largest share of words
    it has in common with a paper above it, `beyond_usual` (maximal marginal relevance, Carbonell
    and Goldstein 1998): 0 keeps the order of the scores. Two papers with nearly the same title
    never stand together. The papers that are weighed for a digest are the best
    `4 * max_papers + 20`.

    `leading` says for some columns of each digest which interest does most for each, or below zero
    for none; a quarter of its share of the digest is then taken off what a paper is worth, so that
    no interest takes all places (as xQuAD does, Santos, Macdonald and Ounis 2010).
    """
    if not scores.size:
        return [[] for _ in scores]
    most = np.asarray(max_papers)
    columns, worth = _best(scores, _POOL * most + 20)
    everyone = np.arange(len(scores))
    alike = np.zeros_like(worth)
    crowd = np.zeros_like(worth)
    leads = np.full(columns.shape, -1) if leading is None else leading(columns)
    left = np.isfinite(worth)
    chosen: list[list[int]] = [[] for _ in scores]
    for place in range(int(most.max())):
        values = worth * (1.0 - diversity * alike) * (1.0 - CROWDING * crowd)
        values = np.where(left, values, -np.inf)
        best = values.argmax(axis=1)
        found = left[everyone, best] & (place < most)
        if not found.any():
            break
        taken = columns[everyone, best]
        for row in np.flatnonzero(found):
            chosen[row].append(int(taken[row]))
        nearness = likeness.of(taken[:, None], columns)
        left &= nearness >= 0
        alike = np.maximum(alike, beyond_usual(nearness))
        if leading is not None:
            lead = np.where(found, leads[everyone, best], -1)[:, None]
            crowd += ((leads == lead) & (lead >= 0)) / most[:, None]
    for row in np.flatnonzero([len(row) for row in chosen] < most):
        _fill(chosen[row], scores[row], likeness, most=int(most[row]))
    return chosen


def beyond_usual(likeness: Floats) -> Floats:
    """Return what likeness counts for diversity (0..1): nothing up to the usual one of a field.

    Else the papers that have least to do with others would win where many are worth the same.
    """
    beyond: Floats = np.maximum(0.0, likeness - np.float32(_USUAL)) / np.float32(1 - _USUAL)
    return beyond


def _best(scores: Floats, limits: Columns) -> tuple[Columns, Floats]:
    """Return the columns and scores of the best papers of each row, padded with -inf."""
    count = scores.shape[1]
    width = min(int(limits.max()), count)
    # The bits of a score that is not negative are in order as a whole number too. With the place
    # behind it no two are equal, so that the best can be parted from the others and still be in
    # the order of ties: a fifth of the time that sorting all would take.
    keys = np.ascontiguousarray(scores, np.float32).view(np.int32).astype(np.int64) << _PLACES
    keys |= np.arange(count - 1, -1, -1)
    keys = np.partition(keys, count - width, axis=1)[:, count - width :]
    keys.sort(axis=1)
    best = count - 1 - (keys[:, ::-1] & ((1 << _PLACES) - 1))
    worth = np.take_along_axis(scores, best, axis=1)
    inside = (np.arange(width) < limits[:, None]) & (worth > 0)
    return best, np.where(inside, worth, -np.inf)


def _fill(chosen: list[int], scores: Floats, likeness: Likeness, *, most: int) -> None:
    """Add the next papers by score where there were too many near-duplicates among the best."""
    for column in np.argsort(-scores, kind="stable"):
        if len(chosen) == most or scores[column] <= 0:
            return
        if (likeness.of(np.array(chosen, np.int64), column) >= 0).all():
            chosen.append(int(column))


def _likeness(texts: Sequence[frozenset[str]]) -> npt.NDArray[np.float16]:
    named = _matrix(texts)
    sizes = np.sqrt(np.maximum(1, [len(text) for text in texts])).astype(np.float32)
    alike = np.empty((len(texts), len(texts)), np.float16)
    for start in range(0, len(texts), _BLOCK):
        block = slice(start, start + _BLOCK)
        common = (named[block] @ named.T).toarray()
        alike[block] = common / (sizes[block, None] * sizes)
    return alike


def _twins(
    titles: Sequence[str], named: Sequence[frozenset[str]]
) -> Iterable[tuple[npt.NDArray[np.integer], npt.NDArray[np.integer]]]:
    """Yield pairs of papers whose titles are nearly the same, each one with itself too."""
    matrix = _matrix(named)
    sizes = np.array([len(title) for title in named], np.float32)
    for start in range(0, len(titles), _BLOCK):
        common = sparse.coo_array(matrix[start : start + _BLOCK] @ matrix.T)
        rows, columns = common.row + start, common.col
        same = common.data / (sizes[rows] + sizes[columns] - common.data) >= _SAME_TITLE
        yield rows[same], columns[same]
    # Titles without a word are compared as they stand.
    wordless: dict[str, list[int]] = {}
    for place, title in enumerate(titles):
        if not named[place]:
            wordless.setdefault(title, []).append(place)
    for places in wordless.values():
        mine, theirs = np.meshgrid(places, places)
        yield mine.ravel(), theirs.ravel()


def _matrix(texts: Sequence[frozenset[str]]) -> sparse.csr_array:
    numbers: dict[str, int] = {}
    columns = [numbers.setdefault(word, len(numbers)) for text in texts for word in sorted(text)]
    starts = np.cumsum([0, *(len(text) for text in texts)])
    ones = np.ones(len(columns), np.float32)
    return sparse.csr_array((ones, columns, starts), shape=(len(texts), len(numbers)))


def _words(*texts: str) -> frozenset[str]:
    return frozenset(word for text in texts for word in words(text)) - STOP_WORDS
