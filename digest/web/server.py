"""The pages on a port."""

from __future__ import annotations

import asyncio
import logging
import math
import socket
from collections import Counter
from collections.abc import Callable
from threading import Thread

import uvicorn
from anyio import CapacityLimiter
from anyio.to_thread import current_default_thread_limiter
from starlette.types import Receive, Scope, Send
from uvicorn.protocols.http.h11_impl import H11Protocol, RequestResponseCycle

from digest.app import App
from digest.errors import ConfigError
from digest.web.app import create

log = logging.getLogger(__name__)

# More requests than this at once are answered 503. A connection without one makes room for others.
MOST_REQUESTS = 200
BETWEEN_WARNINGS = 60.0  # seconds
PATIENCE = 5  # seconds that requests get to end when the server stops


class PatientProtocol(H11Protocol):
    """HTTP/1.1 that hangs up where a request does not arrive, or its answer is not read, in time.

    uvicorn only limits the time between two requests: a visitor who sends a byte now and then, or
    reads none, would keep one of the places for ever. Nor does it tell connections on which
    nothing is asked from requests: two hundred of them would shut everybody out. The oldest of
    those is closed.
    """

    time_for_head = 15.0  # seconds
    time_to_read = 20.0  # seconds, for the next of an answer
    least_read = 16 * 1024  # bytes
    _deadline: asyncio.TimerHandle | None = None
    _reading: asyncio.TimerHandle | None = None
    _since = 0.0

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Wait for the first head; where all places are taken, hang up on whoever asks nothing."""
        super().connection_made(transport)
        # To be told of whatever waits to be read, and not of 64 KiB and more only.
        transport.set_write_buffer_limits(0)
        self._since = self.loop.time()
        self._watch()
        if len(self.connections) >= MOST_REQUESTS:
            self._make_room()

    def data_received(self, data: bytes) -> None:
        """Take what came; wait for the rest of a head, or no more."""
        super().data_received(data)
        self._watch()

    def on_response_complete(self) -> None:
        """Take them for the youngest who have just been answered."""
        super().on_response_complete()
        self._since = self.loop.time()

    def connection_lost(self, exc: Exception | None) -> None:
        """Wait no more."""
        for timer in (self._deadline, self._reading):
            if timer is not None:
                timer.cancel()
        super().connection_lost(exc)

    def pause_writing(self) -> None:
        """Wait for the reader, or no more."""
        super().pause_writing()
        self._wait_for_reader()

    def resume_writing(self) -> None:
        """Write on, for all that there was is read."""
        super().resume_writing()
        if self._reading is not None:
            self._reading.cancel()

    def _wait_for_reader(self) -> None:
        unread = self.transport.get_write_buffer_size()
        self._reading = self.loop.call_later(self.time_to_read, self._look_at_reader, unread)

    def _look_at_reader(self, unread: int) -> None:
        if unread - self.transport.get_write_buffer_size() < self.least_read:
            self.transport.abort()  # a mere end would wait until the rest is read
        else:
            self._wait_for_reader()

    def _watch(self) -> None:
        if self._is_answering():
            if self._deadline is not None:
                self._deadline.cancel()
                self._deadline = None
        elif self._deadline is None:
            self._deadline = self.loop.call_later(self.time_for_head, self._hang_up)

    def _make_room(self) -> None:
        # Many come at once: those that were hung up on are gone a moment later.
        held = [
            one
            for one in self.connections
            if isinstance(one, PatientProtocol) and not one.transport.is_closing()
        ]
        idle = [one for one in held if one is not self and not one._is_answering()]
        if idle and len(held) >= MOST_REQUESTS:
            # Whoever does not read their last answer would not go by being asked to.
            min(idle, key=lambda one: one._since).transport.abort()

    def _is_answering(self) -> bool:
        cycle: RequestResponseCycle | None = self.cycle
        return cycle is not None and not cycle.response_complete

    def _hang_up(self) -> None:
        self._deadline = None
        if not self._is_answering():
            self.transport.close()


class Sparing(logging.Filter):
    """Lets each warning about single requests through once a minute, with how many there were.

    Whoever sends many that are refused would write the log full.
    """

    def __init__(self) -> None:
        super().__init__()
        self._said: dict[str, float] = {}
        self._held: Counter[str] = Counter()

    def filter(self, record: logging.LogRecord) -> bool:
        """Say whether a line is to be written, with the number of those that it stands for."""
        if record.levelno != logging.WARNING:
            return True
        self._held[record.msg] += 1
        if record.created - self._said.get(record.msg, -math.inf) < BETWEEN_WARNINGS:
            return False
        self._said[record.msg] = record.created
        number = self._held.pop(record.msg)
        record.msg = f"{record.msg} ({number} since the last such line)"
        return True


_SPARING = Sparing()


def listen(
    host: str, port: int, *, has_dual: Callable[[], bool] = socket.has_dualstack_ipv6
) -> socket.socket:
    """Return a socket that listens; raise `ConfigError` where that cannot be.

    `::` is every address of the machine, those of IPv4 too, where the system `has_dual` sockets.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    is_everywhere = family is socket.AF_INET6 and not host.strip(":0")
    if is_everywhere and not has_dual():
        log.warning(
            "[web] host %s: IPv6 alone is served, for this system has no sockets for both; "
            "set 0.0.0.0 for IPv4",
            host,
        )
    try:
        return socket.create_server(
            (host, port),
            family=family,
            backlog=256,
            dualstack_ipv6=is_everywhere and has_dual(),
        )
    except (OSError, OverflowError) as error:
        reason = error.strerror if isinstance(error, OSError) else str(error)
        raise ConfigError(
            f"[web] cannot listen on {host} port {port} ({reason}): "
            "set another host or port, or stop what uses it"
        ) from error


