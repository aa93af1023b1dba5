"""What is kept of answers, around a small application."""

from __future__ import annotations

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from threading import Event

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route
from starlette.testclient import TestClient

from digest.store import Store
from digest.testing import FakeClock
from digest.web.answers import MOST, ROOM, Answers
from tests.support.samples import NOW

LARGE = 2**20


class Small:
    """An application that counts how often each address is asked for."""

    def __init__(self) -> None:
        self.made: Counter[str] = Counter()
        self.is_waiting, self.may_go_on = Event(), Event()
        self.may_go_on.set()

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
            if made > 2:
                self.is_waiting.set()
            self.may_go_on.wait(10)
            return Response(f"slow {made}", headers=headers)
        if name == "broken":

            def parts():  # type: ignore[no-untyped-def]
                yield b"the beginning"
                raise OSError("the disk is gone")

            return StreamingResponse(parts(), headers=headers)
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
def client(small: Small, sqlite_store: Store, clock: FakeClock) -> TestClient:
    app = Starlette(routes=small.routes())
    app.add_middleware(Answers, store=sqlite_store, clock=clock)
    return TestClient(app, raise_server_exceptions=False)


def test_what_is_public_is_made_twice(small: Small, client: TestClient) -> None:
    assert [client.get("/page").text for _ in range(5)] == ["page"] * 5
    assert small.made["page"] == 2


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


def test_one_waits_for_a_new_one_and_the_others_do_not(
    small: Small, client: TestClient, clock: FakeClock
) -> None:
    for _ in range(2):
        client.get("/slow")
    clock.advance(6 * 60)
    small.may_go_on.clear()
    with ThreadPoolExecutor() as pool:
        first = pool.submit(client.get, "/slow")
        small.is_waiting.wait(10)
        assert client.get("/slow").text == "slow 2"
        small.may_go_on.set()
        assert first.result(10).text == "slow 3"
    assert client.get("/slow").text == "slow 3"


def test_half_an_answer_is_not_kept(small: Small, client: TestClient) -> None:
    for _ in range(4):
        client.get("/broken")
    assert small.made["broken"] == 4


def test_what_was_asked_for_last_has_room(small: Small, client: TestClient) -> None:
    count = ROOM // LARGE + 1
    for number in range(count):
        for _ in range(3):
            client.get(f"/large{number}")
    client.get(f"/large{count - 1}")
    assert small.made[f"large{count - 1}"] == 2
    client.get("/large0")
    assert small.made["large0"] == 3


def test_addresses_that_are_asked_for_once_are_forgotten(small: Small, client: TestClient) -> None:
    for number in range(MOST + 1):
        client.get(f"/page{number}")
    for _ in range(3):
        client.get("/page0")
    assert small.made["page0"] == 3
