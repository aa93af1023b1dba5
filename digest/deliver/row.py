"""What a process has reserved and not yet begun: a row, in which a slow domain stops no other."""

from __future__ import annotations

from collections import defaultdict, deque
from dataclasses import dataclass
from datetime import datetime

from digest.deliver.pace import Paces
from digest.deliver.turns import Claim

# Of a domain with a pace of its own so many wait here; the rest of it waits in the database.
LONGEST = 400


@dataclass(frozen=True, slots=True)
class Place:
    """Where a claim stands: when it may leave, and whether it waits for its domain until then."""

    claim: Claim
    at: datetime
    waits: bool


class Row:
    """Claims in the order in which they came, those of each domain with its own pace apart."""

    def __init__(self, paces: Paces) -> None:
        self._paces = paces
        self._queues: defaultdict[str, deque[Claim]] = defaultdict(deque)

    def add(self, claim: Claim) -> None:
        """Let a claim wait behind the others."""
        self._queue(claim).append(claim)

    def give_back(self, claim: Claim) -> None:
        """Let a claim that was taken out wait before the others."""
        self._queue(claim).appendleft(claim)

    def first(self, now: datetime) -> Place | None:
        """Return which claim may leave first; `None` in an empty row."""
        # A place that nobody was ready for is as good as now.
        free = max(now, self._paces.free_at("", now))
        places = [
            (max(now, self._paces.free_at(domain, now)), domain == "", domain)
            for domain, queue in self._queues.items()
            if queue
        ]
        if not places:
            return None
        # Where several may leave, one goes first whose domain is not often free.
        at, _, domain = min(places)
        exactly = self._paces.free_at(domain, now)
        return Place(self._queues[domain][0], exactly, at > free)

    def remove(self, place: Place) -> None:
        """Take a claim out that stands first."""
        self._queue(place.claim).popleft()

    def take(self, place: Place) -> None:
        """Reserve that time for a claim that was taken out."""
        self._paces.take(self._domain(place.claim), place.at)

    @property
    def full(self) -> frozenset[str]:
        """Return the domains of which no more are wanted now."""
        return frozenset(
            domain for domain, queue in self._queues.items() if domain and len(queue) >= LONGEST
        )

    def _queue(self, claim: Claim) -> deque[Claim]:
        return self._queues[self._domain(claim)]

    def _domain(self, claim: Claim) -> str:
        return self._paces.domain_of(claim.subscriber.email)
