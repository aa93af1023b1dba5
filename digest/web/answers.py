"""What is the same for everybody is made once, and not sent to those who have it."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import datetime, timedelta

from anyio import CapacityLimiter, to_thread
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from digest.errors import StoreError
from digest.ports import Clock
from digest.store import Store
from digest.web import zones

KEEP = timedelta(minutes=1)
ROOM = 32 * 2**20  # bytes of answers and what was asked for; a list has some 60,000
_FIXED = 2048  # bytes of what stands around an answer

# So many are made at a time: one thread runs Python, and only few can wait for the database.
MOST_AT_WORK = 6

# Whoever watches over the process waits for nobody.
PROBES = ("/healthz", "/readyz")

# What says that an answer is the same for everybody who asks in the same way.
PUBLIC = "no-cache"

_Asked = tuple[str, ...]

# What tells of a content that a 304 does not have (RFC 9110 section 15.4.5).
_OF_CONTENT = (b"content-type", b"content-length")


@dataclass(frozen=True, slots=True)
class _Answer:
    """What was answered, and as of how many changes and when that began to be made."""

    start: Message
    content: bytes
    changes: int
    at: datetime


class Answers:
    """ASGI middleware: keeps public answers, and knows their tags.

    They hold while nothing comes in, and for a minute at most. Then one who asks has a new one
    made, and the others get the old one, if it is not two minutes old, or wait for the new one.
    Whoever names the tag of an answer, kept or not, is told that it is still the same (RFC 9110
    section 13.1.2).
    """

    def __init__(self, app: ASGIApp, *, store: Store, clock: Clock) -> None:
        self._app = app
        self._store = store
        self._clock = clock
        # By what was asked, that of last time last.
        self._answers: OrderedDict[_Asked, _Answer] = OrderedDict()
        self._size = 0
        self._making: dict[_Asked, asyncio.Event] = {}
        self._places = asyncio.Semaphore(MOST_AT_WORK)
        self._turn = asyncio.Lock()
        self._counting: asyncio.Task[int | None] | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass one request on, unless it is known what the answer would be."""
        is_page = scope["type"] == "http" and scope["method"] in ("GET", "HEAD")
        if not is_page or scope["path"] in PROBES:
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        asked = _asked(scope, headers)
        changes = await self._changes()
        now = self._clock.now()
        while not self._holds(asked, changes, now):
            if asked not in self._making:
                await self._make(asked, changes, now, scope, receive, send)
                return
            await self._making[asked].wait()
        known = self._answers[asked]
        self._answers.move_to_end(asked)
        answering = _Answering(headers, send)
        await answering.hear(known.start)
        await answering.hear({"type": "http.response.body", "body": known.content})

    def _holds(self, asked: _Asked, changes: int | None, now: datetime) -> bool:
        known = self._answers.get(asked)
        if known is None:
            return False
        age = now - known.at
        if known.changes == changes and age < KEEP:
            return True
        # While somebody waits for a new one, the others need not.
        return asked in self._making and age < 2 * KEEP

    async def _make(
        self,
        asked: _Asked,
        changes: int | None,
        now: datetime,
        scope: Scope,
        receive: Receive,
        send: Send,
    ) -> None:
        """Have an answer made and keep it, if it is public."""
        made = self._making[asked] = asyncio.Event()
        with ExitStack() as until_made:
            until_made.callback(made.set)
            until_made.callback(self._making.pop, asked)
            await self._places.acquire()
            until_made.callback(self._places.release)

            def keep(answer: _Answering) -> None:
                self._drop(asked)
                if answer.is_public and changes is not None:
                    self._keep(asked, _Answer(answer.start, answer.content, changes, now))
                until_made.close()

            # What the tag is is not known before the answer is made.
            asking = [(name, value) for name, value in scope["headers"] if name != b"if-none-match"]
            answering = _Answering(Headers(scope=scope), send, keep)
            await self._app({**scope, "headers": asking}, receive, answering.hear)

    def _keep(self, asked: _Asked, answer: _Answer) -> None:
        self._answers[asked] = answer
        self._size += _size(asked, answer)
        while self._size > ROOM:
            self._drop(next(iter(self._answers)))

    def _drop(self, asked: _Asked) -> None:
        if asked in self._answers:
            self._size -= _size(asked, self._answers.pop(asked))

    async def _changes(self) -> int | None:
        """Ask how much has come in, once for all who want to know before the question is put."""
        if self._counting is None:
            self._counting = asyncio.create_task(self._count())
        return await asyncio.shield(self._counting)

    async def _count(self) -> int | None:
        async with self._turn:
            self._counting = None
            # Beside the threads that make pages: what is kept need not wait for those.
            return await to_thread.run_sync(self._counted, limiter=CapacityLimiter(1))

    def _counted(self) -> int | None:
        try:
            with self._store.read() as tx:
                return tx.changes.total()
        except StoreError:
            return None  # the page says so itself, if it needs the database


class _Answering:
    """One answer on its way: 304 instead to who has it."""

    def __init__(
        self, asked: Headers, send: Send, made: Callable[[_Answering], None] = lambda _: None
    ) -> None:
        self._asked = asked
        self._send = send
        self._made = made
        self._is_known = False
        self.start: Message = {}
        self.content = b""
        self.is_public = False

    async def hear(self, message: Message) -> None:
        """Take a part of the answer; send all of it once the last one is here.

        Its reader may take none of it for as long as they like: whoever waits for the answer to
        be made does not wait for that.
        """
        if message["type"] == "http.response.start":
            told = Headers(raw=message["headers"])
            tag = told.get("etag", "")
            is_good = bool(tag) and message["status"] == 200
            self.is_public = is_good and told.get("cache-control") == PUBLIC
            self._is_known = is_good and _is_known(self._asked, tag)
            self.start = message
            return
        self.content += message.get("body", b"")
        if message.get("more_body", False):
            return
        self._made(self)
        # Who stands outside adds headers to what is sent.
        await self._send(_not_modified(self.start) if self._is_known else {**self.start})
        content = b"" if self._is_known else self.content
        await self._send({"type": "http.response.body", "body": content})


def _asked(scope: Scope, headers: Headers) -> _Asked:
    """Return what an answer may depend on: the address, and who is told that they may read it.

    The front page differs by the time zone that is guessed, too.
    """
    guess = zones.guess(headers.get("accept-language", "")) if scope["path"] == "/" else ""
    query = scope["query_string"].decode("latin-1")
    return scope["path"], query, headers.get("origin", ""), guess


def _size(asked: _Asked, answer: _Answer) -> int:
    return sum(map(len, asked)) + len(answer.content) + _FIXED


def _is_known(headers: Headers, tag: str) -> bool:
    """Say whether who asks has the content with that tag already."""
    known = [one.strip() for one in ",".join(headers.getlist("if-none-match")).split(",")]
    return tag in known or f"W/{tag}" in known or "*" in known


def _not_modified(start: Message) -> Message:
    headers = [(name, value) for name, value in start["headers"] if name not in _OF_CONTENT]
    return {**start, "status": 304, "headers": headers}
