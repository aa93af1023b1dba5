"""How long a relay that refuses this client is left alone; pure."""

from __future__ import annotations

from datetime import datetime, timedelta

from digest.deliver.tally import DeliverReport

FIRST_PAUSE = timedelta(minutes=1)
LONGEST_PAUSE = timedelta(minutes=15)


class Patience:
    """A pause that doubles with each refusal, until a run gets something done.

    Relays lock accounts whose password is wrong too often, and a blocklist counts who insists. One
    that loses what it was given, too: every try may be one more copy. A relay that says how long it
    has no room is left alone for as long.
    """

    def __init__(self) -> None:
        self.errors: list[str] = []  # why the relay is left alone
        self._next = FIRST_PAUSE
        self._until: datetime | None = None
        self._longest = LONGEST_PAUSE

    def allows(self, now: datetime) -> bool:
        """Say whether the relay may be tried again."""
        if self._until is None:
            return True
        # A clock that was set back must not make the pause longer.
        return not now < self._until <= now + self._longest

    def note(self, report: DeliverReport, *, now: datetime) -> None:
        """Learn how a run of the stage ended."""
        self.errors = report.errors
        if report.refused:
            self._longest = max(LONGEST_PAUSE, timedelta(seconds=report.wait))
            self._until = now + max(self._next, timedelta(seconds=report.wait))
            self._next = min(2 * self._next, LONGEST_PAUSE)
        elif report.done:
            self._until = None
            self._next = FIRST_PAUSE
