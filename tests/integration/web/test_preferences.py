"""What a subscriber changes behind the link, and how to get that link."""

from __future__ import annotations

import re
from datetime import date

import pytest

from digest.links import on
from digest.model import (
    Cadence,
    DeliveryKind,
    Interest,
    InterestKind,
    Opinion,
    SubscriberStatus,
    SuppressionReason,
)
from digest.subscriptions import Preferences
from digest.web.tokens import PREFERENCES_LIFE
from tests.integration.web.test_links import opinions, status
from tests.support.samples import NOW, paper, papers
from tests.support.site import EMAIL, Running


def preferences(site: Running, **chosen: object) -> str:
    return site.path(site.app.links.preferences(site.member(**chosen).public_id))


def test_the_page_names_the_feed_of_ones_own_digests(site: Running) -> None:
    reader = site.member()
    feed = site.path(site.app.links.feed(reader.public_id))
    page = site.client.get(site.path(site.app.links.preferences(reader.public_id))).text
    assert f'href="{feed}"' in page
    assert site.client.get(feed).headers["Content-Type"].startswith("application/atom+xml")


def test_the_form_shows_and_saves_what_was_chosen(site: Running) -> None:
    url = preferences(
        site,
        interests=(
            Interest(InterestKind.KEYWORD, "grasping", 2.5),
            Interest(InterestKind.KEYWORD, "blockchain", -1.0),
        ),
    )
    page = site.client.get(url).text
    assert "grasping" in page
    assert "blockchain" in page
    answer = site.client.post(
        url,
        data={
            "action": "save",
            "category": ["cs.RO"],
            "categories": "math.ag",
            "keywords": "grasping\nworld models",
            "authors": "Example, Ada",
            "mutes": "crypto",
            "likes": "https://arxiv.org/abs/2604.21952v1",
            "text": "I build robots.",
            "cadence": "weekly",
            "hour": "21",
            "timezone": "America/New_York",
            "max_papers": "5",
            "trending_weight": "0.8",
            "name": "A reader",
        },
    )
    assert answer.status_code == 200
    assert "saved" in answer.text
    subscriber = site.subscriber()
    assert subscriber is not None
    assert Preferences.of(subscriber) == Preferences(
        name="A reader",
        cadence=Cadence.WEEKLY,
        hour=21,
        timezone="America/New_York",
        max_papers=5,
        trending_weight=0.8,
        interests=(
            Interest(InterestKind.CATEGORY, "cs.RO"),
            Interest(InterestKind.CATEGORY, "math.AG"),
            Interest(InterestKind.KEYWORD, "grasping", 2.5),
            Interest(InterestKind.KEYWORD, "world models"),
            Interest(InterestKind.AUTHOR, "Example, Ada"),
            Interest(InterestKind.KEYWORD, "crypto", -1.0),
            Interest(InterestKind.SEED, "arxiv:2604.21952"),
            Interest(InterestKind.TEXT, "I build robots."),
        ),
    )


def test_saving_the_form_as_it_is_changes_nothing(site: Running) -> None:
    chosen = {
        "cadence": Cadence.WEEKLY,
        "trending_weight": 0.35,
        "interests": (
            Interest(InterestKind.CATEGORY, "cs.LG"),
            Interest(InterestKind.SEED, "url:https://example.org/paper.pdf"),
        ),
    }
    url = preferences(site, **chosen)
    before = site.subscriber()
    site.client.post(
        url,
        data={
            "category": "cs.LG",
            "likes": "url:https://example.org/paper.pdf",
            "cadence": "weekly",
            "trending_weight": "0.35",
        },
    )
    assert site.subscriber() == before


@pytest.mark.parametrize("kind", ["application/json", "text/plain", ""])
def test_a_form_that_cannot_be_read_is_not_said_to_be_saved(site: Running, kind: str) -> None:
    url = preferences(site)
    answer = site.client.post(url, content=b'{"keywords": "moss"}', headers={"Content-Type": kind})
    assert answer.status_code == 422
    assert "nothing is saved" in answer.text
    assert "are saved" not in answer.text


