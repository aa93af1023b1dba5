"""Pages of lists and of papers."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from digest import pipeline
from digest.config import Settings, SourceSettings
from digest.ingest import NamedSource
from digest.model import Fetched, Link, LinkKind, Signal, SignalName
from digest.rank import topics
from digest.testing import FakeSource
from tests.support.samples import NOW, paper, papers
from tests.support.site import SETTINGS, Running

MINUTE = timedelta(minutes=1)


@pytest.fixture
def full(site: Running) -> Running:
    """Return a site with sixty papers of one day, one of which is talked about."""
    with site.app.store.write() as tx:
        tx.papers.add(papers(60), source="arxiv", listed_at=NOW)
        tx.signals.record(
            [
                Signal(
                    "arxiv:2611.00007", "hf", SignalName.UPVOTES, 20 * n, NOW + n * timedelta(0, 60)
                )
                for n in range(1, 4)
            ]
        )
    return site


def test_topics_are_on_the_front_page_when_sources_have_been_read(site: Running) -> None:
    quiet = [paper(f"x:{n}", title=f"Basalt Fjords {n}") for n in range(40)]
    with site.app.store.write() as tx:
        for week in range(1, 8):
            some = [replace(one, key=f"{one.key}-{week}") for one in quiet]
            tx.papers.add(some, source="arxiv", listed_at=NOW - timedelta(days=7 * week))
    new = tuple(paper(f"x:tide{n}", title=f"Tidal Turbines {n}") for n in range(8))
    source = NamedSource("fake", "fake", FakeSource(Fetched(papers=new)))
    pipeline.collect(site.app, [source])
    assert "tidal turbines" in site.client.get("/").text


@pytest.mark.parametrize("path", ["/day/2026-11-24", "/week/2026-W48", "/month/2026-11"])
def test_a_period_shows_its_papers_by_the_page(full: Running, path: str) -> None:
    first = full.client.get(path)
    assert first.status_code == 200
    assert first.text.index("2611.00007") < first.text.index("2611.00060")
    assert "1–25 of 60 papers" in first.text
    following = first.text.split('rel="next" href="')[1].split('"')[0].replace("&amp;", "&")
    second = full.client.get(following)
    assert "26–50 of 60 papers" in second.text
    assert "2611.00007" not in second.text


def test_a_list_can_be_ordered_and_narrowed(full: Running) -> None:
    body = full.client.get("/day/2026-11-24?sort=new&category=cs.RO").text
    assert body.count('aria-current="true"') == 2
    assert body.index("2611.00060") < body.index("2611.00059")
    assert "No paper of math.AG" in full.client.get("/day/2026-11-24?category=math.AG").text


@pytest.mark.parametrize("door", ["/day/2026-11-24?", "/trending?", "/search?q=study&", "/search?"])
@pytest.mark.parametrize("typed", ["cs.ro", "Robotics"])
def test_a_category_is_found_however_it_is_written(full: Running, door: str, typed: str) -> None:
    body = full.client.get(f"{door}category={typed}").text
    assert "2611.00007" in body or "26–50" in body or "2611.00060" in body
    assert "category=cs.RO" in body or 'value="cs.RO"' in body
    path, _, query = door.partition("?")
    api = "/papers" if path.startswith("/day") else path
    found = full.client.get(f"/api/v1{api}?q=&{query}category={typed}").json()
    assert found["total"] == (1 if path == "/trending" else 60)


def test_a_category_without_words_is_shown_by_the_search_page(full: Running) -> None:
    body = full.client.get("/search?category=cs.ro").text
    assert "Papers of cs.RO" in body
    assert "1–25 of 60 papers" in body
    assert "Nothing of math.AG is here" in full.client.get("/search?category=math.AG").text


def test_topics_are_looked_for_when_papers_have_come_in_and_then_kept(site: Running) -> None:
    store = site.app.store

    def comes(name: str, number: int, listed_at: datetime) -> None:
        new = [
            paper(f"x:{name.replace(' ', '-')}-{n}-{listed_at:%m%d}", title=f"{name.title()} {n}")
            for n in range(number)
        ]
        with store.write() as tx:
            tx.papers.add(new, source="arxiv", listed_at=listed_at)

    def names(now: datetime) -> list[str]:
        topics.update(store, now)
        with store.read() as tx:
            found = topics.latest(tx, now)
            assert topics.risen(tx, now) == found
            assert topics.latest(tx, now + timedelta(days=2)) == ()
            return [one["name"] for one in found]

    for week in range(8):
        comes("basalt fjords", 40, NOW - timedelta(days=7 * week + 2))
    comes("tidal turbines", 8, NOW - timedelta(hours=2))
    assert "tidal turbines" not in site.client.get("/").text
    assert names(NOW) == ["tidal turbines"]
    site.clock.advance(61)
    assert "tidal turbines" in site.client.get("/").text
    # What is kept is of the day: an hour later nothing is looked for, tomorrow it is.
    assert names(NOW + timedelta(hours=1)) == ["tidal turbines"]
    assert names(NOW + timedelta(days=14)) == []
    # A backfill counts, too.
    comes("amber lagoons", 30, NOW - timedelta(days=1))
    assert "amber lagoons" in names(NOW)


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("/day/2026-11-25", "has not come yet"),
        ("/day/2026-11-20", "this site had not begun to collect"),
        ("/month/2027-01", "has not come yet"),
    ],
)
def test_an_empty_period_says_why_and_where_papers_are(
    full: Running, path: str, words: str
) -> None:
    answer = full.client.get(path)
    assert answer.status_code == 200
    assert words in answer.text
    assert "2026-11-24" in answer.text or "2026-11" in answer.text


def every(seconds: float) -> Settings:
    schedule = SETTINGS.schedule.model_copy(update={"ingest_every": seconds})
    return SETTINGS.model_copy(update={"schedule": schedule})


@pytest.mark.parametrize(
    ("settings", "when"),
    [(every(900), "within the hour."), (every(5 * 3600), "within 5 hours.")],
)
def test_todays_page_without_papers_says_when_they_come(site: Running, when: str) -> None:
    body = site.client.get("/day/2026-11-24").text
    assert f"Nothing has come in yet. The sources are read again {when}" in body


ARXIV = SETTINGS.model_copy(update={"sources": [SourceSettings(name="all", kind="arxiv")]})


@pytest.mark.parametrize("settings", [ARXIV])
def test_a_weekend_without_papers_is_told_from_a_gap(site: Running) -> None:
    def said(path: str) -> str:
        return site.client.get(path).text

    with site.app.store.write() as tx:
        for number, day in enumerate((-8, 0)):
            there = [paper(f"arxiv:2611.0000{number}")]
            tx.papers.add(there, source="all", listed_at=NOW + timedelta(days=day))
    assert "announces no papers at weekends" in said("/day/2026-11-22")
    assert "it was a holiday, or no source could be read" in said("/day/2026-11-20")
    site.clock.advance(4 * 24 * 3600)
    assert "announces no papers at weekends" in said("/day/2026-11-28")


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/day/2026-02-30", 404),
        ("/day/2026-11", 404),
        ("/week/2026-W54", 404),
        ("/day/2026-11-24?sort=best", 400),
        ("/day/2026-11-24?after=-1", 400),
        ("/day/2026-11-24?after=99999999999999999999", 400),
        ("/day/2026-11-24?after=999999", 404),
        ("/day/2026-11-24?category=" + "x" * 101, 400),
        ("/papers/2611.99999", 404),
        ("/papers/" + "x" * 600, 404),
        ("/papers/%00", 404),
        ("/trending?window=year", 400),
    ],
)
def test_what_is_not_there_is_said_plainly(standing: Running, path: str, status: int) -> None:
    answer = standing.client.get(path)
    assert answer.status_code == status
    assert "<h1>" in answer.text


def test_behind_the_last_page_of_a_list_its_end_is_said(full: Running) -> None:
    last = full.client.get("/api/v1/papers?limit=60").json()["papers"][-1]["key"]
    with full.app.store.read() as tx:
        row = tx.listings.row(last)
    for path in ("/day/2026-11-24?sort=hot&category=cs.RO", "/search?category=cs.RO"):
        answer = full.client.get(f"{path}&after={row}&shown=60")
        assert answer.status_code == 200
        assert "That was the last page" in answer.text
        assert "Nothing" not in answer.text
        first = path.replace("&", "&amp;").replace("sort=hot&amp;", "")
        assert f'href="{first}"' in answer.text


@pytest.mark.parametrize(
    "path",
    ["/day/2026-11-24?sort=new&", "/trending?window=day&", "/search?q=study&", "/day/2026-11-23?"],
)
def test_a_page_that_is_gone_leads_to_the_first_one(full: Running, path: str) -> None:
    with full.app.store.write() as tx:
        tx.papers.add([paper("k:old")], source="rss", listed_at=NOW - timedelta(days=9))
        row = tx.listings.row("k:old")
    for after in (row, 999999):
        answer = full.client.get(f"{path}after={after}&shown=25")
        if path.startswith("/search") and after == row:
            continue  # it is found, too
        assert answer.status_code == 404
        first = path.rstrip("&?").replace("&", "&amp;")
        assert f'href="{first}"' in answer.text
        assert "First page" in answer.text


def test_no_number_is_larger_than_the_list(full: Running) -> None:
    assert "1–25 of 60 papers" in full.client.get("/day/2026-11-24?shown=999999").text
    after = full.client.get("/api/v1/papers").json()["after"]
    body = full.client.get(f"/day/2026-11-24?after={after}&shown=999999").text
    assert "36–60 of 60 papers" in body


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("/day/2026-11-24?sort=best", "“sort” cannot be “best”"),
        ("/day/2026-11-24?sort=best", "hot"),
        ("/trending?window=year&after=0", "“window” cannot be “year”"),
        ("/trending?window=year&after=0", "“after” cannot be “0”"),
        ("/search?q=x&field=%3Cx%3E", "“field” cannot be “&lt;x&gt;”"),
        ("/search?q=" + "x" * 301, "“q” cannot be “xxx"),
    ],
)
def test_what_is_wrong_in_an_address_is_named(standing: Running, path: str, words: str) -> None:
    answer = standing.client.get(path)
    assert answer.status_code == 400
    assert words in answer.text
    assert "x" * 100 not in answer.text


def test_an_empty_list_of_a_category_leads_to_days_that_have_it(full: Running) -> None:
    with full.app.store.write() as tx:
        for days, field in ((1, "cs.SE"), (2, "math.AG")):
            one = paper(f"k:{days}", categories=(field,))
            tx.papers.add([one], source="rss", listed_at=NOW - timedelta(days=days))
    body = full.client.get("/day/2026-11-24?category=math.AG&sort=new").text
    assert 'Before: <a href="/day/2026-11-22?sort=new&amp;category=math.AG">' in body
    assert full.client.get("/day/2026-11-24?category=math.GT").text.count("Before:") == 0
    assert 'href="/day/2026-11-23"' in full.client.get("/day/2026-11-24").text


def test_the_title_of_what_is_trending_is_not_the_name_of_the_site_twice(full: Running) -> None:
    assert "<title>Most talked about in the last 7 days · " in full.client.get("/trending").text


def test_trending_shows_what_is_talked_about(full: Running) -> None:
    body = full.client.get("/trending").text
    assert "2611.00007" in body
    assert "2611.00008" not in body
    full.clock.advance(40 * 86400)
    assert "A quiet time" in full.client.get("/trending?window=day").text


def test_a_paper_has_a_page_with_its_signals(full: Running) -> None:
    answer = full.client.get("/papers/arxiv:2611.00007")
    assert answer.status_code == 200
    for words in (
        "We look at it closely.",
        "<svg",
        "from 20 to 60",
        "/day/2026-11-24",
        "As a table",
    ):
        assert words in answer.text
    short = full.client.get("/papers/2611.00007")
    assert (short.status_code, short.headers["location"]) == (301, "/papers/arxiv:2611.00007")


def test_a_papers_page_leads_on(site: Running) -> None:
    authors = ('Ada "A" Example', *(f"Author {number}" for number in range(20)))
    links = (
        Link(LinkKind.ABSTRACT, "https://www.biorxiv.org/content/1"),
        Link(LinkKind.PDF, "https://x.org/1.pdf"),
    )
    with site.app.store.write() as tx:
        many = paper("k:1", authors=authors, categories=("cs.RO",), links=links)
        tx.papers.add([many, *papers(2)], source="arxiv", listed_at=NOW)
        tx.signals.record([Signal("k:1", "hf", SignalName.UPVOTES, 1, NOW)])
        tx.signals.record([Signal("k:1", "hf", SignalName.STARS, 2, NOW)])
    body = site.client.get("/papers/k:1").text
    assert ">Read at biorxiv.org</a>" in body
    assert ">PDF</a>" in body
    assert ">Read at arXiv</a>" in site.client.get("/papers/arxiv:2611.00001").text
    assert '<a class="tag" href="/search?category=cs.RO">cs.RO</a>' in body
    assert 'href="/search?q=author%3A%22Ada+A+Example%22"' in body
    assert "and 11 others" in body
    found = site.client.get("/search", params={"q": 'author:"Author 19"'})
    assert "/papers/k:1" in found.text
    # One look makes no line.
    assert "seen once, on 24 November 2026" in body
    assert 'viewBox="0 0 640 150"' not in body
    assert "<strong>1</strong> upvote " in body
    assert "<strong>2</strong> stars " in body
    assert ">All similar papers</a>" in body


def test_programs_that_read_pages_are_told_what_a_paper_is(site: Running) -> None:
    links = (
        Link(LinkKind.ABSTRACT, "https://arxiv.org/abs/2611.00001"),
        Link(LinkKind.PDF, "https://arxiv.org/pdf/2611.00001"),
    )
    many = paper(title='On "it"', authors=("Ada", "Bob"), links=links, published_at=NOW)
    with site.app.store.write() as tx:
        tx.papers.add([many, paper("doi:10.1101/abc")], source="arxiv", listed_at=NOW)
    body = site.client.get("/papers/arxiv:2611.00001").text
    for name, content in (
        ("description", "We look at it closely."),
        ("citation_title", "On &#34;it&#34;"),
        ("citation_author", "Ada"),
        ("citation_author", "Bob"),
        ("citation_publication_date", "2026/11/24"),
        ("citation_arxiv_id", "2611.00001"),
        ("citation_pdf_url", "https://arxiv.org/pdf/2611.00001"),
    ):
        assert f'<meta name="{name}" content="{content}">' in body
    doi = site.client.get("/papers/doi:10.1101/abc").text
    assert '<meta name="citation_doi" content="10.1101/abc">' in doi
    assert "citation_pdf_url" not in doi


def test_robots_keep_to_what_is_for_everybody(site: Running) -> None:
    answer = site.client.get("/robots.txt")
    assert answer.headers["content-type"] == "text/plain; charset=utf-8"
    for path in ("confirm", "preferences", "unsubscribe", "feedback", "digest", "feed"):
        assert f"Disallow: /{path}/\n" in answer.text
    assert "Disallow: /\n" not in answer.text
    assert site.client.get("/favicon.ico").headers["content-type"] == "image/svg+xml"
    assert '<meta name="description" content="' in site.client.get("/").text


@pytest.mark.parametrize(
    "name", ["arxiv:2611.00007v3", "2611.00007v2", "https://arxiv.org/abs/2611.00007"]
)
def test_a_paper_is_known_by_all_of_its_names(full: Running, name: str) -> None:
    answer = full.client.get(f"/papers/{name}")
    assert (answer.status_code, answer.headers["location"]) == (301, "/papers/arxiv:2611.00007")
    assert full.client.get(f"/api/v1/papers/{name}").json()["key"] == "arxiv:2611.00007"
    for door in ("/search", "/api/v1/search"):
        body = full.client.get(door, params={"q": name}).text
        assert "arxiv:2611.00007" in body
        assert "2611.00008" not in body


@pytest.mark.parametrize(
    "typed", ["2501.00001", "https://arxiv.org/abs/2501.00001v2", "10.1234/nowhere"]
)
def test_a_paper_that_is_not_here_is_not_looked_for_with_other_words(
    standing: Running, typed: str
) -> None:
    body = standing.client.get("/search", params={"q": typed}).text
    assert "That paper is not here" in body
    assert "fewer words" not in body
    assert "fewer words" in standing.client.get("/search?q=moss").text


def test_a_paper_known_by_its_address_has_a_page(site: Running) -> None:
    key = "url:https://journal.example.org//a?b=c&d#e"
    hostile = paper(
        key,
        title="<script>alert(1)</script>",
        authors=tuple(f"<b>{n}</b>" for n in range(20)),
        links=(Link(LinkKind.ABSTRACT, "javascript:alert(1)"),),
    )
    with site.app.store.write() as tx:
        tx.papers.add([hostile], source="rss", listed_at=NOW)
    listing = site.client.get("/day/2026-11-24").text
    path = listing.split('href="/papers/')[1].split('"')[0].replace("&amp;", "&")
    answer = site.client.get(f"/papers/{path}")
    assert answer.status_code == 200
    for markup in ("<script", "<b>", "javascript:"):
        assert markup not in answer.text


@pytest.mark.parametrize("path", ["/trending?window=month", "/api/v1/trending?window=month"])
def test_time_alone_makes_no_new_page_where_it_shows_the_same(full: Running, path: str) -> None:
    first = full.client.get(path)
    full.clock.advance(360)  # lists are kept for five minutes
    tag = first.headers["etag"]
    assert full.client.get(path, headers={"If-None-Match": tag}).status_code == 304
    again = full.client.get(path)
    if path.startswith("/api"):
        assert again.json()["measured_at"] > first.json()["measured_at"]
        assert again.json()["papers"] == first.json()["papers"]
        assert tag.startswith('W/"')
    else:
        assert again.text == first.text


def test_who_has_a_page_already_need_not_get_it_again(full: Running) -> None:
    first = full.client.get("/day/2026-11-24")
    again = full.client.get("/day/2026-11-24", headers={"If-None-Match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    with full.app.store.write() as tx:
        tx.papers.add(papers(1, first=99), source="arxiv", listed_at=NOW)
    changed = full.client.get("/day/2026-11-24", headers={"If-None-Match": first.headers["etag"]})
    assert changed.status_code == 200
    assert "'none'" in changed.headers["content-security-policy"]
    assert "script-src" not in changed.headers["content-security-policy"]
