"""What papers are about: learned from the archive, kept beside it, and held in memory to search."""

from __future__ import annotations

import logging
from dataclasses import dataclass, field
from threading import Lock

import numpy as np
import numpy.typing as npt

from digest.ports import Clock
from digest.ranking.latent import Latent
from digest.store import Store, Transaction

log = logging.getLogger(__name__)

FEWEST = 500  # papers that something can be learned from
SAMPLE = 12_000  # papers; more teach little more
_GROWTH = 2  # times as many papers as when it was learned: then it is learned anew
_CHUNK = 1000

# Vectors that stand apart take several times as long to fetch as those in a row; where it is a
# larger share of all than this, all are compared.
_FEW = 0.1

Floats = npt.NDArray[np.float32]
Indices = npt.NDArray[np.int64]


def update(store: Store, clock: Clock) -> int:
    """Learn what papers are about, if it is time to, and find the place of each new one.

    Return how many were placed. Each thousand is committed by itself: killed, it goes on there.
    """
    with store.read() as tx:
        newest = tx.spaces.newest()
        papers = tx.papers.count()
        outgrown = newest is None or (newest[1] < SAMPLE and papers >= _GROWTH * newest[1])
        sample = tx.spaces.sample(SAMPLE) if outgrown and papers >= FEWEST else []
        kept = tx.spaces.content(newest[0]) if newest is not None and not sample else b""
    if sample:
        latent = Latent.learn(sample)
        with store.write() as tx:
            space = tx.spaces.replace(latent.to_bytes(), papers=papers, now=clock.now())
        log.info("learned from %d papers what all %d are about", len(sample), papers)
    elif newest is not None:
        space, latent = newest[0], Latent.from_bytes(kept)
    else:
        return 0
    placed = 0
    while True:
        with store.read() as tx:
            rows = tx.spaces.missing(space, limit=_CHUNK)
        if not rows:
            return placed
        vectors = latent.vectors([(title, abstract) for _, title, abstract in rows])
        packed = [vector.tobytes() for vector in vectors.astype("<f2")]
        with store.write() as tx:
            if tx.spaces.newest() != (newest if not sample else (space, papers)):
                return placed  # somebody else has learned it anew meanwhile
            if tx.spaces.reach(space) < rows[0][0]:
                ids = [row for row, *_ in rows]
                tx.spaces.put(space, zip(ids, packed, strict=True))
                placed += len(rows)


@dataclass(frozen=True, slots=True, eq=False)
class Places:
    """The papers whose places are known: their rows, in order, and a vector of length one each."""

    rows: Indices
    vectors: Floats

    def cosines(self, vector: Floats, among: Indices | None = None) -> Floats:
        """Return how close each paper is to a vector of length one, or those at some indices."""
        few = among is not None and len(among) < _FEW * len(self.rows)
        # BLAS would ask every core to help, and wait for those that send mail.
        found: Floats = np.einsum("ij,j->i", self.vectors[among] if few else self.vectors, vector)
        return found if few or among is None else found[among]

    def where(self, rows: Indices) -> Indices:
        """Return the indices of those rows that have a place."""
        return where(self.rows, rows)


def where(ordered: Indices, wanted: Indices) -> Indices:
    """Return the indices of those numbers that are among others, which are in order."""
    if not len(ordered):
        return np.empty(0, np.int64)
    found = np.minimum(np.searchsorted(ordered, wanted), len(ordered) - 1)
    there: Indices = found[ordered[found] == wanted]
    return there


NOWHERE = Places(np.empty(0, np.int64), np.zeros((0, 1), np.float32))


@dataclass
class Meanings:
    """The places of all papers, in memory (400 bytes each), with what has come in; thread-safe."""

    _space: int = 0
    _places: Places = NOWHERE
    _lock: Lock = field(default_factory=Lock)

    def places(self, tx: Transaction) -> Places:
        """Return the places as they are now."""
        newest = tx.spaces.newest()
        if newest is None:
            return NOWHERE
        with self._lock:
            if newest[0] != self._space:
                self._space, self._places = newest[0], NOWHERE
            known = int(self._places.rows[-1]) if len(self._places.rows) else 0
            if tx.spaces.reach(self._space) > known:
                more = tx.spaces.vectors(self._space, after=known)
                rows = np.array([row for row, _ in more], np.int64)
                packed = np.frombuffer(b"".join(vector for _, vector in more), "<f2")
                vectors = packed.reshape(len(more), -1).astype(np.float32)
                if known:
                    rows = np.concatenate([self._places.rows, rows])
                    vectors = np.concatenate([self._places.vectors, vectors])
                self._places = Places(rows, vectors)
            return self._places
