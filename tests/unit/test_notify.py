"""What the service manager hears."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable
from pathlib import Path

import pytest

from digest.notify import Notifier


def said(address: str, tell: Callable[[Notifier], None], environ: str) -> str:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(address)
        manager.settimeout(5)
        tell(Notifier({"NOTIFY_SOCKET": environ}))
        return manager.recv(1000).decode()


@pytest.mark.parametrize(
    ("tell", "text"),
    [
        (Notifier.ready, "READY=1"),
        (Notifier.alive, "WATCHDOG=1"),
        (Notifier.stopping, "STOPPING=1"),
        (lambda notifier: notifier.status("two\nlines"), "STATUS=two lines"),
    ],
)
def test_each_word_is_one_datagram(
    tmp_path: Path, tell: Callable[[Notifier], None], text: str
) -> None:
    address = str(tmp_path / "notify")
    assert said(address, tell, address) == text
    abstract = f"digest-test-{os.getpid()}-{text[:6]}"
    assert said(f"\0{abstract}", tell, f"@{abstract}") == text


def test_without_a_service_manager_nothing_is_said() -> None:
    Notifier({}).ready()


def test_a_service_manager_that_is_not_there_ends_nothing(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    Notifier({"NOTIFY_SOCKET": str(tmp_path / "nobody")}).ready()
    assert "does not hear us" in caplog.text


@pytest.mark.parametrize(
    ("environ", "seconds"),
    [
        ({}, None),
        ({"WATCHDOG_USEC": "30000000"}, 30.0),
        ({"WATCHDOG_USEC": "30000000", "WATCHDOG_PID": str(os.getpid())}, 30.0),
        ({"WATCHDOG_USEC": "30000000", "WATCHDOG_PID": "1"}, None),
        ({"WATCHDOG_USEC": "soon"}, None),
    ],
)
def test_the_watchdog_is_fed_only_where_it_watches_us(
    environ: dict[str, str], seconds: float | None
) -> None:
    assert Notifier(environ).watchdog_seconds == seconds
