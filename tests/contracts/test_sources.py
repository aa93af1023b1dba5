"""What every kind of source promises, proved on one recorded feed each.

A new kind has one line in `RECORDED` and one file in tests/fixtures/feeds.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from digest import sources
from digest.config import Http, SourceSettings
from digest.errors import ConfigError, SourceError, SourceUnavailable
from digest.model import Fetched, Paper
from digest.ports import Source
from digest.sources.http import Fetcher
from digest.testing import FakeClock
from tests.support.httpd import Answer, Httpd

FEEDS = Path(__file__).parent.parent / "fixtures" / "feeds"


@dataclass(frozen=True)
class Recorded:
    """A kind, its recorded feed, the papers in it, and the keys that it needs beside `url`."""

    kind: str
    feed: str
    papers: int
    options: dict[str, Any] = field(default_factory=dict)

    def __str__(self) -> str:
        return self.kind


RECORDED = [
    Recorded("arxiv", "arxiv.xml", papers=2),
    Recorded("huggingface", "huggingface.json", papers=2),
    Recorded("rss", "rss.xml", papers=3),
]

NOW = datetime(2026, 4, 27, 6, tzinfo=UTC)

RUBBISH = {
    "nothing": b"",
    "a web page": b"<!DOCTYPE html><html><body><h1>Back soon</h1></body></html>",
    "noise": bytes(range(256)) * 20,
    "text": b"come back tomorrow",
    "null": b"null",
    "a number": b"7",
    "an empty list": b"[]",
    "a list of lists": b"[[[]], {}, 1, null]",
    "deep": b"[" * 100_000,
    "deep tags": b"<rss><channel><item>" + b"<a>" * 20_000,
    "an entity bomb": b'<!DOCTYPE r [<!ENTITY a "ha">'
    + b"".join(b'<!ENTITY a%d "&a%d;&a%d;&a%d;">' % (n + 1, n, n, n) for n in range(30))
    + b"]><rss><channel><title>&a30;</title></channel></rss>",
    "an empty feed": b'<rss version="2.0"><channel><title>x</title></channel></rss>',
}


@pytest.fixture(params=RECORDED, ids=str)
def recorded(request: pytest.FixtureRequest) -> Recorded:
    assert isinstance(request.param, Recorded)
    return request.param


@pytest.fixture
def httpd() -> Iterator[Httpd]:
    with Httpd() as server:
        yield server


@pytest.fixture
def source(recorded: Recorded, httpd: Httpd) -> Source:
    httpd.route("/feed", Answer(content(recorded), etag='"one"'))
    return build(recorded, httpd)


def build(recorded: Recorded, httpd: Httpd) -> Source:
    clock = FakeClock(NOW)
    table = {"name": "test", "kind": recorded.kind, "url": httpd.url("/feed")}
    return sources.build(
        SourceSettings.model_validate({**table, **recorded.options}),
        Fetcher(Http(allow_hosts=(httpd.host,), timeout=10), clock=clock, user_agent="test/1"),
        clock,
    )


def content(recorded: Recorded) -> bytes:
    return (FEEDS / recorded.feed).read_bytes()


def test_every_kind_has_a_recorded_feed() -> None:
    assert {recorded.kind for recorded in RECORDED} == set(sources.KINDS)


def test_its_keys_are_closed_and_known(recorded: Recorded) -> None:
    model = sources.options(recorded.kind)
    assert model is not None
    assert model.model_config["extra"] == "forbid"
    assert "url" in model.model_fields


def test_an_unknown_key_is_refused(recorded: Recorded) -> None:
    clock = FakeClock(NOW)
    table = {"name": "test", "kind": recorded.kind, "url": "https://example.org/feed", "urk": 1}
    with pytest.raises(ConfigError, match="urk"):
        sources.build(
            SourceSettings.model_validate({**table, **recorded.options}),
            Fetcher(Http(), clock=clock, user_agent="test/1"),
            clock,
        )


def test_it_reads_its_recorded_feed(recorded: Recorded, source: Source) -> None:
    fetched = source.fetch(None, None)
    assert len(fetched.papers) == recorded.papers
    assert len({paper.key for paper in fetched.papers}) == recorded.papers
    for paper in (*fetched.papers, *fetched.revisions):
        assert_sound(paper)
    for signal in fetched.signals:
        assert signal.paper_key in keys(fetched)
        assert signal.observed_at == NOW


def test_an_unreadable_entry_is_counted(source: Source) -> None:
    assert "unreadable" in source.fetch(None, None).note


def test_a_second_look_brings_the_same_or_says_that_nothing_changed(source: Source) -> None:
    first = source.fetch(None, None)
    second = source.fetch(None, first.cursor)
    assert second.not_modified or second.papers == first.papers
    assert second.cursor == first.cursor


@pytest.mark.parametrize("cursor", ["", "{}", "rubbish", "[1]", '{"url": 7}', "null", "[" * 9999])
def test_a_cursor_that_cannot_be_read_is_as_good_as_none(source: Source, cursor: str) -> None:
    assert source.fetch(None, cursor).papers == source.fetch(None, None).papers


def test_what_is_certainly_older_is_left_out(source: Source) -> None:
    everything = keys(source.fetch(None, None))
    assert keys(source.fetch(NOW + timedelta(days=30), None)) < everything
    assert keys(source.fetch(NOW - timedelta(days=30), None)) == everything


@pytest.mark.parametrize("rubbish", RUBBISH.values(), ids=RUBBISH)
def test_rubbish_is_an_error_of_the_source_or_no_paper(
    recorded: Recorded, httpd: Httpd, rubbish: bytes
) -> None:
    httpd.route("/feed", Answer(rubbish))
    assert papers_or_none(build(recorded, httpd)) in (None, 0)


def test_a_feed_that_breaks_off_anywhere_is_an_error_or_fewer_papers(
    recorded: Recorded, httpd: Httpd
) -> None:
    whole, source = content(recorded), build(recorded, httpd)
    for end in range(0, len(whole), max(len(whole) // 40, 1)):
        httpd.route("/feed", Answer(whole[:end]))
        assert (papers_or_none(source) or 0) <= recorded.papers


def test_a_feed_with_bytes_turned_over_is_an_error_or_papers(
    recorded: Recorded, httpd: Httpd
) -> None:
    whole, source = content(recorded), build(recorded, httpd)
    for place in range(0, len(whole), max(len(whole) // 40, 1)):
        broken = whole[:place] + bytes([whole[place] ^ 0xFF]) + whole[place + 1 :]
        httpd.route("/feed", Answer(broken))
        papers_or_none(source)


@pytest.mark.parametrize("answer", [Answer(status=503), Answer(hang_up=True)], ids=["503", "gone"])
def test_an_upstream_that_is_down_is_unavailable(
    recorded: Recorded, httpd: Httpd, answer: Answer
) -> None:
    httpd.route("/feed", answer)
    with pytest.raises(SourceUnavailable):
        build(recorded, httpd).fetch(None, None)


def test_an_upstream_that_asks_for_time_gets_it(recorded: Recorded, httpd: Httpd) -> None:
    httpd.route("/feed", Answer(status=429, headers={"Retry-After": "3600"}))
    with pytest.raises(SourceUnavailable) as caught:
        build(recorded, httpd).fetch(None, None)
    assert caught.value.retry_after == 3600


def keys(fetched: Fetched) -> set[str]:
    return {paper.key for paper in fetched.papers}


def papers_or_none(source: Source) -> int | None:
    """Return the number of papers, `None` for an error of the source; nothing else may happen."""
    try:
        fetched = source.fetch(None, None)
    except SourceError:
        return None
    for paper in fetched.papers:
        assert_sound(paper)
    return len(fetched.papers)


def assert_sound(paper: Paper) -> None:
    assert paper.key.startswith(("arxiv:", "doi:", "url:https://"))
    texts = [paper.title, paper.abstract, *paper.authors, *paper.categories]
    for text in (*texts, paper.key, *(link.url for link in paper.links)):
        assert text == " ".join(text.split())
        assert not any(unicodedata.category(one) in {"Cc", "Cs"} for one in text)
    assert paper.title
    assert all(link.url.startswith(("http://", "https://")) for link in paper.links)
    assert paper.links
    for at in (paper.published_at, paper.updated_at):
        assert at is None or at.utcoffset() == timedelta(0)
    assert paper.version >= 0
