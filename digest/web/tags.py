"""Whoever has a page already is told so without making it again."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from datetime import datetime

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from digest.errors import StoreError
from digest.ports import Clock
from digest.reading.boards import KEEP
from digest.store import Store

MOST = 2000  # answers, of some hundred bytes each

# What says that an answer is the same for everybody who asks in the same way.
PUBLIC = "no-cache"

# What an answer may differ by, besides the address.
_WAYS = ("accept-language", "origin")


def is_known(headers: Headers, tag: str) -> bool:
    """Say whether who asks has the content with that tag already (RFC 9110 section 13.1.2)."""
    known = [one.strip() for one in headers.get("if-none-match", "").split(",")]
    return tag in known or f"W/{tag}" in known or "*" in known


@dataclass(frozen=True, slots=True)
class _Answer:
    """A 304 that was given, for so many changes at a moment."""

    start: Message
    tag: str
    changes: int
    at: datetime


class Tags:
    """ASGI middleware: remembers what those were told who had a page already.

    That holds while nothing comes in, and for five minutes at most; then the page is made.
    """

    def __init__(self, app: ASGIApp, *, store: Store, clock: Clock) -> None:
        self._app = app
        self._store = store
        self._clock = clock
        self._answers: OrderedDict[tuple[str, ...], _Answer] = OrderedDict()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass one request on, unless it is known what the answer would be."""
        changes = None
        if scope["type"] == "http" and scope["method"] in ("GET", "HEAD"):
            headers = Headers(scope=scope)
            if "if-none-match" in headers:
                changes = await run_in_threadpool(self._changes)
        if changes is None:
            await self._app(scope, receive, send)
            return
        now = self._clock.now()
        query = scope["query_string"].decode("latin-1")
        asked = (scope["path"], query, *(headers.get(way, "") for way in _WAYS))
        known = self._answers.get(asked)
        if known is not None and is_known(headers, known.tag):
            if known.changes == changes and now - known.at < KEEP:
                # Who stands outside adds headers to the list.
                await send({**known.start, "headers": list(known.start["headers"])})
                await send({"type": "http.response.body"})
                return
            del self._answers[asked]

        async def noted(message: Message) -> None:
            if message["type"] == "http.response.start" and message["status"] == 304:
                told = Headers(raw=message["headers"])
                if told.get("cache-control") == PUBLIC:
                    start = {**message, "headers": list(message["headers"])}
                    self._answers[asked] = _Answer(start, told["etag"], changes, now)
                    if len(self._answers) > MOST:
                        self._answers.popitem(last=False)
            await send(message)

        await self._app(scope, receive, noted)

    def _changes(self) -> int | None:
        try:
            with self._store.read() as tx:
                return tx.changes.total()
        except StoreError:
            return None  # the page says so itself, if it needs the database
