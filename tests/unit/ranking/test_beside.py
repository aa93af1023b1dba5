"""What keywords and texts still count beside likes."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from digest.embedders import InMemory, Model
from digest.model import EvidenceKind, Paper, Profile
from digest.ranking.closeness import left_beside
from digest.ranking.default import DefaultRanker
from digest.testing import FakeEmbedder
from tests.unit.ranking.samples import NOW, SUBJECTS, by_key, candidate, fit, papers, profile, want

POOL = papers(40)
TODAY = [candidate(paper) for paper in POOL]
LIKED = papers(48, seed=3, prefix="liked")
ROBOTS, STARS = LIKED[::4], LIKED[2::4]


@given(st.lists(st.floats(0, 100), max_size=6))
def test_likes_only_take_and_never_all(about: list[float]) -> None:
    left = left_beside(about)
    assert len(left) == len(about)
    assert all(0 < one <= 1 for one in left)
    # What fewer likes are about keeps more.
    assert sorted(left, reverse=True) == [one for _, one in sorted(zip(about, left, strict=True))]


def test_what_no_like_is_about_keeps_all_alone_and_most_beside_others() -> None:
    assert left_beside([]) == []
    assert left_beside([0.0, 0.0]) == [1.0, 1.0]
    often, never = left_beside([20.0, 0.0])
    assert often < 0.1
    assert never == pytest.approx(0.6)


def test_the_first_likes_take_little() -> None:
    (after_one,) = left_beside([0.15])
    assert after_one > 0.7


def _weight(likes: int, kind: EvidenceKind = EvidenceKind.KEYWORD, subject: str = "cs.RO") -> float:
    """Return what the keyword gripper weighs beside so many likes of a subject."""
    liked = [one for one in LIKED if one.categories == (subject,)][:likes]
    ranking = DefaultRanker().fit(TODAY, papers(60, seed=2, prefix="past"), NOW)
    scores = ranking.score([profile(want("keyword", "gripper"), liked=tuple(liked))])
    column = next(
        place for place, one in enumerate(ranking.candidates) if "gripper" in one.paper.title
    )
    (weight,) = (one.weight for one in scores.explain(0, column).evidence if one.kind is kind)
    return weight


@pytest.mark.parametrize("kind", [EvidenceKind.KEYWORD, EvidenceKind.WORDS])
def test_a_keyword_weighs_less_the_more_likes_are_about_it(kind: EvidenceKind) -> None:
    weights = [_weight(likes, kind) for likes in (0, 1, 4, 12)]
    assert weights[0] == 1
    assert weights == sorted(weights, reverse=True)
    assert weights[-1] < 0.1 < 0.3 < weights[1]


def test_a_keyword_that_is_too_common_for_a_vector_weighs_less_the_more_likes_there_are() -> None:
    def weights(likes: int) -> list[float]:
        """Return the weights of keywords in all papers and in some, beside one in none."""
        ranking = DefaultRanker().fit(TODAY, papers(60, seed=2, prefix="past"), NOW)
        asked = [want("keyword", word) for word in ("show", "gripper", "unheard")]
        scores = ranking.score([profile(*asked, liked=tuple(ROBOTS[:likes]))])
        column = next(
            place for place, one in enumerate(ranking.candidates) if "gripper" in one.paper.title
        )
        evidence = scores.explain(0, column).evidence
        return [one.weight for one in evidence if one.kind is EvidenceKind.KEYWORD]

    common, rare = zip(*map(weights, (0, 1, 4, 12)), strict=True)
    assert common[0] == rare[0] == 1
    assert list(common) == sorted(common, reverse=True)
    assert common[-1] < 0.6


def test_a_keyword_of_a_subject_that_nothing_was_liked_of_stays_asked_for() -> None:
    assert _weight(12, subject="astro-ph.GA") > 0.9
    stars = fit(*TODAY).score(
        profile(want("keyword", "gripper"), want("keyword", "galaxy"), liked=tuple(STARS))
    )
    assert any("gripper" in one.reason for one in stars[:12])


def test_likes_decide_between_papers_that_a_keyword_finds() -> None:
    near = Paper("x:near", "A gripper", "Tactile soft finger contact force.")
    far = Paper("x:far", "A gripper", "Galaxy dust halo redshift telescope.")
    ranking = fit(*TODAY, candidate(near), candidate(far))

    def ahead(*liked: Paper) -> float:
        scored = by_key(ranking.score(profile(want("keyword", "gripper"), liked=liked)))
        return scored["x:near"].relevance - scored["x:far"].relevance

    assert ahead(*ROBOTS) > ahead(*ROBOTS[:1]) > 2 * abs(ahead())


def test_an_explanation_says_what_likes_have_left() -> None:
    meanings = {word: [1.0] for words in SUBJECTS.values() for word in words.split()}
    ranking = DefaultRanker(InMemory(Model(lambda: FakeEmbedder(meanings)))).fit(
        TODAY, papers(60, seed=2, prefix="past"), NOW
    )
    taste = Profile(
        (want("keyword", "gripper", 2.0), want("text", "tactile fingers")), liked=tuple(ROBOTS)
    )
    scores = ranking.score([taste])
    column = next(
        place for place, one in enumerate(ranking.candidates) if "gripper" in one.paper.title
    )
    evidence = {one.kind: one for one in scores.explain(0, column).evidence}
    keyword = evidence[EvidenceKind.KEYWORD]
    assert keyword.left < 1
    assert keyword.weight == pytest.approx(2 * keyword.left)
    assert evidence[EvidenceKind.TOGETHER].left < 1
    assert evidence[EvidenceKind.LIKES].left == 1
