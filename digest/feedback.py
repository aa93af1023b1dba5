"""More like this, less like this: one opinion of one subscriber on one paper."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from digest.errors import NotFound
from digest.model import Opinion, Paper, Subscriber
from digest.store import Transaction


@dataclass(frozen=True, slots=True)
class Ballot:
    """What a feedback link is about, and what its subscriber thinks of the paper now."""

    subscriber: Subscriber
    paper: Paper
    offered: Opinion
    given: Opinion | None


def look(tx: Transaction, public_id: str, paper_key: str, opinion: str) -> Ballot:
    """Return what the parts of a feedback link stand for; raise `NotFound`."""
    subscriber = tx.subscribers.by_public_id(public_id)
    paper = tx.papers.get(paper_key)
    if subscriber is None or paper is None or opinion not in list(Opinion):
        raise NotFound("This link is about a paper or a subscription that is gone.")
    said = {one.paper_key: one.opinion for one in tx.feedback.of(subscriber.id)}
    return Ballot(subscriber, paper, Opinion(opinion), said.get(paper_key))


def give(tx: Transaction, ballot: Ballot, opinion: Opinion, *, now: datetime) -> Ballot:
    """Write an opinion in place of an earlier one."""
    tx.feedback.give(ballot.subscriber.id, ballot.paper.key, opinion, now=now)
    return Ballot(ballot.subscriber, ballot.paper, ballot.offered, opinion)


def withdraw(tx: Transaction, ballot: Ballot) -> Ballot:
    """Forget an opinion."""
    tx.feedback.withdraw(ballot.subscriber.id, ballot.paper.key)
    return Ballot(ballot.subscriber, ballot.paper, ballot.offered, None)
