"""What the links in a mail lead to: GET shows, only POST acts."""

from __future__ import annotations

from datetime import timedelta

import pytest

from digest import subscriptions
from digest.links import on
from digest.model import (
    Cadence,
    DeliveryKind,
    Edition,
    Feedback,
    Opinion,
    Subscriber,
    SubscriberStatus,
)
from digest.tokens import Purpose
from tests.support.samples import NOW, paper, pick, plan
from tests.support.site import EMAIL, Running

ONE_CLICK = {"List-Unsubscribe": "One-Click"}


def pending(site: Running, **fields: str) -> Subscriber:
    """Sign somebody up on the page."""
    site.client.post("/subscribe", data={"email": EMAIL, **fields})
    subscriber = site.subscriber()
    assert subscriber is not None
    return subscriber


def confirm_path(site: Running) -> str:
    """Sign somebody up and return where the mail's link leads."""
    return f"/confirm/{site.app.signer.sign(Purpose.CONFIRM, pending(site).public_id)}"


def status(site: Running) -> SubscriberStatus | None:
    subscriber = site.subscriber()
    return subscriber.status if subscriber else None


# --- confirm ------------------------------------------------------------------------------


def test_a_scanner_that_follows_the_link_confirms_nobody(site: Running) -> None:
    url = confirm_path(site)
    for _ in range(2):
        assert site.client.head(url).status_code == 200
        answer = site.client.get(url)
        assert answer.status_code == 200
        assert EMAIL in answer.text
    assert status(site) is SubscriberStatus.UNCONFIRMED


def test_the_button_confirms_and_a_second_press_changes_nothing(site: Running) -> None:
    url = confirm_path(site)
    assert "You are in" in site.client.post(url).text
    assert status(site) is SubscriberStatus.CONFIRMED
    assert "You are in" in site.client.post(url).text
    assert "You are in" in site.client.get(url).text
    assert site.mails() == [DeliveryKind.CONFIRM, DeliveryKind.WELCOME]


def test_a_link_that_is_too_old_says_what_to_do(site: Running) -> None:
    url = confirm_path(site)
    site.clock.advance(timedelta(days=8).total_seconds())
    for method in ("GET", "POST"):
        answer = site.client.request(method, url)
        assert answer.status_code == 410
        assert "too old" in answer.text
    assert status(site) is SubscriberStatus.UNCONFIRMED


DAY = 86_400.0


def test_a_used_link_brings_nobody_back_whoever_signs_them_up(site: Running) -> None:
    url = confirm_path(site)
    site.client.post(url)
    leaving = site.path(site.app.links.unsubscribe(pending(site).public_id))
    site.client.post(leaving, data={"action": "leave"})
    # On the same day, on the next, and then again, when the sign-up sends no mail.
    for days in (0, 1, 0):
        site.clock.advance(days * DAY)
        somebody = pending(site, keywords="of an attacker")
        assert status(site) is SubscriberStatus.UNSUBSCRIBED
        for method in ("GET", "POST"):
            assert site.client.request(method, url).status_code == 410
    assert status(site) is SubscriberStatus.UNSUBSCRIBED
    assert site.mails().count(DeliveryKind.CONFIRM) == 3
    fresh = site.path(site.app.links.confirm(somebody.public_id))
    assert "You are in" in site.client.post(fresh).text


def test_who_has_left_may_come_back_on_the_same_day_by_one_more_mail(site: Running) -> None:
    url = confirm_path(site)
    site.client.post(url)
    leaving = site.path(site.app.links.unsubscribe(pending(site).public_id))
    site.client.post(leaving, data={"action": "leave"})
    for _ in range(3):
        site.clock.advance(60)
        back = pending(site)
    assert site.mails().count(DeliveryKind.CONFIRM) == 2
    assert "You are in" in site.client.post(site.path(site.app.links.confirm(back.public_id))).text
    assert status(site) is SubscriberStatus.CONFIRMED


def test_a_link_that_was_too_old_stays_so(site: Running) -> None:
    url = confirm_path(site)
    site.clock.advance(8 * DAY)
    pending(site)
    assert site.client.post(url).status_code == 410
    assert status(site) is SubscriberStatus.UNCONFIRMED


def test_a_sign_up_that_sends_no_mail_leaves_the_link_under_way_alone(site: Running) -> None:
    url = confirm_path(site)
    site.clock.advance(60)
    pending(site)
    assert site.mails() == [DeliveryKind.CONFIRM]
    assert "You are in" in site.client.post(url).text


