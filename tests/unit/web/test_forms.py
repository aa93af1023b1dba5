"""The fields of the forms."""

from __future__ import annotations

from collections.abc import Collection

import pytest
from starlette.datastructures import FormData

from digest.model import Interest, InterestKind
from digest.subscriptions import Preferences
from digest.web import forms

LIBRARY = """
@article{a, title={Grasping with care}, eprint={2611.00001}}
@article{b, title={Walking, slowly}, doi={10.1234/abc}}
@book{c, title={A book of hands}}
"""


def here(keys: Collection[str]) -> Collection[str]:
    """Know one paper."""
    return [key for key in keys if key == "arxiv:2611.00001"]


def read(**fields: str) -> tuple[Preferences, forms.Filled]:
    return forms.read(FormData(list(fields.items())), here=here)


def test_lists_are_shown_as_their_fields_ask_for_them() -> None:
    typed = {"categories": "neuroscience, ecology", "keywords": "moss, lichen"}
    typed |= {"mutes": "crypto, author:Ada Example", "authors": "Example, Ada\nBob Example"}
    wanted, _ = read(**typed)
    assert forms.shown(wanted).items() >= typed.items()


def test_a_library_becomes_seeds_and_what_is_not_here_words() -> None:
    wanted, filled = read(library=LIBRARY, text="I build hands", likes="2610.00009")
    assert wanted.interests == (
        Interest(InterestKind.SEED, "arxiv:2610.00009"),
        Interest(InterestKind.SEED, "arxiv:2611.00001"),
        Interest(InterestKind.SEED, "doi:10.1234/abc"),
        Interest(InterestKind.TEXT, "I build hands; A book of hands; Walking, slowly"),
    )
    assert filled.problems == {}
    (remark,) = filled.remarks
    assert remark.startswith("Your list names 3 papers; 1 of them is here, and the titles of 2")


def test_bibtex_may_be_pasted_where_ids_go() -> None:
    wanted, _ = read(likes=f"2610.00009\n{LIBRARY}")
    assert [one.value for one in wanted.interests if one.kind is InterestKind.SEED] == [
        "arxiv:2610.00009",
        "arxiv:2611.00001",
        "doi:10.1234/abc",
    ]


def test_what_was_read_out_of_a_library_stands_in_the_fields() -> None:
    _, filled = read(library=LIBRARY)
    again, _ = read(likes=filled.values["likes"], text=filled.values["text"])
    assert again == read(library=LIBRARY)[0]


def test_of_a_long_library_the_end_counts() -> None:
    many = "".join(f"@a{{x, title={{Paper {n}}}, eprint={{2611.{n:05}}}}}" for n in range(400))
    wanted, filled = read(library=many)
    seeds = [one.value for one in wanted.interests if one.kind is InterestKind.SEED]
    assert len(seeds) == forms.MOST_SEEDS
    assert seeds[-1] == "arxiv:2611.00399"
    assert filled.problems == {}


def test_a_file_that_is_no_library_says_so() -> None:
    _, filled = read(library="\x00PNG...")
    assert "BibTeX" in filled.problems["library"]


def test_a_category_may_be_typed_by_its_name() -> None:
    form = FormData(
        [("category", "Algebraic Geometry"), ("category", ""), ("categories", "Optics")]
    )
    wanted, filled = forms.read(form)
    assert [one.value for one in wanted.interests] == ["math.AG", "physics.optics"]
    assert filled.values["checked"] == ["math.AG"]


@pytest.mark.parametrize("field", ["name", "text", "keywords"])
@pytest.mark.parametrize("typed", ["\u0301\u0316", "a,"])
def test_a_megabyte_of_anything_is_a_mistake_soon(field: str, typed: str) -> None:
    """Accents on one letter took minutes, and many short words some ten seconds."""
    _, filled = read(**{field: typed * (1_000_000 // len(typed.encode()))})
    assert list(filled.problems) == ["name" if field == "name" else "interests"]


def test_all_papers_that_cannot_be_read_are_named_at_their_field() -> None:
    _, filled = read(likes="foo\n2005.14165, bar")
    assert set(filled.problems) == {"likes"}
    assert '"foo", "bar". Write arXiv ids' in filled.problems["likes"]
    _, filled = read(likes="foo")
    assert filled.problems["likes"].startswith('"foo" is not a paper')
    _, filled = read(likes=" ".join(f"x{number}" for number in range(20)))
    assert "and 8 others" in filled.problems["likes"]
