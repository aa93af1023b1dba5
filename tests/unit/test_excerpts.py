"""Texts that are cut to the room they have."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markupsafe import escape

from digest.excerpts import cut, opening, room_for, size

ABSTRACT = (
    "A policy is written as a denoising process. It copes with several ways to do one task, "
    "e.g. pushing or pouring, and beats earlier methods by 4.5 points (see Fig. 2). We give away "
    "code and data."
)


def test_an_opening_ends_with_a_sentence() -> None:
    assert opening(ABSTRACT, 1000) == ABSTRACT
    assert opening(ABSTRACT, 180).endswith("(see Fig. 2).")
    assert opening(ABSTRACT, 80) == "A policy is written as a denoising process."


def test_an_abbreviation_or_a_number_ends_no_sentence() -> None:
    assert opening(ABSTRACT, 120).endswith("…")
    text = "As shown by J. Smith et al. In 2020 it was so. And then more of it came."
    assert opening(text, 50) == "As shown by J. Smith et al. In 2020 it was so."


def test_a_language_without_blanks_is_cut_too() -> None:
    text = "本文提出一种新的方法。它在三个数据集上优于已有方法。代码已公开。"
    assert opening(text, 85) == "本文提出一种新的方法。它在三个数据集上优于已有方法。"
    assert cut("日本語" * 30, 40).endswith("…")


def test_what_fits_stays_as_it_is() -> None:
    assert cut("short", 5) == "short"
    assert cut("one two three", 12) == "one two…"
    assert cut("one two", 2) == ""


@given(st.text(st.characters(), max_size=300), st.integers(0, 200))
def test_what_is_cut_has_room(text: str, room: int) -> None:
    assert size(text) == len(str(escape(text)).encode("utf-8", "surrogatepass"))
    for shorter in (cut(text, room), opening(text, room)):
        assert size(shorter) <= room
        assert shorter == text or text.startswith(shorter.removesuffix("…"))


@pytest.mark.parametrize("papers", range(1, 101))
def test_more_papers_never_have_more_room(papers: int) -> None:
    mine, next_ = room_for(papers), room_for(papers + 1)
    assert (next_.title, next_.abstract, next_.people) <= (mine.title, mine.abstract, mine.people)
    assert next_.brief >= mine.brief
