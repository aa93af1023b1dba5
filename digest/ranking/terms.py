"""Stretches of text -> terms that a person would read as such."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache

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


def distinct(terms: Iterable[str], most: int) -> list[str]:
    """Keep the first terms that a person would read as one and that say no word again."""
    kept: list[str] = []
    said: set[str] = set()
    for term in terms:
        if len(kept) == most:
            break
        mine = stems_of(term)
        if mine and not mine & said:
            kept.append(term)
            said |= mine
    return kept


@lru_cache(_KEPT_TERMS)
def stems_of(term: str) -> frozenset[str]:
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
