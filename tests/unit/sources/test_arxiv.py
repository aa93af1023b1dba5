"""Facts about arXiv: its feeds, its query API, and what happens when one of them fails."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest
from pydantic import ValidationError

from digest.errors import SourceMalformed, SourceUnavailable
from digest.model import LinkKind
from digest.sources.arxiv import DEFAULT_API, Arxiv, ArxivOptions
from digest.sources.http import Fetcher
from digest.testing import FakeClock
from tests.support.httpd import Answer, Httpd

FEEDS = Path(__file__).parent.parent.parent / "fixtures" / "feeds"
RSS = (FEEDS / "arxiv.xml").read_bytes()
API = (FEEDS / "arxiv_api.xml").read_bytes()
EMPTY = RSS[: RSS.index(b"<item>")] + RSS[RSS.rindex(b"</item>") + 7 :]

MONDAY = datetime(2026, 4, 27, 6, tzinfo=UTC)


def arxiv(httpd: Httpd, fetcher: Fetcher, clock: FakeClock, **options: object) -> Arxiv:
    given = {"url": httpd.url(), "categories": ["cs.LG", "stat.ML"], **options}
    return Arxiv(ArxivOptions.model_validate(given), fetcher, clock)


def dated(content: bytes, day: int) -> bytes:
    return content.replace(b"27 Apr 2026", b"%d Apr 2026" % day)


# --- addresses ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("url", "feed", "second"),
    [
        ("https://rss.arxiv.org", "https://rss.arxiv.org/rss/cs.LG+cs.CV", DEFAULT_API),
        ("https://rss.arxiv.org/atom/", "https://rss.arxiv.org/atom/cs.LG+cs.CV", DEFAULT_API),
        ("http://mirror:81", "http://mirror:81/rss/cs.LG+cs.CV", "http://mirror:81/api/query"),
        ("http://mirror/rss", "http://mirror/rss/cs.LG+cs.CV", None),
        ("http://mirror/one.xml", "http://mirror/one.xml", None),
        ("http://mirror/?feed=1", "http://mirror/?feed=1", None),
    ],
)
def test_the_address_says_what_is_asked(url: str, feed: str, second: str | None) -> None:
    options = ArxivOptions(url=url, categories=("cs.LG", "cs.CV"))
    assert (options.feed_url, options.second_path) == (feed, second)


def test_categories_are_needed_unless_the_feed_is_complete() -> None:
    assert ArxivOptions(url="http://mirror/one.xml").categories == ()
    with pytest.raises(ValidationError, match="categories"):
        ArxivOptions()


@pytest.mark.parametrize("category", ["cs.LG&x=1", "", "CS.lg", "cs.LG OR all:x", "cs/LG"])
def test_a_category_that_is_none_is_refused(category: str) -> None:
    with pytest.raises(ValidationError):
        ArxivOptions(categories=(category,))


@pytest.mark.parametrize("category", ["cs.LG", "hep-th", "math.AG", "cond-mat.mtrl-sci", "eess.IV"])
def test_a_category_of_arxiv_is_taken(category: str) -> None:
    assert ArxivOptions(categories=(category,)).categories == (category,)


# --- the feed -----------------------------------------------------------------------------


def test_the_feed_becomes_papers_and_revisions(
    httpd: Httpd, fetcher: Fetcher, clock: FakeClock
) -> None:
    httpd.route("/rss/cs.LG+stat.ML", Answer(RSS))
    fetched = arxiv(httpd, fetcher, clock).fetch(None, None)
    assert [paper.key for paper in fetched.papers] == ["arxiv:2604.00101", "arxiv:2604.00102"]
    assert [(each.key, each.version) for each in fetched.revisions] == [("arxiv:2501.00007", 3)]
    assert fetched.note == "Entries left out as unreadable: 1."
    assert not fetched.stale
    sheep = fetched.papers[0]
    assert sheep.title == "Counting sheep with small networks"
    assert sheep.abstract == (
        "We count sheep in O(n log n) steps, and p < 0.05 says Poincaré was right. "
        "They sleep 5% better."
    )
    assert sheep.authors == ("Ada Byron", "Emmy Noether")
    assert sheep.categories == ("cs.LG", "cs.CV")
    assert sheep.version == 1
    assert sheep.published_at == datetime(2026, 4, 27, 4, tzinfo=UTC)
    assert sheep.updated_at is None
    assert [(link.kind, link.url) for link in sheep.links] == [
        (LinkKind.ABSTRACT, "https://arxiv.org/abs/2604.00101"),
        (LinkKind.PDF, "https://arxiv.org/pdf/2604.00101"),
        (LinkKind.DOI, "https://doi.org/10.1000/sheep.7"),
    ]


def test_announcement_types_can_be_chosen(httpd: Httpd, fetcher: Fetcher, clock: FakeClock) -> None:
    httpd.route("/rss/cs.LG+stat.ML", Answer(RSS))
    fetched = arxiv(httpd, fetcher, clock, announce=["new", "replace"]).fetch(None, None)
    assert [paper.key for paper in fetched.papers] == ["arxiv:2604.00101", "arxiv:2501.00007"]
    assert fetched.revisions == ()


def test_an_unchanged_feed_is_not_sent_again(
    httpd: Httpd, fetcher: Fetcher, clock: FakeClock
) -> None:
    httpd.route("/rss/cs.LG+stat.ML", Answer(RSS, etag='"one"'))
    source = arxiv(httpd, fetcher, clock)
    cursor = source.fetch(None, None).cursor
    again = source.fetch(None, cursor)
    assert again.not_modified
    assert not again.stale
    assert again.papers == ()
    assert again.cursor == cursor


def test_a_cursor_of_another_address_is_not_used(
    httpd: Httpd, fetcher: Fetcher, clock: FakeClock
) -> None:
    httpd.route("/rss/cs.LG+stat.ML", Answer(RSS, etag='"one"'))
    httpd.route("/rss/cs.CV", Answer(RSS, etag='"one"'))
    cursor = arxiv(httpd, fetcher, clock).fetch(None, None).cursor
    assert arxiv(httpd, fetcher, clock, categories=["cs.CV"]).fetch(None, cursor).papers


def test_an_empty_weekend_is_no_error(httpd: Httpd, fetcher: Fetcher) -> None:
    httpd.route("/rss/cs.LG+stat.ML", Answer(dated(EMPTY, 25)))
    saturday = FakeClock(datetime(2026, 4, 25, 20, tzinfo=UTC))
    fetched = arxiv(httpd, fetcher, saturday).fetch(None, None)
    assert (fetched.papers, fetched.stale, fetched.note) == ((), False, "")
    assert [asked.path for asked in httpd.asked] == ["/rss/cs.LG+stat.ML"]


# --- old batches --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("now", "stale"),
    [
        (datetime(2026, 4, 27, 6, tzinfo=UTC), False),
        (datetime(2026, 4, 28, 5, 59, tzinfo=UTC), False),  # Tuesday's may be late by two hours
        (datetime(2026, 4, 28, 6, tzinfo=UTC), True),
        (datetime(2026, 4, 24, 20, tzinfo=UTC), False),
        (datetime(2026, 7, 1, 6, tzinfo=UTC), True),
    ],
)
def test_a_feed_that_was_not_made_anew_is_stale(
    httpd: Httpd, fetcher: Fetcher, now: datetime, stale: bool
) -> None:
    httpd.route("/rss/cs.LG+stat.ML", Answer(RSS))
    fetched = arxiv(httpd, fetcher, FakeClock(now)).fetch(None, None)
    assert fetched.stale == stale
    assert len(fetched.papers) == 2


@pytest.mark.parametrize("day", [25, 26, 27])
def test_a_feed_of_friday_is_good_until_monday(httpd: Httpd, fetcher: Fetcher, day: int) -> None:
    httpd.route("/rss/cs.LG+stat.ML", Answer(dated(RSS, 24)))
    clock = FakeClock(datetime(2026, 4, day, 5, tzinfo=UTC))
    assert not arxiv(httpd, fetcher, clock).fetch(None, None).stale


def test_yesterdays_papers_under_a_new_date_are_stale_every_time(
    httpd: Httpd, fetcher: Fetcher, clock: FakeClock
) -> None:
    httpd.route("/rss/cs.LG+stat.ML", Answer(RSS), Answer(dated(RSS, 28), etag='"two"'))
    source = arxiv(httpd, fetcher, clock)
    cursor = source.fetch(None, None).cursor
    clock.advance(86_400)
    for _ in range(2):
        fetched = source.fetch(None, cursor)
        assert fetched.stale
        assert "papers of the last one" in fetched.note
        cursor = fetched.cursor


def test_the_same_batch_built_again_is_not_stale(
    httpd: Httpd, fetcher: Fetcher, clock: FakeClock
) -> None:
    again = RSS.replace(b"27 Apr 2026 04:00:00 +0000", b"27 Apr 2026 05:00:00 +0000")
    httpd.route("/rss/cs.LG+stat.ML", Answer(RSS), Answer(again))
    source = arxiv(httpd, fetcher, clock)
    assert not source.fetch(None, source.fetch(None, None).cursor).stale


def test_a_new_batch_is_not_stale(httpd: Httpd, fetcher: Fetcher, clock: FakeClock) -> None:
    tuesday = dated(RSS, 28).replace(b"2604.00101", b"2604.00111")
    httpd.route("/rss/cs.LG+stat.ML", Answer(RSS), Answer(tuesday))
    source = arxiv(httpd, fetcher, clock)
    cursor = source.fetch(None, None).cursor
    clock.advance(86_400)
    assert not source.fetch(None, cursor).stale


def test_a_frozen_feed_that_says_not_modified_is_stale(
    httpd: Httpd, fetcher: Fetcher, clock: FakeClock
) -> None:
    httpd.route("/rss/cs.LG+stat.ML", Answer(RSS, etag='"one"'))
    source = arxiv(httpd, fetcher, clock)
    cursor = source.fetch(None, None).cursor
    clock.advance(3 * 86_400)
    fetched = source.fetch(None, cursor)
    assert fetched.stale
    assert "2026-04-27" in fetched.note


def test_midnight_of_another_time_zone_is_not_stale(httpd: Httpd, fetcher: Fetcher) -> None:
    httpd.route("/rss/cs.LG+stat.ML", Answer(RSS.replace(b"00:00:00 -0400", b"00:00:00 +0000")))
    noon = FakeClock(datetime(2026, 4, 27, 12, tzinfo=UTC))
    assert not arxiv(httpd, fetcher, noon).fetch(None, None).stale


# --- the second path ----------------------------------------------------------------------


@pytest.mark.parametrize(
    "answer",
    [Answer(status=500), Answer(status=404), Answer(b"<html>Sorry</html>"), Answer(b"")],
    ids=["500", "404", "web page", "nothing"],
)
def test_the_query_api_stands_in_for_a_broken_feed(
    httpd: Httpd, fetcher: Fetcher, clock: FakeClock, answer: Answer
) -> None:
    httpd.route("/rss/cs.LG+stat.ML", answer)
    httpd.route("/api/query", Answer(API))
    fetched = arxiv(httpd, fetcher, clock).fetch(None, '{"a": 1}')
    assert [paper.key for paper in fetched.papers] == ["arxiv:2604.00201", "arxiv:math/0306266"]
    assert "query API was asked instead" in fetched.note
    assert fetched.cursor is None
    assert httpd.asked[-1].params == {
        "search_query": "cat:cs.LG OR cat:stat.ML",
        "sortBy": "submittedDate",
        "sortOrder": "descending",
        "start": "0",
        "max_results": "500",
    }


def test_the_query_api_is_asked_when_the_feed_is_stale(httpd: Httpd, fetcher: Fetcher) -> None:
    httpd.route("/rss/cs.LG+stat.ML", Answer(RSS))
    httpd.route("/api/query", Answer(API))
    friday = FakeClock(datetime(2026, 5, 1, 20, tzinfo=UTC))
    fetched = arxiv(httpd, fetcher, friday).fetch(None, None)
    assert fetched.stale
    assert fetched.papers[0].key == "arxiv:2604.00201"
    assert "asked instead" in fetched.note


def test_a_stale_feed_is_better_than_nothing(httpd: Httpd, fetcher: Fetcher) -> None:
    httpd.route("/rss/cs.LG+stat.ML", Answer(RSS))
    friday = FakeClock(datetime(2026, 5, 1, 20, tzinfo=UTC))
    fetched = arxiv(httpd, fetcher, friday).fetch(None, None)
    assert fetched.stale
    assert len(fetched.papers) == 2
    assert "404" in fetched.note


def test_a_feed_that_asks_for_time_gets_it_though_the_query_api_answers(
    httpd: Httpd, fetcher: Fetcher, clock: FakeClock
) -> None:
    httpd.route("/rss/cs.LG+stat.ML", Answer(status=503, headers={"Retry-After": "3600"}))
    httpd.route("/api/query", Answer(API))
    assert arxiv(httpd, fetcher, clock).fetch(None, None).retry_after == 3600


def test_when_both_fail_the_first_one_is_named(
    httpd: Httpd, fetcher: Fetcher, clock: FakeClock
) -> None:
    httpd.route("/rss/cs.LG+stat.ML", Answer(status=503))
    httpd.route("/api/query", Answer(status=502))
    with pytest.raises(SourceUnavailable, match="503"):
        arxiv(httpd, fetcher, clock).fetch(None, None)


def test_a_second_path_can_be_named(httpd: Httpd, fetcher: Fetcher, clock: FakeClock) -> None:
    second = httpd.route("/other/api/query", Answer(API))
    fetched = arxiv(httpd, fetcher, clock, url=httpd.url("/rss"), api_url=second).fetch(None, None)
    assert len(fetched.papers) == 2


# --- the query API ------------------------------------------------------------------------


def test_the_query_api_tells_versions_and_times(
    httpd: Httpd, fetcher: Fetcher, clock: FakeClock
) -> None:
    url = httpd.route("/api/query", Answer(API))
    fetched = arxiv(httpd, fetcher, clock, url=url).fetch(None, None)
    paper, old = fetched.papers
    assert paper.version == 2
    assert paper.categories == ("cs.LG", "cs.CL")
    assert paper.published_at == datetime(2026, 4, 24, 17, 59, 1, tzinfo=UTC)
    assert paper.updated_at == datetime(2026, 4, 26, 17, 59, 1, tzinfo=UTC)
    assert paper.authors == ("Hypatia", "Emmy Noether")
    assert old.links[0].url == "https://arxiv.org/abs/math/0306266"


def test_what_was_submitted_since_is_asked_of_the_query_api(
    httpd: Httpd, fetcher: Fetcher, clock: FakeClock
) -> None:
    httpd.route("/api/query", Answer(API))
    since = datetime(2026, 4, 20, tzinfo=UTC)
    fetched = arxiv(httpd, fetcher, clock, max_results=2).fetch(since, None)
    assert [paper.key for paper in fetched.papers] == ["arxiv:2604.00201"]
    assert "max_results" in fetched.note
    assert httpd.asked[0].params["search_query"] == (
        "(cat:cs.LG OR cat:stat.ML) AND submittedDate:[202604200000 TO 202604270600]"
    )


def test_without_a_query_api_since_is_asked_of_the_feed(
    httpd: Httpd, fetcher: Fetcher, clock: FakeClock
) -> None:
    httpd.route("/rss/cs.LG+stat.ML", Answer(RSS))
    source = arxiv(httpd, fetcher, clock)
    assert len(source.fetch(datetime(2026, 4, 27, tzinfo=UTC), None).papers) == 2
    assert source.fetch(datetime(2026, 4, 28, tzinfo=UTC), None).papers == ()


def test_an_error_that_comes_as_a_feed_is_an_error(
    httpd: Httpd, fetcher: Fetcher, clock: FakeClock
) -> None:
    error = b"""<feed xmlns="http://www.w3.org/2005/Atom"><entry>
        <id>https://arxiv.org/api/errors#bad</id><title>Error</title>
        <summary>sortBy must be a word</summary></entry></feed>"""
    url = httpd.route("/api/query", Answer(error))
    with pytest.raises(SourceMalformed, match="sortBy must be a word"):
        arxiv(httpd, fetcher, clock, url=url).fetch(None, None)


# --- other shapes -------------------------------------------------------------------------


def test_a_feed_of_other_things_is_malformed(
    httpd: Httpd, fetcher: Fetcher, clock: FakeClock
) -> None:
    other = b"""<rss version="2.0"><channel><title>News</title><item><title>Rain</title>
        <link>https://news.example.org/1</link></item></channel></rss>"""
    url = httpd.route("/news.xml", Answer(other))
    with pytest.raises(SourceMalformed, match="no paper of arXiv"):
        arxiv(httpd, fetcher, clock, url=url).fetch(None, None)


