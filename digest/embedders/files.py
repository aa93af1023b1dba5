"""Where a sentence model lies."""

from __future__ import annotations

import re
from collections.abc import Sequence
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

from digest.errors import EmbedderUnavailable

TOKENIZER = "tokenizer.json"

# As the exporters of Hugging Face name it; of several, the plain one.
_PLACES = ("model.onnx", "onnx/model.onnx")
_DISTRIBUTION = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")


def folder_of(model: str) -> Path | None:
    """Return the folder of a model that is here, `None` for the name of one that is not.

    Raises `EmbedderUnavailable` for a path where nothing is.
    """
    path = Path(model).expanduser()
    if path.is_dir():
        return path
    if path.is_file():
        return path.parent
    if path.is_absolute() or model.startswith((".", "~")) or path.suffix == ".onnx":
        raise EmbedderUnavailable(f"there is no sentence model {path}")
    return _carried(model) if _DISTRIBUTION.fullmatch(model) else None


def onnx_file(model: str, folder: Path) -> Path | None:
    """Return the ONNX file of a model whose tokenizer is there too, `None` where it has none."""
    named = Path(model).expanduser()
    if named.suffix == ".onnx":
        found = named
    else:
        usual = [folder / place for place in _PLACES if (folder / place).is_file()]
        others = usual or sorted(folder.glob("*.onnx")) or sorted(folder.glob("onnx/*.onnx"))
        if not others:
            return None
        found = others[0]
    if tokenizer_of(found) is None:
        raise EmbedderUnavailable(
            f"the sentence model {found} has no {TOKENIZER} beside it: put the model's own there"
        )
    return found


def tokenizer_of(model: Path) -> Path | None:
    """Return the tokenizer of an ONNX file: beside it, or a folder higher."""
    for folder in (model.parent, model.parent.parent):
        if (folder / TOKENIZER).is_file():
            return folder / TOKENIZER
    return None


def first_line(error: Exception) -> str:
    """Return what a library says of an error, on one line."""
    return str(error).partition("\n")[0] or type(error).__name__


def not_imported(error: Exception, libraries: Sequence[str], advice: str) -> EmbedderUnavailable:
    """Return what to say where an import failed: `advice` if one of the libraries is not there.

    One that is there may fail with any error: a part of it is missing, or of another version.
    """
    if isinstance(error, ModuleNotFoundError) and error.name in libraries:
        return EmbedderUnavailable(advice)
    return EmbedderUnavailable(
        f"a sentence model needs {' and '.join(libraries)}, which cannot be imported: "
        f"{first_line(error)}"
    )


def _carried(name: str) -> Path | None:
    """Return the folder in an installed distribution that holds a tokenizer, else a model."""
    try:
        files = distribution(name).files or []
    except PackageNotFoundError:
        return None
    found = [file for file in files if file.name == TOKENIZER or file.suffix == ".onnx"]
    found.sort(key=lambda file: file.name != TOKENIZER)
    places = [Path(str(file.locate())).parent for file in found]
    return next((place for place in places if place.is_dir()), None)
