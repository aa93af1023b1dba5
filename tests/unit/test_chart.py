"""Signals become the lines of a chart."""

from __future__ import annotations

from datetime import timedelta

from digest.model import Signal, SignalName
from digest.web.chart import HEIGHT, WIDTH, charts
from tests.support.samples import NOW

KEY = "arxiv:2611.00001"


def signal(
    value: int, hours: float, name: SignalName = SignalName.UPVOTES, source: str = "hf"
) -> Signal:
    return Signal(KEY, source, name, value, observed_at=NOW + timedelta(hours=hours))


def test_each_figure_has_a_chart_from_the_source_that_tells_most() -> None:
    seen = [
        signal(3, 1),
        signal(9, 5),
        signal(4, 2, source="other"),
        signal(100, 2, SignalName.STARS),
    ]
    found = charts(seen, NOW, NOW + timedelta(hours=6))
    assert [(one.name, one.source, one.latest) for one in found] == [
        ("upvotes", "hf", 9),
        ("stars", "hf", 100),
    ]


def test_dots_stay_within_the_box_and_go_to_the_right() -> None:
    (chart,) = charts([signal(n * n, n) for n in range(9)], NOW, NOW + timedelta(days=400))
    places = [one.x for one in chart.dots]
    assert places == sorted(places)
    assert all(0 <= one.x <= WIDTH and 0 <= one.y <= HEIGHT for one in chart.dots)
    assert chart.dots[-1].y < chart.dots[0].y
    # A paper that nobody has counted for a year still shows its beginnings.
    assert places[-1] > WIDTH / 2


def test_one_figure_at_the_moment_of_listing_is_a_dot() -> None:
    (chart,) = charts([signal(0, 0)], NOW, NOW)
    assert len(chart.dots) == 1
    assert (chart.line, chart.area) == ("", "")
    assert chart.last > chart.first


def test_charts_of_one_paper_stand_below_each_other_in_time() -> None:
    seen = [signal(1, 2), signal(3, 50), signal(7, 20, SignalName.COMMENTS)]
    seen += [signal(n, 20 + n, SignalName.STARS) for n in range(3)]
    found = charts(seen, NOW, NOW + timedelta(hours=60))
    assert {(one.first, one.last) for one in found} == {(NOW, NOW + timedelta(hours=60))}
    upvotes, comments, stars = found
    assert comments.dots[0].x == stars.dots[0].x
    assert upvotes.dots[0].x < stars.dots[0].x < upvotes.dots[1].x


def test_nothing_counted_is_no_chart() -> None:
    assert charts([], NOW, NOW) == []
