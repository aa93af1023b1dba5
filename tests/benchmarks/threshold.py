"""Measure what a score means: how many papers have it, and how many of them are wanted.

    python -m tests.benchmarks.threshold FOLDER [--json]

`FOLDER` holds reading libraries in folds (docs/howto/evaluate.md). Readers with 100 likes or more
outside of the first fold are known by 1, 3, 10 and 100 of them, by all, or by their first one or
five keywords only, and the papers of the first fold are scored for them with a trending weight of
0. For each threshold: the share of papers at or over it (mean over readers), the share of those
that the reader keeps (of all readers together), and the share of what they keep that is found.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeVar

import numpy as np
import numpy.typing as npt

from digest.evaluation.data import Collection, read
from digest.evaluation.protocol import Asked, Task, conditions
from digest.evaluation.settings import Setting
from digest.model import Candidate, Interest, InterestKind, Paper, Profile
from digest.ports import Ranking
from digest.ranking import ranker

THRESHOLDS = (0.1, 0.2, 0.3, 0.5, 0.7)
LIKES = (1, 3, 10, 100)
KEYWORDS = (1, 5)
BACKGROUND = 5000  # as in digest.rank
DAY = datetime(2000, 1, 1, tzinfo=UTC)

Floats = npt.NDArray[np.float32]
Found = TypeVar("Found")


def measure(collection: Collection, seed: int = 7) -> dict[str, dict[str, list[float]]]:
    """Return the figures of each threshold, by what is known of the readers."""
    fold = first_fold(collection, seed)
    asked = [one for one in fold.task.asked if len(one.likes) >= max(LIKES) and one.keywords]
    found = {}
    for name, profiles in _known(asked, fold.papers, seed):
        found[name] = _figures(fold.score(profiles), fold.task, asked)
    return found


@dataclass(frozen=True)
class Fold:
    """The papers of one fold as candidates, ready to be scored; the others are its past."""

    task: Task
    papers: list[Paper]
    ranking: Ranking
    order: list[int]

    def score(self, profiles: Sequence[Profile]) -> Floats:
        """Return the scores of the candidates in the order of the task."""
        return self.ranking.score(profiles).score[:, self.order]


def first_fold(collection: Collection, seed: int) -> Fold:
    """Fit the default ranker to the papers of the first fold."""
    (full,) = conditions(collection, [Setting.FULL], folds=1, seed=seed)
    (task,) = full.tasks
    papers = [
        Paper(f"evaluation:{place:08d}", one.title, one.abstract)
        for place, one in enumerate(collection.documents)
    ]
    others = np.setdiff1d(np.arange(len(papers)), task.candidates)
    others = others[np.linspace(0, len(others) - 1, min(BACKGROUND, len(others))).astype(int)]
    ranking = ranker("default").fit(
        [Candidate(papers[place], DAY) for place in task.candidates.tolist()],
        [papers[place] for place in others.tolist()],
        DAY,
    )
    columns = {one.paper.key: column for column, one in enumerate(ranking.candidates)}
    return Fold(
        task, papers, ranking, [columns[papers[place].key] for place in task.candidates.tolist()]
    )


def _known(
    asked: list[Asked], papers: list[Paper], seed: int
) -> Iterator[tuple[str, list[Profile]]]:
    """Yield what is known of each reader, by its name."""
    for count in (*LIKES, None):
        profiles = []
        for one in asked:
            drawn = np.random.default_rng([seed, one.reader]).permutation(len(one.likes))[:count]
            liked = tuple(papers[one.likes[place]] for place in drawn)
            profiles.append(Profile(liked=liked, trending_weight=0.0))
        yield ("all likes" if count is None else f"{count} likes"), profiles
    for count in KEYWORDS:
        yield (
            f"{count} keywords",
            [
                Profile(
                    tuple(Interest(InterestKind.KEYWORD, word) for word in one.keywords[:count]),
                    trending_weight=0.0,
                )
                for one in asked
            ],
        )


def _figures(scores: Floats, task: Task, asked: list[Asked]) -> dict[str, list[float]]:
    wanted = np.array([np.isin(task.candidates, list(one.hits)) for one in asked])
    figures = {}
    for least in THRESHOLDS:
        over = scores >= least
        hits = (over & wanted).sum(axis=1)
        figures[f"{least:g}"] = [
            float(over.mean()),
            float(hits.sum() / max(1, over.sum())),
            float((hits / wanted.sum(axis=1)).mean()),
        ]
    return figures


def tell(
    about: str | None, measure: Callable[[Collection], Found], show: Callable[[Found], None]
) -> None:
    """Measure the folder that the command line names, and show it or print one JSON document."""
    parser = argparse.ArgumentParser(description=about)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    found = measure(read(given.folder))
    if given.json:
        print(json.dumps(found))
    else:
        show(found)


def _show(found: dict[str, dict[str, list[float]]]) -> None:
    print(f"{'known':12}", *(f"{f'>= {least:g}':>24}" for least in THRESHOLDS))
    for name, figures in found.items():
        cells = [f"{over:7.1%} {right:7.2f} {hit:7.2f}" for over, right, hit in figures.values()]
        print(f"{name:12}", *(f"{cell:>24}" for cell in cells))


if __name__ == "__main__":
    tell(__doc__, measure, _show)
