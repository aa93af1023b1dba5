"""What was found is kept, while nothing comes in."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pytest

from digest.model import Hit
from digest.reading.finding import Finder
from digest.reading.meaning import Places

OLD = Places(np.arange(1, 4), np.eye(3, dtype=np.float32))
NEW = Places(np.arange(1, 6), np.eye(5, 3, dtype=np.float32) + np.float32(0.1))


@dataclass
class Meanings:
    """Places that change while somebody asks."""

    answers: list[Places]

    def places(self, _tx: object) -> Places:
        return self.answers.pop(0)


@dataclass
class Archive:
    """A transaction that knows papers of one category, one of which has the word."""

    meanwhile: Callable[[], object] = lambda: None

    @property
    def listings(self) -> Archive:
        return self

    changes = search = listings

    def total(self) -> int:
        return 1

    def row(self, _key: str) -> None:
        self.meanwhile()

    def of_category(self, _category: str) -> list[int]:
        return [2, 4, 5]

    def all_of(self, *_: object, **__: object) -> list[Hit]:
        return [Hit(2, 1.0)]


@pytest.mark.parametrize("category", ["cs.RO", ""])
@pytest.mark.parametrize(("mine", "theirs"), [(OLD, NEW), (NEW, OLD)])
def test_what_is_filed_by_others_in_other_places_is_not_taken(
    mine: Places, theirs: Places, category: str
) -> None:
    finder = Finder(meanings=Meanings([mine, theirs, theirs]))  # type: ignore[arg-type]

    def ask(tx: Archive, word: str, category: str = "cs.RO") -> list[int]:
        return sorted(finder.found(tx, word, category=category))  # type: ignore[arg-type]

    found = ask(Archive(meanwhile=lambda: ask(Archive(), "two", category)), "one")
    assert found == [row for row in (2, 4, 5) if row in mine.rows]
    assert ask(Archive(), "three") == [row for row in (2, 4, 5) if row in theirs.rows]
