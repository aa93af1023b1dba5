"""Evidence -> one line that says why a paper was chosen."""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import datetime
from functools import lru_cache
from operator import itemgetter

import numpy as np
import numpy.typing as npt

from digest.model import Candidate, EvidenceKind, InterestKind
from digest.ranking import foreseen
from digest.ranking.closeness import Text
from digest.ranking.content import Content
from digest.ranking.evidence import LEAN, Case
from digest.ranking.explain import Phrases
from digest.ranking.keywords import Keywords
from digest.ranking.matches import Matches

Floats = npt.NDArray[np.float32]

# What matches by the letter, each with the doubt that it takes away; and all of one kind.
_Named = Sequence[tuple[float, Matches]]
_Doubt = tuple[float, EvidenceKind, _Named]

THINGS = 3  # authors, keywords, categories, papers and terms that are named at most
CARRIED = 0.1  # share of a score from which on something has carried it
_MOSTLY = 0.5  # share from which on one liked paper stands for all of them, or readers for content
_NOTHING = 0.02  # doubt that nobody would miss
_SURE = 1e-9
_BY_DOUBT = itemgetter(0)
_KEPT_PARTS = 512  # texts, 24 kB each
_KEPT_TERMS = 4096  # papers that are close to a text


class Teller:
    """Says why the candidates of one edition are chosen."""

    def __init__(
        self,
        content: Content,
        candidates: Sequence[Candidate],
        keywords: Keywords,
        trending: Floats,
        now: datetime,
        phrases: Phrases,
    ) -> None:
        self._content = content
        self._phrases = phrases
        self._trending = trending.tolist()
        # Until somebody has voted there is only what is expected to tell.
        self._popularity = [
            phrases.popularity(one, now) or foreseen.said(one, now) for one in candidates
        ]
        self._popularity_alone = [
            phrases.popularity(one, now, total=True) or foreseen.said(one, now)
            for one in candidates
        ]
        self._parts = lru_cache(_KEPT_PARTS)(content.parts_of_words)
        self._terms = lru_cache(_KEPT_TERMS)(self._terms_of_words)
        self._written = lru_cache(_KEPT_TERMS)(keywords.written)

    def reason(
        self, case: Case, column: int, *, relevance_raised: float, trending_raised: float
    ) -> str:
        """Name what carried the score, that which did most of it first."""
        doubts = _doubts(case, column)
        doubt = sum([one for one, _, _ in doubts])
        weight = case.wishes.trending_weight
        relevance = (1 - weight) * relevance_raised * -math.expm1(-doubt)
        trending = weight * trending_raised * self._trending[column]
        carried = CARRIED * (relevance + trending)
        # Factors multiply, so that their logarithms part what they reach together.
        least = max(_NOTHING, carried / relevance * doubt) if relevance else math.inf
        clauses: list[str] = []
        left = THINGS
        for one, kind, named in doubts:
            if one < least or left <= 0:
                break
            clause, things = self._clause(case, kind, named, column, left)
            clauses.append(clause)
            left -= things
        popularity = (self._popularity if clauses else self._popularity_alone)[column]
        if popularity and (trending >= carried or not clauses):
            clauses.insert(0 if trending > relevance else len(clauses), popularity)
        return self._phrases.reason(clauses, any_interests=case.wishes.has_interests)

    def _clause(
        self, case: Case, kind: EvidenceKind, named: _Named, column: int, left: int
    ) -> tuple[str, int]:
        """Name evidence of one kind; return how many things are named."""
        if kind is EvidenceKind.LIKES:
            return self._likes(case, column, left)
        if kind is EvidenceKind.WORDS:
            return self._words(case, column, left)
        chosen = [one for _, one in sorted(named, key=_BY_DOUBT, reverse=True)[:left]]
        if kind is EvidenceKind.KEYWORD:
            keywords = [
                (one.value, self._written(one.value, column) if column in one.akin else "")
                for one in chosen
            ]
            return self._phrases.keywords(tuple(keywords)), len(keywords)
        if kind is EvidenceKind.AUTHOR:
            return self._phrases.author(chosen[0].names[column], chosen[0].value), 1
        return self._phrases.category(chosen[0].value), 1

    def _words(self, case: Case, column: int, left: int) -> tuple[str, int]:
        words, interest = case.nearest(column)
        own = int(interest.kind is InterestKind.KEYWORD)
        terms, meant = self._terms(words, column)
        terms = terms[: left - own]
        what = self._phrases.text(interest.kind, interest.value)
        strength = float(words.strength[column])
        return self._phrases.close(what, terms, strength=strength, meant=meant), own + len(terms)

    def _likes(self, case: Case, column: int, left: int) -> tuple[str, int]:
        likes = case.likes
        assert likes is not None
        strength = float(likes.strength[column])
        by_readers = 0.0 if likes.by_readers is None else likes.by_readers[column]
        if by_readers > _MOSTLY * likes.closeness[column]:
            return self._phrases.readers(self._content.sharers(likes, column).title), 1
        accounts = self._content.accounts
        meant = accounts.meant([case.about], column) > _MOSTLY
        if likes.carried[column] < _MOSTLY:
            terms = accounts.terms([case.about], column, left)
            return self._phrases.close(
                self._phrases.likes(), terms, strength=strength, meant=meant
            ), len(terms)
        carrier = likes.carrier[column]
        row = likes.rows[carrier]
        theirs = likes.vectors.terms.indices[slice(*likes.vectors.terms.indptr[row : row + 2])]
        terms = accounts.terms([case.about], column, left - 1, among=theirs)
        title = likes.papers[carrier].title
        return self._phrases.similar(title, terms, strength=strength, meant=meant), 1 + len(terms)

    def _terms_of_words(self, words: Text, column: int) -> tuple[list[str], bool]:
        accounts, parts = self._content.accounts, self._parts(words)
        # Their own words, if the paper has any: others stand for what they are about.
        terms = accounts.terms(parts, column, THINGS, among=parts[0].columns)
        terms = terms or accounts.terms(parts, column, THINGS)
        return terms, accounts.meant(parts, column) > _MOSTLY


