"""What was sent and said, as things stood when it was planned."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from digest.config import RankingSettings
from digest.evaluation.replay import Moment
from digest.history import moments
from digest.model import (
    Cadence,
    DeliveryState,
    Opinion,
    Signal,
    SignalName,
    SkipReason,
    Subscriber,
    Window,
)
from digest.ranking import ENOUGH
from digest.store import Store
from tests.support.listings import write_past
from tests.support.samples import NOW, paper, papers, pick, plan, subscribe

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)


def send(
    store: Store,
    reader: Subscriber,
    *numbers: int,
    at: datetime,
    sent: bool = True,
    cadence: Cadence | None = None,
) -> None:
    """Write a digest with those papers, of the reader's own cadence or of another."""
    key = f"digest:{at.date()}:{reader.public_id}"
    chosen = tuple(
        pick(paper(f"arxiv:2611.{number:05d}"), place) for place, number in enumerate(numbers, 1)
    )
    with store.write() as tx:
        edition = tx.editions.ensure(cadence or reader.cadence, at.date(), now=at)
        one = plan(reader, key=key, message_id=f"<{key}>", planned_at=at, picks=chosen)
        tx.deliveries.plan([replace(one, edition_id=edition.id)])
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


def test_a_weekly_digest_looks_at_the_week(store: Store) -> None:
    ada, bob = (subscribe(store, f"{name}@example.org") for name in ("ada", "bob"))
    for days in range(1, 13):
        list_(store, 1, first=days, at=NOW - days * DAY)
    send(store, ada, 1, 2, 4, 6, at=NOW, cadence=Cadence.WEEKLY)
    send(store, bob, 1, 2, at=NOW)
    for number, opinion in ((1, Opinion.MORE), (6, Opinion.LESS)):
        say(store, ada, number, opinion, NOW + HOUR)
        say(store, bob, number, opinion, NOW + HOUR)
    found = read(store, settings=RankingSettings(trending_days=3))
    by_window = {
        one.trend.window: moment
        for moment in found
        for one in moment.candidates
        if one.trend is not None
    }
    assert len(found) == 2
    (weekly,) = by_window[Window.WEEK].occasions
    assert (weekly.more, weekly.less) == (keys(1), keys(6))
    assert weekly.open == keys(*range(1, 7))
    assert {one.paper.key for one in by_window[Window.WEEK].candidates} == keys(*range(1, 13))
    (daily,) = by_window[Window.DAY].occasions
    assert (daily.more, daily.less, daily.open) == (keys(1), keys(), keys(1, 2))


def test_papers_count_that_were_listed_since_the_reader_was_last_thought_of(store: Store) -> None:
    reader = subscribe(store)
    for days in range(1, 6):
        list_(store, 1, first=days, at=NOW - days * DAY)
    # Nothing suited them three days ago: that is no digest, and those papers were considered.
    with store.write() as tx:
        edition = tx.editions.ensure(Cadence.DAILY, (NOW - 3 * DAY).date(), now=NOW - 3 * DAY)
        quiet = plan(reader, key="quiet", message_id="<quiet>", planned_at=NOW - 3 * DAY)
        quiet = replace(quiet, reason=SkipReason.NO_MATCH, edition_id=edition.id)
        tx.deliveries.plan([quiet])
    send(store, reader, 1, at=NOW)
    send(store, reader, 2, at=NOW + DAY)
    say(store, reader, 1, Opinion.MORE, NOW + HOUR)
    (moment,) = read(store)
    (one,) = moment.occasions
    assert one.open == keys(1, 2)


def test_what_is_still_trending_could_be_sent_to_whom_it_was_not_shown(store: Store) -> None:
    ada, bob = (subscribe(store, f"{name}@example.org") for name in ("ada", "bob"))
    list_(store, 3, at=NOW - 3 * HOUR)
    send(store, ada, 1, at=NOW)
    send(store, bob, 2, at=NOW)
    list_(store, 1, first=4, at=NOW + 20 * HOUR)
    with store.write() as tx:
        hot = Signal("arxiv:2611.00001", "hub", SignalName.UPVOTES, 500, NOW + 22 * HOUR)
        tx.signals.record([hot])
    for reader in (ada, bob):
        send(store, reader, 4, at=NOW + DAY)
        say(store, reader, 4, Opinion.MORE, NOW + DAY + HOUR)
    (moment,) = read(store)
    assert [one.open for one in moment.occasions] == [keys(4), keys(1, 4)]


@pytest.mark.parametrize("past", [20, 320])
def test_what_papers_may_expect_is_learned_from_what_was_known(store: Store, past: int) -> None:
    write_past(store, past)
    reader = subscribe(store)
    list_(store, 2, at=NOW - HOUR)
    send(store, reader, 1, at=NOW)
    say(store, reader, 1, Opinion.MORE, NOW + HOUR)
    (moment,) = read(store)
    assert {one.expected is not None for one in moment.candidates} == {past >= ENOUGH}


def test_what_is_liked_together_is_what_was_liked_by_then(store: Store) -> None:
    ada, bob = (subscribe(store, f"{name}@example.org") for name in ("ada", "bob"))
    list_(store, 4, at=NOW - HOUR)
    send(store, ada, 1, at=NOW)
    say(store, bob, 2, Opinion.MORE, NOW - HOUR)
    say(store, bob, 3, Opinion.MORE, NOW + HOUR)
    say(store, ada, 1, Opinion.MORE, NOW + HOUR)
    (moment,) = read(store)
    assert [[one.key for one in library] for library in moment.libraries] == [["arxiv:2611.00002"]]
