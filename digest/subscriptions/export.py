"""All that is kept of one subscriber, for themselves (GDPR articles 15 and 20)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from datetime import date, datetime
from typing import Any

from digest.model import Subscriber
from digest.store import Transaction

FORMAT = "digest-subscriber-1"


def all_about(tx: Transaction, subscriber: Subscriber, *, now: datetime) -> Mapping[str, Any]:
    """Return everything that is kept of a subscriber, as a JSON document; times are in UTC."""
    opinions = tx.feedback.of(subscriber.id)
    papers = tx.papers.many(said.paper_key for said in opinions)
    person = {
        name: value for name, value in asdict(subscriber).items() if name not in ("id", "interests")
    }
    deliveries = [
        {
            "kind": one.kind,
            "edition": one.edition.slug if one.edition else None,
            "state": one.state,
            "reason": one.reason,
            "planned_at": one.planned_at,
            "sent_at": one.sent_at,
            "message_id": one.message_id,
            "papers": keys,
        }
        for one, keys in tx.deliveries.received(subscriber.id)
    ]
    document: dict[str, Any] = _plain(
        {
            "format": FORMAT,
            "exported_at": now,
            "subscriber": person,
            "interests": [asdict(one) for one in subscriber.interests],
            "feedback": [
                {**asdict(said), "title": papers[said.paper_key].title} for said in opinions
            ],
            "deliveries": deliveries,
            "suppressed": tx.suppressions.of(subscriber.id),
        }
    )
    return document


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(key): _plain(one) for key, one in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(one) for one in value]
    if isinstance(value, (date, datetime)):
        return value.isoformat()
    return value
