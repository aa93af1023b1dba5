"""A real HTTP server in a thread, which answers as it was told to."""

from __future__ import annotations

import http.server
import ssl
import threading
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self
from urllib.parse import parse_qsl, urlsplit


@dataclass(frozen=True)
class Answer:
    """What one route says.

    `etag` is checked against If-None-Match. `cut` sends so many bytes of the content less than
    the Content-Length says. `drip` sends one byte at a time with so many seconds before each,
    `slow` waits so many seconds before the first line. `hang_up` closes without a word.
    """

    content: bytes = b""
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    content_type: str = "application/xml"
    etag: str = ""
    cut: int = 0
    drip: float = 0.0
    slow: float = 0.0
    hang_up: bool = False


@dataclass(frozen=True)
class Asked:
    """One request that came in; `headers` have lower-case names."""

    path: str
    params: Mapping[str, str]
    headers: Mapping[str, str]


class Httpd:
    """Serves on a free loopback port while the block lasts.

    A route gives its answers one after the other and the last one for ever. An unknown path is
    a 404. `asked` lists the requests in order.
    """

    def __init__(self, *, tls: ssl.SSLContext | None = None) -> None:
        self.asked: list[Asked] = []
        self._routes: dict[str, deque[Answer]] = {}
        self._over = threading.Event()
        handler = type("Handler", (_Handler,), {"httpd": self})
        self._server = _Server(("127.0.0.1", 0), handler)
        if tls is not None:
            self._server.socket = tls.wrap_socket(
                self._server.socket, server_side=True, do_handshake_on_connect=False
            )
        self._thread = threading.Thread(
            target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True
        )

    @property
    def host(self) -> str:
        """Return "host:port", as `allow_hosts` wants it."""
        return f"127.0.0.1:{self._server.server_port}"

    def url(self, path: str = "") -> str:
        """Return the address of a path."""
        return f"http://{self.host}{path}"

    def route(self, path: str, *answers: Answer) -> str:
        """Say what `path` answers, and return its address."""
        self._routes[path] = deque(answers)
        return self.url(path)

    def answer(self, path: str) -> Answer:
        """Return the next answer of a path."""
        answers = self._routes.get(path)
        if answers is None:
            return Answer(b"no such page", status=404, content_type="text/plain")
        return answers.popleft() if len(answers) > 1 else answers[0]

    def wait(self, seconds: float) -> None:
        """Wait, but not past the end of the block."""
        self._over.wait(seconds)

    def __enter__(self) -> Self:
        """Serve."""
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Stop."""
        self._over.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(timeout=10)


class _Server(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing: a client may go away or refuse a certificate."""


class _Handler(http.server.BaseHTTPRequestHandler):
    httpd: Httpd
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        parts = urlsplit(self.path)
        self.httpd.asked.append(
            Asked(
                path=parts.path,
                params=dict(parse_qsl(parts.query)),
                headers={name.lower(): value for name, value in self.headers.items()},
            )
        )
        answer = self.httpd.answer(parts.path)
        self.close_connection = True
        if answer.hang_up:
            return
        if answer.slow:
            self.httpd.wait(answer.slow)
        try:
            self._say(answer)
        except OSError:
            return  # the client has had enough, which is what some tests are about

    def _say(self, answer: Answer) -> None:
        matched = bool(answer.etag) and self.headers.get("If-None-Match") == answer.etag
        content = b"" if matched else answer.content
        self.send_response(304 if matched else answer.status)
        for name, value in answer.headers.items():
            self.send_header(name, value)
        if answer.etag:
            self.send_header("ETag", answer.etag)
        self.send_header("Content-Type", answer.content_type)
        self.send_header("Content-Length", str(len(content)))
        self.send_header("Connection", "close")
        self.end_headers()
        content = content[: len(content) - answer.cut]
        if not answer.drip:
            self.wfile.write(content)
            return
        for byte in content:
            self.httpd.wait(answer.drip)
            self.wfile.write(bytes([byte]))

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""
