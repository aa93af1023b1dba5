"""Sentence models: the one door to ONNX Runtime, tokenizers and sentence-transformers."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache, partial

import numpy as np

from digest.embedders.files import folder_of, onnx_file
from digest.embedders.model import InMemory, Model
from digest.errors import EmbedderUnavailable
from digest.ports import Embedder

__all__ = ["InMemory", "Model", "in_environment", "load"]

_VARIABLE = "DIGEST_SEMANTIC__MODEL"


def load(model: str) -> Embedder:
    """Return the model of `[semantic] model`: a folder, an ONNX file, or a name.

    A name is that of an installed distribution that carries a model, or one that
    sentence-transformers knows. What has an ONNX file and a `tokenizer.json` is run with ONNX
    Runtime, anything else with sentence-transformers. Raises `EmbedderUnavailable`, also for one
    that gives no numbers for a plain sentence.
    """
    embedder = _loaded(model)
    if not np.isfinite(embedder.embed(["a sentence model"])).all():
        raise EmbedderUnavailable(f"the sentence model {model} gives no numbers")
    return embedder


def _loaded(model: str) -> Embedder:
    folder = folder_of(model)
    if folder is not None and (file := onnx_file(model, folder)) is not None:
        from digest.embedders.onnx import OnnxEmbedder

        return OnnxEmbedder(file)
    from digest.embedders.sentence import SentenceEmbedder

    return SentenceEmbedder.load(model, folder)


def in_environment(environ: Mapping[str, str]) -> InMemory | None:
    """Return the embeddings of the model that `DIGEST_SEMANTIC__MODEL` names, if it names one."""
    model = environ.get(_VARIABLE)
    return _in_memory(model) if model else None


@lru_cache(maxsize=1)
def _in_memory(model: str) -> InMemory:
    return InMemory(Model(partial(load, model)))
