"""The same lists as JSON, feeds, and the archive."""

from __future__ import annotations

import re
from datetime import date, timedelta
from typing import Any
from xml.etree import ElementTree as Xml

import pytest

from digest import subscriptions
from digest.model import Cadence, Link, LinkKind, Signal, SignalName
from digest.tokens import Purpose
from tests.support.samples import NOW, paper, papers, pick, plan
from tests.support.site import Running

ATOM = "{http://www.w3.org/2005/Atom}"


@pytest.fixture
def full(site: Running) -> Running:
    """Return a site with sixty papers of one day, one of which is talked about."""
    with site.app.store.write() as tx:
        tx.papers.add(papers(60), source="arxiv", listed_at=NOW)
        tx.signals.record([Signal("arxiv:2611.00007", "hf", SignalName.UPVOTES, 60, NOW)])
    return site


def ask(site: Running, path: str, **parameters: Any) -> Any:
    answer = site.client.get(f"/api/v1{path}", params=parameters)
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_a_list_is_followed_to_its_end(full: Running) -> None:
    keys: list[str] = []
    after = None
    while True:
        page = ask(full, "/papers", limit=25, **({"after": after} if after else {}))
        keys += [one["key"] for one in page["papers"]]
        after = page["after"]
        if after is None:
            break
    assert keys[0] == "arxiv:2611.00007"
    assert len(keys) == len(set(keys)) == page["total"] == 60
    assert ask(full, "/papers", window="2026-W48", sort="new")["total"] == 60
    assert ask(full, "/papers", window="2026-11-23")["papers"] == []


def test_a_paper_comes_with_the_history_of_its_figures(full: Running) -> None:
    found = ask(full, "/papers/arxiv:2611.00007")
    assert found["figures"] == {"upvotes": 60}
    assert found["signals"][0]["value"] == 60
    assert found["listed_at"] == "2026-11-24T07:00:00Z"
    assert found["page"] == "https://papers.example.org/papers/arxiv:2611.00007"
    assert ask(full, "/papers/2611.00007") == found


def test_whose_work_a_paper_is_is_told_by_the_api_and_by_its_page(site: Running) -> None:
    with site.app.store.write() as tx:
        tx.papers.add([paper(organisation="The <Fold>")], source="hf", listed_at=NOW)
    assert ask(site, "/papers/arxiv:2611.00001")["organisation"] == "The <Fold>"
    page = site.client.get("/papers/arxiv:2611.00001").text
    assert '<p class="authors" dir="auto">The &lt;Fold&gt;</p>' in page


def test_trending_search_and_similar_papers_are_lists_too(full: Running) -> None:
    assert [one["key"] for one in ask(full, "/trending")["papers"]] == ["arxiv:2611.00007"]
    assert ask(full, "/search", q="study", limit=5)["total"] == 60
    assert ask(full, "/search", q="author:nobody")["total"] == 0
    assert ask(full, "/similar", key="2611.00007", limit=3)["total"] == 59


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/papers?window=2026-13", 404),
        ("/papers?sort=best", 422),
        ("/papers?limit=0", 422),
        ("/papers?limit=101", 422),
        ("/papers?after=12345678", 404),
        ("/papers?category=%00", 422),
        ("/search", 422),
        ("/search?q=" + "x" * 301, 422),
        ("/papers/nope", 404),
        ("/papers/%00", 404),
        ("/similar?key=nope", 404),
        ("/nothing", 404),
        ("/papers/two%0Alines", 404),
    ],
)
def test_mistakes_are_told_in_one_sentence(standing: Running, path: str, status: int) -> None:
    answer = standing.client.get(f"/api/v1{path}")
    assert answer.status_code == status
    assert set(answer.json()) == {"detail"}


def test_the_bare_path_is_answered_as_the_api_does(standing: Running) -> None:
    answer = standing.client.get("/api/v1")
    assert answer.status_code == 404
    assert set(answer.json()) == {"detail"}
    assert standing.client.get("/api/v10").headers["content-type"].startswith("text/html")


def test_nothing_can_be_written(full: Running) -> None:
    answer = full.client.post("/api/v1/papers")
    assert answer.status_code == 405
    assert answer.headers["allow"] == "GET, HEAD"
    assert set(answer.json()) == {"detail"}


@pytest.mark.parametrize("path", ["/papers", "/papers/nope", "/openapi.json", "/docs"])
def test_the_head_of_an_answer_can_be_asked_for_alone(full: Running, path: str) -> None:
    head, whole = full.client.head(f"/api/v1{path}"), full.client.get(f"/api/v1{path}")
    assert head.content == b""
    assert head.status_code == whole.status_code
    for name in ("content-length", "content-type", "etag"):
        assert head.headers.get(name) == whole.headers.get(name)


