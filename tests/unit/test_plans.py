"""What stands in a digest, where in it, and with which words."""

from __future__ import annotations

from dataclasses import replace

import pytest

from digest.model import Expectation, InterestKind, Plan, Profile, Section, SkipReason
from digest.rank.surprise import TALKED_ABOUT
from digest.ranking import ranker
from digest.testing import ListRanker
from tests.support.digests import HEAT, ROBOTICS, ROBOTS, SEAS, interests, plan, pool_of
from tests.support.samples import paper

MUTE = interests(InterestKind.KEYWORD, "quantum", weight=-1.0)
SURPRISE = "a surprise from outside your interests"


def surprises(found: Plan) -> list[str]:
    return [one.paper.key for one in found.picks if one.reason.startswith(SURPRISE)]


# --- who has interests ------------------------------------------------------------------------


@pytest.mark.parametrize(
    "profile",
    [
        Profile(),
        Profile(MUTE),
        Profile(interests(InterestKind.KEYWORD, " ")),
        Profile(interests(InterestKind.SEED, "mine:1")),
        Profile(disliked=ROBOTS[:1]),
        Profile(liked=ROBOTS[:1], disliked=ROBOTS[:1]),
    ],
)
def test_a_mute_and_a_dislike_are_nothing_to_match(profile: Profile) -> None:
    assert not profile.has_interests


@pytest.mark.parametrize("profile", [Profile((*MUTE, *ROBOTICS)), Profile(liked=ROBOTS[:1])])
def test_what_is_asked_for_and_what_is_liked_are_interests(profile: Profile) -> None:
    assert profile.has_interests


def test_nobody_without_interests_is_surprised() -> None:
    pool = pool_of(*ROBOTS, *SEAS)
    assert surprises(plan(pool, Profile(ROBOTICS)))
    assert not surprises(plan(pool, Profile(MUTE)))


def test_who_only_mutes_has_named_no_interests() -> None:
    assert plan(pool_of(*ROBOTS, heat={}), Profile(MUTE)).reason is SkipReason.NO_INTERESTS


# --- who comes in at all ----------------------------------------------------------------------

FAINT = interests(InterestKind.CATEGORY, "cs.RO", weight=0.3)  # a relevance of 0.083


@pytest.mark.parametrize("weight", [0.0, 0.01, 0.05])
@pytest.mark.parametrize("heat", [0.0, 0.3, 0.9])
def test_a_weak_paper_stays_one_however_hot_others_are(weight: float, heat: float) -> None:
    pool = pool_of(*ROBOTS, *SEAS, heat={one.key: heat for one in SEAS})
    found = plan(pool, Profile(FAINT, trending_weight=weight))
    assert not [one for one in found.picks if one.paper in ROBOTS]


def test_raised_parts_order_what_comes_in() -> None:
    # 0.7 * 0.25 is more than 0.3 * 0.5, but not when the heat of three papers is raised.
    pool = pool_of(*ROBOTS, *SEAS, heat={one.key: 0.5 for one in SEAS})
    found = plan(pool, Profile(ROBOTICS), surprise=0)
    assert sum(one.paper in SEAS for one in found.picks) == 3


def test_a_rival_holds_back_by_its_own_scores_without_what_is_raised() -> None:
    pool = pool_of(*ROBOTS, *SEAS, heat={one.key: 0.9 for one in SEAS}, rival=ranker("default"))
    found = plan(pool, Profile(FAINT, trending_weight=0.05))
    assert not found.picks


# --- surprises --------------------------------------------------------------------------------

# One like each of the hot papers, of another field.
FORMER = tuple(
    replace(one, key=f"former:{n}", title=f"{one.title} again", categories=("eess.SP",))
    for n, one in enumerate(SEAS)
)


def test_what_is_like_a_disliked_paper_is_no_surprise() -> None:
    pool = pool_of(*ROBOTS, *SEAS)
    assert len(surprises(plan(pool, Profile(ROBOTICS, disliked=ROBOTS[:1])))) == 1
    for number in (1, 2):
        (found,) = surprises(plan(pool, Profile(ROBOTICS, disliked=FORMER[:number])))
        assert found in {one.key for one in SEAS[number:]}
    assert not surprises(plan(pool, Profile(ROBOTICS, disliked=FORMER)))


