"""What one run of the stage did, counted as it goes."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from dataclasses import dataclass, field

from digest.errors import DigestError, OutcomeUnknown, TemporaryFailure, TransportRefused

log = logging.getLogger(__name__)


@dataclass
class DeliverReport:
    """What one run of this stage did, counted by the state in which deliveries ended."""

    sent: int = 0
    deferred: int = 0
    failed: int = 0
    expired: int = 0
    expired_before: int = 0  # of these, those that were too late when the run began
    in_doubt: set[int] = field(default_factory=set)  # the deliveries themselves
    skipped: dict[str, int] = field(default_factory=dict)
    errors: list[str] = field(default_factory=list)
    exit_code: int = 0  # that of the error that ended the sending
    refused: bool = False  # the relay refuses all, or loses all: it is better left alone
    wait: float = 0.0  # for how many seconds it has asked to be left alone

    @property
    def unknown(self) -> int:
        """Return how many deliveries may or may not have arrived."""
        return len(self.in_doubt)

    @property
    def total(self) -> int:
        """Return how many deliveries were looked at."""
        return self.done + self.expired

    @property
    def settled(self) -> int:
        """Return how many of those are done with that might leave when the run began."""
        return self.total - self.expired_before

    @property
    def done(self) -> int:
        """Return how many deliveries were taken on: all but those that came too late."""
        tried = self.sent + self.deferred + self.failed + self.unknown
        return tried + sum(self.skipped.values())

    def __str__(self) -> str:
        """Return what was done in a few words: `120 sent, 3 deferred`."""
        numbers = {
            name: getattr(self, name)
            for name in ("sent", "deferred", "failed", "unknown", "expired")
        }
        numbers["skipped"] = sum(self.skipped.values())
        return ", ".join(f"{number:,} {name}" for name, number in numbers.items() if number)

    def count(self, name: str, delivery: int, detail: str = "") -> None:
        """Count one delivery under the state in which it ended."""
        if name == "skipped":
            self.skipped[detail] = self.skipped.get(detail, 0) + 1
        elif name == "unknown":
            self.in_doubt.add(delivery)
        elif name != "planned":  # given back: nothing has happened to it
            setattr(self, name, getattr(self, name) + 1)

    def complain(self, error: DigestError) -> None:
        """Note why nothing can be sent, once."""
        self.exit_code = error.exit_code
        self.refused |= isinstance(error, TransportRefused | OutcomeUnknown | TemporaryFailure)
        if isinstance(error, TemporaryFailure):
            self.wait = max(self.wait, error.retry_after or 0.0)
        if str(error) not in self.errors:
            self.errors.append(str(error))
            log.error("nothing can be sent now: %s", error)

    def with_others(self, others: Iterable[DeliverReport]) -> DeliverReport:
        """Return a report of this and others, all as they are now."""
        whole = DeliverReport()
        for one in (self, *others):
            whole.add(one)
        return whole

    def add(self, other: DeliverReport) -> None:
        """Count what was done besides: by another process, or a little later."""
        for name in ("sent", "deferred", "failed", "expired", "expired_before"):
            setattr(self, name, getattr(self, name) + getattr(other, name))
        self.in_doubt |= other.in_doubt
        for reason, number in other.skipped.items():
            self.skipped[reason] = self.skipped.get(reason, 0) + number
        self.errors += [error for error in other.errors if error not in self.errors]
        self.exit_code = self.exit_code or other.exit_code
        self.refused |= other.refused
        self.wait = max(self.wait, other.wait)