def test_scripts_of_other_sites_may_ask_and_know_what_they_have(full: Running) -> None:
    elsewhere = {"Origin": "https://elsewhere.example"}
    for path in ("/papers", "/papers?limit=0", "/papers/nope", "/nothing", "/openapi.json"):
        answer = full.client.get(f"/api/v1{path}", headers=elsewhere)
        assert answer.headers["access-control-allow-origin"] == "*"
        assert answer.headers["access-control-expose-headers"] == "ETag"
        assert "access-control-allow-credentials" not in answer.headers
    asks = {**elsewhere, "Access-Control-Request-Method": "GET"}
    asks["Access-Control-Request-Headers"] = "if-none-match"
    assert full.client.options("/api/v1/papers", headers=asks).status_code == 200
    asks["Access-Control-Request-Method"] = "POST"
    assert full.client.options("/api/v1/papers", headers=asks).status_code == 400
    for path in ("/", "/feed.atom", "/preferences"):
        answer = full.client.get(path, headers=elsewhere)
        assert "access-control-allow-origin" not in answer.headers


def test_answers_can_be_asked_for_again_cheaply(full: Running) -> None:
    for path in ("/api/v1/papers", "/feed.atom"):
        tag = full.client.get(path).headers["etag"]
        assert full.client.get(path, headers={"If-None-Match": tag}).status_code == 304


def test_the_description_says_what_there_is_and_the_page_shows_it(full: Running) -> None:
    described = ask(full, "/openapi.json")
    assert set(described["paths"]) == {
        "/papers", "/papers/{key}", "/trending", "/search", "/similar",
    }  # fmt: skip
    body = full.client.get("/api/v1/docs").text
    for path in described["paths"]:
        assert f"/api/v1{path}" in body
    assert "<script" not in body


def entries(content: bytes) -> list[Xml.Element]:
    return list(Xml.fromstring(content).iter(f"{ATOM}entry"))


def test_the_feed_has_what_is_trending(full: Running) -> None:
    answer = full.client.get("/feed.atom")
    assert answer.headers["content-type"] == "application/atom+xml; charset=utf-8"
    (entry,) = entries(answer.content)
    assert entry.findtext(f"{ATOM}title") == "A study of 2611.00007"
    assert entry.findtext(f"{ATOM}id") == "https://papers.example.org/papers/arxiv:2611.00007"
    assert entry.findtext(f"{ATOM}updated") == "2026-11-24T07:00:00+00:00"


def test_an_entry_is_dated_by_when_its_paper_rose(site: Running) -> None:
    """A vote when it came, and hundreds six days later: who sorts by date sees it today."""
    listed = NOW - timedelta(days=6)
    rose, later = NOW - timedelta(hours=2), NOW - timedelta(hours=1)
    looks = ((listed + timedelta(minutes=1), 1), (rose, 380), (later, 400))
    with site.app.store.write() as tx:
        tx.papers.add([paper()], source="rss", listed_at=listed)
        for at, value in looks:
            tx.signals.record([Signal(paper().key, "hf", SignalName.UPVOTES, value, at)])
    content = site.client.get("/feed.atom").content
    (entry,) = entries(content)
    assert entry.findtext(f"{ATOM}updated") == rose.isoformat()
    assert Xml.fromstring(content).findtext(f"{ATOM}updated") == rose.isoformat()
    assert ". We look at it closely." in entry.findtext(f"{ATOM}summary", "")


def test_no_entry_of_a_feed_changed_before_it_was_published(site: Running) -> None:
    with site.app.store.write() as tx:
        tx.papers.add([paper(published_at=NOW + timedelta(hours=3))], source="rss", listed_at=NOW)
        tx.signals.record([Signal(paper().key, "hf", SignalName.UPVOTES, 60, NOW)])
    content = site.client.get("/feed.atom").content
    (entry,) = entries(content)
    later = (NOW + timedelta(hours=3)).isoformat()
    assert entry.findtext(f"{ATOM}published") == later
    assert entry.findtext(f"{ATOM}updated") == later
    assert Xml.fromstring(content).findtext(f"{ATOM}updated") == later


def test_a_feed_is_well_formed_whatever_papers_bring_along(site: Running) -> None:
    hostile = paper(
        title="]]> <b>&\x00\x0b\ufffe می\u200cخواهم title",
        authors=("\x1b[1m",),
        categories=('"><x',),
        links=(Link(LinkKind.ABSTRACT, "javascript:alert(1)"),),
    )
    with site.app.store.write() as tx:
        tx.papers.add([hostile], source="rss", listed_at=NOW)
        tx.signals.record([Signal(hostile.key, "hf", SignalName.UPVOTES, 60, NOW)])
    answer = site.client.get("/feed.atom")
    assert len(entries(answer.content)) == 1
    assert "]]&gt; &lt;b&gt;&amp; می\u200cخواهم title" in answer.text  # joiners belong to words
    assert b"javascript:" not in answer.content


