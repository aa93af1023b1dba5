"""Arrays by name <-> bytes: what was learned, to be kept; nothing in it can be run."""

from __future__ import annotations

import json
import zlib
from collections.abc import Mapping, Sequence
from io import BytesIO
from typing import Any
from zipfile import BadZipFile

import numpy as np
import numpy.typing as npt

Parts = Mapping[str, npt.NDArray[Any]]


def to_bytes(parts: Parts) -> bytes:
    """Return arrays in the form `.npz` of numpy."""
    file = BytesIO()
    np.savez_compressed(file, allow_pickle=False, **parts)
    return file.getvalue()


def from_bytes(kept: bytes) -> Parts:
    """Return the arrays of bytes; raise `ValueError` for what is damaged, or no plain values."""
    try:
        with np.load(BytesIO(kept), allow_pickle=False) as parts:
            return dict(parts)
    except (OSError, EOFError, BadZipFile, zlib.error) as error:
        raise ValueError(f"what was kept is damaged: {error}") from error


def under(name: str, parts: Parts) -> Parts:
    """Return the parts of something under its name."""
    return {f"{name}.{part}": array for part, array in parts.items()}


def within(name: str, parts: Parts) -> Parts:
    """Return those parts that stand under a name."""
    start = f"{name}."
    return {part.removeprefix(start): one for part, one in parts.items() if part.startswith(start)}


def of_texts(texts: Sequence[str]) -> npt.NDArray[np.uint8]:
    """Return texts as an array: a list in JSON."""
    return np.frombuffer(json.dumps(texts).encode(), np.uint8)


def texts_of(array: npt.NDArray[Any]) -> list[str]:
    """Return the texts of such an array."""
    texts: list[str] = json.loads(array.tobytes())
    return texts
