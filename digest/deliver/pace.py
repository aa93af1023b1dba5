"""Even spacing of messages, over all and by the recipient's domain; who goes before them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta

from digest.ports import Clock

# From here on places are counted, where several senders share a rate.
_START = datetime(2000, 1, 1, tzinfo=UTC)

# How long others go first, for each message: so many times so many seconds. That is ten times what
# a message takes, so that they are nearly as fast as without.
_WAY = 5
_STEP = 0.001


class Pace:
    """A row of evenly spaced places in time; pure but for its own memory.

    With a `phase` (0 to 1, in gaps) the places are fixed in time, so that senders of equal rates
    and evenly spread phases together have one even row. No more than `most` places are reserved
    ahead at any time.
    """

    def __init__(
        self, rate_per_second: float, *, phase: float | None = None, most: int = 1000
    ) -> None:
        self._gap = timedelta(seconds=1 / rate_per_second) if rate_per_second else timedelta()
        self._phase = phase
        self._most = most
        self._next: datetime | None = None

    def free_at(self, now: datetime) -> datetime:
        """Return the time of the next place in the row.

        It is in the past where nobody was ready in time: who comes late makes nobody else late.
        """
        # More places ahead than are ever reserved: the clock was set back.
        if self._next is not None and now - self._gap < self._next <= now + self._gap * self._most:
            return self._next
        if self._phase is None or not self._gap:
            return now
        first = _START + self._gap * self._phase
        return first - (first - now) // self._gap * self._gap

    def take(self, place: datetime) -> None:
        """Reserve a place, and with it the gap that follows."""
        self._next = place + self._gap


class Paces:
    """The pace of the relay, and those of single domains of recipients."""

    def __init__(
        self,
        rate_per_second: float,
        by_domain: Mapping[str, float],
        *,
        connections: int = 1,
        phase: float | None = None,
    ) -> None:
        # Each connection works on one message, has taken another, and may have lost three: a place
        # that was taken is not given back.
        most = 5 * connections + 1
        self._relay = Pace(rate_per_second, phase=phase, most=most)
        self._domains = {
            domain: Pace(rate, phase=phase, most=most) for domain, rate in by_domain.items()
        }

    def domain_of(self, recipient: str) -> str:
        """Return the domain of an address if it has a pace of its own; else an empty text."""
        if not self._domains:
            return ""
        domain = recipient.rpartition("@")[2].lower()
        return domain if domain in self._domains else ""

    def free_at(self, domain: str, now: datetime) -> datetime:
        """Return when the next message to that domain may leave."""
        place = self._relay.free_at(now)
        return max(place, self._domains[domain].free_at(now)) if domain else place

    def take(self, domain: str, place: datetime) -> None:
        """Reserve that time for a message to that domain."""
        self._relay.take(place)
        if domain:
            self._domains[domain].take(place)


def give_way(waited_for: Callable[[], bool], clock: Clock) -> None:
    """Let others in this process work for a moment: one thread at a time runs Python."""
    for _ in range(_WAY):
        if not waited_for():
            return
        clock.sleep(_STEP)
