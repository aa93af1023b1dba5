"""Facts about what papers are called."""

from __future__ import annotations

from time import thread_time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from digest.sources.identifiers import (
    arxiv_id,
    canonical_url,
    doi,
    doi_link,
    paper_key,
    web_address,
)


@pytest.mark.parametrize(
    ("text", "name", "version"),
    [
        ("2604.21952", "2604.21952", 0),
        ("2604.21952v3", "2604.21952", 3),
        ("arXiv:0901.2443v12", "0901.2443", 12),
        ("oai:arXiv.org:2604.21952v1", "2604.21952", 1),
        ("http://arxiv.org/abs/1805.08875v2", "1805.08875", 2),
        ("https://www.arxiv.org/pdf/2604.21952v2.pdf", "2604.21952", 2),
        ("https://export.arxiv.org/abs/math/0306266", "math/0306266", 0),
        ("https://arxiv.org/abs/math.GT/0309136v1", "math.GT/0309136", 1),
        ("math.gt/0309136", "math.GT/0309136", 0),
        ("cond-mat/0207270", "cond-mat/0207270", 0),
        ("https://huggingface.co/papers/2604.21952", "2604.21952", 0),
        ("10.48550/arXiv.2604.21952", "2604.21952", 0),
        ("https://doi.org/10.48550/arXiv.2604.21952", "2604.21952", 0),
        ("doi:10.48550/ARXIV.2604.21952", "2604.21952", 0),
        ("https://arxiv.org/html/2604.21952v1", "2604.21952", 1),
    ],
)
def test_an_arxiv_identifier_is_found(text: str, name: str, version: int) -> None:
    assert arxiv_id(text) == (name, version)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "2613.00001",  # there is no thirteenth month
        "2604.219521",
        "10.1101/2604.21952",
        "https://arxiv.org/list/cs.LG/recent",
        "https://example.org/abs/2604.21952",
        "https://notarxiv.org/abs/2604.21952",
        "https://arxiv.org.example.org/abs/2604.21952",
        "see 2604.21952 for more",
        "javascript:arxiv.org/abs/2604.21952",
    ],
)
def test_what_is_no_arxiv_identifier_is_none(text: str) -> None:
    assert arxiv_id(text) is None


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("10.1101/2026.01.19.700241", "10.1101/2026.01.19.700241"),
        ("doi:10.1101/743294", "10.1101/743294"),
        ("https://dx.doi.org/10.1000/ABC(1)2", "10.1000/abc(1)2"),
        ("https://doi.org/10.1000/a%2Fb.", "10.1000/a/b"),
        (
            "https://www.biorxiv.org/content/10.64898/2026.01.19.700241v1?rss=1",
            "10.64898/2026.01.19.700241",
        ),
        ("10.1000/UPPER.", "10.1000/upper"),
    ],
)
def test_a_doi_is_found_in_lower_case(text: str, name: str) -> None:
    assert doi(text) == name


@pytest.mark.parametrize("text", ["", "10.1/x", "doi:", "https://example.org/10.1000/x"])
def test_what_is_no_doi_is_none(text: str) -> None:
    assert doi(text) is None


@pytest.mark.parametrize(
    "text",
    [
        "javascript:alert(1)",
        "data:text/html,x",
        "ftp://example.org/x",
        "/relative",
        "http://",
        "https://example.org/a b",
        "https://github.com/one/\nrepo",
        'https://example.org/"onclick="x',
        "https://me:secret@example.org/",
        "http://[::1",
        "https://example.org/\u202ex",
        "https://example.org/\ud800",
        "https://example.org:99999/",
        "https://example.org/" + "x" * 2000,
        None,
        7,
    ],
)
def test_an_address_that_is_not_safe_to_link_to_is_none(text: object) -> None:
    assert web_address(text) is None


def test_an_address_loses_the_space_around_it() -> None:
    assert web_address("\n  https://example.org/a?b=1#c \n") == "https://example.org/a?b=1#c"


def test_addresses_of_one_page_are_one() -> None:
    assert (
        canonical_url("http://Example.org:80/a?utm_source=x&b=1&rss=1#part")
        == canonical_url("https://example.org/a?b=1")
        == "https://example.org/a?b=1"
    )
    assert canonical_url("https://example.org:8443") == "https://example.org:8443/"


def test_a_key_is_the_best_name_there_is() -> None:
    page = "https://example.org/a"
    assert paper_key([page, "10.1000/x", "arXiv:2604.21952v2"]) == "arxiv:2604.21952"
    assert paper_key([page, "10.1000/X"]) == "doi:10.1000/x"
    assert paper_key(["", "tag:example.org", page]) == f"url:{page}"
    assert paper_key(["", "tag:example.org"]) is None


def test_a_doi_with_odd_characters_makes_a_sound_address() -> None:
    assert web_address(doi_link("10.1000/a#b?c%d").url) == "https://doi.org/10.1000/a%23b%3Fc%25d"


def test_an_address_made_to_take_time_takes_none() -> None:
    began = thread_time()
    for number in range(200):  # as many as a form may name
        paper_key([f"https://biorxiv.org/content/10.1101/{number}{'v1' * 950}%0A%0A"])
    assert thread_time() - began < 0.5


@given(st.text())
def test_no_text_is_too_odd(text: str) -> None:
    for one in (text, f"https://arxiv.org/{text}", f"https://{text}/x", f"10.1000/{text}"):
        paper_key([one])
