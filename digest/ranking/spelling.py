"""How one paper writes its terms, so that they can be shown to people."""

from __future__ import annotations

import re
from collections import Counter

import numpy as np
import numpy.typing as npt

_LETTERS = re.compile(r"[^\W_]+")
_JOINED = re.compile(r"-(?:[^\W_]+-)*[^\W_]+")  # what hangs on a word
_ENDS = ".!?:;"


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


def beginning(text: str, start: int) -> int:
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
