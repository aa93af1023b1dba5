"""Whether a worker still lives, as far as this process can see."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from pathlib import Path

from digest.workers import is_gone, this_worker

HOST = socket.gethostname()


def test_this_process_lives_and_one_that_has_ended_does_not() -> None:
    assert is_gone(this_worker()) is False
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    assert is_gone(f"{HOST}/{ended.pid}/1") is True


def test_another_process_under_an_old_number_is_not_that_worker() -> None:
    assert is_gone(f"{HOST}/{os.getpid()}/1") is True


def test_nothing_is_known_of_another_host() -> None:
    assert is_gone(f"elsewhere-{HOST}/1/1") is None


def test_nothing_is_known_of_a_process_that_is_hidden_from_us(tmp_path: Path) -> None:
    """ProtectProc=invisible shows a service no process of another user."""
    (tmp_path / "self").mkdir()
    (tmp_path / "self" / "stat").touch()
    assert is_gone(f"{HOST}/{os.getpid()}/1", proc=tmp_path) is None
