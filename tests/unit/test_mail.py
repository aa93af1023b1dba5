"""Whole mails: the golden ones, and what holds for any."""

from __future__ import annotations

import os
import re
from dataclasses import replace
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from digest.config import Bounces
from digest.errors import InvalidInput
from digest.model import DeliveryKind, Link, LinkKind, Message, Pick
from tests.support.mail import DELIVERY, PAPERS, PICKS, READER, SIGNER, SITE, mail

GOLDEN = Path(__file__).parent.parent / "golden"

LIST_HEADERS = ["List-Id", "List-Unsubscribe", "List-Unsubscribe-Post", "Precedence"]


def parse(message: Message) -> EmailMessage:
    return message_from_bytes(message.content, policy=policy.default)


def body(message: Message, kind: str) -> str:
    part = parse(message).get_body((kind,))
    assert part is not None
    return str(part.get_content())


@pytest.mark.parametrize("kind", list(DeliveryKind))
def test_a_mail_is_what_it_was(kind: DeliveryKind) -> None:
    """Compare with the golden mail; DIGEST_UPDATE_GOLDEN=1 writes it anew."""
    path = GOLDEN / f"{kind}.eml"
    content = mail(kind).content
    if os.environ.get("DIGEST_UPDATE_GOLDEN"):
        path.write_bytes(content)
    assert content == path.read_bytes()


