"""The arithmetic that is shown is the arithmetic that was used."""

from __future__ import annotations

import math
import random
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from digest.embedders import InMemory, Model
from digest.model import Evidence, EvidenceKind, Explanation, Interest, InterestKind, Paper, Profile
from digest.model import SummandKind as Kind
from digest.ports import MUTED
from digest.ranking import blend_of
from digest.ranking.closeness import DISLIKE_CURVE, LIKES_CURVE, likes_curve
from digest.ranking.default import DefaultRanker, DefaultRanking
from digest.ranking.taste import READERS
from digest.testing import FakeEmbedder
from tests.unit.ranking.samples import NOW, SUBJECTS, candidate, papers, profile, signal, want

POOL = papers(40)
PAST = papers(60, seed=2, prefix="past")
LIKED = papers(24, seed=3, prefix="liked")
TODAY = [candidate(one, *([signal(n * n)] if n % 3 else [])) for n, one in enumerate(POOL)]


# The words of a subject mean the same.
MEANINGS = {
    word: [float(one == subject) for one in SUBJECTS]
    for subject, words in SUBJECTS.items()
    for word in words.split()
}
EMBEDDINGS = InMemory(Model(lambda: FakeEmbedder(MEANINGS)))


def _readers() -> list[list[Paper]]:
    draw = random.Random(4)
    kinds = [[one for one in LIKED if one.categories == (name,)] for name in SUBJECTS]
    return [[*draw.sample(kinds[n % 4], 3), *draw.sample(LIKED, 2)] for n in range(READERS + 9)]


RANKINGS = {
    "terms": DefaultRanker().fit(TODAY, PAST, NOW),
    "terms and meaning": DefaultRanker(EMBEDDINGS).fit(TODAY, PAST, NOW),
    "shared taste": DefaultRanker(EMBEDDINGS).fit_among(TODAY, PAST, NOW, _readers()),
}
VALUES = st.sampled_from(
    ["cs.RO", "cs", "soft gripper", "galaxy dust halo", "Person3 Example", "?"]
)
INTERESTS = st.builds(
    Interest, st.sampled_from(list(InterestKind)), VALUES, st.sampled_from([-1.0, 0.4, 1.0, 2.5])
)
SOME = st.lists(st.sampled_from([*POOL[:3], *LIKED]), max_size=6).map(tuple)
PROFILES = st.builds(
    Profile, st.lists(INTERESTS, max_size=5).map(tuple), SOME, SOME, st.floats(0, 1)
)


def _explained(ranking: DefaultRanking, taste: Profile) -> dict[int, Explanation]:
    """Explain the first papers and some of the others."""
    scores = ranking.score([taste])
    columns = [*range(4), *range(4, len(ranking.candidates), 5)]
    return {column: scores.explain(0, column) for column in columns}


def _check(one: Evidence) -> None:
    assert one.factor == pytest.approx((1 - one.strength) ** one.weight, abs=1e-5)
    if one.closeness is not None:
        assert one.closeness == pytest.approx(math.fsum(each.value for each in one.summands))
        assert one.curve is not None
        assert one.base == pytest.approx(one.curve.at(one.closeness), abs=1e-4)


@pytest.mark.parametrize("space", RANKINGS)
@settings(max_examples=12)
@given(taste=PROFILES)
def test_the_figures_of_an_explanation_give_the_score(space: str, taste: Profile) -> None:
    ranking = RANKINGS[space]
    scores = ranking.score([taste])
    for column, one in _explained(ranking, taste).items():
        for each in (*one.evidence, *one.against):
            _check(each)
        assert one.relevance == pytest.approx(1 - math.prod(each.factor for each in one.evidence))
        assert one.discount == pytest.approx(math.prod(each.factor for each in one.against))
        weight = one.trending_weight
        ours, theirs = one.relevance_raised * one.relevance, one.trending_raised * one.trending
        score = one.discount * ((1 - weight) * ours + weight * theirs)
        assert scores.score[0, column] == pytest.approx(MUTED if one.muted_by else score, abs=1e-4)
        assert scores.relevance[0, column] == pytest.approx(one.relevance, abs=1e-4)
        assert blend_of(scores).discount[0, column] == pytest.approx(one.discount, abs=1e-4)


def _likes(space: str, *liked: int) -> list[Evidence]:
    taste = Profile(liked=tuple(LIKED[place] for place in liked), trending_weight=0.0)
    found = _explained(RANKINGS[space], taste)
    return [
        each for one in found.values() for each in one.evidence if each.kind is EvidenceKind.LIKES
    ]


