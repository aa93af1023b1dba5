"""The front page, its form, and what a sign-up leaves behind."""

from __future__ import annotations

import re
from html import unescape

import pytest

from digest.config import Settings
from digest.model import (
    Cadence,
    DeliveryKind,
    Interest,
    InterestKind,
    Link,
    LinkKind,
    Signal,
    SignalName,
    SubscriberStatus,
    SuppressionReason,
)
from tests.support.samples import NOW, paper, papers
from tests.support.site import EMAIL, Running, with_proxies


def test_the_front_page_shows_todays_papers_the_most_trending_first(site: Running) -> None:
    with site.app.store.write() as tx:
        tx.papers.add(papers(3), source="arxiv", listed_at=NOW)
        tx.signals.record(
            [Signal("arxiv:2611.00003", "hf", SignalName.UPVOTES, 1234, observed_at=NOW)]
        )
    answer = site.client.get("/")
    assert answer.status_code == 200
    body = answer.text
    assert "Get trending papers in your email inbox once a day!" in body
    assert body.index("A study of 2611.00003") < body.index("A study of 2611.00001")
    assert "1,234 upvotes" in body
    assert "Ada Example" in body
    assert "We look at it closely." in body
    assert "https://arxiv.org/abs/2611.00003" in body
    assert "24 November 2026" in body
    assert "1 Example Street" in body


def test_what_is_trending_and_what_is_new_are_two_lists(site: Running) -> None:
    """Papers of earlier days are among the first where people talk about them now."""
    with site.app.store.write() as tx:
        new = [paper("arxiv:2611.00001"), paper("arxiv:2611.00002")]
        tx.papers.add(new, source="arxiv", listed_at=NOW)
        old = [paper("arxiv:2611.00007"), paper("arxiv:2611.00008"), paper("arxiv:2611.00009")]
        tx.papers.add(old, source="arxiv", listed_at=NOW.replace(day=22))
        votes = (("00007", 30), ("00008", 300), ("00002", 90))
        tx.signals.record(
            Signal(f"arxiv:2611.{key}", "hf", SignalName.UPVOTES, number, observed_at=NOW)
            for key, number in votes
        )
    _, trending, fresh = site.client.get("/").text.split("<h2 id=")
    assert "Trending papers" in trending
    order = [trending.index(f"A study of 2611.{key}") for key in ("00008", "00002", "00007")]
    assert order == sorted(order)
    assert "300 upvotes" in trending
    assert "New papers" in fresh
    assert "A study of 2611.00001" in fresh
    assert "2611.00002" not in fresh
    assert "2611.00009" not in trending + fresh


def test_a_day_on_which_nothing_is_talked_about_has_new_papers_alone(site: Running) -> None:
    with site.app.store.write() as tx:
        tx.papers.add(papers(3), source="arxiv", listed_at=NOW)
    body = site.client.get("/").text
    assert "Trending papers" not in body
    assert "New papers" in body


def test_new_papers_appear_at_once(site: Running) -> None:
    assert "There are no papers yet" in site.client.get("/").text
    with site.app.store.write() as tx:
        tx.papers.add([paper()], source="arxiv", listed_at=NOW)
    assert "2611.00001" in site.client.get("/").text


def test_what_papers_bring_along_is_text_and_never_markup(site: Running) -> None:
    hostile = paper(
        title="<script>alert(1)</script>",
        abstract='"><img src=x onerror=alert(1)>',
        authors=("<b>Ada</b>",),
        links=(Link(LinkKind.ABSTRACT, "javascript:alert(1)"),),
    )
    with site.app.store.write() as tx:
        tx.papers.add([hostile], source="arxiv", listed_at=NOW)
    body = site.client.get("/").text
    assert "&lt;script&gt;alert(1)" in body
    for markup in ("<script", "<img", "<b>", "javascript:"):
        assert markup not in body


