"""Two rankers share one list, and opinions on it say whose papers are wanted; pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from digest.evaluation.metrics import Bootstrap, Estimate
from digest.evaluation.replay import Showing

Team = int  # 0 or 1: the first or the second ranker


@dataclass(frozen=True, slots=True)
class Credit:
    """What the papers of each of two rankers have earned in lists that they shared.

    A paper that the reader wants more of earns one, one that they want less of costs one. `wins`
    are the digests in which each earned more than the other. `lead` is the share of those that the
    first won, ties counting half, less a half: above zero the first is ahead. `None` without
    digests.
    """

    rankers: tuple[str, str]
    papers: tuple[int, int]
    more: tuple[int, int]
    less: tuple[int, int]
    wins: tuple[int, int]
    ties: int
    lead: Estimate | None


def team_draft(
    lists: tuple[Sequence[str], Sequence[str]], most: int, chance: np.random.Generator
) -> list[tuple[str, Team]]:
    """Draw up one list of at most so many keys from two, each key with the team that chose it.

    In each round a coin says which team goes first, and each adds the best of its own list that
    is not there yet (Radlinski, Kurup and Joachims 2008).
    """
    drafted: dict[str, Team] = {}
    while len(drafted) < most:
        before = len(drafted)
        for team in chance.permutation(2).tolist():
            best = next((key for key in lists[team] if key not in drafted), None)
            if best is not None and len(drafted) < most:
                drafted[best] = team
        if len(drafted) == before:
            break
    return list(drafted.items())


def credit(rankers: tuple[str, str], showings: Sequence[Showing], *, seed: int) -> Credit:
    """Interleave what two rankers would have shown on each occasion, and count who earned what."""
    first, second = (
        {(one.at, one.occasion.reader): one for one in showings if one.ranker == name}
        for name in rankers
    )
    papers, more, less = np.zeros(2, int), np.zeros(2, int), np.zeros(2, int)
    leads = []
    for (at, reader), one in first.items():
        occasion = one.occasion
        coin = np.random.default_rng([seed, reader, int(at.timestamp())])
        drafted = team_draft((one.keys, second[at, reader].keys), len(occasion.sent), coin)
        teams = [[key for key, owner in drafted if owner == team] for team in (0, 1)]
        wanted = np.array([len(occasion.more.intersection(keys)) for keys in teams])
        unwanted = np.array([len(occasion.less.intersection(keys)) for keys in teams])
        papers += [len(keys) for keys in teams]
        more += wanted
        less += unwanted
        leads.append(int(np.sign(np.subtract(*(wanted - unwanted)))))
    readers = [reader for _, reader in first]
    return Credit(
        rankers=rankers,
        papers=_pair(papers),
        more=_pair(more),
        less=_pair(less),
        wins=(leads.count(1), leads.count(-1)),
        ties=leads.count(0),
        lead=Bootstrap(readers, seed=seed).mean(np.array(leads) / 2) if leads else None,
    )


def _pair(counts: npt.NDArray[np.int_]) -> tuple[int, int]:
    first, second = counts.tolist()
    return first, second
