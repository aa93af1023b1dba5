"""Sentence models of the library sentence-transformers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from hashlib import blake2b
from pathlib import Path
from typing import Any, Self

import numpy as np

from digest.embedders.files import first_line, not_imported
from digest.embedders.model import Floats
from digest.errors import EmbedderUnavailable


class SentenceEmbedder:
    """A model of sentence-transformers; `encode` is that of its class."""

    def __init__(self, name: str, encode: Callable[..., Any]) -> None:
        self._name = name
        self._encode = encode

    @classmethod
    def load(cls, model: str, folder: Path | None) -> Self:
        """Load a folder, or a model by its name; raise `EmbedderUnavailable`."""
        try:
            from sentence_transformers import SentenceTransformer
        except Exception as error:
            where = f"{folder} has no ONNX file" if folder else f'"{model}" is no folder'
            raise not_imported(
                error,
                ["sentence_transformers"],
                f"the sentence model {where}: name a folder that holds model.onnx and "
                "tokenizer.json, or pip install sentence-transformers",
            ) from error
        try:
            loaded = SentenceTransformer(str(folder or model), device="cpu")
            name = _name(loaded)
        except Exception as error:  # the library passes on what its parts raise
            raise EmbedderUnavailable(
                f"the sentence model {folder or model} cannot be loaded: {first_line(error)}"
            ) from error
        return cls(name, loaded.encode)

    @property
    def name(self) -> str:
        """Return a name of the weights and of how much is read of a text."""
        return self._name

    def embed(self, texts: Sequence[str]) -> Floats:
        """Return a row of unit length for each text; raise `EmbedderUnavailable`."""
        try:
            found = self._encode(list(texts), normalize_embeddings=True, show_progress_bar=False)
        except Exception as error:  # as above
            raise EmbedderUnavailable(
                f"the sentence model does not work: {first_line(error)}"
            ) from error
        return np.asarray(found, np.float32)


def _name(loaded: Any) -> str:
    # A vector would not do: its last digits are others where it is made with other threads.
    read = blake2b(f"{loaded} {loaded.max_seq_length}".encode(), digest_size=12)
    for weights in loaded.parameters():
        read.update(weights.detach().float().numpy().tobytes())
    return f"sentence-transformers-{read.hexdigest()}"
