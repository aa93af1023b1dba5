"""Sentence models: found, read, asked, and done without."""

from __future__ import annotations

import json
import logging
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from digest import embedders
from digest.embedders import InMemory, Model
from digest.embedders.sentence import SentenceEmbedder
from digest.errors import EmbedderUnavailable
from digest.ports import Embedder
from digest.testing import FakeEmbedder
from tests.support.sentences import write_model


def test_texts_that_mean_the_same_point_the_same_way(tmp_path: Path) -> None:
    model = embedders.load(str(write_model(tmp_path)))
    rows = model.embed(["Frozen polar", "ice", "the desert", "ice and ice and ice and much more"])
    assert rows.dtype == np.float32
    assert np.allclose(np.linalg.norm(rows, axis=1), 1)
    assert rows[0] @ rows[1] == pytest.approx(1)
    assert rows[0] @ rows[2] < 0.2
    assert model.embed([]).shape[0] == 0


def test_a_text_has_the_same_vector_whatever_it_comes_with(tmp_path: Path) -> None:
    model = embedders.load(str(write_model(tmp_path)))
    texts = [f"{'sand ' * (number % 7)} ice number {number}" for number in range(80)]
    together = model.embed(texts)
    alone = np.concatenate([model.embed([text]) for text in texts])
    assert np.allclose(together, alone, atol=1e-6)


def test_the_vector_of_the_first_token_is_taken_where_the_model_says_so(tmp_path: Path) -> None:
    write_model(tmp_path)
    (tmp_path / "1_Pooling").mkdir()
    said = json.dumps({"pooling_mode_cls_token": True})
    (tmp_path / "1_Pooling" / "config.json").write_text(said)
    rows = embedders.load(str(tmp_path)).embed(["ice sand sand sand", "ice"])
    assert rows[0] @ rows[1] == pytest.approx(1)


@pytest.mark.parametrize("file", ["model.onnx", "onnx/model.onnx", "model_quantized.onnx"])
def test_the_file_is_found_where_exporters_put_it(tmp_path: Path, file: str) -> None:
    folder = write_model(tmp_path / "mini", file=file)
    by_folder = embedders.load(str(folder))
    by_file = embedders.load(str(folder / file))
    assert by_folder.name == by_file.name


def test_a_model_that_gives_no_numbers_is_refused(tmp_path: Path) -> None:
    folder = write_model(tmp_path, {"sentence": (np.nan, 0.0)})
    with pytest.raises(EmbedderUnavailable, match=r"the sentence model .* gives no numbers"):
        embedders.load(str(folder))


def test_other_weights_have_another_name(tmp_path: Path) -> None:
    one = embedders.load(str(write_model(tmp_path / "one")))
    same = embedders.load(str(write_model(tmp_path / "same")))
    other = embedders.load(str(write_model(tmp_path / "other", {"ice": (0.5, 0.5)})))
    assert one.name == same.name != other.name


def test_a_model_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(EmbedderUnavailable, match=r"there is no sentence model .*gone"):
        embedders.load(str(tmp_path / "gone"))
    with pytest.raises(EmbedderUnavailable, match=r"there is no sentence model gone\.onnx"):
        embedders.load("gone.onnx")


def test_a_model_without_its_tokenizer_says_what_is_missing(tmp_path: Path) -> None:
    (write_model(tmp_path / "deep" / "er") / "tokenizer.json").unlink()
    with pytest.raises(EmbedderUnavailable, match=r"has no tokenizer\.json beside it"):
        embedders.load(str(tmp_path / "deep" / "er"))


@pytest.mark.parametrize("missing", ["", "model.onnx", "tokenizer.json"])
def test_a_distribution_that_carries_a_model_is_searched_for_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, missing: str
) -> None:
    folder = write_model(tmp_path / "mini" / "model")
    (tmp_path / "mini_model-1.dist-info").mkdir()
    files = [name for name in ("model.onnx", "tokenizer.json") if name != missing]
    record = "".join(f"mini/model/{name},,\n" for name in files)
    (tmp_path / "mini_model-1.dist-info" / "RECORD").write_text(record)
    (tmp_path / "mini_model-1.dist-info" / "METADATA").write_text("Name: mini-model\nVersion: 1\n")
    monkeypatch.syspath_prepend(tmp_path)
    if not missing:
        assert embedders.load("mini-model").name == embedders.load(str(folder)).name
        return
    (folder / missing).unlink()
    said = {"model.onnx": "model has no ONNX file: ", "tokenizer.json": "model.onnx has no tokeni"}
    with pytest.raises(EmbedderUnavailable, match=said[missing]):
        embedders.load("mini-model")


