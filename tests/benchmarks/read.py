"""Measure how soon lists, papers and search answer from a large archive, while mail is sent.

    python -m tests.benchmarks.read --papers 100000 --recipients 20000 [--json]

The archive has that many papers of 400 days, a tenth of which have signals. `digest serve` begins
with N subscribers whose digests are due; it plans and sends them to Postfix's `smtp-sink`.
Meanwhile a reader opens pages, every one another day, question or paper, so that little of it can
be remembered. With 0 recipients nothing is sent. Times are those of whole answers.
"""

from __future__ import annotations

import argparse
import itertools
import json
import os
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import median, quantiles
from typing import Any
from urllib.parse import quote_plus

from digest import app as wiring
from digest.app import App
from digest.model import Paper, Signal, SignalName
from digest.reading import meaning
from tests.benchmarks import send
from tests.benchmarks.web import seconds_of

DAYS = 400
DAY = timedelta(days=1)
LEAST_ROUNDS = 60


def measure(asked: argparse.Namespace) -> dict[str, Any]:
    """Return the figures of one service."""
    with tempfile.TemporaryDirectory(prefix="read-") as made, send.relay(asked) as port:
        folder = Path(made)
        send.write_config(folder, argparse.Namespace(**{**vars(asked), "papers": 8}), port=port)
        config = folder / "config.toml"
        with config.open("a") as file:
            file.write("[web]\nport = 0\n[schedule]\ndefault_hour = 0\nexpire_after_hours = 24\n")
        app = App.build(wiring.load(config))
        now = datetime.now(UTC)
        send.fill(app, folder, recipients=asked.recipients, pool=asked.pool, now=now)
        found: dict[str, Any] = {"papers": asked.papers, "recipients": asked.recipients}
        began = time.perf_counter()
        words = fill(app, asked.papers, now)
        found["fill_seconds"] = time.perf_counter() - began
        began = time.perf_counter()
        meaning.update(app.store, app.clock)
        found["learn_seconds"] = time.perf_counter() - began
        service = subprocess.Popen(
            [sys.executable, "-m", "digest", "--config", str(config), "serve"],
            stderr=subprocess.PIPE,
            text=True,
        )
        try:
            assert service.stderr is not None
            base = service.stderr.readline().split()[-1]
            return found | visit(
                base, service.pid, app, asked.recipients, pages(words, asked.papers, now)
            )
        finally:
            service.terminate()
            service.wait(timeout=60)
            app.store.close()


def fill(app: App, number: int, now: datetime) -> list[str]:
    """Write the archive; return words of its papers, common and rare ones."""
    draw = random.Random(2)
    words = [f"{a}{b}{c}" for a, b, c in itertools.product(*[SYLLABLES] * 3)]
    draw.shuffle(words)
    # As in a language: the n-th word is 1/n as common as the first (Zipf).
    weights = list(itertools.accumulate(1 / rank for rank in range(3, len(words) + 3)))
    for start in range(0, number, 1000):
        listed_at = now - timedelta(days=DAYS * (1 - start / number), hours=5)
        new = [
            Paper(
                key=f"arxiv:bench.{place:06}",
                title=" ".join(draw.choices(words, cum_weights=weights, k=9)),
                abstract=" ".join(draw.choices(words, cum_weights=weights, k=150)),
                authors=tuple(" ".join(draw.choices(words, k=2)) for _ in range(4)),
                categories=tuple(draw.sample(send.CATEGORIES, 2)),
            )
            for place in range(start, min(start + 1000, number))
        ]
        signals = [
            Signal(
                one.key,
                "bench",
                SignalName.UPVOTES,
                place + later,
                listed_at + timedelta(days=later),
            )
            for place, one in enumerate(new[::10])
            for later in range(1, 5)
        ]
        with app.store.write() as tx:
            tx.papers.add(new, source="bench", listed_at=listed_at)
            tx.signals.record(signals)
    return words


SYLLABLES = ("ba", "co", "di", "fe", "gu", "ha", "jo", "ki", "le", "mo", "nu", "pa", "qui", "ro")
SYLLABLES += ("su", "ta", "ve", "wi", "xo", "zu", "ar", "en", "il", "os")


def pages(words: list[str], papers: int, now: datetime) -> dict[str, Callable[[int], str]]:
    """Return by name what gives an address for each round."""
    draw = random.Random(3)

    def day(_round: int) -> str:
        return (now - timedelta(days=draw.randrange(1, DAYS))).date().isoformat()

    def question(_round: int) -> str:
        rare = words[draw.randrange(100, 3000)]
        return quote_plus(f"{words[draw.randrange(3, 100)]} {rare}")

    def key(_round: int) -> str:
        return f"arxiv:bench.{draw.randrange(papers):06}"

    return {
        "front": lambda _: "/",
        "day": lambda n: f"/day/{day(n)}",
        "day new of a category": lambda n: f"/day/{day(n)}?sort=new&category={send.CATEGORIES[0]}",
        "month": lambda n: f"/month/{day(n)[:7]}",
        "trending": lambda _: "/trending?window=month",
        "paper": lambda n: f"/papers/{key(n)}",
        "search": lambda n: f"/search?q={question(n)}",
        "search in a category": lambda n: f"/search?q={question(n)}&category={send.CATEGORIES[1]}",
        "search of a common word": lambda n: f"/search?q={words[n % 40]}",
        "api": lambda n: f"/api/v1/papers?window={day(n)}&sort=top",
    }


def visit(
    base: str, service: int, app: App, recipients: int, pages: dict[str, Callable[[int], str]]
) -> dict[str, Any]:
    """Open pages until all is sent; return how long they took."""
    spent: dict[str, list[float]] = {name: [] for name in pages}
    seconds_of(f"{base}/search?q=first")  # places are read into memory once
    number = 0
    began = time.perf_counter()
    used = cpu_seconds(service)
    while True:
        with app.store.read() as tx:
            sent = tx.deliveries.counts().get("sent", 0)
        if sent >= recipients and number >= LEAST_ROUNDS:
            break
        for name, address in pages.items():
            spent[name].append(seconds_of(base + address(number)))
        number += 1
    everything = [one for some in spent.values() for one in some]
    found: dict[str, Any] = {
        "seconds": time.perf_counter() - began,
        "answers": len(everything),
        # On a machine that has other things to do it says more than the time; with mail, all of it.
        "cpu ms per answer": 1000 * (cpu_seconds(service) - used) / len(everything),
    }
    for name, seconds in {"all": everything, **spent}.items():
        found[f"{name}: p50 ms"] = 1000 * median(seconds)
        found[f"{name}: p95 ms"] = 1000 * quantiles(seconds, n=20)[-1]
    return found


def cpu_seconds(process: int) -> float:
    """Return the CPU time that a process has used (proc(5))."""
    fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def main() -> None:
    """Print the figures, or one JSON document."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--papers", type=int, default=100_000)
    parser.add_argument("--recipients", type=int, default=20_000)
    parser.add_argument("--json", action="store_true")
    asked = parser.parse_args()
    asked.dkim, asked.processes, asked.connections = "none", 1, 16
    asked.pool, asked.rate, asked.round_trip_ms = 300, 0.0, 0.0
    found = measure(asked)
    if asked.json:
        print(json.dumps(found))
        return
    for name, value in found.items():
        print(f"{name:32} {value:12,.1f}")


if __name__ == "__main__":
    main()
