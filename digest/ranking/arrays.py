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

Arrays = Mapping[str, npt.NDArray[Any]]


def to_bytes(arrays: Arrays) -> bytes:
    """Return arrays in the form `.npz` of numpy."""
    file = BytesIO()
    np.savez_compressed(file, allow_pickle=False, **arrays)
    return file.getvalue()


def from_bytes(kept: bytes) -> Arrays:
    """Return the arrays of bytes; raise `ValueError` for what is damaged, or no plain values."""
    try:
        with np.load(BytesIO(kept), allow_pickle=False) as arrays:
            return dict(arrays)
    except (OSError, EOFError, BadZipFile, zlib.error) as error:
        raise ValueError(f"what was kept is damaged: {error}") from error


def under(name: str, arrays: Arrays) -> Arrays:
    """Return the arrays of something under its name."""
    return {f"{name}.{one}": array for one, array in arrays.items()}


def within(name: str, arrays: Arrays) -> Arrays:
    """Return those arrays that stand under a name."""
    start = f"{name}."
    return {
        one.removeprefix(start): array for one, array in arrays.items() if one.startswith(start)
    }


def of_texts(texts: Sequence[str]) -> npt.NDArray[np.uint8]:
    """Return texts as an array: a list in JSON."""
    return np.frombuffer(json.dumps(texts).encode(), np.uint8)


def texts_of(array: npt.NDArray[Any]) -> list[str]:
    """Return the texts of such an array."""
    texts: list[str] = json.loads(array.tobytes())
    return texts
