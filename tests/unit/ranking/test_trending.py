from __future__ import annotations

import gzip
import json
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from digest.model import Candidate, Signal, SignalName, Track, Trend, Window
from digest.ranking.gains import figures, gained
from digest.ranking.trending import measured, standing
from tests.unit.ranking.samples import NOW, candidate, papers, signal


def trending(signals: list[Signal], now: datetime = NOW, *, window: Window = Window.DAY) -> float:
    """Return the score of a paper with these figures on the absolute scale."""
    one = Candidate(papers(1)[0], now - timedelta(hours=2), tuple(signals))
    (trend,) = [each.trend for each in measured([one], (), now, window)]
    assert trend is not None
    return trend.score


def heat(signals: list[Signal], now: datetime = NOW) -> float:
    """Return the fresh upvotes that these figures are worth alone on the absolute scale."""
    score = trending(signals, now)
    return 50 * score / (1 - score)


def test_a_paper_without_signals_is_not_trending() -> None:
    assert trending([], NOW) == 0
    assert trending([signal(0)], NOW) == 0


def test_fifty_fresh_upvotes_are_half_way() -> None:
    assert trending([signal(50, hours=0)], NOW) == pytest.approx(0.5)


def test_attention_halves_each_day() -> None:
    assert heat([signal(80, hours=48)], NOW) == pytest.approx(20)


def test_what_was_gained_since_yesterday_counts_more_than_what_was_there() -> None:
    rising = [signal(10, hours=25), signal(60, hours=1)]
    resting = [signal(60, hours=25), signal(60, hours=1)]
    assert trending(rising, NOW) > trending(resting, NOW) > 0


def test_a_figure_that_is_seen_twice_counts_once() -> None:
    once = [signal(30, hours=2)]
    assert heat([*once, signal(30, hours=1)], NOW) == heat(once, NOW)


def test_a_figure_that_fell_and_recovered_counts_once() -> None:
    dip = [signal(30, hours=3), signal(28, hours=2), signal(30, hours=1)]
    assert heat(dip, NOW) == heat(dip[:1], NOW)


def test_stars_count_from_the_first_figure_on() -> None:
    stars = [signal(20_000, hours=10, name="stars"), signal(20_040, hours=0, name="stars")]
    assert heat(stars[:1], NOW) == 0
    assert heat(stars, NOW) == pytest.approx(10)


def test_sources_that_show_the_same_figure_are_not_added_up() -> None:
    one, other = signal(30, source="a"), signal(20, source="b")
    assert heat([one, other], NOW) == heat([one], NOW)
    assert heat([one, signal(5, name="comments")], NOW) > heat([one], NOW)


def test_what_is_seen_after_now_does_not_count() -> None:
    assert heat([signal(30, hours=-1)], NOW) == 0


@given(
    st.lists(
        st.builds(
            signal,
            st.integers(0, 10**9),
            hours=st.floats(-50, 10_000),
            name=st.sampled_from([str(name) for name in SignalName]),
            source=st.sampled_from(["a", "b"]),
        ),
        max_size=8,
    )
)
def test_any_history_gives_a_share_whatever_its_order(history: list[Signal]) -> None:
    score = trending(history, NOW)
    assert 0 <= score <= 1
    assert trending(history[::-1], NOW) == pytest.approx(score)


def track(value: int, *, category: str = "cs.RO", days: float = 10, hours: float = 1) -> Track:
    """Return a paper of earlier days that had so much so many hours after it was listed."""
    listed_at = NOW - timedelta(days=days)
    seen = Signal("t", "past", SignalName.UPVOTES, value, listed_at + timedelta(hours=hours))
    return Track(category, listed_at, (seen,))


def among(
    tracks: list[Track], *signals: Signal, category: str = "cs.RO", hours: float = 2
) -> Trend:
    """Return the trend of a paper of that field among papers of earlier days."""
    paper = replace(papers(1)[0], categories=(category,))
    (one,) = measured([candidate(paper, *signals, hours=hours)], tracks, NOW)
    assert one.trend is not None
    return one.trend


