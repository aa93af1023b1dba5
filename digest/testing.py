"""Public fakes: one of each port, and an inbox that is a real SMTP server."""

from __future__ import annotations

import asyncio
import re
import socket
import ssl
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from types import TracebackType
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from digest.errors import (
    ConfigError,
    OutcomeUnknown,
    TransportError,
    TransportRefused,
    TransportUnavailable,
)
from digest.model import Candidate, Fetched, Message, Paper, Profile, Receipt

# --- clock --------------------------------------------------------------------------------


class FakeClock:
    """A clock that stands still until somebody sleeps or calls `advance`; thread-safe."""

    def __init__(self, start: datetime) -> None:
        if start.tzinfo is None:
            raise ValueError("start must be an aware datetime")
        self._now = start.astimezone(UTC)
        self._lock = threading.Lock()

    def now(self) -> datetime:
        """Return the time it shows, aware, in UTC."""
        with self._lock:
            return self._now

    def sleep(self, seconds: float) -> None:
        """Return at once, `seconds` later."""
        self.advance(seconds)

    def advance(self, seconds: float) -> None:
        """Move the time on; a negative figure sets the clock back."""
        with self._lock:
            self._now += timedelta(seconds=seconds)


# --- source -------------------------------------------------------------------------------


class FakeSource:
    """A source that gives its answers one after the other, and the last one for ever.

    An answer is a `Fetched` or an exception to raise; `calls` lists the arguments of each fetch.
    """

    def __init__(self, *answers: Fetched | Exception) -> None:
        self._answers = answers or (Fetched(),)
        self.calls: list[tuple[datetime | None, str | None]] = []

    def fetch(self, since: datetime | None, cursor: str | None) -> Fetched:
        """Give the next answer."""
        answer = self._answers[min(len(self.calls), len(self._answers) - 1)]
        self.calls.append((since, cursor))
        if isinstance(answer, Exception):
            raise answer
        return answer


# --- ranker -------------------------------------------------------------------------------


class ListRanker:
    """A ranker that orders by a list of paper keys; what is not on the list comes last, as given.

    Scores fall evenly from 1 towards 0.
    """

    def __init__(self, keys: Sequence[str] = (), *, reason: str = "it is on the list") -> None:
        self._places = {key: place for place, key in enumerate(keys)}
        self._reason = reason

    def fit(
        self, candidates: Sequence[Candidate], background: Sequence[Paper], now: datetime
    ) -> ListRanking:
        """Put `candidates` in the order of the list."""
        last = len(self._places)
        order = sorted(candidates, key=lambda each: self._places.get(each.paper.key, last))
        return ListRanking(order, self._reason)


class ListRanking:
    """One fixed order for everybody."""

    def __init__(self, candidates: Sequence[Candidate], reason: str) -> None:
        self.candidates = candidates
        self.trending = np.zeros(len(candidates), np.float32)
        self._reason = reason

    def score(self, profiles: Sequence[Profile]) -> ListScores:
        """Score every paper by its place, whatever the profile."""
        count = len(self.candidates)
        falling = 1 - np.arange(count, dtype=np.float32) / max(count, 1)
        return ListScores(np.tile(falling, (len(profiles), 1)), self._reason)


class ListScores:
    """The same scores and the same reason for everybody."""

    def __init__(self, scores: npt.NDArray[np.float32], reason: str) -> None:
        self.score = scores
        self.relevance = scores
        self._reason = reason

    def reason(self, row: int, column: int) -> str:
        """Return the one reason."""
        return self._reason


# --- embedder -----------------------------------------------------------------------------


