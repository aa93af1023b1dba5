"""Why a paper was chosen, in plain words."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from functools import lru_cache

from digest.model import Candidate, InterestKind
from digest.ranking.gains import figures, gained
from digest.ranking.text import STOP_WORDS, stems, words
from digest.ranking.trending import standing

LONGEST = 199
_TITLE = 70
_VALUE = 40
_KEPT = 4096  # sentences that are remembered: many readers are told the same
_TRENDING = 0.1  # from here on the word is deserved
_CLEARLY = 0.3  # strength from which on a paper is called close without more ado
_TERM = 40
_KEPT_TERMS = 65_536
_INSIDE = frozenset({"of", "the", "in", "and"})  # little words that hold a term together
_READABLE = re.compile(r"[^\W_]+(?:\+\+|#)?(?:[ \-‐‑–'’][^\W_]+(?:\+\+|#)?){0,3}")


def reason(parts: Iterable[str], *, any_interests: bool) -> str:
    """Join what speaks for a paper, the strongest first, as far as there is room."""
    said = ""
    for part in parts:
        longer = f"{said}; {part}" if said else part
        if len(longer) <= LONGEST:
            said = longer
    return said or ("new; it matches none of your interests" if any_interests else "new")


@lru_cache(_KEPT)
def keywords(values: tuple[str, ...]) -> str:
    """Name the keywords that a paper mentions."""
    named = _list([cut(value, _VALUE) for value in values[:3]])
    return f"matches your {'keyword' if len(values) == 1 else 'keywords'} {named}"


@lru_cache(_KEPT)
def author(name: str) -> str:
    """Name the author who is followed."""
    return f"by {cut(name, _VALUE)}, whom you follow"


@lru_cache(_KEPT)
def category(name: str) -> str:
    """Name the category that is followed."""
    return f"in your category {cut(name, _VALUE)}"


def similar(title: str, terms: Sequence[str], *, strength: float, meant: bool = False) -> str:
    """Name the liked paper that a paper is like, and words that both have.

    `meant` says that its meaning as a whole does more than its words.
    """
    how = "similar" if strength >= _CLEARLY else "somewhat similar"
    return _with(f"{how}{_in_meaning(meant)} to “{cut(title, _TITLE)}” that you liked", terms)


def close(what: str, terms: Sequence[str], *, strength: float, meant: bool = False) -> str:
    """Name the words that bring a paper close to what somebody likes or has written."""
    how = "close" if strength >= _CLEARLY else "somewhat close"
    return _with(f"{how}{_in_meaning(meant)} to {what}", terms)


def readers(title: str) -> str:
    """Name the liked paper whose readers like papers of this kind."""
    return f"papers like this are liked by readers of “{cut(title, _TITLE)}” that you liked"


def text(kind: InterestKind, value: str) -> str:
    """Name a text or a keyword of somebody."""
    return "your text" if kind is InterestKind.TEXT else f"your keyword {cut(value, _VALUE)}"


def _in_meaning(meant: bool) -> str:  # noqa: FBT001 - it is the name of the function
    return " in meaning" if meant else ""


def _with(what: str, terms: Sequence[str]) -> str:
    return f"{what}: {', '.join(terms)}" if terms else what


def expected(grounds: Sequence[str]) -> str:
    """Say why a paper that nobody has voted on yet may be looked at."""
    return f"expected to be looked at: {' and '.join(grounds)}" if grounds else ""


def known_author(name: str) -> str:
    """Name an author whose earlier papers were looked at."""
    return f"earlier papers of {cut(name, _VALUE)}"


def known_organisation(name: str) -> str:
    """Name an organisation whose papers are looked at."""
    return f"papers from {cut(name, _VALUE)}"


def with_code(stars: int | None) -> str:
    """Tell that there is code, and how many have starred it."""
    return f"code with {stars:,} stars" if stars and stars > 1 else "open code"


def telling(terms: Sequence[str]) -> str:
    """Name words whose papers are looked at."""
    return f"its subject ({', '.join(cut(term, _VALUE) for term in terms)})" if terms else ""


def popularity(candidate: Candidate, now: datetime, *, total: bool = False) -> str:
    """Tell a paper's figures: what came since yesterday where that is known, or all of it.

    Where it stands in its field follows, if it is among the first. `total` asks for all of it, and
    the days it took: that is for a paper that is chosen for nothing else. Empty where nobody has
    looked at it.
    """
    signals = tuple(signal for signal in candidate.signals if signal.observed_at <= now)
    counts = _counts(figures(replace(candidate, signals=signals)))
    if not counts:
        return ""
    since = _counts(gained(signals, now), sign="+")
    where = _standing(candidate)
    if since and not total:
        return f"{since} since yesterday{where}"
    if not total:
        return f"{counts}{where}"
    days = round((now - candidate.listed_at) / timedelta(days=1))
    return f"{_label(candidate)}{counts}{f' in {days} days' if days > 1 else ''}{where}"


def _label(candidate: Candidate) -> str:
    """Say where a paper is trending, if it is: in its field or everywhere."""
    trend, stands = candidate.trend, standing(candidate)
    if trend is None or trend.score < _TRENDING:
        return ""
    if stands is None:
        return "trending: "
    return f"trending in {stands[1]}: " if stands[1] else "trending everywhere: "


def surprise(reason: str) -> str:
    """Say of a paper that is chosen for something that it comes from elsewhere."""
    return cut(f"a surprise from outside your interests; {reason}", LONGEST)


def _standing(candidate: Candidate) -> str:
    stands = standing(candidate)
    if stands is None:
        return ""
    percent, category = stands
    return f", top {percent} % of {category or 'all fields'}"


def _counts(values: Mapping[str, int], *, sign: str = "") -> str:
    return _list(
        [
            f"{sign}{value:,} {name.removesuffix('s') if value == 1 else name}"
            for name, value in values.items()
            if value > 0
        ]
    )


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
    anything, and none of these is a number or a scrap.
    """
    if len(term) > _TERM or not _READABLE.fullmatch(term):
        return frozenset()
    found = [word for word in words(term) if word not in _INSIDE]
    if not STOP_WORDS.isdisjoint(found):
        return frozenset()
    if all(len(word) > 2 and not word.isdecimal() for word in found) or term.isupper():
        return frozenset(stems(" ".join(found)))
    return frozenset()


def cut(text: str, longest: int) -> str:
    """Shorten to one line of at most that many characters."""
    text = " ".join(text.split())
    return text if len(text) <= longest else f"{text[: longest - 1].rstrip()}…"


def _list(parts: Sequence[str]) -> str:
    if len(parts) < 2:
        return "".join(parts)
    return f"{', '.join(parts[:-1])} and {parts[-1]}"
