"""Lists of authors as sources write them -> names."""

from __future__ import annotations

import re
from collections.abc import Iterable

from digest.sources.cleaning import clean

_INITIALS = re.compile(r"(?:[A-Z]\.?[\s-]*){1,5}")
_SUFFIX = re.compile(r"(?:jr|sr|ii|iii|iv|ph\.?d|m\.?d)\.?", re.IGNORECASE)
_ADDRESS = re.compile(r"<?[^\s<>()]+@[^\s<>()]+>?")


def names(given: Iterable[str]) -> tuple[str, ...]:
    """Return the names in one or more author fields, each name once, in order.

    One field may hold "A B, C D and E F", "Last, F. M.; Last, F." or "Last, F., Last, F.".
    """
    found: dict[str, None] = {}
    for field in given:
        for name in _split(clean(field)):
            if name:
                found[name] = None
    return tuple(found)


def _split(field: str) -> list[str]:
    field = _ADDRESS.sub("", field).strip()
    if field.startswith("(") and field.endswith(")"):  # RSS: address (Name)
        field = field[1:-1]
    if ";" in field:
        return [_turned(part) for part in field.split(";")]
    parts = _outside_brackets(field)
    if len(parts) == 1:
        return [_trimmed(part) for part in re.split(r"\s+and\s+", field)]
    if len(parts) % 2 == 0 and all(_INITIALS.fullmatch(part) for part in parts[1::2]):
        pairs = zip(parts[::2], parts[1::2], strict=True)
        return [f"{first} {last}" for last, first in pairs]
    people: list[str] = []
    for part in parts:
        name = re.sub(r"^and\s+", "", part)
        if people and _SUFFIX.fullmatch(name):
            people[-1] += f" {name}"
        else:
            people += re.split(r"\s+and\s+", name)
    return [_trimmed(name) for name in people]


def _outside_brackets(field: str) -> list[str]:
    """Split at commas, but not inside "(for the A, B Collaboration)"."""
    return [part.strip() for part in re.split(r",(?![^()]*\))", field) if part.strip()]


def _turned(name: str) -> str:
    """Return "First Last" for "Last, First"."""
    last, comma, first = name.partition(",")
    return _trimmed(f"{first} {last}" if comma else name)


def _trimmed(name: str) -> str:
    """Return a name without its affiliation in brackets."""
    return " ".join(re.sub(r"\s*\([^()]*\)\s*$", "", name).split()) or name.strip()
