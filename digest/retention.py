"""What is forgotten, and when."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from digest.config import Retention
from digest.model import SubscriberStatus
from digest.store import Store


@dataclass(frozen=True, slots=True)
class RetentionReport:
    """How many rows were deleted."""

    unconfirmed: int = 0
    runs: int = 0


def prune(store: Store, settings: Retention, now: datetime) -> RetentionReport:
    """Delete sign-ups that nobody confirmed, and old entries of the run record.

    Of those who have ever confirmed, only the sign-up goes.
    """
    asked_before = now - timedelta(days=settings.unconfirmed_days)
    with store.write() as tx:
        forgotten = [
            subscriber
            for subscriber in tx.subscribers.list(SubscriberStatus.UNCONFIRMED)
            if subscriber.created_at is not None and subscriber.created_at < asked_before
        ]
        for subscriber in forgotten:
            tx.subscribers.erase(subscriber.id)
        stayed_away = [
            subscriber
            for subscriber in tx.subscribers.wishing()
            if subscriber.wished_at is not None and subscriber.wished_at < asked_before
        ]
        for subscriber in stayed_away:
            tx.subscribers.edit(subscriber.id, wish=None)
        runs = tx.runs.prune(before=now - timedelta(days=settings.runs_days))
    return RetentionReport(len(forgotten) + len(stayed_away), runs)
