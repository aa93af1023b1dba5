"""What a profile asks for, and what it never wants to see."""

from __future__ import annotations

from dataclasses import dataclass

from digest.model import Interest, InterestKind, Paper, Profile


@dataclass(frozen=True, slots=True)
class Wishes:
    """A profile in the order in which a ranker reads it; all weights are above zero.

    `unlike` are texts that push papers down, `muted` are interests whose papers are left out.
    """

    categories: tuple[Interest, ...]
    keywords: tuple[Interest, ...]
    authors: tuple[Interest, ...]
    texts: tuple[Interest, ...]
    liked: tuple[Paper, ...]
    disliked: tuple[Paper, ...]
    unlike: tuple[Interest, ...]
    muted: tuple[Interest, ...]
    trending_weight: float

    @classmethod
    def of(cls, profile: Profile) -> Wishes:
        """Sort the interests of a profile by kind; those without weight or value mean nothing."""
        told = [one for one in profile.interests if one.value.strip() and one.weight]
        negative = [one for one in told if one.weight < 0]

        def wanted(kind: InterestKind) -> tuple[Interest, ...]:
            return tuple(one for one in told if one.kind is kind and one.weight > 0)

        disliked = {paper.key for paper in profile.disliked}
        return cls(
            categories=wanted(InterestKind.CATEGORY),
            keywords=wanted(InterestKind.KEYWORD),
            authors=wanted(InterestKind.AUTHOR),
            texts=wanted(InterestKind.TEXT),
            liked=tuple(paper for paper in _unique(profile.liked) if paper.key not in disliked),
            disliked=_unique(profile.disliked),
            unlike=tuple(one for one in negative if one.kind is InterestKind.TEXT),
            muted=tuple(one for one in negative if one.kind is not InterestKind.TEXT),
            trending_weight=min(1.0, max(0.0, profile.trending_weight)),
        )

    @property
    def any(self) -> bool:
        """Return whether there is anything that a paper could match."""
        return bool(self.categories or self.keywords or self.authors or self.texts or self.liked)


def _unique(papers: tuple[Paper, ...]) -> tuple[Paper, ...]:
    return tuple({paper.key: paper for paper in papers}.values())
