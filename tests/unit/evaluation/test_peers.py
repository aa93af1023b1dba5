from __future__ import annotations

from math import log, log10

import numpy as np
import pytest
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.svm import LinearSVC

from digest.errors import EvaluationDataError
from digest.evaluation import ours, peers
from digest.evaluation.corpus import Corpus
from digest.evaluation.data import Document
from digest.evaluation.protocol import Asked
from digest.evaluation.rankers import RANKERS, Score
from digest.ranking import score_libraries
from tests.support import libraries

# Enough for terms that are in five papers and in at most a tenth of all.
COUNT = 400


def asked(*likes: int, keywords: tuple[str, ...] = (), reader: int = 0) -> Asked:
    return Asked(reader, likes, keywords, frozenset())


def corpus(*texts: str, vectors: np.ndarray | None = None) -> Corpus:
    documents = [Document(str(place), "", text, "0", "") for place, text in enumerate(texts)]
    return Corpus(documents, vectors=vectors, seed=1)


def world(count: int = COUNT) -> Corpus:
    documents = [
        Document(one["id"], one["title"], one["abstract"], "0", "")
        for one in libraries.papers(count)
    ]
    vectors = np.random.default_rng(5).normal(size=(count, 8)).astype(np.float32)
    return Corpus(documents, vectors=vectors, seed=1)


def sanity_features(texts: list[str]) -> object:
    """Return the features with the settings written out, as compute.py has them."""
    vectorizer = TfidfVectorizer(
        input="content",
        lowercase=True,
        strip_accents="unicode",
        analyzer="word",
        stop_words="english",
        token_pattern=r"(?u)\b[a-zA-Z_][a-zA-Z0-9_]+\b",
        ngram_range=(1, 2),
        max_features=20_000,
        norm="l2",
        use_idf=True,
        smooth_idf=True,
        sublinear_tf=True,
        max_df=0.1,
        min_df=5,
    )
    return vectorizer.fit_transform(texts)


def test_zotero_arxiv_daily_weighs_the_newest_like_most() -> None:
    vectors = np.array([[1, 0], [0, 1], [0.6, 0.8], [1, 0]], np.float32)
    made = corpus("a", "b", "c", "d", vectors=vectors)
    # Like 1 is the newer one: its weight is 1, that of like 0 is 1 / (1 + log10 2).
    (scores,) = peers.zotero_arxiv_daily(made, [asked(0, 1)], np.array([2, 3]))
    older = 1 / (1 + log10(2))
    assert scores[0] == pytest.approx(10 * (1 * 0.8 + older * 0.6) / (1 + older), rel=1e-5)
    assert scores[1] == pytest.approx(10 * older / (1 + older), rel=1e-5)


def test_bm25_is_the_sum_over_the_words_of_the_keywords() -> None:
    made = corpus("ice ice core", "ice sand", "sand dune wind moon")
    (scores,) = peers.bm25_of_keywords(made, [asked(keywords=("ice core", "dune"))], np.arange(3))

    def worth(count: int, length: int, papers: int) -> float:
        idf = log(1 + (3 - papers + 0.5) / (papers + 0.5))
        return idf * count * 2.2 / (count + 1.2 * (1 - 0.75 + 0.75 * length / 3))

    by_hand = [worth(2, 3, 2) + worth(1, 3, 1), worth(1, 2, 2), worth(1, 4, 1)]
    assert scores == pytest.approx(by_hand, rel=1e-5)


def test_bm25_of_likes_asks_for_their_best_terms() -> None:
    made = corpus("ice core", "ice core drill", "sand dune", "core memory")
    (scores,) = peers.bm25(made, [asked(0)], np.array([1, 2, 3]))
    assert scores[0] > scores[2] > scores[1] == 0


def test_arxiv_sanity_is_its_linear_svm() -> None:
    made = world()
    likes, candidates = [0, 2, 4, 8], np.array([16, 18, 7, 9])
    features = sanity_features(made.texts)
    labels = np.isin(np.arange(COUNT), likes).astype(int)
    model = LinearSVC(class_weight="balanced", C=0.01, tol=1e-6, max_iter=10_000, random_state=1)
    model.fit(features, labels)
    expected = model.decision_function(features[candidates])  # type: ignore[index]
    (scores,) = peers.arxiv_sanity(made, [asked(*likes)], candidates)
    assert scores == pytest.approx(expected, abs=1e-4)
    assert min(scores[:2]) > max(scores[2:])


def test_arxiv_sanity_search_counts_words() -> None:
    documents = [
        Document("a", "Ice cores", "ice, ice, ice, ice", "0", ""),
        Document("b", "Dunes", "An ice age of cores.", "0", ""),
        Document("c", "Dunes", "Dunes move.", "0", ""),
    ]
    (scores,) = peers.arxiv_sanity_search(
        Corpus(documents), [asked(keywords=("ice cores",))], np.arange(3)
    )
    # "ice" in title 20, three of four times in the abstract 3, "cores" in title 20.
    assert scores.tolist() == [43, 2, 0]