class WebServer:
    """The web server in a thread of its own.

    The port is bound when it is made: raise `ConfigError` where that cannot be. `port` is the
    one that was given by the system when 0 was asked for.
    """

    def __init__(self, app: App, host: str | None = None, port: int | None = None) -> None:
        host = app.settings.web.host if host is None else host
        port = app.settings.web.port if port is None else port
        self._site = create(app)
        self._threads: CapacityLimiter | None = None
        self._socket = listen(host, port)
        # Connections inherit it. Without, the end of an answer waits for the reader's ACK of its
        # beginning, some 40 ms (RFC 896 meets RFC 1122 section 4.2.3.2).
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.host = host
        self.port: int = self._socket.getsockname()[1]
        # Paths hold tokens: they belong in no log, whatever handlers there are.
        logging.getLogger("uvicorn.access").disabled = True
        logging.getLogger("uvicorn.error").addFilter(_SPARING)
        # It quotes forms that cannot be read; who sent them is told.
        logging.getLogger("python_multipart.multipart").disabled = True
        self._server = uvicorn.Server(
            uvicorn.Config(
                self._answer,
                log_config=None,
                access_log=False,
                # We look at X-Forwarded-For ourselves, from trusted proxies only.
                proxy_headers=False,
                server_header=False,
                lifespan="off",
                ws="none",
                loop="asyncio",
                interface="asgi3",
                http=PatientProtocol,
                limit_concurrency=MOST_REQUESTS,
                timeout_graceful_shutdown=PATIENCE,
            )
        )
        self._thread = Thread(target=self._run, name="web", daemon=True)

    @property
    def url(self) -> str:
        """Return where the pages are."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"http://{host}:{self.port}"

    def is_running(self) -> bool:
        """Say whether pages are served."""
        return self._thread.is_alive()

    def is_asked(self) -> bool:
        """Say whether an answer is being made: not where its request is still on the way."""
        return self._threads is not None and self._threads.borrowed_tokens > 0

    def start(self) -> None:
        """Serve from now on; returns at once when requests are answered."""
        self._thread.start()
        while not self._server.started and self._thread.is_alive():
            self._thread.join(0.01)

    def stop(self) -> None:
        """End the requests that are being answered, then the server."""
        self._server.should_exit = True
        if self._thread.ident is not None:
            self._thread.join(PATIENCE * 2)
        self._socket.close()

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        # Who works in them is known by the loop alone.
        self._threads = current_default_thread_limiter()
        await self._site(scope, receive, send)

    def _run(self) -> None:
        self._server.run(sockets=[self._socket])