def test_the_headers_of_a_digest_are_these_and_no_others() -> None:
    found = parse(mail())
    assert sorted(found.keys()) == sorted(
        [
            *("From", "To", "Subject", "Date", "Message-ID", "Feedback-ID"),
            *LIST_HEADERS,
            *("Auto-Submitted", "Content-Language", "MIME-Version", "Content-Type"),
        ]
    )
    assert found["Date"] == "Tue, 24 Nov 2026 07:00:00 +0000"
    assert found["Message-ID"] == DELIVERY.message_id
    assert found["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert found["List-Id"] == "Trending Papers <digest.example.org>"


def test_the_one_click_address_is_whole_on_the_wire() -> None:
    (line,) = [
        line for line in mail().content.split(b"\r\n") if line.startswith(b"List-Unsubscribe: ")
    ]
    assert line.startswith(b"List-Unsubscribe: <https://papers.example.org/unsubscribe/")
    assert line.endswith(b">")
    assert len(line) > 78


@pytest.mark.parametrize("kind", [DeliveryKind.CONFIRM, DeliveryKind.GOODBYE, DeliveryKind.NOTICE])
def test_a_mail_outside_the_list_offers_no_one_click(kind: DeliveryKind) -> None:
    assert not set(LIST_HEADERS) & set(parse(mail(kind)).keys())


def test_links_of_the_digest_are_in_both_parts() -> None:
    for kind in ("plain", "html"):
        text = body(mail(), kind)
        for place in ("unsubscribe", "preferences", "feedback", "digest"):
            assert f"https://papers.example.org/{place}/" in text
        for paper in PAPERS:
            assert paper.links[0].url in text
            assert paper.title.split(":")[0] in " ".join(text.split())


def test_the_sender_and_the_return_path_are_as_configured() -> None:
    site = SITE.model_copy(update={"from_name": "The Library", "reply_to": "help@example.org"})
    message = mail(site=site, bounces=Bounces(return_path="bounce@example.org"))
    assert message.sender == "bounce@example.org"
    assert parse(message)["From"] == "The Library <papers@example.org>"
    assert parse(message)["Reply-To"] == "help@example.org"
    assert mail().sender == "papers@example.org"


def test_a_return_path_may_name_the_delivery() -> None:
    message = mail(bounces=Bounces(return_path="bounce+{token}@example.org"), id=987_654_321_012)
    local, _, domain = message.sender.partition("@")
    assert domain == "example.org"
    assert len(local) <= 64
    assert SIGNER.read_number(local.removeprefix("bounce+").upper()) == 987_654_321_012
    assert b"bounce+" not in message.content


def test_complaints_are_counted_by_edition_and_kind_and_name_no_reader() -> None:
    found = parse(mail())["Feedback-ID"]
    *_, sender = fields = found.split(":")
    assert fields[:3] == ["daily-2026-11-24", "digest.example.org", "digest"]
    assert 5 <= len(sender) <= 15
    assert parse(mail(subscriber=replace(READER, public_id="f" * 16)))["Feedback-ID"] == found


@pytest.mark.parametrize("kind", DeliveryKind)
def test_every_mail_says_that_a_program_made_it(kind: DeliveryKind) -> None:
    assert parse(mail(kind))["Auto-Submitted"] == "auto-generated"


def test_a_name_that_is_known_is_used() -> None:
    message = mail(subscriber=replace(READER, name="Zoë, of the lab"))
    (address,) = parse(message)["To"].addresses
    assert (address.display_name, address.addr_spec) == ("Zoë, of the lab", READER.email)


def test_a_stranger_puts_no_name_into_a_mail_to_somebody_else() -> None:
    readers = [replace(READER, name=name) for name in ("Ada", "")]
    named, nameless = (mail(DeliveryKind.CONFIRM, subscriber=reader) for reader in readers)
    assert named.content == nameless.content


def test_notes_of_the_edition_stand_in_both_parts() -> None:
    facts = {**DELIVERY.facts, "notes": ["arxiv could not be read today."]}
    for kind in ("plain", "html"):
        assert "arxiv could not be read today." in body(mail(facts=facts), kind)


@pytest.mark.parametrize(
    ("kind", "choose", "change"),
    [
        ("plain", "Choose your interests:", "Change your interests:"),
        ("html", "Choose my interests", "Change my interests"),
    ],
)
def test_a_welcome_asks_for_interests_only_who_gave_none(
    kind: str, choose: str, change: str
) -> None:
    none, some = (
        body(mail(DeliveryKind.WELCOME, facts={"interests": number}), kind) for number in (0, 2)
    )
    assert choose in none
    assert change not in none
    assert change in some
    assert choose not in some


def test_the_same_delivery_has_the_same_bytes() -> None:
    assert mail().content == mail().content


def test_a_full_digest_is_not_clipped_by_gmail() -> None:
    long = replace(PAPERS[0], title="Long title " * 15, abstract="Many words. " * 300)
    picks = [replace(PICKS[0], paper=long, position=number) for number in range(1, 13)]
    assert len(body(mail(picks=picks), "html").encode()) < 90_000


def test_nothing_is_loaded_from_elsewhere() -> None:
    html = body(mail(), "html").lower()
    assert not [tag for tag in ("<img", "<script", "<link", "url(", "@import") if tag in html]


def test_styles_stand_in_the_tags_and_the_dark_ones_in_the_head() -> None:
    html = body(mail(), "html")
    assert html.count(' style="') > 20
    assert "prefers-color-scheme: dark" in html


def test_an_address_that_cannot_be_written_fails_with_a_reason() -> None:
    with pytest.raises(InvalidInput, match="plain ASCII"):
        mail(subscriber=replace(READER, email="zoë@example.org"))


texts = st.text(st.characters(codec="utf-8"), max_size=200)


@given(title=texts, abstract=texts, author=texts, reason=texts, name=texts)
def test_any_text_makes_a_sound_mail(
    title: str, abstract: str, author: str, reason: str, name: str
) -> None:
    paper = replace(
        PAPERS[0],
        title=f"A {title}",
        abstract=abstract,
        authors=(author,),
        links=(Link(LinkKind.ABSTRACT, "https://arxiv.org/abs/2303.04137"),),
    )
    pick = Pick(paper, 1, score=1, relevance=1, trending=0, reason=reason)
    message = mail(picks=[pick], subscriber=replace(READER, name=name))
    assert message.content.isascii()
    assert b"\n" not in message.content.replace(b"\r\n", b"")
    assert max(map(len, message.content.split(b"\r\n"))) <= 998
    found = parse(message)
    assert [part.get_content_type() for part in found.iter_parts()] == ["text/plain", "text/html"]
    assert found.keys() == parse(mail()).keys()
    assert not found.defects


@pytest.mark.parametrize("kind", DeliveryKind)
def test_a_mail_says_that_no_line_begins_with_a_dot_and_none_does(kind: DeliveryKind) -> None:
    dotted = ".a title\n.. of dots"
    picks = [
        replace(pick, paper=replace(pick.paper, title=dotted, abstract=dotted)) for pick in PICKS
    ]
    message = mail(
        kind,
        picks=picks,
        site=SITE.model_copy(update={"name": "...", "postal_address": ".\n.\n"}),
        subscriber=replace(READER, name=".reader"),
    )
    assert message.dotless
    assert not re.search(rb"^\.", message.content, re.MULTILINE)
