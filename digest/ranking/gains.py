"""Figures over time -> what was gained, and when."""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime, timedelta

from digest.model import Candidate, Signal, SignalName

Series = tuple[str, SignalName]  # the source and the name of a figure
Looks = Mapping[str, Sequence[datetime]]  # when each source was looked at, oldest first

# A source that nobody could look at for longer was silent: its figures moved meanwhile.
SILENCE = timedelta(hours=26)

# An earlier figure counts as yesterday's when it is about a day old, and as that of another
# moment when it is as near to that.
_DAY = timedelta(days=1)
_EARLIER = timedelta(hours=16)
_LATER = timedelta(hours=8)
_DAYS_OF_A_WEEK = 7


def gains(
    courses: Mapping[Series, Sequence[Signal]], listed_at: datetime, looks: Looks
) -> dict[Series, list[tuple[datetime, int]]]:
    """Return when each figure (of `series`) rose by how much, oldest first, empty if it did not.

    What a source shows last is the truth: an earlier figure above it was a mistake and counts as
    the last one. A figure that falls and rises again gains nothing until it is higher than
    before. All of the first figure counts as gained, but none of it where it may be years old.
    What is seen after a silence of the source was gained in the middle of it, though not before
    the paper was listed. `looks` are those at other papers; each figure is one too.
    """
    found: dict[Series, list[tuple[datetime, int]]] = {}
    own = looks_of(courses.values())
    for (source, name), figures in courses.items():
        times = (looks.get(source, ()), own[source])
        last = figures[-1].value
        most = min(figures[0].value, last) if name.lasting else 0
        rises = found[source, name] = []
        for signal in figures:
            gain = min(signal.value, last) - most
            if gain > 0:
                rises.append((_when(signal, times, listed_at), gain))
                most += gain
    return found


def looks_of(histories: Iterable[Iterable[Signal]]) -> dict[str, list[datetime]]:
    """Return when each source was looked at, as far as any figure moved."""
    found: defaultdict[str, set[datetime]] = defaultdict(set)
    for signals in histories:
        for signal in signals:
            found[signal.source].add(signal.observed_at)
    return {source: sorted(times) for source, times in found.items()}


def _when(signal: Signal, looks: Iterable[Sequence[datetime]], listed_at: datetime) -> datetime:
    places = [(times, bisect_left(times, signal.observed_at)) for times in looks]
    before = [times[place - 1] for times, place in places if place]
    if before:
        silence = signal.observed_at - max(before)
        if silence > SILENCE:
            return max(signal.observed_at - silence / 2, min(listed_at, signal.observed_at))
    return signal.observed_at


def figures(candidate: Candidate) -> dict[str, int]:
    """Return the latest figure of each name, the largest where sources differ."""
    latest: dict[Series, Signal] = {}
    for signal in candidate.signals:
        known = latest.get((signal.source, signal.name))
        if known is None or signal.observed_at >= known.observed_at:
            latest[signal.source, signal.name] = signal
    found: dict[str, int] = {}
    for name in SignalName:
        values = [signal.value for signal in latest.values() if signal.name is name]
        if values:
            found[str(name)] = max(values)
    return found


def gained(
    signals: Iterable[Signal], now: datetime, *, since: datetime | None = None
) -> dict[str, int]:
    """Return what each figure that rose has gained since yesterday, as far as that is known.

    `since` is another moment instead of the same time of yesterday.
    """
    then = since or now - _DAY
    found: dict[str, int] = {}
    for (_, name), course in series(signals, now).items():
        before = [signal for signal in course if -_LATER <= then - signal.observed_at <= _EARLIER]
        if before and before[-1] is not course[-1]:
            gain = course[-1].value - before[-1].value
            if gain > found.get(str(name), 0):
                found[str(name)] = gain
    return found


def gained_lately(candidate: Candidate, now: datetime) -> tuple[dict[str, int], date | None]:
    """Return what each figure of a paper has gained, and since which day: `None` is yesterday.

    After quiet days that is the last day with papers, where a figure of then is known.
    """
    day_ago = candidate.trend.day_ago if candidate.trend is not None else None
    if day_ago is not None and 1 < (now.date() - day_ago.date()).days < _DAYS_OF_A_WEEK:
        gains = gained(candidate.signals, now, since=day_ago)
        if gains:
            return gains, day_ago.date()
    return gained(candidate.signals, now), None


def risen_at(candidate: Candidate, since: datetime, now: datetime) -> datetime:
    """Return when a paper was first seen with half of what it has gained since a moment.

    Told by the figure that gained most for its kind. As most votes come at once, that moment
    stays where it is when the last ones come in. Without gains it is when the paper was listed.
    """
    most, found = 0.0, candidate.listed_at
    for (_, name), course in series(candidate.signals, now).items():
        last = course[-1].value
        before = [signal.value for signal in course if signal.observed_at <= since]
        before = before or [course[0].value if name.lasting else 0]
        base = min(max(before), last)
        if (last - base) / name.halfway > most:
            most = (last - base) / name.halfway
            half = (last + base) / 2
            found = next(
                signal.observed_at
                for signal in course
                if signal.observed_at > since and signal.value >= half
            )
    return found


def series(signals: Iterable[Signal], now: datetime) -> dict[Series, list[Signal]]:
    """Part signals by source and name, oldest first, without those from after `now`."""
    parted: dict[Series, list[Signal]] = {}
    for signal in signals:
        if signal.observed_at <= now:
            parted.setdefault((signal.source, signal.name), []).append(signal)
    for course in parted.values():
        course.sort(key=lambda signal: (signal.observed_at, signal.value))
    return parted
