"""Terms and meanings together."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

from digest.embedders import InMemory, Model
from digest.errors import EmbedderUnavailable
from digest.model import Paper, Profile
from digest.ports import Embedder
from digest.ranking import ranker, score_libraries
from digest.ranking.closeness import cosines
from digest.ranking.content import Content
from digest.ranking.space import Columns, Space, Vectors, text_of
from digest.ranking.text import split
from digest.testing import FakeEmbedder
from tests.support.ranking import Listed
from tests.support.sentences import write_model
from tests.unit.ranking import samples

# Each subject has two vocabularies that share no word, and one meaning.
SUBJECTS = {
    "ice": ("glacier frost polar berg", "cryosphere firn moraine icecap"),
    "sand": ("dune desert quartz erg", "aeolian barchan yardang ripple"),
}
MEANINGS = {
    word: (1.0, 0.0) if subject == "ice" else (0.0, 1.0)
    for subject, both in SUBJECTS.items()
    for words in both
    for word in words.split()
}


def embeddings() -> InMemory:
    return InMemory(Model(lambda: FakeEmbedder(MEANINGS)))


def _texts() -> list[str]:
    """Return ten papers in each vocabulary: ice, other ice, sand, other sand."""
    texts: list[str] = []
    for words in (one.split() for both in SUBJECTS.values() for one in both):
        for first in range(10):
            number = len(texts)  # so that no two papers share it
            one, two, three = (words[(first + more) % 4] for more in range(3))
            texts.append(f"{one} {two} study{number}. we look at {three} in place{number}")
    return texts


TEXTS = _texts()
ICE, OTHER_ICE, SAND = range(10), range(10, 20), range(20, 30)


def test_a_paper_is_found_that_shares_no_word_with_what_is_liked() -> None:
    candidates = [*OTHER_ICE, *SAND]
    likes = [[*ICE]]
    by_words = score_libraries(TEXTS, likes, candidates)[0]
    by_meaning = score_libraries(TEXTS, likes, candidates, embeddings=embeddings())[0]
    assert np.ptp(by_words) == pytest.approx(0, abs=1e-4)
    assert by_meaning[:10].min() > by_meaning[10:].max()


def test_vectors_have_the_length_one_with_and_without_meaning() -> None:
    documents = [(text, "") for text in TEXTS]
    for given in (None, embeddings()):
        space, vectors = Space.fit(documents, given)
        assert space.has_meaning == (given is not None)
        own = np.diag(Columns(vectors).cosines(vectors))
        assert np.allclose(own, 1, atol=1e-5)
        words = space.words(["glacier", "what is nothing"])
        assert Columns(words).cosines(words)[0, 0] == pytest.approx(1, abs=1e-5)


def test_a_text_without_words_says_nothing() -> None:
    space, vectors = Space.fit([(text, "") for text in [*TEXTS, "...", ""]], embeddings())
    assert vectors.known.tolist() == [True] * len(TEXTS) + [False, False]
    assert space.words(["?!"]).known.tolist() == [False]


def test_rows_are_chosen_and_stacked() -> None:
    _, vectors = Space.fit([(text, "") for text in TEXTS], embeddings())
    back = Vectors.stack([vectors[[3, 1]], vectors[4:6]])
    assert len(back) == 4
    assert np.array_equal(back.meanings, vectors.meanings[[3, 1, 4, 5]])
    assert (back.terms != vectors.terms[[3, 1, 4, 5]]).nnz == 0


class Given:
    """The meanings of papers, some of which are no numbers, or nothing."""

    def __init__(self, *, without: float, rows: Sequence[int]) -> None:
        self._fake = FakeEmbedder(MEANINGS)
        self._without = without
        self._texts = {text_of(*split(TEXTS[row])) for row in rows}

    def of_papers(self, texts: Sequence[str]) -> npt.NDArray[np.float32]:
        found = self._fake.embed(texts)
        found[[text in self._texts for text in texts]] = self._without
        return found

    of_words = of_papers


@pytest.mark.parametrize("without", [np.nan, np.inf, 0.0])
def test_a_paper_of_which_a_model_makes_nothing_is_known_by_its_words(without: float) -> None:
    candidates = [*OTHER_ICE, *SAND]
    given = Given(without=without, rows=[0, 10, 20])
    scores = score_libraries(TEXTS, [[*ICE], [*SAND]], candidates, embeddings=given)
    assert np.isfinite(scores).all()
    assert scores[0, 1:10].min() > scores[0, 10:].max()
    _, vectors = Space.fit([split(text) for text in TEXTS], given)
    assert np.allclose(np.diag(Columns(vectors).cosines(vectors)), 1, atol=1e-5)
    assert vectors.known.all()
    # Nor do they move the middle of the others.
    _, others = Space.fit([split(TEXTS[row]) for row in range(40) if row % 10], embeddings())
    near = [each.meanings[0] @ each.meanings[1] for each in (vectors[1:3], others[0:2])]
    assert near[0] == pytest.approx(near[1], abs=1e-5)


def test_a_model_of_which_all_rows_are_no_numbers_leaves_the_order_of_the_words() -> None:
    given = Given(without=np.nan, rows=range(len(TEXTS)))
    without = score_libraries(TEXTS, [[*ICE]], [*SAND])
    broken = score_libraries(TEXTS, [[*ICE]], [*SAND], embeddings=given)
    assert np.allclose(without, broken, atol=1e-4)


def test_short_texts_give_meaning_more_weight_than_long_ones() -> None:
    short = [(text, "") for text in TEXTS]
    long = [
        (text, " ".join(f"filler{number}x{place}" for place in range(200)))
        for number, text in enumerate(TEXTS)
    ]
    (_, few), (_, many) = (Space.fit(one, embeddings()) for one in (short, long))
    assert np.linalg.norm(few.meanings[0]) > 1.5 * np.linalg.norm(many.meanings[0])


def test_a_model_that_fails_leaves_the_order_of_the_words() -> None:
    def load() -> Embedder:
        raise EmbedderUnavailable("gone")

    without = score_libraries(TEXTS, [[*ICE]], [*SAND])
    broken = score_libraries(TEXTS, [[*ICE]], [*SAND], embeddings=InMemory(Model(load)))
    assert np.array_equal(without, broken)


def test_the_environment_gives_score_libraries_its_model(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    candidates = [*OTHER_ICE, *SAND]
    monkeypatch.setenv("DIGEST_SEMANTIC__MODEL", str(write_model(tmp_path, MEANINGS)))
    scores = score_libraries(TEXTS, [[*ICE]], candidates)[0]
    assert scores[:10].min() > scores[10:].max()
    monkeypatch.setenv("DIGEST_SEMANTIC__MODEL", str(tmp_path / "gone"))
    assert np.ptp(score_libraries(TEXTS, [[*ICE]], candidates)[0]) == pytest.approx(0, abs=1e-4)


@pytest.mark.parametrize("interest", ["liked", "text", "keyword"])
def test_the_digest_knows_papers_by_their_meaning(interest: str) -> None:
    made = [
        Paper(key=f"p:{number}", title=title, abstract=abstract)
        for number, (title, _, abstract) in enumerate(text.partition(". ") for text in TEXTS)
    ]
    known, candidates = made[:10], made[10:30]
    reader = {
        "liked": Profile(liked=tuple(known), trending_weight=0.0),
        "text": samples.profile(samples.want("text", "frost on a glacier"), trending_weight=0.0),
        "keyword": samples.profile(samples.want("keyword", "glacier"), trending_weight=0.0),
    }[interest]
    ranking = Listed.fit(
        ranker("default", embeddings()),
        [samples.candidate(paper) for paper in candidates],
        [*known, *samples.papers(240, prefix="past")],
        samples.NOW,
    )
    scored = {one.paper.key: one for one in ranking.score(reader)}
    ice = [scored[paper.key].relevance for paper in candidates[:10]]
    sand = [scored[paper.key].relevance for paper in candidates[10:]]
    assert min(ice) > max(sand)


class Drawn:
    """Sentence vectors as long as those of a usual model, one drawn for each text."""

    def of_papers(self, texts: Sequence[str]) -> npt.NDArray[np.float32]:
        rows = np.stack(
            [np.random.default_rng([*text.encode()]).normal(size=384) for text in texts]
        )
        unit: npt.NDArray[np.float32] = rows / np.linalg.norm(rows, axis=1, keepdims=True)
        return unit.astype(np.float32)

    of_words = of_papers


@pytest.mark.parametrize(("given", "apart"), [(None, 0), (Drawn(), 1e-6)])
def test_readers_have_the_same_scores_alone_and_among_others(
    given: Drawn | None, apart: float
) -> None:
    made = [Paper(f"t:{number}", *text.split(". ")) for number, text in enumerate(TEXTS)]
    past = [*made[::2], *samples.papers(300, prefix="past")]
    readers = [
        Profile(liked=tuple(past[number : number + 5]), trending_weight=0.0)
        for number in range(0, 300, 5)
    ]
    ranking = ranker("default", given).fit([*map(samples.candidate, made[1::2])], past, samples.NOW)
    together = ranking.score(readers).score
    assert together[:4].any(axis=1).all()
    for row in range(8):
        alone = ranking.score([readers[row]]).score[0]
        assert np.abs(alone - together[row]).max() <= apart


def test_what_is_close_in_meaning_is_said_to_be() -> None:
    made = [Paper(f"t:{number}", *text.split(". ")) for number, text in enumerate(TEXTS)]
    pool = [samples.candidate(made[place]) for place in (*OTHER_ICE, *SAND)]
    past = [*made[:10], *samples.papers(240, prefix="past")]
    ranking = Listed.fit(ranker("default", embeddings()), pool, past, samples.NOW)
    wishes = {
        "close in meaning to your text": samples.profile(samples.want("text", "glacier frost")),
        "close in meaning to papers you liked": Profile(liked=tuple(made[place] for place in ICE)),
    }
    for reason, wish in wishes.items():
        best = ranking.score(wish)[0]
        assert best.paper in [made[place] for place in OTHER_ICE]
        assert best.reason.startswith(reason)


@pytest.mark.parametrize("texts", [["glacier frost", "we look at dune"], ["unheard"]])
def test_papers_meet_texts_as_the_product_of_their_vectors(texts: list[str]) -> None:
    papers = [Paper(f"t:{number}", text, "") for number, text in enumerate(TEXTS)]
    words = [*filter(None, Content(papers, [], [], embeddings()).words(texts))]
    _, vectors = Space.fit([(text, "") for text in TEXTS], embeddings())
    expected = Columns(Vectors.stack([one.own for one in words])).cosines(vectors[5:25])
    assert len(words) == len(texts)
    assert np.allclose(cosines(vectors[5:25], words), expected, atol=1e-6)
