"""What the candidates of an edition may expect, by what the store knows of earlier papers.

The past is learned by the scheduler, once a day, and kept; an edition that finds nothing that
fits learns for itself. A model fits if the same code learned it, within a month, and if it knows
nothing of what came after the moment that is planned for.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from digest.model import AttentionModel, Candidate
from digest.ranking import ENOUGH, VERSION, Attention, Phrases, attention_of, expectations
from digest.store import Store, Transaction

log = logging.getLogger(__name__)

PAST = timedelta(days=730)
SETTLED = timedelta(days=2)  # until most votes of a paper have come

EVERY = timedelta(days=1)
LONGEST = timedelta(days=31)  # for so long a model was seen to keep its word
_GROWTH = 2  # times as many papers as it was learned from: a past that was filled in


def with_expectations(
    store: Store, candidates: Sequence[Candidate], now: datetime, phrases: Phrases
) -> list[Candidate]:
    """Return the candidates with what they may expect, as they are if the past is too short."""
    return expected_by(model_of(store, now), candidates, phrases)


def model_of(store: Store, now: datetime) -> Attention | None:
    """Return what is known at a moment; `None` if the past is too short.

    Where no model fits, the past is learned for this once.
    """
    return _kept(store, now) or attention_of(_past(store, now))


def expected_by(
    model: Attention | None, candidates: Sequence[Candidate], phrases: Phrases
) -> list[Candidate]:
    """Return the candidates with what they may expect, as they are without a model."""
    if model is None:
        log.info("no expected attention: less than %d past papers with upvotes", ENOUGH)
        return list(candidates)
    expected = expectations(model, candidates, phrases)
    return [replace(one, expected=of) for one, of in zip(candidates, expected, strict=True)]


def ready(store: Store, now: datetime) -> None:
    """Learn the past and keep it where no model fits."""
    with store.read() as tx:
        known = fitting(tx, now)
    if known is None:
        _learn(store, now, None)


def update(store: Store, now: datetime) -> None:
    """Learn the past anew and keep it, if it is time to.

    Of several processes that do so at once the first is kept.
    """
    with store.read() as tx:
        known = fitting(tx, now)
        papers, newest_at = past_papers(tx, now)
    if is_due(known, papers, newest_at, now):
        _learn(store, now, known)


def is_due(
    known: AttentionModel | None, papers: int, newest_at: datetime | None, now: datetime
) -> bool:
    """Decide whether to learn: from enough papers, once a day, and only if there are new ones."""
    if papers < ENOUGH:
        return False
    if known is None or papers >= _GROWTH * known.papers:
        return True
    is_new = (papers, newest_at) != (known.papers, known.newest_at)
    return is_new and now - known.learned_at >= EVERY


def fitting(tx: Transaction, now: datetime) -> AttentionModel | None:
    """Return the model that what is planned at a moment may use."""
    known = tx.attention.newest(VERSION, until=now)
    return known if known is not None and now - known.learned_at < LONGEST else None


def past_papers(tx: Transaction, now: datetime) -> tuple[int, datetime | None]:
    """Return how many papers there are to learn from, and when the newest was listed.

    A paper counts as past when it is two days old; its day is that on which it was listed.
    """
    return tx.papers.count_voted(now - PAST, now - SETTLED, seen=now)


def _kept(store: Store, now: datetime) -> Attention | None:
    with store.read() as tx:
        known = fitting(tx, now)
        content = tx.attention.content(known) if known is not None else None
    if content is None:
        return None
    try:
        return Attention.from_bytes(content)
    except ValueError as error:
        log.warning("expected attention is learned for this once: %s", error)
        return None


def _past(store: Store, now: datetime) -> list[Candidate]:
    with store.read() as tx:
        past = tx.papers.voted(now - PAST, now - SETTLED, seen=now)
    # Oldest first, whatever else was listed with it.
    return sorted(past, key=lambda one: (one.listed_at, one.paper.key))


def _learn(store: Store, now: datetime, before: AttentionModel | None) -> None:
    """Learn, and keep it unless somebody else has done so since `before`."""
    past = _past(store, now)
    model = attention_of(past)
    if model is None:
        return
    content = model.to_bytes()
    with store.write() as tx:
        if fitting(tx, now) != before:
            return
        others = before is None and tx.attention.count() > 0
        tx.attention.keep(
            content,
            version=VERSION,
            learned_at=now,
            papers=len(past),
            newest_at=past[-1].listed_at,
        )
    log.info(
        "learned from %d papers up to %s what attention new ones may expect%s",
        len(past),
        past[-1].listed_at.date(),
        ": what was known did not fit" if others else "",
    )