@pytest.mark.parametrize("file", ["model.onnx", "tokenizer.json"])
def test_a_file_that_cannot_be_read_is_said_in_one_line(tmp_path: Path, file: str) -> None:
    (write_model(tmp_path) / file).write_bytes(b"not a model")
    with pytest.raises(EmbedderUnavailable, match="cannot be read") as caught:
        embedders.load(str(tmp_path))
    assert "\n" not in str(caught.value)


def test_a_folder_without_an_onnx_file_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(EmbedderUnavailable, match="has no ONNX file: name a folder that holds"):
        embedders.load(str(tmp_path))
    with pytest.raises(EmbedderUnavailable, match="is no folder: name a folder that holds"):
        embedders.load("all-MiniLM-L6-v2")


# What an import of a library says that is there and does not work, and of one that is not there.
BROKEN = {
    "libgomp.so.1: cannot open": "raise ImportError('libgomp.so.1: cannot open\\nand more')",
    "it wants another version": "raise RuntimeError('it wants another version')",
    "No module named 'what_it_needs'": "import what_it_needs",
}


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str, str], None]:
    """Return what installs another library of that name, of which the code is given."""

    def install(name: str, code: str) -> None:
        folder = tmp_path / "installed"
        folder.mkdir(exist_ok=True)
        (folder / f"{name}.py").write_text(code)
        monkeypatch.syspath_prepend(folder)
        # So that whatever is imported now is forgotten when the test is over.
        monkeypatch.setitem(sys.modules, name, ModuleType(name))
        del sys.modules[name]

    return install


@pytest.mark.parametrize("said", BROKEN)
@pytest.mark.parametrize("library", ["onnxruntime", "tokenizers"])
def test_a_library_that_cannot_be_imported_is_said_in_one_line(
    tmp_path: Path, installed: Callable[[str, str], None], library: str, said: str
) -> None:
    folder = write_model(tmp_path)
    installed(library, BROKEN[said])
    with pytest.raises(EmbedderUnavailable) as caught:
        embedders.load(str(folder))
    assert "needs onnxruntime and tokenizers, which cannot be imported: " in str(caught.value)
    assert str(caught.value).endswith(said)


@pytest.mark.parametrize("said", BROKEN)
def test_a_broken_sentence_transformers_is_said_in_one_line(
    installed: Callable[[str, str], None], said: str
) -> None:
    installed("sentence_transformers", BROKEN[said])
    with pytest.raises(EmbedderUnavailable) as caught:
        embedders.load("all-MiniLM-L6-v2")
    assert "needs sentence_transformers, which cannot be imported: " in str(caught.value)
    assert str(caught.value).endswith(said)


def test_a_model_of_sentence_transformers_that_breaks_at_once_is_said_in_one_line(
    installed: Callable[[str, str], None],
) -> None:
    installed(
        "sentence_transformers",
        "class SentenceTransformer:\n"
        "    def __init__(self, name, device): pass\n"
        "    def parameters(self): return []\n"
        "    max_seq_length = 256\n"
        "    def encode(self, texts, **options): raise RuntimeError('out of memory')\n",
    )
    with pytest.raises(EmbedderUnavailable, match="does not work: out of memory"):
        embedders.load("all-MiniLM-L6-v2")


# A library whose sums differ in their last digits, as they do with another number of threads.
WAVERING = """
import numpy as np

noise = 0.0

class Weights:
    def __init__(self, values): self.values = values
    def detach(self): return self
    def float(self): return self
    def numpy(self): return np.array(self.values, np.float32)

class SentenceTransformer:
    max_seq_length = 256
    def __init__(self, name, device): self.weight = float(name == "other")
    def __repr__(self): return "SentenceTransformer()"
    def parameters(self): return [Weights([self.weight, 2.0])]
    def encode(self, texts, **options):
        global noise
        noise += 1e-6
        return np.full((len(texts), 1), 1 - noise, np.float32)
"""


