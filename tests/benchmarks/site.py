"""The site that benchmarks ask: a process of its own, beside which mail may be sent."""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from statistics import median, quantiles
from typing import Any

from digest import app as wiring
from digest.app import App
from tests.benchmarks import send


@dataclass(frozen=True)
class Site:
    """Where pages are served, and by which process."""

    base: str
    process: int

    def cpu_seconds(self) -> float:
        """Return the CPU time that the process has used (proc(5))."""
        fields = Path(f"/proc/{self.process}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


@contextmanager
def mailing(
    asked: argparse.Namespace, *, now: datetime | None = None
) -> Iterator[tuple[App, Path]]:
    """Yield a site that has not begun, and its configuration: its subscribers are all due."""
    how = {"dkim": "none", "processes": 1, "connections": 16, "rate": 0.0, "round_trip_ms": 0.0}
    how |= {"pool": 300, "papers": 8}
    sending = argparse.Namespace(**how)
    with tempfile.TemporaryDirectory(prefix="site-") as made, send.relay(sending) as port:
        folder = Path(made)
        send.write_config(folder, sending, port=port)
        config = folder / "config.toml"
        with config.open("a") as file:
            file.write("[web]\nport = 0\n[schedule]\ndefault_hour = 0\nexpire_after_hours = 24\n")
        app = App.build(wiring.load(config))
        now = now or datetime.now(UTC)
        send.fill(app, folder, recipients=asked.recipients, pool=sending.pool, now=now)
        try:
            yield app, config
        finally:
            app.store.close()


@contextmanager
def serving(config: Path, *, apart: bool = False) -> Iterator[Site]:
    """Run `digest serve` and yield where its pages are.

    With `apart` `digest web` serves them, beside a `digest serve --no-web`.
    """
    pages = _begin(config, "web" if apart else "serve")
    services = [pages]
    try:
        assert pages.stderr is not None
        base = next(line for line in pages.stderr if "pages are at" in line).split()[-1]
        if apart:
            services.append(_begin(config, "serve", "--no-web"))
        yield Site(base, pages.pid)
    finally:
        for service in services:
            service.terminate()
        for service in services:
            service.wait(timeout=60)


def _begin(config: Path, *command: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "digest", "--config", str(config), *command],
        stderr=subprocess.PIPE,
        text=True,
    )


def sent(app: App) -> int:
    """Return how many mails have left."""
    with app.store.read() as tx:
        return tx.deliveries.counts().get("sent", 0)


def seconds_of(
    url: str, form: bytes | None = None, headers: Mapping[str, str] | None = None
) -> float:
    """Return how long one answer took."""
    request = urllib.request.Request(url, form, headers=dict(headers or {}))
    began = time.perf_counter()
    with urllib.request.urlopen(request, timeout=60) as answer:
        answer.read()
    return time.perf_counter() - began


def spread(seconds: Sequence[float]) -> dict[str, float]:
    """Return within how many ms half and 95 of 100 answers came."""
    return {"p50 ms": 1000 * median(seconds), "p95 ms": 1000 * quantiles(seconds, n=20)[-1]}


def tell(found: Mapping[str, Any], *, as_json: bool) -> None:
    """Print the figures, or one JSON document."""
    if as_json:
        print(json.dumps(found))
        return
    for name, value in found.items():
        print(f"{name:48} {value:12,.3f}")
