"""Measure how well keywords and likes rank together.

    python -m tests.benchmarks.beside FOLDER [--json]

`FOLDER` holds reading libraries in folds with keywords (docs/howto/evaluate.md). Readers with five
keywords and 30 likes outside of the first fold are known by some of both, and the papers of that
fold are ranked for them with a trending weight of 0: nDCG@20, mean over readers and two draws of
likes. In the last rows they have likes of their own and keywords of another reader, alone or
beside keywords of their own: how many of their first twelve papers they keep, and how many the
other one keeps.
"""

from __future__ import annotations

from statistics import fmean

import numpy as np

from digest.evaluation.data import Collection
from digest.evaluation.metrics import figures, order
from digest.evaluation.protocol import Asked
from digest.model import Interest, InterestKind, Profile
from tests.benchmarks.threshold import Floats, Fold, first_fold, tell

KEYWORDS = (0, 1, 3, 5)
LIKES = (0, 1, 3, 10, 30)
SEEDS = (7, 8)
AWAY = 17  # so many places further on stands the other reader
FIRST = 12


def measure(collection: Collection) -> dict[str, dict[str, float]]:
    """Return the figures by what is known, one for each number of likes."""
    fold = first_fold(collection, SEEDS[0])
    asked = [
        one
        for one in fold.task.asked
        if len(one.likes) >= max(LIKES) and len(one.keywords) >= max(KEYWORDS)
    ]
    found: dict[str, dict[str, float]] = {}
    for count in KEYWORDS:
        words = [one.keywords[:count] for one in asked]
        found[f"{count} keywords, nDCG@20"] = {
            f"{likes} likes": fmean(_gained(fold, asked, words, likes, seed) for seed in SEEDS)
            for likes in LIKES
            if count or likes
        }
    for own in (0, 2):
        words = [
            (*one.keywords[:own], *_other(asked, place).keywords[: own or 3])
            for place, one in enumerate(asked)
        ]
        kept = {likes: _kept(fold, asked, words, likes) for likes in LIKES}
        for place, whom in enumerate(("theirs", "the other's")):
            name = f"{own} own keywords and {own or 3} of another, {whom}"
            found[name] = {f"{likes} likes": both[place] for likes, both in kept.items()}
    return found


def _other(asked: list[Asked], place: int) -> Asked:
    return asked[(place + AWAY) % len(asked)]


def _scores(
    fold: Fold, asked: list[Asked], words: list[tuple[str, ...]], likes: int, seed: int
) -> Floats:
    profiles = []
    for one, keywords in zip(asked, words, strict=True):
        drawn = np.random.default_rng([seed, one.reader]).permutation(len(one.likes))[:likes]
        wanted = tuple(Interest(InterestKind.KEYWORD, word) for word in keywords)
        liked = tuple(fold.papers[one.likes[place]] for place in drawn)
        profiles.append(Profile(wanted, liked=liked, trending_weight=0.0))
    return fold.score(profiles)


def _gained(
    fold: Fold, asked: list[Asked], words: list[tuple[str, ...]], likes: int, seed: int
) -> float:
    chance = np.random.default_rng(seed).permutation(len(fold.task.candidates))
    scores = _scores(fold, asked, words, likes, seed)
    return fmean(
        figures(_hits(fold, one)[order(row, chance)])["ndcg@20"]
        for one, row in zip(asked, scores, strict=True)
    )


def _kept(
    fold: Fold, asked: list[Asked], words: list[tuple[str, ...]], likes: int
) -> tuple[float, float]:
    first = np.argsort(-_scores(fold, asked, words, likes, SEEDS[0]), axis=1, kind="stable")
    first = first[:, :FIRST]
    mine = fmean(int(_hits(fold, one)[row].sum()) for one, row in zip(asked, first, strict=True))
    others = [_other(asked, place) for place in range(len(asked))]
    return mine, fmean(
        int(_hits(fold, one)[row].sum()) for one, row in zip(others, first, strict=True)
    )


def _hits(fold: Fold, one: Asked) -> np.ndarray:
    return np.isin(fold.task.candidates, list(one.hits))


def _show(found: dict[str, dict[str, float]]) -> None:
    for name, row in found.items():
        print(f"{name:50}", *(f"{likes}: {value:6.3f} " for likes, value in row.items()))


if __name__ == "__main__":
    tell(__doc__, measure, _show)