def test_the_link_of_an_older_mail_is_dead_once_there_is_a_newer_one(site: Running) -> None:
    url = confirm_path(site)
    site.clock.advance(DAY)
    newer = confirm_path(site)
    assert site.client.post(url).status_code == 410
    assert "You are in" in site.client.post(newer).text


# --- unsubscribe --------------------------------------------------------------------------


@pytest.mark.parametrize("encoding", ["urlencoded", "multipart"])
def test_one_click_unsubscribes_as_rfc_8058_posts_it(site: Running, encoding: str) -> None:
    url = site.path(site.app.links.unsubscribe(site.member().public_id))
    for _ in range(2):
        if encoding == "multipart":
            fields = {name: (None, value) for name, value in ONE_CLICK.items()}
            answer = site.client.post(url, files=fields)
        else:
            answer = site.client.post(url, data=ONE_CLICK)
        assert answer.status_code == 200
        assert not answer.cookies
    assert status(site) is SubscriberStatus.UNSUBSCRIBED
    assert DeliveryKind.GOODBYE not in site.mails()


def test_one_click_works_in_the_charset_that_programs_name_unasked(site: Running) -> None:
    url = site.path(site.app.links.unsubscribe(site.member().public_id))
    kind = "application/x-www-form-urlencoded; charset=ISO-8859-1"
    answer = site.client.post(url, data=ONE_CLICK, headers={"Content-Type": kind})
    assert answer.status_code == 200
    assert status(site) is SubscriberStatus.UNSUBSCRIBED


def test_a_scanner_that_follows_the_link_unsubscribes_nobody(site: Running) -> None:
    url = site.path(site.app.links.unsubscribe(site.member().public_id))
    assert site.client.head(url).status_code == 200
    assert "Leave the list?" in site.client.get(url).text
    assert status(site) is SubscriberStatus.CONFIRMED


def test_the_button_unsubscribes_says_goodbye_and_can_be_undone(site: Running) -> None:
    url = site.path(site.app.links.unsubscribe(site.member().public_id))
    assert "Undo" in site.client.post(url, data={"action": "leave"}).text
    assert status(site) is SubscriberStatus.UNSUBSCRIBED
    assert site.mails()[-1] is DeliveryKind.GOODBYE
    for _ in range(2):
        page = site.client.post(url, data={"action": "rejoin"}).text
        assert "You are in" in page
        assert "07:00" in page
        assert status(site) is SubscriberStatus.CONFIRMED


def test_one_click_of_somebody_erased_is_done_already(site: Running) -> None:
    subscriber = site.member()
    url = site.path(site.app.links.unsubscribe(subscriber.public_id))
    with site.app.store.write() as tx:
        subscriptions.erase(
            tx, subscriber.public_id, now=NOW, hash_email=site.app.signer.hash_email
        )
    assert site.client.post(url, data=ONE_CLICK).status_code == 200
    assert site.client.get(url).status_code == 404


def test_a_button_that_there_is_not_unsubscribes_nobody(site: Running) -> None:
    url = site.path(site.app.links.unsubscribe(site.member().public_id))
    assert site.client.post(url, data={"action": "xyz"}).status_code == 400
    assert status(site) is SubscriberStatus.CONFIRMED
    assert site.client.post(url, data={"action": ""}).status_code == 200
    assert status(site) is SubscriberStatus.UNSUBSCRIBED


# --- feedback -----------------------------------------------------------------------------


def opinions(site: Running) -> list[Feedback]:
    subscriber = site.subscriber()
    assert subscriber is not None
    with site.app.store.read() as tx:
        return tx.feedback.of(subscriber.id)


def opinion_link(site: Running, key: str, opinion: Opinion = Opinion.MORE) -> str:
    return site.path(site.app.links.feedback(site.member().public_id)) + on(key, opinion)


def test_an_opinion_needs_a_press_and_can_be_changed_and_undone(site: Running) -> None:
    with site.app.store.write() as tx:
        tx.papers.add([paper()], source="arxiv", listed_at=NOW)
    url = opinion_link(site, paper().key)
    assert paper().title in site.client.get(url).text
    assert opinions(site) == []
    assert "more like this" in site.client.post(url, data={"action": "more"}).text
    assert [said.opinion for said in opinions(site)] == [Opinion.MORE]
    site.client.post(url, data={"action": "less"})
    assert [said.opinion for said in opinions(site)] == [Opinion.LESS]
    undone = site.client.post(url, data={"action": "withdraw"}).text
    assert '<p class="said" role="status">Taken back.</p>' in undone
    assert opinions(site) == []
    site.client.post(url)
    assert [said.opinion for said in opinions(site)] == [Opinion.MORE]


