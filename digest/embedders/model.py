"""The sentence model of a site, loaded when it is needed, and what comes in its place."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from threading import RLock
from typing import TypeVar

import numpy as np
import numpy.typing as npt

from digest.errors import EmbedderUnavailable
from digest.ports import Embedder

Floats = npt.NDArray[np.float32]
T = TypeVar("T")

log = logging.getLogger(__name__)


class Model:
    """An embedder that is loaded when it is first asked; thread-safe.

    One that cannot be loaded or fails is not asked again. That is said once, in one line: papers
    are then ranked by their words alone.
    """

    def __init__(self, load: Callable[[], Embedder]) -> None:
        self._load = load
        self._embedder: Embedder | None = None
        self._failed = False
        self._lock = RLock()

    @property
    def name(self) -> str | None:
        """Return what tells its vectors from those of other models, `None` where it fails."""
        return self._asked(lambda embedder: embedder.name)

    def embed(self, texts: Sequence[str]) -> Floats | None:
        """Return a row of unit length for each text, `None` where it fails.

        What is no number goes no further: a text that overflows (in half precision one may) has a
        row of zeros, and how many there are is said in one line.
        """
        rows = self._asked(lambda embedder: embedder.embed(texts))
        if rows is None:
            return None
        finite = np.all(np.isfinite(rows), axis=1)
        if finite.all():
            return rows
        log.warning(
            "the sentence model gives no numbers for %d of %d texts, "
            "which are known by their words alone",
            len(rows) - finite.sum(),
            len(rows),
        )
        return np.where(finite[:, None], rows, np.float32(0))

    def _asked(self, ask: Callable[[Embedder], T]) -> T | None:
        with self._lock:
            if self._failed:
                return None
            try:
                self._embedder = self._embedder or self._load()
                return ask(self._embedder)
            except EmbedderUnavailable as error:
                self._failed = True
                log.warning("%s; papers are ranked by their words alone", error)
                return None


class InMemory:
    """Sentence vectors that are kept for as long as the process lives."""

    def __init__(self, model: Model) -> None:
        self._model = model
        self._rows: dict[str, npt.NDArray[np.float16]] = {}

    def of_papers(self, texts: Sequence[str]) -> Floats | None:
        """Return a row of unit length for each paper, whose text is embedded only once."""
        fresh = [text for text in dict.fromkeys(texts) if text not in self._rows]
        if fresh:
            found = self._model.embed(fresh)
            if found is None:
                return None
            self._rows.update(zip(fresh, found.astype(np.float16), strict=True))
        return np.array([self._rows[text] for text in texts]).astype(np.float32)

    def of_words(self, texts: Sequence[str]) -> Floats | None:
        """Return a row for each text, of which nothing is kept."""
        return self._model.embed(texts)
