"""How far an edition looks back."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Self

from digest.model import Cadence, Candidate, Window
from digest.rank.attention import candidates_of
from digest.store import Transaction

WEEK = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Reach:
    """What an edition looks at: `opens_at` and `closes_at` bound when its papers were listed.

    Somebody's first digest begins with those of `begins_at`. `window` is how long a time attention
    is measured over.
    """

    opens_at: datetime
    begins_at: datetime
    closes_at: datetime
    window: Window

    @classmethod
    def of(cls, cadence: Cadence, now: datetime, *, days: int) -> Self:
        """Return that of an edition that is planned now, of so many days at least.

        A week's edition measures attention over the week, and reaches back to the one before it
        also where that was late or left out.
        """
        begins_at = now - timedelta(days=days)
        if cadence is not Cadence.WEEKLY:
            return cls(begins_at, begins_at, now, Window.DAY)
        begins_at = min(begins_at, now - WEEK)
        return cls(begins_at - WEEK, begins_at, now, Window.WEEK)

    def candidates(self, tx: Transaction) -> list[Candidate]:
        """Return its papers, measured as of when it closes."""
        return candidates_of(tx, self.opens_at, self.closes_at, window=self.window)
