"""Texts -> the bytes of a message, exactly as they go over the wire; pure.

The standard library breaks long List-Unsubscribe addresses into encoded words and, on some
versions, turns encoded words that hold line ends into headers of their own (CVE-2024-6923), so
headers are written here: every character of a value is either printable ASCII or encoded.
"""

from __future__ import annotations

import binascii
import hashlib
import re
from base64 import b64encode
from collections.abc import Iterator, Sequence
from datetime import datetime
from email.utils import format_datetime

import idna

from digest.errors import InvalidInput
from digest.model import Rendered

# RFC 5322 section 2.1.1: lines should have 78 characters or fewer. RFC 2047 section 2: an encoded
# word has at most 75; 39 octets make one of 64, which stands on one line with the header's name.
_LINE = 78
_LONGEST = 900  # of the 998 octets of RFC 5322, less the longest name
_ENCODED_BYTES = 39

# Control characters, line ends of Unicode, lone surrogates, and what turns the direction of
# writing: the last makes a subject or a name read as another.
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]+")
_WRITTEN = re.compile(r"[\x20-\x7e]*(\r\n [\x21-\x7e][\x20-\x7e]*)*")
_BODY_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]")
_ATEXT = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~ -]*")

Header = tuple[str, str]
"""A name and a value that is already encoded and folded."""


def message(headers: Sequence[Header], content: Rendered, *, seed: str) -> bytes:
    """Return a whole message with a text and an HTML part (RFC 2046 section 5.1.4).

    CRLF line ends, 7-bit, no line over 998 octets. `seed` makes the boundary, so that the same
    message has the same bytes every time. Raise `InvalidInput` for a header that would break
    this, or become two: an address of the site beyond ASCII, a language on two lines.
    """
    for name, value in headers:
        if not _WRITTEN.fullmatch(value) or max(map(len, value.split("\r\n"))) > _LONGEST:
            raise InvalidInput(f"{name} cannot be written: {value[:80]!r} is not plain ASCII text.")
    # "=_" never stands in quoted-printable (RFC 2045 section 6.7), so it cannot occur in a part.
    boundary = f"=_{hashlib.sha256(seed.encode()).hexdigest()[:32]}"
    lines = [f"{name}: {value}" for name, value in headers]
    lines += [
        "MIME-Version: 1.0",
        "Content-Type: multipart/alternative;",
        f' boundary="{boundary}"',
        "",
        f"--{boundary}",
        *_part("text/plain", content.text),
        f"--{boundary}",
        *_part("text/html", content.html),
        f"--{boundary}--",
        "",
    ]
    return "\r\n".join(lines).encode("ascii")


def _part(kind: str, text: str) -> Iterator[str]:
    yield f"Content-Type: {kind}; charset=utf-8"
    yield "Content-Transfer-Encoding: quoted-printable"
    yield ""
    unix = text.replace("\r\n", "\n").replace("\r", "\n")
    body = _BODY_CONTROL.sub("", unix).rstrip("\n").encode()
    yield from binascii.b2a_qp(body, istext=True).decode("ascii").split("\n")


def text(value: str, *, used: int) -> str:
    """Return free text as a header value, folded; `used` characters stand on its first line.

    Text that is not plain, or that looks like an encoded word, becomes encoded words.
    """
    clean = " ".join(_CONTROL.sub(" ", value).split())
    words = clean.split(" ")
    if clean.isascii() and "=?" not in clean and max(map(len, words)) < _LINE - used:
        return _fold(words, used=used)
    return _fold(list(_encoded(clean)), used=used)


def mailbox(name: str, address: str, *, used: int) -> str:
    """Return a display name and an address (RFC 5322 section 3.4), folded."""
    spec = f"<{address_of(address)}>"
    clean = " ".join(_CONTROL.sub(" ", name).split())
    if not clean:
        return address_of(address)
    if clean.isascii() and "=?" not in clean and len(clean) < _LINE - used:
        if not _ATEXT.fullmatch(clean):
            escaped = clean.replace("\\", r"\\").replace('"', r"\"")
            clean = f'"{escaped}"'
        return _fold([clean, spec], used=used)
    return _fold([*_encoded(clean), spec], used=used)


def address_of(address: str) -> str:
    """Return an address with its domain as A-labels (RFC 5891).

    Raise `InvalidInput` for one that cannot be written in ASCII (RFC 6531 is not widely
    understood) or that holds anything but one plain address.
    """
    local, _, domain = address.rpartition("@")
    if not domain.isascii():
        try:
            domain = idna.encode(domain, uts46=True).decode("ascii")
        except idna.IDNAError:
            domain = ""
    found = f"{local}@{domain}"
    if not re.fullmatch(r'[^\x00-\x20\x7f-\U0010ffff()<>\[\]:;,"\\@]+@[A-Za-z0-9.-]+', found):
        raise InvalidInput(
            f"{address!r} is not an address that every relay can take: use one in plain ASCII"
        )
    return found


def date(value: datetime) -> str:
    """Return a date and time (RFC 5322 section 3.3)."""
    return format_datetime(value)


def list_id(name: str, identifier: str) -> str:
    """Return a List-Id (RFC 2919): a name for people, an identifier that stays for ever."""
    plain = "".join(char for char in name if char.isascii() and (char.isalnum() or char in " .-"))
    described = " ".join(plain.split())
    return _fold([described, f"<{identifier}>"] if described else [f"<{identifier}>"], used=9)


def _encoded(value: str) -> Iterator[str]:
    """Yield encoded words (RFC 2047), each of whole characters."""
    piece = b""
    for char in value:
        octets = char.encode()
        if len(piece) + len(octets) > _ENCODED_BYTES:
            yield f"=?utf-8?b?{b64encode(piece).decode('ascii')}?="
            piece = b""
        piece += octets
    if piece:
        yield f"=?utf-8?b?{b64encode(piece).decode('ascii')}?="


def _fold(words: Sequence[str], *, used: int) -> str:
    """Join words by blanks, with line ends before the words that would stand too far right."""
    lines, length = [words[0]], used + len(words[0])
    for word in words[1:]:
        if length + 1 + len(word) <= _LINE:
            lines[-1] += f" {word}"
            length += 1 + len(word)
        else:
            lines.append(word)
            length = 1 + len(word)
    return "\r\n ".join(lines)