def test_the_buttons_post_to_the_whole_link(site: Running) -> None:
    with site.app.store.write() as tx:
        tx.papers.add([paper()], source="arxiv", listed_at=NOW)
    page = site.client.get(opinion_link(site, paper().key)).text
    assert '<form class="choice" method="post">' in page
    assert "<base" not in page


def test_feedback_on_a_paper_that_is_gone_is_not_found(site: Running) -> None:
    url = opinion_link(site, "arxiv:2611.99999")
    assert site.client.get(url).status_code == 404
    assert site.client.post(url).status_code == 404


@pytest.mark.parametrize(
    "end",
    ["", "?paper=arxiv:2611.00001", "?opinion=more", "?paper=arxiv:2611.00001&opinion=maybe"],
)
def test_a_feedback_link_that_lost_its_end_says_so(site: Running, end: str) -> None:
    with site.app.store.write() as tx:
        tx.papers.add([paper()], source="arxiv", listed_at=NOW)
    url = opinion_link(site, paper().key).partition("?")[0] + end
    for answer in (site.client.get(url), site.client.post(url, data={"action": "more"})):
        assert answer.status_code == 404
        assert "copy the whole link" in answer.text
    assert opinions(site) == []


# --- view in browser ----------------------------------------------------------------------


def write_digest(site: Running, subscriber: Subscriber) -> str:
    """Write the delivery of a digest and return its key."""
    with site.app.store.write() as tx:
        tx.papers.add([paper()], source="arxiv", listed_at=NOW)
        edition: Edition = tx.editions.ensure(Cadence.DAILY, NOW.date(), now=NOW)
        written = plan(subscriber, picks=(pick(paper()),), edition_id=edition.id)
        tx.deliveries.plan([written])
    return written.key


def test_a_digest_shows_in_the_browser_as_in_the_mail(site: Running) -> None:
    subscriber = site.member()
    key = write_digest(site, subscriber)
    answer = site.client.get(site.path(site.app.links.digest(subscriber.public_id, key)))
    assert answer.status_code == 200
    assert paper().title in answer.text
    assert "Unsubscribe" in answer.text
    assert "View in browser" not in answer.text
    assert "style-src 'unsafe-inline'" in answer.headers["content-security-policy"]
    assert "script-src" not in answer.headers["content-security-policy"]


def test_nobody_reads_somebody_elses_digest(site: Running) -> None:
    key = write_digest(site, site.member())
    other = site.member("other@example.org")
    url = site.path(site.app.links.digest(other.public_id, key))
    assert site.client.get(url).status_code == 404


# --- links that do not work ---------------------------------------------------------------

PATHS = ("confirm", "preferences", "unsubscribe", "feedback", "digest")


@pytest.mark.parametrize("path", PATHS)
def test_forged_cut_and_borrowed_links_are_refused_kindly(site: Running, path: str) -> None:
    subscriber = site.member()
    good = site.app.signer.sign(Purpose.UNSUBSCRIBE, subscriber.public_id)
    if path == "unsubscribe":
        good = site.app.signer.sign(Purpose.PREFERENCES, subscriber.public_id)
    for token in (good, good[:-3], "x", "%00", "é" * 10):
        for method in ("GET", "HEAD", "POST"):
            answer = site.client.request(method, f"/{path}/{token}")
            assert answer.status_code in (404, 405)
            assert "Traceback" not in answer.text
    assert status(site) is SubscriberStatus.CONFIRMED


@pytest.mark.parametrize("path", PATHS)
def test_pages_behind_links_are_not_kept_nor_passed_on(site: Running, path: str) -> None:
    answer = site.client.get(f"/{path}/forged")
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["referrer-policy"] == "no-referrer"
    assert "noindex" in answer.text


def test_links_stay_good_for_years_where_people_want_to_leave(site: Running) -> None:
    url = site.path(site.app.links.unsubscribe(site.member().public_id))
    site.clock.advance(timedelta(days=800).total_seconds())
    assert site.client.post(url, data=ONE_CLICK).status_code == 200
    assert status(site) is SubscriberStatus.UNSUBSCRIBED
