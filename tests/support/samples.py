"""Short ways to make the values that many tests need."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from digest.model import (
    Delivery,
    DeliveryKind,
    Interest,
    InterestKind,
    Link,
    LinkKind,
    Message,
    Paper,
    Pick,
    Plan,
    Subscriber,
    SubscriberStatus,
)
from digest.store import Store

NOW = datetime(2026, 11, 24, 7, 0, tzinfo=UTC)


def paper(key: str = "arxiv:2611.00001", **changes: Any) -> Paper:
    """Return a paper with a plain title."""
    number = key.rpartition(":")[2]
    plain = Paper(
        key=key,
        title=f"A study of {number}",
        abstract="We look at it closely.",
        authors=("Ada Example",),
        categories=("cs.RO",),
        links=(Link(LinkKind.ABSTRACT, f"https://arxiv.org/abs/{number}"),),
        version=1,
    )
    return replace(plain, **changes)


def papers(count: int, first: int = 1) -> tuple[Paper, ...]:
    """Return that many different papers."""
    return tuple(paper(f"arxiv:2611.{number:05d}") for number in range(first, first + count))


def subscribe(
    store: Store, email: str = "robotics@example.org", *keywords: str, **preferences: Any
) -> Subscriber:
    """Write a confirmed subscriber who follows those keywords."""
    with store.write() as tx:
        return tx.subscribers.add(
            email=email,
            now=NOW,
            status=SubscriberStatus.CONFIRMED,
            interests=[Interest(InterestKind.KEYWORD, keyword) for keyword in keywords],
            **preferences,
        )


def plan(subscriber: Subscriber, *, picks: tuple[Pick, ...] = (), **changes: Any) -> Plan:
    """Return a plan for a digest that may leave now."""
    key = f"digest:daily-2026-11-24:{subscriber.public_id}"
    plain = Plan(
        key=key,
        kind=DeliveryKind.DIGEST,
        message_id=f"<{key.replace(':', '.')}@example.org>",
        subscriber_id=subscriber.id,
        planned_at=NOW,
        due_at=NOW,
        picks=picks,
    )
    return replace(plain, **changes)


def pick(paper: Paper, position: int = 1) -> Pick:
    """Return a pick of that paper."""
    return Pick(paper, position, score=0.5, relevance=0.5, trending=0.0, reason="it is on the list")


def compose(delivery: Delivery, subscriber: Subscriber, picks: list[Pick]) -> Message:
    """Compose as little as a message can be, naming its papers."""
    body = "\r\n".join(one.paper.key for one in picks)
    content = f"Message-ID: {delivery.message_id}\r\nSubject: x\r\n\r\n{body}\r\n"
    return Message("papers@example.org", subscriber.email, content.encode())
