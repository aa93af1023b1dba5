"""Measure sending: the whole real path beside Postfix's own client, in one run.

    python -m tests.benchmarks.send --recipients 10000 [--dkim rsa|ed25519|both] [--json]

A database gets N subscribers by import and their digests by planning, once. Then, in turns, each
round on its own copy of it: `smtp-source` sends N messages of the same size (that is C, the
ceiling), and `digest run` sends the planned ones - claim, compose, personal links, SMTP, durable
state - both over as many kept connections to Postfix's `smtp-sink`. The usual Python way
(`tests/benchmarks/usual.py`) sends a share of them once a round.

    ratio               median of our rate over C, pair by pair
    rate                messages a second, median (the stage `deliver` of the report)
    cpu_ms_per_message  of all our processes, less that of a run with nothing to send
    peak_rss_mb         of our largest process

    --round-trip-ms 10 --connections 64     to a sink of our own that answers so much later
    --rate 200                              how well that rate is held
"""

from __future__ import annotations

import argparse
import csv
import json
import os
import random
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any

from digest import app as wiring
from digest import planners, rank
from digest.app import App
from digest.cli import subscriber_csv
from digest.clock import ShiftedClock
from digest.model import DeliveryState
from tests.benchmarks.compose import CATEGORIES, made_up_papers

NOW = datetime(2026, 11, 24, 7, 30, tzinfo=UTC)
USUAL_SHARE = 400  # messages are enough for the slow way
_POSTFIX = Path("/usr/sbin")


@dataclass(frozen=True)
class Cost:
    """What one program took."""

    seconds: float
    cpu: float
    rss_mb: float
    output: str


def measure(asked: argparse.Namespace) -> dict[str, Any]:
    """Run all rounds and return the figures."""
    with tempfile.TemporaryDirectory(prefix="send-", dir=asked.folder) as made:
        folder = Path(made)
        planned = prepare(folder, asked)
        idle = cpu_of_an_idle_run(folder, asked)
        rounds = [one_round(folder, asked, planned) for _ in range(asked.rounds)]
    found: dict[str, Any] = {
        "recipients": asked.recipients,
        "connections": asked.connections,
        "processes": asked.processes,
        "dkim": asked.dkim,
        "rounds": asked.rounds,
        **planned,
    }
    for name in rounds[0]:
        found[name] = median(one[name] for one in rounds)
    found["cpu_ms_per_message"] = 1000 * median(
        (one["cpu_seconds"] - idle) / asked.recipients for one in rounds
    )
    if asked.rate:
        found["rate_held"] = median(one["rate"] / asked.rate for one in rounds)
    return found


# --- the database ---------------------------------------------------------------------------


def prepare(folder: Path, asked: argparse.Namespace) -> dict[str, float]:
    """Make a database whose digests are planned; return what that took."""
    write_config(folder, asked, port=1)
    app = build(folder)
    imported = fill(app, folder, recipients=asked.recipients, pool=asked.pool, now=NOW)
    began = time.perf_counter()
    ranked = rank.run(
        planners.planner_of(app, now=NOW),
        schedule=app.settings.schedule,
        beside=partial(planners.beside, app.settings, NOW),
    )
    planned = time.perf_counter() - began
    assert ranked.planned == asked.recipients, ranked
    with app.store.read() as tx:
        delivery = tx.deliveries.list(limit=1)[0]
        subscriber = tx.subscribers.by_id(delivery.subscriber_id or 0)
        assert subscriber is not None
        message = app.compose(delivery, subscriber, tx.deliveries.picks(delivery.id))
    app.store.close()
    shutil.copy(folder / "digest.db", folder / "planned.db")
    return {
        "import_seconds": imported,
        "plan_seconds": planned,
        "message_bytes": len(message.content),
    }


