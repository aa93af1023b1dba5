"""What somebody would have got today, before they agree to anything."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import timedelta

import httpx
import pytest

from digest.model import Interest, InterestKind, Link, LinkKind, Opinion
from digest.testing import ListRanker
from digest.tokens import Purpose
from digest.web.server import WebServer
from tests.integration.web.test_links import pending
from tests.support.samples import NOW, paper
from tests.support.site import EMAIL, Running

GRASPING = paper("arxiv:2611.00001", title="Grasping with care")
WALKING = paper("arxiv:2611.00002", title="Walking, slowly", categories=("cs.SE",))


@pytest.fixture(autouse=True)
def _papers(site: Running) -> None:
    with site.app.store.write() as tx:
        tx.papers.add([GRASPING, WALKING], source="arxiv", listed_at=NOW)


def shown(text: str) -> list[str]:
    """Return which of the two papers a page shows, below the heading of the preview."""
    _, _, sample = text.partition("What you would have got today")
    sample = sample.partition("</section>")[0]
    return [one.title for one in (GRASPING, WALKING) if one.title in sample]


def test_a_preview_needs_no_address_and_leaves_nothing(site: Running) -> None:
    answer = site.client.post("/subscribe", data={"action": "preview", "keywords": "grasping"})
    assert answer.status_code == 200
    assert shown(answer.text) == [GRASPING.title]
    assert "matches your keyword grasping" in answer.text
    assert ">grasping</textarea>" in answer.text
    assert site.mails() == []


def test_a_preview_keeps_what_was_typed_and_the_address_too(site: Running) -> None:
    typed = {"action": "preview", "email": EMAIL, "category": "cs.SE", "timezone": "Asia/Tokyo"}
    answer = site.client.post("/subscribe", data=typed)
    assert shown(answer.text) == [WALKING.title]
    assert f'value="{EMAIL}"' in answer.text
    assert 'value="Asia/Tokyo"' in answer.text
    assert site.subscriber() is None


def test_a_preview_leads_to_addresses_of_the_web_alone(site: Running) -> None:
    links = (Link(LinkKind.PROJECT, "javascript:alert(1)"), Link(LinkKind.PDF, "https://x.org/p"))
    with site.app.store.write() as tx:
        hostile = paper("rss:1", title="Grasping a lever", links=links)
        tx.papers.add([hostile], source="rss", listed_at=NOW)
    text = site.client.post("/subscribe", data={"action": "preview", "keywords": "lever"}).text
    assert 'href="https://x.org/p"' in text
    assert "javascript:" not in text


def test_above_a_preview_stands_the_button_too(site: Running) -> None:
    member = site.member()
    link = site.path(site.app.links.preferences(member.public_id))
    for path, button in (("/subscribe", "Subscribe"), (link, "Save")):
        text = site.client.post(path, data={"action": "preview", "keywords": "grasping"}).text
        above, _, below = text.partition("What you would have got today")
        assert re.search(rf'<button form="choices"[^>]*>{button}</button>', above)
        assert '<form id="choices"' in below


def test_nothing_that_matches_is_said_in_words(site: Running) -> None:
    answer = site.client.post("/subscribe", data={"action": "preview", "keywords": "zebrafish"})
    assert shown(answer.text) == []
    assert "None of today&#39;s papers matches" in answer.text


def test_the_answer_to_a_sign_up_shows_what_would_have_come(site: Running) -> None:
    answer = site.client.post("/subscribe", data={"email": EMAIL, "keywords": "grasping"})
    assert "Check your inbox" in answer.text
    assert shown(answer.text) == [GRASPING.title]


def test_the_page_that_asks_to_confirm_shows_it_too(site: Running) -> None:
    public_id = pending(site, keywords="walking").public_id
    token = site.app.signer.sign(Purpose.CONFIRM, public_id)
    assert shown(site.client.get(f"/confirm/{token}").text) == [WALKING.title]


def test_preferences_can_be_tried_without_saving(site: Running) -> None:
    reader = site.member(interests=(Interest(InterestKind.KEYWORD, "grasping"),))
    url = site.path(site.app.links.preferences(reader.public_id))
    answer = site.client.post(url, data={"action": "preview", "keywords": "walking"})
    assert shown(answer.text) == [WALKING.title]
    assert "nothing is saved yet" in answer.text
    assert ">walking</textarea>" in answer.text
    assert site.subscriber() == reader


def test_seeds_count_in_a_preview(site: Running) -> None:
    answer = site.client.post(
        "/subscribe",
        data={"action": "preview", "trending_weight": "0"},
        files={"library": ("my.bib", b"@misc{x, title={Grasping}, eprint={2611.00001}}")},
    )
    assert answer.status_code == 200
    assert "Your list names 1 paper; 1 of them is here." in answer.text
    assert ">2611.00001</textarea>" in answer.text


KNOWN = paper("arxiv:2610.00001", title="Slow walking of legged robots on ice")
ALIKE = paper("arxiv:2611.00003", title="Legged robots walking on ice, slowly")


@pytest.fixture
def alike(site: Running) -> None:
    with site.app.store.write() as tx:
        tx.papers.add([KNOWN], source="arxiv", listed_at=NOW - timedelta(days=9))
        tx.papers.add([ALIKE], source="arxiv", listed_at=NOW)


@pytest.mark.usefixtures("alike")
def test_what_is_like_a_seed_is_in_a_preview(site: Running) -> None:
    asked = {"action": "preview", "trending_weight": "0"}
    assert ALIKE.title not in site.client.post("/subscribe", data=asked).text
    asked["likes"] = "2610.00001"
    text = site.client.post("/subscribe", data=asked).text
    assert ALIKE.title in text
    assert f"similar to “{KNOWN.title}”" in text


@pytest.mark.usefixtures("alike")
def test_what_was_said_of_papers_counts_in_a_preview_of_preferences(site: Running) -> None:
    reader = site.member()
    url = site.path(site.app.links.preferences(reader.public_id))
    asked = {"action": "preview", "trending_weight": "0"}
    assert ALIKE.title not in site.client.post(url, data=asked).text
    with site.app.store.write() as tx:
        tx.feedback.give(reader.id, KNOWN.key, Opinion.MORE, now=NOW)
    assert ALIKE.title in site.client.post(url, data=asked).text


def test_previews_are_limited(site: Running) -> None:
    form = {"action": "preview", "keywords": "grasping"}
    answers = [site.client.post("/subscribe", data=form) for _ in range(61)]
    assert [one.status_code for one in answers] == [200] * 60 + [429]
    reader = site.path(site.app.links.preferences(site.member().public_id))
    for answer in (answers[-1], site.client.post(reader, data=form)):
        assert answer.status_code == 429
        assert answer.headers["retry-after"] == "3600"
        assert "Many previews were asked for" in answer.text
        assert ">grasping</textarea>" in answer.text
    # The sign-up itself goes on, only without one.
    answer = site.client.post("/subscribe", data={"email": "late@example.org"})
    assert answer.status_code == 200
    assert "What you would have got today" not in answer.text
    site.clock.advance(3600)
    assert site.client.post("/subscribe", data=form).status_code == 200


def test_new_papers_are_in_the_next_preview(site: Running) -> None:
    form = {"action": "preview", "keywords": "swimming"}
    assert "Swimming" not in site.client.post("/subscribe", data=form).text
    with site.app.store.write() as tx:
        swimming = paper("arxiv:2611.00003", title="Swimming robots")
        tx.papers.add([swimming], source="arxiv", listed_at=NOW)
    assert "Swimming robots" in site.client.post("/subscribe", data=form).text


class BrokenRanker(ListRanker):
    """A plug-in with a bug."""

    def fit(self, *_: object) -> object:  # type: ignore[override]
        raise ZeroDivisionError("a bug with a secret in it")


def test_a_ranker_that_is_broken_keeps_nobody_from_joining(
    site: Running, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("WARNING", logger="digest")
    server = WebServer(replace(site.app, ranker=BrokenRanker()), "127.0.0.1", 0)
    server.start()
    answer = httpx.post(f"{server.url}/subscribe", data={"email": EMAIL})
    assert answer.status_code == 200
    assert "Check your inbox" in answer.text
    reader = site.subscriber()
    assert reader is not None
    token = site.app.signer.sign(Purpose.CONFIRM, reader.public_id)
    assert "Yes, subscribe me" in httpx.get(f"{server.url}/confirm/{token}").text
    assert httpx.post(f"{server.url}/confirm/{token}").status_code == 200
    server.stop()
    assert "there is no preview: ZeroDivisionError" in caplog.text
    assert "secret" not in caplog.text
