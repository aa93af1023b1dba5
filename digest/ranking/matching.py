"""Which papers name a keyword, an author or a category, by the letter."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from digest.model import Paper
from digest.ranking.text import stems, words

_SUFFIXES = frozenset({"jr", "sr", "ii", "iii", "iv"})


@dataclass(frozen=True, slots=True)
class Mention:
    """Where a paper names a keyword: in the title or not, and how often in the abstract."""

    in_title: bool
    count: int


class Keywords:
    """Finds phrases by their stems, whole words only, in titles and abstracts."""

    def __init__(self, papers: Sequence[Paper]) -> None:
        self._titles = _Column([paper.title for paper in papers])
        self._abstracts = _Column([paper.abstract for paper in papers])
        self._found: dict[str, dict[int, Mention]] = {}

    def find(self, phrase: str) -> dict[int, Mention]:
        """Return the papers that mention `phrase`, by position."""
        key = " ".join(stems(phrase))
        if key not in self._found:
            self._found[key] = self._search(key)
        return self._found[key]

    def _search(self, key: str) -> dict[int, Mention]:
        if not key:
            return {}
        titles = set(self._titles.rows(key))
        counts: dict[int, int] = {}
        for row in self._abstracts.rows(key):
            counts[row] = counts.get(row, 0) + 1
        return {
            row: Mention(in_title=row in titles, count=counts.get(row, 0))
            for row in sorted(titles | counts.keys())
        }


class _Column:
    """One long text of stems; a search in it is a search in all papers."""

    def __init__(self, texts: Sequence[str]) -> None:
        lines = [f" {' '.join(stems(text))} \n" for text in texts]
        self._text = "".join(lines)
        self._starts = []
        start = 0
        for line in lines:
            self._starts.append(start)
            start += len(line)

    def rows(self, key: str) -> Iterator[int]:
        """Yield the row of each place where `key` stands."""
        wanted = f" {key} "
        place = self._text.find(wanted)
        while place >= 0:
            yield bisect_right(self._starts, place) - 1
            # The last space may be the first one of the next place.
            place = self._text.find(wanted, place + len(wanted) - 1)


@dataclass(frozen=True, slots=True)
class Name:
    """A person's name in comparable parts."""

    surname: str
    given: tuple[str, ...]

    @classmethod
    def parse(cls, text: str) -> Name:
        """Read "John A. Smith", "Smith, John A." or "J. Smith"; accents and case do not count."""
        last, comma, first = text.partition(",")
        if comma and words(first) and words(first)[0] not in _SUFFIXES:
            text = f"{first} {last}"
        parts = [part for part in words(text) if part not in _SUFFIXES]
        return cls(parts[-1], tuple(parts[:-1])) if parts else cls("", ())

    def fits(self, other: Name) -> float:
        """Return how sure it is that both are one person: 1, 0.6 by initials only, or 0.

        A surname alone stands for everybody of that name.
        """
        if not self.surname or self.surname != other.surname:
            return 0.0
        if not self.given:
            return 1.0
        if not other.given:
            return 0.0
        pairs = list(zip(self.given, other.given, strict=False))
        if not all(_agree(mine, theirs) for mine, theirs in pairs):
            return 0.0
        return 1.0 if pairs[0][0] == pairs[0][1] and len(pairs[0][0]) > 1 else 0.6


def _agree(mine: str, theirs: str) -> bool:
    if len(mine) == 1 or len(theirs) == 1:
        return mine[0] == theirs[0]
    return mine == theirs


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


class Categories:
    """Finds papers by category."""

    def __init__(self, papers: Sequence[Paper]) -> None:
        self._rows: dict[str, dict[int, bool]] = {}
        for row, paper in enumerate(papers):
            for place, category in enumerate(paper.categories):
                name = category.casefold()
                for known in {name, name.partition(".")[0]}:
                    self._rows.setdefault(known, {}).setdefault(row, place == 0)

    def find(self, category: str) -> dict[int, bool]:
        """Return the papers in a category, and whether it is their first one.

        `cs` and `cs.*` stand for everything in `cs`; case does not count.
        """
        return self._rows.get(category.strip().casefold().removesuffix(".*"), {})
