"""DKIM keys with their DNS records, and an independent judge of signatures (dkimpy)."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Literal

import dkim
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)

from digest.config import Smtp
from digest.dkim import Key, load_keys

Kind = Literal["rsa", "ed25519"]
KINDS: tuple[Kind, ...] = ("rsa", "ed25519")


@dataclass(frozen=True)
class Pair:
    """A private key as it stands in a file, and its record as it stands in the DNS."""

    pem: bytes
    record: str


@cache
def pair(kind: Kind, *, bits: int = 2048) -> Pair:
    """Return a pair of keys, the same one each time."""
    private: RSAPrivateKey | Ed25519PrivateKey
    if kind == "rsa":
        private = generate_private_key(65537, bits)
        public = private.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    else:
        private = Ed25519PrivateKey.generate()
        public = private.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
    return Pair(
        private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()),
        f"v=DKIM1; k={kind}; p={b64encode(public).decode()}",
    )


def settings(folder: Path, *kinds: Kind) -> Smtp:
    """Write the key files and return the settings that name them; the kinds are the selectors."""
    for kind in kinds:
        (folder / f"{kind}.pem").write_bytes(pair(kind).pem)
    return Smtp(dkim_selector=kinds, dkim_key_file=tuple(folder / f"{kind}.pem" for kind in kinds))


def keys(folder: Path, *kinds: Kind, domain: str = "example.org") -> tuple[Key, ...]:
    """Return the keys of these kinds, loaded from files in the folder."""
    return load_keys(settings(folder, *kinds), domain=domain)


def zone(domain: str = "example.org") -> Mapping[str, str]:
    """Return what the DNS says about the keys."""
    return {f"{kind}._domainkey.{domain}": pair(kind).record for kind in KINDS}


def verdicts(content: bytes, domain: str = "example.org") -> list[bool]:
    """Say of each signature of a message, from the top, whether it holds."""

    def look_up(name: bytes, timeout: float = 5) -> bytes | None:
        record = zone(domain).get(name.decode().removesuffix("."))
        return None if record is None else record.encode()

    head = content.partition(b"\r\n\r\n")[0].lower()
    return [_holds(content, number, look_up) for number in range(head.count(b"dkim-signature:"))]


def _holds(content: bytes, number: int, look_up: object) -> bool:
    try:
        return bool(dkim.DKIM(content).verify(idx=number, dnsfunc=look_up))
    except dkim.DKIMException:
        return False
