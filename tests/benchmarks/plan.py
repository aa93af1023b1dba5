"""Measure what it costs to plan an edition for many subscribers, from the database to the database.

    python -m tests.benchmarks.plan --subscribers 10000 [--papers 1500] [--processes 2] [--json]
    python -m tests.benchmarks.plan --subscribers 10000 --model models/minilm

Papers and people are made up. Words follow Zipf's law over a vocabulary of 30,000, abstracts have
150 of them; 5,000 older papers are the background, and one new paper in twenty has votes. Nine
people in ten follow one or two of 40 categories and three to five of 400 keywords, the popular
ones more often; of all, three in ten follow an author, one in ten has liked two to ten papers, one
in twenty has written a text of their own, one in twenty mutes a word; one in ten wants nothing in
particular. Everybody is due at once. A process of its own plans into SQLite, with others beside it
if more than one is asked for; the peak of memory is that of the largest, as the system counts it,
the CPU time is that of all. With more than one edition (`--editions`) the last one is measured, a
day after the one before, with new papers of its own. With a sentence model (`--model`) the papers
are embedded before, as they are when they come in.
"""

from __future__ import annotations

import argparse
import json
import random
import resource
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

from digest import planners, rank
from digest.app import App
from digest.config import Settings
from digest.model import Paper, Signal, SignalName
from digest.ranking import text_of
from digest.store import Store, Transaction

