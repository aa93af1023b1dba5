"""A sentence model of a few words, as files: what an exporter writes, made here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers

UNKNOWN = "[UNK]"

ICE_AND_SAND = {
    **dict.fromkeys(["ice", "glaciers", "frozen", "polar"], (1.0, 0.0)),
    **dict.fromkeys(["sand", "dunes", "desert"], (0.0, 1.0)),
}


def write_model(
    folder: Path,
    meanings: Mapping[str, Sequence[float]] = ICE_AND_SAND,
    *,
    file: str = "model.onnx",
) -> Path:
    """Write a model that gives each token the vector of its word; return its folder."""
    words = {UNKNOWN: 0, **{word: number for number, word in enumerate(meanings, start=1)}}
    size = len(next(iter(meanings.values()))) + 1
    table = np.zeros((len(words), size), np.float32)
    table[0, -1] = 0.2  # what is unknown means something else, and not much
    for word, meaning in meanings.items():
        table[words[word], :-1] = meaning
    (folder / file).parent.mkdir(parents=True, exist_ok=True)
    ids, mask = (
        helper.make_tensor_value_info(name, TensorProto.INT64, ["batch", "tokens"])
        for name in ("input_ids", "attention_mask")
    )
    out = helper.make_tensor_value_info(
        "last_hidden_state", TensorProto.FLOAT, ["batch", "tokens", size]
    )
    graph = helper.make_graph(
        [helper.make_node("Gather", ["table", "input_ids"], ["last_hidden_state"])],
        "words",
        [ids, mask],
        [out],
        [numpy_helper.from_array(table, "table")],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)])
    model.ir_version = 8
    onnx.save(model, str(folder / file))
    tokenizer = Tokenizer(models.WordLevel(words, unk_token=UNKNOWN))
    tokenizer.normalizer = normalizers.Lowercase()
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    tokenizer.save(str(folder / "tokenizer.json"))
    return folder
