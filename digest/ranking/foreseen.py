"""Expected attention stands in for votes until they come; pure."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

import numpy as np
import numpy.typing as npt

from digest.model import Candidate

Floats = npt.NDArray[np.float32]

# What is expected never makes a paper hot: the surest one has half of the attention that would
# make a trending score of one half, which is a score of a third.
MOST = 0.5
HALF_LIFE = timedelta(days=1)  # nobody waits for votes that do not come

_NAMED = 0.1  # from here on what is expected is said


def lifted(trending: Floats, candidates: Sequence[Candidate], now: datetime) -> Floats:
    """Return trending scores with what is expected of each candidate.

    A score of t is attention of `t / (1 - t)`. Of what is expected counts the share that it has of
    both, so that it fades as votes come in, and a vote more never makes a paper less:

        attention + expected * expected / (expected + attention)
    """
    seen = trending.astype(np.float64) / np.maximum(1e-9, 1 - trending.astype(np.float64))
    expected = np.array([_expected(one, now) for one in candidates], np.float64)
    both = seen + expected**2 / np.maximum(1e-9, expected + seen)
    found: Floats = (both / (1 + both)).astype(np.float32)
    return found


def said(candidate: Candidate, now: datetime) -> str:
    """Say why a paper is expected to be looked at; empty where that makes no difference."""
    expected = _expected(candidate, now)
    if candidate.expected is None or expected / (1 + expected) < _NAMED:
        return ""
    return candidate.expected.why


def _expected(candidate: Candidate, now: datetime) -> float:
    """Return the attention that is expected of a candidate: none of a usual one, or an old one."""
    if candidate.expected is None:
        return 0.0
    above = max(0.0, 2 * candidate.expected.share - 1)
    age = max(timedelta(0), now - candidate.listed_at)
    return float(MOST * above * 0.5 ** (age / HALF_LIFE))
