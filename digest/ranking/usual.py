"""Earlier papers -> what attention is usual in a field at an age."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np
import numpy.typing as npt

from digest.model import Place, SignalName, Track
from digest.ranking.days import Days
from digest.ranking.gains import Looks, gains, series

Floats = npt.NDArray[np.float64]

# So many imagined papers, as hot as is usual elsewhere, stand beside the real ones: one paper in
# an empty field proves nothing, some dozens do.
IMAGINED = 20

# What differs by rounding alone is the same.
_HAIR = 1 - 1e-9
_MOMENT = 1e-9


@dataclass(frozen=True, slots=True)
class _Figures:
    """The gains of one signal by their day; `row` leads to the paper and source that has them.

    Days count from when the paper was listed: those on which something was announced. `worth` is
    what each gain would count on that very day, had it not faded since: so it is added up at once.
    """

    row: npt.NDArray[np.int64]
    day: Floats
    worth: Floats
    papers: npt.NDArray[np.int64]  # row -> paper
    seen: Floats  # row -> the day of its first figure


class Usual:
    """What the figures of earlier papers were when those were as old as another one is now."""

    def __init__(
        self,
        tracks: Sequence[Track],
        now: datetime,
        half_life: float,
        days: Days,
        looks: Looks,
    ) -> None:
        self._numbers: dict[str, int] = {}  # of the categories
        for track in tracks:
            self._numbers.setdefault(track.category, len(self._numbers))
        self._categories = np.array([self._numbers[track.category] for track in tracks], np.int64)
        self._ages = np.array([days.between(track.listed_at, now) for track in tracks])
        self._half_life = half_life
        self._figures = _figures(tracks, now, half_life, days, looks)
        self._heats: dict[tuple[SignalName, float], tuple[Floats, npt.NDArray[np.int64]]] = {}

    def place(
        self, name: SignalName, category: str, age: float, heat: float, share: float
    ) -> tuple[Place, Place | None]:
        """Return the place of a paper among all, and among those of its category if it has one.

        Those count that had a figure of that name when they were `age` old. `share` is what is
        expected to be as hot where there are none.
        """
        heats, categories = self._at(name, age)
        as_hot = heats >= heat * _HAIR
        everywhere = _place(len(heats), int(as_hot.sum()), share)
        if not category:
            return everywhere, None
        mine = categories == self._numbers.get(category, -1)
        return everywhere, _place(int(mine.sum()), int(as_hot[mine].sum()), everywhere.share)

    def _at(self, name: SignalName, age: float) -> tuple[Floats, npt.NDArray[np.int64]]:
        known = self._heats.get((name, age))
        if known is None:
            known = self._heats[name, age] = self._heats_at(name, age)
        return known

    def _heats_at(self, name: SignalName, day: float) -> tuple[Floats, npt.NDArray[np.int64]]:
        one = self._figures[name]
        past = int(np.searchsorted(one.day, day + _MOMENT, side="right"))
        worth = np.bincount(one.row[:past], one.worth[:past], minlength=len(one.papers))
        heats = worth * 0.5 ** (day / self._half_life)
        # Of several sources that show the same figure the hottest counts.
        best = np.full(len(self._ages), -1.0)
        shown = one.seen <= day + _MOMENT
        np.maximum.at(best, one.papers[shown], heats[shown])
        there = (best >= 0) & (self._ages >= day - _MOMENT)
        return best[there], self._categories[there]


def _place(papers: int, as_hot: int, share: float) -> Place:
    return Place(papers, as_hot, (as_hot + IMAGINED * share) / (papers + IMAGINED))


class _Gathered:
    """The gains of one signal as they come: see `_Figures`."""

    def __init__(self) -> None:
        self.row: list[int] = []
        self.day: list[float] = []
        self.number: list[int] = []
        self.papers: list[int] = []
        self.seen: list[float] = []

    def by_day(self, half_life: float) -> _Figures:
        order = np.argsort(self.day, kind="stable")
        day = np.array(self.day, np.float64)[order]
        return _Figures(
            np.array(self.row, np.int64)[order],
            day,
            np.array(self.number, np.float64)[order] * 2.0 ** (day / half_life),
            np.array(self.papers, np.int64),
            np.array(self.seen, np.float64),
        )


def _figures(
    tracks: Sequence[Track], now: datetime, half_life: float, days: Days, looks: Looks
) -> dict[SignalName, _Figures]:
    gathered = {name: _Gathered() for name in SignalName}
    for place, track in enumerate(tracks):
        listed = days.at(track.listed_at)
        courses = series(track.signals, now)
        for of, rises in gains(courses, track.listed_at, looks).items():
            mine = gathered[of[1]]
            for at, gain in rises:
                mine.row.append(len(mine.papers))
                mine.day.append(days.at(at) - listed)
                mine.number.append(gain)
            mine.papers.append(place)
            mine.seen.append(days.at(courses[of][0].observed_at) - listed)
    return {name: mine.by_day(half_life) for name, mine in gathered.items()}
