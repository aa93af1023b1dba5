from __future__ import annotations

import gzip
import json
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from digest.model import Signal, SignalName
from digest.ranking.trending import figures, gained, heat, trending
from tests.unit.ranking.samples import NOW, candidate, papers, signal


def test_a_paper_without_signals_is_not_trending() -> None:
    assert trending([], NOW) == 0
    assert trending([signal(0)], NOW) == 0


def test_fifty_fresh_upvotes_are_half_way() -> None:
    assert trending([signal(50, hours=0)], NOW) == 0.5


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