def test_mistakes_are_shown_and_nothing_is_saved(site: Running) -> None:
    url = preferences(site, hour=6)
    answer = site.client.post(url, data={"hour": "7", "max_papers": "1000", "likes": "robots"})
    assert answer.status_code == 422
    assert "1 to 100 papers" in answer.text
    assert "not a paper" in answer.text
    subscriber = site.subscriber()
    assert subscriber is not None
    assert subscriber.hour == 6


def test_a_digest_can_be_paused_and_resumed(site: Running) -> None:
    url = preferences(site)
    assert site.client.post(url, data={"action": "pause", "until": "2026-12-24"}).status_code == 200
    subscriber = site.subscriber()
    assert subscriber is not None
    assert subscriber.status is SubscriberStatus.PAUSED
    assert subscriber.paused_until == date(2026, 12, 24)
    assert "24 December 2026" in site.client.get(url).text
    site.client.post(url, data={"action": "resume"})
    assert status(site) is SubscriberStatus.CONFIRMED


@pytest.mark.parametrize(
    ("timezone", "offered"), [("America/Los_Angeles", "2026-11-25"), ("Etc/GMT-14", "2026-11-26")]
)
def test_the_next_day_is_offered_that_is_one_where_they_are(
    site: Running, timezone: str, offered: str
) -> None:
    url = preferences(site, timezone=timezone)
    site.clock.advance((NOW.replace(hour=12) - site.clock.now()).total_seconds())
    assert f'min="{offered}"' in site.client.get(url).text


@pytest.mark.parametrize("until", ["2026-11-24", "tomorrow"])
def test_a_pause_needs_a_day_to_come(site: Running, until: str) -> None:
    answer = site.client.post(preferences(site), data={"action": "pause", "until": until})
    assert answer.status_code == 422
    assert status(site) is SubscriberStatus.CONFIRMED


def test_leaving_and_coming_back_by_the_preferences(site: Running) -> None:
    url = preferences(site)
    site.client.post(url, data={"action": "leave"})
    assert status(site) is SubscriberStatus.UNSUBSCRIBED
    site.client.post(url, data={"action": "rejoin"})
    assert status(site) is SubscriberStatus.CONFIRMED


def test_erasure_wants_to_be_sure_and_is_for_good(site: Running) -> None:
    url = preferences(site)
    assert site.client.post(url, data={"action": "erase"}).status_code == 422
    assert site.subscriber() is not None
    answer = site.client.post(url, data={"action": "erase", "sure": "yes"})
    assert "You are forgotten" in answer.text
    assert site.subscriber() is None
    assert site.client.get(url).status_code == 404


# --- history, starting afresh, the data -----------------------------------------------------


def with_opinions(site: Running, *said: Opinion) -> str:
    """Let somebody say what they think of as many papers, and return their link."""
    url = preferences(site, interests=(Interest(InterestKind.KEYWORD, "grasping"),))
    subscriber = site.subscriber()
    assert subscriber is not None
    known = papers(len(said))
    with site.app.store.write() as tx:
        tx.papers.add(known, source="arxiv", listed_at=NOW)
        for one, opinion in zip(known, said, strict=True):
            tx.feedback.give(subscriber.id, one.key, opinion, now=site.clock.now())
    return url


def test_what_was_said_of_papers_is_shown_and_taken_back_with_one_press(site: Running) -> None:
    url = with_opinions(site, Opinion.MORE, Opinion.LESS)
    page = site.client.get(url).text
    assert page.index("A study of 2611.00002") < page.index("A study of 2611.00001")
    assert '<a href="/papers/arxiv:2611.00002" dir="auto">A study of 2611.00002</a>' in page
    answer = site.client.post(url, data={"action": "withdraw", "paper": "arxiv:2611.00001"})
    assert "Taken back" in answer.text
    assert [(one.paper_key, one.opinion) for one in opinions(site)] == [
        ("arxiv:2611.00002", Opinion.LESS)
    ]
    assert site.client.post(url, data={"action": "withdraw", "paper": "x"}).status_code == 200


