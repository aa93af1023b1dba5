"""Facts about making texts readable."""

from __future__ import annotations

import unicodedata
from time import process_time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from digest.sources.cleaning import abstract, clean, one_line, shortened, without_markup

# Texts that are thick with what means something to HTML or TeX.
tangles = st.lists(
    st.sampled_from(
        ["<p>", "</p>", "<b", ">", "&amp;", "&lt;", "&#0;", "&#x202e;", "$", "\\", "{", "}", "%",
         "~", "\\frac", "\\href{", "\\texttt{", "\\eg",
         "\\begin{x}", "\\'e", "^", "_", "\n", "\x00", "\u202e", "\ud800", "é"]
    )
    | st.text(max_size=5),
    max_size=30,
).map("".join)  # fmt: skip


@pytest.mark.parametrize(
    ("given", "read"),
    [
        ("two\n   lines\tand\u00a0more ", "two lines and more"),
        ("<p>One</p><p>two &amp; <i>three</i></p>", "One two & three"),
        ("<b>&amp;lt;5&amp;gt;</b>", "<5>"),
        ("p<0.05, x<y and z>w, a <b and c> d", "p<0.05, x<y and z>w, a <b and c> d"),
        ("before<script>alert(1)</script> after", "before after"),
        ('<meta name="card" content="x"/>Text', "Text"),
        ("a<!-- hidden --> b", "a b"),
        ("Poincar\\'e, G\\\"{o}del, {\\L}ukasz", "Poincaré, Gödel, Łukasz"),
        ("$\\ell_1$ and $O(n^2)$", "ℓ_1 and O(n^2)"),
        ("$\\frac{a+b}{c}$", "(a+b)/c"),
        ("10$\\times$ faster", "10× faster"),
        ("\\textbf{Bold} gains of 5% in R&D \\emph{now}", "Bold gains of 5% in R&D now"),
        ("a \\% b % c \\alpha", "a % b % c α"),
        ("from $5 to $10 in \\emph{cash}", "from $5 to $10 in cash"),
        ("about ~10 (Fig.~3) \\beta", "about ~10 (Fig. 3) β"),
        ("our \\method wins", "our \\method wins"),
        ("Code: \\href{https://a.org/b_c%20d}{here}.", "Code: https://a.org/b_c%20d."),
        ("\\href{https://a.org}{this \\emph{fine} page} wins", "this fine page wins"),
        (
            "\\href{https://a.org}{https://a.org}, \\href{https://b.org}{}",
            "https://a.org, https://b.org",
        ),
        ("\\texttt{find} at 10\\deg, \\eg{} H\\textsubscript{2}O", "find at 10°, e.g. H2O"),
        ("a \\href{broken", "a \\href{broken"),
        ("slow -- but 10--20 --flag", "slow – but 10–20 --flag"),
        ("e\u0301", "é"),
        ("a\u202eb\u200bc\x07d", "abcd"),
        ("https://example.org/?a=1&copy=2", "https://example.org/?a=1&copy=2"),
        ("set {a, b} as is", "set {a, b} as is"),
    ],
)
def test_a_text_becomes_one_readable_line(given: str, read: str) -> None:
    assert clean(given) == read


@pytest.mark.parametrize("given", ["$\\", "\\begin{equation", "{" * 5000, "$$$$$", "$\\frac{$"])
def test_broken_tex_loses_no_words(given: str) -> None:
    assert clean(f"before {given} after \\alpha").startswith("before")
    assert "after" in clean(f"before {given} after \\alpha")


@pytest.mark.parametrize("given", [None, 7, ["a"], {"a": 1}, b"bytes"])
def test_what_is_no_text_is_an_empty_one(given: object) -> None:
    assert clean(given) == ""


def test_the_words_before_an_abstract_of_arxiv_go() -> None:
    words = "arXiv:2604.21952v1 Announce Type: new \nAbstract: We count."
    assert abstract(words) == "We count."
    assert abstract("Abstract: We count.") == "Abstract: We count."


def test_a_long_text_is_cut_after_a_word() -> None:
    assert shortened("one two three", 9) == "one two…"
    assert shortened("one two", 7) == "one two"


@pytest.mark.parametrize(
    "piece", ["\\frac{", "\\href{", "\\href{}{", "$x", "<p ", "&amp;", "<!--", "\\'", "{{", "<a b="]
)
def test_a_huge_text_takes_no_time(piece: str) -> None:
    began = process_time()
    clean(piece * 1_000_000)
    assert process_time() - began < 5


@pytest.mark.parametrize(
    "text", ["<a " + "=" * 1_000 + " " * 1_000, "<a " + "=" * 19_000, "<jats:" + "a" * 19_000]
)
def test_a_tag_without_an_end_takes_no_time(text: str) -> None:
    began = process_time()
    without_markup(text)
    assert process_time() - began < 0.5


@given(st.text() | tangles)
def test_a_clean_text_has_no_character_that_does_something(text: str) -> None:
    read = clean(text)
    assert all(
        unicodedata.category(character) not in {"Cc", "Cs", "Zl", "Zp"} for character in read
    )
    assert not set(read) & set("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\n")
    assert read == " ".join(read.split())
    assert unicodedata.is_normalized("NFC", read)


@given(st.text() | tangles)
def test_cleaning_again_changes_nothing(text: str) -> None:
    assert one_line(one_line(text)) == one_line(text)
    assert without_markup(without_markup(text)) == without_markup(text)
