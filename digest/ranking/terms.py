"""Terms as people read them: which stretches of a text are some, and how a paper writes them."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from digest.ranking.text import STOP_WORDS, stems, words

_TERM = 40
_KEPT_TERMS = 65_536
# What titles say before they name a subject: what their authors did to it.
_DONE = """
    accelerating advancing aligning beyond bridging enabling enhancing evaluating exploring
    improved improving integrating investigating leveraging making rethinking revisiting unifying
    unlocking"""
DEEDS = frozenset(_DONE.split())

_INSIDE = frozenset({"of", "the", "in", "and"})  # little words that hold a term together
_READABLE = re.compile(r"[^\W_]+(?:\+\+|#)?(?:[ \-‐‑–'’][^\W_]+(?:\+\+|#)?){0,3}")

_LETTERS = re.compile(r"[^\W_]+")
_JOINED = re.compile(r"-(?:[^\W_]+-)*[^\W_]+")  # what hangs on a word
_ENDS = ".!?:;"


def distinct(terms: Iterable[str], most: int) -> list[str]:
    """Keep the first terms that a person would read as one and that say no word again."""
    kept: list[str] = []
    said: set[str] = set()
    for term in terms:
        if len(kept) == most:
            break
        mine = _stems_of(term)
        if mine and not mine & said:
            kept.append(term)
            said |= mine
    return kept


@lru_cache(_KEPT_TERMS)
def _stems_of(term: str) -> frozenset[str]:
    """Return the word stems of a term; none where a stretch of a text is no term for people.

    It has up to four words, with nothing but hyphens and such as "of the" between those that tell
    anything; none of these is a number or a scrap, and the first is no deed.
    """
    if len(term) > _TERM or not _READABLE.fullmatch(term):
        return frozenset()
    found = [word for word in words(term) if word not in _INSIDE]
    if not STOP_WORDS.isdisjoint(found) or not DEEDS.isdisjoint(found[:1]):
        return frozenset()
    if all(len(word) > 2 and not word.isdecimal() for word in found) or term.isupper():
        return frozenset(stems(" ".join(found)))
    return frozenset()


class Spelling:
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


def word_start(text: str, start: int) -> int:
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
