"""Words to the service manager (sd_notify(3)), without its library; silent where none listens."""

from __future__ import annotations

import logging
import os
import socket
from collections.abc import Mapping

log = logging.getLogger(__name__)


class Notifier:
    """Tells the service manager how this process is."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        address = environ.get("NOTIFY_SOCKET", "")
        # A leading @ stands for the abstract namespace (sd_notify(3)).
        self._address = f"\0{address[1:]}" if address.startswith("@") else address
        self._watchdog_seconds = _watchdog_seconds(environ)

    @property
    def watchdog_seconds(self) -> float | None:
        """Return after how many seconds of silence we are killed, `None` for never."""
        return self._watchdog_seconds

    def ready(self) -> None:
        """Say that the service is up."""
        self._say("READY=1")

    def status(self, text: str) -> None:
        """Say in one line what the service does."""
        self._say(f"STATUS={' '.join(text.split())}")

    def alive(self) -> None:
        """Feed the watchdog."""
        self._say("WATCHDOG=1")

    def stopping(self) -> None:
        """Say that the service goes down."""
        self._say("STOPPING=1")

    def _say(self, text: str) -> None:
        if not self._address:
            return
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as manager:
                manager.connect(self._address)
                manager.sendall(text.encode())
        except OSError as error:
            # Whom nobody hears may work all the same.
            log.warning("the service manager does not hear us (NOTIFY_SOCKET): %s", error)


def _watchdog_seconds(environ: Mapping[str, str]) -> float | None:
    """Return the watchdog's patience where it is meant for us (sd_watchdog_enabled(3))."""
    microseconds = environ.get("WATCHDOG_USEC", "")
    ours = environ.get("WATCHDOG_PID", str(os.getpid())) == str(os.getpid())
    return int(microseconds) / 1_000_000 if ours and microseconds.isdigit() else None
