"""Facts about the daily papers of Hugging Face."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from digest.errors import SourceMalformed, SourceUnavailable
from digest.model import AsListed, LinkKind, SignalName
from digest.sources.http import Fetcher
from digest.sources.huggingface import HuggingFace, HuggingFaceOptions, figures, read
from digest.testing import FakeClock
from tests.support.httpd import Answer, Httpd

RECORDED = (
    Path(__file__).parent.parent.parent / "fixtures" / "feeds" / "huggingface.json"
).read_bytes()
API = "/api/daily_papers"


def source(httpd: Httpd, fetcher: Fetcher, clock: FakeClock, **options: Any) -> HuggingFace:
    return HuggingFace(HuggingFaceOptions(**{"url": httpd.url(), **options}), fetcher, clock)


def test_records_become_papers_and_signals(
    httpd: Httpd, fetcher: Fetcher, clock: FakeClock
) -> None:
    httpd.route(API, Answer(RECORDED))
    fetched = source(httpd, fetcher, clock, days=1).fetch(None, None)
    sheep, early = fetched.papers
    assert sheep.key == "arxiv:2604.00101"
    assert sheep.title == "Counting sheep with small networks"
    assert sheep.abstract == "We count sheep. They sleep."
    assert sheep.authors == ("Ada Byron", "Emmy Noether")
    assert sheep.published_at == datetime(2026, 4, 23, tzinfo=UTC)
    assert [(link.kind, link.url) for link in sheep.links] == [
        (LinkKind.ABSTRACT, "https://arxiv.org/abs/2604.00101"),
        (LinkKind.PDF, "https://arxiv.org/pdf/2604.00101"),
        (LinkKind.CODE, "https://github.com/example/sheep"),
        (LinkKind.PROJECT, "https://sheep.example.org/"),
        (LinkKind.DISCUSSION, "https://huggingface.co/papers/2604.00101"),
    ]
    assert sheep.organisation == "The Fold"
    assert sheep.as_listed == AsListed(
        datetime(2026, 4, 27, 2, 43, 45, 812000, tzinfo=UTC), has_media=True, keywords=2
    )
    assert (early.organisation, early.as_listed) == ("", AsListed())
    assert early.link(LinkKind.CODE) is None
    assert (early.abstract, early.authors, early.published_at) == ("", (), None)
    assert {(signal.name, signal.value) for signal in fetched.signals} == {
        (SignalName.UPVOTES, 42),
        (SignalName.COMMENTS, 3),
        (SignalName.STARS, 7),
    }
    assert all(signal.observed_at == clock.now() for signal in fetched.signals)
    assert fetched.note == "Records left out as unreadable: 2."


@pytest.mark.parametrize("path", ["", "/", API])
def test_recent_days_are_asked_one_by_one(
    httpd: Httpd, fetcher: Fetcher, clock: FakeClock, path: str
) -> None:
    httpd.route(API, Answer(RECORDED))
    fetched = source(httpd, fetcher, clock, url=httpd.url(path), limit=50).fetch(None, None)
    assert len(fetched.papers) == 2
    assert len(fetched.signals) == 3
    assert [asked.params for asked in httpd.asked] == [
        {"date": "2026-04-27", "limit": "50"},
        {"date": "2026-04-26", "limit": "50"},
    ]


def test_since_asks_for_more_days(httpd: Httpd, fetcher: Fetcher, clock: FakeClock) -> None:
    httpd.route(API, Answer(b"[]"))
    source(httpd, fetcher, clock).fetch(datetime(2026, 4, 22, 12, tzinfo=UTC), None)
    days = [asked.params["date"] for asked in httpd.asked]
    assert days == [f"2026-04-{day}" for day in (27, 26, 25, 24, 23, 22)]


def test_another_address_is_asked_as_it_is(
    httpd: Httpd, fetcher: Fetcher, clock: FakeClock
) -> None:
    url = httpd.route("/list.json", Answer(RECORDED))
    assert source(httpd, fetcher, clock, url=url).fetch(None, None).papers
    assert [asked.params for asked in httpd.asked] == [{}]


def test_a_list_within_a_record_is_found(httpd: Httpd, fetcher: Fetcher, clock: FakeClock) -> None:
    flat = {"papers": [{"id": "2604.00101", "title": "Flat", "upvotes": 1, "numComments": 2}]}
    url = httpd.route("/list.json", Answer(json.dumps(flat).encode()))
    fetched = source(httpd, fetcher, clock, url=url).fetch(None, None)
    assert fetched.papers[0].title == "Flat"
    assert {signal.value for signal in fetched.signals} == {1, 2}


def test_a_day_that_fails_does_not_spoil_the_others(
    httpd: Httpd, fetcher: Fetcher, clock: FakeClock
) -> None:
    httpd.route(API, Answer(status=400), Answer(RECORDED))
    fetched = source(httpd, fetcher, clock).fetch(None, None)
    assert len(fetched.papers) == 2
    assert "could not be asked: 1 (" in fetched.note


def test_when_every_day_fails_it_is_an_error(
    httpd: Httpd, fetcher: Fetcher, clock: FakeClock
) -> None:
    httpd.route(API, Answer(status=503))
    with pytest.raises(SourceUnavailable):
        source(httpd, fetcher, clock).fetch(None, None)


def test_an_empty_list_is_a_quiet_day(httpd: Httpd, fetcher: Fetcher, clock: FakeClock) -> None:
    httpd.route(API, Answer(b"[]"))
    fetched = source(httpd, fetcher, clock).fetch(None, None)
    assert (fetched.papers, fetched.note) == ((), "")


@pytest.mark.parametrize("content", [b"[\"{'id': 1}\"]", b'{"error": "no"}', b"<html>", b"[1, 2]"])
def test_what_is_no_list_of_papers_is_malformed(
    httpd: Httpd, fetcher: Fetcher, clock: FakeClock, content: bytes
) -> None:
    httpd.route(API, Answer(content))
    with pytest.raises(SourceMalformed):
        source(httpd, fetcher, clock).fetch(None, None)


def test_a_paper_that_is_not_on_arxiv_is_named_after_its_page() -> None:
    paper = read({"paper": {"id": "company-report", "title": "Ours"}})
    assert paper is not None
    assert paper.key == "url:https://huggingface.co/papers/company-report"


def test_what_stands_outside_of_the_paper_is_read_too() -> None:
    inner = {"id": "2604.00101", "title": "Sheep"}
    outer = {"organization": {"name": "fold"}, "mediaUrls": ["x"], "ai_keywords": ["sheep"]}
    paper = read({"paper": inner, **outer})
    assert paper is not None
    assert paper.organisation == "fold"
    assert paper.as_listed == AsListed(has_media=True, keywords=1)


@pytest.mark.parametrize("identity", ["../secret", "a b", "", 7, None, "\u202e1", "x" * 3000])
def test_an_odd_id_is_left_out(identity: object) -> None:
    assert read({"paper": {"id": identity, "title": "Odd"}}) is None


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=9),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=5,
)
fields = [
    "id",
    "title",
    "summary",
    "authors",
    "upvotes",
    "githubStars",
    "githubRepo",
    "projectPage",
    "publishedAt",
]


@given(
    st.fixed_dictionaries({}, optional={name: values | st.just("2604.00101") for name in fields}),
    values,
)
def test_no_record_is_too_odd(paper: dict[str, Any], comments: Any) -> None:
    for record in ({"paper": paper, "numComments": comments}, paper, comments):
        found = read(record)
        assert found is None or found.title
        assert all(value >= 0 for _, value in figures(record))
