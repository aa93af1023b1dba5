"""Facts about lists of authors."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from digest.sources.authors import names


@pytest.mark.parametrize(
    ("given", "found"),
    [
        (["Ada Byron, Mary Somerville"], ["Ada Byron", "Mary Somerville"]),
        (["Ada Byron", "Mary Somerville"], ["Ada Byron", "Mary Somerville"]),
        (
            ["Ada Byron, Mary Fairfax, and Emmy Noether"],
            ["Ada Byron", "Mary Fairfax", "Emmy Noether"],
        ),
        (["Ada Byron and Emmy Noether"], ["Ada Byron", "Emmy Noether"]),
        (["Byron, A., Noether, E. A., Fairfax, M."], ["A. Byron", "E. A. Noether", "M. Fairfax"]),
        (["Byron, A."], ["A. Byron"]),
        (["Byron, Ada; Noether, Emmy"], ["Ada Byron", "Emmy Noether"]),
        (["A. Byron, E. Noether"], ["A. Byron", "E. Noether"]),
        (["Henry Gates, Jr., Emmy Noether"], ["Henry Gates Jr.", "Emmy Noether"]),
        (['<a href="x">Emmy Noether</a> (ATLAS, CMS Collaboration)'], ["Emmy Noether"]),
        (["editor@example.org (Emmy Noether)"], ["Emmy Noether"]),
        (["Poincar\\'e"], ["Poincaré"]),
        (["Plato", "Plato", " ", ""], ["Plato"]),
        ([], []),
    ],
)
def test_names_are_told_apart(given: list[str], found: list[str]) -> None:
    assert names(given) == tuple(found)


@given(st.lists(st.text()))
def test_no_list_is_too_odd(given: list[str]) -> None:
    assert all(name.strip() for name in names(given))
