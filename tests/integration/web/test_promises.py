"""What the pages promise to withstand: docs/reference/web.md lists it."""

from __future__ import annotations

import logging
import re
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import replace
from datetime import datetime, timedelta
from email import message_from_bytes, policy
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx
import pytest

from digest import subscriptions
from digest.links import Links, on
from digest.model import (
    Cadence,
    Candidate,
    DeliveryKind,
    Link,
    LinkKind,
    Opinion,
    Paper,
    SubscriberStatus,
)
from digest.ports import Ranking
from digest.rendering import JinjaRenderer
from digest.testing import ListRanker
from digest.tokens import Purpose, Signer
from digest.web.forms import MOST_FIELDS
from digest.web.limits import BEAT
from digest.web.security import LARGEST_BODY, LARGEST_UPLOAD, LONGEST_ADDRESS
from digest.web.server import WebServer
from tests.integration.web.test_links import ONE_CLICK, status
from tests.support.inbox import deliver_all, links
from tests.support.samples import NOW, paper, pick, plan
from tests.support.site import EMAIL, KEY, Running


@pytest.fixture
def database(site: Running, tmp_path: Path) -> Iterator[sqlite3.Connection]:
    """Open the site's database beside it."""
    with closing(sqlite3.connect(tmp_path / "digest.db")) as connection:
        yield connection


def everything(database: sqlite3.Connection) -> list[str]:
    """Return all that is in the database."""
    return list(database.iterdump())


def with_every_mail(site: Running) -> None:
    """Have a mail of every kind sent: to a reader, and to somebody who has not confirmed."""
    site.client.post("/subscribe", data={"email": "waiting@example.org"})
    deliver_all(site)
    reader = site.member()
    with site.app.store.write() as tx:
        tx.papers.add([paper()], source="arxiv", listed_at=NOW)
        edition = tx.editions.ensure(Cadence.DAILY, NOW.date(), now=NOW)
        written = plan(reader, picks=(pick(paper()),), edition_id=edition.id)
        tx.deliveries.plan([replace(written, due_at=site.clock.now())])
    site.client.post("/preferences", data={"email": EMAIL})
    site.client.post("/subscribe", data={"email": EMAIL})
    deliver_all(site)
    leaver = site.member("leaver@example.org")
    with site.app.store.write() as tx:
        now = site.clock.now()
        subscriptions.unsubscribe(tx, leaver.public_id, now=now, goodbye="example.org")
    deliver_all(site)
    with site.app.store.read() as tx:
        sent = {one.kind for one in tx.deliveries.list() if one.sent_at is not None}
    assert sent == set(DeliveryKind)


# --- link scanners --------------------------------------------------------------------------


def test_a_scanner_that_opens_every_link_of_every_mail_changes_nothing(
    site: Running, database: sqlite3.Connection
) -> None:
    with_every_mail(site)
    found = links(site)
    pages = {link.split("/")[1] for link in found}
    assert pages >= {"confirm", "preferences", "unsubscribe", "feedback", "digest"}
    before = everything(database)
    for link in found:
        for method in ("HEAD", "GET", "OPTIONS"):
            assert site.client.request(method, link).status_code in (200, 405)
    assert everything(database) == before


# --- other sites ----------------------------------------------------------------------------

CROSS_SITE = (
    {"Origin": "https://evil.example", "Sec-Fetch-Site": "cross-site"},
    {"Origin": "null", "Sec-Fetch-Site": "cross-site"},
    {"Origin": "https://evil.example"},
)


@pytest.mark.parametrize("headers", CROSS_SITE)
def test_forms_that_other_sites_send_change_nothing(
    site: Running, database: sqlite3.Connection, headers: dict[str, str]
) -> None:
    reader = site.member()
    site.client.post("/subscribe", data={"email": "waiting@example.org"})
    waiting = site.subscriber("waiting@example.org")
    assert waiting is not None
    with site.app.store.write() as tx:
        tx.papers.add([paper()], source="arxiv", listed_at=NOW)
    on_links = site.app.links
    before = everything(database)
    for url, action in (
        (on_links.confirm(waiting.public_id), ""),
        (on_links.preferences(reader.public_id), "save"),
        (on_links.preferences(reader.public_id), "pause"),
        (on_links.preferences(reader.public_id), "erase"),
        (on_links.preferences(reader.public_id), "afresh"),
        (on_links.unsubscribe(reader.public_id), "leave"),
        (on_links.feedback(reader.public_id) + on(paper().key, Opinion.MORE), "more"),
    ):
        form = {"action": action, "sure": "yes", "hour": "3"}
        answer = site.client.post(site.path(url), data=form, headers=headers)
        assert answer.status_code == 403
        assert "on another site" in answer.text
    asked = site.client.post("/preferences", data={"email": EMAIL}, headers=headers)
    assert asked.status_code == 403
    assert everything(database) == before


