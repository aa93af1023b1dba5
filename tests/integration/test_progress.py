"""A run that is watched, and one that is stopped in the middle."""

from __future__ import annotations

import json
import os
import pty
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

import digest as package
from digest import pipeline
from digest.app import App, load
from digest.deliver import DeliverReport, Patience
from digest.errors import StoreBusy, TransportRefused
from digest.model import Fetched
from digest.report import RunReport
from digest.testing import FakeSource, Inbox
from tests.support.desk import Desk, desk
from tests.support.samples import paper

COMMAND = [sys.executable, "-m", "digest", "run"]
ENVIRON = {
    **{key: value for key, value in os.environ.items() if not key.startswith("DIGEST_")},
    "PYTHONPATH": str(Path(package.__file__).parent.parent),
    "TERM": "xterm",
}


@pytest.fixture
def at(tmp_path: Path) -> Desk:
    """Return a desk with ten readers, whose papers are there already."""
    made = desk(tmp_path)
    made.config.write_text(made.config.read_text() + "[ranking]\nmin_score = 0.0\n")
    made.sources["journal"] = FakeSource(Fetched(papers=(paper(categories=("cs.RO",)),)))
    rows = "".join(f"reader{number}@example.org,cs.RO\n" for number in range(10))
    made.do("subscriber", "import", "-", "--confirmed", text="email,categories\n" + rows)
    return made


@contextmanager
def opened(at: Desk) -> Iterator[App]:
    """Give the program of this desk, while the block lasts."""
    app = at.build(load(at.config, {}), None)
    try:
        yield app
    finally:
        app.store.close()


def run(at: Desk, **options: Any) -> RunReport:
    with opened(at) as app:
        return pipeline.run(app, **options)


def test_whoever_watches_hears_what_was_done_and_how_much_there_was(at: Desk) -> None:
    heard: list[tuple[int, int]] = []

    def hear(report: DeliverReport, total: int) -> None:
        heard.append((report.done, total))

    assert run(at, progress=hear).delivered.sent == 10
    assert heard[0] == (0, 10)
    assert heard[-1] == (10, 10)
    assert heard == sorted(heard)
    assert len(heard) > 2


def test_a_run_that_is_stopped_in_the_middle_is_not_complete(at: Desk) -> None:
    report = run(at, stopping=lambda: len(at.transport.messages) >= 3)
    assert report.delivered.sent == 3
    assert (report.outcome, report.exit_code) == ("partial", 75)
    assert report.as_dict()["left"] == 7
    assert report.as_dict()["why"] == ["7 mails are left to do: 7 planned."]
    rest = run(at)
    assert (rest.delivered.sent, rest.outcome, rest.as_dict()["left"]) == (7, "complete", 0)


@pytest.mark.parametrize("verb", [pipeline.run, pipeline.tick])
def test_a_run_that_an_error_ends_is_recorded_with_what_it_did(
    at: Desk, verb: Callable[..., RunReport]
) -> None:
    at.do("ingest")

    def stopping() -> bool:
        if len(at.transport.messages) >= 3:
            raise StoreBusy("the database is full")
        return False

    with opened(at) as app, pytest.raises(StoreBusy):
        verb(app, stopping=stopping)
    with at.open().read() as tx:
        only, _ = tx.runs.list()
    assert (only.outcome, only.report["sent"], only.report["planned"]) == ("failed", 3, 10)


def test_a_run_that_is_stopped_while_it_plans_is_not_complete(at: Desk) -> None:
    report = run(at, stopping=lambda: True)
    assert (report.ranked.planned, report.delivered.sent) == (0, 0)
    assert report.outcome == "partial"
    assert report.as_dict()["why"] == [
        "10 subscribers are not planned for yet: the run was stopped."
    ]


@pytest.mark.parametrize("verb", [pipeline.run, pipeline.tick])
def test_whoever_becomes_due_while_mail_is_sent_is_planned_for_before_all_of_it_is(
    at: Desk, verb: Callable[..., RunReport]
) -> None:
    smtp = "[smtp]\nconnections = 1\nrate_per_second = 0.002\n"
    at.config.write_text(at.config.read_text() + smtp)
    at.do("ingest")
    # Their hour comes after eight mails of the ten.
    late = ("late@example.org", "--confirmed", "--category", "cs.RO", "--hour", "8")
    at.do("subscriber", "add", *late)
    heard: list[tuple[int, int]] = []
    with opened(at) as app:
        report = verb(app, progress=lambda done, total: heard.append((done.done, total)))
    assert (report.ranked.planned, report.delivered.sent, report.outcome) == (11, 11, "complete")
    assert heard == sorted(heard)
    assert min(done for done, total in heard if total == 11) == 8
    with at.open().read() as tx:
        (only,) = tx.runs.list(command=report.command)
    assert (only.report["sent"], only.report["already_planned"]) == (11, 0)