QUIET = [track(number % 4) for number in range(100)]
LOUD = [track(number, category="cs.CL") for number in range(100)]


def test_a_vote_counts_more_where_votes_are_rare() -> None:
    quiet, loud = (
        among([*QUIET, *LOUD], signal(20), category=name).score for name in ("cs.RO", "cs.CL")
    )
    absolute = trending([signal(20)], NOW)
    assert quiet > 1.5 * absolute
    assert loud < absolute


def test_a_field_moves_a_paper_fourfold_at_most() -> None:
    silent = [track(0) for _ in range(2000)]
    (few,) = among(silent, signal(3)).strengths
    assert few.odds == pytest.approx(4 * few.plain)
    busy = [track(5000) for _ in range(2000)]
    (many,) = among(busy, signal(400)).strengths
    assert many.odds == pytest.approx(many.plain / 4)


@pytest.mark.parametrize("crowd", [0, 1, 50, 2000])
def test_one_vote_in_an_empty_field_is_not_trending(crowd: int) -> None:
    assert among([track(0) for _ in range(crowd)], signal(1)).score < 0.1


def test_a_few_earlier_papers_move_little() -> None:
    one, many = (among([track(0)] * count, signal(8)).score for count in (2, 200))
    absolute = trending([signal(8)], NOW)
    assert absolute < one < 1.25 * absolute
    assert many > 2 * absolute


def test_papers_are_compared_at_the_same_age() -> None:
    # All had their votes in the first hour; five days later nobody looks at them any more.
    tracks = [track(40) for _ in range(200)]
    early = among(tracks, signal(30, hours=1), hours=2).strengths[0]
    late = among(tracks, signal(30, hours=1), hours=120).strengths[0]
    assert early.heat == late.heat
    assert early.odds < early.plain < late.odds


def test_only_what_was_seen_by_that_age_is_compared() -> None:
    young = [track(40, days=0.05, hours=1)] * 5
    later = [track(40, hours=48)] * 3
    place = among([*young, *later, track(40)], signal(30), hours=2).strengths[0].everywhere
    assert place.papers == 1


def test_what_is_explained_can_be_computed_again_by_hand() -> None:
    trend = among([*QUIET, *LOUD], signal(6, hours=26), signal(20, hours=2), hours=30)
    (one,) = trend.strengths
    assert [gain.number for gain in one.gains] == [6, 14]
    heat = 6 * 0.5 ** (26 / 24) + 14 * 0.5 ** (2 / 24)
    assert one.heat == pytest.approx(heat)
    assert one.plain == pytest.approx(heat / 50)
    # At the age of 30 hours the earlier papers had cooled for 29.
    hot = [value for value in range(100) if value * 0.5 ** (29 / 24) >= heat]
    everywhere = (len(hot) + 20 / (1 + 19 * heat / 50)) / 220
    assert (one.everywhere.papers, one.everywhere.as_hot) == (200, len(hot))
    assert one.everywhere.share == pytest.approx(everywhere)
    assert one.field is not None
    assert (one.field.papers, one.field.as_hot) == (100, 0)
    share = 20 * everywhere / 120
    assert one.field.share == pytest.approx(share)
    odds = min((1 - share) / (19 * share), 4 * heat / 50)
    assert one.odds == pytest.approx(odds)
    assert trend.score == pytest.approx(odds / (1 + odds))


def test_a_second_signal_counts_half() -> None:
    both = among([], signal(50, hours=0), signal(25, hours=0, name="comments"))
    assert [one.odds for one in both.strengths] == pytest.approx([1, 1])
    assert both.score == pytest.approx(1.5 / 2.5)


def test_a_paper_without_a_category_is_measured_among_all() -> None:
    (one,) = among(QUIET, signal(20), category="").strengths
    assert one.field is None
    assert one.everywhere.papers == 100


