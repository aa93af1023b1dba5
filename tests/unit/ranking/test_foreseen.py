"""Facts about expected attention that stands in for votes."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from digest.model import Candidate, Expectation, Paper
from digest.ranking import attention_of, expectations, foreseen, ranker
from digest.ranking.trending import measured
from tests.support.listings import records
from tests.support.ranking import Listed
from tests.unit.ranking.samples import NOW, candidate, papers, profile, signal

WHY = "expected to be looked at: earlier papers of Ada Famous"


def expected(share: float, *, seen: float = 0.0, hours: float = 0.0) -> float:
    one = replace(candidate(Paper("p:1", "One"), hours=hours), expected=Expectation(share, WHY))
    return float(foreseen.lifted(np.array([seen], np.float32), [one], NOW)[0])


def test_nothing_is_lifted_without_an_expectation() -> None:
    seen = np.array([0.0, 0.4], np.float32)
    some = [candidate(paper) for paper in papers(2)]
    np.testing.assert_allclose(foreseen.lifted(seen, some, NOW), seen, atol=1e-6)


def test_a_usual_paper_is_not_lifted() -> None:
    assert expected(0.5) == expected(0.1) == 0


def test_the_surest_paper_has_a_third_until_somebody_votes() -> None:
    assert expected(1.0) == pytest.approx(1 / 3)
    assert 0 < expected(0.7) < expected(0.9) < expected(1.0)


def test_what_is_expected_fades_as_votes_come_and_as_days_go() -> None:
    added = [expected(1.0, seen=seen) - seen for seen in (0.0, 0.3, 0.6, 0.9)]
    assert added == sorted(added, reverse=True)
    assert added[-1] < 0.01
    assert expected(1.0, hours=24) == pytest.approx(0.2)


@given(st.floats(0, 0.99), st.floats(0, 0.99), st.floats(0, 1))
def test_a_vote_more_never_makes_a_paper_less(one: float, other: float, share: float) -> None:
    less, more = sorted((one, other))
    assert expected(share, seen=less) <= expected(share, seen=more) + 1e-6
    assert less - 1e-6 <= expected(share, seen=less) < 1


def test_the_ranking_says_why_until_there_are_votes() -> None:
    quiet, voted = papers(2)
    hope = Expectation(0.9, WHY)
    ranking = Listed.fit(
        ranker("default"),
        [
            replace(candidate(quiet), expected=hope),
            replace(candidate(voted, signal(30)), expected=hope),
        ],
        [],
        NOW,
    )
    best = {one.paper.key: one for one in ranking.score(profile(trending_weight=1.0))}
    assert best[quiet.key].reason == WHY
    assert "30 upvotes" in best[voted.key].reason
    (alone,) = measured([candidate(voted, signal(30))], [], NOW)
    assert alone.trend is not None
    assert best[voted.key].trending > alone.trend.score
    assert best[voted.key].trending > best[quiet.key].trending > 0.2


def test_old_hopes_are_not_told() -> None:
    hope = Expectation(0.9, WHY)
    assert foreseen.said(replace(candidate(papers(1)[0]), expected=hope), NOW) == WHY
    old = replace(candidate(papers(1)[0], hours=100), expected=hope)
    assert foreseen.said(old, NOW) == ""
    assert foreseen.said(candidate(papers(1)[0]), NOW) == ""


# --- what candidates may expect -------------------------------------------------------------


def stored(record: dict[str, object], *, voted: bool = True) -> Candidate:
    """Return a paper of the store: ten papers a day, the last ones yesterday."""
    at = NOW - timedelta(days=42 - int(str(record["id"]).partition(".")[2]) // 10)
    paper = Paper(
        key=f"arxiv:{record['id']}",
        title=str(record["title"]),
        abstract=str(record["abstract"]),
        authors=tuple(record["authors"]),  # type: ignore[arg-type]  # they are texts
    )
    signals = (signal(int(str(record["upvotes"])), hours=1),) if voted else ()
    return Candidate(paper, at, signals)


def test_candidates_of_known_authors_may_expect_more_and_it_says_why() -> None:
    made = records(420)
    past, today = (
        [stored(one) for one in made[:400]],
        [stored(one, voted=False) for one in made[400:]],
    )
    model = attention_of(past)
    assert model is not None
    found = expectations(model, today)
    famous = [one for one, of in zip(found, today, strict=True) if "Ada Famous" in of.paper.authors]
    others = [one for one in found if one not in famous]
    assert min(len(famous), len(others)) > 2
    assert np.mean([one.share for one in famous]) > 0.2 + np.mean([one.share for one in others])
    assert any("earlier papers of Ada Famous" in one.why for one in famous)
    assert not any("Ada Famous" in one.why for one in others)
    assert all(not one.why or one.why.startswith("expected to be looked at: ") for one in found)


def test_a_short_past_says_nothing() -> None:
    assert attention_of([stored(one) for one in records(20)]) is None
