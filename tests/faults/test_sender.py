"""The real command in the middle of a large sending: stopped, out of disk, robbed of a process."""

from __future__ import annotations

import os
import resource
import signal
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.crowd import Crowd, report_of
from tests.support.relay import Relay

READERS = 3000

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]


@pytest.fixture
def relay(tmp_path: Path) -> Iterator[Relay]:
    with Relay(log=tmp_path / "taken.log") as relay:
        yield relay


def nobody_is_lost_or_has_two(crowd: Crowd, relay: Relay) -> bool:
    copies = Counter(one.recipient for one in relay.taken)
    return copies == dict.fromkeys(crowd.addresses, 1) and crowd.counts() == {"sent": READERS}


@pytest.mark.parametrize("processes", [1, 2])
def test_sigterm_in_the_middle_finishes_what_is_on_its_way_and_doubles_nothing(
    relay: Relay, tmp_path: Path, processes: int
) -> None:
    crowd = Crowd(tmp_path, READERS, port=relay.port, smtp={"processes": processes})
    run = crowd.start()
    relay.wait(300)
    os.killpg(run.pid, signal.SIGTERM)  # as systemd does
    report = report_of(run)
    assert (report["outcome"], report["exit_code"], report["unknown"]) == ("partial", 75, 0)
    assert 300 <= report["sent"] == len(relay.taken) < READERS
    assert crowd.counts() == {"sent": report["sent"], "planned": READERS - report["sent"]}
    assert crowd.send()["outcome"] == "complete"
    assert nobody_is_lost_or_has_two(crowd, relay)


def test_a_process_that_is_killed_costs_its_own_connections_at_most(
    relay: Relay, tmp_path: Path
) -> None:
    crowd = Crowd(tmp_path, READERS, port=relay.port, smtp={"processes": 2})
    run = crowd.start()
    relay.wait(300)
    victim = senders(run.pid)[0]
    os.kill(victim, signal.SIGKILL)
    report = report_of(run)
    assert (report["outcome"], report["exit_code"]) == ("complete", 0)
    copies = Counter(one.recipient for one in relay.taken)
    assert set(copies) == set(crowd.addresses)
    assert sum(copies.values()) - READERS <= 4
    assert crowd.counts() == {"sent": READERS}


def test_when_the_first_process_is_killed_the_others_end_and_only_its_own_mails_are_in_doubt(
    relay: Relay, tmp_path: Path
) -> None:
    crowd = Crowd(tmp_path, READERS, port=relay.port, smtp={"processes": 2})
    run = crowd.start()
    relay.wait(300)
    os.kill(run.pid, signal.SIGKILL)
    run.communicate(timeout=60)  # the pipe closes when the last of them has ended
    counts = crowd.counts()
    assert counts["sent"] <= len(relay.taken) < READERS
    assert counts.get("sending", 0) <= 4
    assert crowd.send()["outcome"] == "complete"
    copies = Counter(one.recipient for one in relay.taken)
    assert set(copies) == set(crowd.addresses)
    assert sum(copies.values()) - READERS <= counts.get("sending", 0)
    assert crowd.counts() == {"sent": READERS}


def test_a_full_disk_stops_the_sending_until_there_is_room(relay: Relay, tmp_path: Path) -> None:
    crowd = Crowd(tmp_path, READERS, port=relay.port)
    run = crowd.start()
    relay.wait(300)
    limits = resource.prlimit(run.pid, resource.RLIMIT_FSIZE)
    resource.prlimit(run.pid, resource.RLIMIT_FSIZE, (4096, limits[1]))
    assert run.stderr is not None
    for line in run.stderr:
        if b"waiting for the database" in line:
            break
    taken = len(relay.taken)
    assert taken < READERS
    resource.prlimit(run.pid, resource.RLIMIT_FSIZE, limits)
    report = report_of(run)
    assert (report["outcome"], report["sent"]) == ("complete", READERS)
    assert nobody_is_lost_or_has_two(crowd, relay)


def senders(pid: int) -> list[int]:
    """Return the processes that a run has started to send."""
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [
        int(child)
        for child in children
        if b"spawn_main" in Path(f"/proc/{child}/cmdline").read_bytes()
    ]
