"""The sections of a digest, and what its subject can tell of them; pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt

from digest.model import Candidate, InterestKind, Profile, Section
from digest.ranking import Authors, Categories, Keywords

Flags = npt.NDArray[np.bool_]

_TOPICS = 2  # that a subject has room for
_TOPIC = 40  # characters of one
_KEPT = 4096  # interests whose papers are remembered

_FOR_SOMEBODY = (Section.AUTHORS, Section.FOR_YOU, Section.TRENDING)

# Who asks for nothing came for what is trending, and nothing is theirs more than anybody's.
_FOR_NOBODY_IN_PARTICULAR = (Section.TRENDING, Section.NEW)

# What a section's papers are in, when at least so many of them are.
_MOSTLY = 0.5


@dataclass(frozen=True, slots=True)
class Arranged:
    """The columns of one digest in their order, and how many of them stand in each section.

    `about` is what the subject can tell: a followed `author` who has something new, up to two
    `topics` (the name of a keyword or category, how many papers, which of both), and the category
    that most of what is `trending` is in. What there is nothing to tell of is left out.
    """

    columns: list[int]
    sections: list[tuple[Section, int]]
    about: dict[str, Any]


class Arranger:
    """Knows by the letter which candidates (columns) name what; one object serves all readers."""

    def __init__(self, candidates: Sequence[Candidate]) -> None:
        papers = [one.paper for one in candidates]
        self._categories = [paper.primary_category for paper in papers]
        keywords, categories, authors = Keywords(papers), Categories(papers), Authors(papers)
        self._authors = lru_cache(_KEPT)(authors.find)
        self._found = {
            InterestKind.KEYWORD: lru_cache(_KEPT)(
                lambda value: frozenset(keywords.find(value).itself)
            ),
            InterestKind.CATEGORY: lru_cache(_KEPT)(
                lambda value: frozenset(categories.find(value))
            ),
        }

    def arrange(
        self,
        chosen: Sequence[Sequence[int]],
        profiles: Sequence[Profile],
        by_attention: Flags,
    ) -> Iterator[Arranged]:
        """Yield the papers of each reader: followed authors first, then what is for them alone.

        What is left is trending: papers that each reader (row) gets for their attention. Of whom
        nothing is known, that comes first, and then what is new. Within a section the order stays.
        """
        for mine, profile, hot in zip(chosen, profiles, by_attention, strict=True):
            followed = self._followed(profile)
            order = _FOR_SOMEBODY if profile.has_interests else _FOR_NOBODY_IN_PARTICULAR
            other = Section.FOR_YOU if profile.has_interests else Section.NEW
            parts: dict[Section, list[int]] = {section: [] for section in order}
            for column in mine:
                if column in followed:
                    parts[Section.AUTHORS].append(column)
                else:
                    parts[Section.TRENDING if hot[column] else other].append(column)
            yield Arranged(
                [column for section in parts.values() for column in section],
                [(section, len(part)) for section, part in parts.items() if part],
                self._about(profile, parts, followed),
            )

    def _followed(self, profile: Profile) -> dict[int, str]:
        """Return the papers of authors who are followed, with the name as it stands there."""
        return {
            column: name
            for one in profile.interests
            if one.kind is InterestKind.AUTHOR and one.weight > 0
            for column, (_, name) in self._authors(one.value).items()
        }

    def _about(
        self, profile: Profile, parts: dict[Section, list[int]], followed: dict[int, str]
    ) -> dict[str, Any]:
        told: dict[str, Any] = {}
        if parts.get(Section.AUTHORS):
            told["author"] = followed[parts[Section.AUTHORS][0]]
        for kind in self._found:
            if topics := list(self._topics(kind, profile, parts.get(Section.FOR_YOU, ()))):
                told["topics"] = topics
                break
        in_most = Counter(self._categories[column] for column in parts[Section.TRENDING])
        if in_most:
            category, count = in_most.most_common(1)[0]
            if category and count >= _MOSTLY * in_most.total():
                told["trending"] = category
        return told

    def _topics(
        self, kind: InterestKind, profile: Profile, columns: Collection[int]
    ) -> Iterator[dict[str, Any]]:
        """Yield the interests that most of the papers match, each paper counted once."""
        left = set(columns)
        named = {
            one.value: self._found[kind](one.value)
            for one in profile.interests
            if one.kind is kind and one.weight > 0 and len(one.value) <= _TOPIC
        }
        for _ in range(_TOPICS):
            name = max(named, key=lambda value: len(named[value] & left), default="")
            papers = named[name] & left if name else frozenset()
            if not papers:
                return
            yield {"name": name, "papers": len(papers), "kind": str(kind)}
            left -= papers