def test_the_type_and_version_are_read_from_the_description_where_they_are_missing(
    httpd: Httpd, fetcher: Fetcher, clock: FakeClock
) -> None:
    feed = b"""<rss version="2.0"><channel><item><title>A</title>
        <link>https://arxiv.org/abs/2604.00401</link>
        <description>arXiv:2604.00401v4 Announce Type: replace-cross Abstract: B.</description>
        </item></channel></rss>"""
    url = httpd.route("/one.xml", Answer(feed))
    (paper,) = arxiv(httpd, fetcher, clock, url=url).fetch(None, None).revisions
    assert (paper.version, paper.abstract) == (4, "B.")


def test_the_feeds_of_old_are_read(httpd: Httpd, fetcher: Fetcher, clock: FakeClock) -> None:
    item = """<item rdf:about="http://arxiv.org/abs/1805.0000{0}">
        <title>Old manners. (arXiv:1805.0000{0}v{0} [hep-ex]{1})</title>
        <link>http://arxiv.org/abs/1805.0000{0}</link>
        <description>&lt;p&gt;Escaped twice: 2&amp;lt;3
        &lt;/p&gt;</description>
        <dc:creator>&lt;a href="http://arxiv.org/a"&gt;E. Noether&lt;/a&gt; (ATLAS)</dc:creator>
        </item>"""
    items = [item.format(1, ""), item.format(2, " UPDATED"), item.format(3, " CROSS LISTED")]
    feed = f"""<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"
        xmlns="http://purl.org/rss/1.0/" xmlns:dc="http://purl.org/dc/elements/1.1/">
        <channel><title>hep-ex</title></channel>{"".join(items)}</rdf:RDF>"""
    url = httpd.route("/old.xml", Answer(feed.encode()))
    fetched = arxiv(httpd, fetcher, clock, url=url).fetch(None, None)
    assert [paper.key for paper in fetched.papers] == ["arxiv:1805.00001", "arxiv:1805.00003"]
    assert [paper.version for paper in fetched.revisions] == [2]
    paper = fetched.papers[0]
    assert paper.title == "Old manners"
    assert paper.abstract == "Escaped twice: 2<3"
    assert paper.authors == ("E. Noether",)
    assert paper.categories == ("hep-ex",)
