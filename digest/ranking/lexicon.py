"""Papers -> TF-IDF vectors of their terms."""

from __future__ import annotations

import unicodedata
from array import array
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import count
from typing import Self

import numpy as np
import numpy.typing as npt
from scipy import sparse

from digest.ranking.arrays import Arrays, of_texts, texts_of
from digest.ranking.terms import Spelling, word_start
from digest.ranking.text import WORD, is_silent, stemmed, words

_MAX_FEATURES = 200_000
_SMALL_CORPUS = 200  # below it, rare words are kept: two papers cannot be expected to share them
_DOUBTED = 20  # papers of a usual word that stand beside those that are seen of each
_TELLING = 0.4  # how well a term must name a subject, beside the usual one

# Instead of the number of a stem: of a word that tells nothing, and between two stretches of text
# or in the place of an unknown word. No pair of words reaches across the latter.
_SILENT, _BREAK = -2, -1

Numbers = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class _Read:
    """Papers word by word: each has its title twice and its abstract, and a 0 after each of them.

    `places` are those of the words among all different `words`, from 1 on. A paper has `lengths` of
    them, which begin with the `titles` of its title.
    """

    words: Sequence[str]
    places: npt.NDArray[np.int32]
    lengths: Numbers
    titles: Numbers

    @classmethod
    def of(cls, documents: Sequence[tuple[str, str]]) -> Self:
        """Read (title, abstract) pairs."""
        known: defaultdict[str, int] = defaultdict(count(1).__next__)
        place = known.__getitem__
        places = array("i")
        lengths, titles = array("q"), array("q")
        for title, abstract in documents:
            before = len(places)
            heading = array("i", map(place, words(title)))
            titles.append(len(heading))
            heading.append(0)
            places += heading
            places += heading
            places.extend(map(place, words(abstract)))
            places.append(0)
            lengths.append(len(places) - before)
        return cls(
            list(known),
            np.array(places, np.int32),
            np.array(lengths, np.int64),
            np.array(titles, np.int64),
        )

    @property
    def rows(self) -> npt.NDArray[np.int32]:
        """Return the paper in which each place stands."""
        return np.repeat(np.arange(len(self.lengths), dtype=np.int32), self.lengths)

    @property
    def titled(self) -> npt.NDArray[np.bool_]:
        """Return which places stand in a title, where it is read first."""
        begins = np.cumsum(self.lengths) - self.lengths
        own = np.arange(len(self.places)) - np.repeat(begins, self.lengths)
        found: npt.NDArray[np.bool_] = own < np.repeat(self.titles, self.lengths)
        return found


