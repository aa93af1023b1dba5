"""Even spacing of messages, over all and by the recipient's domain; who goes before them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
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
    and evenly spread phases together have one even row.
    """

    def __init__(self, rate_per_second: float, *, phase: float | None = None) -> None:
        self._gap = timedelta(seconds=1 / rate_per_second) if rate_per_second else timedelta()
        self._phase = phase
        self._next: datetime | None = None

    def free_at(self, now: datetime) -> datetime:
        """Return the time of the next place in the row."""
        # Nobody reserves hundreds of places ahead: the clock was set back.
        if self._next is not None and now <= self._next <= now + self._gap * 1000:
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
        phase: float | None = None,
    ) -> None:
        self._relay = Pace(rate_per_second, phase=phase)
        self._domains = {domain: Pace(rate, phase=phase) for domain, rate in by_domain.items()}

    def first(self, recipients: Iterable[str], *, now: datetime) -> tuple[datetime, int | None]:
        """Return the next free time, and the number of the first recipient whom it suits.

        Where all of them have to wait for their domain, it is the time to look again. A slow
        domain stops no other.
        """
        place = self._relay.free_at(now)
        soonest: datetime | None = None
        for number, recipient in enumerate(recipients):
            domain = self._of(recipient)
            free = place if domain is None else domain.free_at(now)
            if free <= place:
                return place, number
            soonest = free if soonest is None else min(soonest, free)
        return soonest or place, None

    def take(self, recipient: str, place: datetime) -> None:
        """Reserve that time for a message to that recipient."""
        self._relay.take(place)
        if (domain := self._of(recipient)) is not None:
            domain.take(place)

    def _of(self, recipient: str) -> Pace | None:
        if not self._domains:
            return None
        return self._domains.get(recipient.rpartition("@")[2].lower())


def give_way(waited_for: Callable[[], bool], clock: Clock) -> None:
    """Let others in this process work for a moment: one thread at a time runs Python."""
    for _ in range(_WAY):
        if not waited_for():
            return
        clock.sleep(_STEP)
