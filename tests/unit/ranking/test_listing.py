"""Facts about what is known of a paper when it is listed."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime

import pytest

from digest.model import AsListed, Candidate, Link, LinkKind, Paper
from digest.ranking.listing import Listing
from tests.unit.ranking.samples import NOW, signal

RECORD = {
    "title": " Sheep:  counted\n twice ",
    "abstract": "We count.",
    "authors": ["Émile Ágoston", None, "Ada  Byron"],
    "organization": "The Fold",
    "github_repo": "https://github.com/Fold/sheep",
    "github_stars": 7,
    "project_page": "https://www.sheep.example.org/one",
    "has_media": True,
    "ai_keywords": ["sheep", "counting"],
    "list_date": "2026-03-31",
    "submitted_on_daily": "2026-03-31T02:43:45.812Z",
    "published": "2026-03-27T23:33:33.000Z",
    "upvotes": 12,
    "rank": 1,
    "num_comments": 9,
}


def test_a_record_is_read() -> None:
    listing = Listing.of_record(RECORD)
    assert listing.title == "Sheep: counted twice"
    assert listing.authors == ("emile agoston", "ada byron")
    assert (listing.organisation, listing.owner) == ("the fold", "fold")
    assert (listing.site, listing.stars, listing.keywords) == ("sheep.example.org", 7, 2)
    assert listing.day == date(2026, 3, 31)
    assert listing.listed_at == datetime(2026, 3, 31, 2, 43, 45, 812000, tzinfo=UTC)
    assert listing.upvotes == 12


def test_everything_but_the_title_may_be_missing() -> None:
    assert Listing.of_record({"title": "Alone"}) == Listing("Alone")


@pytest.mark.parametrize("odd", [True, "12", -1, float("nan"), [3]])
def test_what_has_another_form_counts_as_missing(odd: object) -> None:
    odd_record = {name: odd for name in RECORD if name != "title"} | {"title": "Odd"}
    listing = Listing.of_record(odd_record | {"has_media": "yes", "ai_keywords": 7})
    assert (listing.upvotes, listing.stars, listing.day) == (None, None, None)
    assert not listing.has_media
    assert listing.keywords == 0


@pytest.mark.parametrize("title", [None, "", "  ", 7])
def test_without_a_title_there_is_no_listing(title: object) -> None:
    with pytest.raises(ValueError, match="give every paper its title"):
        Listing.of_record({"title": title})


def test_a_stored_paper_reads_like_its_record() -> None:
    paper = Paper(
        key="arxiv:2603.00001",
        title="Sheep: counted twice",
        abstract="We count.",
        authors=("Émile Ágoston", "Ada Byron"),
        links=(
            Link(LinkKind.CODE, "https://github.com/Fold/sheep"),
            Link(LinkKind.PROJECT, "https://www.sheep.example.org/one"),
        ),
        published_at=datetime(2026, 3, 27, 23, 33, 33, tzinfo=UTC),
        organisation="The Fold",
        as_listed=AsListed(
            datetime(2026, 3, 31, 2, 43, 45, 812000, tzinfo=UTC), has_media=True, keywords=2
        ),
    )
    signals = (
        signal(3, hours=20),
        signal(12, hours=1),
        signal(7, hours=1, name="stars"),
    )
    listed_at = datetime(2026, 3, 31, 8, tzinfo=UTC)
    seen = tuple(replace(one, observed_at=listed_at) for one in signals)
    listing = Listing.of_candidate(Candidate(paper, listed_at, seen))
    assert listing == replace(Listing.of_record(RECORD), author_names=paper.authors)
    assert listing.authors == Listing.of_record(RECORD).authors


def test_stars_that_were_counted_later_are_not_known_at_listing() -> None:
    paper = Paper(key="arxiv:2603.00001", title="Sheep")
    later = Candidate(paper, NOW, (signal(900, hours=-100, name="stars"),))
    assert Listing.of_candidate(later).stars is None
    soon = Candidate(paper, NOW, (signal(7, hours=1, name="stars"), *later.signals))
    assert Listing.of_candidate(soon).stars == 7
