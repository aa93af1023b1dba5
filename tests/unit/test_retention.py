"""What is forgotten, and what stays."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

from digest.config import Retention
from digest.model import SubscriberStatus
from digest.retention import prune
from digest.store import Store
from tests.support.database import new_database
from tests.support.samples import NOW, subscribe

WEEK = timedelta(days=7)


def test_old_pending_sign_ups_and_runs_go_and_the_rest_stays(tmp_path: Path) -> None:
    store = Store(new_database(tmp_path), hash_email=str)
    subscribe(store, "member@example.org")
    with store.write() as tx:
        for email, age in (("old@example.org", WEEK), ("new@example.org", timedelta(days=6))):
            tx.subscribers.add(
                email=email,
                status=SubscriberStatus.UNCONFIRMED,
                now=NOW - age - timedelta(seconds=1),
            )
        tx.runs.start("run", now=NOW - timedelta(days=91))
        tx.runs.start("run", now=NOW - timedelta(days=89))
    for _ in range(2):
        prune(store, Retention(), NOW)
        with store.read() as tx:
            left = [subscriber.email for subscriber in tx.subscribers.list()]
            assert left == ["member@example.org", "new@example.org"]
            assert len(tx.runs.list()) == 1
    store.close()
