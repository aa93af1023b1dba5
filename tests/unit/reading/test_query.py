"""What people type becomes words."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from digest.model import Words
from digest.reading.query import alike, is_plain, read


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("Feature extractors", [Words(("feature",)), Words(("extractors",))]),
        ('"feature extractor"', [Words(("feature", "extractor"), quoted=True)]),
        ("self-supervised", [Words(("self", "supervised"))]),
        ("author:Müller", [Words(("muller",), "author")]),
        ('Title:"world models"', [Words(("world", "models"), "title", quoted=True)]),
        ("graphs -survey", [Words(("graphs",)), Words(("survey",), excluded=True)]),
        ("the theory of everything", [Words(("theory",)), Words(("everything",))]),
        ("to be or not to be", [Words((one,)) for one in ["to", "be", "or", "not", "to", "be"]]),
        ('"an open end', [Words(("an", "open", "end"), quoted=True)]),
        ('vitamin "a"', [Words(("vitamin",)), Words(("a",), quoted=True)]),
        ("OR AND NOT", [Words(("or",)), Words(("and",)), Words(("not",))]),
        ("", []),
        ('" * ^ () :', []),
    ],
)
def test_a_question_is_read(typed: str, meant: list[Words]) -> None:
    assert read(typed) == meant


def test_a_field_holds_for_words_that_name_none() -> None:
    assert read("ada title:loops", "author") == [
        Words(("ada",), "author"),
        Words(("loops",), "title"),
    ]
    assert not is_plain(read("author:ada"))
    assert not is_plain(read('graph "transformers"'))
    assert is_plain(read("self-supervised"))
    assert is_plain(read("graph transformers"))


def test_a_title_is_its_telling_words() -> None:
    assert alike("A study of the study") == [Words(("study",))]


@given(st.text(max_size=500))
def test_nothing_that_is_typed_is_a_mistake(typed: str) -> None:
    assert len(read(typed)) <= 24
