"""Text -> words and their stems."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence

import Stemmer

# Letters and digits, `C++` and `C#` whole. Chinese and Japanese have no spaces: each sign counts.
_SIGNS = "\u3040-\u30ff\u3400-\u9fff"
SIGNS = re.compile(rf"[{_SIGNS}]+")
WORD = re.compile(rf"[{_SIGNS}]|[^\W_{_SIGNS}]+(?:\+\+|#)?")
_BLANKS = str.maketrans({sign: " " for sign in map(chr, range(128)) if not sign.isalnum()})

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


def words(text: str) -> list[str]:
    """Split into words: lower case, without accents."""
    if not text.isascii():
        text = unicodedata.normalize("NFKD", text)
        text = "".join(sign for sign in text if not unicodedata.combining(sign))
        # Kana lose their voicing mark with the accents; both sides of a comparison do.
    text = text.casefold()
    if text.isascii() and "++" not in text and "#" not in text:
        # The same words, four times as fast.
        return text.translate(_BLANKS).split()
    return WORD.findall(text)


def stems(text: str) -> list[str]:
    """Split into Snowball stems (M. Porter's English stemmer, 2002 version)."""
    return stemmed(words(text))


def stemmed(words: Sequence[str]) -> list[str]:
    """Return the stem of each word."""
    # A stemmer holds a buffer and is not for two threads: hence one for each call.
    found: list[str] = Stemmer.Stemmer("english").stemWords(words)
    return found


def is_silent(word: str) -> bool:
    """Return whether a word says nothing of what a paper is about."""
    return word in STOP_WORDS or word.isdecimal() or (len(word) == 1 and word.isascii())


def spaced(words: Sequence[str]) -> str:
    """Join words so that each has a space on both sides: whole ones are then found as texts are."""
    return f" {' '.join(words)} "


def split(text: str) -> tuple[str, str]:
    """Part "title. abstract" into its two halves."""
    title, _, abstract = text.partition(". ")
    return title, abstract
