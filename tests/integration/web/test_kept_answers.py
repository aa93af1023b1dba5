"""What is kept of answers, around a small application."""

from __future__ import annotations

import asyncio
from collections import Counter
from threading import Event

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route
from starlette.testclient import TestClient
from starlette.types import Message

from digest.store import Store
from digest.testing import FakeClock
from digest.web.answers import MOST_AT_WORK, ROOM, Answers
from tests.support.samples import NOW

LARGE = 2**20


class Small:
    """An application that counts how often each address is asked for."""

    def __init__(self) -> None:
        self.made: Counter[str] = Counter()
        self.is_waiting, self.may_go_on = Event(), Event()
        self.may_go_on.set()
        self.gone = False

    def routes(self) -> list[Route]:
        return [Route("/{name}", self.answer)]

    def answer(self, request: Request) -> Response:
        name = request.path_params["name"]
        self.made[name] += 1
        headers = {"Cache-Control": "no-cache", "ETag": f'"{name}"'}
        if name.startswith("large"):
            return Response(b"x" * LARGE, headers=headers)
        if name == "slow":
            made = self.made[name]
            self.is_waiting.set()
            self.may_go_on.wait(10)
            return Response(f"slow {made}", headers=headers)
        if name == "broken":

            def parts():  # type: ignore[no-untyped-def]
                yield b"the beginning"
                raise OSError("the disk is gone")

            return StreamingResponse(parts(), headers=headers)
        if name == "gone" and self.gone:
            return Response("gone", 404)
        if name == "private":
            headers["Cache-Control"] = "private, no-cache"
        if name == "untagged":
            del headers["ETag"]
        return Response(name, 404 if name == "missing" else 200, headers=headers)


@pytest.fixture
def small() -> Small:
    return Small()


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock(NOW)


@pytest.fixture
def app(small: Small, sqlite_store: Store, clock: FakeClock) -> Answers:
    return Answers(Starlette(routes=small.routes()), store=sqlite_store, clock=clock)


@pytest.fixture
def client(app: Answers) -> TestClient:
    return TestClient(app, raise_server_exceptions=False)


def test_what_is_public_is_made_once(small: Small, client: TestClient) -> None:
    assert [client.get("/page").text for _ in range(5)] == ["page"] * 5
    assert small.made["page"] == 1


@pytest.mark.parametrize("name", ["private", "untagged", "missing"])
def test_nothing_else_is_kept(small: Small, client: TestClient, name: str) -> None:
    for _ in range(4):
        client.get(f"/{name}")
    assert small.made[name] == 4


@pytest.mark.parametrize("name", ["page", "private"])
def test_who_has_it_is_told_so_kept_or_not(client: TestClient, name: str) -> None:
    for _ in range(3):
        answer = client.get(f"/{name}", headers={"If-None-Match": f'"{name}"'})
        assert (answer.status_code, answer.content) == (304, b"")
        assert "content-type" not in answer.headers


def at_once(small: Small, app: Answers) -> list[str]:
    """Ask for the same twice, the second time while the first answer is being made."""

    async def ask() -> list[str]:
        small.may_go_on.clear()
        small.is_waiting.clear()
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
            first = asyncio.create_task(client.get("/slow"))
            await asyncio.to_thread(small.is_waiting.wait, 10)
            second = asyncio.create_task(client.get("/slow"))
            await asyncio.wait([second], timeout=0.5)
            small.may_go_on.set()
            return [(await one).text for one in (first, second)]

    return asyncio.run(ask())


def test_who_asks_for_what_is_being_made_waits_for_it(small: Small, app: Answers) -> None:
    assert at_once(small, app) == ["slow 1", "slow 1"]


def test_one_waits_for_a_new_one_and_the_others_get_the_old_one(
    small: Small, app: Answers, client: TestClient, clock: FakeClock
) -> None:
    client.get("/slow")
    clock.advance(90)
    assert at_once(small, app) == ["slow 2", "slow 1"]
    assert client.get("/slow").text == "slow 2"


def test_what_is_older_is_shown_to_nobody(
    small: Small, app: Answers, client: TestClient, clock: FakeClock
) -> None:
    client.get("/slow")
    clock.advance(3600)
    assert at_once(small, app) == ["slow 2", "slow 2"]


def test_what_is_gone_is_not_shown_again(
    small: Small, client: TestClient, clock: FakeClock
) -> None:
    client.get("/gone")
    clock.advance(90)
    small.gone = True
    assert [client.get("/gone").status_code for _ in range(2)] == [404, 404]
    small.gone = False
    client.get("/gone")
    assert small.made["gone"] == 4


@pytest.mark.parametrize("part", ["http.response.start", "http.response.body"])
@pytest.mark.parametrize("names", [["page"], ["page", "private", "missing", "untagged"]])
def test_a_slow_reader_keeps_nobody_waiting(app: Answers, part: str, names: list[str]) -> None:
    """Of more readers than pages are made at a time, all get theirs while none reads."""
    begun: list[int] = []

    async def read_nothing(number: int) -> None:
        async def receive() -> Message:
            return {"type": "http.request"}

        async def send(message: Message) -> None:
            if message["type"] == part:
                begun.append(number)
                await asyncio.sleep(3600)

        scope = {
            "type": "http",
            "method": "GET",
            "path": f"/{names[number % len(names)]}",
            "query_string": b"",
            "headers": [],
        }
        await app(scope, receive, send)

    async def ask() -> None:
        readers = [asyncio.create_task(read_nothing(n)) for n in range(3 * MOST_AT_WORK)]
        async with asyncio.timeout(10):
            while len(begun) < len(readers):
                await asyncio.sleep(0.01)
        for one in readers:
            one.cancel()

    asyncio.run(ask())
    assert sorted(begun) == list(range(3 * MOST_AT_WORK))


def test_half_an_answer_is_not_kept(small: Small, client: TestClient) -> None:
    for _ in range(4):
        client.get("/broken")
    assert small.made["broken"] == 4


def test_what_was_asked_for_last_has_room(small: Small, client: TestClient) -> None:
    count = ROOM // LARGE + 1
    for number in range(count):
        for _ in range(2):
            client.get(f"/large{number}")
    client.get(f"/large{count - 1}")
    assert small.made[f"large{count - 1}"] == 1
    client.get("/large0")
    assert small.made["large0"] == 2