def test_a_long_history_shows_its_end(site: Running) -> None:
    page = site.client.get(with_opinions(site, *[Opinion.MORE] * 60)).text
    assert page.count(">Undo</button>") == 50
    assert "A study of 2611.00060" in page
    assert "A study of 2611.00010" not in page


def test_starting_afresh_wants_to_be_sure(site: Running) -> None:
    url = with_opinions(site, Opinion.MORE)
    assert site.client.post(url, data={"action": "afresh"}).status_code == 422
    assert len(opinions(site)) == 1
    assert "afresh" in site.client.post(url, data={"action": "afresh", "sure": "yes"}).text
    subscriber = site.subscriber()
    assert subscriber is not None
    assert subscriber.interests == ()
    assert opinions(site) == []


def test_the_data_can_be_taken_along(site: Running) -> None:
    url = with_opinions(site, Opinion.MORE)
    answer = site.client.get(f"{url}/export")
    assert answer.headers["content-disposition"].startswith("attachment")
    assert answer.headers["cache-control"] == "no-store"
    found = answer.json()
    assert found["subscriber"]["email"] == EMAIL
    assert found["feedback"][0]["title"] == "A study of 2611.00001"
    assert found["subscriber"]["consent"]["asked_from"] == "192.0.2.7"
    other = site.path(site.app.links.unsubscribe(found["subscriber"]["public_id"]))
    assert site.client.get(f"/preferences/{other.rpartition('/')[2]}/export").status_code == 404


def test_a_button_that_the_page_does_not_have_does_nothing(site: Running) -> None:
    url = preferences(site)
    before = site.subscriber()
    assert site.client.post(url, data={"action": "upgrade"}).status_code == 422
    assert site.subscriber() == before


def test_a_library_is_saved_as_seeds(site: Running) -> None:
    url = preferences(site)
    library = b"@misc{x, title={Grasping}, eprint={2611.00001}}"
    answer = site.client.post(
        url, data={"action": "save", "likes": ""}, files={"library": ("my.bib", library)}
    )
    assert "Your list names 1 paper" in answer.text
    subscriber = site.subscriber()
    assert subscriber is not None
    assert [one.value for one in subscriber.interests] == ["arxiv:2611.00001", "Grasping"]


def test_papers_that_are_not_here_yet_are_counted(site: Running) -> None:
    seeds = [Interest(InterestKind.SEED, f"arxiv:2611.0000{number}") for number in (1, 2, 3)]
    url = preferences(site, interests=tuple(seeds))
    with site.app.store.write() as tx:
        tx.papers.add(papers(2), source="arxiv", listed_at=NOW)
    assert "2 of your 3 are here so far" in site.client.get(url).text
    with site.app.store.write() as tx:
        tx.papers.add(papers(1, first=3), source="arxiv", listed_at=NOW)
    assert "are here so far" not in site.client.get(url).text


# --- the link, on request -------------------------------------------------------------------


def test_the_link_comes_by_mail_and_its_page_tells_nothing(site: Running) -> None:
    site.member()
    with site.app.store.write() as tx:
        tx.suppressions.add(
            site.app.signer.hash_email("bounced@example.org"), SuppressionReason.BOUNCE, now=NOW
        )
    before = site.mails()
    assert "Mail me the link" in site.client.get("/preferences").text
    answers = {}
    for email in (EMAIL, "bounced@example.org", "unknown@example.org"):
        answer = site.client.post("/preferences", data={"email": email})
        answers[email] = (answer.status_code, answer.text.replace(email, "ADDRESS"))
    assert len(set(answers.values())) == 1
    assert site.mails()[len(before) :] == [DeliveryKind.LINK]


