"""How the earlier papers of a name did: of an author, an organisation, an owner of code, a site."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Self

import numpy as np

from digest.ranking.arrays import Arrays, of_texts, texts_of

# A paper of long ago counts less, and a name starts with three papers of the usual attention: one
# lucky paper makes nobody famous.
HALF_LIFE = 500.0  # days
UNSURE = 3.0  # papers


@dataclass(frozen=True, slots=True)
class Past:
    """What earlier papers say of a name; `worth` is 0 for the usual attention."""

    papers: float = 0.0
    worth: float = 0.0


_NONE = Past()


class Repute:
    """The papers of each name so far, in the order in which they were listed."""

    def __init__(self) -> None:
        self._known: dict[str, tuple[float, float, date]] = {}

    def past(self, name: str, day: date) -> Past:
        """Return what is known of a name on that day."""
        known = self._known.get(name)
        if known is None:
            return _NONE
        papers, total, since = known
        faded = 0.5 ** (max(0, (day - since).days) / HALF_LIFE)
        return Past(papers * faded, total * faded / (papers * faded + UNSURE))

    def note(self, names: Iterable[str], day: date, worth: float) -> None:
        """Add one paper of these names, listed on that day or later than all before."""
        for name in set(names):
            papers, total, since = self._known.get(name, (0.0, 0.0, day))
            faded = 0.5 ** (max(0, (day - since).days) / HALF_LIFE)
            self._known[name] = (papers * faded + 1, total * faded + worth, day)

    def arrays(self) -> Arrays:
        """Return what is to be kept: names, and what is known of each."""
        known = self._known.values()
        return {
            "names": of_texts(list(self._known)),
            "papers": np.array([papers for papers, _, _ in known], np.float64),
            "totals": np.array([total for _, total, _ in known], np.float64),
            "days": np.array([since.toordinal() for _, _, since in known], np.int32),
        }

    @classmethod
    def of_arrays(cls, kept: Arrays) -> Self:
        """Return what was kept."""
        self = cls()
        days = map(date.fromordinal, kept["days"].tolist())
        known = zip(kept["papers"].tolist(), kept["totals"].tolist(), days, strict=True)
        self._known = dict(zip(texts_of(kept["names"]), known, strict=True))
        return self
