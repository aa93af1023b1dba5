"""Papers -> sentence vectors that are kept in the database: each text is embedded once."""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import blake2b
from typing import Self

import numpy as np

from digest.embedders.model import Floats, Model
from digest.store import Store

_CHUNK = 256  # texts that are embedded and written at a time: seconds of work
_KEPT = np.dtype("<f2")


class StoredEmbeddings:
    """What a ranker may ask of the sentence model of a site."""

    def __init__(self, store: Store, model: Model) -> None:
        self._store = store
        self._model = model

    def on(self, store: Store) -> Self:
        """Return the same with another store."""
        return type(self)(store, self._model)

    def of_papers(self, texts: Sequence[str]) -> Floats | None:
        """Return a row of unit length for each paper, `None` where there is no model.

        What a killed run had embedded is not embedded again.
        """
        name = self._model.name
        if name is None:
            return None
        keys = [blake2b(text.encode(), digest_size=16).digest() for text in texts]
        with self._store.read() as tx:
            known = tx.embeddings.many(dict.fromkeys(keys), model=name)
        fresh = {key: text for key, text in zip(keys, texts, strict=True) if key not in known}
        missing = list(fresh)
        for start in range(0, len(missing), _CHUNK):
            chunk = missing[start : start + _CHUNK]
            rows = self._model.embed([fresh[key] for key in chunk])
            if rows is None:
                return None
            made = {key: row.astype(_KEPT).tobytes() for key, row in zip(chunk, rows, strict=True)}
            with self._store.write() as tx:
                tx.embeddings.put(made, model=name)
            known |= made
        joined = b"".join(known[key] for key in keys)
        return np.frombuffer(joined, _KEPT).reshape(len(keys), -1).astype(np.float32)

    def of_words(self, texts: Sequence[str]) -> Floats | None:
        """Return a row for each text of a subscriber; none of them is kept."""
        return self._model.embed(texts)
