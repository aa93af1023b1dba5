"""People who press the button twice, on each database."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

from digest import subscriptions
from digest.model import DeliveryKind, SubscriberStatus
from digest.store import Store
from digest.subscriptions import Preferences, SignUp
from tests.integration.conftest import hash_email
from tests.support.samples import NOW

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
