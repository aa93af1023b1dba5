"""The sample papers and the sample subscribers of the demo."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from importlib.resources import files

from digest.subscriptions import Preferences, parse_interests


@dataclass(frozen=True, slots=True)
class Sample:
    """One sample paper; `upvotes` are today's, `before` yesterday's."""

    id: str
    categories: tuple[str, ...]
    title: str
    authors: tuple[str, ...]
    abstract: str
    upvotes: int
    before: int
    comments: int
    stars: int


def papers() -> list[Sample]:
    """Return the sample papers, in the order of the feed."""
    text = files("digest.demo").joinpath("papers.txt").read_text("utf-8")
    return list(_parse(text))


def _parse(text: str) -> Iterator[Sample]:
    for block in text.split("\n\n"):
        lines = [line for line in block.splitlines() if not line.startswith("#")]
        if not lines:
            continue
        head, title, authors, abstract = lines
        number, categories, figures = (part.strip() for part in head.split("|"))
        upvotes, before, comments, stars = map(int, figures.split())
        yield Sample(
            id=number,
            categories=tuple(categories.split()),
            title=title,
            authors=tuple(authors.split(", ")),
            abstract=abstract,
            upvotes=upvotes,
            before=before,
            comments=comments,
            stars=stars,
        )


SUBSCRIBERS: dict[str, Preferences] = {
    "robotics@example.org": Preferences(
        interests=parse_interests(
            categories=["cs.RO"], keywords=["manipulation", "imitation"], mutes=["quantization"]
        ),
    ),
    "language@example.org": Preferences(
        trending_weight=0.4,
        interests=parse_interests(
            categories=["cs.CL"],
            keywords=["reasoning", "retrieval"],
            authors=["Jason Wei"],
            mutes=["cs.CV", "quantization"],
        ),
    ),
    "molecules@example.org": Preferences(
        max_papers=8,
        trending_weight=0.1,
        interests=parse_interests(
            keywords=["protein", "molecular", "equivariant"],
            text="equivariant graph neural networks for molecules, docking and force fields",
            likes=["1704.01212"],
        ),
    ),
}
"""Three readers: of a field, of a topic with mutes, and of a text with a seed paper."""
