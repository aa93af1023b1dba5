"""A month of real days: nobody sees a paper twice, and no day is lost to a kill -9."""

from __future__ import annotations

import random
import subprocess
import sys
import time
from collections import Counter, defaultdict
from datetime import date, timedelta
from email import message_from_bytes, policy
from pathlib import Path

import pytest

from digest import pipeline
from digest.model import DeliveryState, RunOutcome
from digest.store import Store
from digest.testing import Inbox
from tests.conftest import REPOSITORY
from tests.support import replay

FIRST = date(2026, 3, 1)

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]


def picks_by_reader(store: Store) -> dict[str, list[str]]:
    """Return the papers that each reader was sent, day after day."""
    found: dict[str, list[str]] = defaultdict(list)
    with store.read() as tx:
        for delivery in tx.deliveries.list(state=DeliveryState.SENT):
            assert delivery.subscriber_id is not None
            reader = tx.subscribers.by_id(delivery.subscriber_id)
            assert reader is not None
            found[reader.email] += [one.paper.key for one in tx.deliveries.picks(delivery.id)]
    return found


def test_a_month_of_real_days_repeats_no_paper(shared_data: Path, tmp_path: Path) -> None:
    month = replay.cut(shared_data, tmp_path, FIRST, 31)
    replay.prepare(tmp_path, month[0])
    with Inbox() as inbox:
        for day in month:
            app = replay.app(tmp_path, day, port=inbox.port)
            report = pipeline.run(app)
            assert report.ranked.settled == report.ranked.waiting == 0
            assert report.outcome in (RunOutcome.COMPLETE, RunOutcome.NO_PAPERS)
            again = pipeline.run(app)
            assert (again.outcome, again.delivered.sent) == (RunOutcome.NOTHING_DUE, 0)
            app.store.close()
        mails = Counter(message.recipient for message in inbox.messages)
    app = replay.app(tmp_path, month[-1])
    with app.store.read() as tx:
        counts = tx.deliveries.counts()
    assert sum(counts.values()) == len(month) * len(replay.READERS)
    assert set(counts) <= {"sent", "skipped"}
    assert counts["sent"] == sum(mails.values())
    shown = picks_by_reader(app.store)
    for reader, keys in shown.items():
        assert len(keys) == len(set(keys)), reader
    assert mails["robotics@example.org"] >= 20
    app.store.close()


def test_no_day_is_lost_to_kill_minus_nine(shared_data: Path, tmp_path: Path) -> None:
    """Every day's run is killed at random moments until it gets through."""
    dice = random.Random(20260301)
    month = replay.cut(shared_data, tmp_path, FIRST, 10)
    replay.prepare(tmp_path, month[0])
    kills = 0
    with Inbox() as inbox:
        began = time.monotonic()
        assert run_day(tmp_path, month[0], inbox.port, patience=120)
        usual = time.monotonic() - began
        for day in month[1:]:
            for _ in range(3):
                if run_day(tmp_path, day, inbox.port, patience=dice.uniform(0.3, 1.0) * usual):
                    break
                kills += 1
            else:
                assert run_day(tmp_path, day, inbox.port, patience=120)
        messages = inbox.messages
    assert kills >= 5
    app = replay.app(tmp_path, month[-1] + timedelta(0))
    with app.store.read() as tx:
        counts = tx.deliveries.counts()
    assert sum(counts.values()) == len(month) * len(replay.READERS)
    assert set(counts) <= {"sent", "skipped"}
    copies = Counter(
        message_from_bytes(message.content, policy=policy.default)["Message-ID"]
        for message in messages
    )
    assert len(copies) == counts["sent"]
    assert sum(copies.values()) - len(copies) <= kills
    for reader, keys in picks_by_reader(app.store).items():
        assert len(keys) == len(set(keys)), reader
    app.store.close()


def run_day(folder: Path, day: date, port: int, *, patience: float) -> bool:
    """Run one day in a process of its own; kill it when patience ends; say if it got through."""
    command = [sys.executable, "-m", "tests.support.replay", folder, day.isoformat(), str(port)]
    program = subprocess.Popen(
        command, cwd=REPOSITORY, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
    )
    try:
        _, errors = program.communicate(timeout=patience)
    except subprocess.TimeoutExpired:
        program.kill()
        program.communicate()
        return False
    assert program.returncode == 0, errors.decode()
    return True
