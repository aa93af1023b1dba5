"""Text -> words, stems and TF-IDF vectors."""

from __future__ import annotations

import re
import unicodedata
from array import array
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Self

import numpy as np
import numpy.typing as npt
import Stemmer
from scipy import sparse

from digest.ranking.parts import Parts, of_texts, texts_of

# Letters and digits, `C++` and `C#` whole. Chinese and Japanese have no spaces: each sign counts.
_SIGNS = "\u3040-\u30ff\u3400-\u9fff"
_WORD = re.compile(rf"[{_SIGNS}]|[^\W_{_SIGNS}]+(?:\+\+|#)?")

_STOP_WORDS = """
    a about above across after again against all almost along already also although always am
    among an and another any are around as at be became because become been before being below
    between both but by can cannot could de did do does doing done down due during each either
    else en et etc even ever every few for from further had has have having he hence her here
    hers herself him himself his how however i ie if in indeed into is it its itself least less
    many may me might mine more most mostly much must my myself nevertheless no nor not nothing
    now of off often on once one only onto or other others otherwise our ours ourselves out over
    own per perhaps quite rather s same several she should since so some still such t than that
    the their theirs them themselves then there therefore these they this those though through
    throughout thus to together too toward towards under until up upon us using very via was we
    well were what whatever when where whereas whether which while who whole whom whose why will
    with within without would yet you your yours yourself"""
STOP_WORDS = frozenset(_STOP_WORDS.split())

_MAX_FEATURES = 200_000
_SMALL_CORPUS = 200  # below it, rare words are kept: two papers cannot be expected to share them
_LETTERS = re.compile(r"[^\W_]+")
_JOINED = re.compile(r"-(?:[^\W_]+-)*[^\W_]+")  # what hangs on a word
_ENDS = ".!?:;"
_DOUBTED = 20  # papers of a usual word that stand beside those that are seen of each
_TELLING = 0.4  # how well a term must name a subject, beside the usual one
_SILENT = -1  # the number of a word that tells nothing, where it is kept
_BREAK = -1  # stands between two stretches of text: no pair of words reaches across it


def words(text: str) -> list[str]:
    """Split into words: lower case, without accents."""
    if not text.isascii():
        text = unicodedata.normalize("NFKD", text)
        text = "".join(sign for sign in text if not unicodedata.combining(sign))
        # Kana lose their voicing mark with the accents; both sides of a comparison do.
    return _WORD.findall(text.casefold())


def stems(text: str) -> list[str]:
    """Split into Snowball stems (M. Porter's English stemmer, 2002 version)."""
    # A stemmer holds a buffer and is not for two threads: hence one for each call.
    found: list[str] = Stemmer.Stemmer("english").stemWords(words(text))
    return found


class Wording:
    """How one paper writes its terms, by their columns.

    `spans` are where each stands in `text`: the abstract, and from the sign `title` on the title.
    """

    def __init__(
        self,
        text: str,
        title: int,
        columns: npt.NDArray[np.int32],
        spans: npt.NDArray[np.int32],
    ) -> None:
        self._text = text
        self._title = title
        self.columns = columns
        self._spans = spans

    def term(self, column: int) -> str:
        """Return a term as it stands most often in the abstract, or else in the title.

        A word with a hyphen before it is shown with what it hangs on, and a small one that never
        stands without a hyphen after it with that. One that is written large because it begins a
        sentence, or as all words of a title are, is written small, and so is one that the paper
        writes small anywhere: it is no name.
        """
        spans = self._spans[self.columns == column]
        own = spans[spans[:, 0] < self._title]
        places = (own if len(own) else spans).tolist()
        forms = Counter(self._form(*span) for span in places)
        usual = forms.most_common(1)[0][0]
        small = _LETTERS.sub(_lowered, usual)
        if small in forms:
            usual = small
        joined = [(start, _JOINED.match(self._text, end)) for start, end in places]
        whole = [(start, one.end()) for start, one in joined if one]
        if usual.islower() and len(whole) == len(places):
            usual = Counter(self._form(*span) for span in whole).most_common(1)[0][0]
        return usual

    def _form(self, start: int, end: int) -> str:
        written = self._text[start:end]
        if start >= self._title:
            return _LETTERS.sub(_lowered, written)
        if start and self._text[start - 2] not in _ENDS:
            return written
        return _LETTERS.sub(_lowered, written, count=1)


