"""Which papers are by somebody: names, however they are written."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from digest.model import Paper
from digest.ranking.text import SIGNS, spaced, words

_SUFFIXES = frozenset({"jr", "sr", "ii", "iii", "iv"})
_HYPHENATED = re.compile(r"\S+[-\N{HYPHEN}\N{NON-BREAKING HYPHEN}]\S+")


@dataclass(frozen=True, slots=True)
class Name:
    """A person's name in comparable parts.

    `given` are the given names, a hyphenated one being one name; `parts` are all their parts.
    """

    surname: str
    given: tuple[str, ...]
    parts: tuple[str, ...]

    @classmethod
    def parse(cls, text: str) -> Name:
        """Read "John A. Smith", "Smith, John A." or "J. Smith"; accents and case do not count.

        A name in Chinese or Japanese signs is one word: none of them is an initial.
        """
        signs = "".join(words(text))
        if SIGNS.fullmatch(signs):
            return cls(signs, (), ())
        last, comma, first = text.partition(",")
        if comma and words(first) and words(first)[0] not in _SUFFIXES:
            text = f"{first} {last}"
        parts = [part for part in words(text) if part not in _SUFFIXES]
        if not parts:
            return cls("", (), ())
        return cls(parts[-1], _joined(parts[:-1], text), tuple(parts[:-1]))

    @property
    def is_whole(self) -> bool:
        """Return whether a given name is spelled out."""
        return bool(self.given) and len(self.given[0]) > 1

    def fits(self, other: Name) -> float:
        """Return how sure it is that both are one person: 1, 0.6 by initials only, or 0.

        A surname alone stands for everybody of that name. Ming-Hsuan is Minghsuan and Ming Hsuan,
        but not Ming; a middle name that only one of both has is no difference.
        """
        if not self.surname or self.surname != other.surname:
            return 0.0
        if not self.given:
            return 1.0
        if not other.given:
            return 0.0
        if not (self.is_whole and other.is_whole):
            return 0.6 if _agree(self.parts, other.parts) else 0.0
        same = "".join(self.given) == "".join(other.given)
        return 1.0 if same or _agree(self.given, other.given) else 0.0


def _joined(parts: Sequence[str], text: str) -> tuple[str, ...]:
    """Join what hyphens part in a text; initials stay for themselves, and a surname is none."""
    spelled = spaced(parts)
    for name in _HYPHENATED.findall(text):
        some = words(name)
        if all(len(part) > 1 for part in some):
            spelled = spelled.replace(spaced(some), f" {''.join(some)} ")
    return tuple(spelled.split())


def _agree(mine: Sequence[str], theirs: Sequence[str]) -> bool:
    """Return whether names that both have are the same, as far as they are spelled out."""
    return all(
        one[0] == other[0] if len(one) == 1 or len(other) == 1 else one == other
        for one, other in zip(mine, theirs, strict=False)
    )


class Authors:
    """Finds papers by author."""

    def __init__(self, papers: Sequence[Paper]) -> None:
        self._by_surname: dict[str, list[tuple[int, Name, str]]] = {}
        for row, paper in enumerate(papers):
            for author in paper.authors:
                name = Name.parse(author)
                self._by_surname.setdefault(name.surname, []).append((row, name, author))

    def find(self, author: str) -> dict[int, tuple[float, str]]:
        """Return how sure each paper's match is, and the name as it stands there."""
        wanted = Name.parse(author)
        found: dict[int, tuple[float, str]] = {}
        for row, name, written in self._by_surname.get(wanted.surname, ()):
            sure = wanted.fits(name)
            if sure > found.get(row, (0.0, ""))[0]:
                found[row] = (sure, written)
        return found
