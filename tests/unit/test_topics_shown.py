"""Topics as the mails and the pages show them."""

from __future__ import annotations

from dataclasses import replace
from email import message_from_bytes, policy

from digest.config import Bounces
from digest.model import Message, Topic
from digest.rank.topics import shown
from digest.splice import Composer
from tests.support.mail import DELIVERY, LINKS, PICKS, READER, RENDERER, SITE, mail

TOPIC = Topic("R&D of tides", ("x:1", "x:2"), (0, 1, 0, 0, 0, 0, 1, 4), (9, 9, 9, 9, 9, 9, 9, 12))
FACTS = {**DELIVERY.facts, "topics": [shown(TOPIC)]}


def parts(message: Message) -> list[str]:
    made = message_from_bytes(message.content, policy=policy.default)
    return [str(part.get_content()) for part in made.iter_parts()]


def test_what_is_written_down_of_a_topic_is_short() -> None:
    assert shown(TOPIC) == {
        "name": "R&D of tides",
        "papers": 4,
        "times": 10.5,
        "bars": [0, 33, 0, 0, 0, 0, 33, 100],
    }


def test_a_mail_shows_each_topic_with_its_papers() -> None:
    text, html = parts(mail(facts=FACTS))
    url = f"{SITE.base_url.rstrip('/')}/search?q=R%26D%20of%20tides"
    assert "- R&D of tides: in 4 papers this week, 10.5 times its usual share" in text
    assert url in text
    assert f'href="{url}"' in html
    assert "R&amp;D of tides" in html
    assert html.count("background-color:#5b7fd4") == 8
    for part in parts(mail()):
        assert "usual share" not in part


def test_topics_stand_in_the_frame_of_an_edition() -> None:
    composer = Composer(site=SITE, bounces=Bounces(), renderer=RENDERER, links=LINKS)
    plain = mail()
    assert parts(composer.compose(DELIVERY, READER, PICKS)) == parts(plain)
    later = replace(DELIVERY, facts=FACTS)
    expected = mail(facts=FACTS)
    assert parts(composer.compose(later, READER, PICKS)) == parts(expected)
    assert composer.splicing


def test_a_page_shows_each_topic_as_a_picture() -> None:
    page = RENDERER.page("topics", {"topics": [shown(TOPIC)], "root": ""})
    assert page.count("<rect") == 8
    assert 'href="/search?q=R%26D%20of%20tides"' in page
    assert RENDERER.page("topics", {"topics": [], "root": ""}).strip() == ""
