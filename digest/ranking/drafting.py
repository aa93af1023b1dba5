"""Two rankers share one list."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
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