def test_nobody_is_surprised_from_a_field_that_they_dislike() -> None:
    pool = pool_of(*ROBOTS, *SEAS)
    bees = paper("bee:1", title="Hives of bees", abstract="Wax.", categories=("physics.ao",))
    wasps = paper("bee:2", title="Nests of wasps", abstract="Pulp.", categories=("physics.ao",))
    assert surprises(plan(pool, Profile(ROBOTICS, (bees,))))
    assert not surprises(plan(pool, Profile(ROBOTICS, disliked=(wasps,))))
    assert surprises(plan(pool, Profile(ROBOTICS, (bees,), (wasps,))))


def test_what_an_interest_matches_is_no_surprise_though_it_is_like_a_disliked_paper() -> None:
    wanted = (*ROBOTICS, *interests(InterestKind.CATEGORY, "physics.ao"))
    pool = pool_of(*ROBOTS, *SEAS)
    assert not surprises(plan(pool, Profile(wanted, disliked=FORMER)))


def test_two_surprises_are_not_the_same_paper_twice() -> None:
    twin = replace(SEAS[0], key="sea:twin")
    pool = pool_of(*ROBOTS, SEAS[0], twin, heat={**HEAT, twin.key: 0.8})
    assert len(surprises(plan(pool, Profile(ROBOTICS), surprise=2))) == 1
    assert len(surprises(plan(pool_of(*ROBOTS, *SEAS), Profile(ROBOTICS), surprise=2))) == 2


EXPECTED = Expectation(0.99, "open code")


def test_what_is_only_expected_to_be_looked_at_is_not_talked_about() -> None:
    pool = pool_of(*ROBOTS, *SEAS, heat={}, expected=EXPECTED)
    assert min(pool.ranking.trending) > TALKED_ABOUT
    assert not surprises(plan(pool, Profile(ROBOTICS)))


def test_what_is_only_expected_to_be_looked_at_is_not_trending() -> None:
    pool = pool_of(*ROBOTS, heat={ROBOTS[0].key: 0.05, ROBOTS[1].key: 0.5}, expected=EXPECTED)
    wanted = Profile(ROBOTICS, trending_weight=0.9)
    for profile, section in ((Profile(), Section.NEW), (wanted, Section.FOR_YOU)):
        assert sections(plan(pool, profile)) == {section: 5, Section.TRENDING: 1}


# --- sections ---------------------------------------------------------------------------------


def sections(found: Plan) -> dict[Section, int]:
    return dict(found.facts["sections"])


def test_what_interests_bring_most_of_is_for_the_reader_though_it_is_trending() -> None:
    # Of each score relevance has 0.7 * 3 * 0.25, and attention 0.3 * 0.9.
    found = plan(pool_of(*ROBOTS), Profile(ROBOTICS, trending_weight=0.3), surprise=0)
    assert {one.trending for one in found.picks} == {0.9}
    assert sections(found) == {Section.FOR_YOU: 6}


def test_what_attention_brings_most_of_is_trending() -> None:
    found = plan(pool_of(*ROBOTS), Profile(ROBOTICS, trending_weight=0.7), surprise=0)
    assert sections(found) == {Section.TRENDING: 6}


def test_a_dislike_moves_no_paper_to_another_section() -> None:
    pool = pool_of(*ROBOTS)
    profile = Profile(ROBOTICS, disliked=ROBOTS[:1])
    assert sections(plan(pool, profile, surprise=0)) == {Section.FOR_YOU: 6}


def test_a_surprise_is_trending_however_little_attention_weighs() -> None:
    hardly = interests(InterestKind.CATEGORY, "physics.ao", weight=0.1)
    found = plan(pool_of(*ROBOTS, *SEAS), Profile((*ROBOTICS, *hardly), trending_weight=0.01))
    assert surprises(found) == [found.picks[-1].paper.key]
    assert sections(found) == {Section.FOR_YOU: 5, Section.TRENDING: 1}


def test_to_somebody_without_interests_all_that_is_talked_about_is_trending() -> None:
    pool = pool_of(*ROBOTS, *SEAS, heat={one.key: 0.2 for one in ROBOTS[:2]})
    assert sections(plan(pool, Profile())) == {Section.TRENDING: 2}


def test_of_two_rankers_each_says_what_it_shows_for_its_attention() -> None:
    pool = pool_of(*ROBOTS, rival=ListRanker())
    found = plan(pool, Profile(ROBOTICS, trending_weight=0.7))
    assert {one.reason for one in found.picks[:3]} == {"it is on the list"}
    assert sections(found) == {Section.FOR_YOU: 3, Section.TRENDING: 3}