class FakeEmbedder:
    """An embedder that knows what a few words mean; `asked` has every text that it was given.

    A text means what its words do, together; one without any of them has a meaning of its own.
    """

    def __init__(
        self, meanings: Mapping[str, Sequence[float]], *, name: str = "fake-embedder"
    ) -> None:
        self.name = name
        self.asked: list[str] = []
        self._meanings = {word: np.asarray(one, np.float32) for word, one in meanings.items()}
        self._size = max(map(len, self._meanings.values()), default=0)

    def embed(self, texts: Sequence[str]) -> npt.NDArray[np.float32]:
        """Return a row of unit length for each text."""
        self.asked += texts
        rows = np.zeros((len(texts), self._size + 1), np.float32)
        for row, text in zip(rows, texts, strict=True):
            for word in re.findall(r"\w+", text.lower()):
                row[: self._size] += self._meanings.get(word, np.float32(0))
            row[self._size] = not row.any()
        unit: npt.NDArray[np.float32] = rows / np.linalg.norm(rows, axis=1, keepdims=True)
        return unit


# --- transport ----------------------------------------------------------------------------


class FakeTransport:
    """A transport that keeps what it is given in `messages`; thread-safe.

    `opened` counts the connections. Failures are scripted beforehand with `fail` and
    `fail_to_open`. A session that has ended refuses further use, as a real one would.
    """

    def __init__(self) -> None:
        self.messages: list[Message] = []
        self.opened = 0
        self._failures: dict[str, list[TransportError]] = {}
        self._taken: set[int] = set()
        self._openings: list[TransportError] = []
        self._lock = threading.Lock()

    def fail(self, recipient: str, *errors: TransportError, taken: bool = False) -> None:
        """Raise `errors` at the next sends to `recipient`, one each; then take its mail.

        `taken` keeps the message all the same: the relay had it, but its answer was lost.
        """
        with self._lock:
            self._failures.setdefault(recipient, []).extend(errors)
            if taken:
                self._taken.update(map(id, errors))

    def fail_to_open(self, *errors: TransportError) -> None:
        """Raise `errors` at the next openings, one each; then open."""
        with self._lock:
            self._openings.extend(errors)

    @contextmanager
    def open(self) -> Iterator[FakeSession]:
        """Give a session."""
        with self._lock:
            if self._openings:
                raise self._openings.pop(0)
            self.opened += 1
        session = FakeSession(self._take)
        try:
            yield session
        finally:
            session.ended = True

    def _take(self, message: Message) -> Receipt:
        with self._lock:
            failures = self._failures.get(message.recipient)
            error = failures.pop(0) if failures else None
            if error is None or id(error) in self._taken:
                self.messages.append(message)
            if error is not None:
                raise error
            return Receipt(reply=f"250 2.0.0 taken as {len(self.messages)}")


class FakeSession:
    """One connection of a `FakeTransport`."""

    def __init__(self, take: Callable[[Message], Receipt]) -> None:
        self._take = take
        self.ended = False

    def send(self, message: Message) -> Receipt:
        """Hand over one message, or raise what was scripted for its recipient."""
        if self.ended:
            raise RuntimeError("this session has ended: open another one")
        try:
            return self._take(message)
        except (TransportUnavailable, TransportRefused, OutcomeUnknown):
            self.ended = True
            raise


# --- inbox --------------------------------------------------------------------------------

_BARE = re.compile(rb"\r(?!\n)|(?<!\r)\n")
_LONGEST_LINE = 998  # octets without CRLF, RFC 5322 section 2.1.1


