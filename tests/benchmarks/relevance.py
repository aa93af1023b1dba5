"""Measure `score_libraries` on recorded libraries, beside a plain TF-IDF centroid.

    python -m tests.benchmarks.relevance --data ../shared/data/biblib-dev [--folds 1] [--json]

Libraries with folds: train on the papers of the other folds, rank those of this one. With
batches: rank each batch (week) in which the user has a hit. Averages over rankings with a hit.
"""

from __future__ import annotations

import argparse
import gzip
import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from digest.ranking import score_libraries
from digest.ranking.text import Lexicon, split

Model = Callable[[list[str], list[list[int]], list[int]], npt.NDArray[Any]]


@dataclass(frozen=True)
class Task:
    """Papers to rank for all users: in groups, each ranked by itself."""

    libraries: list[list[int]]
    hits: list[set[int]]
    candidates: list[int]
    groups: npt.NDArray[Any]


@dataclass(frozen=True)
class Data:
    """The texts of a folder and what is to be ranked."""

    texts: list[str]
    tasks: list[Task]


def load(folder: Path, *, folds: int = 5, users: int | None = None) -> Data:
    """Read a folder of libraries; README.md of the data tells the format."""
    papers = _lines(folder / "papers.jsonl.gz")
    people = _lines(folder / "libraries.jsonl.gz")[:users]
    place = {paper["id"]: number for number, paper in enumerate(papers)}
    texts = [". ".join(filter(None, (one["title"], one["abstract"]))) for one in papers]
    libraries = [[place[key] for key in one["papers"]] for one in people]
    if "fold" not in papers[0]:
        candidates = [number for number, one in enumerate(papers) if one["batch"]]
        groups = np.array([papers[number]["batch"] for number in candidates])
        hits = [{place[key] for key in one["test"]} for one in people]
        return Data(texts, [Task(libraries, hits, candidates, groups)])
    fold = [one["fold"] for one in papers]
    tasks = []
    for each in range(folds):
        candidates = [number for number in range(len(papers)) if fold[number] == each]
        train = [[number for number in one if fold[number] != each] for one in libraries]
        hits = [set(one) for one in libraries]
        tasks.append(Task(train, hits, candidates, np.zeros(len(candidates))))
    return Data(texts, tasks)


def centroid(
    texts: list[str], libraries: list[list[int]], candidates: list[int]
) -> npt.NDArray[Any]:
    """Score by the cosine with the mean TF-IDF vector of the library."""
    _, vectors = Lexicon.fit([split(text) for text in texts])
    return np.array([vectors[candidates] @ vectors[library].sum(axis=0) for library in libraries])


def chance(texts: list[str], libraries: list[list[int]], candidates: list[int]) -> npt.NDArray[Any]:
    """Score at random."""
    return np.random.default_rng(1).random((len(libraries), len(candidates)))


def measure(data: Data, model: Model) -> dict[str, float]:
    """Return the mean of each figure over all rankings with a hit, their number, and seconds."""
    began = time.perf_counter()
    rows = []
    for task in data.tasks:
        candidates = np.array(task.candidates)
        for scores, hits in zip(
            model(data.texts, task.libraries, task.candidates), task.hits, strict=True
        ):
            hit = np.isin(candidates, list(hits))
            for group in np.unique(task.groups[hit]):
                here = task.groups == group
                rows.append(_figures(scores[here], hit[here]))
    seconds = time.perf_counter() - began
    means = {name: float(np.mean([row[name] for row in rows])) for name in rows[0]}
    return {**means, "rankings": len(rows), "seconds": seconds}


def _figures(scores: npt.NDArray[Any], hit: npt.NDArray[Any]) -> dict[str, float]:
    order = hit[np.argsort(-scores, kind="stable")]
    worth = 1 / np.log2(np.arange(2, len(order) + 2))
    found = {}
    for depth in (10, 20):
        best = worth[: min(depth, int(hit.sum()))].sum()
        found[f"ndcg@{depth}"] = (order[:depth] * worth[:depth]).sum() / best
    found["precision@10"] = order[:10].mean()
    for depth in (20, 100):
        found[f"recall@{depth}"] = order[:depth].sum() / hit.sum()
    return found


def _lines(path: Path) -> list[dict[str, Any]]:
    with gzip.open(path, "rt", encoding="utf-8") as file:
        return [json.loads(line) for line in file]


def main() -> None:
    """Print a table, or one JSON document."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--folds", type=int, default=5)
    parser.add_argument("--users", type=int)
    parser.add_argument("--json", action="store_true")
    asked = parser.parse_args()
    data = load(asked.data, folds=asked.folds, users=asked.users)
    models = {"chance": chance, "centroid": centroid, "score_libraries": score_libraries}
    found = {name: measure(data, model) for name, model in models.items()}
    if asked.json:
        print(json.dumps({"data": asked.data.name, **found}))
        return
    names = list(found["centroid"])
    print(f"{asked.data.name:16}", *(f"{name:>12}" for name in names))
    for name, figures in found.items():
        print(f"{name:16}", *(f"{figures[each]:12.3f}" for each in names))


if __name__ == "__main__":
    main()
