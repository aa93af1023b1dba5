from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from digest.ranking.lexicon import Lexicon
from digest.ranking.text import WORD, split, stems, words
from tests.unit.ranking.samples import grasping


def test_words_are_lower_case_without_accents() -> None:
    assert words("Schrödinger's CAT-state, GPT-4") == [
        "schrodinger",
        "s",
        "cat",
        "state",
        "gpt",
        "4",
    ]


def test_signs_that_belong_to_a_name_stay() -> None:
    assert words("C++ or C#, not c.") == ["c++", "or", "c#", "not", "c"]


@given(st.text(st.characters(codec="ascii")))
def test_plain_text_has_the_words_that_the_pattern_finds(text: str) -> None:
    assert words(text) == WORD.findall(text.casefold())


def test_chinese_is_split_into_signs() -> None:
    assert words("扩散模型 works") == ["扩", "散", "模", "型", "works"]


def test_forms_of_a_word_share_a_stem() -> None:
    assert stems("diffusing") == stems("Diffused") == stems("diffuse")


def test_a_title_is_split_from_its_abstract() -> None:
    assert split("A title. An abstract. More.") == ("A title", "An abstract. More.")
    assert split("only a title") == ("only a title", "")


def test_rows_have_unit_length_or_are_zero() -> None:
    _, vectors = Lexicon.fit([("soft robots", "grasp well"), ("", ""), ("the of", "and")])
    lengths = np.sqrt(vectors.multiply(vectors).sum(axis=1))
    assert np.allclose(lengths, [1, 0, 0])


def test_new_texts_get_the_vectors_that_fitting_gave_them() -> None:
    documents = [("soft robots", "grasp eggs"), ("hard robots", "crush eggs"), ("stars", "shine")]
    lexicon, vectors = Lexicon.fit(documents)
    assert np.allclose(lexicon.vectors(documents).toarray(), vectors.toarray())


def test_a_pair_reaches_across_a_number_that_nobody_has_seen() -> None:
    lexicon, vectors = Lexicon.fit([("soft 12 robots", "grasp eggs")])
    again = lexicon.vectors([("soft 345 robots", "grasp eggs")])
    assert np.allclose(again.toarray(), vectors.toarray())


def test_unknown_words_leave_a_new_text_empty() -> None:
    lexicon, _ = Lexicon.fit([("soft robots", "grasp eggs")])
    assert lexicon.vectors([("quasar", "nebula")]).nnz == 0


def test_a_lexicon_of_nothing_knows_nothing() -> None:
    lexicon, vectors = Lexicon.fit([])
    assert vectors.shape == (0, 0)
    assert lexicon.vectors([("a title", "and more")]).shape == (1, 0)


def test_pairs_do_not_reach_from_the_title_into_the_abstract() -> None:
    lexicon, _ = Lexicon.fit([("soft robots", "grasp eggs")])
    terms = _shown(lexicon, "soft robots", "grasp eggs")
    assert lexicon.size == len(terms)
    assert terms == {"soft", "robots", "grasp", "eggs", "soft robots", "grasp eggs"}


def _written(title: str, abstract: str) -> set[str]:
    return _shown(Lexicon.fit([(title, abstract)])[0], title, abstract)


def _shown(lexicon: Lexicon, title: str, abstract: str) -> set[str]:
    spelling = lexicon.spelling(title, abstract)
    return {spelling.term(column) for column in spelling.columns.tolist()}


def test_terms_are_shown_as_the_abstract_writes_them_most_often() -> None:
    shown = _written("Retrieving Facts", "Retrieval helps. We see that retrieval is retrieving.")
    assert "retrieval" in shown
    assert shown.isdisjoint({"retriev", "retrieving", "Retrieval"})
    assert "facts" in shown


def test_names_keep_their_capitals() -> None:
    shown = _written("Agents with LLMs", "LLMs meet Bayesian agents in C++. Agents win.")
    assert {"LLMs", "Bayesian agents", "C++", "agents", "win"} <= shown


def test_what_is_ever_written_small_is_no_name() -> None:
    shown = _written("", "We build Unified Speech Recognition. It bests visual speech of birds.")
    assert "speech" in shown
    assert "Recognition" in shown


def test_a_pair_is_shown_with_the_little_words_inside_it() -> None:
    assert "state of the art" in _written("", "We beat the state of the art.")
    assert {"state-of-the-art", "state-of-the-art score"} <= _written(
        "", "A state-of-the-art score"
    )
    assert {"X-ray", "X-ray beams"} <= _written("", "An X-ray is seen. See X-ray beams.")


def test_a_word_that_never_stands_alone_is_shown_with_what_hangs_on_it() -> None:
    shown = _written("", "We learn spatio-temporal grids. Tree-based ones fail; a tree helps.")
    assert "spatio-temporal" in shown
    assert "spatio" not in shown
    assert "tree" in shown
    # A name before or after it is another thing.
    assert "agents" in _written("", "We build GPT-agents.")
    assert {"GPT", "ResNet"} <= _written("", "We ask GPT-4o and train ResNet-50.")


def test_a_word_is_written_small_also_where_a_hyphen_follows() -> None:
    assert "transformer" in _written("", "We use a Transformer. Here transformer-based ones win.")


def test_what_only_abstracts_say_names_no_subject() -> None:
    documents = grasping(400)
    lexicon, _ = Lexicon.fit(documents)
    names = {}
    for title, abstract in documents[-4:]:
        spelling = lexicon.spelling(title, abstract)
        names |= {
            spelling.term(one): float(lexicon.naming[one]) for one in spelling.columns.tolist()
        }
    assert names["grasp"] == 1
    assert names["superior"] == 0
    assert names["superior demand"] == 0
    # Titles make a pair.
    assert names["major tide"] == 1


def test_of_a_word_that_is_rarely_seen_nothing_is_held_against_it() -> None:
    lexicon, _ = Lexicon.fit([("grasping", "a rare quoin"), ("walking", "on legs")])
    assert lexicon.naming.min() > 0.8


def test_every_term_of_a_paper_has_its_words() -> None:
    documents = [("Soft robots, naïvely", "They grasp; ﬁne ½ eggs"), ("機械学習", "scikit-learn's")]
    lexicon, vectors = Lexicon.fit(documents)
    for row, document in enumerate(documents):
        columns = vectors.indices[vectors.indptr[row] : vectors.indptr[row + 1]]
        assert set(lexicon.spelling(*document).columns.tolist()) == set(columns.tolist())


def test_terms_of_every_tenth_paper_tell_nothing() -> None:
    documents = [(f"robot word{number % 150}", "") for number in range(300)]
    lexicon, _ = Lexicon.fit(documents)
    assert _shown(lexicon, "robot word7", "") == {"word7", "robot word7"}


@given(st.lists(st.tuples(st.text(), st.text()), max_size=6))
def test_any_text_can_be_weighed(documents: list[tuple[str, str]]) -> None:
    _, vectors = Lexicon.fit(documents)
    assert np.isfinite(vectors.data).all()