def test_links_are_not_mailed_by_programs_or_without_end(site: Running) -> None:
    site.member()
    before = len(site.mails())
    site.client.post("/preferences", data={"email": EMAIL, "website": "http://x"})
    assert len(site.mails()) == before
    answers = [site.client.post("/preferences", data={"email": EMAIL}) for _ in range(31)]
    assert [one.status_code for one in answers] == [200] * 29 + [429] * 2
    assert f'value="{EMAIL}"' in answers[-1].text
    assert "Many links were asked for" in answers[-1].text
    assert answers[-1].headers["retry-after"] == "3600"
    assert len(site.mails()) == before + 1


def test_what_is_no_address_is_said(site: Running) -> None:
    answer = site.client.post("/preferences", data={"email": "nobody"})
    assert answer.status_code == 422
    assert "not an email address" in answer.text


# --- for how long -------------------------------------------------------------------------


def test_a_link_works_for_a_month_and_then_offers_a_new_one(site: Running) -> None:
    url = preferences(site)
    site.clock.advance(PREFERENCES_LIFE.total_seconds())
    assert set(re.findall(r'action="([^"]+)"', site.client.get(url).text)) == {url}
    assert site.client.get(f"{url}/export").status_code == 200
    site.clock.advance(1)
    before = site.subscriber()
    erase = {"action": "erase", "sure": "yes"}
    for answer in (
        site.client.get(url),
        site.client.get(f"{url}/export"),
        site.client.post(url, data={"action": "preview"}),
        site.client.post(url, data={"keywords": "grasping"}),
        site.client.post(url, data=erase),
    ):
        assert answer.status_code == 410
        assert "Mail me a new link" in answer.text
        assert EMAIL not in answer.text
    assert site.subscriber() == before


def test_no_old_link_of_a_mail_leads_to_a_young_one(site: Running) -> None:
    """The links of a mail that was passed on: the one to leave works, and opens nothing else."""
    reader = site.member()
    with site.app.store.write() as tx:
        tx.papers.add([paper()], source="arxiv", listed_at=NOW)
    links = site.app.links
    urls = (
        links.confirm(reader.public_id),
        links.feedback(reader.public_id) + on(paper().key, Opinion.MORE),
        links.unsubscribe(reader.public_id),
    )

    def behind(page: str) -> int:
        return site.client.get(re.findall(r'href="(/preferences/[^"#]+)', page)[0]).status_code

    for url in map(site.path, urls):
        assert behind(site.client.get(url).text) == 200
    site.clock.advance(PREFERENCES_LIFE.total_seconds() + 1)
    for url in map(site.path, urls):
        assert behind(site.client.get(url).text) == 410
        assert behind(site.client.post(url, data={"action": "leave"}).text) == 410
    assert status(site) is SubscriberStatus.UNSUBSCRIBED


def test_what_was_done_is_said_once(site: Running) -> None:
    link = site.path(site.app.links.preferences(site.member().public_id))
    for action, words in (("pause", "Your digest is paused"), ("leave", "You are unsubscribed")):
        body = site.client.post(link, data={"action": action}).text
        assert body.count(words) == 1
        assert '<div class="state" role="status">' in body


def test_a_mistake_in_the_address_is_told_before_the_button(site: Running) -> None:
    body = site.client.post("/preferences", data={"email": "a@b"}).text
    assert body.index('id="email-problem"') < body.index("Mail me the link")


def test_the_address_of_the_feed_can_be_copied(site: Running) -> None:
    link = site.path(site.app.links.preferences(site.member().public_id))
    body = site.client.get(link).text
    assert re.search(r'readonly value="https://papers.example.org/feed/[^"]+\.atom"', body)


def test_what_is_too_large_is_told_how_large_it_may_be(site: Running) -> None:
    answer = site.client.post("/preferences", data={"email": "x" * 200_000})
    assert answer.status_code == 413
    assert "A form takes 64 kB, one with a file 1 MB" in answer.text
