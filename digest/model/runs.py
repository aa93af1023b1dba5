"""The run record."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any


class RunOutcome(StrEnum):
    """How a run ended."""

    COMPLETE = "complete"  # every delivery that was due is in a final state
    PARTIAL = "partial"  # something is deferred, unknown or failed, or a source failed
    NOTHING_DUE = "nothing-due"  # nobody was due, or everybody has had it
    NO_PAPERS = "no-papers"  # somebody was due, but there was nothing to send
    STALE_SOURCE = "stale-source"  # nothing to send because a source served an old batch
    NO_SUBSCRIBERS = "no-subscribers"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Run:
    """One entry of the run record."""

    id: int
    command: str
    started_at: datetime
    finished_at: datetime | None
    outcome: str
    report: Mapping[str, Any]
