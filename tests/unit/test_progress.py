"""How far the sending is, in words, and how often the log hears of it."""

from __future__ import annotations

import logging

import pytest

from digest.deliver import DeliverReport, Progress, ProgressLog
from digest.deliver.progress import spent
from digest.testing import FakeClock
from tests.support.samples import NOW


@pytest.mark.parametrize(
    ("done", "total", "seconds", "words"),
    [
        (1_200, 10_000, 3.846, "delivered 1,200 of 10,000, 312/s, 28 s left"),
        (3, 10, 2.0, "delivered 3 of 10, 1.5/s, 4.7 s left"),
        (10, 100_000, 1.0, "delivered 10 of 100,000, 10/s, 2 h 47 min left"),
        (10, 1_000, 1.0, "delivered 10 of 1,000, 10/s, 2 min left"),
        (0, 10_000, 3.0, "delivered 0 of 10,000"),
        (5, 10, 0.0, "delivered 5 of 10"),
        (0, 0, 0.0, "delivered 0 of 0"),
        (10, 10, 4.0, "delivered 10 of 10, 2.5/s"),
    ],
)
def test_progress_is_told_as_far_as_it_is_known(
    done: int, total: int, seconds: float, words: str
) -> None:
    assert str(Progress(done, total, seconds)) == words


def test_what_became_due_meanwhile_is_never_more_than_there_is() -> None:
    assert str(Progress(12, 10, 4.0)) == "delivered 12 of 12, 3.0/s"


def test_what_was_too_late_is_done_with(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "digest")
    clock = FakeClock(NOW)
    tell = ProgressLog(clock)
    tell(DeliverReport(expired=50, expired_before=50), 100)
    clock.advance(30)
    tell(DeliverReport(sent=10, expired=140, expired_before=50), 100)
    assert caplog.messages == ["delivered 100 of 100, 3.3/s"]


def test_the_end_is_told_with_its_rate() -> None:
    assert spent(DeliverReport(sent=10_000), 32.0) == "10,000 sent in 32 s, 312/s"
    # What came too late took no time.
    late = DeliverReport(sent=20, expired=5_000)
    assert spent(late, 2.0) == "20 sent, 5,000 expired in 2.0 s, 10/s"
    assert spent(DeliverReport(sent=1, failed=1), 0.0) == "1 sent, 1 failed in 0.0 s"


def test_the_log_hears_of_it_every_thirty_seconds_at_most(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.INFO, "digest")
    clock, report = FakeClock(NOW), DeliverReport()
    tell = ProgressLog(clock)
    for _ in range(91):
        tell(report, 1_000)
        clock.advance(1)
        report.sent += 10
    assert caplog.messages == [
        "delivered 300 of 1,000, 10/s, 1 min left",
        "delivered 600 of 1,000, 10/s, 40 s left",
        "delivered 900 of 1,000, 10/s, 10 s left",
    ]