@pytest.mark.parametrize("headers", CROSS_SITE)
def test_a_sign_up_on_another_site_needs_one_more_press_here(
    site: Running, headers: dict[str, str]
) -> None:
    typed = {"email": EMAIL, "keywords": "grasping"}
    answer = site.client.post("/subscribe", data=typed, headers=headers)
    assert answer.status_code == 200
    assert "One more press" in answer.text
    assert f'value="{EMAIL}"' in answer.text
    assert ">grasping</textarea>" in answer.text
    assert site.subscriber() is None
    ours = {"Origin": "null", "Sec-Fetch-Site": "same-origin"}
    assert "inbox" in site.client.post("/subscribe", data=typed, headers=ours).text
    assert site.subscriber() is not None


@pytest.mark.parametrize("headers", CROSS_SITE)
def test_one_click_works_from_the_page_of_a_mailbox_provider(
    site: Running, headers: dict[str, str]
) -> None:
    url = site.path(site.app.links.unsubscribe(site.member().public_id))
    assert site.client.post(url, data=ONE_CLICK, headers=headers).status_code == 200
    assert status(site) is SubscriberStatus.UNSUBSCRIBED


# --- what an answer tells -------------------------------------------------------------------


@pytest.mark.parametrize("page", ["/subscribe", "/preferences"])
@pytest.mark.parametrize("email", [EMAIL, "unknown@example.org"])
def test_answers_about_an_address_leave_on_the_beat(site: Running, page: str, email: str) -> None:
    site.member()
    began = site.clock.now()
    site.clock.advance(0.123)
    site.client.post(page, data={"email": email})
    spent = (site.clock.now() - began).total_seconds() - 0.123
    assert spent == pytest.approx(BEAT, abs=1e-3)


@pytest.mark.parametrize("page", ["/subscribe", "/preferences"])
def test_work_for_the_form_moves_nothing_about_the_address_over_a_beat(
    site: Running, page: str
) -> None:
    """Whoever sends much has it take long; that must not be what ends near a beat."""
    slow = 0.4 * BEAT

    class Slow(JinjaRenderer):
        def page(self, name: str, context: Mapping[str, Any]) -> str:
            site.clock.advance(slow)
            return super().page(name, context)

    class Thoughtful(ListRanker):
        def fit(
            self, candidates: Sequence[Candidate], background: Sequence[Paper], now: datetime
        ) -> Ranking:
            site.clock.advance(slow)
            return super().fit(candidates, background, now)

    with site.app.store.write() as tx:
        tx.papers.add([paper()], source="arxiv", listed_at=NOW)
    app = replace(site.app, renderer=Slow(), ranker=Thoughtful())
    server = WebServer(app, "127.0.0.1", 0)
    server.start()
    for _ in range(2):
        began = site.clock.now()
        assert httpx.post(f"{server.url}{page}", data={"email": EMAIL}).status_code == 200
        work = (site.clock.now() - began).total_seconds() - BEAT
        assert work / slow == pytest.approx(round(work / slow), abs=0.05)
        assert work > 0
    server.stop()


def test_no_page_asks_another_site_for_anything(site: Running) -> None:
    with_every_mail(site)
    for link in ["/", "/subscribe", "/preferences", *links(site)]:
        if link.startswith("/digest/"):
            continue  # a mail as it was sent
        page = site.client.get(link).text
        loaded = re.findall(r'<(?:link|script|img|iframe|source|form)\b[^>]*"(https?:[^"]*)', page)
        assert loaded == []
        assert "<script" not in page
        assert " style=" not in page
        assert not re.search(r"\son[a-z]+=", page)