def fill(app: App, folder: Path, *, recipients: int, pool: int, now: datetime) -> float:
    """Make a database of papers that came this morning, and import that many subscribers.

    Return how many seconds the import took.
    """
    app.store.upgrade()
    draw = random.Random(1)
    papers, words = made_up_papers(pool)
    with app.store.write() as tx:
        tx.papers.add(papers, source="arxiv", listed_at=now - timedelta(hours=6))
    people = folder / "people.csv"
    with people.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(("email", "name", "categories", "keywords"))
        common = words[:300]
        for number in range(recipients):
            writer.writerow(
                (
                    f"reader{number}@example.org",
                    f"Reader {number}",
                    ";".join(draw.sample(CATEGORIES, 2)),
                    ";".join(draw.sample(common, 4)),
                )
            )
    began = time.perf_counter()
    report = subscriber_csv.bring_in(app, subscriber_csv.read(people), confirmed=True)
    imported = time.perf_counter() - began
    assert report.added == recipients
    return imported


def write_config(folder: Path, asked: argparse.Namespace, *, port: int) -> None:
    """Write the configuration of the runs."""
    keys = {"rsa": ["rsa"], "ed25519": ["ed25519"], "both": ["rsa", "ed25519"]}.get(asked.dkim, [])
    for kind in keys:
        make_key(folder / f"{kind}.pem", kind)
    (folder / "config.toml").write_text(
        f"""
[site]
base_url = "https://papers.example.org"
from_address = "papers@example.org"
postal_address = "1 Example Street, Exampleton"
[database]
url = "sqlite:///{folder}/digest.db"
[ranking]
max_papers = {asked.papers}
min_score = 0.0
[smtp]
host = "127.0.0.1"
port = {port}
security = "none"
connections = {asked.connections}
processes = {asked.processes}
rate_per_second = {asked.rate}
dkim_selector = {json.dumps(keys)}
dkim_key_file = {json.dumps([str(folder / f"{kind}.pem") for kind in keys])}
[logging]
level = "error"
"""
    )


def make_key(path: Path, kind: str) -> None:
    """Write a private key."""
    if path.exists():
        return
    how = ["-algorithm", "ed25519"]
    if kind == "rsa":
        how = ["-algorithm", "rsa", "-pkeyopt", "rsa_keygen_bits:2048"]
    subprocess.run(["openssl", "genpkey", *how, "-out", str(path)], check=True, capture_output=True)
    path.chmod(0o600)


def build(folder: Path) -> App:
    """Return the program as the configuration says."""
    return App.build(wiring.load(folder / "config.toml"), clock=ShiftedClock(NOW))


# --- the rounds -----------------------------------------------------------------------------


def one_round(
    folder: Path, asked: argparse.Namespace, planned: dict[str, float]
) -> dict[str, float]:
    """Send everything in each way, and return the figures."""
    found: dict[str, float] = {}
    size = int(planned["message_bytes"])
    with relay(asked) as port:
        if not asked.round_trip_ms:
            source = timed(
                [
                    str(_POSTFIX / "smtp-source"),
                    *("-d", "-s", str(asked.connections), "-m", str(asked.recipients)),
                    *("-l", str(size), "-f", "papers@example.org", "-t", "reader@example.org"),
                    f"127.0.0.1:{port}",
                ]
            )
            found["source_rate"] = asked.recipients / source.seconds
            found["source_cpu_ms_per_message"] = 1000 * source.cpu / asked.recipients
        ours = run(folder, asked, port=port)
        report = json.loads(ours.output)
        assert report["sent"] == asked.recipients, report
        check(folder, asked.recipients)
        found["rate"] = report["sent"] / report["seconds"]["deliver"]
        found["cpu_seconds"] = ours.cpu
        found["peak_rss_mb"] = ours.rss_mb
        if "source_rate" in found:
            found["ratio"] = found["rate"] / found["source_rate"]
            usual = run_usual(folder, asked, port=port)
            found["usual_rate"] = usual["sent"] / usual["seconds"]
            found["times_usual"] = found["rate"] / found["usual_rate"]
    return found


def run(folder: Path, asked: argparse.Namespace, *, port: int) -> Cost:
    """Let `digest run` send what is planned."""
    fresh(folder)
    write_config(folder, asked, port=port)
    return timed(command(folder))


def run_usual(folder: Path, asked: argparse.Namespace, *, port: int) -> dict[str, float]:
    """Let the usual way send a share of what is planned."""
    fresh(folder)
    program = [sys.executable, "-m", "tests.benchmarks.usual", str(folder / "config.toml")]
    limit = min(USUAL_SHARE, asked.recipients)
    cost = timed([*program, str(port), str(asked.connections), str(limit), NOW.isoformat()])
    result: dict[str, float] = json.loads(cost.output)
    return result


