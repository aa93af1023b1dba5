"""Which papers stand in which section, and what the subject can tell of them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from digest.model import Candidate, Interest, InterestKind, Paper, Profile, Section
from digest.rank.sections import Arranged, Arranger
from tests.support.samples import NOW, paper

PAPERS = [
    paper("arxiv:0", title="Diffusion policies for arms", categories=("cs.RO",)),
    paper("arxiv:1", title="A trending model", categories=("cs.CL",)),
    paper("arxiv:2", title="More on diffusion and a policy", authors=("Ada Lovelace",)),
    paper("arxiv:3", title="Retrieval with a diffusion policy", categories=("cs.IR",)),
    paper("arxiv:4", title="Retrieval again", categories=("cs.IR",)),
    paper("arxiv:5", title="Another trending model", categories=("cs.CL", "cs.AI")),
]
BY_ATTENTION = np.array([[False, True, False, False, False, True]] * 2)


def interests(kind: InterestKind, *values: str, weight: float = 1.0) -> tuple[Interest, ...]:
    return tuple(Interest(kind, value, weight) for value in values)


KEYWORDS = interests(InterestKind.KEYWORD, "retrieval", "diffusion")


def arrange(*wanted: Interest, columns: Any = range(6), papers: list[Paper] = PAPERS) -> Arranged:
    arranger = Arranger([Candidate(one, NOW) for one in papers])
    profile, other = Profile(interests=wanted), Profile()
    found = arranger.arrange([[5], list(columns)], [other, profile], BY_ATTENTION)
    return list(found)[1]


def test_followed_authors_come_first_then_what_is_wanted_then_what_is_trending() -> None:
    found = arrange(*KEYWORDS, *interests(InterestKind.AUTHOR, "Ada Lovelace"))
    assert found.columns == [2, 0, 3, 4, 1, 5]
    assert found.sections == [(Section.AUTHORS, 1), (Section.FOR_YOU, 3), (Section.TRENDING, 2)]
    assert found.about["author"] == "Ada Lovelace"


def test_a_muted_author_is_not_followed() -> None:
    found = arrange(*KEYWORDS, *interests(InterestKind.AUTHOR, "Ada Lovelace", weight=-1))
    assert found.sections == [(Section.FOR_YOU, 4), (Section.TRENDING, 2)]
    assert "author" not in found.about


def test_the_order_within_a_section_is_that_of_the_ranking() -> None:
    found = arrange(*KEYWORDS, columns=[5, 4, 1, 0])
    assert found.columns == [4, 0, 5, 1]


def test_each_paper_counts_for_one_topic() -> None:
    assert arrange(*KEYWORDS).about["topics"] == [
        {"name": "diffusion", "papers": 3, "kind": "keyword"},
        {"name": "retrieval", "papers": 1, "kind": "keyword"},
    ]


def test_a_topic_counts_the_papers_that_have_the_word_itself() -> None:
    (topic,) = arrange(*interests(InterestKind.KEYWORD, "diffusions")).about["topics"]
    assert topic["papers"] == 3
    assert "topics" not in arrange(*interests(InterestKind.KEYWORD, "diffusive")).about


def test_without_a_keyword_a_category_is_told() -> None:
    found = arrange(*interests(InterestKind.CATEGORY, "cs.IR", "math.CO"))
    assert found.about["topics"] == [{"name": "cs.IR", "papers": 2, "kind": "category"}]


def test_where_most_of_what_is_trending_is_in_one_category_it_is_told() -> None:
    assert arrange(*KEYWORDS).about["trending"] == "cs.CL"


def test_for_somebody_without_interests_what_is_trending_comes_first() -> None:
    found = arrange(columns=[1, 5, 2])
    assert found.columns == [1, 5, 2]
    assert found.sections == [(Section.TRENDING, 2), (Section.NEW, 1)]
    assert found.about == {"trending": "cs.CL"}


def test_a_digest_without_papers_has_no_sections() -> None:
    assert arrange(*KEYWORDS, columns=[]) == Arranged([], [], {})


@pytest.mark.parametrize("value", ["x" * 41, ""])
def test_a_keyword_that_fills_the_subject_is_not_told(value: str) -> None:
    assert "topics" not in arrange(*interests(InterestKind.KEYWORD, value)).about
