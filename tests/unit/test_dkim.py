"""DKIM: what we sign is judged by dkimpy, and what somebody changes is found out."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1
from cryptography.hazmat.primitives.asymmetric.ec import generate_private_key as generate_ec
from cryptography.hazmat.primitives.asymmetric.ed448 import Ed448PrivateKey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
)
from hypothesis import example, given, settings
from hypothesis import strategies as st

from digest.config import Bounces, Settings, Smtp
from digest.dkim import CLOSED, Key, load_keys, signed
from digest.errors import ConfigError
from digest.links import Links
from digest.mailing import domain_of
from digest.model import DeliveryKind, Pick
from digest.splice import Composer
from tests.support import dkim
from tests.support.dkim import KINDS, Kind, verdicts
from tests.support.mail import DELIVERY, PICKS, READER, RENDERER, SIGNER, SITE, mail

# Receivers refuse a signature from the future: the clock of the machine is not ours.
THEN = datetime(2020, 1, 2, 3, 4, 5, tzinfo=UTC)
SETS: list[tuple[Kind, ...]] = [("rsa",), ("ed25519",), ("rsa", "ed25519"), ("ed25519", "rsa")]

# Made with `openssl genrsa 1000`: cryptography makes none so short. It has never guarded anything.
SHORT_RSA = b"""\
-----BEGIN PRIVATE KEY-----
MIICZgIBADANBgkqhkiG9w0BAQEFAASCAlAwggJMAgEAAn4AxhvlcSbjsMGDXiv8
AK+Pge9v/p6049EuQo3QjNG37MHvi5qCe3rEZZgxExWai0TwWaLa/7TAFpKVHxHd
6x2HYlAE6QRooF/lghO2aQp9j/hERiOLgAmG9YJmFGybVxnH62GTH+4x29xXHwD1
Bj/AnW6mLSy0D3O/LDW1Fp0CAwEAAQJ9U1u5l3r9o4pJdH6dcsxsXggZ39F328RQ
6sAxWI+GDKEt4lgJP1vQ986qF5WniaJgX9cevymXCehzxrcF4cBnIUuotnnJoZoy
/nFRYbawnC3VLtyh3vX+u5EpvMOXLNYwygKBMzypiVi0Oo9xNKjgZA2KVN7BIHpJ
LTCmLQECPw/ZaDkaPXNXxOSMA6Fo2W9XZwGO8+fVOkwYd4NXlk3R+uxBhGHAciO4
pqIg6P56CQ4yK1Do8nd+3KwG+XqcJQI/DH/kqILHQRRJHkp3BLVBTG4z9890Z3oq
YKauAInEEhogJISgHX2CLNQYGMcaAfJi6dnd0w2hfKouRJzJ+UsZAj8Mi6b4LFEg
EAWGc14cUgZrH+AlV6axiBMRUPypNpd/GgtpH6NOTSsMI4mjJDHJ3Yd1eTjYXswu
0niSoyKvbxECPwtjoTKV7v5ygGk0Spwkl7oPlBSRl6wNmX11goiE/v3Lhkwf+FDG
oo08ODSjfiQV+mDAHioHeoRAAGaOQk5/SQI/CNFyTjGVI/T+6NnymMcncfsJhGbH
OiExD52xkyJYa3qPEdAKdfDMYcFCAQSyoNOy3hBYvJigemmq+LSdY0zh
-----END PRIVATE KEY-----
"""


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory) -> tuple[Key, ...]:
    """Return a key of each kind."""
    return dkim.keys(tmp_path_factory.mktemp("keys"), *KINDS)


def spliced(
    keys: Sequence[Key],
    kind: DeliveryKind = DeliveryKind.DIGEST,
    *,
    picks: list[Pick] = PICKS,
    site: Any = SITE,
    subscriber: Any = READER,
) -> bytes:
    """Compose a message as the program does."""
    links = Links(site.base_url, SIGNER)
    one = Composer(site=site, bounces=Bounces(), renderer=RENDERER, links=links, keys=keys)
    delivery = replace(DELIVERY, kind=kind, date=THEN)
    picks = picks if kind is DeliveryKind.DIGEST else []
    content = one.compose(delivery, subscriber, picks).content
    assert one.splicing
    return content


def fields(content: bytes) -> list[str]:
    """Return the header fields of a message, unfolded."""
    head = content.partition(b"\r\n\r\n")[0].decode()
    return head.replace("\r\n ", " ").split("\r\n")


def tag(content: bytes, name: str) -> list[str]:
    """Return that tag of each signature of a message."""
    return [
        "".join(value.split())
        for field in fields(content)
        if field.startswith("DKIM-Signature: ")
        for key, _, value in [part.strip().partition("=") for part in field[15:].split(";")]
        if key == name
    ]


# --- what is signed ------------------------------------------------------------------------


@pytest.mark.parametrize("kind", list(DeliveryKind))
@pytest.mark.parametrize("kinds", SETS, ids="+".join)
def test_each_kind_of_mail_holds_with_each_set_of_keys(
    tmp_path: Path, kinds: tuple[Kind, ...], kind: DeliveryKind
) -> None:
    keys = dkim.keys(tmp_path, *kinds)
    plain = mail(kind, date=THEN, keys=keys).content
    for content in (plain, spliced(keys, kind)):
        assert verdicts(content) == [True] * len(kinds)
        assert tag(content, "a") == [f"{one}-sha256" for one in kinds]
        assert tag(content, "s") == list(kinds)
        assert tag(content, "d") == ["example.org"] * len(kinds)
        assert tag(content, "t") == [str(int(THEN.timestamp()))] * len(kinds)


texts = st.lists(
    st.sampled_from([".", "\n", "=", " ", "é" * 50, "x" * 120, "=?utf-8?q?a?=", "\t", "a  b"])
    | st.text(max_size=40),
    max_size=5,
).map("".join)


@given(title=texts, reason=texts, abstract=texts, name=texts, site_name=st.text(max_size=60))
@example(title="", reason="", abstract="\n\n", name="", site_name="")
@settings(max_examples=50)
def test_any_text_makes_a_mail_whose_signatures_hold(
    both: tuple[Key, ...], title: str, reason: str, abstract: str, name: str, site_name: str
) -> None:
    site = SITE.model_copy(update={"name": site_name, "reply_to": "help@example.org"})
    paper = replace(PICKS[0].paper, title=f"A {title}", abstract=abstract)
    picks = [replace(PICKS[0], paper=paper, reason=reason), *PICKS[1:]]
    reader = replace(READER, name=name)
    content = spliced(both, picks=picks, site=site, subscriber=reader)
    assert verdicts(content) == [True, True]
    plain = mail(picks=picks, site=site, subscriber=reader, date=THEN, keys=both).content
    assert verdicts(plain) == [True, True]


def test_below_the_signatures_the_message_is_the_unsigned_one(both: tuple[Key, ...]) -> None:
    content = spliced(both)
    assert content.startswith(b"DKIM-Signature: v=1; a=rsa-sha256; c=relaxed/simple; ")
    assert content.endswith(b"\r\nFrom: " + spliced(()).removeprefix(b"From: "))


def test_the_same_delivery_has_the_same_signatures(tmp_path: Path) -> None:
    assert spliced(dkim.keys(tmp_path, *KINDS)) == spliced(dkim.keys(tmp_path, *KINDS))


@pytest.mark.parametrize("kind", [DeliveryKind.CONFIRM, DeliveryKind.WELCOME, DeliveryKind.GOODBYE])
def test_what_is_not_spliced_has_the_bytes_of_the_plain_mail(
    both: tuple[Key, ...], kind: DeliveryKind
) -> None:
    assert spliced(both, kind) == mail(kind, date=THEN, keys=both).content


def test_every_field_is_signed_and_both_list_fields_with_them(both: tuple[Key, ...]) -> None:
    for covered in tag(spliced(both), "h"):
        named = covered.split(":")
        own = [field.partition(":")[0] for field in fields(spliced(()))]
        assert named == [*own, *CLOSED]
        assert {"List-Unsubscribe", "List-Unsubscribe-Post"} <= set(own)


@pytest.mark.parametrize("domain", ["example.org", f"{'a' * 30}.{'b' * 25}.org"])
def test_lines_of_a_signature_are_short(tmp_path: Path, domain: str) -> None:
    site = SITE.model_copy(update={"from_address": f"papers@{domain}"})
    content = spliced(dkim.keys(tmp_path, *KINDS, domain=domain), site=site)
    head = content[: content.index(b"\r\nFrom: ")]
    assert max(map(len, head.split(b"\r\n"))) <= 78
    assert verdicts(content, domain) == [True, True]


def test_a_domain_beyond_ascii_signs_as_the_dns_writes_it(tmp_path: Path) -> None:
    site = SITE.model_copy(update={"from_address": "papers@bücher.example.org"})
    domain = domain_of(Settings(site=site))
    assert domain == "xn--bcher-kva.example.org"
    content = spliced(dkim.keys(tmp_path, "rsa", domain=domain), site=site)
    assert tag(content, "d") == [domain]
    assert verdicts(content, domain) == [True]


# --- what is changed on the way ------------------------------------------------------------


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"https://arxiv.org/", b"https://arxiv.com/"),
        (b"\r\nFrom: Trending", b"\r\nFrom: Tending"),
        (b"\r\nTo: robotics@", b"\r\nTo: robotic@"),
        (b"\r\nReply-To: help@", b"\r\nReply-To: harm@"),
        (b"\r\nSubject: ", b"\r\nSubject: Re: "),
        (b"\r\nDate: Thu", b"\r\nDate: Fri"),
        (b"\r\nMessage-ID: <", b"\r\nMessage-ID: <a"),
        (b"\r\nList-Id: Trending", b"\r\nList-Id: Tending"),
        (b"\r\nList-Unsubscribe: <https", b"\r\nList-Unsubscribe: <http"),
        (b"=One-Click\r\n", b"=One-Clic\r\n"),
        (b"\r\nList-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n", b"\r\n"),
        (b"\r\nPrecedence: bulk", b"\r\nPrecedence: list"),
        (b"\r\nAuto-Submitted: auto-generated", b"\r\nAuto-Submitted: no"),
        (b"\r\nMIME-Version: 1.0", b"\r\nMIME-Version: 2.0"),
        (b"multipart/alternative", b"multipart/mixed"),
        (b" t=1577", b" t=1578"),
        (b"d=example.org", b"d=example.com"),
    ],
)
def test_a_change_on_the_way_breaks_the_signature(
    both: tuple[Key, ...], old: bytes, new: bytes
) -> None:
    site = SITE.model_copy(update={"reply_to": "help@example.org"})
    content = spliced(both, site=site)
    assert old in content
    assert verdicts(content.replace(old, new)) == [False, False]


@pytest.mark.parametrize("more", [b"more\r\n", b"\r\nmore\r\n", b" "])
def test_what_is_added_below_breaks_the_signature(both: tuple[Key, ...], more: bytes) -> None:
    assert verdicts(spliced(both) + more) == [False, False]


@pytest.mark.parametrize("kind", [DeliveryKind.DIGEST, DeliveryKind.CONFIRM])
@pytest.mark.parametrize("name", CLOSED)
def test_a_field_that_is_added_breaks_the_signatures_wherever_it_stands(
    both: tuple[Key, ...], name: str, kind: DeliveryKind
) -> None:
    content = spliced(both, kind)
    added = f"{name}: Somebody <else@example.com>\r\n".encode()
    head, _, body = content.partition(b"\r\n\r\n")
    assert verdicts(added + content) == [False, False]
    assert verdicts(head + b"\r\n" + added + b"\r\n" + body) == [False, False]


def test_what_relays_do_to_a_header_breaks_nothing(both: tuple[Key, ...]) -> None:
    content = spliced(both)
    received = b"Received: from a by b;\r\n\tThu, 02 Jan 2020 03:04:06 +0000\r\n"
    head, end, body = content.partition(b"\r\n\r\n")
    folded = head.replace(b"\r\n ", b"\r\n\t").replace(b"\r\nTo: ", b"\r\nTO:  \r\n  ")
    assert folded != head
    assert verdicts(received + folded + end + body) == [True, True]


# --- keys ----------------------------------------------------------------------------------


def written(content: bytes) -> Callable[[Path], object]:
    return lambda path: path.write_bytes(content)


def private(
    key: Any,
    *,
    encoding: Encoding = Encoding.PEM,
    password: bytes = b"",
) -> Callable[[Path], object]:
    encryption = BestAvailableEncryption(password) if password else NoEncryption()
    return written(key.private_bytes(encoding, PrivateFormat.PKCS8, encryption))


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda path: None, "cannot be read (No such file or directory)"),
        (Path.mkdir, "cannot be read (Is a directory)"),
        (written(b""), "is not a private key in PEM"),
        (written(b"\xff\xfe\x00 nothing of the kind"), "is not a private key in PEM"),
        (written(dkim.pair("rsa").pem[:400]), "is not a private key in PEM"),
        (
            private(Ed25519PrivateKey.generate(), encoding=Encoding.DER),
            "is not a private key in PEM",
        ),
        (
            private(Ed25519PrivateKey.generate(), password=b"x"),
            "is encrypted",
        ),
        (private(generate_ec(SECP256R1())), "is neither RSA nor Ed25519"),
        (private(Ed448PrivateKey.generate()), "is neither RSA nor Ed25519"),
        (written(SHORT_RSA), "has 1000 bits, too few for receivers: make one of 2048"),
    ],
)
def test_a_key_file_that_cannot_be_used_is_told_in_one_sentence(
    tmp_path: Path, make: Callable[[Path], object], said: str
) -> None:
    path = tmp_path / "dkim.pem"
    make(path)
    asked = Smtp(dkim_selector="a", dkim_key_file=path)
    with pytest.raises(ConfigError) as caught:
        load_keys(asked, domain="example.org")
    (problem,) = caught.value.problems
    assert problem.startswith(f"[smtp] dkim_key_file: {path} {said}")
    assert problem.endswith("(see docs/howto/dkim.md)")


def test_every_key_file_that_cannot_be_used_is_told_at_once(tmp_path: Path) -> None:
    asked = Smtp(dkim_selector=("a", "b"), dkim_key_file=(tmp_path / "a", tmp_path / "b"))
    with pytest.raises(ConfigError) as caught:
        load_keys(asked, domain="example.org")
    assert len(caught.value.problems) == 2


def test_without_keys_a_message_stays_as_it_is() -> None:
    assert load_keys(Smtp(), domain="example.org") == ()
    content = b"Subject: x\r\n\r\nHello.\r\n"
    assert signed(content, (), at=THEN) is content
