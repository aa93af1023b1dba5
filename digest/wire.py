"""Texts -> the bytes of a message, exactly as they go over the wire; pure.

The standard library breaks long List-Unsubscribe addresses into encoded words and, on some
versions, turns encoded words that hold line ends into headers of their own (CVE-2024-6923), so
headers are written here: every character of a value is either printable ASCII or encoded.

Bodies are quoted-printable, piece by piece: each piece stands alone on its lines, between soft
line breaks, so that the same piece has the same bytes wherever it stands (`digest.splice`). No
line begins with a dot, so that what is sent is what was composed: there is nothing to stuff.
"""

from __future__ import annotations

import binascii
import hashlib
import re
from base64 import b64encode
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from email.utils import format_datetime
from functools import lru_cache

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
_ADDRESS = re.compile(r'[^\x00-\x20\x7f-\U0010ffff()<>\[\]:;,"\\@]+@[A-Za-z0-9.-]+')

# RFC 2045 section 6.7: an encoded line has at most 76 characters, a soft break included.
_QUOTED_LINE = 76
_ROOM = _QUOTED_LINE - 1
_PLAIN = re.compile(r"[ -<>-~]+")
_PLAIN_LINES = re.compile(rf"(?:[ -<>-~]{{1,{_ROOM}}}(?:(?<! )\n|\Z))+")
# Where a blank ends a line, b2a_qp encodes it without a look at the length.
_OVERLONG = re.compile(rb"^(.{74,75})(=20|=09)$", re.MULTILINE)
_DOTTED_LINE = re.compile(rb"^\..*$", re.MULTILINE)

Header = tuple[str, str]
"""A name and a value that is already encoded and folded."""


def message(headers: Iterable[Header], content: Rendered, *, seed: str) -> bytes:
    """Return a whole message with a text and an HTML part (RFC 2046 section 5.1.4).

    CRLF line ends, 7-bit, no line over 998 octets. `seed` makes the boundary, so that the same
    message has the same bytes every time. Raise `InvalidInput` for a header that would break
    this, or become two: an address of the site beyond ASCII, a language on two lines.
    """
    return assemble(head(headers), part(content.text), part(content.html), seed=seed)


def assemble(head: str, text: bytes, html: bytes, *, seed: str) -> bytes:
    """Return a whole message whose two parts are encoded already; each ends with its line."""
    # "=_" never stands in quoted-printable (RFC 2045 section 6.7), so it cannot occur in a part.
    boundary = f"=_{hashlib.sha256(seed.encode()).hexdigest()[:32]}"
    return b"".join(
        (
            (
                f"{head}MIME-Version: 1.0\r\nContent-Type: multipart/alternative;\r\n"
                f' boundary="{boundary}"\r\n\r\n--{boundary}\r\n{_TEXT_PART}'
            ).encode("ascii"),
            text,
            f"--{boundary}\r\n{_HTML_PART}".encode("ascii"),
            html,
            f"--{boundary}--\r\n".encode("ascii"),
        )
    )


def head(headers: Iterable[Header]) -> str:
    """Return header fields as they are sent; raise `InvalidInput` as `message` does."""
    lines = []
    for name, value in headers:
        # A short line is the rule, and needs no second look.
        if not _WRITTEN.fullmatch(value) or (
            len(value) > _LONGEST and max(map(len, value.split("\r\n"))) > _LONGEST
        ):
            raise InvalidInput(f"{name} cannot be written: {value[:80]!r} is not plain ASCII text.")
        lines.append(f"{name}: {value}\r\n")
    return "".join(lines)


_TEXT_PART, _HTML_PART = (
    f"Content-Type: text/{kind}; charset=utf-8\r\n"
    "Content-Transfer-Encoding: quoted-printable\r\n\r\n"
    for kind in ("plain", "html")
)


def part(text: str) -> bytes:
    """Return a whole part of a body in quoted-printable, with the line end before a boundary."""
    return quoted(f"{text}\n")


def quoted(text: str) -> bytes:
    """Return a piece of a body in quoted-printable, standing alone on its lines.

    Joining the pieces of a text means the text. What cannot be sent (control characters, lone
    surrogates, carriage returns) is left out, character by character.
    """
    if _PLAIN.fullmatch(text):  # as most values are
        if len(text) <= _ROOM and text[0] != ".":
            return f"{text}=\r\n".encode("ascii")
        lines = "=\n".join([text[at : at + _ROOM] for at in range(0, len(text), _ROOM)]).encode()
    elif _PLAIN_LINES.fullmatch(text):
        lines = text.encode("ascii")
    else:
        # The last letter keeps a place at the end of the line for the soft break.
        octets = _BODY_CONTROL.sub("", text).encode() + b"x"
        lines = _OVERLONG.sub(rb"\1=\n\2", binascii.b2a_qp(octets, istext=True)[:-1])
    if lines and not lines.endswith(b"\n"):
        lines += b"=\n"
    if lines.startswith(b".") or b"\n." in lines:
        lines = _DOTTED_LINE.sub(_undotted, lines)
    return lines.replace(b"\n", b"\r\n")


def _undotted(found: re.Match[bytes]) -> bytes:
    """Encode the dot that a line begins with; on a line that is full, it gets its own."""
    line, start = found[0], b""
    while line.startswith(b".") and len(line) + 2 > _QUOTED_LINE:
        start, line = start + b"=2E=\n", line[1:]
    return start + (b"=2E" + line[1:] if line.startswith(b".") else line)


@lru_cache(maxsize=1024)
def text(value: str, *, used: int) -> str:
    """Return free text as a header value, folded; `used` characters stand on its first line.

    Text that is not plain, or that looks like an encoded word, becomes encoded words.
    """
    clean = " ".join(_CONTROL.sub(" ", value).split())
    if clean.isascii() and "=?" not in clean:
        if len(clean) <= _LINE - used:
            return clean
        words = clean.split(" ")
        if max(map(len, words)) < _LINE - used:
            return _fold(words, used=used)
    return _fold(list(_encoded(clean)), used=used)


@lru_cache(maxsize=64)
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


@lru_cache(maxsize=64)
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
    if not _ADDRESS.fullmatch(found):
        raise InvalidInput(
            f"{address!r} is not an address that every relay can take: use one in plain ASCII"
        )
    return found


@lru_cache(maxsize=64)
def date(value: datetime) -> str:
    """Return a date and time (RFC 5322 section 3.3)."""
    return format_datetime(value)


@lru_cache(maxsize=64)
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
