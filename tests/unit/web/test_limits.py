"""Who may use a form how often and how fast, and from where."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Awaitable, Callable
from contextlib import ExitStack
from datetime import timedelta
from typing import Any, TypeVar

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.exceptions import HTTPException
from starlette.requests import Request
from uvicorn import Config
from uvicorn.server import ServerState

from digest.testing import FakeClock
from digest.web.limits import BEAT, Limits, is_foreign, wait_for_the_beat
from digest.web.security import Shield
from digest.web.server import MOST_REQUESTS, PatientProtocol
from tests.support.samples import NOW

T = TypeVar("T")

BASE = "https://papers.example.org"


def foreign(**headers: str) -> bool:
    """Say what is thought of a form that comes with these headers."""
    named = {"host": "papers.example.org", **headers}
    scope = {
        "type": "http",
        "headers": [
            (name.replace("_", "-").encode(), value.encode("latin-1"))
            for name, value in named.items()
        ],
    }
    return is_foreign(Request(scope), BASE)


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"sec_fetch_site": "same-origin", "origin": "null"},
        {"sec_fetch_site": "none"},
        {"origin": "https://papers.example.org"},
        {"origin": "null"},
        {"host": "127.0.0.1:8080", "origin": "http://127.0.0.1:8080"},
        {"host": "internal:8080", "origin": "https://papers.example.org"},
    ],
)
def test_our_pages_and_programs_may_send_our_forms(headers: dict[str, str]) -> None:
    assert not foreign(**headers)


@pytest.mark.parametrize(
    "headers",
    [
        {"sec_fetch_site": "cross-site"},
        {"sec_fetch_site": "cross-site", "origin": "null"},
        {"sec_fetch_site": "same-site", "origin": "https://papers.example.org"},
        {"sec_fetch_site": "nonsense"},
        {"origin": "https://evil.example"},
        {"origin": "https://papers.example.org.evil.example"},
        {"origin": "https://evil.example/papers.example.org"},
        {"origin": "nonsense"},
        {"origin": "http://["},
    ],
)
def test_other_sites_may_not(headers: dict[str, str]) -> None:
    assert foreign(**headers)


def test_a_network_has_a_limit_of_its_own_and_so_have_all() -> None:
    limits = Limits.hourly(2, 3, 5)
    assert [limits.allow("192.0.2.1", NOW) for _ in range(3)] == [True, True, False]
    assert [limits.allow(f"192.0.2.{host}", NOW) for host in (2, 3)] == [True, False]
    assert [limits.allow(f"198.51.{net}.1", NOW) for net in range(3)] == [True, True, False]
    assert limits.allow("198.51.100.1", NOW + timedelta(hours=1))
    six = Limits.hourly(2, 3, 50)
    assert [six.allow(f"2001:db8:1:{net}::1", NOW) for net in range(4)] == [True] * 3 + [False]


@given(st.floats(min_value=0, max_value=10))
def test_answers_leave_on_the_beat(spent: float) -> None:
    clock = FakeClock(NOW)
    clock.advance(spent)
    wait_for_the_beat(clock, NOW)
    beats = (clock.now() - NOW).total_seconds() / BEAT
    assert beats == pytest.approx(round(beats), abs=1e-4)
    assert 0 < (clock.now() - NOW).total_seconds() - spent <= BEAT + 1e-5


# --- slow requests --------------------------------------------------------------------------

Receive = Callable[[], Awaitable[Any]]


def answer(inner: Callable[..., Awaitable[None]], **times: float) -> list[Any]:
    """Send one request through the shield, and return what comes back or is raised."""
    sent: list[Any] = []

    async def never() -> Any:
        await asyncio.sleep(60)

    async def send(message: Any) -> None:
        sent.append(message)

    async def run() -> None:
        scope = {"type": "http", "headers": [], "method": "POST", "path": "/", "query_string": b""}
        await Shield(inner, https=True, **times)(scope, never, send)

    try:
        asyncio.run(run())
    except HTTPException as error:
        sent.append(error.status_code)
    return sent


def test_a_body_that_does_not_come_is_given_up() -> None:
    async def reads(_scope: Any, receive: Receive, _send: Any) -> None:
        await receive()

    assert answer(reads, time_to_send=0.05) == [408]


def test_an_answer_that_takes_too_long_is_given_up() -> None:
    async def hangs(_scope: Any, _receive: Receive, _send: Any) -> None:
        await asyncio.sleep(60)

    start, body = answer(hangs, time_to_answer=0.05)
    assert start["status"] == 503
    assert b"later" in body["body"]


def test_an_answer_whose_beginning_nobody_takes_is_given_up_as_well() -> None:
    asked_twice: list[str] = []

    async def begins(_scope: Any, _receive: Receive, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})

    async def run() -> None:
        async def send(message: Any) -> None:
            asked_twice.append(message["type"])
            if len(asked_twice) == 1:
                await asyncio.sleep(60)

        async def never() -> Any:
            await asyncio.sleep(60)

        scope = {"type": "http", "headers": [], "method": "GET", "path": "/", "query_string": b""}
        await Shield(begins, https=True, time_to_answer=0.05)(scope, never, send)

    asyncio.run(run())
    assert asked_twice == ["http.response.start", "http.response.start", "http.response.body"]


LARGE = 2**18


async def large(_scope: Any, _receive: Any, send: Any) -> None:
    """Answer more than the system takes off our hands."""
    headers = [(b"content-length", b"%d" % LARGE)]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": bytes(LARGE)})


class Hasty(PatientProtocol):
    """A server that waits for a moment only."""

    time_for_head = 0.1
    time_to_read = 0.5


Visit = Callable[[tuple[str, int], set[Any]], Awaitable[T]]


def visited(app: Any, visit: Visit[T], protocol: type[PatientProtocol] = Hasty) -> T:
    """Return what a visit to a server finds, which is told its address and its connections."""

    async def run() -> T:
        loop = asyncio.get_running_loop()
        config = Config(app, log_config=None, lifespan="off", ws="none", http=protocol)
        config.load()
        state = ServerState()
        server = await loop.create_server(
            lambda: protocol(config, server_state=state, app_state={}), "127.0.0.1", 0
        )
        server.sockets[0].setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)
        try:
            async with asyncio.timeout(30):
                return await visit(server.sockets[0].getsockname(), state.connections)
        finally:
            server.close()

    return asyncio.run(run())


def asking(address: tuple[str, int], sent: bytes) -> socket.socket:
    """Return a connection that has asked for something, and reads little at a time."""
    visitor = socket.socket()
    visitor.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    visitor.connect(address)
    visitor.setblocking(False)
    visitor.send(sent)
    return visitor


@pytest.mark.parametrize("sent", [b"", b"GET / HTTP/1.1\r\nHost: x\r\nX-Slow: "])
def test_a_head_that_does_not_end_loses_its_place(sent: bytes) -> None:
    async def app(_scope: Any, _receive: Any, _send: Any) -> None:
        raise AssertionError("nothing was asked yet")

    async def visit(address: tuple[str, int], _connections: set[Any]) -> bytes:
        reader, writer = await asyncio.open_connection(*address)
        writer.write(sent)
        rest = await asyncio.wait_for(reader.read(), 5)
        writer.close()
        return rest

    assert visited(app, visit) == b""


GET = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"


@pytest.mark.parametrize("sent", [GET, GET * 3, GET.replace(b"x", b"x\r\nConnection: close")])
def test_who_does_not_read_loses_their_place(sent: bytes) -> None:
    async def visit(address: tuple[str, int], connections: set[Any]) -> bool:
        with asking(address, sent):
            while not connections:
                await asyncio.sleep(0.01)
            while connections:
                await asyncio.sleep(0.01)
        return True

    assert visited(large, visit)


def test_who_reads_slowly_gets_all_of_it() -> None:
    async def visit(address: tuple[str, int], _connections: set[Any]) -> int:
        loop = asyncio.get_running_loop()
        got = 0
        with asking(address, GET) as visitor:
            while got < LARGE:
                got += len(await loop.sock_recv(visitor, 2**14))
                await asyncio.sleep(0.05)
        return got

    assert visited(large, visit) >= LARGE


def test_who_does_not_read_makes_room_for_others() -> None:
    class Patient(Hasty):
        time_to_read = 3600

    async def visit(address: tuple[str, int], connections: set[Any]) -> int:
        with ExitStack() as deaf:
            for _ in range(MOST_REQUESTS + 10):
                deaf.enter_context(asking(address, GET))
                await asyncio.sleep(0.005)
            await asyncio.sleep(0.1)
            return len(connections)

    assert visited(large, visit, Patient) < MOST_REQUESTS
