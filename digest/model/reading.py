"""What readers ask for: a period of papers, and the order in which they want them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum

from digest.model.trends import Window


class Sort(StrEnum):
    """The order of a list."""

    HOT = "hot"  # what is trending comes first
    NEW = "new"  # what was listed last comes first
    TOP = "top"  # what has the largest figures comes first


@dataclass(frozen=True, slots=True)
class Period:
    """One day, week (from Monday) or month of papers, by the calendar of the site."""

    kind: Window
    first: date

    @property
    def name(self) -> str:
        """Return how it is called in addresses: `2026-11-23`, `2026-W48` or `2026-11`."""
        if self.kind is Window.DAY:
            return self.first.isoformat()
        if self.kind is Window.WEEK:
            year, week, _ = self.first.isocalendar()
            return f"{year:04}-W{week:02}"
        return f"{self.first:%Y-%m}"

    @property
    def after(self) -> date:
        """Return the first day after it."""
        if self.kind is Window.DAY:
            return self.first + timedelta(days=1)
        if self.kind is Window.WEEK:
            return self.first + timedelta(days=7)
        return (self.first + timedelta(days=31)).replace(day=1)


@dataclass(frozen=True, slots=True)
class Stretch:
    """The papers that were listed from `since` on and before `until`.

    How much they are talked about is measured by the half-life of `window`.
    """

    since: datetime
    until: datetime
    window: Window


@dataclass(frozen=True, slots=True)
class Words:
    """Words that stand side by side in what somebody searches for; often it is only one."""

    words: tuple[str, ...]
    field: str = ""  # "title", "abstract" or "author"; empty: wherever they stand
    excluded: bool = False
    quoted: bool = False  # nothing else will do


@dataclass(frozen=True, slots=True)
class Hit:
    """A paper that was found, by its row, and how well its words fit; more is better."""

    paper_id: int
    score: float
