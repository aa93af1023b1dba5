"""What was sent and said, as things stood when it was planned."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from digest.config import RankingSettings
from digest.evaluation.replay import Moment
from digest.history import moments
from digest.model import DeliveryState, Opinion, Subscriber
from digest.store import Store
from tests.support.samples import NOW, paper, papers, pick, plan, subscribe

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)


def send(store: Store, reader: Subscriber, *numbers: int, at: datetime, sent: bool = True) -> None:
    """Write a digest with those papers."""
    key = f"digest:{at.date()}:{reader.public_id}"
    chosen = tuple(
        pick(paper(f"arxiv:2611.{number:05d}"), place) for place, number in enumerate(numbers, 1)
    )
    with store.write() as tx:
        tx.deliveries.plan(
            [plan(reader, key=key, message_id=f"<{key}>", planned_at=at, picks=chosen)]
        )
        delivery = tx.deliveries.by_key(key)
        assert delivery is not None
        if sent:
            tx.deliveries.move(delivery.id, expected=DeliveryState.PLANNED, to=DeliveryState.SENT)


def say(store: Store, reader: Subscriber, number: int, opinion: Opinion, at: datetime) -> None:
    with store.write() as tx:
        tx.feedback.give(reader.id, f"arxiv:2611.{number:05d}", opinion, now=at)


def list_(store: Store, count: int, *, first: int = 1, at: datetime) -> None:
    with store.write() as tx:
        tx.papers.add(papers(count, first=first), source="arxiv", listed_at=at)


def read(store: Store, **changes: Any) -> list[Moment]:
    asked = {"settings": RankingSettings(), "since": NOW - 30 * DAY, "until": NOW + 30 * DAY}
    return list(moments(store, **{**asked, **changes}))


def keys(*numbers: int) -> frozenset[str]:
    return frozenset(f"arxiv:2611.{number:05d}" for number in numbers)


def test_a_reader_is_known_by_what_they_had_said_before(store: Store) -> None:
    reader = subscribe(store, "ada@example.org", "robots")
    list_(store, 4, at=NOW - HOUR)
    send(store, reader, 1, 2, at=NOW)
    say(store, reader, 1, Opinion.MORE, NOW + HOUR)
    say(store, reader, 2, Opinion.LESS, NOW + HOUR)
    list_(store, 3, first=5, at=NOW + DAY - HOUR)
    send(store, reader, 6, 5, at=NOW + DAY)
    say(store, reader, 6, Opinion.MORE, NOW + DAY + HOUR)
    first, second = read(store)
    (one,) = first.occasions
    assert (one.profile.liked, one.sent) == ((), ("arxiv:2611.00001", "arxiv:2611.00002"))
    assert (one.open, one.more, one.less) == (keys(1, 2, 3, 4), keys(1), keys(2))
    assert {each.paper.key for each in first.candidates} == keys(1, 2, 3, 4)
    (other,) = second.occasions
    assert [each.key for each in other.profile.liked] == ["arxiv:2611.00001"]
    assert [each.key for each in other.profile.disliked] == ["arxiv:2611.00002"]
    # What was new on the first day is not new on the second.
    assert (other.open, other.more, other.less) == (keys(5, 6, 7), keys(6), frozenset())
    assert [each.value for each in other.profile.interests] == ["robots"]


def test_digests_that_nobody_answered_or_got_are_left_out(store: Store) -> None:
    ada, bob, eve = (subscribe(store, f"{name}@example.org") for name in ("ada", "bob", "eve"))
    list_(store, 4, at=NOW - HOUR)
    send(store, ada, 1, at=NOW)
    send(store, bob, 1, at=NOW)
    send(store, eve, 1, at=NOW, sent=False)
    assert read(store) == []
    say(store, ada, 1, Opinion.MORE, NOW + HOUR)
    say(store, eve, 1, Opinion.MORE, NOW + HOUR)
    (moment,) = read(store)
    assert [one.reader for one in moment.occasions] == [ada.id]
    assert read(store, since=NOW) == []
    assert read(store, until=NOW - HOUR) == []


def test_one_reader_may_be_asked_about(store: Store) -> None:
    ada, bob = (subscribe(store, f"{name}@example.org") for name in ("ada", "bob"))
    list_(store, 2, at=NOW - HOUR)
    for reader in (ada, bob):
        send(store, reader, 1, at=NOW)
        say(store, reader, 1, Opinion.MORE, NOW + HOUR)
    (moment,) = read(store)
    assert [one.reader for one in moment.occasions] == [ada.id, bob.id]
    (moment,) = read(store, only=bob.id)
    assert [one.reader for one in moment.occasions] == [bob.id]
