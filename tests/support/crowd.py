"""A crowd of readers whose digests wait to be sent, and the real command that sends them."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

from digest import app as wiring
from digest.app import App
from digest.clock import ShiftedClock
from digest.model import Cadence, SubscriberStatus
from tests.conftest import REPOSITORY
from tests.support.samples import NOW, paper, pick, plan

_CHUNK = 1000


class Crowd:
    """So many readers in a folder of their own; the relay listens at `port`."""

    def __init__(
        self,
        folder: Path,
        count: int,
        *,
        port: int,
        smtp: Mapping[str, Any] | None = None,
        delivery: Mapping[str, Any] | None = None,
    ) -> None:
        self._config = folder / "config.toml"
        sections = {
            "site": {
                "base_url": "https://papers.example.org",
                "from_address": "papers@example.org",
                "secret_file": str(folder / "secret.key"),
            },
            "database": {"url": f"sqlite:///{folder / 'digest.db'}"},
            "smtp": {
                "host": "127.0.0.1",
                "port": port,
                "security": "none",
                "connections": 8,
                **(smtp or {}),
            },
            "delivery": {"backoff": 1, **(delivery or {})},
        }
        self._config.write_text(
            "\n".join(
                f"[{name}]\n"
                + "\n".join(f"{key} = {json.dumps(value)}" for key, value in of.items())
                for name, of in sections.items()
            )
        )
        self.addresses = [f"reader{number}@example.org" for number in range(count)]
        app = self.app()
        app.store.upgrade()
        with app.store.write() as tx:
            tx.papers.add([paper()], source="arxiv", listed_at=NOW - timedelta(hours=6))
            edition = tx.editions.ensure(Cadence.DAILY, NOW.date(), now=NOW)
        for start in range(0, count, _CHUNK):
            with app.store.write() as tx:
                readers = [
                    tx.subscribers.add(email=email, now=NOW, status=SubscriberStatus.CONFIRMED)
                    for email in self.addresses[start : start + _CHUNK]
                ]
                tx.deliveries.plan(
                    [
                        plan(
                            reader,
                            edition_id=edition.id,
                            picks=(pick(paper()),),
                            expires_at=NOW + timedelta(hours=12),
                        )
                        for reader in readers
                    ]
                )
        app.store.close()

    def app(self) -> App:
        """Return the program as the command builds it."""
        return App.build(wiring.load(self._config), clock=ShiftedClock(NOW))

    def counts(self) -> dict[str, int]:
        """Return the number of deliveries by state."""
        app = self.app()
        with app.store.read() as tx:
            found = tx.deliveries.counts()
        app.store.close()
        return found

    def start(self, *, prepare: Callable[[], None] | None = None) -> subprocess.Popen[bytes]:
        """Start `digest run`, in a process group of its own."""
        options = ["--config", str(self._config), "run", "--json", "--now", NOW.isoformat()]
        return subprocess.Popen(
            [sys.executable, "-m", "digest", *options],
            cwd=REPOSITORY,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
            preexec_fn=prepare,
        )

    def send(self) -> dict[str, Any]:
        """Run `digest run` to its end and return its report."""
        return report_of(self.start())


def report_of(process: subprocess.Popen[bytes]) -> dict[str, Any]:
    """Wait for a run, and return what it reports with its exit code."""
    output, errors = process.communicate(timeout=300)
    assert b"Traceback" not in errors, errors.decode()
    report: dict[str, Any] = json.loads(output)
    return {**report, "exit_code": process.returncode}


def kill(process: subprocess.Popen[bytes]) -> None:
    """End a run and all of its processes at once, as a power cut would."""
    os.killpg(process.pid, signal.SIGKILL)
    process.communicate()