class Inbox:
    """A real SMTP server on a free loopback port, in a thread, for as long as the block lasts.

        with Inbox() as inbox:
            ...send to inbox.host, inbox.port...
            assert inbox.messages

    It is stricter than most: a bare CR or LF, a line over 998 octets and 8-bit content without
    BODY=8BITMIME are refused. `starttls` offers STARTTLS with that server context and `tls`
    speaks TLS from the first byte; `login` is a user name and password that AUTH must give.
    Raises `ConfigError` when aiosmtpd is not installed (the `[demo]` extra).
    """

    def __init__(
        self,
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        starttls: ssl.SSLContext | None = None,
        tls: ssl.SSLContext | None = None,
        login: tuple[str, str] | None = None,
        max_bytes: int = 10_000_000,
    ) -> None:
        try:
            from aiosmtpd import smtp
        except ImportError as error:
            raise ConfigError(
                "The embedded inbox needs aiosmtpd: "
                'install it with pip install "trending-papers-digest[demo]".'
            ) from error
        self._smtp = smtp
        self._login = login
        self._tls = tls
        self._options: dict[str, Any] = {
            "hostname": "inbox.localhost",
            "ident": "ESMTP",
            "data_size_limit": max_bytes,
            "tls_context": starttls,
            "authenticator": self._authenticate if login else None,
            "auth_require_tls": login is None or starttls is not None,
        }
        self._asked = (host, port)
        self._messages: list[Message] = []
        self._arrived = threading.Condition()
        self._protocols: list[Any] = []
        self.host = host
        self.port = port

    @property
    def messages(self) -> list[Message]:
        """Return what has arrived so far, in order; one for each recipient."""
        return list(self._messages)

    def to(self, recipient: str) -> list[Message]:
        """Return what has arrived for one address."""
        return [message for message in self._messages if message.recipient == recipient]

    def wait(self, count: int, *, seconds: float) -> list[Message]:
        """Return the messages once there are `count`; raise `TimeoutError` if that takes longer."""
        with self._arrived:
            if not self._arrived.wait_for(lambda: len(self._messages) >= count, seconds):
                raise TimeoutError(f"{len(self._messages)} of {count} messages have arrived")
            return list(self._messages)

    def __enter__(self) -> Self:
        """Listen; connections are accepted from here on."""
        listener = socket.create_server(self._asked)
        self.host, self.port = listener.getsockname()[:2]
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(
            target=self._run, args=(listener,), name="inbox", daemon=True
        )
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Stop listening and drop open connections."""
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(timeout=10)

    # What follows runs in the thread of the loop.

    def _run(self, listener: socket.socket) -> None:
        server = self._loop.run_until_complete(
            self._loop.create_server(self._protocol, sock=listener, ssl=self._tls)
        )
        self._loop.run_forever()
        server.close()
        self._loop.run_until_complete(self._end())
        self._loop.close()

    def _protocol(self) -> asyncio.BaseProtocol:
        protocol: asyncio.BaseProtocol = self._smtp.SMTP(self, loop=self._loop, **self._options)
        self._protocols.append(protocol)
        return protocol

    async def _end(self) -> None:
        for protocol in self._protocols:
            if protocol.transport is not None:
                protocol.transport.abort()
        others: Iterable[asyncio.Task[Any]] = asyncio.all_tasks() - {asyncio.current_task()}
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)

    def _authenticate(
        self, server: object, session: object, envelope: object, mechanism: str, data: Any
    ) -> Any:
        given = (data.login.decode(), data.password.decode())
        # Not "handled": the server itself is to answer 235 or 535.
        return self._smtp.AuthResult(success=given == self._login, handled=False)

    async def handle_MAIL(  # noqa: N802 - aiosmtpd looks it up by this name
        self, server: object, session: Any, envelope: Any, address: str, options: list[str]
    ) -> str:
        """Take a sender, once the login is right."""
        if self._login and not session.authenticated:
            return "530 5.7.0 Authentication required"
        envelope.mail_from = address
        envelope.mail_options.extend(options)
        return "250 2.1.0 OK"

    async def handle_DATA(self, server: object, session: object, envelope: Any) -> str:  # noqa: N802 - aiosmtpd looks it up by this name
        """Judge and keep one message."""
        content = bytes(envelope.content)
        if _BARE.search(content):
            return "550 5.6.11 Bare CR or LF in the message"
        if any(len(line) > _LONGEST_LINE for line in content.split(b"\r\n")):
            return "500 5.6.0 Line over 998 octets"
        if not content.isascii() and "BODY=8BITMIME" not in envelope.mail_options:
            return "554 5.6.1 8-bit content without BODY=8BITMIME"
        with self._arrived:
            self._messages += [
                Message(sender=envelope.mail_from, recipient=recipient, content=content)
                for recipient in envelope.rcpt_tos
            ]
            self._arrived.notify_all()
        return f"250 2.0.0 taken as {len(self._messages)}"