def _doubts(case: Case, column: int) -> list[_Doubt]:
    """Return what `Case.evidence` says, kind by kind: it is asked for every pick of everybody."""
    found: list[_Doubt] = []
    keywords: _Named = ()
    for kind, interests in case.by_kind:
        leaning = 1.0
        if kind is EvidenceKind.CATEGORY and case.lean is not None:
            leaning += LEAN * case.lean.item(column)
        named = [
            (-weight * math.log(1 - strength * leaning), matches)
            for matches, weight in interests
            if (strength := matches.found.get(column)) is not None
        ]
        if named:
            found.append((sum([doubt for doubt, _ in named]), kind, named))
            if kind is EvidenceKind.KEYWORD:
                keywords = named
    if case.by_words is not None:
        doubt = -math.log(max(_SURE, case.by_words.item(column)))
        if doubt >= _NOTHING:
            found.append((doubt, EvidenceKind.WORDS, ()))
            if keywords:
                _fold(found, keywords, case.nearest(column)[1].value)
    if case.likes is not None:
        doubt = -math.log(1 - case.likes.strength.item(column))
        found.append((doubt, EvidenceKind.LIKES, ()))
    found.sort(key=_BY_DOUBT, reverse=True)
    return found


def _fold(found: list[_Doubt], keywords: _Named, closest: str) -> None:
    """Count what is close to a keyword that the paper names with it: it says no other thing."""
    for _, matches in keywords:
        if matches.value == closest:
            doubt, _, _ = found.pop()
            for place, (old, kind, some) in enumerate(found):
                if kind is EvidenceKind.KEYWORD:
                    found[place] = (old + doubt, kind, some)
            return
