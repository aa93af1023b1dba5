"""The service as systemd sees it: ready, fed, stopped; and what is due leaves by itself."""

from __future__ import annotations

import os
import signal
import socket
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import pytest

from digest import scheduler
from digest.app import App, load
from digest.clock import SystemClock
from digest.model import DeliveryState, Interest, InterestKind, SubscriberStatus
from digest.notify import Notifier
from digest.rank.expecting import fitting
from digest.scheduler import StepBack, on_signals
from digest.store import Store
from digest.testing import FakeClock, Inbox
from tests.integration.conftest import hash_email
from tests.support.database import new_database
from tests.support.listings import write_past
from tests.support.samples import paper

CONFIG = """
[site]
from_address = "papers@example.org"
[database]
url = "sqlite:///digest.db"
[smtp]
host = "127.0.0.1"
port = {port}
security = "none"
[ranking]
min_score = 0.0
[schedule]
default_hour = 0
expire_after_hours = 24
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "config.toml").write_text(CONFIG.format(port=1))
    new_database(tmp_path)
    return tmp_path


ALONE = ("serve", "--no-web")


class Manager:
    """Stands in for systemd: hears what the service says."""

    def __init__(self, address: Path) -> None:
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind(str(address))

    def hear(self, seconds: float = 100) -> str:
        self._socket.settimeout(seconds)
        return self._socket.recv(1000).decode()

    def hear_until(self, text: str) -> None:
        while self.hear() != text:
            pass

    def close(self) -> None:
        self._socket.close()


@contextmanager
def serving(
    folder: Path, *options: str, watchdog: float = 0
) -> Iterator[tuple[subprocess.Popen[str], Manager]]:
    manager = Manager(folder / "notify")
    environ = {**os.environ, "NOTIFY_SOCKET": str(folder / "notify")}
    if watchdog:
        environ["WATCHDOG_USEC"] = str(int(watchdog * 1e6))
    command = [sys.executable, "-m", "digest", "--config", str(folder / "config.toml")]
    service = subprocess.Popen(
        [*command, *options], env=environ, stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    try:
        yield service, manager
    finally:
        service.kill()
        service.communicate()
        manager.close()


@pytest.mark.parametrize("command", [ALONE, ("web",)], ids=" ".join)
def test_it_says_when_it_is_ready_and_when_it_stops(folder: Path, command: tuple[str, ...]) -> None:
    with serving(folder, *command) as (service, manager):
        manager.hear_until("READY=1")
        service.send_signal(signal.SIGTERM)
        manager.hear_until("STOPPING=1")
        assert service.wait(timeout=100) == 0


def test_a_signal_that_another_thread_takes_is_heard_all_the_same() -> None:
    before = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}
    wait = on_signals()
    # Later, so that the main thread waits already; were it earlier, it had to be heard as well.
    other = threading.Timer(0.2, lambda: signal.pthread_kill(threading.get_ident(), signal.SIGTERM))
    other.start()
    try:
        wait()
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    other.join()


@pytest.mark.parametrize("command", [ALONE, ("web",)], ids=" ".join)
def test_the_watchdog_is_fed_only_while_the_database_answers(
    folder: Path, command: tuple[str, ...]
) -> None:
    with serving(folder, *command, watchdog=1) as (_, manager):
        manager.hear_until("READY=1")
        for _ in range(3):
            manager.hear_until("WATCHDOG=1")
        with sqlite3.connect(folder / "digest.db") as connection:
            connection.execute("DROP TABLE alembic_version")
        connection.close()
        with pytest.raises(TimeoutError):
            for _ in range(10):
                manager.hear(3)


@pytest.mark.parametrize("role", [scheduler.serve, scheduler.stand_by])
def test_the_watchdog_is_not_fed_once_the_pages_are_gone(
    folder: Path, role: Callable[..., None]
) -> None:
    app = App.build(load(folder / "config.toml"))
    manager = Manager(folder / "notify")
    environ = {"NOTIFY_SOCKET": str(folder / "notify"), "WATCHDOG_USEC": "200000"}
    served = True

    def until() -> None:
        nonlocal served
        for _ in range(2):
            manager.hear_until("WATCHDOG=1")
        served = False
        with pytest.raises(TimeoutError):
            for _ in range(20):
                manager.hear(1)

    role(app, notifier=Notifier(environ), until=until, pages=lambda: served)
    app.store.close()
    manager.close()


@pytest.mark.parametrize("role", [scheduler.serve, scheduler.stand_by])
def test_a_clock_that_is_set_back_stops_nothing(folder: Path, role: Callable[..., None]) -> None:
    app = App.build(load(folder / "config.toml"))
    manager = Manager(folder / "notify")
    environ = {"NOTIFY_SOCKET": str(folder / "notify"), "WATCHDOG_USEC": "36000000000"}
    clock = FakeClock(SystemClock().now())

    def until() -> None:
        manager.hear_until("WATCHDOG=1")  # the next one is due in five hours
        clock.advance(-7200)
        manager.hear_until("WATCHDOG=1")

    setting = StepBack(clock, steady=FakeClock)
    role(app, notifier=Notifier(environ), until=until, stepped_back=setting.has_happened)
    app.store.close()
    manager.close()


def test_a_step_back_is_noticed_once_and_nothing_else_is() -> None:
    clock = FakeClock(SystemClock().now())
    setting = StepBack(clock, steady=FakeClock)
    found = []
    for seconds in (0, 15, -0.5, -60, 0, 3600):
        clock.advance(seconds)
        found.append(setting.has_happened())
    assert found == [False, False, False, True, False, False]


def test_the_past_is_learned_by_itself(folder: Path) -> None:
    store = Store(f"sqlite:///{folder / 'digest.db'}", hash_email=hash_email)
    write_past(store, 320, until=SystemClock().now() - timedelta(days=3))
    with serving(folder, *ALONE) as (service, _):
        assert service.stderr is not None
        assert any("learned from 320 papers" in line for line in service.stderr)
        service.send_signal(signal.SIGTERM)
        assert service.wait(timeout=100) == 0
    with store.read() as tx:
        assert fitting(tx, SystemClock().now()) is not None
    store.close()


def test_what_is_due_leaves_by_itself_once(folder: Path) -> None:
    with Inbox() as inbox:
        (folder / "config.toml").write_text(CONFIG.format(port=inbox.port))
        store = Store(f"sqlite:///{folder / 'digest.db'}", hash_email=hash_email)
        now = SystemClock().now()
        with store.write() as tx:
            tx.papers.add([paper(categories=("cs.RO",))], source="arxiv", listed_at=now)
            tx.subscribers.add(
                email="robotics@example.org",
                status=SubscriberStatus.CONFIRMED,
                now=now,
                interests=[Interest(InterestKind.CATEGORY, "cs.RO")],
            )
        with serving(folder, *ALONE) as (service, manager):
            manager.hear_until("READY=1")
            inbox.wait(1, seconds=60)
            service.send_signal(signal.SIGTERM)
            assert service.wait(timeout=100) == 0
        with store.read() as tx:
            (delivery,) = tx.deliveries.list()
        assert delivery.state is DeliveryState.SENT
        assert len(inbox.messages) == 1
        store.close()
