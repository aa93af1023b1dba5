"""What an interest matches by the letter, and how strongly."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from digest.model import InterestKind, Paper
from digest.ranking.keywords import Keywords
from digest.ranking.names import Authors

Floats = npt.NDArray[np.float32]

# How much each kind of match is worth on its own; docs/explanation/ranking.md has the reasons.
IN_TITLE = 0.6
IN_ABSTRACT = 0.4
AUTHOR = 0.8
FIRST_CATEGORY = 0.25
OTHER_CATEGORY = 0.18

_AKIN = 0.5  # what other words of a keyword's stem count beside it: "tokens" for "tokenization"
_USUAL = 100  # a keyword that more than one paper of so many has tells less of each,
_LEAST_TELLING = 0.4  # yet not so little that somebody with a broad one gets nothing


@dataclass(frozen=True, slots=True)
class Matches:
    """The candidates that match one interest by the letter, and how strongly.

    `found` holds the same by the place of the candidate, `names` authors as they are written.
    `telling` is what is left of a keyword's strengths for being common, and `akin` is the same for
    candidates that only have other words of its stems: they come last.
    """

    kind: InterestKind
    value: str
    columns: npt.NDArray[np.int64]
    strengths: Floats
    found: Mapping[int, float]
    names: Mapping[int, str]
    telling: float
    akin: Mapping[int, float]

    @property
    def itself(self) -> npt.NDArray[np.int64]:
        """Return the columns of the candidates that have just what was asked for."""
        return self.columns[: len(self.columns) - len(self.akin)]

    @classmethod
    def of(
        cls,
        kind: InterestKind,
        value: str,
        found: Mapping[int, float],
        *,
        names: Mapping[int, str] | None = None,
        telling: float = 1.0,
        akin: Mapping[int, float] | None = None,
    ) -> Matches:
        """Keep what was found in both forms."""
        columns = np.fromiter(found.keys(), np.int64, len(found))
        strengths = np.fromiter(found.values(), np.float32, len(found))
        return cls(kind, value, columns, strengths, found, names or {}, telling, akin or {})


def keywords(index: Keywords) -> Callable[[str], Matches]:
    """Return what finds the papers that mention a keyword."""

    def telling(count: int) -> float:
        rarity = math.log((len(index) + _USUAL) / max(1, count)) / math.log(_USUAL)
        return min(1.0, max(_LEAST_TELLING, rarity))

    def find(value: str) -> Matches:
        found = index.find(value)
        itself = telling(len(found.itself))
        akin = _AKIN * telling(len(found.itself) + len(found.akin))
        return Matches.of(
            InterestKind.KEYWORD,
            value,
            {
                column: left * (IN_TITLE if in_title else IN_ABSTRACT)
                for some, left in ((found.itself, itself), (found.akin, akin))
                for column, in_title in some.items()
            },
            telling=itself,
            akin=dict.fromkeys(found.akin, akin),
        )

    return find


def authors(papers: Sequence[Paper]) -> Callable[[str], Matches]:
    """Return what finds the papers of an author."""
    index = Authors(papers)

    def find(value: str) -> Matches:
        found = index.find(value)
        return Matches.of(
            InterestKind.AUTHOR,
            value,
            {column: AUTHOR * sure for column, (sure, _) in found.items()},
            names={column: name for column, (_, name) in found.items()},
        )

    return find


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


def categories(papers: Sequence[Paper]) -> Callable[[str], Matches]:
    """Return what finds the papers of a category."""
    index = Categories(papers)

    def find(value: str) -> Matches:
        return Matches.of(
            InterestKind.CATEGORY,
            value,
            {
                column: FIRST_CATEGORY if first else OTHER_CATEGORY
                for column, first in index.find(value).items()
            },
        )

    return find
