"""Whether a worker still lives, as far as this process can see."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from digest.workers import is_gone, this_worker
from tests.conftest import REPOSITORY

HOST = socket.gethostname()
HERE = this_worker().rpartition(f"/{os.getpid()}/")[0]


def test_this_process_lives_and_one_that_has_ended_does_not() -> None:
    assert is_gone(this_worker()) is False
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    assert is_gone(f"{HERE}/{ended.pid}/1") is True


def test_another_process_under_an_old_number_is_not_that_worker() -> None:
    assert is_gone(f"{HERE}/{os.getpid()}/1") is True


def test_nothing_is_known_of_another_host() -> None:
    assert is_gone(f"elsewhere-{HOST}/1/1") is None


def test_nothing_is_known_of_a_container_or_a_copy_of_this_machine_with_our_name() -> None:
    host, world, pid, began = this_worker().split("/")
    assert is_gone(f"{host}/{'0' * len(world)}/{pid}/{began}") is None


@pytest.mark.skipif(os.geteuid() != 0, reason="a namespace of process ids needs root")
def test_another_world_of_process_ids_is_told_from_ours() -> None:
    program = "from digest.workers import this_worker; print(this_worker())"
    inside = subprocess.run(
        ["unshare", "--pid", "--fork", "--mount-proc", sys.executable, "-c", program],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PYTHONPATH": str(REPOSITORY)},
    )
    if inside.returncode:
        pytest.skip(f"no namespace of process ids here: {inside.stderr.strip()}")
    assert inside.stdout.startswith(f"{HOST}/")
    assert is_gone(inside.stdout.strip()) is None


def test_nothing_is_known_of_a_process_that_is_hidden_from_us(tmp_path: Path) -> None:
    """ProtectProc=invisible shows a service no process of another user."""
    (tmp_path / "self").mkdir()
    (tmp_path / "self" / "stat").touch()
    assert is_gone(f"{HERE}/{os.getpid()}/1", proc=tmp_path) is None
