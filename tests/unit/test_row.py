"""Who is next of those that wait: a domain that has its own pace stops no other."""

from __future__ import annotations

from datetime import timedelta

from digest.deliver.pace import Paces
from digest.deliver.row import LONGEST, Row
from digest.deliver.turns import Claim
from digest.model import Delivery, DeliveryKind, DeliveryState, Subscriber, SubscriberStatus
from tests.support.samples import NOW

SECOND = timedelta(seconds=1)


def claim(number: int, email: str) -> Claim:
    delivery = Delivery(
        number, f"digest:{number}", DeliveryKind.DIGEST, DeliveryState.PLANNED, "<x@y>", NOW
    )
    return Claim(delivery, Subscriber(number, "x", email, SubscriberStatus.CONFIRMED), [])


def row(*emails: str, rate: float = 0.0) -> Row:
    made = Row(Paces(rate, {"slow.example": 1}, connections=2))
    for number, email in enumerate(emails):
        made.add(claim(number, email))
    return made


def leave(row: Row, count: int) -> list[tuple[int, float]]:
    """Let so many leave, and return which those were and after how many seconds."""
    found = []
    for _ in range(count):
        place = row.first(NOW)
        assert place is not None
        row.remove(place)
        row.take(place)
        found.append((place.claim.delivery.id, (place.at - NOW).total_seconds()))
    return found


def test_an_empty_row_has_nobody_first() -> None:
    assert row().first(NOW) is None


def test_those_of_no_paced_domain_leave_in_their_order() -> None:
    assert leave(row("a@x.org", "b@y.org", "c@x.org"), 3) == [(0, 0), (1, 0), (2, 0)]


def test_a_slow_domain_steps_aside_and_keeps_its_pace() -> None:
    waiting = row("a@slow.example", "b@Slow.Example", "c@slow.example", "d@x.org", "e@x.org")
    assert leave(waiting, 5) == [(0, 0), (3, 0), (4, 0), (1, 1), (2, 2)]


def test_a_slow_domain_has_a_place_in_the_pace_of_the_relay() -> None:
    waiting = row("a@slow.example", "b@slow.example", "c@x.org", "d@x.org", rate=2)
    assert leave(waiting, 4) == [(0, 0), (2, 0.5), (1, 1), (3, 1.5)]


def test_one_that_waits_for_its_domain_is_told_from_one_that_waits_for_the_relay() -> None:
    waiting = row("a@slow.example", "b@slow.example", rate=2)
    leave(waiting, 1)
    first = waiting.first(NOW)
    assert first is not None
    assert (first.at, first.waits) == (NOW + SECOND, True)
    others = row("a@x.org", "b@x.org", rate=2)
    leave(others, 1)
    first = others.first(NOW)
    assert first is not None
    assert (first.at, first.waits) == (NOW + SECOND / 2, False)


def test_what_is_given_back_stands_before_the_others() -> None:
    waiting = row("a@x.org", "b@x.org")
    place = waiting.first(NOW)
    assert place is not None
    waiting.remove(place)
    waiting.give_back(place.claim)
    assert leave(waiting, 2) == [(0, 0), (1, 0)]


def test_a_domain_is_full_when_enough_of_it_wait() -> None:
    waiting = row(*["a@slow.example"] * (LONGEST - 1), *["b@x.org"] * (LONGEST + 1))
    assert waiting.full == frozenset()
    waiting.add(claim(9999, "z@slow.example"))
    assert waiting.full == {"slow.example"}
    place = waiting.first(NOW)
    assert place is not None
    waiting.remove(place)
    assert waiting.full == frozenset()