def cpu_of_an_idle_run(folder: Path, asked: argparse.Namespace) -> float:
    """Return the CPU seconds of a run that has nothing to send."""
    fresh(folder)
    write_config(folder, asked, port=1)
    app = build(folder)
    with app.store.write() as tx:
        ids = tx.outbox.reserve("idle/1", now=NOW, lease_until=NOW, limit=asked.recipients)
        tx.outbox.sent("idle/1", dict.fromkeys(ids, "250 taken"), now=NOW)
    app.store.close()
    return median(timed(command(folder)).cpu for _ in range(3))


def command(folder: Path) -> list[str]:
    """Return the command of an operator."""
    options = ["--config", str(folder / "config.toml"), "run", "--json"]
    return [sys.executable, "-m", "digest", *options, "--now", NOW.isoformat()]


def fresh(folder: Path) -> None:
    """Begin with what was planned."""
    for name in ("digest.db", "digest.db-wal", "digest.db-shm"):
        (folder / name).unlink(missing_ok=True)
    shutil.copy(folder / "planned.db", folder / "digest.db")


def check(folder: Path, recipients: int) -> None:
    """See that every row says `sent`, after one attempt."""
    app = build(folder)
    with app.store.read() as tx:
        assert tx.deliveries.counts() == {DeliveryState.SENT: recipients}
    app.store.close()


def timed(command: Sequence[str]) -> Cost:
    """Run a program to its end; CPU and memory include the processes that it made."""
    began = time.perf_counter()
    with tempfile.TemporaryFile("w+") as output:
        process = subprocess.Popen(command, stdout=output)
        _, status, used = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - began
        process.returncode = os.waitstatus_to_exitcode(status)
        output.seek(0)
        text = output.read()
    if process.returncode:
        raise SystemExit(f"{command[:4]} ended with {process.returncode}: {text}")
    return Cost(seconds, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024, text)


@contextmanager
def relay(asked: argparse.Namespace) -> Iterator[int]:
    """Run the sink of a round, and yield its port."""
    if asked.round_trip_ms:
        program = [sys.executable, "-m", "tests.benchmarks.sink"]
        sink = subprocess.Popen(
            [*program, "--round-trip-ms", str(asked.round_trip_ms)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        assert sink.stdin is not None
        assert sink.stdout is not None
        yield int(sink.stdout.readline())
        sink.stdin.close()
        assert json.loads(sink.stdout.read())["taken"] == asked.recipients
        sink.wait()
        return
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    user = ["-u", "nobody"] if os.geteuid() == 0 else []
    sink = subprocess.Popen([str(_POSTFIX / "smtp-sink"), *user, f"127.0.0.1:{port}", "512"])
    try:
        for _ in range(100):
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    break
            time.sleep(0.05)  # smtp-sink says nowhere that it listens
        yield port
    finally:
        sink.terminate()
        sink.wait()


def main() -> None:
    """Print the figures, or one JSON document."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--recipients", type=int, default=5000)
    parser.add_argument("--dkim", choices=["none", "rsa", "ed25519", "both"], default="none")
    parser.add_argument("--connections", type=int, default=64)
    parser.add_argument("--processes", type=int, default=1)
    parser.add_argument("--papers", type=int, default=8, help="in each digest")
    parser.add_argument("--pool", type=int, default=300, help="papers of the day")
    parser.add_argument("--rate", type=float, default=0.0)
    parser.add_argument("--round-trip-ms", type=float, default=0.0)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--folder", type=Path, default=None, help="where the database is made")
    parser.add_argument("--json", action="store_true")
    asked = parser.parse_args()
    if not asked.round_trip_ms and not (_POSTFIX / "smtp-sink").exists():
        raise SystemExit("smtp-sink and smtp-source are missing: apt-get install postfix")
    found = measure(asked)
    if asked.json:
        print(json.dumps(found))
        return
    for name, value in found.items():
        shown = f"{value:12,.3f}" if isinstance(value, float) else f"{value!s:>12}"
        print(f"{name:26} {shown}")


if __name__ == "__main__":
    main()
