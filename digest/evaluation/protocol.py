"""A collection -> what each ranker is told, what it must rank, and what it should find; pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from digest.errors import InvalidInput
from digest.evaluation.data import Collection, Protocol, Reader
from digest.evaluation.settings import Setting

FEW = (1, 3, 5, 10)  # liked papers
KEYWORDS = 5

Indices = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Asked:
    """A reader as a ranker knows them, and the candidates (their places) that are hits.

    `reader` is the place of the reader, `likes` are places of papers, oldest first.
    """

    reader: int
    likes: tuple[int, ...]
    keywords: tuple[str, ...]
    hits: frozenset[int]


@dataclass(frozen=True, slots=True, eq=False)
class Task:
    """Candidates (places of papers) that are ranked for several readers, each group by itself.

    `others` are known as well as those who are `asked`, and not asked about.
    """

    candidates: Indices
    groups: Indices
    asked: Sequence[Asked]
    others: Sequence[Asked] = ()


@dataclass(frozen=True, slots=True, eq=False)
class Condition:
    """One setting with its tasks; `likes` is how many are known where they are few."""

    setting: Setting
    likes: int | None
    tasks: Sequence[Task]

    @property
    def name(self) -> str:
        """Return the name: `full`, `3 likes`, `keywords`."""
        if self.likes is None:
            return self.setting.value
        return "1 like" if self.likes == 1 else f"{self.likes} likes"


def sample(readers: int, users: int | None, seed: int) -> frozenset[int]:
    """Return the places of so many readers, drawn by chance; of all of them without a number."""
    return frozenset(np.random.default_rng(seed).permutation(readers)[:users].tolist())


def conditions(
    collection: Collection,
    settings: Sequence[Setting],
    *,
    folds: int | None,
    seed: int,
    users: int | None = None,
) -> list[Condition]:
    """Return what is to be asked in each setting, the first `folds` folds of it.

    Folds: likes in the papers of the other folds are known, and the papers of the fold are
    ranked (item cold start, Wang and Blei 2011). Batches: earlier likes are known, and each batch
    in which the reader has a hit is ranked. Few likes are drawn with `seed`, the smaller numbers
    out of the larger ones; who has fewer is not asked. Of all readers `users` are asked about,
    drawn by chance: what the others like is known all the same. Raises `InvalidInput` where a
    setting asks for what the data does not have.
    """
    drawn = sample(len(collection.readers), users, seed)
    full = [_asking(task, drawn) for task in _full(collection, folds)]
    if not any(task.asked for task in full):
        raise InvalidInput(
            f"nobody in {collection.name} has a like among the papers to rank: check the folds, "
            'or the list "test" of each library'
        )
    found: list[Condition] = []
    for setting in dict.fromkeys(settings):
        if setting is Setting.FULL:
            found.append(Condition(setting, None, full))
        elif setting is Setting.FEW:
            asked = [Condition(setting, count, _few(full, count, seed)) for count in FEW]
            found += [one for one in asked if any(task.asked for task in one.tasks)]
        else:
            keywords = _keywords(full)
            if not any(task.asked for task in keywords):
                raise InvalidInput(
                    f'{collection.name} has no "keywords" in its libraries: leave out '
                    "--setting keywords"
                )
            found.append(Condition(setting, None, keywords))
    return found


def _full(collection: Collection, folds: int | None) -> list[Task]:
    groups = np.array([document.group for document in collection.documents])
    names = sorted(set(groups.tolist()) - {""}, key=lambda name: (len(name), name))
    if collection.protocol is Protocol.BATCHES:
        candidates = np.flatnonzero(groups != "")
        numbers = np.searchsorted(np.array(sorted(names)), groups[candidates])
        inside = frozenset(candidates.tolist())
        asked = [
            Asked(place, reader.likes, reader.keywords[:KEYWORDS], inside & set(reader.later))
            for place, reader in enumerate(collection.readers)
        ]
        return [_task(candidates, numbers, asked)]
    return [_fold(collection.readers, np.flatnonzero(groups == name)) for name in names[:folds]]


def _fold(readers: Sequence[Reader], candidates: Indices) -> Task:
    inside = frozenset(candidates.tolist())
    asked = []
    for place, reader in enumerate(readers):
        known = tuple(one for one in reader.likes if one not in inside)
        hits = inside & set(reader.likes)
        asked.append(Asked(place, known, reader.keywords[:KEYWORDS], hits))
    return _task(candidates, np.zeros(len(candidates), np.int64), asked)


def _task(candidates: Indices, groups: Indices, readers: Sequence[Asked]) -> Task:
    """Ask about those who have something to find."""
    known = [one for one in readers if one.likes]
    return Task(
        candidates,
        groups,
        asked=[one for one in known if one.hits],
        others=[one for one in known if not one.hits],
    )


def _asking(task: Task, drawn: frozenset[int]) -> Task:
    """Ask about those who are drawn only."""
    return replace(
        task,
        asked=[one for one in task.asked if one.reader in drawn],
        others=[*task.others, *(one for one in task.asked if one.reader not in drawn)],
    )


def _few(tasks: Sequence[Task], count: int, seed: int) -> list[Task]:
    def drawn(readers: Sequence[Asked], number: int) -> list[Asked]:
        found = []
        for one in readers:
            if len(one.likes) >= count:
                order = np.random.default_rng([seed, number, one.reader]).permutation(
                    len(one.likes)
                )
                kept = tuple(one.likes[place] for place in np.sort(order[:count]))
                found.append(replace(one, likes=kept))
        return found

    return [
        replace(task, asked=drawn(task.asked, number), others=drawn(task.others, number))
        for number, task in enumerate(tasks)
    ]


def _keywords(tasks: Sequence[Task]) -> list[Task]:
    return [
        replace(
            task, asked=[replace(one, likes=()) for one in task.asked if one.keywords], others=()
        )
        for task in tasks
    ]