# --- as a process -----------------------------------------------------------------------------


def configure(at: Desk, inbox: Inbox, *more: str) -> None:
    smtp = ["[smtp]", 'host = "127.0.0.1"', f"port = {inbox.port}", 'security = "none"', *more]
    at.config.write_text("\n".join([at.config.read_text(), *smtp, ""]))


def test_sigterm_lets_a_run_finish_what_it_sends_and_say_what_is_left(at: Desk) -> None:
    at.do("ingest")
    with Inbox() as inbox:
        configure(at, inbox, "rate_per_second = 0.2")
        with subprocess.Popen(
            [*COMMAND, "--force", "--now", "2026-11-24T07:00:00Z", "--json"],
            cwd=at.folder,
            env=ENVIRON,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        ) as process:
            inbox.wait(1, seconds=60)
            process.send_signal(signal.SIGTERM)
            out, errors = process.communicate(timeout=60)
        assert process.returncode == 75, errors
        report = json.loads(out)
        assert report["outcome"] == "partial"
        assert report["sent"] == len(inbox.messages)
        assert report["sent"] + report["left"] == 10
        assert report["unknown"] == 0


def on_a_terminal(folder: Path, *arguments: str) -> str:
    """Run one command whose stderr is a terminal, and return what it writes there."""
    master, terminal = pty.openpty()
    with subprocess.Popen(
        [*COMMAND, *arguments], cwd=folder, env=ENVIRON, stdout=subprocess.PIPE, stderr=terminal
    ) as process:
        os.close(terminal)
        seen = b"".join(iter(reading(master), b""))
        os.close(master)
        process.communicate(timeout=60)
    assert process.returncode == 0, seen
    return seen.decode()


def reading(master: int) -> Callable[[], bytes]:
    """Return a function that reads a terminal, and nothing once nobody writes to it."""

    def read() -> bytes:
        try:
            return os.read(master, 4096)
        except OSError:
            return b""

    return read


def test_a_terminal_shows_a_bar_and_nothing_else_does(at: Desk) -> None:
    at.do("ingest")
    now = ("--now", "2026-11-24T07:00:00Z")
    with Inbox() as inbox:
        configure(at, inbox)
        seen = on_a_terminal(at.folder, *now)
        assert len(inbox.messages) == 10
    assert "Asking sources, ranking..." in seen
    assert "10/10" in seen
    again = subprocess.run(
        [*COMMAND, *now], cwd=at.folder, env=ENVIRON, capture_output=True, text=True, check=True
    )
    assert again.stderr == ""


def test_ticks_leave_a_relay_alone_for_a_while_that_refuses_the_login(at: Desk) -> None:
    at.do("subscriber", "add", "ada@example.org")  # a confirmation is due at once
    at.transport.fail_to_open(*[TransportRefused("the relay wants a login")] * 5)
    patience = Patience()
    outcomes = []
    with opened(at) as app:
        for _ in range(9):  # two minutes
            outcomes.append(pipeline.tick(app, patience=patience).delivered.exit_code)
            at.clock.advance(15)
    assert outcomes == [78, 0, 0, 0, 78, 0, 0, 0, 0]
    assert at.transport.messages == []


def test_a_tick_that_may_not_send_says_what_is_left_and_why(at: Desk) -> None:
    at.do("ingest")
    at.transport.fail_to_open(TransportRefused("the relay wants a login"))
    patience = Patience()
    with opened(at) as app:
        assert pipeline.tick(app, patience=patience).outcome == "partial"
        at.do("subscriber", "add", "late@example.org", "--confirmed", "--category", "cs.RO")
        report = pipeline.tick(app, patience=patience)
        assert pipeline.tick(app, patience=patience).is_idle
        with app.store.read() as tx:
            newest, _ = tx.runs.list(command="tick")
    assert (report.ranked.planned, report.delivered.sent, report.outcome) == (1, 0, "partial")
    assert report.as_dict()["why"] == [
        "Nothing can be sent now: the relay wants a login.",
        "10 subscribers are done already: this edition was planned for them before.",
        "11 mails are left to do: 11 planned.",
    ]
    assert (newest.outcome, newest.report["left"]) == ("partial", 11)
