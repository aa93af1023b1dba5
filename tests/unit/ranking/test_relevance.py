from __future__ import annotations

import gzip
import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from threadpoolctl import threadpool_info

from digest.embedders import InMemory, Model
from digest.ranking import score_libraries
from digest.testing import FakeEmbedder
from tests.unit.ranking import samples

Floats = npt.NDArray[np.float32]

TEXTS = [f"{one.title}. {one.abstract}" for one in samples.papers(80)]
ROBOTS = list(range(0, 80, 4))
SPEECH = list(range(1, 80, 4))


def test_papers_on_the_subject_of_a_library_come_first() -> None:
    candidates = list(range(40, 80))
    scores = score_libraries(TEXTS, [ROBOTS[:10], SPEECH[:10]], candidates)
    assert scores.shape == (2, 40)
    for row, subject in zip(scores, (ROBOTS, SPEECH), strict=True):
        best = [candidates[place] for place in np.argsort(-row)[:8]]
        assert set(best) <= set(subject)


def test_an_empty_library_scores_zero() -> None:
    scores = score_libraries(TEXTS, [[], ROBOTS[:3]], [48, 51])
    assert not scores[0].any()
    assert scores[1].any()


def test_a_library_without_a_word_scores_zero() -> None:
    assert not score_libraries([*TEXTS, "", "..."], [[80, 81]], [5, 6]).any()


def test_nothing_asked_gives_an_empty_array() -> None:
    assert score_libraries(TEXTS, [[1]], []).shape == (1, 0)
    assert score_libraries(TEXTS, [], [1]).shape == (0, 1)
    assert score_libraries([], [[]], []).shape == (1, 0)


def test_order_and_repetition_in_a_library_do_not_count() -> None:
    once = score_libraries(TEXTS, [[4, 8, 12]], [40, 41, 44])
    again = score_libraries(TEXTS, [[12, 4, 8, 4, 12]], [40, 41, 44])
    assert np.array_equal(once, again)


def test_candidates_keep_their_place_and_may_repeat() -> None:
    scores = score_libraries(TEXTS, [[4, 8]], [44, 41, 44])
    swapped = score_libraries(TEXTS, [[4, 8]], [41, 44, 44])
    assert scores[0, 0] == scores[0, 2]
    assert np.allclose(scores[0, [1, 0]], swapped[0, :2])


@pytest.mark.parametrize("index", [-1, 80])
def test_an_index_out_of_range_is_named(index: int) -> None:
    with pytest.raises(ValueError, match=rf"library 1 names paper {index}"):
        score_libraries(TEXTS, [[0], [index]], [1])
    with pytest.raises(ValueError, match=rf"candidates names paper {index}"):
        score_libraries(TEXTS, [[0]], [index])


@given(
    st.lists(st.text(max_size=40), min_size=1, max_size=8),
    st.lists(st.lists(st.integers(0, 7), max_size=4), max_size=3),
    st.lists(st.integers(0, 7), max_size=4),
)
def test_any_texts_and_libraries_give_finite_and_equal_scores(
    texts: list[str], libraries: list[list[int]], candidates: list[int]
) -> None:
    last = len(texts) - 1
    libraries = [[min(one, last) for one in library] for library in libraries]
    candidates = [min(one, last) for one in candidates]
    scores = score_libraries(texts, libraries, candidates)
    assert np.isfinite(scores).all()
    assert np.array_equal(scores, score_libraries(texts, libraries, candidates))


def test_a_page_of_real_papers_finds_its_neighbours(shared_data: Path) -> None:
    with gzip.open(shared_data / "seed_papers.jsonl.gz", "rt") as file:
        found = [json.loads(line) for line in file]
    texts = [f"{one['title']}. {one['abstract']}" for one in found]
    about = [n for n, text in enumerate(texts) if "speech" in text.lower()]
    others = [n for n in range(len(texts)) if n not in about[:3]]
    scores = score_libraries(texts, [about[:3]], others)[0]
    best = [others[place] for place in np.argsort(-scores)[:10]]
    share = sum(n in about for n in best) / 10
    assert share > 3 * len(about) / len(texts)


@given(st.lists(st.lists(st.integers(0, 79), max_size=6), min_size=1, max_size=70))
@example([[0]] * 13 + [[0, 1]])
def test_a_library_scores_the_same_to_the_bit_whatever_others_are_asked_about(
    libraries: list[list[int]],
) -> None:
    candidates = list(range(0, 80, 3))
    together = score_libraries(TEXTS, libraries, candidates)
    (alone,) = score_libraries(TEXTS, libraries[-1:], candidates)
    assert np.array_equal(together[-1], alone)


def test_it_computes_in_one_thread_and_gives_the_threads_back() -> None:
    before = _threads()
    seen: list[set[int]] = []

    class Watching(FakeEmbedder):
        def embed(self, texts: Sequence[str]) -> Floats:
            seen.append(_threads())
            return super().embed(texts)

    embeddings = InMemory(Model(lambda: Watching({"robot": [1.0]})))
    score_libraries(TEXTS, [[1]], [2], embeddings=embeddings)
    assert seen == [{1}]
    assert _threads() == before


def _threads() -> set[int]:
    return {library["num_threads"] for library in threadpool_info()}