def test_scholar_inbox_as_published_weighs_as_its_code_does() -> None:
    made = world()
    likes, candidates = [0, 2, 4, 8], np.array([6, 10, 7, 9])
    negatives = np.setdiff1d(np.arange(COUNT), [*likes, *candidates])
    rows = np.concatenate([likes, negatives])
    liked = np.isin(rows, likes)
    # N / P for each like, s N / R for each random paper, with s = 5.
    weights = np.where(liked, len(rows) / len(likes), 5 * len(rows) / len(negatives))
    assert made.vectors is not None
    model = LogisticRegression(C=0.1, max_iter=10_000)
    model.fit(made.vectors[rows], liked, sample_weight=weights)
    (scores,) = peers.scholar_inbox_published(made, [asked(*likes)], candidates)
    assert scores == pytest.approx(model.decision_function(made.vectors[candidates]), abs=2e-2)


@pytest.mark.parametrize("on", ["words", "vectors"])
def test_scholar_inbox_is_its_logistic_regression(on: str) -> None:
    made = world()
    likes, candidates = [0, 2, 4, 8], np.array([6, 10, 7, 9])
    # Fewer than 2,000 others: all of them are negatives.
    negatives = np.setdiff1d(np.arange(COUNT), [*likes, *candidates])
    features = sanity_features(made.texts) if on == "words" else made.vectors
    model = LogisticRegression(C=10, class_weight="balanced", max_iter=10_000)
    rows = np.concatenate([likes, negatives])
    model.fit(features[rows], np.isin(rows, likes).astype(int))  # type: ignore[index]
    expected = model.decision_function(features[candidates])  # type: ignore[index]
    score = peers.scholar_inbox if on == "words" else peers.scholar_inbox_vectors
    (scores,) = score(made, [asked(*likes)], candidates)
    assert scores == pytest.approx(expected, abs=2e-2)
    assert np.argsort(scores).tolist() == np.argsort(expected).tolist()


def test_a_centroid_is_the_cosine_with_the_mean() -> None:
    made = world()
    features = sanity_features(made.texts).toarray()  # type: ignore[attr-defined]
    mean = features[[0, 2]].mean(axis=0)
    expected = features @ mean / np.linalg.norm(mean)
    (scores,) = peers.centroid(made, [asked(0, 2)], np.arange(COUNT))
    assert scores == pytest.approx(expected, abs=1e-5)


def test_keywords_are_a_text_for_the_centroid() -> None:
    made = world()
    (scores,) = peers.centroid_of_keywords(
        made, [asked(keywords=("robot gripper", "contact arm"))], np.arange(COUNT)
    )
    assert scores[::2].max() > 0
    assert not scores[1::2].any()


def test_chance_depends_on_reader_and_seed_alone() -> None:
    made = world()
    first, second = peers.chance(made, [asked(1), asked(1, reader=1)], np.arange(20))
    (again,) = peers.chance(made, [asked(2, reader=1)], np.arange(20))
    assert second.tolist() == again.tolist() != first.tolist()


def test_ours_is_what_the_digest_uses() -> None:
    made = world()
    candidates = np.array([6, 10, 7, 9])
    scores = ours.by_likes(made, [asked(0, 2), asked(1, 3)], candidates)
    expected = score_libraries(made.texts, [[0, 2], [1, 3]], candidates.tolist())
    assert np.array_equal(scores, expected)
    (by_words,) = ours.by_keywords(made, [asked(keywords=("robot", "grasp"))], np.arange(COUNT))
    assert by_words[::2].mean() > by_words[1::2].mean()
    # In the order of the candidates, whatever order the ranker has.
    (turned,) = ours.by_keywords(made, [asked(keywords=("robot", "grasp"))], np.arange(COUNT)[::-1])
    assert turned[::-1].tolist() == by_words.tolist()


@pytest.mark.parametrize("name", RANKERS)
def test_any_ranker_scores_every_reader(name: str) -> None:
    made = world()
    one = RANKERS[name]
    for score in filter(None, (one.by_likes, one.by_keywords)):
        people = [asked(0, 2, keywords=("robot",)), asked(1, keywords=("unheard of",))]
        scores = score(made, people, np.array([5, 6, 7]))
        assert scores.shape == (2, 3)
        assert np.isfinite(scores).all()


def test_vectors_are_asked_for_by_name() -> None:
    with pytest.raises(ValueError, match="needs sentence vectors"):
        peers.zotero_arxiv_daily(corpus("a"), [asked(0)], np.array([0]))


def test_a_small_set_keeps_all_its_words() -> None:
    made = corpus("ice core", "ice sand", "sand dune")
    (scores,) = peers.centroid(made, [asked(0)], np.arange(3))
    assert scores[0] == pytest.approx(1)
    assert scores[0] > scores[1] > scores[2] == 0


@pytest.mark.parametrize("score", [peers.centroid, peers.bm25])
def test_papers_without_words_are_said_to_be_so(score: Score) -> None:
    with pytest.raises(EvaluationDataError, match="no paper has a word"):
        score(corpus("the", "of"), [asked(0)], np.array([1]))
