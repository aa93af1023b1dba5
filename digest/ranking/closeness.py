"""How close papers are to something in content, and how strongly that speaks for them; pure."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean

import numpy as np
import numpy.typing as npt

from digest.model import Curve, Paper
from digest.ranking.space import Vectors

Floats = npt.NDArray[np.float32]

MOST_BY_CONTENT = 0.9

# Content counts from so many hundredths of cosine above the usual on, and is worth 63% of the
# most after so many more.
LIKES_CURVE = Curve(MOST_BY_CONTENT, 2.5, 6.0)
WORDS_CURVE = Curve(MOST_BY_CONTENT, 3.0, 12.0)
DISLIKE_CURVE = Curve(MOST_BY_CONTENT, 5.0, 3.0)  # of one disliked paper by itself
_ALONE, _MANY, _CLEARER = 0.25, 10, 0.08  # how the first is stretched for one like and for many
_COHESION = 10.0  # of many likes in one field, in hundredths of cosine
_NARROWEST = 0.3  # so much of the curve is left for likes that have nothing in common
_HALVING = 0.5  # so many likes that are about a text leave half of its weight
_KEPT_ALONE = 0.6  # what a text keeps that no like is about, whatever is liked beside it


@dataclass(frozen=True, slots=True, eq=False)
class Closeness:
    """How close each candidate is to something, in hundredths of cosine above the usual.

    How `strength` grows with it (0..1), and how each leans to it (0..1).
    """

    closeness: Floats
    strength: Floats
    lean: Floats


@dataclass(frozen=True, slots=True, eq=False)
class Text(Closeness):
    """The same of a text; the closeness to several can be added.

    `rows` and `shares` are the papers of the background that stand for it, and `known` is the
    share of its words that papers have. `vectors` has it at `row`, among those it was met with.
    `usual` is what the usual paper has, in hundredths of cosine.
    """

    text: str
    vectors: Vectors
    row: int
    rows: npt.NDArray[np.int64]
    shares: Floats
    known: float
    usual: float

    @property
    def own(self) -> Vectors:
        """Return its vector, which few texts are asked for."""
        return self.vectors[self.row : self.row + 1]


@dataclass(frozen=True, slots=True, eq=False)
class Likes(Closeness):
    """The same of liked papers.

    `papers` are those that say anything, and `curve` is that of their strength. `carrier` is the
    place of the one that has most in the cosine of all of them with each candidate, and `carried`
    its share. `by_readers` is what those add who like the same papers. `vectors` (their `rows`)
    and `shares` make up what they are about. `about` says how many of them are about each of the
    texts that were asked about.
    """

    curve: Curve
    carrier: npt.NDArray[np.int32]
    carried: Floats
    by_readers: Floats | None
    papers: Sequence[Paper]
    vectors: Vectors
    rows: npt.NDArray[np.int64]
    shares: Floats
    about: Sequence[float]


@dataclass(frozen=True, slots=True, eq=False)
class Dislikes:
    """How strongly each candidate is like disliked papers (0..1).

    `nearest` is the place of the one that it is like by itself, or -1 where all of them together
    say more.
    """

    strength: Floats
    nearest: npt.NDArray[np.int64]


def cosines(papers: Vectors, texts: Sequence[Text]) -> Floats:
    """Return the cosines of a few papers (rows) with a few texts (columns)."""
    # By hand: texts have few terms, and a sparse product would go through all that there are.
    held = [(one.vectors.terms, slice(*one.vectors.terms.indptr[one.row :][:2])) for one in texts]
    terms, place = np.unique(
        np.concatenate([some.indices[span] for some, span in held]), return_inverse=True
    )
    theirs = np.zeros((len(texts), len(terms)), np.float32)
    text = np.repeat(np.arange(len(texts)), [span.stop - span.start for _, span in held])
    theirs[text, place] = np.concatenate([some.data[span] for some, span in held])
    places = np.searchsorted(terms, papers.terms.indices)
    after = np.searchsorted(terms, papers.terms.indices, side="right")
    shared = np.flatnonzero(after > places)
    paper = np.searchsorted(papers.terms.indptr, shared, side="right") - 1
    ours = np.zeros((len(papers), len(terms)), np.float32)
    ours[paper, places[shared]] = papers.terms.data[shared]
    meanings = np.stack([one.vectors.meanings[one.row] for one in texts])
    found: Floats = ours @ theirs.T + papers.meanings @ meanings.T
    return found


def likes_curve(count: int, cohesion: float) -> Curve:
    """Return how strength grows with closeness to so many liked papers.

    More likes make a clearer centre, to which all that is near is closer, and one like alone says
    little of what else is liked: with this a strength has the same chance of being right for
    libraries of any size (docs/explanation/ranking.md). The centre of likes on several subjects is
    far from each of them. How far is seen by the likes themselves, if they are more than a few:
    `cohesion` is how close the usual one is to the others.
    """
    stretch = (1 + _ALONE / count**2) * max(1.0, count / _MANY) ** _CLEARER
    if count > _MANY:
        one_field = _COHESION * (1 - _MANY / count)
        least = max(_NARROWEST, (_MANY / count) ** 0.5)
        stretch *= min(1.0, max(least, cohesion / one_field))
    return Curve(LIKES_CURVE.most, LIKES_CURVE.least * stretch, LIKES_CURVE.width * stretch)


def together(closeness: Sequence[Floats], weights: Sequence[float]) -> Floats:
    """Return how close each paper is to several texts taken together.

    The sum of their vectors has the sum of their closeness, and, where they have little in
    common, the length by which it is divided.
    """
    total = np.zeros_like(closeness[0])
    for share, one in zip(shares_together(weights), closeness, strict=True):
        total += np.float32(share) * one
    return total


def shares_together(weights: Sequence[float]) -> list[float]:
    """Return how much each of several texts counts when they are taken together."""
    given = [weight / max(weights) for weight in weights]
    length = math.hypot(*given)
    return [one / length for one in given]


def strength_at(closeness: Floats, curve: Curve) -> Floats:
    """Return the strength of each closeness (0..0.9)."""
    # As `Curve.at`, of many at once.
    beyond = np.maximum(0.0, closeness - curve.least)
    strength: Floats = curve.most * -np.expm1(-beyond / curve.width)
    return strength


def lean_at(closeness: Floats, curve: Curve) -> Floats:
    """Return how each paper leans to what it is close to (0..1)."""
    lean: Floats = np.maximum(0.0, np.tanh(closeness / curve.least))
    return lean


def left_beside(about: Sequence[float]) -> list[float]:
    """Return what likes leave of the weight of each text and keyword (0..1).

    `about` says how many likes are about each. With one's own number `m` that is
    `max(0.5 / (0.5 + mean m), 0.6 * 0.5 / (0.5 + m))`: all lose together, since words that are not
    in the likes yet are no better than those that are, but a subject that is liked by nobody stays
    asked for. Found by trial: docs/explanation/ranking.md has the figures.
    """
    if not about:
        return []
    shared = _left(fmean(about))
    return [max(shared, _KEPT_ALONE * _left(one)) for one in about]


def _left(likes: float) -> float:
    return _HALVING / (_HALVING + likes)
