"""Facts about the attention that papers may expect before anybody has voted."""

from __future__ import annotations

import gzip
import json
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.stats import spearmanr

from digest.ranking import score_attention
from digest.ranking.expecting import ENOUGH
from digest.ranking.learning import days_of, figures_before
from digest.ranking.listing import Listing
from digest.ranking.repute import Repute
from digest.ranking.traits import Trait
from tests.support.listings import records, unvoted

PAST = records(400)
LATER = records(440)[400:]


def scores(today: list[dict[str, Any]], past: list[dict[str, Any]] = PAST) -> list[float]:
    return score_attention(past, today).tolist()


def test_what_was_looked_at_before_is_expected_to_be_again() -> None:
    found = scores([unvoted(one) for one in LATER])
    assert spearmanr(found, [one["upvotes"] for one in LATER]).statistic > 0.7
    assert 0 < min(found) < 0.3 < 0.7 < max(found) < 1


def test_the_same_is_learned_again() -> None:
    today = [unvoted(one) for one in LATER]
    first = scores(today)
    # Another equal past is learned anew: the first one is no longer kept after two others.
    for few in (PAST[:310], PAST[:320]):
        scores(today, few)
    assert first == scores(today)


def test_a_score_does_not_depend_on_the_other_papers() -> None:
    today = [unvoted(one) for one in LATER]
    assert scores(today[:1])[0] == pytest.approx(scores(today)[0], abs=1e-9)


def test_ranks_and_comments_of_today_are_not_looked_at() -> None:
    plain = scores([unvoted(one) for one in LATER])
    told = [
        unvoted(one) | {"rank": place, "num_comments": 50 - place}
        for place, one in enumerate(LATER)
    ]
    assert scores(told) == plain


def test_what_is_listed_on_the_day_or_later_is_not_looked_at() -> None:
    today = [unvoted(one) for one in LATER[:5]]
    assert scores(today, [*PAST, *LATER]) == scores(today)


def test_an_early_count_is_met_half_way() -> None:
    today = [unvoted(one) for one in LATER]
    expected = scores(today)
    best, worst = int(np.argmax(expected)), int(np.argmin(expected))
    counts = [8] * len(today)
    counts[worst] = 200
    voted = scores([one | {"upvotes": count} for one, count in zip(today, counts, strict=True)])
    assert voted[worst] > voted[best] > 0.5
    assert np.argsort(voted)[0] != worst


def test_an_early_count_of_one_paper_leaves_the_others_alone() -> None:
    today = [unvoted(one) for one in LATER]
    before = scores(today)
    after = scores([today[0] | {"upvotes": 60}, *today[1:]])
    assert after[0] != before[0]
    assert after[1:] == before[1:]


def test_with_a_short_past_nothing_is_expected() -> None:
    today = [unvoted(one) for one in LATER]
    assert scores(today, PAST[: ENOUGH - 1]) == [0.0] * len(today)
    assert scores([LATER[0] | {"upvotes": 50}], []) == [0.5]
    assert scores(today, [unvoted(one) for one in PAST]) == [0.0] * len(today)


def test_nothing_to_score_is_no_error() -> None:
    assert score_attention(PAST, []).shape == (0,)
    assert score_attention([], []).shape == (0,)


def test_a_title_is_enough() -> None:
    bare = [{"title": one["title"], "upvotes": one["upvotes"]} for one in PAST]
    found = scores([{"title": "agent with data"}, {"title": "parity with data"}], bare)
    assert found[0] > found[1]


def test_papers_of_one_title_are_no_error() -> None:
    same = [{"title": "the", "upvotes": 3} for _ in range(ENOUGH)]
    assert score_attention(same, [{"title": "the"}]) == pytest.approx([0.5], abs=0.2)


def test_a_record_without_a_title_is_named() -> None:
    with pytest.raises(ValueError, match=r'today\[1\]: a record has no "title"'):
        score_attention([], [{"title": "One"}, {"id": "2"}])


def test_the_past_of_a_name_is_from_before_the_day() -> None:
    repute = Repute()
    papers = [Listing.of_record(one) for one in PAST[:10]]
    rows = figures_before(papers, np.arange(10.0), repute)
    for row in rows:
        assert row[Trait.AUTHORS][3] == 0  # nobody has a past on the first day
    again = figures_before([Listing.of_record(PAST[10])] * 2, np.array([5.0, -5.0]), repute)
    assert again[0] == again[1]


def test_who_has_no_day_was_listed_with_the_one_before() -> None:
    days = [None, date(2026, 3, 2), None, date(2026, 3, 3)]
    assert days_of([Listing("x", day=day) for day in days]) == [
        date(2026, 3, 2),
        date(2026, 3, 2),
        date(2026, 3, 2),
        date(2026, 3, 3),
    ]


def test_it_finds_what_is_voted_for_on_the_stream_of_hugging_face(shared_data: Path) -> None:
    path = shared_data / "stream" / "hf_daily.jsonl.gz"
    with gzip.open(path, "rt", encoding="utf-8") as file:
        stream = [json.loads(line) for line in file]
    past = [one for one in stream if "2025-01-01" <= one["list_date"] < "2026-01-01"]
    later = [one for one in stream if "2026-01-01" <= one["list_date"] < "2026-02-01"]
    found = score_attention(past, [unvoted(one) for one in later])
    by_day = {
        day: [row for row, one in enumerate(later) if one["list_date"] == day]
        for day in sorted({one["list_date"] for one in later})
    }
    ranks = [
        spearmanr(found[rows], [later[row]["upvotes"] for row in rows]).statistic
        for rows in by_day.values()
        if len(rows) >= 8
    ]
    assert np.mean(ranks) > 0.45
