"""What every built-in ranker must do, whatever its way of ranking."""

from __future__ import annotations

import gzip
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from digest.errors import ConfigError
from digest.model import Candidate, Interest, InterestKind, Paper, Profile, Signal, SignalName
from digest.ports import Ranker
from digest.ranking import RANKERS, blend_of, leading_of, names, ranker
from digest.ranking.default import DefaultRanker
from tests.support.ranking import Listed

NOW = datetime(2026, 11, 24, 7, 0, tzinfo=UTC)
WORDS = ("soft robots grasp", "galaxies in dust", "neurons that spike", "parsers of speech")
PAPERS = [
    Paper(
        f"arxiv:2611.{number:05d}",
        f"{WORDS[number % 4]} {number}",
        f"A longer text on {WORDS[number % 4]}.",
        (f"Ada Example{number}",),
        (("cs.RO", "astro-ph.GA", "q-bio.NC", "cs.CL")[number % 4],),
    )
    for number in range(24)
]
CANDIDATES = [
    Candidate(
        paper,
        NOW - timedelta(hours=number % 7),
        (Signal(paper.key, "hub", SignalName.UPVOTES, 3 * number, NOW - timedelta(hours=1)),),
    )
    for number, paper in enumerate(PAPERS[:16])
]
PROFILES = {
    "nothing": Profile(),
    "keyword": Profile((Interest(InterestKind.KEYWORD, "soft robots"),)),
    "likes": Profile(liked=tuple(PAPERS[16:20]), disliked=(PAPERS[21],), trending_weight=0.0),
    "other likes": Profile(
        (Interest(InterestKind.TEXT, "speech is parsed"), Interest(InterestKind.SEED, "x")),
        liked=(Paper("x:wordless", "?!"), *PAPERS[20:24]),
        disliked=(PAPERS[16], PAPERS[17]),
        trending_weight=0.0,
    ),
    "mute": Profile((Interest(InterestKind.CATEGORY, "cs.CL", -1.0),), trending_weight=1.0),
}


@pytest.fixture(params=sorted(RANKERS))
def each(request: pytest.FixtureRequest) -> Ranker:
    return ranker(request.param)


@pytest.fixture(params=sorted(PROFILES))
def profile(request: pytest.FixtureRequest) -> Profile:
    return PROFILES[request.param]


def test_every_candidate_comes_once_or_is_muted(each: Ranker, profile: Profile) -> None:
    scored = Listed.fit(each, CANDIDATES, PAPERS, NOW).score(profile)
    keys = [one.paper.key for one in scored]
    muted = {one.value for one in profile.interests if one.weight < 0}
    wanted = {one.paper.key for one in CANDIDATES if one.paper.primary_category not in muted}
    assert len(keys) == len(set(keys))
    assert set(keys) == wanted


def test_scores_are_shares_and_fall(each: Ranker, profile: Profile) -> None:
    scored = Listed.fit(each, CANDIDATES, PAPERS, NOW).score(profile)
    assert all(
        0 <= value <= 1 for one in scored for value in (one.score, one.relevance, one.trending)
    )
    assert [one.score for one in scored] == sorted((one.score for one in scored), reverse=True)


def test_every_paper_has_a_reason_of_one_line(each: Ranker, profile: Profile) -> None:
    for one in Listed.fit(each, CANDIDATES, PAPERS, NOW).score(profile):
        assert one.reason.strip()
        assert len(one.reason.splitlines()) == 1


def test_the_same_input_gives_the_same_order(each: Ranker, profile: Profile) -> None:
    once = Listed.fit(each, CANDIDATES, PAPERS, NOW).score(profile)
    again = Listed.fit(each, CANDIDATES[::-1], PAPERS[::-1], NOW).score(profile)
    assert once == again


def test_one_subscriber_does_not_change_what_the_next_one_gets(each: Ranker) -> None:
    ranking = Listed.fit(each, CANDIDATES, PAPERS, NOW)
    alone = ranking.score(PROFILES["keyword"])
    for profile in PROFILES.values():
        ranking.score(profile)
    assert ranking.score(PROFILES["keyword"]) == alone


