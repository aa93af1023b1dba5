"""Sentence vectors: one row for each text, of one model at a time."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from sqlalchemy import Connection, select

from digest.store.rows import chunks, upsert
from digest.store.tables import embeddings


class Embeddings:
    """The sentence vectors of one transaction, by the hash of the text, 16 bytes."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def many(self, hashes: Iterable[bytes], *, model: str) -> dict[bytes, bytes]:
        """Return those vectors of a model that are known."""
        found: dict[bytes, bytes] = {}
        for chunk in chunks(hashes):
            rows = self._connection.execute(
                select(embeddings.c.text_hash, embeddings.c.vector).where(
                    embeddings.c.text_hash.in_(chunk), embeddings.c.model == model
                )
            )
            found.update((row.text_hash, row.vector) for row in rows)
        return found

    def put(self, vectors: Mapping[bytes, bytes], *, model: str) -> None:
        """Write vectors, in the place of those that another model made of the same texts."""
        new = upsert(self._connection, embeddings)
        # Somebody else may have written the same at once.
        written = new.on_conflict_do_update(
            index_elements=[embeddings.c.text_hash],
            set_={"model": new.excluded.model, "vector": new.excluded.vector},
        )
        for chunk in chunks(sorted(vectors)):
            self._connection.execute(
                written,
                [{"text_hash": key, "model": model, "vector": vectors[key]} for key in chunk],
            )
