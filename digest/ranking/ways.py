"""The ways to write a phrase: in one word, with a hyphen or in two; pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from itertools import chain, pairwise

from digest.model import Paper
from digest.ranking.text import STOP_WORDS, words

_HYPHENS = r"[-\u2010\u2011]"

# How many signs two words may end in and still be the same: with a doubled letter.
_LONGEST_ENDING = 4

_MOST = 32  # ways to write a phrase: a long one could have millions


@dataclass(frozen=True, slots=True)
class Way:
    """One way to write a phrase.

    `tied` are the places of it, as patterns, that only a hyphen holds together: "trade-off" is a
    tradeoff, but of "we trade off the coast" nothing is known.
    """

    words: tuple[str, ...]
    tied: tuple[str, ...] = ()

    def fits(self, paper: Paper) -> bool:
        """Return whether a paper has the hyphens that this way needs."""
        texts = (paper.title, paper.abstract)
        return all(any(_has(pattern, text) for text in texts) for pattern in self.tied)


Phrase = tuple[str, ...]  # its words
Standing = Callable[[Sequence[Phrase]], Collection[Phrase]]


def ways(phrase: str, standing: Standing) -> list[Way]:
    """Return how a phrase can be written: as it is, and with words joined or parted; at most 32.

    `standing` says which of many words stand together in any of the texts that are looked at.
    Little words and single letters need a hyphen: an "in stance" is no instance. Between two digits
    nothing is joined or parted, since there may have been a point.
    """
    asked = words(phrase)
    joined = [_joined(*pair, phrase) for pair in pairwise(asked)]
    parted = [_parted(word) for word in asked]
    known = standing([*filter(None, joined), *chain(*parted)])
    # The ways to write what is behind a place, and behind the one after that.
    behind, next_behind = [Way(())], list[Way]()
    for place in reversed(range(len(asked))):
        here = [Way((asked[place],)), *(_way(both) for both in parted[place] if both in known)]
        found = [_followed(one, other) for one in here for other in behind]
        if place < len(joined) and joined[place] in known:
            found += [_followed(Way(joined[place]), other) for other in next_behind]
        behind, next_behind = found[:_MOST], behind
    return behind


def _parted(word: str) -> list[Phrase]:
    # What is before an s that stands alone is a possessive: "a model's core" has no score.
    return [
        (word[:place], word[place:])
        for place in range(1, len(word))
        if not (word[place].isdigit() and word[place - 1].isdigit()) and word[place:] != "s"
    ]


def _joined(first: str, second: str, phrase: str) -> Phrase:
    little = _is_little(first) or _is_little(second)
    if (first[-1].isdigit() and second[0].isdigit()) or (
        little and not _has(_tied(first, second), phrase)
    ):
        return ()
    return (first + second,)


def _way(both: Phrase) -> Way:
    return Way(both, (_tied(*both),) if any(map(_is_little, both)) else ())


def _followed(one: Way, other: Way) -> Way:
    return Way(one.words + other.words, one.tied + other.tied)


def _is_little(word: str) -> bool:
    return word in STOP_WORDS or (len(word) == 1 and word.isalpha())


def _tied(first: str, second: str) -> str:
    return rf"\b{re.escape(first)}{_HYPHENS}{re.escape(_beginning(second))}"


def _has(pattern: str, text: str) -> bool:
    return re.search(pattern, text, re.IGNORECASE) is not None


def _beginning(word: str) -> str:
    """Return what all forms of a word begin with."""
    return word[: max(1, len(word) - _LONGEST_ENDING)]