NOW = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)
DAY = timedelta(days=1)
BACKGROUND = 5000
CATEGORIES = [
    f"{archive}.{part}" for archive in ("cs", "math", "stat", "eess") for part in "ABCDEFGHIJ"
]
KEYWORDS = 400
_SYLLABLES = [first + second for first in "bdfgklmnprstvz" for second in "aeiou"]
_PEOPLE = "id, public_id, email, email_key, email_hash, name, status, cadence, created_at, consent"
_ALL = (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
_UNIT = 1024 * 1024 if sys.platform == "darwin" else 1024


class TimedStore(Store):
    """A store that knows how long its longest write transaction was, in seconds."""

    longest = 0.0

    @contextmanager
    def write(self) -> Iterator[Transaction]:
        """Time what happens between BEGIN IMMEDIATE and the end of COMMIT."""
        began = time.perf_counter()
        with super().write() as tx:
            began = time.perf_counter()
            yield tx
        self.longest = max(self.longest, time.perf_counter() - began)


@contextmanager
def watched(store: Store) -> Iterator[list[float]]:
    """Ask the database and this process for a little now and then, as the web does meanwhile.

    The list holds the seconds that each answer took.
    """
    answers = [0.0]
    done = threading.Event()

    def watch() -> None:
        while not done.wait(0.05):
            began = time.perf_counter()
            with store.read() as tx:
                tx.subscribers.by_id(1)
            answers.append(time.perf_counter() - began)

    thread = threading.Thread(target=watch)
    thread.start()
    try:
        yield answers
    finally:
        done.set()
        thread.join()


def settings_of(path: Path, *, processes: int = 1, model: str = "") -> Settings:
    """Return the settings of a site that has its database there."""
    return Settings.model_validate(
        {
            "site": {
                "base_url": "https://papers.example.org",
                "from_address": "papers@example.org",
                "secret_file": path.parent / "secret.key",
            },
            "database": {"url": f"sqlite:///{path}"},
            "ranking": {"processes": processes},
            "semantic": {"model": model},
        }
    )


def measure(path: Path, editions: int, processes: int, model: str) -> dict[str, float]:
    """Plan editions that are due, and return the figures of the last one."""
    settings = settings_of(path, processes=processes, model=model)
    store = TimedStore(settings.database.url, hash_email=str.lower)
    app = App.build(settings).on(store)

    def plan(now: datetime) -> tuple[rank.RankReport, float]:
        store.longest = 0.0
        began = time.perf_counter()
        report = rank.run(
            planners.planner_of(app, now=now),
            schedule=settings.schedule,
            beside=partial(planners.beside, settings, now),
        )
        return report, time.perf_counter() - began

    for day in range(editions):
        now = NOW + day * DAY
        used = _cpu()
        with watched(store) as answers:
            report, seconds = plan(now)
        longest = store.longest
        cpu = _cpu() - used
    found = {
        "seconds": seconds,
        "cpu_seconds": cpu,
        "planned": report.planned,
        "skipped": sum(report.skipped.values()),
        "per_second": report.subscribers / seconds,
        "longest_write_ms": 1000 * longest,
        "longest_answer_ms": 1000 * max(answers),
        "peak_mb": max(resource.getrusage(who).ru_maxrss for who in _ALL) / _UNIT,
    }
    idle = sorted(plan(now + timedelta(seconds=15 * (1 + tick)))[1] for tick in range(5))
    return {**found, "idle_tick_ms": 1000 * idle[2]}


def _cpu() -> float:
    used = [resource.getrusage(who) for who in _ALL]
    return sum(one.ru_utime + one.ru_stime for one in used)


def prepare(path: Path, *, subscribers: int, papers: int, editions: int) -> None:
    """Fill a new database."""
    draw = random.Random(1)
    words = ["".join(draw.choices(_SYLLABLES, k=draw.randint(2, 4))) for _ in range(30_000)]
    weights = [1 / rank for rank in range(10, 30_010)]
    store = Store(f"sqlite:///{path}", hash_email=str.lower)
    store.upgrade()
    made = [_paper(n, draw, words, weights) for n in range(BACKGROUND + papers * editions)]
    with store.write() as tx:
        tx.papers.add(made[:BACKGROUND], source="bench", listed_at=NOW - 9 * DAY)
        for day in range(editions):
            start = BACKGROUND + papers * day
            new = made[start : start + papers]
            tx.papers.add(new, source="bench", listed_at=NOW + day * DAY - timedelta(hours=8))
            tx.signals.record(_votes(draw, new, NOW + day * DAY))
    store.close()
    _subscribe(path, subscribers, draw, words, made)


def embed(path: Path, model: str) -> None:
    """Keep the sentence vectors of all papers."""
    app = App.build(settings_of(path, model=model))
    with app.store.read() as tx:
        papers = tx.papers.recent(1_000_000, until=NOW + 365 * DAY)
    assert app.embeddings is not None
    app.embeddings.of_papers([text_of(one.title, one.abstract) for one in papers])
    app.store.close()


def _subscribe(
    path: Path, count: int, draw: random.Random, words: list[str], papers: list[Paper]
) -> None:
    keywords = [
        word if n % 3 else f"{word} {draw.choice(words[:500])}"
        for n, word in enumerate(draw.sample(words[50:3000], KEYWORDS))
    ]
    popular = [1 / (10 + n) for n in range(KEYWORDS)]
    authors = [
        author for paper in papers[BACKGROUND : BACKGROUND + 300] for author in paper.authors
    ]
    people, interests, feedback = [], [], []
    at = "2026-11-01 00:00:00.000000"
    for n in range(1, count + 1):
        address = f"reader{n}@example.org"
        people.append(
            (n, f"{n:016x}", address, address, address, "", "confirmed", "daily", at, "{}")
        )
        told: dict[tuple[str, str], float] = {}
        if draw.random() < 0.9:
            for value in draw.choices(CATEGORIES, k=draw.randint(1, 2)):
                told["category", value] = 1.0
            for value in draw.choices(keywords, popular, k=draw.randint(3, 5)):
                told["keyword", value] = 1.0
            if draw.random() < 1 / 3:
                told["author", draw.choice(authors)] = 1.0
            if draw.random() < 1 / 18:
                told["text", " ".join(draw.choices(words[:5000], k=25))] = 1.0
            if draw.random() < 1 / 18:
                told["keyword", draw.choice(words[100:2000])] = -1.0
            if draw.random() < 1 / 9:
                liked = draw.sample(range(1, BACKGROUND + 1), draw.randint(2, 10))
                feedback += [(n, paper, "more", at) for paper in liked]
        interests += [(n, kind, value, weight, at) for (kind, value), weight in told.items()]
    with sqlite3.connect(path) as database:
        for table, columns, rows in (
            ("subscribers", _PEOPLE, people),
            ("interests", "subscriber_id, kind, value, weight, added_at", interests),
            ("feedback", "subscriber_id, paper_id, opinion, given_at", feedback),
        ):
            marks = ", ".join("?" for _ in columns.split(","))
            database.executemany(f"INSERT INTO {table} ({columns}) VALUES ({marks})", rows)
    database.close()


def _paper(number: int, draw: random.Random, words: list[str], weights: list[float]) -> Paper:
    text = draw.choices(words, weights, k=160)
    return Paper(
        key=f"arxiv:2611.{number:05d}",
        title=" ".join(text[:10]),
        abstract=" ".join(text[10:]),
        authors=tuple(f"{draw.choice(words)} {draw.choice(words)}" for _ in range(5)),
        categories=tuple(draw.sample(CATEGORIES, 2)),
    )


def _votes(draw: random.Random, papers: list[Paper], now: datetime) -> Iterator[Signal]:
    for paper in papers:
        if draw.random() < 0.05:
            votes = int(draw.expovariate(0.05))
            for hours in (2, 6):
                seen = now - timedelta(hours=hours)
                yield Signal(paper.key, "hub", SignalName.UPVOTES, votes * (8 - hours), seen)


def main() -> None:
    """Print the figures, or one JSON document."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--subscribers", type=int, default=1000)
    parser.add_argument("--papers", type=int, default=1500)
    parser.add_argument("--editions", type=int, default=1)
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--model", default="", help="the sentence model")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--database", type=Path, help="plan into this one, which is there already")
    asked = parser.parse_args()
    if asked.database:
        print(json.dumps(measure(asked.database, asked.editions, asked.processes, asked.model)))
        return
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "digest.db")
        prepare(path, subscribers=asked.subscribers, papers=asked.papers, editions=asked.editions)
        if asked.model:
            embed(path, asked.model)
        command = [sys.executable, "-m", "tests.benchmarks.plan", "--database", str(path)]
        command += ["--editions", str(asked.editions), "--processes", str(asked.processes)]
        command += ["--model", asked.model]
        done = subprocess.run(command, stdout=subprocess.PIPE, check=True)
    found = json.loads(done.stdout)
    if asked.json:
        print(json.dumps(found))
        return
    for name, value in found.items():
        print(f"{name:18} {value:12.1f}")


if __name__ == "__main__":
    main()