def test_a_subscriber_gets_the_same_alone_and_among_others(each: Ranker) -> None:
    ranking = each.fit(CANDIDATES, PAPERS, NOW)
    together = ranking.score(list(PROFILES.values()))
    for row, profile in enumerate(PROFILES.values()):
        alone = ranking.score([profile])
        assert np.array_equal(alone.score[0], together.score[row])
        assert np.array_equal(alone.relevance[0], together.relevance[row])
        for mine, everybodys in zip(blend_of(alone), blend_of(together), strict=True):
            assert np.array_equal(mine[0], everybodys[row])
        for column in range(len(ranking.candidates)):
            assert alone.reason(0, column) == together.reason(row, column)


def test_what_leads_is_the_same_alone_and_among_others(each: Ranker) -> None:
    ranking = each.fit(CANDIDATES, PAPERS, NOW)
    profiles = list(PROFILES.values())
    leading = leading_of(ranking.score(profiles))
    if leading is None:
        pytest.skip("it does not know which interest leads")
    columns = np.array([[row, 3, 2, 15] for row in range(len(profiles))])
    together = leading(columns)
    assert together.shape == columns.shape
    assert np.issubdtype(together.dtype, np.integer)
    for row, profile in enumerate(profiles):
        alone = leading_of(ranking.score([profile]))
        assert alone is not None
        assert np.array_equal(alone(columns[row : row + 1])[0], together[row])
        if len(profile.interests) + bool(profile.liked) < 2:
            assert (together[row] < 0).all()


def test_no_profiles_is_no_error(each: Ranker) -> None:
    ranking = each.fit(CANDIDATES, PAPERS, NOW)
    assert ranking.score([]).score.shape == (0, len(CANDIDATES))


def test_no_papers_is_no_error(each: Ranker, profile: Profile) -> None:
    assert Listed.fit(each, [], [], NOW).score(profile) == []


def test_rankers_are_made_by_name() -> None:
    assert names()[: len(RANKERS)] == list(RANKERS)
    assert isinstance(ranker("default"), DefaultRanker)


def test_a_ranker_that_nobody_has_is_an_error_that_names_those_there_are() -> None:
    with pytest.raises(ConfigError, match=r'no ranker "oracle": use one of default'):
        ranker("oracle")


def test_a_real_day_is_ranked(each: Ranker, shared_data: Path) -> None:
    with gzip.open(shared_data / "stream" / "hf_daily.jsonl.gz", "rt") as file:
        listed = [json.loads(line) for line in file]
    days = sorted({one["list_date"] for one in listed if one["list_date"] >= "2026-02"})[:5]
    now = datetime.fromisoformat(f"{days[-1]}T12:00:00+00:00")
    past = [_paper(one) for one in listed if one["list_date"] < days[0]][-1000:]
    pool = {
        one["id"]: Candidate(
            _paper(one),
            now - timedelta(hours=4),
            (
                Signal(
                    f"arxiv:{one['id']}",
                    "hub",
                    SignalName.UPVOTES,
                    one["upvotes"],
                    now - timedelta(hours=4),
                ),
            ),
        )
        for one in listed
        if one["list_date"] == days[-1]
    }
    ranking = Listed.fit(each, list(pool.values()), past, now)
    trending = ranking.score(Profile())
    best = max(one.signals[0].value for one in pool.values())
    assert pool[trending[0].paper.key.removeprefix("arxiv:")].signals[0].value == best
    assert "upvotes" in trending[0].reason

    word = Profile((Interest(InterestKind.KEYWORD, "video"),), trending_weight=0.1)
    chosen = ranking.choose(word, max_papers=12, min_score=0.1)
    assert chosen
    top = chosen[0]
    assert "video" in f"{top.title} {top.abstract}".lower()


def _paper(one: dict[str, str]) -> Paper:
    return Paper(f"arxiv:{one['id']}", one["title"], one["abstract"])