def test_each_space_has_its_own_summands() -> None:
    seen = {
        space: {one.kind for each in _likes(space, 0, 4, 8, 12) for one in each.summands}
        for space in RANKINGS
    }
    plain = {Kind.TERM, Kind.PAPER, Kind.ABSENT, Kind.USUAL}
    assert seen["terms"] == plain
    assert seen["terms and meaning"] == {*plain, Kind.MEANING}
    assert seen["shared taste"] == {*plain, Kind.MEANING, Kind.READERS}


def test_a_term_that_no_like_has_adds_nothing() -> None:
    liked = {word for place in (0, 4, 8) for word in f"{LIKED[place]}".lower().split()}
    for one in _likes("terms", 0, 4, 8):
        for each in one.summands:
            if each.kind is Kind.TERM and " " not in each.name:
                assert any(each.name in word for word in liked)


def test_a_muted_paper_says_which_interest_took_it_out() -> None:
    taste = profile(want("category", "cs.RO", -1), want("keyword", "galaxy"))
    for one in _explained(RANKINGS["terms"], taste).values():
        muted = one.paper.categories == ("cs.RO",)
        assert one.muted_by == ("cs.RO" if muted else "")


def test_what_somebody_gave_us_is_said_to_be_why_it_has_no_score() -> None:
    first, second = (one.paper for one in RANKINGS["terms"].candidates[:2])
    taste = Profile(liked=(first,), disliked=(second,))
    given_ = {
        one.paper.key: one
        for one in _explained(RANKINGS["terms"], taste).values()
        if any(each.kind is EvidenceKind.GIVEN for each in one.against)
    }
    assert set(given_) == {first.key, second.key}
    assert all(one.discount == 0 for one in given_.values())


@pytest.mark.parametrize("space", RANKINGS)
def test_the_disliked_paper_that_a_paper_is_like_is_named(space: str) -> None:
    titles = {one.title: one.categories for one in LIKED}
    found = _explained(RANKINGS[space], Profile(disliked=tuple(LIKED))).values()
    named = [one for one in found if one.against[0].name in titles]
    assert named
    for one in named:
        assert titles[one.against[0].name] == one.paper.categories
        assert one.against[0].curve == DISLIKE_CURVE
        _check(one.against[0])


def test_the_more_dislikes_have_a_keyword_the_less_it_excuses() -> None:
    ranking = RANKINGS["terms"]
    robots = [one for one in LIKED if one.categories == ("cs.RO",)]
    others = [replace(one, title="Soft robot", abstract="An arm of force.") for one in robots]
    with_it = [replace(one, title="Soft grippers") for one in robots]

    def excuse(*disliked: Paper) -> float:
        """Return what a keyword takes off what speaks against the first paper that has it."""
        scores = ranking.score([replace(profile(want("keyword", "gripper")), disliked=disliked)])
        columns = range(len(ranking.candidates))
        found = (one for column in columns for one in scores.explain(0, column).against)
        notes = [one.note.split()[1] for one in found if one.note]
        return float(notes[0].removesuffix(":"))

    alone = excuse(others[0])
    assert excuse(*others[:3]) == alone
    assert excuse(with_it[0]) == excuse(with_it[0], others[1]) == pytest.approx(alone / 2, abs=1e-3)
    assert excuse(*with_it[:3]) == pytest.approx(alone / 4, abs=1e-3)


def test_the_same_closeness_says_less_for_one_like_and_for_a_hundred_than_for_some() -> None:
    one, some, many = (likes_curve(count, cohesion=15.0).at(9.0) for count in (1, 5, 100))
    assert one < many < some
    assert likes_curve(5, cohesion=15.0).at(9.0) == pytest.approx(LIKES_CURVE.at(9.0), abs=0.01)


def test_the_same_closeness_says_more_for_many_likes_that_are_far_from_each_other() -> None:
    one_field, several, all_apart = (likes_curve(100, some).at(4.0) for some in (12.0, 5.0, -1.0))
    assert one_field < several < all_apart < 0.9
    # Few likes do not tell, and no more than one like turns the scale.
    assert likes_curve(10, 12.0) == likes_curve(10, 0.0)
    assert likes_curve(11, 0.0).at(4.0) == pytest.approx(likes_curve(10, 0.0).at(4.0), rel=0.1)
