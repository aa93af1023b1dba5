"""A model of expected attention is learned when it is time to, kept, and used where it fits."""

from __future__ import annotations

import logging
from datetime import datetime, timedelta

import pytest

from digest.model import AttentionModel, Candidate, Expectation
from digest.rank import expecting
from digest.ranking import ENOUGH, VERSION, Phrases
from digest.store import Store
from tests.support.listings import write_past
from tests.support.samples import NOW, paper

DAY = timedelta(days=1)
FAMOUS = Candidate(paper("arxiv:2611.00001", authors=("Ada Famous",)), NOW)


def expected(store: Store, now: datetime = NOW) -> Expectation | None:
    """Return what a paper of a known author may expect at a moment."""
    (one,) = expecting.with_expectations(store, [FAMOUS], now, Phrases())
    return one.expected


def kept(store: Store, now: datetime = NOW) -> AttentionModel | None:
    """Return the model that fits a moment."""
    with store.read() as tx:
        return expecting.fitting(tx, now)


def number(store: Store) -> int:
    """Return how many models are kept."""
    with store.read() as tx:
        return tx.attention.count()


def forge(store: Store, *, learned_at: datetime = NOW, made_by: str = "") -> None:
    """Write a model that nobody can read, of this program or of another."""
    with store.write() as tx:
        tx.attention.keep(
            b"forged",
            version=made_by or VERSION,
            learned_at=learned_at,
            papers=320,
            newest_at=learned_at - 3 * DAY,
        )


# --- when it is time to -----------------------------------------------------------------------

KNOWN = AttentionModel(1, "v", learned_at=NOW, papers=400, newest_at=NOW - 2 * DAY)


@pytest.mark.parametrize(
    ("known", "papers", "newest_at", "later", "due"),
    [
        (None, ENOUGH, NOW, DAY, True),
        (None, ENOUGH - 1, NOW, DAY, False),
        (KNOWN, 410, NOW - DAY, DAY, True),
        (KNOWN, 410, NOW - DAY, DAY / 2, False),  # today's is good enough
        (KNOWN, 400, KNOWN.newest_at, 9 * DAY, False),  # nothing new
        (KNOWN, 400, NOW - DAY, DAY, True),  # one came, one left
        (KNOWN, 800, NOW - DAY, DAY / 24, True),  # a past was filled in
        (KNOWN, 20, NOW, 9 * DAY, False),
    ],
)
def test_it_is_learned_once_a_day_if_there_are_new_papers(
    known: AttentionModel | None, papers: int, newest_at: datetime, later: timedelta, *, due: bool
) -> None:
    assert expecting.is_due(known, papers, newest_at, NOW + later) is due


# --- what is kept -----------------------------------------------------------------------------


def test_what_is_kept_says_what_was_learned(store: Store) -> None:
    write_past(store, 320)
    learned = expected(store)
    assert number(store) == 0  # who only looks writes nothing
    expecting.update(store, NOW)
    model = kept(store)
    assert model is not None
    assert (model.papers, model.learned_at, model.version) == (320, NOW, VERSION)
    assert model.newest_at == NOW - 9 * DAY
    assert expected(store) == learned
    assert learned is not None
    assert learned.share > 0.5
    assert "Ada Famous" in learned.why


def test_the_model_of_a_day_ago_serves_until_it_is_learned_anew(sqlite_store: Store) -> None:
    store = sqlite_store
    write_past(store, 320)
    expecting.ready(store, NOW)
    first = kept(store)
    assert first is not None
    expecting.update(store, NOW + DAY)  # nothing new
    write_past(store, 330, known=320, until=NOW - 8 * DAY)
    expecting.update(store, NOW + DAY / 2)
    expecting.ready(store, NOW + DAY)
    assert kept(store, NOW + DAY) == first
    expecting.update(store, NOW + DAY)
    second = kept(store, NOW + DAY)
    assert second is not None
    assert (second.papers, second.learned_at) == (330, NOW + DAY)


def test_with_a_short_past_nothing_is_kept_and_nothing_expected(store: Store) -> None:
    write_past(store, 20)
    expecting.update(store, NOW)
    expecting.ready(store, NOW)
    assert number(store) == 0
    assert expected(store) is None


def test_the_last_two_are_kept(store: Store) -> None:
    for hours in range(5):
        forge(store, learned_at=NOW + timedelta(hours=hours))
    assert number(store) == 2
    newest = kept(store, NOW + DAY)
    assert newest is not None
    assert newest.learned_at == NOW + timedelta(hours=4)


# --- what does not fit ------------------------------------------------------------------------


def test_a_model_fits_that_knows_nothing_of_later_and_is_not_too_old(store: Store) -> None:
    forge(store)
    assert kept(store, NOW - DAY / 24) is None
    assert kept(store, NOW) == kept(store, NOW + 30 * DAY) is not None
    assert kept(store, NOW + 31 * DAY) is None


def test_a_model_of_other_code_is_not_read(
    sqlite_store: Store, caplog: pytest.LogCaptureFixture
) -> None:
    write_past(sqlite_store, 320)
    forge(sqlite_store, made_by="another")
    assert kept(sqlite_store) is None
    with caplog.at_level(logging.INFO, logger="digest"):
        expecting.update(sqlite_store, NOW)
    (said,) = (record.message for record in caplog.records)
    assert said.startswith("learned from 320 papers up to 2026-11-15 what attention new ones may")
    assert said.endswith(": what was known did not fit")
    assert kept(sqlite_store) is not None


def test_for_a_past_day_it_is_learned_from_what_was_known_then(sqlite_store: Store) -> None:
    write_past(sqlite_store, 400)
    then = NOW - 16 * DAY
    forge(sqlite_store, learned_at=then + DAY)
    expecting.ready(sqlite_store, then)
    model = kept(sqlite_store, then)
    assert model is not None
    assert (model.learned_at, model.newest_at) == (then, then - 2 * DAY)
    assert model.papers < 400


@pytest.mark.parametrize("cut", [0, 7, 5000, -1])
def test_a_model_that_is_damaged_is_learned_again(
    sqlite_store: Store, caplog: pytest.LogCaptureFixture, cut: int
) -> None:
    write_past(sqlite_store, 320)
    expecting.update(sqlite_store, NOW)
    sound, model = expected(sqlite_store), kept(sqlite_store)
    assert model is not None
    with sqlite_store.write() as tx:
        content = tx.attention.content(model)
        assert content is not None
        tx.attention.keep(
            content[:cut],
            version=VERSION,
            learned_at=NOW,
            papers=model.papers,
            newest_at=model.newest_at,
        )
    with caplog.at_level(logging.WARNING, logger="digest"):
        assert expected(sqlite_store) == sound
    assert "learned for this once: what was kept is damaged" in caplog.text


# --- others -----------------------------------------------------------------------------------


def test_of_two_that_learn_at_once_the_first_is_kept(sqlite_store: Store) -> None:
    write_past(sqlite_store, 320)
    before = kept(sqlite_store)
    forge(sqlite_store)
    first = kept(sqlite_store)
    expecting._learn(sqlite_store, NOW, before)  # had looked before the first one wrote
    assert kept(sqlite_store) == first
    assert number(sqlite_store) == 1


def test_a_model_that_is_deleted_before_it_is_read_is_no_error(store: Store) -> None:
    forge(store)
    model = kept(store)
    assert model is not None
    forge(store, made_by="another")
    forge(store, made_by="another")
    with store.read() as tx:
        assert tx.attention.content(model) is None
