"""A paper from outside of what somebody reads, so that no digest only says the same again; pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from hashlib import blake2b
from itertools import compress, islice

import numpy as np
import numpy.typing as npt

from digest.model import Profile
from digest.ports import Scores
from digest.rank.pool import Pool
from digest.ranking import blend_of

# A surprise is talked about in its own field, matches nothing that its reader wants, and is not
# like anything that they want less of.
TALKED_ABOUT = 0.2
UNASKED = 0.05
SPARED = 0.9

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

    The same delivery, known by its key, is surprised by the same papers. Nobody is who has no
    interests, gives no weight to either of both parts, or would get fewer papers than five.
    """
    hot = np.flatnonzero(pool.seen >= TALKED_ABOUT)
    hot = hot[np.argsort(-pool.seen[hot], kind="stable")]
    strange = (
        counted[:, hot]
        & (scores.relevance[:, hot] < UNASKED)
        & (scores.score[:, hot] > 0)
        & (blend_of(scores).discount[:, hot] >= SPARED)
    )
    found: list[list[int]] = []
    for row, (profile, columns) in enumerate(zip(profiles, chosen, strict=True)):
        found.append([])
        if not profile.has_interests or not 0 < profile.trending_weight < 1:
            continue
        if min(most[row], len(columns)) < LEAST:
            continue
        likely = hot[strange[row]].tolist()
        known = {pool.fields[column] for column in columns} | _disliked(profile) | {""}
        found[row] = _drawn(pool, likely, columns, known, keys[row], number)
    return found


def _disliked(profile: Profile) -> set[str]:
    """Return the fields of which somebody has disliked more papers than they liked."""
    papers = Counter(paper.primary_category for paper in profile.disliked)
    papers.subtract(paper.primary_category for paper in profile.liked)
    return {field for field, more in papers.items() if more > 0}


def _drawn(
    pool: Pool,
    likely: Sequence[int],
    chosen: Sequence[int],
    known: Collection[str],
    key: str,
    number: int,
) -> list[int]:
    """Draw from the first few that are of no `known` field."""
    fresh = [column for column in likely if pool.fields[column] not in known]
    alike = pool.likeness.of(np.array(chosen)[:, None], np.array(fresh, np.int64))
    few = sorted(
        islice(compress(fresh, alike.min(axis=0) >= 0), FEW),
        key=lambda column: blake2b(
            f"{key} {pool.candidates[column].paper.key}".encode(), digest_size=8
        ).digest(),
    )
    drawn: list[int] = []
    for column in few:
        if len(drawn) == number:
            break
        if (pool.likeness.of(np.array(drawn, np.int64), column) >= 0).all():
            drawn.append(column)
    return drawn
