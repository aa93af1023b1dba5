"""People who press the button twice, and who come back, on each database."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime, timedelta
from threading import Barrier

from digest import subscriptions
from digest.config import Retention
from digest.model import (
    Cadence,
    DeliveryKind,
    Interest,
    InterestKind,
    Opinion,
    Subscriber,
    SubscriberStatus,
)
from digest.retention import prune
from digest.store import Store
from digest.subscriptions import Preferences, SignUp
from tests.integration.conftest import hash_email
from tests.support.samples import NOW, paper

CROWD = 4


def test_sign_ups_at_the_same_moment_make_one_subscriber_and_one_mail(store: Store) -> None:
    start = Barrier(CROWD)

    def sign_up(number: int) -> SignUp:
        start.wait()
        with store.write() as tx:
            return subscriptions.sign_up(
                tx,
                "reader@example.org",
                Preferences(hour=number),
                origin="192.0.2.7",
                now=NOW,
                domain="example.org",
                hash_email=hash_email,
            ).outcome

    with ThreadPoolExecutor(CROWD) as crowd:
        outcomes = list(crowd.map(sign_up, range(CROWD)))
    assert sorted(outcomes) == [SignUp.ASKED] + [SignUp.WAITING] * (CROWD - 1)
    with store.read() as tx:
        (subscriber,) = tx.subscribers.list()
        assert subscriber.status is SubscriberStatus.UNCONFIRMED
        assert [mail.kind for mail in tx.deliveries.list()] == [DeliveryKind.CONFIRM]


def test_a_button_that_is_pressed_twice_at_once_welcomes_once(store: Store) -> None:
    with store.write() as tx:
        pending = tx.subscribers.add(
            email="reader@example.org", status=SubscriberStatus.UNCONFIRMED, now=NOW
        )
    start = Barrier(CROWD)

    def confirm(_: int) -> SubscriberStatus:
        start.wait()
        with store.write() as tx:
            return subscriptions.confirm(
                tx,
                pending.public_id,
                origin="192.0.2.7",
                now=NOW,
                domain="example.org",
                hash_email=hash_email,
            ).status

    with ThreadPoolExecutor(CROWD) as crowd:
        assert set(crowd.map(confirm, range(CROWD))) == {SubscriberStatus.CONFIRMED}
    with store.read() as tx:
        assert [mail.kind for mail in tx.deliveries.list()] == [DeliveryKind.WELCOME]


# --- who left, and whose address a stranger types -----------------------------------------------

LATER = NOW + timedelta(days=1)
CHOICES = Preferences(
    cadence=Cadence.WEEKLY,
    hour=6,
    interests=(
        Interest(InterestKind.KEYWORD, "grasping"),
        Interest(InterestKind.KEYWORD, "crypto", -1.0),
    ),
)


def sign_up(store: Store, preferences: Preferences, *, now: datetime = NOW) -> Subscriber:
    with store.write() as tx:
        subscriber = subscriptions.sign_up(
            tx,
            "reader@example.org",
            preferences,
            origin="192.0.2.7",
            now=now,
            domain="example.org",
            hash_email=hash_email,
        ).subscriber
    assert subscriber is not None
    return subscriber


def confirm(store: Store, who: Subscriber, *, now: datetime = NOW) -> Subscriber:
    with store.write() as tx:
        return subscriptions.confirm(
            tx,
            who.public_id,
            origin="192.0.2.8",
            now=now,
            domain="example.org",
            hash_email=hash_email,
        )


def left(store: Store) -> Subscriber:
    """Return somebody who read for a while, said something of a paper, and left."""
    reader = confirm(store, sign_up(store, CHOICES))
    with store.write() as tx:
        tx.papers.add([paper()], source="arxiv", listed_at=NOW)
        tx.feedback.give(reader.id, paper().key, Opinion.MORE, now=NOW)
        return subscriptions.unsubscribe(tx, reader.public_id, now=NOW)


def opinions(store: Store, who: Subscriber) -> int:
    with store.read() as tx:
        return len(tx.feedback.of(who.id))


def test_a_stranger_with_the_address_of_somebody_who_left_changes_nothing(store: Store) -> None:
    before = left(store)
    sign_up(store, Preferences(hour=3), now=LATER)
    for now in (LATER, LATER + timedelta(days=8)):
        prune(store, Retention(), now)
        with store.read() as tx:
            after = tx.subscribers.by_email("reader@example.org")
        assert after is not None
        assert replace(after, wish=None) == before
        assert opinions(store, before) == 1
    assert after.wish is None  # it is forgotten when its link is too old
    assert subscriptions.asking(after) is None
    assert confirm(store, before, now=LATER) == before
    with store.write() as tx:
        back = subscriptions.rejoin(
            tx, before.public_id, origin="192.0.2.9", now=LATER, hash_email=hash_email
        )
    assert back.status is SubscriberStatus.CONFIRMED
    assert Preferences.of(back) == CHOICES


def test_who_comes_back_has_what_they_asked_for_then(store: Store) -> None:
    before = left(store)
    wanted = Preferences(
        name="Ada",
        timezone="Asia/Tokyo",
        interests=(Interest(InterestKind.SEED, "arxiv:2611.00001"),),
    )
    pending = sign_up(store, wanted, now=LATER)
    assert pending.status is SubscriberStatus.UNSUBSCRIBED
    asked = subscriptions.asking(pending)
    assert asked is not None
    assert Preferences.of(asked) == wanted
    back = confirm(store, pending, now=LATER)
    assert back.status is SubscriberStatus.CONFIRMED
    assert back.wish is None
    assert Preferences.of(back) == wanted
    assert back.consent == {
        "asked_at": LATER.isoformat(),
        "asked_from": "192.0.2.7",
        "wording": subscriptions.CONSENT_WORDING,
        "confirmed_at": LATER.isoformat(),
        "confirmed_from": "192.0.2.8",
    }
    assert opinions(store, before) == 1
    with store.read() as tx:
        kinds = [mail.kind for mail in reversed(tx.deliveries.list())]
    assert kinds == [DeliveryKind.CONFIRM, DeliveryKind.WELCOME] * 2


def test_who_comes_back_by_their_address_alone_has_their_interests_still(store: Store) -> None:
    left(store)
    back = confirm(store, sign_up(store, Preferences(), now=LATER), now=LATER)
    assert Preferences.of(back) == Preferences(interests=CHOICES.interests)


def test_a_request_to_come_back_is_mailed_unless_it_is_taken_back(store: Store) -> None:
    gone = left(store)
    sign_up(store, Preferences(), now=LATER)
    with store.write() as tx:
        (mail,) = tx.outbox.reserve("w", now=LATER, lease_until=LATER, limit=10)[-1:]
        assert tx.outbox.standings("w", [mail])[mail].returning
        subscriptions.unsubscribe(tx, gone.public_id, now=LATER)
        assert not tx.outbox.standings("w", [mail])[mail].returning
    assert confirm(store, gone, now=LATER).status is SubscriberStatus.UNSUBSCRIBED
