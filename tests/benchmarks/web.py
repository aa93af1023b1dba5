"""Measure how soon pages answer while the same process plans and sends.

    python -m tests.benchmarks.web --recipients 20000 [--json]

`digest serve` begins with N subscribers whose digests are due; it plans and sends them to
Postfix's `smtp-sink`. Meanwhile a reader opens the front page, the form and the health checks in
turns, and signs up now and then: that one writes, so it waits for the database. Times are those of
whole answers.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
import urllib.parse
import urllib.request
from datetime import UTC, datetime
from pathlib import Path
from statistics import median, quantiles
from typing import Any

from digest import app as wiring
from digest.app import App
from tests.benchmarks import send

PAGES = ("/", "/subscribe", "/healthz", "/readyz")
EVERY = 40  # rounds between two sign-ups
SIGN_UPS = 5  # more from one address in an hour are refused


def measure(asked: argparse.Namespace) -> dict[str, Any]:
    """Return the figures of one service."""
    with tempfile.TemporaryDirectory(prefix="web-") as made, send.relay(asked) as port:
        folder = Path(made)
        send.write_config(folder, asked, port=port)
        config = folder / "config.toml"
        with config.open("a") as file:
            file.write("[web]\nport = 0\n[schedule]\ndefault_hour = 0\nexpire_after_hours = 24\n")
        app = App.build(wiring.load(config))
        send.fill(app, folder, recipients=asked.recipients, pool=asked.pool, now=datetime.now(UTC))
        service = subprocess.Popen(
            [sys.executable, "-m", "digest", "--config", str(config), "serve"],
            stderr=subprocess.PIPE,
            text=True,
        )
        try:
            assert service.stderr is not None
            base = service.stderr.readline().split()[-1]
            return {"recipients": asked.recipients, **visit(base, app, asked.recipients)}
        finally:
            service.terminate()
            service.wait(timeout=60)
            app.store.close()


def visit(base: str, app: App, recipients: int) -> dict[str, Any]:
    """Open pages until all is sent; return how long they took in each stage."""
    spent: dict[str, list[float]] = {"planning": [], "sending": []}
    began = time.perf_counter()
    planned_after = 0.0
    number = 0
    while True:
        with app.store.read() as tx:
            counts = tx.deliveries.counts()
        sent = counts.get("sent", 0)
        if sent >= recipients:
            break
        stage = "sending" if sent else "planning"
        if sent and not planned_after:
            planned_after = time.perf_counter() - began
        spent[stage] += [seconds_of(base + page) for page in PAGES]
        if number % EVERY == 0 and number < SIGN_UPS * EVERY:
            form = urllib.parse.urlencode({"email": f"new{number}@example.org"}).encode()
            spent[stage].append(seconds_of(base + "/subscribe", form))
        number += 1
    found: dict[str, Any] = {
        "planning_seconds": planned_after,
        "sending_seconds": time.perf_counter() - began - planned_after,
    }
    for stage, seconds in spent.items():
        if len(seconds) > 1:
            found[f"{stage}_answers"] = len(seconds)
            found[f"{stage}_p50_ms"] = 1000 * median(seconds)
            found[f"{stage}_p95_ms"] = 1000 * quantiles(seconds, n=20)[-1]
            found[f"{stage}_max_ms"] = 1000 * max(seconds)
    return found


def seconds_of(url: str, form: bytes | None = None) -> float:
    """Return how long one answer took."""
    began = time.perf_counter()
    with urllib.request.urlopen(url, form, timeout=60) as answer:
        answer.read()
    return time.perf_counter() - began


def main() -> None:
    """Print the figures, or one JSON document."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--recipients", type=int, default=20_000)
    parser.add_argument("--pool", type=int, default=300, help="papers of the day")
    parser.add_argument("--json", action="store_true")
    asked = parser.parse_args()
    asked.dkim, asked.processes, asked.connections = "none", 1, 16
    asked.papers, asked.rate, asked.round_trip_ms = 8, 0.0, 0.0
    found = measure(asked)
    if asked.json:
        print(json.dumps(found))
        return
    for name, value in found.items():
        print(f"{name:20} {value:12,.1f}")


if __name__ == "__main__":
    main()
