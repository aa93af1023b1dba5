"""One day, end to end: two local sites, the real program, a real SMTP conversation, three mails."""

from __future__ import annotations

import argparse
import logging
import shutil
import sys
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from email import message_from_bytes, policy
from pathlib import Path

from digest import app as wiring
from digest import pipeline, subscriptions
from digest.app import App
from digest.clock import ShiftedClock, SystemClock
from digest.demo.feeds import FeedServer, serving
from digest.demo.samples import SUBSCRIBERS, papers
from digest.errors import DigestError, InvalidInput
from digest.model import Message
from digest.rendering import clip
from digest.report import RunReport
from digest.testing import Inbox

CONFIG = """\
# Written by the demo. The sources and the relay were on this machine and are gone now;
# `digest config init` writes a configuration that explains every option.

[site]
name = "Trending Papers"
base_url = "http://127.0.0.1:8080"
from_address = "papers@example.org"
postal_address = "1 Example Street, Exampleton"
secret_file = "secret.key"

[database]
url = "sqlite:///digest.db"

[[sources]]
name = "arXiv"
kind = "arxiv"
url = "http://127.0.0.1:{feeds}"
categories = ["cs.RO", "cs.CL", "cs.CV", "cs.LG", "q-bio.BM", "stat.ML"]

[[sources]]
name = "Hugging Face"
kind = "huggingface"
url = "http://127.0.0.1:{feeds}"
days = 1

[http]
allow_hosts = ["127.0.0.1:{feeds}"]

[smtp]
host = "127.0.0.1"
port = {inbox}
security = "none"
"""

# The table shows so many picks of each mail.
SHOWN = 3

# Left by an earlier demo; a folder that holds anything else is not ours to empty.
OURS = {"config.toml", "digest.db", "digest.db-wal", "digest.db-shm", "mail", "secret.key"}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the demo and return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m digest.demo", description=__doc__)
    parser.add_argument("--folder", type=Path, default=Path("demo"), help="default: ./demo")
    folder: Path = parser.parse_args(arguments).folder
    logging.basicConfig(level=logging.ERROR, format="%(message)s")
    try:
        empty(folder)
        show(folder)
    except DigestError as error:
        print(error, file=sys.stderr)
        return error.exit_code
    return 0


def empty(folder: Path) -> None:
    """Make the folder anew; raise `InvalidInput` where it holds somebody else's files."""
    if folder.exists():
        if not folder.is_dir() or {path.name for path in folder.iterdir()} - OURS:
            raise InvalidInput(
                f"{folder} holds files that are not the demo's: choose another with --folder"
            )
        shutil.rmtree(folder)
    (folder / "mail").mkdir(parents=True)


def show(folder: Path) -> None:
    """Do the day and print what happened."""
    morning = SystemClock().now().replace(hour=7, minute=0, second=0, microsecond=0)
    sample = papers()
    evening = morning - timedelta(hours=24)
    with Inbox() as inbox:
        before = FeedServer(sample, day=evening.date(), yesterday=True)
        with serving(before) as port:
            text = CONFIG.format(feeds=port, inbox=inbox.port)
            (folder / "config.toml").write_text(text, "utf-8")
            yesterday = wire(folder, evening)
            yesterday.store.upgrade()
            collected = pipeline.collect(yesterday, yesterday.sources)
            yesterday.store.close()
        print(f"Yesterday: {collected.papers_new} papers that people had voted for.")
        today = wire(folder, morning + timedelta(minutes=1))
        subscribe(today)
        with serving(FeedServer(sample, day=morning.date(), yesterday=False), port=port):
            report = pipeline.run(today)
            again = pipeline.run(today)
        messages = inbox.messages
    check(report)
    summarise(report, again)
    print()
    print(table(picks(today)))
    print()
    today.store.close()
    for number, message in enumerate(messages, start=1):
        keep(folder / "mail", number, message)
    print(f"Open {folder / 'mail'}/*.html in a browser, or *.eml in a mail program.")
    print(f"Look around: digest --config {folder / 'config.toml'} delivery list")


def wire(folder: Path, now: datetime) -> App:
    """Wire the real program, with a clock that begins at `now`."""
    settings = wiring.load(folder / "config.toml", {})
    return App.build(settings, clock=ShiftedClock(now.astimezone(UTC)))


def subscribe(app: App) -> None:
    """Add the sample subscribers, confirmed."""
    with app.store.write() as tx:
        for email, preferences in SUBSCRIBERS.items():
            subscriptions.add_confirmed(tx, email, preferences, origin="demo", now=app.clock.now())


def check(report: RunReport) -> None:
    """Raise where the day did not end as it should."""
    if report.delivered.sent != len(SUBSCRIBERS):
        raise DigestError("\n".join(["the demo did not send its mails:", *report.as_dict()["why"]]))


def summarise(report: RunReport, again: RunReport) -> None:
    """Print what the two runs did."""
    for source in report.sources:
        print(f"Today: {source.name}: {source.new} new papers, {source.signals} new figures.")
    seconds = sum(report.seconds.values())
    print(f"Sent {report.delivered.sent} mails over SMTP in {seconds:.1f} s, all told.")
    print(f"A second run sent {again.delivered.sent}: {again.as_dict()['why'][-1]}")


def picks(app: App) -> list[tuple[str, ...]]:
    """Return the first picks of each mail: to whom, which of how many, title, reason."""
    found: list[tuple[str, ...]] = []
    with app.store.read() as tx:
        for delivery in reversed(tx.deliveries.list()):
            subscriber = tx.subscribers.by_id(delivery.subscriber_id or 0)
            assert subscriber is not None
            chosen = tx.deliveries.picks(delivery.id)
            found += [
                (
                    subscriber.email if pick.position == 1 else "",
                    f"{pick.position} of {len(chosen)}",
                    clip(pick.paper.title, 38),
                    clip(pick.reason, 40),
                )
                for pick in chosen[:SHOWN]
            ]
    return found


def table(rows: Sequence[tuple[str, ...]]) -> str:
    """Return the rows as a table with aligned columns."""
    head = ("TO", "PICK", "PAPER", "WHY")
    widths = [max(map(len, column)) for column in zip(head, *rows, strict=True)]
    lines = [
        "  ".join(cell.ljust(width) for cell, width in zip(cells, widths, strict=True)).rstrip()
        for cells in (head, *rows)
    ]
    return "\n".join([lines[0], "-" * max(map(len, lines)), *lines[1:]])


def part(message: Message, kind: str) -> str:
    """Return one part of a mail as text."""
    body = message_from_bytes(message.content, policy=policy.default).get_body((kind,))
    assert body is not None
    return str(body.get_content())


def keep(folder: Path, number: int, message: Message) -> None:
    """Write one mail as it came, and its HTML part to look at."""
    name = f"{number}-{message.recipient.partition('@')[0]}"
    (folder / f"{name}.eml").write_bytes(message.content)
    (folder / f"{name}.html").write_text(part(message, "html"), "utf-8")


if __name__ == "__main__":
    sys.exit(main())
