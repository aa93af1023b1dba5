"""Facts about reading feeds, sound and unsound."""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from time import thread_time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from digest.errors import SourceMalformed
from digest.sources import feed
from tests.support.growth import grows_with_its_input

URL = "https://papers.example.org/feed.xml"


def test_a_feed_tells_who_made_it_when() -> None:
    read = feed.parse(
        b"""<rss version="2.0"><channel><title>New papers</title>
        <pubDate>Mon, 27 Apr 2026 00:00:00 -0400</pubDate>
        <lastBuildDate>Mon, 27 Apr 2026 05:00:00 +0000</lastBuildDate></channel></rss>""",
        url=URL,
    )
    assert read.published_at == datetime(2026, 4, 27, 4, tzinfo=UTC)
    assert read.built_at == datetime(2026, 4, 27, 5, tzinfo=UTC)
    assert (read.entries, read.unreadable, read.broken_off) == ((), 0, False)


@pytest.mark.parametrize(
    ("content", "what"),
    [
        (b"", "An empty answer"),
        (b"  \n", "An empty answer"),
        (b"<!DOCTYPE html><html><body>x</body></html>", "A web page"),
        (b"<!-- hello -->\n<html lang='en'>", "A web page"),
        (b'<?xml version="1.0"?><html xmlns="http://www.w3.org/1999/xhtml"/>', "A web page"),
        (b'{"error": "no"}', "What was sent"),
        (b"\x00\xff\xfe", "What was sent"),
    ],
)
def test_what_is_no_feed_is_named(content: bytes, what: str) -> None:
    with pytest.raises(SourceMalformed, match=f"^{what}.* is no feed: check the address"):
        feed.parse(content, url=URL)


def test_a_file_of_the_machine_is_never_opened(tmp_path: Path) -> None:
    file = tmp_path / "secret.xml"
    file.write_text('<rss version="2.0"><channel><title>secret</title></channel></rss>')
    with pytest.raises(SourceMalformed):
        feed.parse(str(file).encode(), url=URL)


def test_entities_of_outside_are_not_fetched(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("hunter2")
    content = f"""<?xml version="1.0"?><!DOCTYPE r [<!ENTITY x SYSTEM "{secret.as_uri()}">]>
        <rss version="2.0"><channel><item><title>&x;</title>
        <link>https://example.org/a</link></item></channel></rss>"""
    read = feed.parse(content.encode(), url=URL)
    assert "hunter2" not in repr(read)


def test_only_addresses_of_the_web_are_links() -> None:
    read = feed.parse(
        b"""<feed xmlns="http://www.w3.org/2005/Atom"><entry><title>A</title>
        <link href="javascript:alert(1)"/><link rel="related" href="ftp://example.org/"/>
        <link href="data:text/html,x"/><link rel="related" href="/a.pdf"/></entry></feed>""",
        url=URL,
    )
    (entry,) = read.entries
    assert [link.url for link in entry.links] == ["https://papers.example.org/a.pdf"]


def test_the_last_entry_of_half_a_feed_is_left_out() -> None:
    read = feed.parse(
        b"""<rss version="2.0"><channel><item><title>Whole</title></item>
        <item><title>Half""",
        url=URL,
    )
    assert [entry.title for entry in read.entries] == ["Whole"]
    assert (read.unreadable, read.broken_off) == (1, True)


@pytest.mark.parametrize("piece", [b"<", b"&", b"<a ", b"<!", b"<![CDATA[", b"&#x", b"<item>"])
def test_a_feed_made_to_take_time_takes_little(piece: bytes) -> None:
    def read(pieces: int) -> None:
        with suppress(SourceMalformed):
            feed.parse(b'<rss version="2.0"><channel><item><title>' + piece * pieces, url=URL)

    assert grows_with_its_input(read, size=20_000)


@pytest.mark.parametrize(
    "content", [b"%s", b"\n%s<p>", b"<rss><channel><item><title>x</title></channel></rss>%s<"]
)
def test_comments_around_a_feed_take_no_time(content: bytes) -> None:
    began = thread_time()
    with suppress(SourceMalformed):
        feed.parse(content % (b"<!--a-->" * 25 + b"x"), url=URL)
    assert thread_time() - began < 0.5


@given(st.binary(max_size=200))
def test_bytes_are_a_feed_or_malformed(content: bytes) -> None:
    for whole in (content, b"<rss><channel><item><title>" + content + b"</title></item></channel>"):
        try:
            read = feed.parse(whole, url=URL, content_type="text/xml; charset=utf-7")
        except SourceMalformed:
            continue
        assert isinstance(read, feed.Feed)