def test_a_sign_up_is_written_and_asks_for_confirmation(site: Running) -> None:
    answer = site.client.post(
        "/subscribe",
        data={
            "email": " Reader@Example.org ",
            "name": "A reader",
            "category": ["cs.RO", "cs.LG"],
            "keywords": "grasping, world models",
            "cadence": "weekly",
            "hour": "6",
            "timezone": "europe/berlin",
        },
    )
    assert answer.status_code == 200
    assert "Check your inbox" in answer.text
    subscriber = site.subscriber()
    assert subscriber is not None
    assert subscriber.status is SubscriberStatus.UNCONFIRMED
    assert subscriber.name == "A reader"
    assert (subscriber.cadence, subscriber.hour) == (Cadence.WEEKLY, 6)
    assert subscriber.timezone == "Europe/Berlin"
    assert subscriber.interests == (
        Interest(InterestKind.CATEGORY, "cs.RO"),
        Interest(InterestKind.CATEGORY, "cs.LG"),
        Interest(InterestKind.KEYWORD, "grasping"),
        Interest(InterestKind.KEYWORD, "world models"),
    )
    assert subscriber.consent["asked_from"] == "127.0.0.1"
    assert site.mails() == [DeliveryKind.CONFIRM]


def test_a_link_may_fill_in_the_form(site: Running) -> None:
    answer = site.client.get("/subscribe?category=cs.RO&keywords=grasping&timezone=Asia/Tokyo")
    assert '<option value="">30 % trending (as usual)</option>' in answer.text
    assert answer.status_code == 200
    assert 'value="cs.RO" checked' in answer.text
    assert ">grasping</textarea>" in answer.text
    assert 'value="Asia/Tokyo"' in answer.text
    assert "Almost there" in site.client.get("/subscribe?hour=25").text
    assert site.mails() == []


def test_the_form_for_other_pages_works_as_it_stands(site: Running) -> None:
    page = site.client.get("/subscribe").text
    snippet = unescape(page.partition("<pre")[2].partition("<code>")[2].partition("</code>")[0])
    assert 'action="https://papers.example.org/subscribe"' in snippet
    fields = dict(re.findall(r'name="(\w+)" value="([^"]*)"', snippet)) | {"email": EMAIL}
    elsewhere = {"Origin": "https://lab.example.org", "Sec-Fetch-Site": "cross-site"}
    answer = site.client.post("/subscribe", data=fields, headers=elsewhere)
    assert 'value="cs.RO" checked' in answer.text
    assert f'value="{EMAIL}"' in answer.text


def test_the_time_zone_is_guessed_from_the_language_and_said_to_be(site: Running) -> None:
    page = site.client.get("/subscribe", headers={"Accept-Language": "ja"}).text
    assert 'value="Asia/Tokyo"' in page.partition('<datalist id="zones"')[0]
    assert "Guessed from your browser" in page
    assert "Guessed" not in site.client.get("/subscribe", headers={"Accept-Language": "en"}).text


def test_an_address_alone_is_enough(site: Running) -> None:
    assert site.client.post("/subscribe", data={"email": EMAIL}).status_code == 200
    assert site.subscriber() is not None


def test_the_answer_does_not_tell_who_is_on_the_list(site: Running) -> None:
    site.member(EMAIL)
    with site.app.store.write() as tx:
        tx.suppressions.add(
            site.app.signer.hash_email("bounced@example.org"), SuppressionReason.BOUNCE, now=NOW
        )
    before = site.mails()
    answers = {}
    for email in (EMAIL, "bounced@example.org", "unknown@example.org"):
        answer = site.client.post("/subscribe", data={"email": email})
        answers[email] = (answer.status_code, answer.text.replace(email, "ADDRESS"))
    assert len(set(answers.values())) == 1
    # The member is told by mail, and who is new is asked.
    assert site.mails()[len(before) :] == [DeliveryKind.NOTICE, DeliveryKind.CONFIRM]


