"""Facts about how expected attention is held against the votes that came."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from digest.errors import EvaluationDataError, InvalidInput
from digest.evaluation import foresight, stream
from digest.evaluation.metrics import agreement, ndcg
from tests.support.libraries import lines
from tests.support.listings import records


def folder(where: Path, listed: list[dict[str, Any]], seen: list[dict[str, Any]] = []) -> Path:  # noqa: B006
    where.mkdir(exist_ok=True)
    lines(where / "hf_daily.jsonl.gz", listed)
    if seen:
        lines(where / "hf_upvote_obs.jsonl.gz", seen)
    return where


# --- figures --------------------------------------------------------------------------------


def test_graded_gains_are_a_share_of_the_best_order() -> None:
    assert ndcg(np.array([9.0, 4, 0]), 10) == 1
    assert ndcg(np.array([0.0, 9]), 10) == pytest.approx(1 / np.log2(3))
    assert ndcg(np.array([0.0, 0, 5]), 2) == 0
    assert ndcg(np.zeros(3), 10) == 1


def test_agreement_is_that_of_ranks() -> None:
    assert agreement(np.array([1.0, 2, 9]), np.array([0.0, 5, 6])) == pytest.approx(1)
    assert agreement(np.array([3.0, 2, 1]), np.array([0.0, 5, 6])) == pytest.approx(-1)
    assert agreement(np.ones(3), np.array([0.0, 5, 6])) == 0


# --- data -----------------------------------------------------------------------------------


def test_the_latest_observation_is_the_last_count(tmp_path: Path) -> None:
    listed = [{"id": name, "title": name, "list_date": "2026-03-02", "upvotes": 3} for name in "ab"]
    seen = [
        {"id": "a", "t": "2026-03-09T00:00:00Z", "upvotes": 40},
        {"id": "a", "t": "2026-03-03T00:00:00Z", "upvotes": 20},
    ]
    found = stream.read(folder(tmp_path / "lists", listed, seen))
    assert found.name == "lists"
    assert [(one.early, one.last) for one in found.papers] == [(3, 40), (3, 3)]
    assert found.papers[0].past["upvotes"] == 40
    assert "upvotes" not in found.papers[0].unvoted


def test_what_tells_of_the_votes_is_not_asked_about() -> None:
    record = {"title": "a", "upvotes": 3, "num_comments": 2, "rank": 1, "authors": ["Ada"]}
    one = stream.Listed(date(2026, 3, 2), record, 3, 9)
    assert one.unvoted == {"title": "a", "authors": ["Ada"]}


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ({"title": "a", "upvotes": 1}, '"list_date" must be a day'),
        ({"title": "a", "upvotes": 1, "list_date": 3}, '"list_date" must be a day'),
        ({"upvotes": 1, "list_date": "2026-03-02"}, 'has no "title"'),
        ({"title": "a", "upvotes": -1, "list_date": "2026-03-02"}, '"upvotes" must be'),
    ],
)
def test_every_wrong_line_is_named(tmp_path: Path, line: dict[str, Any], problem: str) -> None:
    with pytest.raises(EvaluationDataError) as caught:
        stream.read(folder(tmp_path, [line]))
    assert f"hf_daily.jsonl.gz, line 1: {problem}" in str(caught.value)


def test_a_folder_that_is_none_is_named(tmp_path: Path) -> None:
    with pytest.raises(EvaluationDataError, match="there is no folder"):
        stream.read(tmp_path / "nowhere")
    with pytest.raises(EvaluationDataError, match=r"no hf_daily\.jsonl\.gz"):
        stream.read(tmp_path)


# --- trials ---------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def lists(tmp_path_factory: pytest.TempPathFactory) -> stream.Stream:
    """Return the lists of ten papers a day from 5 January to 18 February 2026."""
    listed = records(450)
    seen = [
        {"id": one["id"], "t": "2026-06-01T00:00:00Z", "upvotes": 2 * one["upvotes"]}
        for one in listed
    ]
    return stream.read(folder(tmp_path_factory.mktemp("lists"), listed, seen))


def test_the_first_days_of_months_with_enough_past_are_tried(lists: stream.Stream) -> None:
    assert foresight.dates_of(lists, 5) == []
    assert foresight.dates_of(stream.Stream("x", [*lists.papers] * 2), 5) == [date(2026, 2, 1)]


def test_a_trial_learns_before_its_date_and_tests_from_then_on(lists: stream.Stream) -> None:
    found = foresight.run(lists, [date(2026, 2, 10)], days=8, seed=1)
    (trial,) = found.trials
    assert (trial.past, trial.days, trial.papers) == (360, 8, 80)
    ours, chance = (found.overall[name]["spearman"] for name in ("digest", "random"))
    assert ours.mean > 0.6 > 0.3 > chance.mean
    assert found.medians["early upvotes"]["ndcg@10"] == 1
    assert found.medians["digest"]["ndcg@10"] == trial.figures["digest"]["ndcg@10"].mean
    again = foresight.run(lists, [date(2026, 2, 10)], days=8, seed=1)
    assert again.overall == found.overall


def test_a_trait_can_be_left_out(lists: stream.Stream) -> None:
    found = foresight.run(
        lists, [date(2026, 2, 10)], days=9, seed=1, without=["authors", "text", "code"]
    )
    whole = found.medians["digest"]["spearman"]
    for trait in ("authors", "text"):
        assert found.medians[f"without {trait}"]["spearman"] < whole - 0.02


@pytest.mark.parametrize("day", [date(2026, 1, 20), date(2026, 6, 1)])
def test_a_date_that_cannot_be_tried_is_an_error(lists: stream.Stream, day: date) -> None:
    with pytest.raises(InvalidInput, match=f"{day} cannot be tried"):
        foresight.run(lists, [day], days=31, seed=1)
    with pytest.raises(InvalidInput, match="no month with 300 papers before it"):
        foresight.run(lists, [], days=31, seed=1)
