"""What those who like a paper also like."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pytest

from digest.model import Paper, Profile
from digest.ranking import score_libraries
from digest.ranking.default import DefaultRanker
from digest.ranking.space import Space, Vectors
from digest.ranking.taste import READERS, SharedTaste, added
from tests.support.ranking import Listed
from tests.unit.ranking import samples

# Readers of ice also read of sand, readers of wood of clay; no subject shares a word with another.
SUBJECTS = {
    "ice": "glacier frost polar berg firn moraine",
    "sand": "dune desert quartz erg barchan yardang",
    "wood": "oak beech timber bark resin sapwood",
    "clay": "kaolin pottery kiln silt loam brick",
}
PER_SUBJECT = 12


def _texts() -> list[str]:
    texts: list[str] = []
    for words in SUBJECTS.values():
        own = words.split()
        for first in range(PER_SUBJECT):
            one, two, three = (own[(first + more) % len(own)] for more in range(3))
            texts.append(f"{one} {two} study{len(texts)}. {three} in place{len(texts)}")
    return texts


TEXTS = _texts()
ICE, SAND, WOOD, CLAY = (
    range(start, start + PER_SUBJECT) for start in range(0, len(TEXTS), PER_SUBJECT)
)
KNOWN = 8  # papers of each subject that somebody has read; the others are new
NEW_SAND, NEW_CLAY = [*SAND[KNOWN:]], [*CLAY[KNOWN:]]


def _libraries(count: int) -> list[list[int]]:
    """Return readers who like papers of two subjects that go together."""
    draw = np.random.default_rng(1)
    both = [[*ICE[:KNOWN], *SAND[:KNOWN]], [*WOOD[:KNOWN], *CLAY[:KNOWN]]]
    return [
        sorted(draw.choice(both[number % 2], 6, replace=False).tolist()) for number in range(count)
    ]


def _vectors() -> Vectors:
    return Space.fit([(text, "") for text in TEXTS], None)[1]


def test_a_reader_is_shown_what_readers_like_them_like() -> None:
    candidates = [*NEW_SAND, *NEW_CLAY, *ICE[KNOWN:]]
    me = [*ICE[:3]]
    alone = score_libraries(TEXTS, [me], candidates)[0]
    among = score_libraries(TEXTS, [me, *_libraries(READERS + 20)], candidates)[0]
    assert np.ptp(alone[:8]) < 1e-3
    assert among[8:].min() > among[:4].min()
    assert among[:4].min() > among[4:8].max()


def test_a_score_is_the_same_wherever_its_paper_stands_among_many() -> None:
    many = [f"filler{number % 97} word{number}" for number in range(4100)]
    new = [*NEW_SAND, *NEW_CLAY, *ICE[KNOWN:], *SAND[:2]]
    candidates = [*new, *range(len(TEXTS), len(TEXTS) + len(many))]
    libraries = [[*ICE[:3]], *_libraries(READERS)]
    scores = score_libraries([*TEXTS, *many], libraries, candidates)
    turned = score_libraries([*TEXTS, *many], libraries, candidates[::-1])[:, ::-1]
    assert np.allclose(scores, turned, atol=1e-3)
    assert np.ptp(scores, axis=1).min() > 1


def test_few_readers_learn_nothing_from_each_other() -> None:
    def unasked() -> Vectors:
        raise AssertionError

    vectors = _vectors()
    assert SharedTaste.learn(unasked, _libraries(READERS - 1), vectors) is None
    assert SharedTaste.learn(unasked, [], vectors) is None
    assert SharedTaste.learn(unasked, [[0]] * READERS, vectors) is None
    assert SharedTaste.learn(unasked, _libraries(READERS), vectors[:0]) is None


def test_readers_who_share_no_paper_learn_nothing_from_each_other() -> None:
    def unasked() -> Vectors:
        raise AssertionError

    apart = [[2 * reader, 2 * reader + 1] for reader in range(READERS)]
    assert SharedTaste.learn(unasked, apart, _vectors()) is None


def test_somebody_whose_likes_nobody_knows_keeps_the_scores_of_content() -> None:
    vectors = _vectors()
    taste = SharedTaste.learn(lambda: vectors, _libraries(READERS), vectors[NEW_SAND])
    assert taste is not None
    scores = np.array([3.0, 1.0, 2.0, 0.0], np.float32)
    assert not added(scores, taste.found([])).any()
    assert added(scores, taste.found([0, 12])).any()


def test_what_readers_add_is_the_sum_of_what_each_like_has_in_it() -> None:
    vectors = _vectors()
    taste = SharedTaste.learn(lambda: vectors, _libraries(READERS), vectors[[*NEW_SAND, *NEW_CLAY]])
    assert taste is not None
    scores = np.linspace(0, 3, 8, dtype=np.float32)
    more = added(scores, taste.found([0, 3, 12]))
    for paper in range(8):
        shares = taste.shares(scores, [0, 3, 12], paper)
        assert shares.sum() == pytest.approx(more[paper], abs=1e-3)


def test_the_digest_learns_from_all_readers() -> None:
    made = [Paper(f"t:{number}", *text.split(". ")) for number, text in enumerate(TEXTS)]
    reader = Profile(liked=tuple(made[place] for place in ICE[:3]), trending_weight=0.0)
    libraries = [[made[place] for place in library] for library in _libraries(READERS + 20)]
    candidates = [samples.candidate(made[place]) for place in (*NEW_SAND, *NEW_CLAY, *ICE[KNOWN:])]
    past = [*made[:KNOWN], *samples.papers(240, prefix="past")]
    ranking = DefaultRanker().fit_among(candidates, past, samples.NOW, libraries)
    scored = {one.paper.key: one.relevance for one in Listed(ranking).score(reader)}
    sand = [scored[made[place].key] for place in NEW_SAND]
    clay = [scored[made[place].key] for place in NEW_CLAY]
    assert min(sand) > max(clay)


class _Counting:
    """Embeddings that mean nothing and count how often they are asked about each paper."""

    def __init__(self) -> None:
        self.asked: Counter[str] = Counter()

    def of_papers(self, texts: Sequence[str]) -> npt.NDArray[np.float32]:
        self.asked.update(texts)
        return self.of_words(texts)

    def of_words(self, texts: Sequence[str]) -> npt.NDArray[np.float32]:
        return np.ones((len(texts), 1), np.float32)


def test_papers_that_readers_share_are_read_once_for_all_of_them() -> None:
    made = [Paper(f"t:{number}", *text.split(". ")) for number, text in enumerate(TEXTS)]
    libraries = [[made[place] for place in library] for library in _libraries(READERS + 20)]
    candidates = [samples.candidate(made[place]) for place in NEW_SAND]
    counting = _Counting()
    ranking = DefaultRanker(counting).fit_among(candidates, [], samples.NOW, libraries)
    for library in libraries[:2]:
        ranking.score([Profile(liked=tuple(library))])
    assert set(counting.asked.values()) == {1}
    assert len(counting.asked) > len(candidates)
