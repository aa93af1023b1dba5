"""What a profile asks for, and what it never wants to see."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from digest.model import Interest, InterestKind, Paper, Profile


@dataclass(frozen=True, slots=True)
class Wishes:
    """A profile in the order in which a ranker reads it; all weights are above zero.

    `muted` are interests whose papers are left out; a text has none of its own, and cannot be. With
    nothing to match (`has_interests`) trending is all that counts.
    """

    categories: Sequence[Interest]
    keywords: Sequence[Interest]
    authors: Sequence[Interest]
    texts: Sequence[Interest]
    liked: Sequence[Paper]
    disliked: Sequence[Paper]
    muted: Sequence[Interest]
    has_interests: bool
    trending_weight: float

    @classmethod
    def of(cls, profile: Profile) -> Wishes:
        """Sort the interests of a profile by kind; those without weight or value mean nothing."""
        wanted: defaultdict[InterestKind, list[Interest]] = defaultdict(list)
        muted: list[Interest] = []
        for one in profile.interests:
            if not one.weight or not one.value.strip():
                continue
            if one.weight > 0:
                wanted[one.kind].append(one)
            elif one.kind is not InterestKind.TEXT:
                muted.append(one)
        disliked = {paper.key for paper in profile.disliked}
        return cls(
            categories=wanted[InterestKind.CATEGORY],
            keywords=wanted[InterestKind.KEYWORD],
            authors=wanted[InterestKind.AUTHOR],
            texts=wanted[InterestKind.TEXT],
            liked=[paper for paper in _unique(profile.liked) if paper.key not in disliked],
            disliked=_unique(profile.disliked),
            muted=muted,
            has_interests=profile.has_interests,
            trending_weight=(
                min(1.0, max(0.0, profile.trending_weight)) if profile.has_interests else 1.0
            ),
        )


def _unique(papers: Sequence[Paper]) -> list[Paper]:
    return list({paper.key: paper for paper in papers}.values())
