"""Sentence models in the ONNX format."""

from __future__ import annotations

import json
from collections.abc import Sequence
from hashlib import blake2b
from pathlib import Path
from typing import Any

import numpy as np

from digest.embedders.files import first_line, not_imported, tokenizer_of
from digest.embedders.model import Floats
from digest.errors import EmbedderUnavailable

TOKENS = 128  # of a text that are read: twice as many cost twice the time and gain little
_BATCH = 8  # texts at a time: four times as many are no faster, and take 330 MB more


class OnnxEmbedder:
    """A model that takes token ids and gives a vector for each token, or one for the text.

    Of the tokens' vectors the mean is taken, or the first where `1_Pooling/config.json` of the
    model says so.
    """

    def __init__(self, file: Path) -> None:
        try:
            import onnxruntime
            from tokenizers import Tokenizer
        except Exception as error:
            raise not_imported(
                error,
                ["onnxruntime", "tokenizers"],
                "a sentence model needs pip install 'trending-papers-digest[semantic]'",
            ) from error
        tokenizer = tokenizer_of(file)
        assert tokenizer is not None
        try:
            content = file.read_bytes()
            self._tokenizer = Tokenizer.from_file(str(tokenizer))
            self._session = onnxruntime.InferenceSession(
                str(file), providers=["CPUExecutionProvider"]
            )
        except Exception as error:  # both libraries raise plain exceptions of many kinds
            raise EmbedderUnavailable(
                f"the sentence model {file} cannot be read: {first_line(error)}"
            ) from error
        self._tokenizer.enable_truncation(TOKENS)
        self._tokenizer.enable_padding()
        self._inputs = [one.name for one in self._session.get_inputs()]
        self._first = _takes_first(tokenizer.parent)
        self._name = f"onnx-{blake2b(content, digest_size=12).hexdigest()}-{TOKENS}"

    @property
    def name(self) -> str:
        """Return a name of the weights and of how much is read of a text."""
        return self._name

    def embed(self, texts: Sequence[str]) -> Floats:
        """Return a row of unit length for each text; raise `EmbedderUnavailable`."""
        # Texts of one length go together: the shorter ones of a batch are padded.
        order = sorted(range(len(texts)), key=lambda place: len(texts[place]))
        parts = [
            self._batch([texts[place] for place in order[start : start + _BATCH]])
            for start in range(0, len(order), _BATCH)
        ]
        if not parts:
            return np.zeros((0, 0), np.float32)
        rows = np.concatenate(parts)
        found = np.empty_like(rows)
        found[order] = rows
        return found

    def _batch(self, texts: Sequence[str]) -> Floats:
        encoded = self._tokenizer.encode_batch(list(texts))
        mask = np.array([one.attention_mask for one in encoded], np.int64)
        given: dict[str, Any] = {
            "input_ids": np.array([one.ids for one in encoded], np.int64),
            "attention_mask": mask,
            "token_type_ids": np.zeros_like(mask),
        }
        try:
            feed = {name: given[name] for name in self._inputs}
            out = np.asarray(self._session.run(None, feed)[0], np.float32)
        except Exception as error:  # as above; a model of another kind asks for other inputs
            raise EmbedderUnavailable(
                f"the sentence model does not work: {first_line(error)}"
            ) from error
        if out.ndim == 3 and self._first:
            out = out[:, 0]
        elif out.ndim == 3:
            out = (out * mask[:, :, None]).sum(axis=1) / np.maximum(mask.sum(axis=1), 1)[:, None]
        lengths = np.linalg.norm(out, axis=1, keepdims=True)
        unit: Floats = (out / np.maximum(lengths, 1e-12)).astype(np.float32)
        return unit


def _takes_first(folder: Path) -> bool:
    try:
        pooling = json.loads((folder / "1_Pooling" / "config.json").read_bytes())
    except (OSError, ValueError):
        return False
    return bool(pooling.get("pooling_mode_cls_token")) if isinstance(pooling, dict) else False