def test_a_model_of_sentence_transformers_is_known_by_its_weights(
    installed: Callable[[str, str], None],
) -> None:
    installed("sentence_transformers", WAVERING)
    one, again, other = (embedders.load(name).name for name in ("one", "one", "other"))
    assert one == again != other


def test_a_library_that_is_not_installed_says_what_to_install(
    tmp_path: Path, installed: Callable[[str, str], None]
) -> None:
    folder = write_model(tmp_path)
    missing = "raise ModuleNotFoundError('No module named onnxruntime', name='onnxruntime')"
    installed("onnxruntime", missing)
    with pytest.raises(EmbedderUnavailable, match="needs pip install"):
        embedders.load(str(folder))


def test_a_model_of_sentence_transformers_is_asked_for_unit_vectors() -> None:
    def encode(texts: list[str], **options: Any) -> Any:
        assert options["normalize_embeddings"]
        return np.ones((len(texts), 1))

    assert SentenceEmbedder("one", encode).embed(["a", "b"]).tolist() == [[1], [1]]

    def broken(texts: list[str], **options: Any) -> Any:
        raise RuntimeError("out of memory\nand much more")

    with pytest.raises(EmbedderUnavailable, match=r"does not work: out of memory$"):
        SentenceEmbedder("one", broken).embed(["a"])


# --- the model of a site --------------------------------------------------------------------


def test_a_model_is_loaded_when_it_is_first_asked() -> None:
    loaded = []

    def load() -> Embedder:
        loaded.append(1)
        return FakeEmbedder({"ice": (1.0,)})

    model = Model(load)
    assert loaded == []
    assert model.name == "fake-embedder"
    assert model.embed(["ice"]) is not None
    assert loaded == [1]


def test_a_missing_model_is_said_once_in_one_line(caplog: pytest.LogCaptureFixture) -> None:
    tries = []

    def load() -> Embedder:
        tries.append(1)
        raise EmbedderUnavailable("there is no sentence model x")

    model = Model(load)
    with caplog.at_level(logging.WARNING):
        assert model.name is None
        assert model.embed(["ice"]) is None
        assert InMemory(model).of_papers(["ice"]) is None
        assert InMemory(model).of_words(["ice"]) is None
    assert caplog.messages == [
        "there is no sentence model x; papers are ranked by their words alone"
    ]
    assert tries == [1]


def test_each_paper_is_embedded_once() -> None:
    fake = FakeEmbedder({"ice": (1.0, 0.0), "sand": (0.0, 1.0)})
    kept = InMemory(Model(lambda: fake))
    first = kept.of_papers(["ice", "sand", "ice"])
    second = kept.of_papers(["sand"])
    assert fake.asked == ["ice", "sand"]
    assert first is not None
    assert second is not None
    assert np.array_equal(first[1], second[0])
    kept.of_words(["sand"])
    assert fake.asked == ["ice", "sand", "sand"]


def test_a_text_that_overflows_says_nothing_and_the_others_stay(
    caplog: pytest.LogCaptureFixture,
) -> None:
    fake = FakeEmbedder({"ice": (1.0, 0.0), "huge": (np.nan, 0.0)})
    kept = InMemory(Model(lambda: fake))
    with caplog.at_level(logging.WARNING):
        rows = kept.of_papers(["ice", "huge", "huge ice"])
        kept.of_papers(["huge"])
    assert rows is not None
    assert rows.tolist() == [[1, 0, 0], [0, 0, 0], [0, 0, 0]]
    assert caplog.messages == [
        "the sentence model gives no numbers for 2 of 3 texts, which are known by their words alone"
    ]


def test_the_environment_names_a_model(tmp_path: Path) -> None:
    folder = str(write_model(tmp_path))
    found = embedders.in_environment({"DIGEST_SEMANTIC__MODEL": folder})
    assert found is not None
    assert found is embedders.in_environment({"DIGEST_SEMANTIC__MODEL": folder})
    assert found.of_papers(["ice"]) is not None
    assert embedders.in_environment({}) is None
    assert embedders.in_environment({"DIGEST_SEMANTIC__MODEL": ""}) is None
