"""Pages that were made before: who is shown them, and who is told that they have them."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import Any

import httpx
import pytest

from digest.rendering import JinjaRenderer
from digest.tokens import Purpose
from digest.web.server import WebServer
from tests.support.samples import NOW, paper, papers, subscribe
from tests.support.site import Running

DAY = "/day/2026-11-24"


class Counting(JinjaRenderer):
    """A renderer that counts the pages it made."""

    def __init__(self) -> None:
        super().__init__()
        self.made: list[str] = []

    def page(self, name: str, context: Mapping[str, Any]) -> str:
        """Count one."""
        self.made.append(name)
        return super().page(name, context)


@dataclass
class Counted:
    """A site with three papers, and the pages that it made."""

    site: Running
    client: httpx.Client
    made: list[str]

    def ask(self, path: str, tag: str = "") -> httpx.Response:
        return self.client.get(path, headers={"If-None-Match": tag} if tag else {})


@pytest.fixture
def counted(site: Running) -> Iterator[Counted]:
    with site.app.store.write() as tx:
        tx.papers.add(papers(3), source="arxiv", listed_at=NOW)
    renderer = Counting()
    server = WebServer(replace(site.app, renderer=renderer), "127.0.0.1", 0)
    server.start()
    with httpx.Client(base_url=server.url, timeout=60) as client:
        yield Counted(site, client, renderer.made)
    server.stop()


@pytest.mark.parametrize(
    "path", [DAY, "/trending?window=month", "/papers/arxiv:2611.00001", "/search?q=study"]
)
def test_a_page_is_not_made_again_for_those_who_have_it(counted: Counted, path: str) -> None:
    tag = counted.ask(path).headers["etag"]
    assert counted.ask(path, tag).status_code == 304
    before = len(counted.made)
    again = counted.ask(path, f'"other", W/{tag}')
    assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", tag)
    assert again.headers["cache-control"] == "no-cache"
    assert again.headers["x-content-type-options"] == "nosniff"
    assert len(counted.made) == before


@pytest.mark.parametrize("path", ["/", DAY, "/search?q=study", "/api/v1/trending", "/archive"])
def test_what_is_asked_for_again_and_again_is_made_once(counted: Counted, path: str) -> None:
    first = counted.ask(path)
    before = len(counted.made)
    for again in (counted.ask(path), counted.ask(path)):
        assert (again.status_code, again.content) == (200, first.content)
        assert again.headers == first.headers
    head = counted.client.head(path)
    assert (head.content, head.headers["content-length"]) == (b"", str(len(first.content)))
    assert len(counted.made) == before


def test_every_tag_that_is_named_counts(counted: Counted) -> None:
    tag = counted.ask(DAY).headers["etag"]
    named = [("If-None-Match", '"other"'), ("If-None-Match", tag)]
    assert [counted.client.get(DAY, headers=named).status_code for _ in range(3)] == [304] * 3


def test_probes_wait_for_no_page(counted: Counted) -> None:
    # Robots who fill the trap are answered slowly, as everybody is.
    trapped = {"email": "ada@example.org", "website": "x"}
    with ThreadPoolExecutor(60) as pool:
        robots = [pool.submit(counted.client.post, "/preferences", data=trapped) for _ in range(60)]
        began = time.monotonic()
        assert counted.ask("/healthz").text == "ok\n"
        waiting = [one for one in robots if not one.done()]
        assert waiting, time.monotonic() - began
        assert {one.result(60).status_code for one in robots} <= {200, 429}


def test_what_comes_in_is_on_the_page_at_once(counted: Counted) -> None:
    for _ in range(3):
        counted.ask(DAY)
    with counted.site.app.store.write() as tx:
        tx.papers.change([paper("arxiv:2611.00001", title="Another title")], changed_at=NOW)
    assert "Another title" in counted.ask(DAY).text


def test_a_page_is_made_anew_after_a_minute(counted: Counted) -> None:
    for _ in range(3):
        counted.ask(DAY)
    before = len(counted.made)
    counted.site.clock.advance(61)
    counted.ask(DAY)
    assert len(counted.made) == before + 1


def test_the_front_page_guesses_the_time_zone_of_each_language(counted: Counted) -> None:
    def zone(language: str) -> str:
        answer = counted.client.get("/", headers={"Accept-Language": language})
        assert answer.headers["vary"] == "Accept-Language"
        return answer.text.split('name="timezone"')[1].split(">")[0]

    found = [(zone("de-DE"), zone("fr-FR")) for _ in range(3)]
    before = len(counted.made)
    assert zone("de-DE;q=0.9, en") == found[0][0]
    assert len(counted.made) == before
    assert "Europe/Berlin" in found[0][0]
    assert "Europe/Paris" in found[0][1]
    assert found[1:] == found[:-1]


def test_an_answer_of_the_api_and_a_feed_are_known_too(counted: Counted) -> None:
    for path in ("/api/v1/papers?window=2026-11-24", "/feed.atom"):
        tag = counted.ask(path).headers["etag"]
        assert [counted.ask(path, tag).status_code for _ in range(3)] == [304, 304, 304]


def test_scripts_of_other_sites_may_read_what_is_remembered(counted: Counted) -> None:
    path = "/api/v1/trending"
    tag = counted.ask(path).headers["etag"]
    for origin in ({}, {"Origin": "https://example.org"}, {"Origin": "https://example.org"}):
        answer = counted.client.get(path, headers={"If-None-Match": tag, **origin})
        assert answer.status_code == 304
        assert answer.headers.get("access-control-allow-origin", "") == ("*" if origin else "")


def test_another_page_or_another_tag_gets_an_answer(counted: Counted) -> None:
    tag = counted.ask(DAY).headers["etag"]
    counted.ask(DAY, tag)
    assert counted.ask(f"{DAY}?sort=new", tag).status_code == 200
    assert counted.ask(DAY, '"other"').status_code == 200


def test_what_was_written_meanwhile_is_shown(counted: Counted) -> None:
    tag = counted.ask(DAY).headers["etag"]
    for change in (
        paper("arxiv:2611.00001", title="Another title"),
        paper("arxiv:2611.00001", title="Another title", categories=("math.CO",)),
    ):
        assert counted.ask(DAY, tag).status_code == 304
        assert counted.ask(DAY, tag).status_code == 304
        with counted.site.app.store.write() as tx:
            tx.papers.change([change], changed_at=NOW)
        answer = counted.ask(DAY, tag)
        assert answer.status_code == 200
        tag = answer.headers["etag"]
    assert "math.CO" in answer.text
    assert "Another title" in answer.text


def test_a_tag_is_looked_at_again_after_a_minute(counted: Counted) -> None:
    tag = counted.ask(DAY).headers["etag"]
    counted.ask(DAY, tag)
    before = len(counted.made)
    counted.site.clock.advance(61)
    assert counted.ask(DAY, tag).status_code == 304
    assert len(counted.made) == before + 1


def test_what_is_somebodys_own_is_not_remembered(counted: Counted) -> None:
    someone = subscribe(counted.site.app.store)
    path = f"/feed/{counted.site.app.signer.sign(Purpose.FEED, someone.public_id)}.atom"
    tag = counted.ask(path).headers["etag"]
    assert counted.ask(path, tag).headers["cache-control"] == "private, no-cache"
    with counted.site.app.store.write() as tx:
        tx.subscribers.erase(someone.id)
    assert counted.ask(path, tag).status_code == 404


def test_files_are_kept_for_a_year_under_their_version(counted: Counted) -> None:
    (address,) = {
        counted.ask(page).text.split('stylesheet" href="')[1].split('"')[0]
        for page in ("/", "/papers/arxiv:2611.00001")
    }
    lasting, plain = counted.ask(address), counted.ask("/style.css")
    assert lasting.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert plain.headers["cache-control"] == "public, max-age=86400"
    assert lasting.content == plain.content
    assert counted.ask("/icon.svg", counted.ask("/icon.svg").headers["etag"]).status_code == 304
