"""The expected attention of papers that nobody has voted on yet, and why; pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt

from digest.model import Candidate, Expectation
from digest.ranking.attention import Attention
from digest.ranking.explain import Phrases
from digest.ranking.listing import Listing
from digest.ranking.traits import Trait

Floats = npt.NDArray[np.float64]

ENOUGH = 300  # past papers; with fewer there is more chance than attention in what is learned

_NAMED = 2  # grounds that are named
_WORTH_NAMING = 0.1  # a tenth more upvotes
_HALF_WAY = 50.0  # upvotes, where there is no past to say how many are usual


def score_attention(
    history: Sequence[Mapping[str, Any]], today: Sequence[Mapping[str, Any]]
) -> Floats:
    """Score papers by the attention that they may expect, learned from past ones alone.

    Records are those of the list of Hugging Face (see `Listing.of_record`); any field but the
    title may be missing. `upvotes` of the past are the final counts; records without them, or
    listed on the first day of today's or later, say nothing. Returns an array [today] in 0..1:
    the share of the papers of its day that each may expect to leave behind. A record of today
    that has `upvotes` is scored by this early count too; no other count is looked at, and one
    paper's score depends on no other's but by the usual early count of its day. With fewer than
    `ENOUGH` past papers nothing is expected: 0, or what an early count says. Raises `ValueError`
    for a record without a title.
    """
    listings = _listings("today", today)
    first = min((one.day for one in listings if one.day is not None), default=date.max)
    past = [
        one
        for one in _listings("history", history)
        if one.upvotes is not None and (one.day is None or one.day < first)
    ]
    model = _remembered(tuple(past))
    if model is None:
        counts = np.array([one.upvotes or 0 for one in listings], np.float64)
        return counts / (counts + _HALF_WAY)
    return model.share(model.with_votes(model.expect(listings), listings))


def attention_of(past: Sequence[Candidate]) -> Attention | None:
    """Learn from papers with the signals that they had in the end; `None` if they are too few."""
    told = [Listing.of_candidate(one) for one in past]
    return _learned([one for one in told if one.upvotes is not None])


def expectations(
    model: Attention, candidates: Sequence[Candidate], phrases: Phrases | None = None
) -> list[Expectation]:
    """Return what each candidate may expect, whatever votes it has.

    Why is said in `phrases`, or in English.
    """
    phrases = phrases or Phrases()
    listings = [Listing.of_candidate(one) for one in candidates]
    expected = model.expect(listings)
    return [
        Expectation(
            float(share),
            _why(
                model,
                listing,
                {trait: float(of[row]) for trait, of in expected.traits.items()},
                phrases,
            ),
        )
        for row, (listing, share) in enumerate(zip(listings, expected.share, strict=True))
    ]


def _learned(past: Sequence[Listing]) -> Attention | None:
    if len(past) < ENOUGH:
        return None
    # Here, for scikit-learn takes a second to load and most commands expect nothing.
    from digest.ranking.learning import learn

    return learn(past)


# Who asks about the same past again need not wait.
_remembered = lru_cache(2)(_learned)


def _listings(what: str, records: Sequence[Mapping[str, Any]]) -> list[Listing]:
    found = []
    for place, record in enumerate(records):
        try:
            found.append(Listing.of_record(record))
        except ValueError as error:
            raise ValueError(f"{what}[{place}]: {error}") from error
    return found


def _why(
    model: Attention, listing: Listing, traits: Mapping[Trait, float], phrases: Phrases
) -> str:
    """Name what speaks most for a listing, the strongest first; empty where nothing does."""
    grounds = []
    for trait, worth in sorted(traits.items(), key=lambda one: -one[1]):
        if worth >= _WORTH_NAMING and (said := _ground(model, listing, trait, phrases)):
            grounds.append(said)
    return phrases.expected(grounds[:_NAMED])


def _ground(model: Attention, listing: Listing, trait: Trait, phrases: Phrases) -> str:
    if trait is Trait.AUTHORS:
        name = model.best_author(listing)
        return name and phrases.known_author(name)
    if trait is Trait.CODE and listing.owner:
        return phrases.with_code(listing.stars)
    if trait is Trait.PAGE and listing.site:
        return phrases.with_page()
    if trait is Trait.ORGANISATION and listing.organisation_name:
        return phrases.known_organisation(listing.organisation_name)
    if trait is Trait.TEXT:
        return phrases.telling(model.wording.telling(listing))
    return ""
