"""Twenty kills at random moments of one large sending, and then every inbox is counted."""

from __future__ import annotations

import random
from collections import Counter, defaultdict
from pathlib import Path

import pytest

from digest.model import DeliveryState
from tests.support.crowd import Crowd, kill
from tests.support.relay import Relay

READERS = 10_000
KILLS = 20
CONNECTIONS = 8

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]


def send_through_kills(crowd: Crowd, relay: Relay, *, seed: int) -> int:
    """Kill run after run, each after some hundred messages; return how many were killed."""
    dice = random.Random(seed)
    killed = 0
    for _ in range(KILLS):
        run = crowd.start()
        relay.wait(len(relay.taken) + dice.randrange(1, 800), seconds=120)
        assert run.poll() is None, "it ended before it was killed"
        kill(run)
        killed += 1
    return killed


@pytest.mark.parametrize("processes", [1, 2])
def test_nobody_is_lost_and_each_copy_is_one_that_was_in_doubt(
    tmp_path: Path, processes: int
) -> None:
    smtp = {"connections": CONNECTIONS, "processes": processes}
    with Relay(log=tmp_path / "taken.log") as relay:
        crowd = Crowd(tmp_path, READERS, port=relay.port, smtp=smtp)
        kills = send_through_kills(crowd, relay, seed=processes)
        report = crowd.send()
        taken = list(relay.taken)
    assert (report["outcome"], report["exit_code"]) == ("complete", 0)
    assert crowd.counts() == {"sent": READERS}
    copies = Counter(one.recipient for one in taken)
    assert set(copies) == set(crowd.addresses)
    assert max(copies.values()) <= 2
    assert sum(copies.values()) - READERS <= CONNECTIONS * kills
    names: dict[str, set[tuple[str, str]]] = defaultdict(set)
    for one in taken:
        names[one.recipient].add((one.message_id, one.date))
    assert {len(each) for each in names.values()} == {1}
    assert len({name for each in names.values() for name, _ in each}) == READERS


def test_with_hold_nobody_gets_a_second_copy_and_the_doubtful_are_known_by_name(
    tmp_path: Path,
) -> None:
    with Relay(log=tmp_path / "taken.log") as relay:
        crowd = Crowd(
            tmp_path,
            READERS,
            port=relay.port,
            smtp={"connections": CONNECTIONS},
            delivery={"unknown": "hold"},
        )
        kills = send_through_kills(crowd, relay, seed=3)
        crowd.send()
        copies = Counter(one.recipient for one in relay.taken)
    assert max(copies.values()) == 1
    counts = crowd.counts()
    doubtful = counts.pop("unknown", 0)
    assert counts == {"sent": READERS - doubtful}
    assert doubtful <= CONNECTIONS * kills
    app = crowd.app()
    with app.store.read() as tx:
        held = {
            reader.email
            for delivery in tx.deliveries.list(state=DeliveryState.UNKNOWN)
            if (reader := tx.subscribers.by_id(delivery.subscriber_id or 0))
        }
    app.store.close()
    assert set(crowd.addresses) - set(copies) <= held
