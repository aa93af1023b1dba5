"""BibTeX files as people have them, and as nobody should."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from digest.sources.bibtex import LONGEST_TITLE, MOST_ENTRIES, is_bibtex, references

FILE = r"""
% exported
@string{jx = "Journal of Examples"}
@comment{ nothing, title = {Not a paper} }
@article{ada2026grasp,
  title = {{Grasping} with {\"U}ncertain Hands},
  author = {Example, Ada and Example, Bo},
  eprint = {2611.00001v2},
  archivePrefix = {arXiv},
  year = 2026
}
@InProceedings ( bo2025walk ,
  title = "Walking, \emph{slowly}",
  doi = "https://doi.org/10.1234/ABC.5",
  year = 2025 )
@misc{scholar, title={Sleep}, journal={arXiv preprint arXiv:2610.12345}, year={2026}}
@misc{old, title={An old one}, eprint={hep-th/9901001}}
@misc{address, title={By address}, url={https://arxiv.org/abs/2609.00007v3}}
@book{book, title={A Book}, publisher={Example Press}, url={https://example.org/book}}
@misc{again, title={Sleep again}, note={arXiv:2610.12345v2}}
@misc{pubmed, title={Elsewhere}, eprint={2611.00009}, eprinttype={pubmed}}
"""


FORMULAE = r"$\alpha_{i}^{2}$ " * 30


def test_papers_are_found_by_whatever_names_them() -> None:
    assert [(one.key, one.title) for one in references(FILE)] == [
        ("arxiv:2611.00001", "Grasping with Üncertain Hands"),
        ("doi:10.1234/abc.5", "Walking, slowly"),
        ("arxiv:2610.12345", "Sleep"),
        ("arxiv:hep-th/9901001", "An old one"),
        ("arxiv:2609.00007", "By address"),
        (None, "A Book"),
        (None, "Elsewhere"),
    ]


@pytest.mark.parametrize(
    ("text", "titles"),
    [
        ("@misc{a, title = {Never closed\n@misc{b, title={Whole}}", ["Never closed", "Whole"]),
        ("@misc{a, title = }\n@misc{b, title={Whole}}", ["Whole"]),
        ("@misc{a title={No comma}}@misc{b, title={Whole}}", ["Whole"]),
        ("@misc{b, title={Whole}, broken, doi={10.1/x}}", ["Whole"]),
        ("me@example.org wrote {this}", []),
        ("@misc{x, title={<script>alert(1)</script> <b>y</b>}}", ["y"]),
        ("@misc{x, title={A\u202eB\x00C}}", ["ABC"]),
    ],
)
def test_what_is_broken_costs_one_entry(text: str, titles: list[str]) -> None:
    assert [one.title for one in references(text)] == titles


@pytest.mark.parametrize(
    ("written", "title"),
    [
        (r"Schr{\"o}dinger and Erd\H{o}s", "Schrödinger and Erdős"),
        (r"\v{C}ech, Fran\c cois, na\"{\i}ve", "Čech, François, naïve"),
        (r"{\O}re and Stra{\ss}e on {\L}ukasiewicz", "Øre and Straße on Łukasiewicz"),
        (r"$k$-means in $\mathcal{O}(n^2)$", "k-means in O(n^2)"),
        (r"\emph{Fast} \& \textbf{good}~at 5\,\%", "Fast & good at 5,%"),
    ],
)
def test_titles_are_readable(written: str, title: str) -> None:
    (one,) = references(f"@misc{{x, title={{{written}}}}}")
    assert one.title == title


def test_a_title_is_no_longer_than_titles_are() -> None:
    (one,) = references("@misc{x, title={%s}}" % ("long " * 300))
    assert len(one.title) < LONGEST_TITLE


def test_ids_and_addresses_alone_are_no_bibtex() -> None:
    assert not is_bibtex("2611.00001, https://arxiv.org/abs/2611.00002 ada@example.org")
    assert is_bibtex(" @Article {x, title={y}}")


@given(st.text(alphabet='@{}(),="\\ \nabtitle', max_size=400))
def test_nothing_ends_in_an_error(text: str) -> None:
    references(text)
    references(f"@misc{{x, title={text}")


@pytest.mark.parametrize(
    "text",
    [
        "@a{" * 300_000,
        "@misc{x, title={" + "{" * 900_000,
        "@misc{x, title={" * 60_000,
        "@" + " " * 900_000,
        "@misc{x," + " title = a," * 90_000,
        "@misc{x, note={" + "arxiv:" * 150_000 + "}}",
        "@misc{x" + "," * 900_000,
        "@misc{x, title=" + '"' * 900_000,
        "@misc{x," + " " * 50_000 + "!",
        "".join(f"@misc{{k{n}, title={{{FORMULAE}}}}}" for n in range(1_900)),
    ],
)
def test_a_hostile_file_costs_no_more_than_a_second_or_two(text: str) -> None:
    began = time.perf_counter()
    assert sum(len(one.title) < LONGEST_TITLE for one in references(text)) <= MOST_ENTRIES
    assert time.perf_counter() - began < 5
