"""Why one reader gets these papers and not those, as it was decided."""

from __future__ import annotations

import pytest

from digest.config import RankingSettings
from digest.model import InterestKind as Kind
from digest.model import Paper, Profile
from digest.rank import Look, Pool, look_at
from digest.testing import ListRanker
from tests.support.digests import ROBOTICS, ROBOTS, SEAS, interests, plan, pool_of, reader_of
from tests.support.samples import paper

FOLLOWED = paper(
    "arxiv:by-ada",
    title="Zymurgy in steel tanks of malt",
    abstract="Barley and hops and water and yeast.",
    authors=("Ada Followed",),
)
# The second has most words of the first one, and is by somebody who is followed.
BREWS = (
    paper(
        "arxiv:brew",
        title="Zymurgy in oaken tanks of malt",
        abstract="Barley and hops and water and yeast, zymurgy again.",
        authors=("Bo Brewer",),
    ),
    FOLLOWED,
)
WISHES = (
    *interests(Kind.KEYWORD, "zymurgy", weight=3.0),
    *interests(Kind.AUTHOR, "Ada Followed", weight=0.1),
)


def looks(
    pool: Pool, profile: Profile, *besides: Paper, most: int = 6, **settings: object
) -> dict[str, Look]:
    """Return the looks at what somebody gets, and at others, by the keys of the papers."""
    planned = plan(pool, profile, most=most, **settings)
    found = look_at(
        pool,
        reader_of(profile, most=most),
        planned,
        settings=RankingSettings.model_validate(settings),
        besides=[one.key for one in besides],
    )
    return {one.paper.key: one for one in found}


def test_the_worth_is_that_by_which_the_place_was_given() -> None:
    # The mail begins with the followed author, who was chosen second, for being like the first.
    found = looks(pool_of(*BREWS, heat={BREWS[0].key: 0.9}), Profile(WISHES))
    brew, followed = found["arxiv:brew"], found["arxiv:by-ada"]
    assert (brew.position, followed.position) == (2, 1)
    assert (brew.likeness, brew.share, brew.worth) == (0, 0, pytest.approx(brew.score))
    assert followed.likeness > 0.1
    assert followed.worth is not None
    assert followed.worth < followed.score


def test_of_two_rankers_each_gave_its_places_in_its_own_order() -> None:
    pool = pool_of(*ROBOTS, rival=ListRanker([one.key for one in ROBOTS[::-1]]))
    found = looks(pool, Profile(ROBOTICS), *ROBOTS, interleave="list")
    assert found[ROBOTS[3].key].verdict == "it was chosen, but its place went to the other ranker"
    theirs = [one for one in found.values() if one.ranker == "list"]
    (best,) = [one for one in theirs if one.paper == ROBOTS[-1]]
    assert len(theirs) == 3
    assert best.worth == best.score == 1


def test_a_surprise_has_its_place_by_no_worth() -> None:
    found = looks(pool_of(*ROBOTS, *SEAS), Profile(ROBOTICS), *ROBOTS)
    (surprise,) = [one for one in found.values() if one.paper in SEAS]
    assert (surprise.position, surprise.worth) == (6, None)
    assert all(one.worth is not None for one in found.values() if one.paper in ROBOTS)
    assert found[ROBOTS[5].key].verdict == "it was chosen, but its place went to a surprise"


def test_what_lost_its_place_to_a_likeness_says_to_which() -> None:
    other = paper("arxiv:malt", title="Brewing of malt", abstract="Nothing else, really.")
    pool = pool_of(*BREWS, other, heat={"arxiv:brew": 0.9, "arxiv:by-ada": 0.8})
    profile = Profile(interests(Kind.KEYWORD, "malt"))
    found = looks(pool, profile, FOLLOWED, most=2, diversity=1.0, surprise=0)
    out, brew = found["arxiv:by-ada"], found["arxiv:brew"]
    assert out.score > found["arxiv:malt"].score
    assert out.verdict == f"it is too like number {brew.position}"


def test_what_lost_its_place_to_others_of_its_interest_says_how_many() -> None:
    grasps = [
        paper(f"g:{n}", title=f"Grasp one{n} two{n}", abstract=f"three{n} four{n} five{n}.")
        for n in range(4)
    ]
    ebb = paper("g:ebb", title="Ebb of tides", abstract="Flows and coasts, moons and seas.")
    wishes = (
        *interests(Kind.KEYWORD, "grasp", weight=2.0),
        *interests(Kind.KEYWORD, "ebb", weight=0.28),
    )
    profile = Profile(wishes, trending_weight=0.0)
    found = looks(pool_of(*grasps, ebb), profile, *grasps, most=3, surprise=0)
    out = [one for one in found.values() if one.position is None]
    assert found["g:ebb"].score < out[0].score
    assert [one.verdict for one in out] == [
        "the interest that does most for it has 2 of 3 places"
    ] * 2


def test_what_has_too_low_a_score_says_how_many_come_before_it() -> None:
    found = looks(pool_of(*ROBOTS), Profile(ROBOTICS), *ROBOTS, surprise=0)
    assert [found[one.key].verdict for one in ROBOTS[6:]] == [
        "6 papers come before it by their score, and 6 are taken",
        "7 papers come before it by their score, and 6 are taken",
    ]


def test_a_second_paper_of_nearly_one_title_says_of_which() -> None:
    twin = paper("arxiv:twin", title=ROBOTS[0].title, abstract="Other words.")
    found = looks(pool_of(*ROBOTS[:3], twin), Profile(ROBOTICS), *ROBOTS[:1], twin)
    (out,) = [one for one in found.values() if one.position is None]
    (first,) = [one for one in found.values() if one.paper.title == twin.title and one is not out]
    assert out.verdict == f"it has nearly the title of number {first.position}"