def _whole(text: str, start: int) -> int:
    """Return where a word begins with what hangs before it: X-ray, state-of-the-art.

    A name before it is another thing: of GPT-agents only the agents are meant.
    """
    first = start
    while first and (text[first - 1] == "-" or text[first - 1].isalnum()):
        first -= 1
    before = text[first:start].rstrip("-")
    return start if before.isalpha() and before[1:] != before[1:].lower() else first


def _lowered(word: re.Match[str]) -> str:
    """Return a word in small letters, unless it has others than the first: LLM, GraphRAG."""
    return word[0].lower() if word[0][1:].islower() else word[0]


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
        self._known: dict[str, int | None] = {}  # word -> number of its stem, None: stop word
        self._codes: npt.NDArray[np.int64] = np.empty(0, np.int64)  # sorted; index = column
        self._idf: npt.NDArray[np.float32] = np.empty(0, np.float32)
        self.naming: npt.NDArray[np.float32] = np.empty(0, np.float32)

    @classmethod
    def fit(cls, documents: Sequence[tuple[str, str]]) -> tuple[Self, sparse.csr_array]:
        """Learn from (title, abstract) pairs; return the lexicon and their vectors."""
        self = cls()
        self._learn(documents)
        rows, codes = self._terms(documents)
        found, columns = np.unique(codes, return_inverse=True)
        del codes
        counts = _counts(rows, columns, (len(documents), len(found)))
        frequency = np.bincount(counts.indices, minlength=len(found))
        keep = _kept(frequency, counts, len(documents))
        self._codes = found[keep]
        idf = np.log((1 + len(documents)) / (1 + frequency[keep])) + 1
        self._idf = idf.astype(np.float32)
        self.naming = self._naming([title for title, _ in documents], found, frequency)[keep]
        return self, self._weigh(sparse.csr_array(counts[:, keep]))

    def parts(self) -> Parts:
        """Return what is to be kept."""
        return {
            "stems": of_texts(list(self._ids)),
            "words": of_texts(list(self._known)),
            "numbers": np.array(
                [_SILENT if number is None else number for number in self._known.values()], np.int32
            ),
            "codes": self._codes,
            "idf": self._idf,
            "naming": self.naming,
        }

    @classmethod
    def of_parts(cls, parts: Parts) -> Self:
        """Return what was kept."""
        self = cls()
        self._ids = {stem: number for number, stem in enumerate(texts_of(parts["stems"]))}
        numbers = [None if one == _SILENT else one for one in parts["numbers"].tolist()]
        self._known = dict(zip(texts_of(parts["words"]), numbers, strict=True))
        self._codes, self._idf, self.naming = parts["codes"], parts["idf"], parts["naming"]
        return self

    @property
    def size(self) -> int:
        """Return the number of terms, which is the length of a vector."""
        return len(self._codes)

    def vectors(self, documents: Sequence[tuple[str, str]]) -> sparse.csr_array:
        """Return one row of unit length for each (title, abstract), zero if nothing is known."""
        rows, codes = self._terms(documents)
        columns, hits = self._columns(codes)
        return self._weigh(_counts(rows[hits], columns[hits], (len(documents), self.size)))

    def coverage(self, text: str) -> float:
        """Return the share of the telling words of `text` that occur in the corpus."""
        _, known = self._columns(np.array(self._numbers(text), np.int64))
        return float(known.mean()) if len(known) else 0.0

    def wording(self, title: str, abstract: str) -> Wording:
        """Return how a paper writes its terms."""
        abstract, title = (
            unicodedata.normalize("NFC", " ".join(text.split())) for text in (abstract, title)
        )
        found = array("q")
        for text, shift in ((abstract, 0), (title, len(abstract) + 1)):
            before: tuple[int, int] | None = None  # number of the last telling word, and its start
            for match in _WORD.finditer(text):
                number = self._known.get(match[0].casefold(), _BREAK)
                if number == _BREAK:
                    (number, *more) = self._numbers(match[0]) or (None,)
                    number = _BREAK if more else number
                if number is None:
                    continue
                if number == _BREAK:
                    before = None
                    continue
                start, end = match.span()
                start = _whole(text, start)
                found.extend((number, shift + start, shift + end))
                if before is not None:
                    code = (before[0] + 1) * len(self._ids) + number
                    found.extend((code, shift + before[1], shift + end))
                before = (number, start)
        spans = np.array(found, np.int64).reshape(-1, 3)
        columns, hits = self._columns(spans[:, 0])
        return Wording(
            f"{abstract}\n{title}",
            len(abstract),
            columns[hits].astype(np.int32),
            spans[hits, 1:].astype(np.int32),
        )

    def _columns(
        self, codes: npt.NDArray[np.int64]
    ) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.bool_]]:
        """Return where each code would stand among the terms, and whether it does."""
        if not self.size:
            return np.zeros(len(codes), np.int64), np.zeros(len(codes), np.bool_)
        columns = np.minimum(np.searchsorted(self._codes, codes), self.size - 1)
        return columns, self._codes[columns] == codes

    def _learn(self, documents: Iterable[tuple[str, str]]) -> None:
        seen: dict[str, None] = {}
        for title, abstract in documents:
            seen.update(dict.fromkeys(words(title)))
            seen.update(dict.fromkeys(words(abstract)))
        fresh = [word for word in seen if not _empty(word)]
        for word, stem in zip(fresh, Stemmer.Stemmer("english").stemWords(fresh), strict=True):
            self._known[word] = self._ids.setdefault(stem, len(self._ids))
        self._known.update({word: None for word in seen if _empty(word)})

    def _naming(
        self, titles: Sequence[str], codes: npt.NDArray[np.int64], frequency: npt.NDArray[np.int64]
    ) -> npt.NDArray[np.float32]:
        """Return how well each code names a subject; `frequency` counts the papers that have it."""
        rows, titled = self._terms([("", title) for title in titles])
        places = np.unique(rows * np.int64(len(codes)) + np.searchsorted(codes, titled))
        named = np.bincount(places % max(1, len(codes)), minlength=len(codes))
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

    def _numbers(self, text: str) -> list[int]:
        found = []
        for word in words(text):
            number = self._known.get(word, _BREAK)
            if number == _BREAK and not _empty(word):
                number = self._ids.get(Stemmer.Stemmer("english").stemWord(word), _BREAK)
            if number is not None:
                found.append(number)
        return found

    def _terms(
        self, documents: Sequence[tuple[str, str]]
    ) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.int64]]:
        """Return (row, code) of every occurrence of a term; a code is a stem or a pair of stems."""
        flat = array("i")
        lengths = np.empty(len(documents), np.int64)
        for row, (title, abstract) in enumerate(documents):
            before = len(flat)
            heading = self._numbers(title)
            flat.extend([*heading, _BREAK, *heading, _BREAK, *self._numbers(abstract), _BREAK])
            lengths[row] = len(flat) - before
        numbers = np.array(flat, np.int64)
        rows = np.repeat(np.arange(len(documents), dtype=np.int32), lengths)
        size = len(self._ids)
        single = numbers >= 0
        pair = single[:-1] & single[1:]
        pairs = (numbers[:-1][pair] + 1) * size + numbers[1:][pair]
        return (
            np.concatenate([rows[single], rows[:-1][pair]]),
            np.concatenate([numbers[single], pairs]),
        )

    def _weigh(self, counts: sparse.csr_array) -> sparse.csr_array:
        weighed = counts.astype(np.float32)
        weighed.data = (1 + np.log(weighed.data)) * self._idf[weighed.indices]
        lengths = np.sqrt(np.asarray(weighed.multiply(weighed).sum(axis=1)).ravel())
        lengths[lengths == 0] = 1
        weighed.data = (weighed.data / np.repeat(lengths, np.diff(weighed.indptr))).astype(
            np.float32
        )
        return weighed


def _empty(word: str) -> bool:
    """Return whether a word says nothing of what a paper is about."""
    return word in STOP_WORDS or word.isdecimal() or (len(word) == 1 and word.isascii())


def split(text: str) -> tuple[str, str]:
    """Part "title. abstract" into its two halves."""
    title, _, abstract = text.partition(". ")
    return title, abstract


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
