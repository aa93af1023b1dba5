"""More, less, and neither."""

from __future__ import annotations

from pathlib import Path

import pytest

from digest import feedback
from digest.errors import NotFound
from digest.model import Feedback, Opinion
from digest.store import Store
from tests.support.database import new_database
from tests.support.samples import NOW, paper, subscribe


@pytest.fixture
def store(tmp_path: Path) -> Store:
    store = Store(new_database(tmp_path), hash_email=str)
    with store.write() as tx:
        tx.papers.add([paper()], source="arxiv", listed_at=NOW)
    return store


def test_looking_gives_no_opinion(store: Store) -> None:
    reader = subscribe(store)
    with store.read() as tx:
        ballot = feedback.look(tx, reader.public_id, paper().key, "more")
        assert (ballot.paper, ballot.offered, ballot.given) == (paper(), Opinion.MORE, None)
        assert tx.feedback.of(reader.id) == []


def test_an_opinion_is_given_changed_and_withdrawn(store: Store) -> None:
    reader = subscribe(store)
    with store.write() as tx:
        ballot = feedback.look(tx, reader.public_id, paper().key, "more")
        assert feedback.give(tx, ballot, Opinion.MORE, now=NOW).given is Opinion.MORE
        ballot = feedback.give(tx, ballot, Opinion.LESS, now=NOW)
        assert tx.feedback.of(reader.id) == [Feedback(paper().key, Opinion.LESS, NOW)]
        assert feedback.look(tx, reader.public_id, paper().key, "more") == ballot
        assert feedback.withdraw(tx, ballot).given is None
        assert tx.feedback.of(reader.id) == []


@pytest.mark.parametrize(
    ("person", "key", "opinion"),
    [
        ("nobody", "arxiv:2611.00001", "more"),
        ("", "arxiv:2611.99999", "more"),
        ("", "arxiv:2611.00001", "hate"),
    ],
)
def test_links_to_what_is_gone_are_not_found(
    store: Store, person: str, key: str, opinion: str
) -> None:
    reader = subscribe(store)
    with pytest.raises(NotFound), store.read() as tx:
        feedback.look(tx, person or reader.public_id, key, opinion)
