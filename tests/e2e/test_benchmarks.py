"""The benchmarks run and say what they are asked for; the figures are for quiet machines."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import REPOSITORY
from tests.support.libraries import folder, papers, readers

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]


def benchmark(name: str, *arguments: str) -> dict[str, Any]:
    """Return the figures of one benchmark."""
    run = subprocess.run(
        [sys.executable, "-m", f"tests.benchmarks.{name}", *arguments, "--json"],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        timeout=280,
        check=False,
    )
    assert run.returncode == 0, run.stderr
    figures: dict[str, Any] = json.loads(run.stdout)
    return figures


@pytest.mark.skipif(
    not Path("/usr/sbin/smtp-sink").exists(), reason="Postfix's smtp-sink is not installed"
)
@pytest.mark.parametrize("dkim", ["none", "ed25519"])
def test_sending_is_measured_beside_postfix_and_the_usual_way(dkim: str) -> None:
    figures = benchmark("send", "--recipients", "400", "--rounds", "1", "--dkim", dkim)
    # So many that they cost more than the noise of the idle run that is taken off.
    assert figures["recipients"] == 400
    for name in ("ratio", "rate", "cpu_ms_per_message", "usual_rate", "peak_rss_mb"):
        assert figures[name] > 0


def test_a_paced_rate_is_measured_against_a_distant_relay() -> None:
    figures = benchmark(
        "send",
        *("--recipients", "40", "--rounds", "1", "--rate", "100", "--round-trip-ms", "5"),
        *("--connections", "4"),
    )
    assert 0 < figures["rate_held"] < 1.5


def test_what_a_score_means_is_measured(tmp_path: Path) -> None:
    given = folder(tmp_path / "data", documents=papers(480), libraries=readers(480)[:1])
    figures = benchmark("threshold", str(given))
    assert set(figures) >= {"1 likes", "100 likes", "all likes", "1 keywords"}
    share, right, found = figures["1 keywords"]["0.1"]
    assert 0 < share < 0.5 < right
    assert 0 < found < 1


def test_composing_and_planning_are_measured() -> None:
    assert benchmark("compose", "--messages", "200", "--papers", "3")["ratio"] > 1
    assert benchmark("plan", "--subscribers", "60", "--papers", "50")["per_second"] > 0


def test_the_time_of_an_answer_does_not_tell_who_is_known() -> None:
    figures = benchmark("answers", "--rounds", "12")
    medians = [value for name, value in figures.items() if name.endswith("median_ms")]
    assert len(medians) == 8
    # Without the beat they are less than half as long for some as for others.
    assert max(medians) < 1.2 * min(medians)


@pytest.mark.skipif(
    not Path("/usr/sbin/smtp-sink").exists(), reason="Postfix's smtp-sink is not installed"
)
def test_reading_is_measured_while_mail_is_sent() -> None:
    figures = benchmark("read", "--papers", "1000", "--recipients", "20")
    assert figures["planning: seconds"] > 0
    assert 0 < figures["alone: search: p50 ms"] <= figures["alone: search: p95 ms"]


@pytest.mark.skipif(
    not (Path("/usr/sbin/smtp-sink").exists() and shutil.which("wrk")),
    reason="Postfix's smtp-sink or wrk is not installed",
)
def test_reading_is_measured_under_load() -> None:
    figures = benchmark("read", "--papers", "1000", "--recipients", "20", "--load", "1")
    for page in ("front", "day", "search", "trending that one has"):
        assert figures[f"{page}: requests/s"] > 0
        assert 0 < figures[f"{page}: p50 ms"] <= figures[f"{page}: p99 ms"]
        assert figures[f"{page}: refused"] == figures[f"{page}: lost"] == 0


def test_without_wrk_the_benchmark_says_how_to_get_it() -> None:
    run = subprocess.run(
        [sys.executable, "-m", "tests.benchmarks.read", "--load", "1"],
        cwd=REPOSITORY,
        env={**os.environ, "PATH": ""},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert run.returncode == 1
    assert "apt-get install wrk" in run.stderr