def test_a_feed_of_my_own_has_my_digests_and_does_not_name_me(site: Running) -> None:
    member = site.member()
    with site.app.store.write() as tx:
        tx.papers.add([paper()], source="arxiv", listed_at=NOW)
        edition = tx.editions.ensure(Cadence.DAILY, date(2026, 11, 24), now=NOW)
        tx.deliveries.plan([plan(member, edition_id=edition.id, picks=(pick(paper()),))])
    path = site.path(site.app.links.feed(member.public_id))
    assert entries(site.client.get(path).content) == []  # it has not left yet
    with site.app.store.write() as tx:
        ids = tx.outbox.reserve("w/1", now=NOW, lease_until=NOW + timedelta(hours=1), limit=9)
        tx.outbox.sent("w/1", dict.fromkeys(ids, "250 taken"), now=NOW)
    answer = site.client.get(path)
    (entry,) = entries(answer.content)
    assert entry.findtext(f"{ATOM}summary") == "it is on the list. We look at it closely."
    assert answer.headers["cache-control"] == "private, no-cache"
    for secret in (member.email, member.public_id, path):
        assert secret not in answer.text
    with site.app.store.write() as tx:
        subscriptions.unsubscribe(tx, member.public_id, now=NOW)
    assert site.client.get(path).status_code == 404


def test_feeds_of_two_readers_are_two_feeds(site: Running) -> None:
    def name_of(email: str) -> str | None:
        path = site.path(site.app.links.feed(site.member(email).public_id))
        site.clock.advance(60)  # a feed keeps its name however new the link is (RFC 4287, 4.2.6)
        return Xml.fromstring(site.client.get(path).content).findtext(f"{ATOM}id")

    assert name_of("one@example.org") == name_of("one@example.org")
    assert name_of("one@example.org") != name_of("two@example.org")


def test_a_feed_that_gets_a_new_address_can_be_read_at_the_old_one_no_more(site: Running) -> None:
    member = site.member()
    link = site.path(site.app.links.preferences(member.public_id))

    def address(page: str) -> str:
        found = re.search(r'href="(/feed/[^"]+)"', page)
        assert found
        return found[1]

    old = address(site.client.get(link).text)
    assert site.client.get(old).status_code == 200
    said = site.client.post(link, data={"action": "new-feed"}).text
    assert "Your feed has a new address" in said
    new = address(said)  # in the same second
    assert site.client.get(old).status_code == 404
    assert site.client.get(new).status_code == 200
    site.clock.advance(3600)
    assert site.client.get(new).status_code == 200
    assert site.client.get(address(site.client.get(link).text)).status_code == 200


def test_no_other_link_opens_a_feed(site: Running) -> None:
    member = site.member()
    for purpose in set(Purpose) - {Purpose.FEED}:
        token = site.app.signer.sign(purpose, member.public_id)
        assert site.client.get(f"/feed/{token}.atom").status_code == 404


def test_the_archive_leads_to_days_and_editions_without_naming_anybody(full: Running) -> None:
    member = full.member()
    with full.app.store.write() as tx:
        edition = tx.editions.ensure(Cadence.DAILY, date(2026, 11, 25), now=NOW)
        tx.deliveries.plan([plan(member, edition_id=edition.id, picks=(pick(paper()),))])
    body = full.client.get("/archive").text
    for part in ("/day/2026-11-24", "/month/2026-11", "60 papers", "/archive/daily-2026-11-25"):
        assert part in body
    shown = full.client.get("/archive/daily-2026-11-25").text
    assert shown.index("2611.00007") < shown.index("2611.00060")
    assert member.email not in body + shown
    landmarks = re.findall(r'<nav [^>]*aria-label="([^"]+)"', shown)
    assert len(landmarks) == len(set(landmarks))
    other_names = ("daily-20261125", "daily-2026-W48-3")
    for name in ("daily-2026-11-23", "hourly-2026-11-25", "daily-x", "x", *other_names):
        assert full.client.get(f"/archive/{name}").status_code == 404


def test_an_archived_edition_has_what_came_in_until_its_last_digest_was_made(
    full: Running,
) -> None:
    hours = [NOW + timedelta(hours=hours) for hours in (0, 5)]
    with full.app.store.write() as tx:
        tx.editions.ensure(Cadence.DAILY, date(2026, 11, 23), now=NOW - timedelta(days=1))
        for at in hours:
            tx.editions.ensure(Cadence.DAILY, NOW.date(), now=at)
        for key, later in (("k:early", -23), ("k:noon", 5), ("k:late", 6)):
            at = NOW + timedelta(hours=later)
            tx.papers.add([paper(key)], source="rss", listed_at=at)
            tx.signals.record([Signal(key, "hf", SignalName.UPVOTES, 60, at)])
    full.clock.advance(86400)
    shown = full.client.get("/archive/daily-2026-11-24").text
    assert "the 62 papers that came in from Monday, 23 November, 07:00" in shown
    assert "until Tuesday, 24 November, 12:00" in shown
    assert "k:early" in shown
    assert "k:noon" in shown
    assert "k:late" not in shown


def test_the_pages_say_how_papers_are_ranked(full: Running) -> None:
    body = full.client.get("/about").text
    assert "Nobody can buy a place" in body
    assert 'href="/about"' in full.client.get("/").text
