"""Signed links, one salt per purpose, and the keyed hash under which an address is remembered.

Keys stand in a file, one per line, newest first: the newest signs, all verify, so that a key
can be replaced without breaking the links of old mails. The hash of an address uses the oldest
key, so that a new one does not forget who is suppressed.
"""

from __future__ import annotations

import binascii
import hashlib
import hmac
import os
import secrets
from base64 import b32encode
from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum
from functools import lru_cache
from json.encoder import encode_basestring
from pathlib import Path

import idna
from itsdangerous import BadData, URLSafeTimedSerializer
from itsdangerous.encoding import int_to_bytes

from digest.clock import SystemClock
from digest.errors import ConfigError, InvalidInput, TokenExpired, TokenInvalid
from digest.ports import Clock

SHORTEST_KEY = 32


class Purpose(StrEnum):
    """What a signed link is for; a token for one purpose is worth nothing for another."""

    CONFIRM = "confirm"
    PREFERENCES = "preferences"
    UNSUBSCRIBE = "unsubscribe"
    FEEDBACK = "feedback"
    DIGEST = "digest"
    FEED = "feed"


class Signer:
    """Signs and reads tokens with the site's keys, newest first."""

    def __init__(self, keys: Sequence[bytes], *, clock: Clock | None = None) -> None:
        self._oldest_first = list(reversed(keys))
        self._clock = clock or SystemClock()
        self._signers = {
            purpose: _Mac(hmac.digest(keys[0], _salt(purpose), "sha256")) for purpose in Purpose
        }
        self._number_macs = [
            _Mac(hmac.digest(key, b"digest.bounce", "sha256")) for key in self._oldest_first
        ]
        self._readers = {
            purpose: URLSafeTimedSerializer(
                self._oldest_first,
                salt=_salt(purpose),
                signer_kwargs={"key_derivation": "hmac", "digest_method": hashlib.sha256},
            )
            for purpose in Purpose
        }

    def sign(self, purpose: Purpose, *parts: str, at: datetime | None = None) -> str:
        """Return a URL-safe token that holds these parts; they are signed, not secret.

        Its age counts from `at`, or from now. Same parts, key and time: the same token.
        """
        # What itsdangerous would make, at a tenth of its time: every mail has several.
        signed = _signed_part(parts, at or self._clock.now())
        return (signed + b"." + _base64(self._signers[purpose].of(signed))).decode("ascii")

    def sign_number(self, number: int) -> str:
        """Return a short token for the name of a mailbox, which names the number of a delivery.

        It has lower-case letters, digits and a dash only, for some relays change the case, and so
        few of them that the local part stays below the 64 of RFC 5321 section 4.5.3.1.1.
        """
        return f"{number}-{_short(self._number_macs[-1], number)}"

    def read_number(self, token: str) -> int:
        """Return the number that a short token names; raise `TokenInvalid`."""
        number, _, mac = token.lower().partition("-")
        if number.isascii() and number.isdigit():
            for key in self._number_macs:
                if hmac.compare_digest(_short(key, int(number)), mac):
                    return int(number)
        raise TokenInvalid("This return path was not made by us.")

    def read(
        self, purpose: Purpose, token: str, *, max_age: float | None = None
    ) -> tuple[str, ...]:
        """Return the parts of a token.

        Raise `TokenInvalid`, or `TokenExpired` when it is older than `max_age` seconds.
        """
        parts, made_at = self._load(purpose, token)
        if max_age is not None and (self._clock.now() - made_at).total_seconds() > max_age:
            raise TokenExpired("This link is too old: please ask for a new one.")
        return parts

    def made_at(self, purpose: Purpose, token: str) -> datetime:
        """Return when a token was made; raise `TokenInvalid`."""
        return self._load(purpose, token)[1]

    def _load(self, purpose: Purpose, token: str) -> tuple[tuple[str, ...], datetime]:
        try:
            parts, made_at = self._readers[purpose].loads(token, return_timestamp=True)
        except BadData as error:
            raise TokenInvalid("This link is damaged or was not made by us.") from error
        if not (isinstance(parts, list) and all(isinstance(part, str) for part in parts)):
            raise TokenInvalid("This link is damaged or was not made by us.")
        return tuple(parts), made_at

    def hash_email(self, email: str) -> str:
        """Return the keyed hash of an address, however it is written, in 64 hex digits.

        Raise `InvalidInput` for a domain that cannot exist.
        """
        local, _, domain = email.strip().lower().rpartition("@")
        if not domain.isascii():
            try:
                domain = idna.encode(domain, uts46=True).decode("ascii")
            except idna.IDNAError as error:
                raise InvalidInput(f"{domain!r} is not a domain: {error}.") from error
        address = f"{local}@{domain}".encode()
        return hmac.new(self._oldest_first[0], b"email:" + address, hashlib.sha256).hexdigest()


_URL_SAFE = bytes.maketrans(b"+/", b"-_")


def _base64(octets: bytes) -> bytes:
    return binascii.b2a_base64(octets, newline=False).translate(_URL_SAFE).rstrip(b"=")


class _Mac:
    """HMAC-SHA256 (RFC 2104) with a key that is mixed in once: a third of the time of `hmac`."""

    def __init__(self, key: bytes) -> None:
        block = key.ljust(64, b"\0")
        self._inner = hashlib.sha256(block.translate(_INNER))
        self._outer = hashlib.sha256(block.translate(_OUTER))

    def of(self, data: bytes) -> bytes:
        inner, outer = self._inner.copy(), self._outer.copy()
        inner.update(data)
        outer.update(inner.digest())
        return outer.digest()


_INNER, _OUTER = (bytes(octet ^ pad for octet in range(256)) for pad in (0x36, 0x5C))


def _short(mac: _Mac, number: int) -> str:
    return b32encode(mac.of(b"%d" % number)[:15]).decode("ascii").lower()


@lru_cache(maxsize=64)
def _signed_part(parts: tuple[str, ...], at: datetime) -> bytes:
    content = f"[{','.join(map(encode_basestring, parts))}]".encode()
    return _base64(content) + b"." + _base64(int_to_bytes(int(at.timestamp())))


def _salt(purpose: Purpose) -> bytes:
    return f"digest.{purpose}".encode()


def load_keys(path: Path) -> list[bytes]:
    """Return the keys of the secret file, newest first; write one, for its owner only, if missing.

    Raise `ConfigError` for a file that cannot be read or holds no good key.
    """
    try:
        _create(path)
        lines = path.read_text("ascii").split()
    except (OSError, UnicodeError) as error:
        raise ConfigError(
            f"[site] secret_file: {path} cannot be read or written ({error}): "
            "give it to the user that runs the service"
        ) from error
    if not lines or min(map(len, lines)) < SHORTEST_KEY:
        raise ConfigError(
            f"[site] secret_file: {path} must hold one key of at least {SHORTEST_KEY} characters "
            "per line, newest first: move the file away and a new one is written"
        )
    return [line.encode("ascii") for line in lines]


def _create(path: Path) -> None:
    """Write a new key if the file is missing; of two programs that try at once, one wins."""
    if path.exists():
        return
    fresh = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "w") as file:
            file.write(secrets.token_urlsafe(48) + "\n")
        # A link appears whole or not at all, and never in place of another file.
        os.link(fresh, path)
    except FileExistsError:
        pass
    finally:
        fresh.unlink()
