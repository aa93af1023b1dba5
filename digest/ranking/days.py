"""Time as announcements count it: what passes on weekends and holidays does not age a paper."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping
from datetime import UTC, date, datetime, time, timedelta
from itertools import accumulate
from statistics import median

# A day with so small a part of a usual day's papers is a quiet one: stragglers, no announcement.
_STRAGGLERS = 0.1

_DAY = timedelta(days=1)


class Days:
    """Counts days on which papers were announced, in UTC, up to `now`.

    `announced` is how many papers were listed on each day; a day between the first of them and
    today that is missing was quiet. Without any, and before the first, all days count.
    """

    def __init__(self, announced: Mapping[date, int], now: datetime) -> None:
        usual = median(announced.values()) if announced else 0
        busy = {day for day, papers in announced.items() if papers >= _STRAGGLERS * usual}
        first = min(busy, default=now.date())
        days = (now.date() - first).days + 1
        self._midnights = [
            datetime.combine(first, time(), UTC).timestamp() + 86400.0 * place
            for place in range(days + 1)
        ]
        self._counted = [float(not busy or first + place * _DAY in busy) for place in range(days)]
        self._passed = list(accumulate(self._counted, initial=0.0))

    def at(self, moment: datetime) -> float:
        """Return how many days had passed at that moment; only differences mean something."""
        when = moment.timestamp()
        first, last = self._midnights[0], self._midnights[-1]
        if when < first:
            return (when - first) / 86400.0
        if when >= last:
            return self._passed[-1] + (when - last) / 86400.0
        # By hand: this is asked for every figure of every paper.
        place = int((when - first) // 86400.0)
        return (
            self._passed[place] + (when - self._midnights[place]) / 86400.0 * self._counted[place]
        )

    def between(self, earlier: datetime, later: datetime) -> float:
        """Return how many days passed from one moment to another."""
        return self.at(later) - self.at(earlier)

    def before(self, now: datetime, number: float) -> datetime:
        """Return the latest moment from which `number` days had passed by `now`."""
        wanted = self.at(now) - number
        if wanted < 0:
            when = self._midnights[0] + wanted * 86400.0
        else:
            # Of a quiet day any moment would do: the last is the start of the next busy one.
            place = bisect_right(self._passed, wanted) - 1
            when = self._midnights[place] + (wanted - self._passed[place]) * 86400.0
        return min(datetime.fromtimestamp(when, UTC), now)
