"""The HTML of a mail is sound, is shown by mail programs, and says what the text says."""

from __future__ import annotations

import re
from dataclasses import replace
from email import message_from_bytes, policy
from html.parser import HTMLParser

import html5lib
import pytest

from digest.model import DeliveryKind, Message
from tests.support.mail import DELIVERY, PICKS, READER, mail
from tests.support.mail_clients import ALLOWED, UNSUPPORTED, used

MANY = [
    replace(PICKS[at % 3], position=at, paper=replace(PICKS[at % 3].paper, key=f"arxiv:{at}"))
    for at in range(1, 31)
]
MAILS = {
    **{str(kind): mail(kind) for kind in DeliveryKind},
    "with a name and a note": mail(
        subscriber=replace(READER, name="Ada"),
        facts={**DELIVERY.facts, "notes": ["arxiv could not be read today."]},
    ),
    "brief": mail(picks=MANY, facts={**DELIVERY.facts, "sections": [["for-you", 30]]}),
}


def body(message: Message, kind: str) -> str:
    part = message_from_bytes(message.content, policy=policy.default).get_body((kind,))
    assert part is not None
    return str(part.get_content())


class Words(HTMLParser):
    """The words that are read, and where links lead."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.words: list[str] = []
        self.links: list[str] = []
        self._silent = 0
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Take down a link."""
        self._silent += tag in ("style", "title")
        if tag == "a":
            self.links.append(dict(attrs)["href"] or "")

    def handle_endtag(self, tag: str) -> None:
        """End what is not read."""
        self._silent -= tag in ("style", "title")

    def handle_data(self, data: str) -> None:
        """Take down words."""
        if not self._silent:
            self.words += data.split()


@pytest.mark.parametrize("name", MAILS)
def test_the_html_is_well_formed(name: str) -> None:
    parser = html5lib.HTMLParser(strict=True)
    parser.parse(body(MAILS[name], "html"))


@pytest.mark.parametrize("name", MAILS)
def test_mail_programs_show_what_it_is_made_of(name: str) -> None:
    found = used(body(MAILS[name], "html"))
    assert found <= set(UNSUPPORTED), "look up on caniemail.com who shows these"
    assert {one for one in found if UNSUPPORTED[one]} <= set(ALLOWED)


def test_what_is_allowed_is_used_and_not_shown_by_somebody() -> None:
    found = set().union(*(used(body(one, "html")) for one in MAILS.values()))
    assert set(ALLOWED) <= found
    assert all(UNSUPPORTED[one] for one in ALLOWED)


@pytest.mark.parametrize("name", MAILS)
def test_both_parts_have_the_same_links(name: str) -> None:
    html = Words(body(MAILS[name], "html"))
    text = set(re.findall(r"https?://\S+", body(MAILS[name], "plain")))
    home = {"https://papers.example.org/"}  # the brand
    assert set(html.links) - home == text - home
    assert all(link.startswith("https://") for link in html.links)


@pytest.mark.parametrize("name", ["digest", "brief"])
def test_both_parts_say_the_same_of_each_paper(name: str) -> None:
    html = " ".join(Words(body(MAILS[name], "html")).words)
    text = " ".join(body(MAILS[name], "plain").split())
    for pick in PICKS:
        for said in (pick.paper.title, *pick.paper.authors[:2], pick.paper.primary_category):
            assert said in html
            assert said in text
        opening = pick.paper.abstract[:60].rpartition(" ")[0]
        assert (opening in html, opening in text) == (True, True)
    assert ("43 upvotes since yesterday" in html) == ("43 upvotes since yesterday" in text)


@pytest.mark.parametrize("name", MAILS)
def test_the_lines_of_the_text_are_short_but_for_addresses(name: str) -> None:
    lines = body(MAILS[name], "plain").splitlines()
    assert not [line for line in lines if len(line) > 72 and "://" not in line]
    assert not re.search(r"\n{5}", "\n".join(lines))


def test_a_weak_day_is_a_short_mail() -> None:
    one = [PICKS[0]]
    short = mail(picks=one, facts={**DELIVERY.facts, "sections": [["for-you", 1]]})
    said = Words(body(short, "html")).words
    assert len(said) < 200
    assert said.count("Abstract") == 1
