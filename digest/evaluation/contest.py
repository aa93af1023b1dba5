"""Rankers x conditions -> figures: every ranker is told and asked the same."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from time import process_time

import numpy as np
import numpy.typing as npt

from digest.evaluation.corpus import Corpus
from digest.evaluation.metrics import FIGURES, Bootstrap, Estimate, figures, order
from digest.evaluation.protocol import Asked, Condition, Task
from digest.evaluation.rankers import OURS, Contestant
from digest.evaluation.settings import Setting
from digest.ranking.threads import one_thread

FIGURE = "ndcg@20"  # by which rankers are held against ours

_CELLS = 20_000_000  # scores that are held at a time, 80 MB, where readers are strangers

Step = Callable[[int], None]


@dataclass(frozen=True, slots=True)
class Result:
    """How one ranker did in one condition.

    `ahead` is how far ours is ahead of it in `ndcg@20`, on the same readers; `None` where ours was
    not asked, and for ours. `seconds` are of processor time, on one core; who is asked first pays
    for features that several rankers share.
    """

    condition: str
    setting: Setting
    likes: int | None
    ranker: str
    readers: int
    rankings: int
    figures: Mapping[str, Estimate]
    ahead: Estimate | None
    seconds: float


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A ranker that could not be asked, and why."""

    condition: str
    ranker: str
    reason: str


def work(conditions: Iterable[Condition], contestants: Sequence[Contestant]) -> int:
    """Return how many readers all rankers score together: the length of a progress bar."""
    asked = sum(len(task.asked) for one in conditions for task in one.tasks)
    return asked * len(contestants)


def compete(
    corpus: Corpus,
    conditions: Iterable[Condition],
    contestants: Iterable[Contestant],
    *,
    step: Step = lambda number: None,
) -> Iterator[Result | LeftOut]:
    """Yield what each ranker reached in each condition; ours is asked first.

    `step` is called with the number of readers that are done.
    """
    # What ours reached is what the others are held against.
    contestants = sorted(contestants, key=lambda one: one.name != OURS)
    for condition in conditions:
        bootstrap: Bootstrap | None = None
        ours: npt.NDArray[np.float64] | None = None
        for contestant in contestants:
            reason = _obstacle(contestant, condition, corpus)
            if reason:
                step(work([condition], [contestant]))
                yield LeftOut(condition.name, contestant.name, reason)
                continue
            began = process_time()
            with one_thread():
                rows = [
                    row
                    for task in condition.tasks
                    for row in _ask(corpus, task, contestant, condition, step)
                ]
            seconds = process_time() - began
            readers = [reader for reader, _ in rows]
            bootstrap = bootstrap or Bootstrap(readers, seed=corpus.seed)
            values = {name: np.array([row[name] for _, row in rows]) for name in FIGURES}
            ahead = None if ours is None else bootstrap.mean(ours - values[FIGURE])
            if contestant.name == OURS:
                ours = values[FIGURE]
            yield Result(
                condition=condition.name,
                setting=condition.setting,
                likes=condition.likes,
                ranker=contestant.name,
                readers=len(set(readers)),
                rankings=len(rows),
                figures={name: bootstrap.mean(values[name]) for name in FIGURES},
                ahead=ahead,
                seconds=seconds,
            )


def _obstacle(contestant: Contestant, condition: Condition, corpus: Corpus) -> str:
    if contestant.scorer(condition.setting) is None:
        told = "keywords" if condition.setting is Setting.KEYWORDS else "likes"
        return f"it does not rank by {told} alone"
    if contestant.needs_vectors and corpus.vectors is None:
        return "the folder has no .npy file of sentence vectors"
    return ""


def _ask(
    corpus: Corpus, task: Task, contestant: Contestant, condition: Condition, step: Step
) -> Iterator[tuple[int, dict[str, float]]]:
    """Yield the reader and the figures of every ranking of a task."""
    score = contestant.scorer(condition.setting)
    assert score is not None
    # One order of ties for all rankers.
    chance = np.random.default_rng(corpus.seed).permutation(len(task.candidates))
    most = max(1, _CELLS // max(1, len(task.candidates)))
    size = min(most, contestant.steps or most)
    others: Sequence[Asked] = ()
    if contestant.social:
        size, others = max(1, len(task.asked)), task.others
    for start in range(0, len(task.asked), size):
        some = task.asked[start : start + size]
        told = score(corpus, [*some, *others], task.candidates)
        for one, scores in zip(some, told[: len(some)], strict=True):
            hit = np.isin(task.candidates, list(one.hits))
            for group in np.unique(task.groups[hit]):
                here = np.flatnonzero(task.groups == group)
                yield one.reader, figures(hit[here][order(scores[here], chance[here])])
        step(len(some))
