"""What a lane works on."""

from __future__ import annotations

from dataclasses import dataclass

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
