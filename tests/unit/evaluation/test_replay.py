from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pytest

from digest.evaluation.replay import Moment, Occasion, Showing, outcomes, replay
from digest.model import Candidate, Paper, Profile
from digest.ports import Ranker, Ranking
from digest.ranking import ranker
from digest.testing import ListRanker

NOW = datetime(2026, 11, 24, 7, 0, tzinfo=UTC)
SUBJECTS = ("robots", "galaxies", "neurons", "parsers", "proteins", "glaciers")
PAPERS = [
    Paper(f"p{number}", f"On {word}", f"All of {word}.") for number, word in enumerate(SUBJECTS)
]
KEYS = [paper.key for paper in PAPERS]


def occasion(
    *sent: str, reader: int = 1, could: str = "", more: str = "", less: str = ""
) -> Occasion:
    """Return a digest; papers that could stand in it are all, unless they are named."""
    return Occasion(
        reader,
        Profile(),
        sent,
        frozenset(could.split() or KEYS),
        frozenset(more.split()),
        frozenset(less.split()),
    )


def shown(ranker: Ranker, *occasions: Occasion) -> list[Showing]:
    moment = Moment(NOW, [Candidate(paper, NOW) for paper in PAPERS], (), occasions)
    return list(replay([moment], {"list": ranker}, diversity=0.0))


def test_as_many_papers_are_shown_as_were_sent_in_the_order_of_the_ranker() -> None:
    one, other = shown(ListRanker(["p3", "p1"]), occasion("p0", "p1", more="p1"), occasion("p5"))
    assert one.keys == ("p3", "p1")
    assert other.keys == ("p3",)


def test_a_ranker_that_scores_nothing_shows_as_many() -> None:
    # A digest would be empty then: zero is out there.
    (one,) = shown(ranker("default"), occasion("p0", "p1", "p2", more="p1"))
    assert len(one.keys) == 3


def test_what_could_not_be_sent_is_not_shown() -> None:
    (one,) = shown(ListRanker(["p3", "p1"]), occasion("p0", "p5", could="p0 p1 p5"))
    assert one.keys == ("p1", "p0")


def test_pairs_are_right_where_the_wanted_paper_stands_higher() -> None:
    order = ListRanker(["p1", "p0", "p2", "p3"])
    right, half, none = shown(
        order,
        occasion("p0", more="p1", less="p2 p3"),
        occasion("p0", more="p0", less="p1 p3"),
        occasion("p0", more="p0"),
    )
    assert (right.right, half.right, none.right) == (1, 0.5, None)


def test_outcomes_are_means_over_the_digests_where_something_was_said() -> None:
    (found,) = outcomes(
        shown(
            ListRanker(KEYS),
            occasion("p0", "p1", more="p0 p5", less="p4", reader=1),
            occasion("p4", "p5", more="p1", reader=2),
        ),
        seed=1,
    )
    assert (found.ranker, found.digests, found.readers) == ("list", 2, 2)
    assert found.more is not None
    assert found.more.mean == pytest.approx((0.5 + 1) / 2)
    assert found.less is not None
    assert found.less.mean == 0
    assert found.same is not None
    assert found.same.mean == pytest.approx(0.5)
    assert found.right is not None
    assert found.right.mean == pytest.approx(0.5)


def test_what_nobody_has_said_is_not_known() -> None:
    (found,) = outcomes(shown(ListRanker(KEYS), occasion("p0", more="p0")), seed=1)
    assert (found.less, found.right) == (None, None)
    assert outcomes([], seed=1) == []


def test_each_moment_is_ranked_by_itself() -> None:
    first = Moment(NOW, [Candidate(PAPERS[0], NOW)], (), [occasion("p0", could="p0")])
    second = Moment(
        NOW + timedelta(days=1), [Candidate(PAPERS[1], NOW)], (), [occasion("p1", could="p1")]
    )
    found = list(replay([first, second], {"list": ListRanker(KEYS)}, diversity=0.3))
    assert [one.keys for one in found] == [("p0",), ("p1",)]


def test_a_ranker_that_learns_from_all_readers_is_told_what_they_liked() -> None:
    class Social(ListRanker):
        def fit_among(
            self,
            candidates: Sequence[Candidate],
            background: Sequence[Paper],
            now: datetime,
            libraries: Sequence[Sequence[Paper]],
        ) -> Ranking:
            liked = [paper.key for library in libraries for paper in library]
            return ListRanker(liked).fit(candidates, background, now)

    candidates = [Candidate(paper, NOW) for paper in PAPERS]
    moment = Moment(NOW, candidates, (), [occasion("p0")], libraries=[[PAPERS[4]]])
    (one,) = replay([moment], {"social": Social(KEYS)}, diversity=0.0)
    assert one.keys == ("p4",)