def test_a_count_that_was_a_mistake_does_no_harm() -> None:
    mistaken = [signal(10, hours=5), signal(9_000, hours=3), signal(12, hours=1)]
    assert heat(mistaken) <= heat([signal(12, hours=1)])
    vanished = [signal(300, hours=50), signal(0, hours=30), signal(300, hours=1)]
    assert heat(vanished) == pytest.approx(heat(vanished[:1]))


def test_what_was_gained_while_nobody_looked_is_no_sudden_rise() -> None:
    slow = [signal(10, hours=97), signal(90, hours=1)]
    # The same count, but others of the source were seen to move meanwhile.
    seen = [track(n, hours=20.0 * n) for n in range(1, 5)]
    paper = papers(1)[0]
    gap, none = (
        measured([candidate(paper, *slow, hours=98)], others, NOW)[0].trend for others in ([], seen)
    )
    assert gap is not None
    assert none is not None
    assert gap.strengths[0].gains[-1].at == NOW - timedelta(hours=49)
    assert gap.score < none.score


def test_longer_windows_remember_more() -> None:
    old = [signal(100, hours=96)]
    day, week, month = (trending(old, NOW, window=window) for window in Window)
    assert day < week < month


def test_a_place_is_named_where_it_is_among_the_first_of_many() -> None:
    paper = papers(1)[0]

    def stands(value: int, tracks: list[Track]) -> tuple[int, str] | None:
        (one,) = measured([candidate(paper, signal(value), hours=2)], tracks, NOW)
        return standing(one)

    assert stands(20, [*QUIET, *LOUD[:24]]) == (1, "cs.RO")
    assert stands(50, QUIET) == (1, "")
    assert stands(95, LOUD) == (5, "")
    assert stands(50, LOUD) is None
    assert stands(50, QUIET[:19]) is None


def test_figures_are_the_latest_and_the_largest_of_the_sources() -> None:
    shown = figures(
        candidate(
            papers(1)[0],
            signal(9, hours=9, source="a"),
            signal(7, hours=1, source="a"),
            signal(8, hours=5, source="b"),
            signal(3, name="comments"),
        )
    )
    assert shown == {"upvotes": 8, "comments": 3}


def test_a_paper_without_signals_has_no_figures() -> None:
    assert figures(candidate(papers(1)[0])) == {}


@pytest.mark.parametrize(("hours", "gain"), [(2, {}), (24, {"upvotes": 43}), (72, {})])
def test_gains_are_since_yesterday_only_where_yesterday_is_known(
    hours: float, gain: dict[str, int]
) -> None:
    assert gained([signal(7, hours=hours), signal(50, hours=1)], NOW) == gain


def test_the_early_score_foretells_the_later_count(shared_data: Path) -> None:
    # Papers of one spring, seen the morning after and again a day or more later.
    seen: dict[str, list[Signal]] = {}
    with gzip.open(shared_data / "stream" / "hf_upvote_obs.jsonl.gz", "rt") as file:
        for line in file:
            one = json.loads(line)
            if one["t"] >= "2025-05":
                at = datetime.fromisoformat(one["t"])
                key = one["id"]
                seen.setdefault(key, []).append(
                    Signal(key, "hub", SignalName.UPVOTES, one["upvotes"], at)
                )
    pairs = [
        (trending(history[:1], history[0].observed_at), history[-1].value)
        for history in seen.values()
        if history[-1].observed_at - history[0].observed_at > timedelta(days=1)
    ]
    assert len(pairs) > 500
    pairs.sort(key=lambda pair: -pair[0])
    tenth = len(pairs) // 10
    top = sum(late for _, late in pairs[:tenth]) / tenth
    rest = sum(late for _, late in pairs[tenth:]) / (len(pairs) - tenth)
    assert top > 3 * rest
    assert 0.02 < sum(score >= 0.5 for score, _ in pairs) / len(pairs) < 0.1