class Lexicon:
    """Words and pairs of words with their weights, learned from a corpus.

    Snowball stems and pairs of neighbouring stems without stop words, the title counted twice,
    `(1 + ln tf) * (ln((1 + n) / (1 + df)) + 1)`, rows of unit length. Terms of one paper only or
    of more than a tenth of all are left out, and at most 200,000 are kept.

    `naming` says of each how well it names what a paper is about (0..1): how many of the papers
    that have the word say it in their title, beside the usual word. Less than 0.4 of that, as
    "superior" and "manner" have, counts as 0. Twenty papers of a usual word are added to those of
    each, so that nothing is held against a rare one. A pair is as good as the weaker of its words,
    or as titles make it.
    """

    def __init__(self) -> None:
        self._ids: dict[str, int] = {}  # stem -> number
        self._known: dict[str, int] = {}  # word -> number of its stem
        self._codes: Numbers = np.empty(0, np.int64)  # sorted; index = column
        self._idf: npt.NDArray[np.float32] = np.empty(0, np.float32)
        self.naming: npt.NDArray[np.float32] = np.empty(0, np.float32)

    @classmethod
    def fit(cls, documents: Sequence[tuple[str, str]]) -> tuple[Self, sparse.csr_array]:
        """Learn from (title, abstract) pairs; return the lexicon and their vectors."""
        self = cls()
        read = _Read.of(documents)
        telling = [word for word in read.words if not is_silent(word)]
        self._known = dict.fromkeys(read.words, _SILENT)
        for word, stem in zip(telling, stemmed(telling), strict=True):
            self._known[word] = self._ids.setdefault(stem, len(self._ids))
        numbers = np.array([_BREAK, *self._known.values()], np.int64)[read.places]
        rows, codes = self._terms(read.rows, numbers)
        found, columns = np.unique(codes, return_inverse=True)
        del codes
        counts = _counts(rows, columns, (len(documents), len(found)))
        frequency = np.bincount(counts.indices, minlength=len(found))
        keep = _kept(frequency, counts, len(documents))
        self._codes = found[keep]
        idf = np.log((1 + len(documents)) / (1 + frequency[keep])) + 1
        self._idf = idf.astype(np.float32)
        rows, codes = self._terms(read.rows, np.where(read.titled, numbers, _BREAK))
        named = np.unique(rows * np.int64(len(found)) + np.searchsorted(found, codes))
        named = np.bincount(named % max(1, len(found)), minlength=len(found))
        self.naming = self._naming(found, named, frequency)[keep]
        return self, self._weigh(sparse.csr_array(counts[:, keep]))

    def arrays(self) -> Arrays:
        """Return what is to be kept."""
        return {
            "stems": of_texts(list(self._ids)),
            "words": of_texts(list(self._known)),
            "numbers": np.array(list(self._known.values()), np.int32),
            "codes": self._codes,
            "idf": self._idf,
            "naming": self.naming,
        }

    @classmethod
    def of_arrays(cls, kept: Arrays) -> Self:
        """Return what was kept."""
        self = cls()
        self._ids = {stem: number for number, stem in enumerate(texts_of(kept["stems"]))}
        self._known = dict(zip(texts_of(kept["words"]), kept["numbers"].tolist(), strict=True))
        self._codes, self._idf, self.naming = kept["codes"], kept["idf"], kept["naming"]
        return self

    @property
    def size(self) -> int:
        """Return the number of terms, which is the length of a vector."""
        return len(self._codes)

    def vectors(self, documents: Sequence[tuple[str, str]]) -> sparse.csr_array:
        """Return one row of unit length for each (title, abstract), zero if nothing is known."""
        read = _Read.of(documents)
        numbers = np.array([_BREAK, *self._numbers(read.words)], np.int64)[read.places]
        rows, codes = self._terms(read.rows, numbers)
        columns, hits = self._columns(codes)
        return self._weigh(_counts(rows[hits], columns[hits], (len(documents), self.size)))

    def coverage(self, text: str) -> float:
        """Return the share of the telling words of `text` that occur in the corpus."""
        numbers = np.array(self._numbers(words(text)), np.int64)
        _, known = self._columns(numbers[numbers != _SILENT])
        return float(known.mean()) if len(known) else 0.0

    def spelling(self, title: str, abstract: str) -> Spelling:
        """Return how a paper writes its terms."""
        abstract, title = (
            unicodedata.normalize("NFC", " ".join(text.split())) for text in (abstract, title)
        )
        found = array("q")
        for text, shift in ((abstract, 0), (title, len(abstract) + 1)):
            before: tuple[int, int] | None = None  # number of the last telling word, and its start
            for match in WORD.finditer(text):
                number = self._number(match[0])
                if number == _SILENT:
                    continue
                if number == _BREAK:
                    before = None
                    continue
                start, end = match.span()
                start = word_start(text, start)
                found.extend((number, shift + start, shift + end))
                if before is not None:
                    code = (before[0] + 1) * len(self._ids) + number
                    found.extend((code, shift + before[1], shift + end))
                before = (number, start)
        spans = np.array(found, np.int64).reshape(-1, 3)
        columns, hits = self._columns(spans[:, 0])
        return Spelling(
            f"{abstract}\n{title}",
            len(abstract),
            columns[hits].astype(np.int32),
            spans[hits, 1:].astype(np.int32),
        )

    def _number(self, written: str) -> int:
        """Return the number of what stands in a text as one word."""
        known = self._known.get(written.casefold())
        if known is not None:
            return known
        found = [one for one in self._numbers(words(written)) if one != _SILENT]
        if not found:
            return _SILENT
        return found[0] if len(found) == 1 else _BREAK

    def _numbers(self, words: Sequence[str]) -> list[int]:
        """Return the number of each word: that of its stem, if that is known."""
        known = self._known
        strange = [word for word in words if word not in known and not is_silent(word)]
        stems = dict(zip(strange, stemmed(strange), strict=True))
        return [
            known[word]
            if word in known
            else self._ids.get(stems[word], _BREAK)
            if word in stems
            else _SILENT
            for word in words
        ]

    def _terms(
        self, rows: npt.NDArray[np.int32], numbers: Numbers
    ) -> tuple[npt.NDArray[np.int32], Numbers]:
        """Return (row, code) of every occurrence of a term; a code is a stem or a pair of stems."""
        telling = numbers != _SILENT
        rows, numbers = rows[telling], numbers[telling]
        single = numbers >= 0
        pair = single[:-1] & single[1:]
        pairs = (numbers[:-1][pair] + 1) * len(self._ids) + numbers[1:][pair]
        return (
            np.concatenate([rows[single], rows[:-1][pair]]),
            np.concatenate([numbers[single], pairs]),
        )

    def _columns(self, codes: Numbers) -> tuple[Numbers, npt.NDArray[np.bool_]]:
        """Return where each code would stand among the terms, and whether it does."""
        if not self.size:
            return np.zeros(len(codes), np.int64), np.zeros(len(codes), np.bool_)
        columns = np.minimum(np.searchsorted(self._codes, codes), self.size - 1)
        return columns, self._codes[columns] == codes

    def _naming(
        self, codes: Numbers, named: Numbers, frequency: Numbers
    ) -> npt.NDArray[np.float32]:
        """Return how well each code names a subject.

        `named` counts the papers that have it in their title, `frequency` those that have it.
        """
        alone = codes < len(self._ids)
        usual = max(named[alone].sum() / max(1, frequency[alone].sum()), 1e-9)
        # The codes of words come first, in order, and every word has one.
        single = (named[alone] + _DOUBTED * usual) / (frequency[alone] + _DOUBTED)
        first, second = np.divmod(codes[~alone], max(1, len(self._ids)))
        pairs = np.minimum(single[first - 1], single[second])
        pairs = np.maximum(pairs, named[~alone] / (frequency[~alone] + _DOUBTED))
        naming = np.minimum(1.0, np.concatenate([single, pairs]) / usual)
        found: npt.NDArray[np.float32] = np.where(naming < _TELLING, 0, naming).astype(np.float32)
        return found

    def _weigh(self, counts: sparse.csr_array) -> sparse.csr_array:
        weighed = counts.astype(np.float32)
        weighed.data = (1 + np.log(weighed.data)) * self._idf[weighed.indices]
        lengths = np.sqrt(np.asarray(weighed.multiply(weighed).sum(axis=1)).ravel())
        lengths[lengths == 0] = 1
        weighed.data = (weighed.data / np.repeat(lengths, np.diff(weighed.indptr))).astype(
            np.float32
        )
        return weighed


def _counts(
    rows: npt.NDArray[np.int32], columns: npt.NDArray[np.int64], shape: tuple[int, int]
) -> sparse.csr_array:
    ones = np.ones(len(rows), np.float32)
    # Half as wide as numpy's own: there are millions of them.
    places = (rows.astype(np.int32), columns.astype(np.int32))
    counts = sparse.csr_array(sparse.coo_array((ones, places), shape=shape))
    counts.sum_duplicates()
    return counts


def _kept(
    frequency: npt.NDArray[np.int64], counts: sparse.csr_array, documents: int
) -> npt.NDArray[np.int64]:
    """Choose the columns that tell papers apart; in order."""
    small = documents < _SMALL_CORPUS
    most = max(documents / 10, min(documents, _SMALL_CORPUS / 10))
    keep = np.flatnonzero((frequency >= (1 if small else 2)) & (frequency <= most))
    if len(keep) > _MAX_FEATURES:
        totals = np.bincount(counts.indices, weights=counts.data, minlength=len(frequency))[keep]
        keep = np.sort(keep[np.argsort(-totals, kind="stable")[:_MAX_FEATURES]])
    return keep