def test_nothing_personal_is_logged(site: Running, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    for client in ("httpx", "httpcore"):  # the test's own, not the server's
        caplog.set_level(logging.ERROR, client)
    with_every_mail(site)
    for link in links(site):
        site.client.get(link)
        site.client.post(link, data={"action": "nonsense"})
        site.client.post(f"{link[:-2]}xx", files={"x": b"y"})
    site.client.post("/subscribe", content=b"--x", headers={"Content-Type": "multipart/form-data"})
    assert "@example.org" not in caplog.text
    assert "127.0.0.1" not in caplog.text
    for link in links(site):
        assert link.rpartition("/")[2].partition("?")[0][:40] not in caplog.text or link == "/"


# --- tokens ---------------------------------------------------------------------------------


def test_a_new_key_breaks_no_link_to_leave(site: Running) -> None:
    reader = site.member()
    old = site.path(site.app.links.unsubscribe(reader.public_id))
    site.clock.advance(timedelta(days=2000).total_seconds())
    signer = Signer([b"n" * 40, KEY], clock=site.clock)
    base_url = site.app.settings.site.base_url
    renewed = replace(site.app, signer=signer, links=Links(base_url, signer))
    server = WebServer(renewed, "127.0.0.1", 0)
    server.start()
    assert httpx.post(f"{server.url}{old}", data=ONE_CLICK).status_code == 200
    server.stop()
    assert status(site) is SubscriberStatus.UNSUBSCRIBED


def test_tokens_cannot_be_replayed_against_what_came_after(
    site: Running, database: sqlite3.Connection
) -> None:
    site.client.post("/subscribe", data={"email": EMAIL})
    first = site.subscriber()
    assert first is not None
    paths = [
        site.path(url)
        for url in (
            site.app.links.confirm(first.public_id),
            site.app.links.preferences(first.public_id),
            site.app.links.unsubscribe(first.public_id),
            site.app.links.feedback(first.public_id),
        )
    ]
    site.client.post(paths[0])
    site.client.post(paths[1], data={"action": "erase", "sure": "yes"})
    site.member()  # the same address, another subscription
    before = everything(database)
    for path in paths:
        site.client.get(path)
        site.client.post(path, data={"action": "leave", "sure": "yes"})
        site.client.post(path, data={"action": "erase", "sure": "yes"})
        site.client.post(path, data=ONE_CLICK)
    assert everything(database) == before


@pytest.mark.parametrize("purpose", list(Purpose))
def test_a_token_opens_its_own_page_alone(
    site: Running, database: sqlite3.Connection, purpose: Purpose
) -> None:
    reader = site.member()
    token = site.app.signer.sign(purpose, reader.public_id)
    before = everything(database)
    for page in set(Purpose) - {purpose}:
        for ending in ("", "/export"):
            assert site.client.get(f"/{page}/{token}{ending}").status_code == 404
            answer = site.client.post(f"/{page}/{token}{ending}", data={"action": "leave"})
            assert answer.status_code in (404, 405)
    assert everything(database) == before


# --- injections, floods, sizes --------------------------------------------------------------

INJECTIONS = (
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "' OR 1=1; DROP TABLE subscribers; --",
    "{{ site }}{% raw %}",
    "a\r\nBcc: everybody@example.org\r\n\r\nhello",
    "\x00\x1b[31m\u202e\ufeff",
    "../../../../etc/passwd",
    "${jndi:ldap://evil.example}",
    "%0d%0aSet-Cookie: x=y",
    "\ud7ff\U0010ffff" * 50,
)
FIELDS = ("email", "name", "keywords", "authors", "mutes", "likes", "text", "categories",
          "category", "timezone", "hour", "max_papers", "trending_weight", "cadence", "library",
          "action", "website", "paper", "until", "sure")  # fmt: skip


@pytest.mark.parametrize("payload", INJECTIONS)
def test_whatever_is_typed_stays_text(site: Running, payload: str) -> None:
    reader = site.member()
    links_of = site.app.links
    pages = ["/subscribe", "/preferences", site.path(links_of.preferences(reader.public_id))]
    for page in pages:
        for field in FIELDS:
            form = {"email": "other@example.org", "action": "save", field: payload}
            answer = site.client.post(page, data=form)
            assert answer.status_code in (200, 422, 429)
            for markup in ("<script", "<img", "onerror=alert(1)>"):
                assert markup not in answer.text
            assert "set-cookie" not in answer.headers
            site.clock.advance(400)
    for path in ("/preferences/{}", "/feedback/x?paper={}", "/{}"):
        answer = site.client.get(path.format(quote(payload, safe="")))
        assert answer.status_code == 404
        assert "<script" not in answer.text
    deliver_all(site)
    for message in site.transport.messages:
        head = message.content.partition(b"\r\n\r\n")[0]
        assert b"everybody@example.org" not in head


def test_mails_and_the_api_lead_to_addresses_of_the_web_alone(site: Running) -> None:
    links = (Link(LinkKind.ABSTRACT, "javascript:alert(1)"), Link(LinkKind.PDF, "https://x.org/p"))
    hostile = paper(links=links)
    reader = site.member()
    with site.app.store.write() as tx:
        tx.papers.add([hostile], source="rss", listed_at=NOW)
        edition = tx.editions.ensure(Cadence.DAILY, NOW.date(), now=NOW)
        tx.deliveries.plan([plan(reader, picks=(pick(hostile),), edition_id=edition.id)])
    deliver_all(site)
    mail = message_from_bytes(site.transport.messages[-1].content, policy=policy.default)
    told = [part.get_content() for part in mail.walk() if not part.is_multipart()]
    told.append(site.client.get(f"/api/v1/papers/{hostile.key}").text)
    assert len(told) == 3
    for text in told:
        assert "https://x.org/p" in text
        assert "javascript:" not in text


def test_a_flood_of_sign_ups_ends(site: Running) -> None:
    codes = [
        site.client.post("/subscribe", data={"email": f"reader{number}@example.org"}).status_code
        for number in range(34)
    ]
    assert codes == [200] * 30 + [429] * 4
    assert len(site.mails()) == 30


def test_forms_that_come_to_nothing_are_counted_before_they_are_read(site: Running) -> None:
    leave = site.path(site.app.links.unsubscribe(site.member().public_id))
    filled = "/subscribe?keywords=grasping"
    for _ in range(20):
        assert site.client.post("/subscribe", data={"email": "nobody"}).status_code == 422
        assert site.client.post("/preferences", data={"email": "nobody"}).status_code == 422
        assert site.client.get(filled).status_code == 200
    for _ in range(240):
        assert site.client.post("/confirm/x").status_code == 404
    refused = [
        site.client.post(
            "/subscribe", content=b"x", headers={"Content-Type": "multipart/form-data"}
        ),
        site.client.post("/preferences", data={"email": EMAIL}),
        site.client.post("/preferences/x", data={"action": "save"}),
        site.client.post("/confirm/x"),
        site.client.post("/feedback/x"),
        site.client.get(filled),
    ]
    assert [answer.status_code for answer in refused] == [429] * 6
    assert "Too many forms" in refused[0].text
    assert refused[0].headers["retry-after"] == "3600"
    assert site.client.get("/subscribe").status_code == 200
    assert site.client.post(leave, data=ONE_CLICK).status_code == 200


def test_a_flood_against_one_address_sends_one_mail_a_day(site: Running) -> None:
    for hour in range(0, 22, 2):
        site.clock.advance(7200 if hour else 0)
        if site.clock.now().date() != NOW.date():
            break
        assert site.client.post("/subscribe", data={"email": EMAIL}).status_code == 200
        assert site.client.post("/preferences", data={"email": EMAIL}).status_code == 200
    assert site.mails() == [DeliveryKind.CONFIRM]


@pytest.mark.parametrize("page", ["/subscribe", "/preferences", "/preferences/x", "/feedback/x"])
def test_sizes_and_numbers_are_limited(site: Running, page: str) -> None:
    long = {"email": EMAIL, "keywords": "x" * LARGEST_BODY}
    assert site.client.post(page, data=long).status_code == 413
    upload = {"library": ("x.bib", b"x" * LARGEST_UPLOAD)}
    assert site.client.post(page, files=upload).status_code == 413
    many = "&".join(f"f{number}=1" for number in range(MOST_FIELDS + 1))
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    assert site.client.post(page, content=many, headers=headers).status_code == 400
    files = [("library", ("x.bib", b"x")), ("library", ("y.bib", b"y"))]
    assert site.client.post(page, files=files).status_code == 400
    assert site.client.get(f"{page}?{'x' * LONGEST_ADDRESS}").status_code == 414
    assert site.subscriber() is None
