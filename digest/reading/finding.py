"""What was found for a question, kept while nothing comes in."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass, field
from threading import Lock

import numpy as np

from digest.model import Paper
from digest.reading import query
from digest.reading.meaning import NOWHERE, Indices, Meanings, Places
from digest.reading.search import search, similar
from digest.sources.identifiers import paper_key
from digest.store import Transaction

MOST_KEPT = 500  # answers, of up to 300 numbers each

MOST_ALIKE = 100

_MOST_CATEGORIES = 50


def named(tx: Transaction, text: str) -> int | None:
    """Return the row of the paper that a key, an arXiv id, a DOI or an address names."""
    text = text.strip()
    # PostgreSQL takes no NUL in a text.
    for key in () if "\0" in text else (text, paper_key([text.removeprefix("url:")])):
        if key and (row := tx.listings.row(key)) is not None:
            return row
    return None


@dataclass
class Finder:
    """Answers to questions; thread-safe."""

    meanings: Meanings = field(default_factory=Meanings)
    _kept: OrderedDict[tuple[str, ...], list[int]] = field(default_factory=OrderedDict)
    _categories: dict[str, Indices] = field(default_factory=dict)
    _places: Places = NOWHERE
    _changes: int = -1
    _lock: Lock = field(default_factory=Lock)
    _filing: Lock = field(default_factory=Lock)

    def found(
        self, tx: Transaction, asked: str, *, field: str = "", category: str = ""
    ) -> list[int]:
        """Return the rows of the papers that fit what somebody typed, the best first.

        Where that is the name of a paper, it is this one, whatever else is asked.
        """
        asked = asked[: query.LONGEST]
        places = self.meanings.places(tx)
        known = self._known(tx, places, "words", asked, field, category)
        if known is None and (row := named(tx, asked)) is not None:
            return [row]
        if known is None:
            words = query.read(asked, field)
            among = self._filed(tx, places, category) if category else None
            known = search(tx, places, words, category=category, among=among)
            self._keep(known, "words", asked, field, category)
        return known

    def like(self, tx: Transaction, paper: Paper) -> list[int]:
        """Return the rows of the papers that are most like one; by its words until it is placed."""
        places = self.meanings.places(tx)
        known = self._known(tx, places, "like", paper.key)
        if known is None:
            row = tx.listings.row(paper.key)
            known = [] if row is None else similar(places, row, limit=MOST_ALIKE)
            if not known:
                found = search(tx, places, query.alike(paper.title))
                known = [one for one in found if one != row][:MOST_ALIKE]
            self._keep(known, "like", paper.key)
        return known

    def _filed(self, tx: Transaction, places: Places, category: str) -> Indices:
        """Return where the papers of a category are among the places, in order."""
        # Of many who ask for the same at once, one reads it.
        with self._filing:
            with self._lock:
                known = self._categories.get(category) if places is self._places else None
            if known is None:
                rows = np.array(tx.listings.of_category(category), np.int64)
                known = np.sort(places.where(rows))
                with self._lock:
                    # Others may have come to other places meanwhile, where this means nothing.
                    if places is self._places and len(self._categories) < _MOST_CATEGORIES:
                        self._categories[category] = known
            return known

    def _known(self, tx: Transaction, places: Places, *asked: str) -> list[int] | None:
        changes = tx.changes.total()
        with self._lock:
            if places is not self._places or changes != self._changes:
                self._kept.clear()
                self._categories.clear()
                self._places, self._changes = places, changes
            if asked not in self._kept:
                return None
            self._kept.move_to_end(asked)
            return self._kept[asked]

    def _keep(self, rows: list[int], *asked: str) -> None:
        with self._lock:
            self._kept[asked] = rows
            if len(self._kept) > MOST_KEPT:
                self._kept.popitem(last=False)
