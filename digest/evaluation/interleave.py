"""Two rankers share one list, and opinions on it say whose papers are wanted; pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from digest.evaluation.metrics import Bootstrap, Estimate
from digest.evaluation.replay import Showing
from digest.ranking.drafting import fairly_drafted, team_draft


@dataclass(frozen=True, slots=True)
class Shared:
    """A digest that two rankers share: the team, 0 or 1, of each paper by its key, as drafted.

    Of `more` and `less` its reader said so.
    """

    reader: int
    teams: Mapping[str, int]
    more: frozenset[str]
    less: frozenset[str]


@dataclass(frozen=True, slots=True)
class Credit:
    """What the papers of each of two rankers have earned in lists that they shared.

    Papers of rounds in which both had a turn count: with those that one adds alone, the longer list
    would win. One that the reader wants more of earns one, one that they want less of costs one.
    `wins` are the digests in which each earned more than the other. `lead` is the share of those
    that the first won, ties counting half, less a half: above zero the first is ahead. `None`
    without digests.
    """

    rankers: tuple[str, str]
    papers: tuple[int, int]
    more: tuple[int, int]
    less: tuple[int, int]
    wins: tuple[int, int]
    ties: int
    lead: Estimate | None


def shared(rankers: tuple[str, str], showings: Sequence[Showing], *, seed: int) -> Iterator[Shared]:
    """Interleave what two rankers would have shown on each occasion."""
    first, second = (
        {(one.at, one.occasion.reader): one for one in showings if one.ranker == name}
        for name in rankers
    )
    for (at, reader), one in first.items():
        occasion = one.occasion
        coin = np.random.default_rng([seed, reader, int(at.timestamp())])
        teams = team_draft((one.keys, second[at, reader].keys), len(occasion.sent), coin)
        yield Shared(reader, teams, occasion.more, occasion.less)


def credit(rankers: tuple[str, str], digests: Iterable[Shared], *, seed: int) -> Credit:
    """Count what the papers of each ranker have earned."""
    papers, more, less = np.zeros(2, int), np.zeros(2, int), np.zeros(2, int)
    leads, readers = [], []
    for one in digests:
        teams = {key: one.teams[key] for key in fairly_drafted(one.teams)}
        wanted, unwanted = _counts(teams, one.more), _counts(teams, one.less)
        papers += _counts(teams, teams)
        more += wanted
        less += unwanted
        leads.append(int(np.sign(np.subtract(*(wanted - unwanted)))))
        readers.append(one.reader)
    return Credit(
        rankers=rankers,
        papers=_pair(papers),
        more=_pair(more),
        less=_pair(less),
        wins=(leads.count(1), leads.count(-1)),
        ties=leads.count(0),
        lead=Bootstrap(readers, seed=seed).mean(np.array(leads) / 2) if leads else None,
    )


def _counts(teams: Mapping[str, int], keys: Iterable[str]) -> npt.NDArray[np.int_]:
    """Return how many of the keys each team has."""
    found = [teams[key] for key in keys if key in teams]
    return np.array([found.count(0), found.count(1)])


def _pair(counts: npt.NDArray[np.int_]) -> tuple[int, int]:
    first, second = counts.tolist()
    return first, second
