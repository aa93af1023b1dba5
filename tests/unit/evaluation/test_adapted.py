from __future__ import annotations

from datetime import UTC, datetime

import numpy as np
import pytest

from digest.errors import InvalidInput
from digest.evaluation import peers
from digest.evaluation.adapted import Adapted, chosen
from digest.evaluation.corpus import Corpus
from digest.evaluation.data import Document
from digest.evaluation.protocol import Asked
from digest.evaluation.rankers import RANKERS
from digest.model import Candidate, Interest, InterestKind, Paper, Profile
from digest.ranking.default import DefaultRanker
from tests.support import libraries

NOW = datetime(2026, 11, 24, 7, 0, tzinfo=UTC)
PAPERS = [Paper(one["id"], one["title"], one["abstract"]) for one in libraries.papers(20)]
CANDIDATES = [Candidate(paper, NOW) for paper in PAPERS[:10]]
LIKES = Profile(liked=(PAPERS[12], Paper("old", "Robot arm", "It grasps.")))
WORDS = Profile(interests=(Interest(InterestKind.KEYWORD, "galaxy"),))


def test_likes_are_ranked_as_the_other_program_does() -> None:
    ranking = Adapted(RANKERS["centroid"], seed=1).fit(CANDIDATES, PAPERS[10:], NOW)
    (scores,) = ranking.score([LIKES]).score
    papers = [*PAPERS, LIKES.liked[1]]
    corpus = Corpus([Document(one.key, one.title, one.abstract, "", "") for one in papers])
    (expected,) = peers.centroid(corpus, [Asked(0, (12, 20), (), frozenset())], np.arange(10))
    assert np.argsort(scores).tolist() == np.argsort(expected).tolist()
    assert (scores.min(), scores.max()) == (0, 1)


def test_who_has_said_nothing_gets_the_newest_and_others_are_not_touched_by_it() -> None:
    ranking = Adapted(RANKERS["centroid"], seed=1).fit(CANDIDATES, PAPERS[10:], NOW)
    nothing, words, likes = ranking.score([Profile(), WORDS, LIKES]).score
    assert not nothing.any()
    assert words[1::2].max() == 1
    assert not words[::2].any()
    assert likes[::2].mean() > likes[1::2].mean()


def test_a_muted_keyword_is_not_a_wish() -> None:
    ranking = Adapted(RANKERS["arxivdigest"], seed=1).fit(CANDIDATES, (), NOW)
    muted = Profile(interests=(Interest(InterestKind.KEYWORD, "galaxy", -1.0),))
    assert not ranking.score([muted]).score.any()


def test_newer_candidates_stand_first_and_none_is_needed() -> None:
    old = Candidate(PAPERS[0], datetime(2026, 11, 20, tzinfo=UTC))
    ranking = Adapted(RANKERS["centroid"], seed=1).fit([old, CANDIDATES[1]], (), NOW)
    assert [one.paper.key for one in ranking.candidates] == ["p01", "p00"]
    nothing = Adapted(RANKERS["centroid"], seed=1).fit([], PAPERS, NOW)
    assert nothing.score([LIKES]).score.shape == (1, 0)


def test_rankers_are_chosen_by_name() -> None:
    assert isinstance(chosen(["default"], seed=1)["default"], DefaultRanker)
    assert list(chosen(["random", "default", "random"], seed=1)) == ["random", "default"]
    with pytest.raises(InvalidInput, match="did you mean centroid"):
        chosen(["centriod"], seed=1)
    # It wants sentence vectors, which a site has not.
    with pytest.raises(InvalidInput, match="no ranker"):
        chosen(["zotero-arxiv-daily"], seed=1)
