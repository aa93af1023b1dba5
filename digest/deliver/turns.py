"""What a lane works on, and what is written of it."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

from digest.deliver.verdict import Verdict
from digest.model import Delivery, Message, Pick, Subscriber


@dataclass(frozen=True, slots=True)
class Claim:
    """A delivery that this worker has reserved, with all that its message is made of."""

    delivery: Delivery
    subscriber: Subscriber
    picks: list[Pick]


@dataclass(frozen=True, slots=True, eq=False)
class Turn:
    """A message that is ready for the wire, and from when on it may leave.

    `due` is a time of the event loop: a clock that is set must not hold a message up.
    """

    claim: Claim
    message: Message
    due: float


@dataclass
class Group:
    """What goes into the next transaction."""

    starts: list[tuple[Claim, asyncio.Future[bool]]] = field(default_factory=list)
    replies: dict[int, str] = field(default_factory=dict)
    verdicts: list[tuple[int, Verdict]] = field(default_factory=list)

    def __bool__(self) -> bool:
        return bool(self.starts or self.replies or self.verdicts)
