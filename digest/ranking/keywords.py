"""Which papers mention a keyword, by the letter."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from digest.model import Paper
from digest.ranking.text import WORD, spaced, stemmed, words
from digest.ranking.ways import Phrase, ways

# How words end that mean the same thing, once or several times, now or then.
_ENDINGS = frozenset({"", "s", "es", "e", "d", "ed", "ing", "y", "ies", "ied"})
_APART = "|"  # is no word


@dataclass(frozen=True, slots=True)
class Mentions:
    """The papers that mention a phrase, by position, and whether in their title.

    `itself` are those that write the phrase, once or several times, now or then; `akin` are those
    that only write other words of its stems, such as "tokens" for "tokenization". A phrase is the
    same in one word, with a hyphen and in two: "finetuning", "fine-tuning" and "fine tuning".
    """

    itself: Mapping[int, bool]
    akin: Mapping[int, bool]


class Keywords:
    """Finds phrases by their stems, whole words only, in titles and abstracts."""

    def __init__(self, papers: Sequence[Paper]) -> None:
        self._papers = papers
        # Kept as texts: lists of their words would take many times the room.
        self._texts = [
            (spaced(words(paper.title)), spaced(words(paper.abstract))) for paper in papers
        ]
        vocabulary = list({word for texts in self._texts for one in texts for word in one.split()})
        stem = dict(zip(vocabulary, stemmed(vocabulary), strict=True))
        self._words: dict[str, list[str]] = {}
        for word in vocabulary:
            self._words.setdefault(stem[word], []).append(word)
        self._stemmed: list[tuple[str, str]] = []
        self._rows: dict[str, list[int]] = {}
        for row, texts in enumerate(self._texts):
            title, abstract = ([stem[word] for word in one.split()] for one in texts)
            self._stemmed.append((spaced(title), spaced(abstract)))
            for one in {*title, *abstract}:
                self._rows.setdefault(one, []).append(row)

    def __len__(self) -> int:
        return len(self._papers)

    def find(self, phrase: str) -> Mentions:
        """Return the papers that mention `phrase`."""
        itself: dict[int, bool] = {}
        akin: dict[int, bool] = {}
        for way in ways(phrase, self._standing):
            stems = stemmed(way.words)
            writes = self._writes(way.words, stems)
            for row, in_title in self._having(stems):
                if way.tied and not way.fits(self._papers[row]):
                    continue
                if writes is None or (in_title and writes(self._texts[row][0])):
                    itself[row] = in_title or itself.get(row, False)
                elif writes(self._texts[row][1]):
                    itself.setdefault(row, False)
                else:
                    akin[row] = in_title or akin.get(row, False)
        return Mentions(itself, {row: title for row, title in akin.items() if row not in itself})

    def written(self, phrase: str, row: int) -> str:
        """Return what a paper that is akin to a phrase writes first in its place."""
        paper = self._papers[row]
        known = [stemmed(way.words) for way in ways(phrase, self._standing) if way.fits(paper)]
        for text in (paper.title, paper.abstract):
            told = [(word, one.span()) for one in WORD.finditer(text) for word in words(one[0])]
            stems = stemmed([word for word, _ in told])
            for wanted in known:
                for start in range(len(told) - len(wanted) + 1):
                    end = start + len(wanted)
                    if stems[start:end] == wanted:
                        return text[told[start][1][0] : told[end - 1][1][1]]
        return ""

    def _having(self, stems: Sequence[str]) -> Iterator[tuple[int, bool]]:
        """Yield the papers in which stems stand together, and whether in their title."""
        wanted = spaced(stems)
        rows = sorted((self._rows.get(stem, []) for stem in stems), key=len)
        if not rows or not rows[0]:
            return
        for row in rows[0] if len(rows) == 1 else sorted(set(rows[0]).intersection(*rows[1:])):
            title, abstract = self._stemmed[row]
            in_title = wanted in title
            if in_title or wanted in abstract:
                yield row, in_title

    def _standing(self, options: Sequence[Phrase]) -> set[Phrase]:
        # Most begin as no word does, which is soon seen.
        firsts = stemmed([one[0] for one in options])
        begun = [pair for pair in zip(options, firsts, strict=True) if pair[1] in self._rows]
        lasts = stemmed([one[-1] for one, _ in begun])
        return {
            one
            for (one, first), last in zip(begun, lasts, strict=True)
            if last in self._rows and any(self._having([first, last][: len(one)]))
        }

    def _writes(self, asked: Sequence[str], stems: Sequence[str]) -> Callable[[str], bool] | None:
        """Return what finds the forms of words in a text; `None` where all of their stems are."""
        known = [self._words.get(stem, []) for stem in stems]
        forms = [
            [one for one in some if _is_form(word, one)]
            for word, some in zip(asked, known, strict=True)
        ]
        if forms == known:
            return None
        # Most write a phrase as it is asked for, which is soon seen.
        as_asked = spaced(asked)
        either = [f"(?:{'|'.join(map(re.escape, some or [_APART]))})" for some in forms]
        pattern = re.compile(spaced(either))
        return lambda text: as_asked in text or pattern.search(text) is not None


def _is_form(one: str, other: str) -> bool:
    same = 0
    while one[same : same + 1] == other[same : same + 1] != "":
        same += 1
    return _is_ending(one, same) and _is_ending(other, same)


def _is_ending(word: str, start: int) -> bool:
    """Return whether a word only ends from a sign on, which may be doubled before: plan-ning."""
    rest = word[start:]
    doubled = start > 0 and rest[:1] == word[start - 1]
    return rest in _ENDINGS or (doubled and rest[1:] in _ENDINGS)
