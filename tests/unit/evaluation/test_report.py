from __future__ import annotations

import itertools
import re
from collections.abc import Sequence
from html.parser import HTMLParser

from digest.evaluation.contest import LeftOut, Result
from digest.evaluation.metrics import FIGURES, Estimate
from digest.evaluation.report import Comparison, bars, context, curves
from digest.evaluation.settings import Setting
from digest.rendering import JinjaRenderer


def result(
    ranker: str, mean: float, *, setting: Setting = Setting.FULL, likes: int | None = None
) -> Result:
    estimate = Estimate(mean, mean - 0.05, mean + 0.05)
    return Result(
        condition=setting if likes is None else f"{likes} likes",
        setting=setting,
        likes=likes,
        ranker=ranker,
        readers=61,
        rankings=305,
        figures=dict.fromkeys(FIGURES, estimate),
        ahead=None if ranker == "digest" else Estimate(0.9 - mean, 0.0, 0.1),
        seconds=1.5,
    )


FEW = [
    result(ranker, mean + count / 50, setting=Setting.FEW, likes=count)
    for ranker, mean in (("digest", 0.5), ("centroid", 0.49), ("random", 0.06))
    for count in (1, 3, 5, 10)
]


def comparison(results: Sequence[Result]) -> Comparison:
    return Comparison(
        data="<libraries>",
        protocol="folds",
        papers=11_952,
        readers=61,
        folds=None,
        seed=1,
        rankers={"digest": "this & that", "centroid": "mean", "random": "chance"},
        results=results,
        left_out=[LeftOut("full", "zotero-arxiv-daily", "no vectors")],
    )


def test_the_best_ranker_comes_first() -> None:
    found = comparison([result("random", 0.1), result("digest", 0.9)]).conditions()
    assert [one.ranker for one in found["full"]] == ["digest", "random"]


def test_bars_are_in_per_cent_of_the_longest_interval() -> None:
    best, other = bars([result("digest", 0.75), result("random", 0.15)])
    assert (best.ours, best.low, best.high) == (True, 87.5, 100)
    assert (other.ours, other.width) == (False, 18.75)


def test_curves_rise_with_the_figures_and_their_names_stand_apart() -> None:
    found = curves(FEW)
    assert found is not None
    ours = found.curves[0]
    assert [point.x for point in ours.points] == sorted(point.x for point in ours.points)
    assert [point.y for point in ours.points] == sorted((p.y for p in ours.points), reverse=True)
    assert all(point.high < point.y < point.low for point in ours.points)
    labels = sorted(curve.label for curve in found.curves)
    assert all(low + 13 <= high for low, high in itertools.pairwise(labels))
    assert [tick.text for tick in found.across] == ["1", "3", "5", "10"]
    assert 3 <= len(found.upward) <= 8


def test_one_number_of_likes_makes_no_curve() -> None:
    assert curves([one for one in FEW if one.likes == 3]) is None
    assert curves([]) is None


class Page(HTMLParser):
    """What a page asks for, and whether its tags match."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.wanted: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in {"meta", "line", "circle", "rect", "polyline"}:
            self.open.append(tag)
        self.wanted += [value or "" for name, value in attrs if name in {"src", "href"}]
        assert tag not in {"script", "link", "img"}

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Take what closes itself."""

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def test_the_page_stands_alone_and_escapes_what_it_shows() -> None:
    made = comparison([result("digest", 0.9), result("random", 0.1), *FEW])
    page = JinjaRenderer().report(
        "evaluation", context(made, command="digest eval ranking DIR", version="1")
    )
    parsed = Page(page)
    assert (parsed.open, parsed.wanted) == ([], [])
    assert not re.search(r"url\(|@import|https?:", page)
    assert "&lt;libraries&gt;" in page
    assert "this &amp; that" in page
    assert "zotero-arxiv-daily is left out: no vectors." in page
    assert "prefers-color-scheme: dark" in page
    assert page.lstrip().startswith("<!doctype html>")
