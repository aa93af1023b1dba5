"""Sentence vectors in the database, and a site that has a model."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier

import numpy as np
import pytest

from digest.embedders import Model
from digest.embeddings import StoredEmbeddings
from digest.errors import EmbedderUnavailable
from digest.model import Fetched
from digest.store import Store
from digest.testing import FakeEmbedder, FakeSource
from tests.support.desk import CONFIG, Desk, desk
from tests.support.samples import paper
from tests.support.sentences import ICE_AND_SAND, write_model


def stored(store: Store, embedder: FakeEmbedder) -> StoredEmbeddings:
    return StoredEmbeddings(store, Model(lambda: embedder))


def test_a_paper_is_embedded_once_for_all_processes(store: Store) -> None:
    first, second = FakeEmbedder(ICE_AND_SAND), FakeEmbedder(ICE_AND_SAND)
    texts = ["ice", "sand", "ice", *(f"dunes {number}" for number in range(600))]
    found = stored(store, first).of_papers(texts)
    again = stored(store, second).of_papers(texts)
    assert sorted(first.asked) == sorted(set(texts))
    assert second.asked == []
    assert found is not None
    assert again is not None
    assert np.array_equal(found, again)
    assert np.array_equal(found[0], found[2])
    assert np.allclose(found, FakeEmbedder(ICE_AND_SAND).embed(texts), atol=1e-3)


def test_two_processes_may_keep_the_same_texts_at_once(store: Store) -> None:
    keys = [number.to_bytes(16, "big") for number in range(600)]
    start = Barrier(2)

    def keep(model: str) -> None:
        start.wait()
        with store.write() as tx:
            tx.embeddings.put(dict.fromkeys(keys, model.encode()), model=model)

    for _ in range(5):
        with ThreadPoolExecutor(2) as pool:
            list(pool.map(keep, ("one", "other")))
    with store.read() as tx:
        found = [tx.embeddings.many(keys, model=model) for model in ("one", "other")]
    assert sorted(map(len, found)) == [0, 600]


def test_the_vectors_of_another_model_are_replaced(store: Store) -> None:
    stored(store, FakeEmbedder(ICE_AND_SAND)).of_papers(["ice"])
    other = FakeEmbedder({"ice": (0.0, 0.0, 1.0)}, name="other")
    found = stored(store, other).of_papers(["ice"])
    assert found is not None
    assert found.shape == (1, 4)
    with store.read() as tx:
        key = next(iter(tx.embeddings.many(_keys("ice"), model="other")))
        assert tx.embeddings.many([key], model="fake-embedder") == {}


def test_a_text_that_overflows_is_asked_for_once_and_said_once(
    store: Store, caplog: pytest.LogCaptureFixture
) -> None:
    meanings = {**ICE_AND_SAND, "huge": (np.nan, 0.0)}
    first, second = FakeEmbedder(meanings), FakeEmbedder(meanings)
    with caplog.at_level("WARNING"):
        rows = [stored(store, one).of_papers(["ice", "huge"]) for one in (first, second)]
    for each in rows:
        assert each is not None
        assert np.isfinite(each).all()
        assert each.any(axis=1).tolist() == [True, False]
    assert second.asked == []
    assert len(caplog.messages) == 1


def test_words_of_a_subscriber_are_not_kept(store: Store) -> None:
    fake = FakeEmbedder(ICE_AND_SAND)
    embeddings = stored(store, fake)
    for _ in range(2):
        assert embeddings.of_words(["ice"]) is not None
    assert fake.asked == ["ice", "ice"]
    with store.read() as tx:
        assert tx.embeddings.many(_keys("ice"), model=fake.name) == {}


def test_a_model_that_breaks_keeps_what_it_had_made(store: Store) -> None:
    class Breaking(FakeEmbedder):
        def embed(self, texts):  # type: ignore[no-untyped-def]
            if self.asked:
                raise EmbedderUnavailable("out of memory")
            return super().embed(texts)

    texts = [f"ice {number}" for number in range(300)]
    assert stored(store, Breaking(ICE_AND_SAND)).of_papers(texts) is None
    fake = FakeEmbedder(ICE_AND_SAND)
    assert stored(store, fake).of_papers(texts) is not None
    assert 0 < len(fake.asked) < 300


def _keys(text: str) -> list[bytes]:
    from hashlib import blake2b

    return [blake2b(text.encode(), digest_size=16).digest()]


# --- a site -----------------------------------------------------------------------------------

FROZEN = paper("arxiv:2611.00001", title="Frozen valleys", abstract="Polar maps, once more.")
DESERT = paper("arxiv:2611.00002", title="Desert roads", abstract="Dunes along the way.")


@pytest.fixture
def at(tmp_path: Path) -> Desk:
    """Return a desk whose reader wants what no paper has a word of."""
    made = desk(tmp_path)
    others = [
        paper(f"arxiv:2611.{number:05}", title=f"Notes on topic{number}", abstract="Other things.")
        for number in range(100, 140)
    ]
    made.sources["journal"] = FakeSource(Fetched(papers=(FROZEN, DESERT, *others)))
    made.do("subscriber", "add", "ada@example.org", "--confirmed", "--keyword", "glaciers")
    return made


def _with_model(at: Desk, model: str) -> None:
    said = CONFIG.replace("error", "warning")
    at.config.write_text(f'{said}[semantic]\nmodel = "{model}"\n')


def test_a_site_with_a_model_finds_what_means_the_same(at: Desk) -> None:
    at.do("ingest")
    assert "Frozen valleys" not in at.do("preview", "ada@example.org", "--text").stdout
    write_model(at.folder / "mini")
    _with_model(at, "mini")  # relative to the configuration
    shown = at.do("preview", "ada@example.org", "--text").stdout
    assert 0 < shown.find("Frozen valleys") < shown.find("Desert roads")


def test_papers_are_embedded_when_they_come_in(at: Desk) -> None:
    write_model(at.folder / "mini")
    _with_model(at, "mini")
    report = at.ask("run")
    assert set(report["seconds"]) == {"ingest", "embed", "rank", "deliver"}
    assert report["sent"] == 1


def test_a_dry_run_with_a_model_writes_no_vectors(at: Desk) -> None:
    write_model(at.folder / "mini")
    _with_model(at, "mini")
    assert at.ask("run", "--dry-run")["planned"] == 1
    at.config.write_text(CONFIG)
    assert at.ask("status")["papers"] == 0
    assert at.ask("run")["sent"] == 0


def test_a_site_whose_model_is_missing_ranks_by_words(
    at: Desk, caplog: pytest.LogCaptureFixture
) -> None:
    _with_model(at, "/nowhere/mini")
    assert at.ask("run")["outcome"] != "failed"
    said = [one for one in caplog.messages if "sentence model" in one]
    assert said == [
        "there is no sentence model /nowhere/mini; papers are ranked by their words alone"
    ]
