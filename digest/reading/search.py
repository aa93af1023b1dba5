"""Words -> papers: those that have them, and those that are about the same."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from digest.model import Hit, Words
from digest.reading.meaning import Floats, Indices, Places, where
from digest.reading.query import is_plain
from digest.store import Transaction

MOST = 300  # papers that a search finds

# What the first papers have in common stands for what was meant (pseudo-relevance feedback).
_FIRST = 30
_MEANT = 1.5  # what a cosine with it counts beside the best of the texts, which counts 1

_LIKE_ENOUGH = 0.35  # cosine from which on a paper is called similar


def search(
    tx: Transaction,
    places: Places,
    asked: Sequence[Words],
    *,
    category: str = "",
    among: Indices | None = None,
) -> list[int]:
    """Return the rows of the papers that fit best, the best first.

    `among` is where the papers of the category are among the places, if there is one.

    A paper has `score of its text / best of them + 1.5 * cosine` with the 30 first by text, each
    of which counts as its text does. Papers without the words are only among them where no
    field is named, nothing is excluded and nothing stands in quotation marks.
    """
    hits = tx.search.all_of(asked, category=category, limit=MOST)
    if len(hits) < _FIRST and len(asked) > 1 and is_plain(asked):
        known = {hit.paper_id for hit in hits}
        others = tx.search.any_of(asked, category=category, limit=MOST)
        hits += [hit for hit in others if hit.paper_id not in known][: MOST - len(hits)]
    if not hits:
        return []
    rows = np.array([hit.paper_id for hit in hits], np.int64)
    scores = _shares(hits)
    if not is_plain(asked):
        among = np.sort(places.where(rows))
    found = _blended(places, rows, scores, among)
    return [int(row) for row in found[:MOST]]


def similar(places: Places, row: int, *, limit: int) -> list[int]:
    """Return the rows of the papers that are most like one, the closest first."""
    place = places.where(np.array([row], np.int64))
    if not len(place):
        return []
    cosines = places.cosines(places.vectors[place[0]])
    cosines[place[0]] = -1
    best = _best(cosines, limit)
    return [int(places.rows[one]) for one in best if cosines[one] >= _LIKE_ENOUGH]


def _shares(hits: Sequence[Hit]) -> Floats:
    scores = np.array([max(hit.score, 1e-6) for hit in hits], np.float32)
    shares: Floats = scores / scores.max()
    return shares


def _blended(places: Places, rows: Indices, scores: Floats, among: Indices | None) -> Indices:
    by_row = dict(zip(rows.tolist(), scores.tolist(), strict=True))
    first = places.where(rows[:_FIRST])
    if not len(first):
        return rows
    weights = np.array([by_row[int(row)] for row in places.rows[first]], np.float32)
    meant = weights @ places.vectors[first]
    meant /= max(float(np.linalg.norm(meant)), 1e-6)
    compared = places.rows if among is None else places.rows[among]
    blend = np.float32(_MEANT) * places.cosines(meant, among)
    known = where(compared, np.sort(rows))
    blend[known] += np.array([by_row[int(row)] for row in compared[known]], np.float32)
    found = compared[_best(blend, MOST)]
    # What has come in since places were found has its words alone to speak for it.
    placeless = rows[~np.isin(rows, compared[known])]
    return np.concatenate([found[: MOST - len(placeless)], placeless])


def _best(values: Floats, number: int) -> Indices:
    """Return where the largest values are, the largest first."""
    number = min(number, len(values))
    if not number:
        return np.empty(0, np.int64)
    best = np.argpartition(-values, number - 1)[:number]
    return best[np.argsort(-values[best], kind="stable")]
