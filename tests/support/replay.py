"""One day of a recorded stream, as a program that may be killed at any moment.

    python -m tests.support.replay FOLDER 2026-03-02 SMTP_PORT

FOLDER/days/2026-03-02.json holds the day's papers and signals; the database and the secret are
in FOLDER too. Exits 0 when the day's run is complete.
"""

from __future__ import annotations

import gzip
import json
import sys
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

from digest import pipeline
from digest.app import App
from digest.clock import ShiftedClock
from digest.config import Settings
from digest.ingest import NamedSource
from digest.model import (
    Fetched,
    Interest,
    InterestKind,
    Paper,
    Signal,
    SignalName,
    SubscriberStatus,
)
from digest.ports import Clock

READERS = {
    "robotics@example.org": [("category", "cs.RO"), ("keyword", "manipulation")],
    "language@example.org": [("category", "cs.CL"), ("keyword", "reasoning")],
    "vision@example.org": [("keyword", "diffusion"), ("keyword", "video")],
    "text@example.org": [("text", "graph neural networks for molecules and proteins")],
    "curious@example.org": [],
    "narrow@example.org": [("keyword", "sheaf cohomology")],
}


class RecordedSource:
    """A source that gives one recorded day."""

    def __init__(self, records: list[dict[str, Any]], name: str, clock: Clock) -> None:
        self._records = records
        self._name = name
        self._clock = clock

    def fetch(self, since: datetime | None, cursor: str | None) -> Fetched:
        """Return the papers of the day, and their upvotes where the record has them."""
        now = self._clock.now()
        papers = tuple(
            Paper(
                key=f"arxiv:{record['id']}",
                title=" ".join(record["title"].split()),
                abstract=" ".join((record.get("abstract") or "").split()),
                authors=tuple(record.get("authors") or ()),
                categories=tuple(record.get("categories") or ()),
            )
            for record in self._records
        )
        signals = tuple(
            Signal(f"arxiv:{record['id']}", self._name, SignalName.UPVOTES, record["upvotes"], now)
            for record in self._records
            if record.get("upvotes") is not None
        )
        return Fetched(papers, signals=signals)


def cut(shared_data: Path, folder: Path, first: date, days: int) -> list[date]:
    """Write the recorded days into `folder`, one file each, and return their dates."""
    month = [first + timedelta(days=number) for number in range(days)]
    found: dict[str, dict[str, list[Any]]] = defaultdict(lambda: {"arxiv": [], "hf": []})
    for record in _records(shared_data / "stream" / "arxiv_listing.jsonl.gz"):
        for day in record["listed"]:
            found[day]["arxiv"].append(record)
    for record in _records(shared_data / "stream" / "hf_daily.jsonl.gz"):
        found[record["list_date"]]["hf"].append(record)
    (folder / "days").mkdir()
    for day in month:
        path = folder / "days" / f"{day.isoformat()}.json"
        path.write_text(json.dumps(found[day.isoformat()]))
    return month


def _records(path: Path) -> Iterator[dict[str, Any]]:
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        for line in lines:
            yield json.loads(line)


def settings(folder: Path, *, port: int = 0) -> Settings:
    """Return the configuration of a replay."""
    return Settings.model_validate(
        {
            "site": {"from_address": "papers@example.org", "secret_file": folder / "secret.key"},
            "database": {"url": f"sqlite:///{folder / 'digest.db'}"},
            "smtp": {"host": "127.0.0.1", "port": port or 1, "security": "none"},
        }
    )


def app(folder: Path, day: date, *, port: int = 0) -> App:
    """Wire the program for one recorded day, which begins when the readers' hour has come."""
    clock = ShiftedClock(datetime(day.year, day.month, day.day, 7, 30, tzinfo=UTC))
    recorded = json.loads((folder / "days" / f"{day.isoformat()}.json").read_text())
    return replace(
        App.build(settings(folder, port=port), clock=clock),
        sources=tuple(
            NamedSource(name, "recorded", RecordedSource(records, name, clock))
            for name, records in recorded.items()
        ),
    )


def prepare(folder: Path, day: date) -> None:
    """Make the database with its readers."""
    program = app(folder, day)
    program.store.upgrade()
    with program.store.write() as tx:
        for email, interests in READERS.items():
            tx.subscribers.add(
                email=email,
                status=SubscriberStatus.CONFIRMED,
                now=program.clock.now(),
                interests=[Interest(InterestKind(kind), value) for kind, value in interests],
            )
    program.store.close()


def main() -> int:
    """Run one day."""
    folder, day, port = Path(sys.argv[1]), date.fromisoformat(sys.argv[2]), int(sys.argv[3])
    return pipeline.run(app(folder, day, port=port)).exit_code


if __name__ == "__main__":
    sys.exit(main())