@pytest.mark.parametrize(
    ("field", "value", "sentence"),
    [
        ("email", "nobody", "not an email address"),
        ("hour", "25", "hour from 0 to 23"),
        ("hour", "soon", "write a number"),
        ("timezone", "Mars/Base", "not a time zone"),
        ("cadence", "hourly", "daily or weekly"),
        ("name", "http://spam.example", "without addresses or links"),
        ("keywords", "x" * 201, "shorten"),
    ],
)
def test_a_form_with_a_mistake_comes_back_with_what_was_typed(
    site: Running, field: str, value: str, sentence: str
) -> None:
    good = {"email": EMAIL, "keywords": "grasping", "timezone": "Europe/Berlin"}
    answer = site.client.post("/subscribe", data={**good, field: value})
    assert answer.status_code == 422
    assert sentence in answer.text
    assert all(typed in answer.text for name, typed in good.items() if name != field)
    assert site.subscriber() is None


def test_programs_that_fill_in_the_hidden_field_are_thanked_and_ignored(site: Running) -> None:
    answer = site.client.post("/subscribe", data={"email": EMAIL, "website": "http://x"})
    assert answer.status_code == 200
    assert "Check your inbox" in answer.text
    assert site.subscriber() is None


def test_programs_have_their_limit_too(site: Running) -> None:
    robot = {"email": EMAIL, "website": "http://x"}
    codes = [site.client.post("/subscribe", data=robot).status_code for _ in range(31)]
    assert codes == [200] * 30 + [429]


def test_one_visitor_cannot_sign_up_the_world(site: Running) -> None:
    emails = [f"reader{number}@example.org" for number in range(31)]
    codes = [site.client.post("/subscribe", data={"email": each}).status_code for each in emails]
    assert codes == [200] * 30 + [429]
    assert len(site.mails()) == 30
    site.clock.advance(3601)
    assert site.client.post("/subscribe", data={"email": emails[-1]}).status_code == 200


def test_who_comes_too_late_keeps_what_they_typed(site: Running) -> None:
    for number in range(30):
        site.client.post("/subscribe", data={"email": f"reader{number}@example.org"})
    typed = {"email": EMAIL, "keywords": "grasping", "category": "cs.RO", "hour": "6"}
    library = {"library": ("mine.bib", b"@misc{x, title={Walking slowly}}")}
    answer = site.client.post("/subscribe", data=typed, files=library)
    assert answer.status_code == 429
    assert answer.headers["retry-after"] == "3600"
    assert "Many people have signed up from here" in answer.text
    assert f'value="{EMAIL}"' in answer.text
    assert ">grasping</textarea>" in answer.text
    assert 'value="cs.RO" checked' in answer.text
    assert '<option value="6" selected>' in answer.text
    assert "Walking slowly" in answer.text
    assert site.subscriber() is None


def test_who_is_not_a_trusted_proxy_cannot_name_another_visitor(site: Running) -> None:
    for number in range(31):
        answer = site.client.post(
            "/subscribe",
            data={"email": f"reader{number}@example.org"},
            headers={"X-Forwarded-For": f"192.0.2.{number}"},
        )
    assert answer.status_code == 429


class TestBehindAProxy:
    """The proxy runs on the same machine."""

    @pytest.fixture
    def settings(self, settings: Settings) -> Settings:
        return with_proxies(settings, "127.0.0.0/8")

    def test_the_visitor_is_who_the_proxy_says(self, site: Running) -> None:
        site.client.post(
            "/subscribe",
            data={"email": EMAIL},
            headers={"X-Forwarded-For": "198.51.100.1, 192.0.2.44, 127.0.0.1"},
        )
        subscriber = site.subscriber()
        assert subscriber is not None
        assert subscriber.consent["asked_from"] == "192.0.2.44"


def test_papers_that_cannot_be_read_are_marked_where_they_were_typed(site: Running) -> None:
    body = site.client.post("/subscribe", data={"email": EMAIL, "likes": "foo bar"}).text
    field = body.split('<textarea id="likes"')[1].split("</p>")
    assert 'aria-invalid="true" aria-describedby="likes-problem"' in field[0]
    assert '<p class="problem" id="likes-problem">' in field[1]
    assert "foo" in field[1]
    assert "bar" in field[1]
