"""DKIM signatures (RFC 6376, RFC 8463): a message -> the same with a field for each key on top.

What `digest.wire` writes is canonical already: lines end in CRLF, none holds a blank at its end,
the last one is not empty, each field stands once and is folded with one blank. So c=relaxed/simple
takes one SHA-256 of the body as it is, and a look at the header alone.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from hashlib import sha256
from pathlib import Path
from textwrap import wrap
from typing import Literal

from digest.config import Smtp
from digest.errors import ConfigError

SHORTEST_RSA = 1024  # bits (RFC 8301 section 3.2)

# Named once more than they stand in the message, so that nobody can add another one and have it
# shown or obeyed in place of ours (RFC 6376 section 8.15). The List fields are those of RFC 8058.
CLOSED = (
    *("From", "Sender", "To", "Cc", "Reply-To", "Subject", "Date", "Message-ID"),
    *("MIME-Version", "Content-Type", "Content-Transfer-Encoding"),
    *("List-Id", "List-Unsubscribe", "List-Unsubscribe-Post"),
)

# RFC 5322 section 2.1.1: lines should have 78 characters or fewer.
_LINE = 78
_BASE64_LINE = 72

Sign = Callable[[bytes], bytes]


@dataclass(frozen=True, slots=True)
class Key:
    """A private key, and where receivers find the public one: `selector._domainkey.domain`."""

    domain: str
    selector: str
    algorithm: Literal["rsa-sha256", "ed25519-sha256"]
    sign: Sign


def signed(content: bytes, keys: Sequence[Key], *, at: datetime) -> bytes:
    """Return the message with a DKIM-Signature for each key on top; without keys, as it is.

    All of its header fields are signed. Same message, keys and time: the same bytes.
    """
    if not keys:
        return content
    end = content.index(b"\r\n\r\n")
    names, header = _relaxed(content[:end].decode("ascii"))
    body = b64encode(sha256(memoryview(content)[end + 4 :]).digest()).decode("ascii")
    own = f"t={int(at.timestamp())}; bh={body};"
    fields = []
    for key in keys:
        written, relaxed = _tags(key, names)
        signature = b64encode(key.sign(f"{header}{relaxed} {own} b=".encode("ascii")))
        fields.append(f"{written}\r\n {own}\r\n b={_folded(signature.decode('ascii'))}\r\n")
    return b"".join(["".join(fields).encode("ascii"), content])


def _relaxed(head: str) -> tuple[tuple[str, ...], str]:
    """Return the names of a header's fields, and the header in relaxed form (section 3.4.2)."""
    fields = [field.partition(":") for field in head.replace("\r\n ", " ").split("\r\n")]
    return (
        tuple([name for name, _, _ in fields]),
        "".join([f"{name.lower()}:{' '.join(value.split())}\r\n" for name, _, value in fields]),
    )


@lru_cache(maxsize=64)
def _tags(key: Key, names: tuple[str, ...]) -> tuple[str, str]:
    """Return the beginning of a field, which many messages share: folded, and in relaxed form."""
    tags = wrap(
        f"DKIM-Signature: v=1; a={key.algorithm}; c=relaxed/simple; d={key.domain}; "
        f"s={key.selector};",
        _LINE,
        subsequent_indent=" ",
        break_long_words=False,
        break_on_hyphens=False,
    )
    # Blanks between the names are for folding only.
    covered = wrap(
        f"h={': '.join([*names, *CLOSED])};",
        _LINE,
        initial_indent=" ",
        subsequent_indent=" ",
        break_on_hyphens=False,
    )
    lines = [*tags, *(line.replace(": ", ":") for line in covered)]
    name, _, value = " ".join(map(str.strip, lines)).partition(": ")
    return "\r\n".join(lines), f"{name.lower()}:{value}"


def _folded(base64: str) -> str:
    return "\r\n ".join(
        [base64[at : at + _BASE64_LINE] for at in range(0, len(base64), _BASE64_LINE)]
    )


# --- keys -----------------------------------------------------------------------------------


def load_keys(settings: Smtp, *, domain: str) -> tuple[Key, ...]:
    """Return the keys that the settings name, to sign for `domain` (A-labels).

    Raise `ConfigError` with every key file that cannot be used, or where the library that signs
    is missing.
    """
    keys: list[Key] = []
    problems: list[str] = []
    for selector, path in zip(settings.dkim_selector, settings.dkim_key_file, strict=True):
        try:
            keys.append(_key(path, selector, domain))
        except ConfigError as error:
            problems += error.problems
    if problems:
        raise ConfigError(*dict.fromkeys(problems))
    return tuple(keys)


def _key(path: Path, selector: str, domain: str) -> Key:
    try:
        from cryptography.exceptions import UnsupportedAlgorithm
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
        from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
        from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
        from cryptography.hazmat.primitives.hashes import SHA256
        from cryptography.hazmat.primitives.serialization import load_pem_private_key
    except ImportError:
        raise ConfigError(
            "[smtp] dkim_key_file: a library is missing that signs: run "
            "pip install 'trending-papers-digest[dkim]', or leave the keys to the relay"
        ) from None
    try:
        private = load_pem_private_key(path.read_bytes(), password=None)
    except OSError as error:
        raise _unusable(
            path, f"cannot be read ({error.strerror}): give it to the user that runs the service"
        ) from error
    except TypeError:  # so the library says that it wants a password
        raise _unusable(
            path, "is encrypted: write it without a passphrase, with `openssl pkey`"
        ) from None
    except (ValueError, UnsupportedAlgorithm):
        raise _unusable(
            path, "is not a private key in PEM: make one with `openssl genpkey`"
        ) from None
    match private:
        case Ed25519PrivateKey():
            # RFC 8463 section 3: what is signed is the hash.
            return Key(
                domain, selector, "ed25519-sha256", lambda data: private.sign(sha256(data).digest())
            )
        case RSAPrivateKey() if private.key_size >= SHORTEST_RSA:
            padding, algorithm = PKCS1v15(), SHA256()
            return Key(
                domain, selector, "rsa-sha256", lambda data: private.sign(data, padding, algorithm)
            )
        case RSAPrivateKey():
            raise _unusable(
                path, f"has {private.key_size} bits, too few for receivers: make one of 2048"
            )
        case _:
            raise _unusable(path, "is neither RSA nor Ed25519: make one of these")


def _unusable(path: Path, why: str) -> ConfigError:
    return ConfigError(f"[smtp] dkim_key_file: {path} {why} (see docs/howto/dkim.md)")
