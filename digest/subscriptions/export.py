"""All that is kept of one subscriber, for themselves (GDPR articles 15 and 20)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, fields
from datetime import date, datetime
from typing import Any

from digest.model import Pick, Subscriber
from digest.store import Transaction

FORMAT = "digest-subscriber-1"

# What says of a delivery which process has it, and where it stands.
_OURS = ("id", "key", "subscriber_id", "claimed_by", "lease_until")


def all_about(tx: Transaction, subscriber: Subscriber, *, now: datetime) -> Mapping[str, Any]:
    """Return everything that is kept of a subscriber, as a JSON document; times are in UTC."""
    opinions = tx.feedback.of(subscriber.id)
    papers = tx.papers.many(said.paper_key for said in opinions)
    person = {
        name: value for name, value in asdict(subscriber).items() if name not in ("id", "interests")
    }
    deliveries = [
        {
            **{name: value for name, value in asdict(one).items() if name not in _OURS},
            "edition": one.edition.slug if one.edition else None,
            "papers": [_told(pick) for pick in picks],
        }
        for one, picks in tx.deliveries.received(subscriber.id)
    ]
    document: dict[str, Any] = _plain(
        {
            "format": FORMAT,
            "exported_at": now,
            "subscriber": person,
            "interests": [
                {**asdict(one), "added_at": since}
                for one, since in tx.subscribers.since(subscriber.id).items()
            ],
            "feedback": [
                {**asdict(said), "title": papers[said.paper_key].title} for said in opinions
            ],
            "deliveries": deliveries,
            "suppressed": tx.suppressions.of(subscriber.id),
        }
    )
    return document


def _told(pick: Pick) -> dict[str, Any]:
    """Return one paper of a mail: why it was chosen, and what was shown of it."""
    said = {one.name: getattr(pick, one.name) for one in fields(pick) if one.name != "paper"}
    return {"key": pick.paper.key, **said}


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(key): _plain(one) for key, one in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(one) for one in value]
    if isinstance(value, (date, datetime)):
        return value.isoformat()
    return value
