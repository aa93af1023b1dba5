"""What was found for a question, kept while nothing comes in."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass, field
from threading import Lock

import numpy as np
import numpy.typing as npt

from digest.model import Paper
from digest.reading import query
from digest.reading.meaning import Meanings
from digest.reading.search import search, similar
from digest.sources.identifiers import paper_key
from digest.store import Transaction

MOST_KEPT = 500  # answers, of up to 300 numbers each

MOST_ALIKE = 100

_MOST_CATEGORIES = 50

Rows = npt.NDArray[np.int64]


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
    _categories: dict[str, Rows] = field(default_factory=dict)
    _stamp: tuple[int, ...] = ()
    _lock: Lock = field(default_factory=Lock)
    _filing: Lock = field(default_factory=Lock)

    def found(
        self, tx: Transaction, asked: str, *, field: str = "", category: str = ""
    ) -> list[int]:
        """Return the rows of the papers that fit what somebody typed, the best first.

        Where that is the name of a paper, it is this one, whatever else is asked.
        """
        asked = asked[: query.LONGEST]
        known = self._known(tx, "words", asked, field, category)
        if known is None and (row := named(tx, asked)) is not None:
            return [row]
        if known is None:
            words = query.read(asked, field)
            among = self._filed(tx, category) if category else None
            known = search(tx, self.meanings.places(tx), words, category=category, among=among)
            self._keep(known, "words", asked, field, category)
        return known

    def like(self, tx: Transaction, paper: Paper) -> list[int]:
        """Return the rows of the papers that are most like one; by its words until it is placed."""
        known = self._known(tx, "like", paper.key)
        if known is None:
            row = tx.listings.row(paper.key)
            known = [] if row is None else similar(self.meanings.places(tx), row, limit=MOST_ALIKE)
            if not known:
                found = search(tx, self.meanings.places(tx), query.alike(paper.title))
                known = [one for one in found if one != row][:MOST_ALIKE]
            self._keep(known, "like", paper.key)
        return known

    def _filed(self, tx: Transaction, category: str) -> Rows:
        """Return the rows of all papers of a category."""
        # Of many who ask for the same at once, one reads it.
        with self._filing:
            with self._lock:
                known = self._categories.get(category)
            if known is None:
                known = np.array(tx.listings.of_category(category), np.int64)
                with self._lock:
                    if len(self._categories) < _MOST_CATEGORIES:
                        self._categories[category] = known
            return known

    def _known(self, tx: Transaction, *asked: str) -> list[int] | None:
        newest = tx.spaces.newest() or (0, 0)
        stamp = (tx.changes.total(), *newest, tx.spaces.reach(newest[0]))
        with self._lock:
            if stamp != self._stamp:
                self._kept.clear()
                self._categories.clear()
                self._stamp = stamp
            if asked not in self._kept:
                return None
            self._kept.move_to_end(asked)
            return self._kept[asked]

    def _keep(self, rows: list[int], *asked: str) -> None:
        with self._lock:
            self._kept[asked] = rows
            if len(self._kept) > MOST_KEPT:
                self._kept.popitem(last=False)
