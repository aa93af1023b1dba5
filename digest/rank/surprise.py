"""A paper from outside of what somebody reads, so that no digest only says the same again; pure."""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import blake2b
from itertools import compress, islice

import numpy as np
import numpy.typing as npt

from digest.model import Profile
from digest.ports import Scores
from digest.rank.pool import Pool

# A surprise is talked about in its own field, and matches nothing that its reader wants.
TALKED_ABOUT = 0.2
UNWANTED = 0.05

# So many of the hottest are drawn from, so that not everybody is surprised by the same paper.
FEW = 10

# Shorter digests are all for what their readers asked for.
LEAST = 5


def surprised(
    pool: Pool,
    scores: Scores,
    counted: npt.NDArray[np.bool_],
    chosen: Sequence[Sequence[int]],
    *,
    profiles: Sequence[Profile],
    keys: Sequence[str],
    most: Sequence[int],
    number: int,
) -> list[list[int]]:
    """Return the columns of at most `number` surprises for each digest, in place of its last.

    The same delivery, known by its key, is surprised by the same papers. Nobody is who reads no
    field of their own, wants nothing but it, or would get fewer papers than five.
    """
    hot = np.flatnonzero(pool.ranking.trending >= TALKED_ABOUT)
    hot = hot[np.argsort(-pool.ranking.trending[hot], kind="stable")]
    strange = counted[:, hot] & (scores.relevance[:, hot] < UNWANTED) & (scores.score[:, hot] > 0)
    found: list[list[int]] = []
    for row, (profile, columns) in enumerate(zip(profiles, chosen, strict=True)):
        found.append([])
        if not profile.has_interests or not 0 < profile.trending_weight < 1:
            continue
        if min(most[row], len(columns)) < LEAST:
            continue
        likely = hot[strange[row]].tolist()
        found[row] = _drawn(pool, likely, columns, keys[row], number)
    return found


def _drawn(
    pool: Pool, likely: Sequence[int], chosen: Sequence[int], key: str, number: int
) -> list[int]:
    """Draw from the first few that come from a field of which the digest holds nothing."""
    fields = {pool.fields[column] for column in chosen} | {""}
    fresh = [column for column in likely if pool.fields[column] not in fields]
    alike = pool.likeness.of(np.array(chosen)[:, None], np.array(fresh, np.int64))
    few = sorted(
        islice(compress(fresh, alike.min(axis=0) >= 0), FEW),
        key=lambda column: blake2b(
            f"{key} {pool.candidates[column].paper.key}".encode(), digest_size=8
        ).digest(),
    )
    return few[:number]
