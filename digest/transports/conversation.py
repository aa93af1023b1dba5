"""What is said over one SMTP connection, and what the replies mean; no I/O.

What counts is the final dot. Lost before it, a message was not sent (RFC 5321 section 4.1.1.4);
lost after it, nobody knows (RFC 1047).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import NamedTuple

from digest.errors import PermanentFailure, TemporaryFailure, TransportError, TransportRefused
from digest.model import Message

# "Service not available, closing transmission channel": RFC 5321 section 3.8.
CLOSING = 421

# "Bad sequence of commands": what was said before was not understood as it was meant.
OUT_OF_STEP = 503

# RFC 4954 section 6: the relay wants a login, or another one.
_LOGIN = frozenset({530, 534, 535, 538})

# RFC 3463 sections 3.2 and 3.8: a bad address of the sender, security or policy. Postfix says it at
# RCPT, too.
_OF_THE_SENDER = re.compile(r"5\.(?:1\.[78]|7\.\d+)\b")

# RFC 3463 section 3.4: the trouble is the mail system's, not a mailbox's.
_OF_THE_SYSTEM = re.compile(r"4\.3\.\d+\b")

# Gmail says of a sender's daily limit "550 5.4.5".
_OF_A_LIMIT = re.compile(r"5\.4\.5\b")

# RFC 3463 sections 3.2 and 3.3: an address or a mailbox, of which some relays know only at the end.
_OF_A_READER = re.compile(r"[45]\.[12]\.\d+\b")

# Greylisting says 4.7.1, or no status at all.
_GREYLISTED = re.compile(r"4\.7\.1\b|gr[ea]y-?list", re.IGNORECASE)

# What MAIL says of one message: its size (RFC 1870 section 6.1) or its options (RFC 5321 section
# 4.1.1.11), with their status (RFC 3463) where the code is another one.
_OF_THE_MESSAGE = re.compile(r"(?:501|523|552|555)\b|5\d\d 5\.(?:2\.3|3\.4|6\.\d+)\b")

# The first digit counts (RFC 5321 section 4.3.2).
_AGREED = {"RSET": 2, "MAIL": 2, "RCPT": 2, "DATA": 3, "the final dot": 2}

# A reply has a few lines of at most 512 octets (RFC 5321 section 4.5.3.1.5).
_LONGEST_REPLY = 65_536

_LINE = re.compile(rb"([2-5]\d\d)(?:([ -])(.*))?", re.DOTALL)
_UNWRITABLE = re.compile(r"[\x00-\x20\x7f<>]")

# "try again in 300 seconds", "retry after 5 min", "wait 00:04:37", "Greylisted for 300 seconds".
# Other numbers tell of limits: "1000 messages in 24 hours".
_WAIT = re.compile(
    r"\b(?:wait|(?:wait|(?:re)?try|again|come\s+back|gr[ea]ylist(?:ed|ing))"
    r"(?:\s+[a-z]+){0,2}?\s+(?:in|after|for))"
    r"\s+(?:(?:at\s+least|about|another)\s+)?"
    r"(?:(?P<h>\d{1,2}):(?P<m>\d\d):(?P<s>\d\d)\b"
    r"|(?P<number>\d{1,6})\s*(?P<unit>s|secs?|seconds?|m|mins?|minutes?|h|hrs?|hours?)\b)",
    re.IGNORECASE,
)
_UNITS = {"s": 1.0, "m": 60.0, "h": 3600.0}

# Who asks for more is asked again meanwhile; in seconds.
_LONGEST_WAIT = 3600.0

GARBAGE = 0
"""The code of what is no reply."""


class Reply(NamedTuple):
    """A reply code and its text on one line."""

    code: int
    text: str

    def __str__(self) -> str:
        """Return the reply as it is shown."""
        return f"{self.code or '?'} {self.text}"[:500].strip()


class Replies:
    """Bytes in, whole replies out, however they were cut."""

    def __init__(self) -> None:
        self._bytes = b""
        self._lines: list[bytes] = []

    def feed(self, data: bytes) -> list[Reply]:
        """Return the replies that are complete now; one that makes no sense is `GARBAGE`."""
        *lines, self._bytes = (self._bytes + data).split(b"\n")
        replies = []
        for line in lines:
            found = _LINE.fullmatch(line.rstrip(b"\r"))
            if found is None:
                self._lines = []
                replies.append(Reply(GARBAGE, readable(line)))
                continue
            self._lines.append(found[3] or b"")
            if found[2] != b"-":
                replies.append(Reply(int(found[1]), readable(b" ".join(self._lines))))
                self._lines = []
        if len(self._bytes) + sum(len(line) + 1 for line in self._lines) > _LONGEST_REPLY:
            self._bytes, self._lines = b"", []
            replies.append(Reply(GARBAGE, "a reply without end"))
        return replies


class Offers:
    """What a relay offers beyond plain SMTP (its answer to EHLO)."""

    def __init__(self, features: Mapping[str, str]) -> None:
        self._features = {name.lower(): value for name, value in features.items()}
        size = self._features.get("size", "").strip()
        self._limit = int(size) if size.isdecimal() else 0

    @property
    def pipelining(self) -> bool:
        """Say whether commands may follow each other without waiting (RFC 2920)."""
        return "pipelining" in self._features

    def envelope(self, message: Message) -> list[bytes]:
        """Return the commands that announce a message, with every option that it needs.

        Raise `PermanentFailure` where this relay cannot take the message: SIZE (RFC 1870),
        8BITMIME (RFC 6152), SMTPUTF8 (RFC 6531).
        """
        content, sender, recipient = message.content, message.sender, message.recipient
        if _UNWRITABLE.search(sender) or _UNWRITABLE.search(recipient):
            raise PermanentFailure("the address cannot be written in an SMTP command")
        options = ""
        if "size" in self._features:
            if 0 < self._limit < len(content):
                raise PermanentFailure(
                    f"the message has {len(content):,} bytes, and the relay takes {self._limit:,}"
                )
            options += f" SIZE={len(content)}"
        if not content.isascii():
            self._demand("8bitmime", "has 8-bit content")
            options += " BODY=8BITMIME"
        if not (sender.isascii() and recipient.isascii()):
            self._demand("smtputf8", "has an address beyond ASCII")
            options += " SMTPUTF8"
        return [
            f"MAIL FROM:<{sender}>{options}\r\n".encode(),
            f"RCPT TO:<{recipient}>\r\n".encode(),
            b"DATA\r\n",
        ]

    def _demand(self, feature: str, why: str) -> None:
        if feature not in self._features:
            raise PermanentFailure(
                f"the message {why}, and the relay does not offer {feature.upper()}"
            )


def stuffed(message: Message, *, then: bytes = b"") -> bytes:
    """Return a message as it goes over the wire, with its final dot (RFC 5321 section 4.5.2).

    `then` is what follows it.
    """
    content = message.content
    if not message.dotless:
        if content.startswith(b"."):
            content = b"." + content
        content = content.replace(b"\r\n.", b"\r\n..")
    end = b".\r\n" if content.endswith(b"\r\n") else b"\r\n.\r\n"
    return b"".join((content, end, then))


def agreed(to: str, reply: Reply) -> bool:
    """Say whether a reply lets the conversation go on."""
    return reply.code // 100 == _AGREED[to]


def refusal(reply: Reply, when: str) -> TransportError:
    """Return the error of a refused message: 4xx for now, 5xx for good (RFC 5321 4.2.1).

    Where the relay wants a login, it is not the message that is refused.
    """
    said = str(reply)
    if reply.code in _LOGIN and when == "at MAIL":
        return TransportRefused(
            f"the relay wants a login ({said}): check [smtp] username and password", reply=said
        )
    if 400 <= reply.code < 500:
        return TemporaryFailure(
            f"the relay deferred it {when}: {said}",
            reply=said,
            retry_after=asked_wait(said),
            about_us=_is_about_us(reply, when),
        )
    return PermanentFailure(
        f"the relay refused it {when}: {said}", reply=said, about_us=_is_about_us(reply, when)
    )


def _is_about_us(reply: Reply, when: str) -> bool:
    """Say whether a refusal may be of the sender, not of who was to read the message.

    By its status; at MAIL, which names no reader; or after the message, whose reader the relay had
    accepted. To be asked to come back is of this reader: greylisting does it to each.
    """
    if when == "after the message":
        if reply.code < 500 and _GREYLISTED.search(reply.text):
            return False
        if not _OF_A_READER.match(reply.text):
            return True
    if reply.code < 500:
        return when == "at MAIL" or _OF_THE_SYSTEM.match(reply.text) is not None
    if _OF_THE_SENDER.match(reply.text) or _OF_A_LIMIT.match(reply.text):
        return True
    return when == "at MAIL" and not _OF_THE_MESSAGE.match(str(reply))


def asked_wait(text: str) -> float | None:
    """Return how many seconds a reply asks to wait, if it says so in words; an hour at most."""
    if (found := _WAIT.search(text)) is None:
        return None
    if found["number"] is None:
        asked = float(int(found["h"]) * 3600 + int(found["m"]) * 60 + int(found["s"]))
    else:
        asked = int(found["number"]) * _UNITS[found["unit"][0].lower()]
    return min(asked, _LONGEST_WAIT)


@lru_cache(maxsize=64)
def readable(raw: bytes) -> str:
    """Return what a relay said as one line of printable text."""
    text = raw.decode("utf-8", "replace")
    if text.isprintable() and "  " not in text:
        return text.strip()
    return " ".join("".join(char if char.isprintable() else " " for char in text).split())
