"""The bytes on the wire: nothing breaks an address, nothing becomes a header of its own."""

from __future__ import annotations

import quopri
from datetime import UTC, datetime
from email import message_from_bytes, policy
from email.header import decode_header, make_header

import pytest
from hypothesis import given
from hypothesis import strategies as st

from digest import wire
from digest.errors import InvalidInput
from digest.model import Rendered

ANY = st.text(st.characters(), max_size=300)


def read(value: str) -> str:
    return str(make_header(decode_header(value.replace("\r\n ", " "))))


@given(ANY)
def test_any_text_is_a_safe_header_and_reads_back(value: str) -> None:
    written = wire.text(value, used=9)
    assert written.isascii()
    assert all(len(line) <= 78 for line in f"Subject: {written}".split("\r\n"))
    assert all(line.startswith(" ") for line in written.split("\r\n")[1:])
    assert all(line.strip() for line in written.split("\r\n") if written)
    assert "\r" not in written.replace("\r\n", "")
    assert "\n" not in written.replace("\r\n", "")


@pytest.mark.parametrize(
    "value",
    [
        "Plain words",
        "Über die Quantelung der Zeit — 日本語の論文",
        "=?utf-8?q?a=0D=0ABcc:_x=40y?=",
        "word " * 60,
        "x" * 200,
        "👩‍🔬" * 40,
    ],
)
def test_a_subject_reads_as_it_was_meant(value: str) -> None:
    assert read(wire.text(value, used=9)) == " ".join(value.split())


@pytest.mark.parametrize(
    "value", ["a\r\nBcc: x@example.org", "a\nBcc: x@example.org", "a\x00b", "a\u2028Bcc: x"]
)
def test_no_text_becomes_a_header_of_its_own(value: str) -> None:
    headers = [
        ("Subject", wire.text(value, used=9)),
        ("To", wire.mailbox(value, "a@b.org", used=4)),
    ]
    content = wire.message(headers, Rendered("", "text\n", "<p>html</p>\n"), seed="x")
    found = message_from_bytes(content, policy=policy.default)
    assert found.keys() == ["Subject", "To", "MIME-Version", "Content-Type"]
    assert [str(address.addr_spec) for address in found["To"].addresses] == ["a@b.org"]


@given(ANY)
def test_any_name_leaves_the_address_alone(name: str) -> None:
    written = wire.mailbox(name, "papers@example.org", used=6)
    content = f"From: {written}\r\n\r\n".encode("ascii")
    (address,) = message_from_bytes(content, policy=policy.default)["From"].addresses
    assert address.addr_spec == "papers@example.org"


@pytest.mark.parametrize("name", ['Ada "Countess" Example', "Example, Ada", "a@b", "Zoë", "A. B."])
def test_a_name_reads_as_it_was_meant(name: str) -> None:
    content = f"From: {wire.mailbox(name, 'a@example.org', used=6)}\r\n\r\n".encode("ascii")
    (address,) = message_from_bytes(content, policy=policy.default)["From"].addresses
    assert address.display_name == name


def test_a_domain_is_written_as_a_labels() -> None:
    assert wire.address_of("ada@bücher.example") == "ada@xn--bcher-kva.example"


@pytest.mark.parametrize(
    "address",
    ["", "ada", "@example.org", "ada@", "a b@example.org", "a@b\r\nRCPT TO:<x@y>", "ä@example.org"],
)
def test_what_is_not_one_plain_address_is_refused(address: str) -> None:
    with pytest.raises(InvalidInput, match="plain ASCII"):
        wire.address_of(address)


@given(ANY, ANY)
def test_any_body_is_seven_bit_with_short_lines_and_reads_back(text: str, html: str) -> None:
    content = wire.message([("Subject", "x")], Rendered("", text, html), seed="seed")
    assert content.isascii()
    lines = content.split(b"\r\n")
    assert max(map(len, lines)) <= 78
    assert not any(b"\r" in line or b"\n" in line for line in lines)
    plain, rich = message_from_bytes(content, policy=policy.default).iter_parts()
    assert (plain.get_content_type(), rich.get_content_type()) == ("text/plain", "text/html")
    assert visible(plain.get_content()) == visible(text)
    assert visible(rich.get_content()) == visible(html)


@given(st.lists(st.text(st.sampled_from("ab. =\t\né"), max_size=90)))
def test_pieces_are_encoded_alone_and_mean_what_they_mean_together(pieces: list[str]) -> None:
    encoded = b"".join(map(wire.quoted, pieces))
    read_back = quopri.decodestring(encoded.replace(b"\r\n", b"\n")).decode()
    assert read_back == "".join(pieces)
    in_order(encoded)


@pytest.mark.parametrize("start", ["", ".", "..", "é"])
@pytest.mark.parametrize("end", ["", " ", "\t\n", " \n", ".", "=", "\n.", "é"])
def test_a_line_of_any_length_keeps_to_76_characters(start: str, end: str) -> None:
    for length in range(60, 90):
        for filling in ("a", "a ", "a.", "."):
            text = (start + filling * length)[:length] + end
            encoded = wire.quoted(text)
            assert quopri.decodestring(encoded.replace(b"\r\n", b"\n")).decode() == text
            in_order(encoded)


def in_order(encoded: bytes) -> None:
    """Check the rules of quoted-printable (RFC 2045 section 6.7), and that no line has a dot."""
    assert encoded.endswith(b"\r\n") or not encoded
    for line in encoded.split(b"\r\n"):
        assert len(line) <= 76
        assert not line.startswith(b".")
        assert not line.endswith((b" ", b"\t"))


def test_what_cannot_be_sent_is_left_out_of_a_body() -> None:
    assert wire.quoted("a\x00b\rc\x85\ud800d\n") == b"abcd\r\n"
    assert wire.quoted("\r") == b""


def visible(text: str) -> str:
    """Return the text without what cannot be sent, and without line ends."""
    return "".join(char for char in text if char.isprintable())


def test_the_same_message_has_the_same_bytes() -> None:
    content = Rendered("s", "text", "html")
    assert wire.message([], content, seed="a") == wire.message([], content, seed="a")
    assert wire.message([], content, seed="a") != wire.message([], content, seed="b")


@pytest.mark.parametrize(
    "value", ["en\r\nBcc: x@example.org", "en\n Bcc", "en\r\n", "en\r\n \r\n x", "é", "x" * 998]
)
def test_a_header_that_nobody_encoded_is_refused(value: str) -> None:
    with pytest.raises(InvalidInput, match="Content-Language"):
        wire.message([("Content-Language", value)], Rendered("", "", ""), seed="x")


def test_nothing_turns_the_direction_of_a_subject() -> None:
    assert wire.text("abc\u202efdp.exe", used=9) == "abc fdp.exe"


def test_a_list_id_keeps_its_identifier() -> None:
    assert wire.list_id("Trending <Papers>", "digest.example.org") == (
        "Trending Papers <digest.example.org>"
    )
    assert wire.list_id("論文", "digest.example.org") == "<digest.example.org>"


def test_a_date_is_written_as_rfc_5322_wants_it() -> None:
    assert wire.date(datetime(2026, 11, 24, 7, tzinfo=UTC)) == "Tue, 24 Nov 2026 07:00:00 +0000"
