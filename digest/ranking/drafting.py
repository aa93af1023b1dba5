"""Two rankers share one list."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from itertools import takewhile
from typing import TypeVar

import numpy as np

T = TypeVar("T", bound=Hashable)


def team_draft(
    lists: tuple[Sequence[T], Sequence[T]],
    most: int,
    coin: np.random.Generator,
    *,
    fits: Callable[[T, Mapping[T, int]], bool] = lambda one, drafted: True,
) -> dict[T, int]:
    """Draw up one list of at most `most` papers from two: each paper with its team, 0 or 1.

    In each round a coin says which team goes first, and each adds the best paper of its own list
    that is not there yet and `fits` those that are (Radlinski, Kurup and Joachims 2008). Whose
    papers are wanted more is then told by what readers say of them.
    """
    drafted: dict[T, int] = {}
    left = [iter(some) for some in lists]
    while len(drafted) < most:
        before = len(drafted)
        for team in coin.permutation(2).tolist():
            for one in left[team]:
                if one not in drafted and fits(one, drafted):
                    drafted[one] = team
                    break
            if len(drafted) == most:
                break
        if len(drafted) == before:
            break
    return drafted


def fairly_drafted(drafted: Mapping[T, int]) -> list[T]:
    """Return what stands in rounds in which both teams added a paper; `drafted` is in their order.

    When one list is at its end the other one goes on alone, and a list that is full may end in the
    middle of a round: that says how many papers a team has, and not how good they are.
    """
    papers = list(drafted)
    rounds = zip(papers[::2], papers[1::2], strict=False)
    both = takewhile(lambda pair: drafted[pair[0]] != drafted[pair[1]], rounds)
    return [one for pair in both for one in pair]
