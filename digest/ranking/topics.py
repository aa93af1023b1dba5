"""Titles of some weeks -> the topics that rise; pure."""

from __future__ import annotations

import math
import re
from collections import Counter, defaultdict
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from functools import lru_cache
from typing import NamedTuple

from digest.model import Titled, Topic
from digest.ranking.terms import DEEDS
from digest.ranking.text import STOP_WORDS, stems

WEEK = timedelta(days=7)
WEEKS = 8  # the last one is compared with those before it

# A topic is in so many titles of the week at least, and so much more often than before.
FEWEST = 4
TIMES = 1.5
# How surprising its number must be: twice the log-likelihood ratio (Dunning 1993), which chance
# exceeds once in a hundred. One word alone is often an accident of wording: once in ten thousand.
SURPRISE = {1: 15.1, 2: 6.6, 3: 6.6}

_LONGEST = 3  # words of a name
_SAME = 0.5  # topics that share so many of their papers are one
_KEPT = 100_000

# Words that titles are made of, whatever they are about.
_FRAMES = """
    about across adaptive analysis approach approaches art aware based benchmark benchmarks
    case challenge challenges comparative comprehensive data dataset datasets deep design
    driven dynamic effective efficient empirical end evaluation fast few framework free from
    general generation guided guiding high image images insights joint language large learning
    level low method methods model modeling models multi network networks neural new novel one
    open paper part perspective problem problems progressive real real-world report review
    robust scalable self shot simple single state study supervised survey system systems task
    tasks technical text time toward towards training tuning two understanding unified
    unsupervised use video world zero"""
_DEEDS = DEEDS | {"benchmarking", "building", "enhanced"}  # elsewhere they may be subjects
_SAYING_NOTHING = STOP_WORDS | _DEEDS | frozenset(_FRAMES.split())
_EMPTY = STOP_WORDS - {"whole"}  # as in "whole slide images"
_WORD = re.compile(r"[^\W_]+(?:[-'][^\W_]+)*")


def rising(papers: Iterable[Titled], now: datetime, *, most: int = 8) -> list[Topic]:
    """Return the topics of the last week that are in more titles than usual, the strongest first.

    A topic is a run of one to three words of a title that neither begins nor ends with a word of
    every title, in whatever form they are inflected. It rises where the number of its titles in
    the last seven days is more than chance explains, beside its share of the weeks before. Topics
    that share half of their papers are one, and the more telling name stands for both.
    """
    weeks: list[list[Titled]] = [[] for _ in range(WEEKS)]
    for one in papers:
        back = (now - one.listed_at) // WEEK
        if 0 <= back < WEEKS:
            weeks[WEEKS - 1 - back].append(one)
    totals = [len(week) for week in weeks]
    fresh, before = totals[-1], sum(totals[:-1])
    if not fresh or not before:
        return []
    now_in = Counter(key for one in weeks[-1] for key in dict(_runs(one.title)))
    likely = {key for key, number in now_in.items() if number >= FEWEST}
    firsts = {key.partition(" ")[0] for key in likely}
    counts = [
        Counter(key for one in week for key in dict(_runs(one.title, firsts)) if key in likely)
        for week in weeks
    ]
    earlier: Counter[str] = sum(counts[:-1], Counter())
    found = {
        key: surprise
        for key, number in counts[-1].items()
        if number / fresh >= TIMES * earlier[key] / before
        and (surprise := _surprise(number, fresh, earlier[key], before))
        >= SURPRISE[key.count(" ") + 1]
    }
    named = _named(weeks[-1], found)
    chosen: list[Topic] = []
    for key in sorted(found, key=lambda key: (-_telling(key, found[key]), key)):
        forms, holders = named[key]
        if len(chosen) == most:
            break
        if any(_alike(holders, one.papers) for one in chosen):
            continue
        chosen.append(
            Topic(
                name=_name(forms),
                papers=tuple(holders),
                titles=tuple(week[key] for week in counts),
                of=tuple(totals),
            )
        )
    return chosen


def _telling(key: str, surprise: float) -> float:
    """Prefer names of several words: one alone says less."""
    return surprise * (1 + key.count(" ") / 2)


def _surprise(number: int, fresh: int, earlier: int, before: int) -> float:
    """Return twice the log-likelihood ratio of two shares against one."""
    both = (number + earlier) / (fresh + before)
    cells = (
        (number, fresh * both),
        (earlier, before * both),
        (fresh - number, fresh * (1 - both)),
        (before - earlier, before * (1 - both)),
    )
    return 2 * sum(seen * math.log(seen / expected) for seen, expected in cells if seen)


def _named(
    week: Sequence[Titled], wanted: Mapping[str, float]
) -> dict[str, tuple[Counter[str], list[str]]]:
    """Return how each topic is written, and the keys of its papers, newest first."""
    found: defaultdict[str, tuple[Counter[str], list[str]]] = defaultdict(lambda: (Counter(), []))
    for one in sorted(week, key=lambda one: (-one.listed_at.timestamp(), one.key)):
        for key, form in dict(_runs(one.title)).items():
            if key in wanted:
                forms, holders = found[key]
                forms[form] += 1
                holders.append(one.key)
    return found


def _name(forms: Counter[str]) -> str:
    """Return the most usual way to write a topic, of equal ones the plainest."""
    plain: Counter[str] = Counter()
    for form, number in forms.items():
        plain[_uncapitalised(form)] += number
    return min(plain, key=lambda form: (-plain[form], len(form), form))


def _uncapitalised(form: str) -> str:
    """Write words small that titles only begin with a capital: acronyms and names stay."""
    return re.sub(r"\b[A-Z][a-z]+\b", lambda word: word.group().lower(), form)


def _alike(mine: Sequence[str], others: Sequence[str]) -> bool:
    common = len(set(mine) & set(others))
    return common >= _SAME * min(len(mine), len(others))


def _runs(title: str, firsts: Container[str] | None = None) -> Iterator[tuple[str, str]]:
    """Yield each run of words that may be a topic: its stems, and how it is written.

    `firsts` are the stems that one may begin with, where others do not matter.
    """
    matches = list(_WORD.finditer(title))
    found = [_known(match.group()) for match in matches]
    for start, first in enumerate(found):
        if not first.begins or (firsts is not None and first.stem not in firsts):
            continue
        tells = False
        for end in range(start, min(start + _LONGEST, len(found))):
            # Words on two sides of a colon are not one name.
            if end > start and title[matches[end - 1].end() : matches[end].start()].strip():
                break
            tells = tells or found[end].tells
            if tells and found[end].ends:
                run = found[start : end + 1]
                yield " ".join([one.stem for one in run]), " ".join([one.word for one in run])


class _Word(NamedTuple):
    """A word of titles: whether it may begin a name, end one, and says anything itself."""

    word: str
    stem: str
    begins: bool
    ends: bool
    tells: bool


@lru_cache(_KEPT)
def _known(word: str) -> _Word:
    plain = word.casefold()
    ends = plain not in _EMPTY and word[0].isalnum() and not word.isdecimal()
    tells = len(plain) > 2 and not plain.isdecimal() and plain not in _SAYING_NOTHING
    stem = "-".join(stems(word)) or plain
    return _Word(word, stem, ends and plain not in _DEEDS, ends, tells)
