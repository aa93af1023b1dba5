"""Signals -> how much a paper is talked about now."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta

from digest.model import Candidate, Signal, SignalName

# What one more of each is worth. A comment takes more effort than a click; stars come by the
# hundred, and to code rather than to the paper.
WORTH: Mapping[SignalName, float] = {
    SignalName.UPVOTES: 1.0,
    SignalName.COMMENTS: 2.0,
    SignalName.STARS: 0.25,
}
HALF_LIFE = timedelta(days=1)
HALF_WAY = 50.0  # fresh upvotes that make a score of one half

# An earlier figure counts as yesterday's when it is about a day old.
_YESTERDAY = (timedelta(hours=16), timedelta(hours=40))


def heat(signals: Iterable[Signal], now: datetime) -> float:
    """Return the attention a paper has now, in fresh upvotes.

    Every gain counts from the moment it was seen and halves each day:

        heat = sum over figures of worth * gain * 2 ** -(age of the gain in days)

    The gain of a figure is what it has more than ever before; all of it counts when it is first
    seen, save for stars, which a repository may have had for years. Where several sources show
    the same figure, the one with the most heat counts, for they may have copied one another.
    """
    best: dict[SignalName, float] = {}
    for (_, name), figures in _series(signals, now).items():
        total = 0.0
        most = figures[0].value if name is SignalName.STARS else 0
        for signal in figures:
            gain = signal.value - most
            if gain > 0:
                total += WORTH[name] * gain * 0.5 ** ((now - signal.observed_at) / HALF_LIFE)
                most = signal.value
        best[name] = max(best.get(name, 0.0), total)
    return sum(best.values())


def trending(signals: Iterable[Signal], now: datetime) -> float:
    """Return `heat / (heat + 50)`: 0 without signals, one half at 50 fresh upvotes, below 1.

    The scale is absolute: a quiet day has no trending papers.
    """
    warmth = heat(signals, now)
    return warmth / (warmth + HALF_WAY)


def figures(candidate: Candidate) -> dict[str, int]:
    """Return the latest figure of each name, the largest where sources differ."""
    latest: dict[tuple[str, SignalName], Signal] = {}
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


def gained(signals: Iterable[Signal], now: datetime) -> dict[str, int]:
    """Return what each figure has gained since yesterday, where a figure of then is known."""
    found: dict[str, int] = {}
    for (_, name), figures in _series(signals, now).items():
        before = [
            signal
            for signal in figures
            if _YESTERDAY[0] <= now - signal.observed_at <= _YESTERDAY[1]
        ]
        if before and before[-1] is not figures[-1]:
            gain = figures[-1].value - before[-1].value
            found[str(name)] = max(found.get(str(name), 0), gain)
    return found


def _series(signals: Iterable[Signal], now: datetime) -> dict[tuple[str, SignalName], list[Signal]]:
    """Part signals by source and name, oldest first, without those from after `now`."""
    series: dict[tuple[str, SignalName], list[Signal]] = {}
    for signal in signals:
        if signal.observed_at <= now:
            series.setdefault((signal.source, signal.name), []).append(signal)
    for figures in series.values():
        figures.sort(key=lambda signal: (signal.observed_at, signal.value))
    return series
