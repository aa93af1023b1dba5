"""What keywords and texts still count beside likes, which say the same better; pure."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import fmean

_HALF = 0.5  # so many likes that are about a text leave half of its weight
_OWN = 0.6  # what a text keeps that no like is about, whatever is liked beside it


def left_beside(about: Sequence[float]) -> list[float]:
    """Return what likes leave of the weight of each text and keyword (0..1).

    `about` says how many likes are about each. With one's own number `m` that is
    `max(0.5 / (0.5 + mean m), 0.6 * 0.5 / (0.5 + m))`: all lose together, since words that are not
    in the likes yet are no better than those that are, but a subject that is liked by nobody stays
    asked for. Found by trial: docs/explanation/ranking.md has the figures.
    """
    if not about:
        return []
    together = _left(fmean(about))
    return [max(together, _OWN * _left(one)) for one in about]


def _left(likes: float) -> float:
    return _HALF / (_HALF + likes)
