"""Connections to checked addresses only, each step of which fits in the request's time."""

from __future__ import annotations

import ssl
import threading
from datetime import datetime, timedelta
from typing import Any

import httpcore

from digest.ports import Clock
from digest.sources.guard import Guard


class Budget(threading.local):
    """The time that is left for the request of this thread, in seconds."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._until: datetime | None = None

    def start(self, seconds: float) -> None:
        """Begin a request that may take `seconds`; 0 means any time."""
        self._until = self._clock.now() + timedelta(seconds=seconds) if seconds else None

    def left(self, timeout: float | None) -> float | None:
        """Return `timeout`, cut to what is left; raise `ReadTimeout` when nothing is."""
        if self._until is None:
            return timeout
        left = (self._until - self._clock.now()).total_seconds()
        if left <= 0:
            raise httpcore.ReadTimeout("the time of the request is over")
        return left if timeout is None else min(left, timeout)


class Backend(httpcore.SyncBackend):
    """Connects only to addresses that the guard has passed."""

    def __init__(self, guard: Guard, budget: Budget) -> None:
        self._guard = guard
        self._budget = budget

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Any = None,
    ) -> httpcore.NetworkStream:
        """Connect to the first address of `host` that answers."""
        try:
            addresses = self._guard.addresses(host, port)
        except OSError as error:
            raise httpcore.ConnectError(f"its name does not resolve: {error.strerror}") from error
        failure: Exception = httpcore.ConnectError("it has no address")
        for address in addresses:
            try:
                left = self._budget.left(timeout)
                stream = super().connect_tcp(address, port, left, local_address, socket_options)
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                failure = error
            else:
                return Stream(stream, self._budget)
        raise failure


class Stream(httpcore.NetworkStream):
    """A connection whose every step must fit in what is left of the request's time.

    httpx limits each read alone: a server that sends a byte now and then would hold us for ever.
    """

    def __init__(self, stream: httpcore.NetworkStream, budget: Budget) -> None:
        self._stream = stream
        self._budget = budget

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        """Read what is there."""
        return self._stream.read(max_bytes, self._budget.left(timeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        """Write all of it."""
        self._stream.write(buffer, self._budget.left(timeout))

    def close(self) -> None:
        """Close the connection."""
        self._stream.close()

    def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,
    ) -> httpcore.NetworkStream:
        """Go on in TLS."""
        left = self._budget.left(timeout)
        return Stream(self._stream.start_tls(ssl_context, server_hostname, left), self._budget)

    def get_extra_info(self, info: str) -> Any:
        """Return what the connection knows of itself."""
        return self._stream.get_extra_info(info)
