"""`digest serve` and `digest web` as processes, from their first line to their end."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

import digest as package
from digest.clock import SystemClock
from tests.support.desk import Desk, desk

ENVIRON = {
    **{key: value for key, value in os.environ.items() if not key.startswith("DIGEST_")},
    "PYTHONPATH": str(Path(package.__file__).parent.parent),
}

CONFIG = """
[site]
from_address = "papers@example.org"
[web]
port = 0
[smtp]
transport = "maildir"
"""


@contextmanager
def serving(folder: Path, *options: str, command: str = "serve") -> Iterator[subprocess.Popen[str]]:
    """Run `digest serve`, or another command, while the block lasts, at the longest."""
    (folder / "config.toml").write_text(CONFIG)
    with subprocess.Popen(
        [sys.executable, "-m", "digest", command, *options],
        cwd=folder,
        env=ENVIRON,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            yield process
        finally:
            if process.poll() is None:
                process.kill()


def read_until(process: subprocess.Popen[str], words: str) -> str:
    """Return the first line of stderr that holds these words."""
    assert process.stderr is not None
    seen = []
    for line in process.stderr:
        if words in line:
            return line
        seen.append(line)
    raise AssertionError("".join(seen))


def test_it_serves_pages_and_sends_what_waits_until_it_is_told_to_end(tmp_path: Path) -> None:
    now = SystemClock().now()  # the process has no other; and a confirmation soon expires
    at: Desk = desk(tmp_path, now)
    at.do("subscriber", "add", "ada@example.org")
    with serving(tmp_path) as process:
        url = read_until(process, "pages are at").split()[-1]
        read_until(process, "1 sent")
        with urllib.request.urlopen(f"{url}/healthz", timeout=10) as answer:
            assert answer.status == 200
        process.send_signal(signal.SIGTERM)
        out, _ = process.communicate(timeout=100)
    assert (process.returncode, out) == (0, "")
    (mail,) = (tmp_path / "maildir" / "new").iterdir()
    assert b"To: ada@example.org" in mail.read_bytes()


def test_without_pages_it_listens_nowhere(tmp_path: Path) -> None:
    desk(tmp_path)
    with serving(tmp_path, "--no-web") as process:
        read_until(process, "serving:")
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=100)
    assert process.returncode == 0
    assert "pages are at" not in err


def test_pages_alone_send_nothing_and_another_process_does(tmp_path: Path) -> None:
    now = SystemClock().now()
    at: Desk = desk(tmp_path, now)
    at.do("subscriber", "add", "ada@example.org")
    with serving(tmp_path, command="web") as pages:
        url = read_until(pages, "pages are at").split()[-1]
        with urllib.request.urlopen(f"{url}/readyz", timeout=10) as answer:
            assert answer.status == 200
        with serving(tmp_path, "--no-web") as sender:
            read_until(sender, "1 sent")
            sender.send_signal(signal.SIGTERM)
            sender.communicate(timeout=100)
        with urllib.request.urlopen(f"{url}/metrics", timeout=10) as answer:
            assert b'digest_deliveries{state="sent"} 1.0' in answer.read()
        pages.send_signal(signal.SIGTERM)
        out, err = pages.communicate(timeout=100)
    assert (pages.returncode, out) == (0, "")
    assert "sent" not in err
    assert len(list((tmp_path / "maildir" / "new").iterdir())) == 1


@pytest.mark.parametrize("command", ["serve", "web"])
def test_it_refuses_to_begin_on_another_schema(tmp_path: Path, command: str) -> None:
    with serving(tmp_path, command=command) as process:
        out, err = process.communicate(timeout=100)
    assert (process.returncode, out) == (78, "")
    assert "digest db upgrade" in err
    assert "Traceback" not in err
