"""Which interest does most for a paper, and that none takes all places."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from digest.model import Interest, Paper
from digest.rank.drafts import Aligned
from digest.ranking import leading_of, ranker
from digest.testing import ListRanker
from tests.unit.ranking.samples import NOW, SUBJECTS, candidate, papers, profile, want

POOL = papers(40)
PAST = papers(60, seed=2, prefix="past")
RANKING = ranker("default").fit([candidate(one) for one in POOL], PAST, NOW)
KEYS = [one.paper.key for one in RANKING.candidates]


def leads(*interests: Interest, liked: Sequence[Paper] = ()) -> dict[str, int]:
    leading = leading_of(RANKING.score([profile(*interests, liked=tuple(liked))]))
    assert leading is not None
    return dict(zip(KEYS, leading(np.arange(len(KEYS))[None, :])[0].tolist(), strict=True))


def test_each_paper_is_led_by_the_interest_that_does_most_for_it() -> None:
    found = leads(want("text", SUBJECTS["cs.RO"]), want("author", POOL[6].authors[0]))
    robots, (authored,) = {found["p:0"], found["p:4"]}, {found["p:6"]}
    assert len(robots | {authored}) == 2
    assert {found["p:1"], found["p:2"]} == {-1}


def test_what_a_keyword_does_by_the_letter_and_by_content_is_taken_together() -> None:
    found = leads(want("keyword", "galaxy"), want("keyword", "galaxy star"))
    assert min(found.values()) == -1
    assert len(set(found.values())) == 3


def test_likes_are_one_interest() -> None:
    found = leads(want("keyword", "galaxy"), liked=papers(24, seed=3, prefix="liked")[::4])
    robots = {found[one.key] for one in POOL if one.categories == ("cs.RO",)}
    assert len(robots - {-1}) == 1
    assert any(lead not in {-1, *robots} for lead in found.values())


def test_one_interest_beside_categories_leads_nothing() -> None:
    assert set(leads(want("keyword", "galaxy"), want("category", "cs.RO")).values()) == {-1}
    assert set(leads().values()) == {-1}


def test_a_ranker_need_not_know_what_leads() -> None:
    ranking = ListRanker(["p:3", "p:2"]).fit([candidate(one) for one in POOL], PAST, NOW)
    assert leading_of(ranking.score([profile()])) is None


def test_a_ranking_in_another_order_knows_the_same() -> None:
    wish = profile(want("keyword", "galaxy"), want("keyword", "cortex"))
    backwards = Aligned(RANKING, list(RANKING.candidates)[::-1]).score([wish])
    columns = np.arange(len(KEYS))[None, :]
    turned = backwards.leading(columns)[0]
    assert dict(zip(KEYS[::-1], turned.tolist(), strict=True)) == leads(*wish.interests)
