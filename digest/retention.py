"""What is forgotten, and when."""

from __future__ import annotations

from datetime import datetime, timedelta

from digest.config import Retention
from digest.model import SubscriberStatus
from digest.store import Store


def prune(store: Store, settings: Retention, now: datetime) -> None:
    """Delete sign-ups that nobody confirmed, and old entries of the run record.

    Of those who have ever confirmed, only the sign-up goes.
    """
    asked_before = now - timedelta(days=settings.unconfirmed_days)
    with store.write() as tx:
        for one in tx.subscribers.list(SubscriberStatus.UNCONFIRMED):
            if one.created_at is not None and one.created_at < asked_before:
                tx.subscribers.erase(one.id)
        for one in tx.subscribers.wishing():
            if one.wished_at is not None and one.wished_at < asked_before:
                tx.subscribers.edit(one.id, wish=None)
        tx.runs.prune(before=now - timedelta(days=settings.runs_days))
