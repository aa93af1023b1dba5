"""Signals over time -> the lines of a small chart; pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from digest.model import Signal, SignalName

WIDTH, HEIGHT = 640, 150
_LEFT, _RIGHT, _TOP, _BOTTOM = 8, 8, 14, 26


@dataclass(frozen=True, slots=True)
class Dot:
    """One figure at one time, and where it stands in the chart."""

    x: float
    y: float
    value: int
    at: datetime


@dataclass(frozen=True, slots=True)
class Chart:
    """One figure of one paper over time, in a box of 640 by 150.

    `line` and `area` are paths of SVG, empty for a lone figure; `first` and `last` are the times
    at both ends, the same for all charts of a paper.
    """

    name: str
    source: str
    dots: tuple[Dot, ...]
    line: str
    area: str
    first: datetime
    last: datetime

    @property
    def latest(self) -> int:
        """Return the newest figure."""
        return self.dots[-1].value


def charts(signals: Iterable[Signal], listed_at: datetime, now: datetime) -> list[Chart]:
    """Return a chart for each name of a figure, from the source that has most to tell of it."""
    series: dict[SignalName, dict[str, list[Signal]]] = {}
    for signal in signals:
        series.setdefault(signal.name, {}).setdefault(signal.source, []).append(signal)
    told = [max(series[name].values(), key=len) for name in SignalName if name in series]
    if not told:
        return []
    first = min(listed_at, *(each[0].observed_at for each in told))
    # The last figure holds until now, though not for ever: an old paper keeps its beginnings.
    seen = max(each[-1].observed_at for each in told)
    last = max(min(now, seen + (seen - first) / 4), seen, first + timedelta(hours=1))
    return [_chart(each, first, last) for each in told]


def _chart(signals: Sequence[Signal], first: datetime, last: datetime) -> Chart:
    most = max(1, *(signal.value for signal in signals))

    def dot(signal: Signal) -> Dot:
        along = (signal.observed_at - first) / (last - first)
        return Dot(
            x=round(_LEFT + along * (WIDTH - _LEFT - _RIGHT), 1),
            y=round(HEIGHT - _BOTTOM - signal.value / most * (HEIGHT - _TOP - _BOTTOM), 1),
            value=signal.value,
            at=signal.observed_at,
        )

    dots = tuple(map(dot, signals))
    line = area = ""
    if len(dots) > 1:
        steps = [*(f"{one.x} {one.y}" for one in dots), f"{WIDTH - _RIGHT} {dots[-1].y}"]
        ground = HEIGHT - _BOTTOM
        line = f"M{' L'.join(steps)}"
        area = f"{line} L{WIDTH - _RIGHT} {ground} L{dots[0].x} {ground} Z"
    return Chart(
        name=signals[0].name.value,
        source=signals[0].source,
        dots=dots,
        line=line,
        area=area,
        first=first,
        last=last,
    )
