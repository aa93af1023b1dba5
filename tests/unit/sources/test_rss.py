"""Facts about feeds of any sort."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from digest.errors import SourceMalformed
from digest.model import Fetched, LinkKind
from digest.sources.http import Fetcher
from digest.sources.rss import Rss, RssOptions
from digest.testing import FakeClock
from tests.support.httpd import Answer, Httpd

RECORDED = (Path(__file__).parent.parent.parent / "fixtures" / "feeds" / "rss.xml").read_bytes()


def fetch(
    httpd: Httpd, fetcher: Fetcher, content: bytes, content_type: str = "application/xml"
) -> Fetched:
    url = httpd.route("/feed", Answer(content, content_type=content_type))
    return Rss(RssOptions(url=url), fetcher, FakeClock(datetime(2026, 4, 27, tzinfo=UTC))).fetch(
        None, None
    )


def rss(items: str) -> bytes:
    return f'<rss version="2.0"><channel><title>x</title>{items}</channel></rss>'.encode()


def test_entries_become_papers_under_the_best_name(httpd: Httpd, fetcher: Fetcher) -> None:
    fetched = fetch(httpd, fetcher, RECORDED)
    assert [paper.key for paper in fetched.papers] == [
        "doi:10.1000/2026.04.25.100",
        "url:https://preprints.example.org/notes/1",
        "arxiv:2604.00101",
    ]
    assert fetched.note == "Entries left out as unreadable: 1."
    plant, note, sheep = fetched.papers
    assert plant.title == "Why Arabidopsis turns & twists"
    assert plant.abstract == "It looks for light. So do we."
    assert plant.authors == ("A. Byron", "E. A. Noether")
    assert plant.published_at == datetime(2026, 4, 25, tzinfo=UTC)
    assert plant.link(LinkKind.DOI) == "https://doi.org/10.1000/2026.04.25.100"
    assert note.abstract == "Plain text, with 3 < 5 in it."
    assert sheep.version == 2
    assert sheep.link(LinkKind.PDF) == "https://arxiv.org/pdf/2604.00101"


def test_an_unchanged_feed_is_not_sent_again(httpd: Httpd, fetcher: Fetcher) -> None:
    url = httpd.route("/feed", Answer(RECORDED, etag='"one"'))
    source = Rss(RssOptions(url=url), fetcher, FakeClock(datetime(2026, 4, 27, tzinfo=UTC)))
    assert source.fetch(None, source.fetch(None, None).cursor).not_modified


def test_relative_links_start_at_the_feed(httpd: Httpd, fetcher: Fetcher) -> None:
    fetched = fetch(httpd, fetcher, rss("<item><title>A</title><link>/a/1</link></item>"))
    assert fetched.papers[0].link(LinkKind.ABSTRACT) == httpd.url("/a/1")


def test_an_id_that_is_no_address_is_not_the_name(httpd: Httpd, fetcher: Fetcher) -> None:
    feed = b"""<feed xmlns="http://www.w3.org/2005/Atom"><entry><id>t3_x</id><title>A</title>
        <link href="https://example.org/a"/></entry></feed>"""
    assert fetch(httpd, fetcher, feed).papers[0].key == "url:https://example.org/a"


def test_a_paper_that_is_only_mentioned_lends_no_name(httpd: Httpd, fetcher: Fetcher) -> None:
    feed = b"""<feed xmlns="http://www.w3.org/2005/Atom"><entry><id>https://example.org/a</id>
        <title>A</title><link href="https://example.org/a"/>
        <link rel="related" href="https://arxiv.org/abs/2604.00101"/></entry></feed>"""
    assert fetch(httpd, fetcher, feed).papers[0].key == "url:https://example.org/a"


def test_a_feed_in_which_nothing_is_a_paper_is_malformed(httpd: Httpd, fetcher: Fetcher) -> None:
    with pytest.raises(SourceMalformed, match="No entry"):
        fetch(httpd, fetcher, rss("<item><title>A</title></item>"))


def test_replaced_papers_of_arxiv_are_revisions(httpd: Httpd, fetcher: Fetcher) -> None:
    recorded = Path(__file__).parent.parent.parent / "fixtures" / "feeds" / "arxiv.xml"
    fetched = fetch(httpd, fetcher, recorded.read_bytes())
    assert [paper.key for paper in fetched.revisions] == ["arxiv:2501.00007"]
    assert fetched.papers[0].abstract.startswith("We count sheep")


@pytest.mark.parametrize(
    ("declared", "header", "codec"),
    [
        ("utf-8", "application/xml", "utf-8"),
        ("iso-8859-1", "application/xml", "iso-8859-1"),
        ("iso-8859-1", "application/xml; charset=utf-8", "iso-8859-1"),
        ("", "text/xml; charset=iso-8859-1", "iso-8859-1"),
        ("", "text/xml; charset=iso-8859-1", "utf-8"),
        ("", "text/xml", "utf-8"),
        ("", "application/xml; charset=rubbish", "utf-8"),
        ("utf-16", "application/xml", "utf-16"),
        ("", "text/html", "utf-8-sig"),
    ],
)
def test_letters_are_read_whatever_the_header_says(
    httpd: Httpd, fetcher: Fetcher, declared: str, header: str, codec: str
) -> None:
    text = rss("<item><title>Gödel é</title><link>https://example.org/g</link></item>").decode()
    prolog = f'<?xml version="1.0" encoding="{declared}"?>' if declared else ""
    fetched = fetch(httpd, fetcher, (prolog + text).encode(codec), header)
    assert fetched.papers[0].title == "Gödel é"


@pytest.mark.parametrize(
    "date", ["Mon, 27 Apr 99999 00:00:00 GMT", "0000-00-00", "tomorrow", "9999-12-31T23:59:59Z"]
)
def test_an_impossible_date_is_none(httpd: Httpd, fetcher: Fetcher, date: str) -> None:
    item = f"<title>A</title><link>https://example.org/a</link><pubDate>{date}</pubDate>"
    assert fetch(httpd, fetcher, rss(f"<item>{item}</item>")).papers[0].published_at is None


def test_a_feed_that_breaks_off_is_asked_for_again(httpd: Httpd, fetcher: Fetcher) -> None:
    cut = RECORDED[: RECORDED.index(b"The same sheep")]
    url = httpd.route("/feed", Answer(cut, etag='"one"'), Answer(RECORDED, etag='"one"'))
    source = Rss(RssOptions(url=url), fetcher, FakeClock(datetime(2026, 4, 27, tzinfo=UTC)))
    first = source.fetch(None, None)
    assert len(first.papers) == 2
    assert len(source.fetch(None, first.cursor).papers) == 3
