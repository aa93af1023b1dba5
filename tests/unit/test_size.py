"""No mail is so long that Gmail cuts it off, whatever its papers and however many."""

from __future__ import annotations

from dataclasses import replace

import pytest

from digest.compose import render
from digest.model import Link, LinkKind, Paper, Pick, Subscriber
from tests.support.mail import DELIVERY, LINKS, PAPERS, READER, RENDERER, SITE

BUDGET = 90_000  # of the 102 KB of Gmail
LONG_SITE = SITE.model_copy(
    update={"name": "The Reading Room of the Institute", "postal_address": "1 Long Street, " * 8}
)


def html(papers: list[Paper], *, reason: str, reader: Subscriber = READER) -> bytes:
    figures = dict.fromkeys(("upvotes", "comments", "stars"), 123456)
    figures |= {f"{name}_gained": 12_345 for name in list(figures)}
    picks = [
        Pick(paper, at, 1, 1, 1, reason=reason, figures=figures)
        for at, paper in enumerate(papers, 1)
    ]
    third = len(papers) // 3
    facts = {
        "papers": 12_345,
        "sources": ["arxiv", "huggingface", "biorxiv", "semanticscholar", "the feed of the lab"],
        "notes": ["arxiv could not be read today; its papers follow when it answers again."] * 3,
        "sections": [["authors", third], ["for-you", third], ["trending", len(papers)]],
    }
    delivery = replace(DELIVERY, facts=facts)
    parts = render(delivery, reader, picks, site=LONG_SITE, renderer=RENDERER, links=LINKS)
    return parts.html.encode()


def hostile(letter: str, number: int) -> Paper:
    """Return a paper that takes all the room that it gets."""
    urls = [f"https://example.org/{letter * 20}/{kind}/{number:05}" for kind in LinkKind]
    return Paper(
        key=f"arxiv:{number:04}.{number:05}",
        title=letter * 600,
        abstract=letter * 5000,
        authors=tuple(letter * 90 for _ in range(300)),
        categories=tuple(letter * 90 for _ in range(9)),
        links=tuple(map(Link, LinkKind, urls)),
    )


@pytest.mark.parametrize("letter", ["x", "&", "語", "𝔸", "x "])
@pytest.mark.parametrize("number", [1, 12, 13, 16, 17, 42, 43, 64, 65, 100])
def test_papers_that_fill_all_their_room_are_not_too_long(letter: str, number: int) -> None:
    papers = [hostile(letter, at) for at in range(number)]
    # A mail keeps the room of one card free for what else may stand in it.
    assert len(html(papers, reason=letter * 199)) < BUDGET - 3_000


def test_addresses_that_never_end_are_left_out() -> None:
    endless = tuple(Link(kind, f"https://example.org/{'x' * 3000}") for kind in LinkKind)
    papers = [replace(PAPERS[0], key=f"arxiv:{at}", links=endless) for at in range(100)]
    assert len(html(papers, reason="new")) < BUDGET
