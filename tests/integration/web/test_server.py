"""Health, headers, limits, and the port."""

from __future__ import annotations

import logging
import socket
import sqlite3
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing
from dataclasses import replace
from pathlib import Path
from threading import Event
from typing import Any

import httpx
import pytest

from digest.config import Settings, Site
from digest.errors import ConfigError
from digest.rendering import JinjaRenderer
from digest.store import Store
from digest.web.answers import MOST_AT_WORK
from digest.web.security import LARGEST_BODY
from digest.web.server import MOST_REQUESTS, PatientProtocol, Sparing, WebServer, listen
from tests.support.site import EMAIL, Running, with_proxies


def until(is_so: Callable[[], object]) -> bool:
    """Wait until something is so, half a minute at most; say whether it is."""
    end = time.monotonic() + 30
    while not is_so() and time.monotonic() < end:
        time.sleep(0.01)
    return bool(is_so())


def test_health_and_readiness(standing: Running) -> None:
    assert standing.client.get("/healthz").text == "ok\n"
    assert standing.client.get("/readyz").status_code == 200
    assert standing.client.head("/readyz").status_code == 200


def test_who_writes_keeps_no_probe_waiting(site: Running, tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "digest.db", isolation_level=None)) as writer:
        writer.execute("BEGIN IMMEDIATE")
        assert site.client.get("/readyz", timeout=10).status_code == 200


def test_a_database_without_its_schema_is_not_ready(site: Running, tmp_path: Path) -> None:
    empty = Store(f"sqlite:///{tmp_path / 'empty.db'}", hash_email=str)
    server = WebServer(replace(site.app, store=empty), "127.0.0.1", 0)
    server.start()
    assert httpx.get(f"{server.url}/readyz").status_code == 503
    assert httpx.get(f"{server.url}/healthz").status_code == 200
    front = httpx.get(f"{server.url}/")
    assert front.status_code in (500, 503)
    assert "no such table" not in front.text
    server.stop()
    empty.close()


def test_a_server_knows_whether_it_is_making_an_answer(site: Running) -> None:
    begun, go_on = Event(), Event()

    class Slow(JinjaRenderer):
        def page(self, name: str, context: Mapping[str, Any]) -> str:
            if name == "home":
                begun.set()
                go_on.wait(30)
            return super().page(name, context)

    server = WebServer(replace(site.app, renderer=Slow()), "127.0.0.1", 0)
    server.start()

    def settles(*, asked: bool) -> bool:
        return until(lambda: server.is_asked() is asked)

    half = b"POST /subscribe HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\nhalf"
    with ThreadPoolExecutor() as visitors:
        assert not server.is_asked()
        with socket.create_connection((server.host, server.port)) as slow:
            slow.sendall(half)
            assert httpx.get(f"{server.url}/healthz").status_code == 200
            # Whoever sends a form for ever holds up nothing.
            assert settles(asked=False)
        page = visitors.submit(httpx.get, f"{server.url}/", timeout=60)
        assert begun.wait(30)
        assert server.is_asked()
        go_on.set()
        assert page.result().status_code == 200
    assert settles(asked=False)
    server.stop()


def test_whoever_asks_nothing_shuts_nobody_out(site: Running) -> None:
    address = (site.server.host, site.server.port)
    form = b"email=ada%40example.org"
    head = (
        b"POST /subscribe HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
        b"Content-Type: application/x-www-form-urlencoded\r\nContent-Length: %d\r\n"
        b"Expect: 100-continue\r\n\r\n"
    )
    with ExitStack() as idle:
        # Somebody whose request is on its way keeps their place.
        slow = idle.enter_context(socket.create_connection(address, timeout=30))
        slow.sendall(head % len(form))
        assert slow.recv(4096).startswith(b"HTTP/1.1 100 ")  # the head has arrived
        slow.sendall(form[:5])
        for number in range(MOST_REQUESTS + 60):
            silent = idle.enter_context(socket.create_connection(address, timeout=30))
            if number % 2:
                silent.sendall(b"GET / HTTP/1.1\r\n")  # and never more
        for _ in range(5):
            with httpx.Client(base_url=site.server.url, timeout=30) as visitor:
                assert visitor.get("/").status_code == 200
        slow.sendall(form[5:])
        status = slow.recv(4096).split(b"\r\n")[0]
        assert status.startswith(b"HTTP/1.1 ")
        assert status.split()[1] not in (b"503", b"408")


def test_whoever_reads_nothing_holds_up_no_page(site: Running) -> None:
    address = (site.server.host, site.server.port)
    deaf = set()
    with ExitStack() as held:
        for number in range(MOST_AT_WORK):
            one = held.enter_context(socket.socket())
            one.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
            one.connect(address)
            deaf.add(one.getsockname())
            one.sendall(b"GET /subscribe?name=%d HTTP/1.1\r\nHost: x\r\n\r\n" % number * 400)

        def is_full(client: object) -> bool:
            return any(
                isinstance(one, PatientProtocol) and one.client == client and one.flow.write_paused
                for one in list(site.server._server.server_state.connections)
            )

        assert until(lambda: all(map(is_full, deaf)))
        for path in ("/subscribe?name=0", "/subscribe?name=other", "/archive"):
            assert httpx.get(f"{site.server.url}{path}", timeout=15).status_code == 200


@pytest.mark.parametrize("path", ["/", "/subscribe", "/style.css", "/icon.svg", "/nowhere"])
def test_every_answer_is_guarded(standing: Running, path: str) -> None:
    headers = standing.client.get(path).headers
    policy = headers["content-security-policy"]
    assert policy.startswith("default-src 'none'")
    assert "unsafe" not in policy
    assert "frame-ancestors 'none'" in policy
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["x-frame-options"] == "DENY"
    assert headers["referrer-policy"] == "no-referrer"
    assert "max-age" in headers["strict-transport-security"]
    assert "server" not in headers


@pytest.mark.parametrize("path", ["/", "/subscribe", "/healthz", "/style.css"])
def test_head_answers_like_get_without_a_body(standing: Running, path: str) -> None:
    head, get = standing.client.head(path), standing.client.get(path)
    assert (head.status_code, head.text) == (200, "")
    assert head.headers["content-type"] == get.headers["content-type"]


def test_unknown_pages_and_wrong_methods_are_answered_in_words(standing: Running) -> None:
    missing = standing.client.get("/nowhere")
    assert missing.status_code == 404
    assert "no such page" in missing.text
    assert standing.client.get("/docs").status_code == 404
    assert standing.client.get("/openapi.json").status_code == 404
    assert standing.client.delete("/subscribe").status_code == 405


@pytest.mark.parametrize(
    ("path", "methods"),
    [
        ("/", "GET, HEAD"),
        ("/style.css", "GET, HEAD"),
        ("/digest/x", "GET, HEAD"),
        ("/preferences/x/export", "GET, HEAD"),
        ("/subscribe", "GET, HEAD, POST"),
        ("/preferences", "GET, HEAD, POST"),
        ("/preferences/x", "GET, HEAD, POST"),
        ("/unsubscribe/x", "GET, HEAD, POST"),
    ],
)
@pytest.mark.parametrize("method", ["PUT", "OPTIONS"])
def test_a_wrong_method_is_told_all_right_ones(
    standing: Running, path: str, methods: str, method: str
) -> None:
    answer = standing.client.request(method, path)
    assert answer.status_code == 405
    assert answer.headers["allow"] == methods


@pytest.mark.parametrize(
    "path", ["/subscribe/", "/confirm/abc/", "/preferences/abc/", "/api/v1", "/api/v1/papers/"]
)
def test_no_answer_leads_to_where_the_visitor_says_we_are(standing: Running, path: str) -> None:
    answer = standing.client.get(path, headers={"Host": "evil.example"})
    assert answer.status_code == 404
    assert "evil.example" not in str(answer.headers) + answer.text


def test_long_requests_are_cut_off(site: Running) -> None:
    long = {"email": EMAIL, "keywords": "x" * LARGEST_BODY}
    assert site.client.post("/subscribe", data=long).status_code == 413

    def chunks() -> object:
        for _ in range(20):
            yield b"x" * 8192

    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    answer = site.client.post("/subscribe", content=chunks(), headers=headers)  # type: ignore[arg-type]
    assert answer.status_code == 413


def test_files_and_nonsense_in_a_form_are_no_traceback(site: Running) -> None:
    answer = site.client.post("/subscribe", files={"email": ("a.txt", b"x" * 100)})
    assert answer.status_code in (400, 422)
    headers = {"Content-Type": "multipart/form-data; boundary=x"}
    answer = site.client.post("/subscribe", content=b"--y\r\nnonsense", headers=headers)
    assert answer.status_code in (400, 422)
    answer = site.client.post("/subscribe", content=b'{"email": 1}')
    assert answer.status_code == 422


def in_charset(site: Running, charset: str, path: str, value: bytes) -> httpx.Response:
    """Send a form that says in which charset it is."""
    return site.client.post(
        path,
        content=b'--x\r\nContent-Disposition: form-data; name="email"\r\n\r\n%s\r\n--x--\r\n'
        % value,
        headers={"Content-Type": f"multipart/form-data; boundary=x; charset={charset}"},
    )


@pytest.mark.parametrize("path", ["/subscribe", "/preferences"])
@pytest.mark.parametrize(
    ("charset", "value"),
    [
        ("unicode_escape", rb"\ud800@example.org"),
        ("utf-7", b"+2AA-"),
        ("undefined", b"x"),
        ("punycode", b"9999999999999"),
        ("idna", b"xn--" + b"a" * 70),
        ('"a\\b"', b"x"),
        ("x" * 5000, b"x"),
        ("", b"x"),
    ],
)
def test_a_form_in_another_charset_is_refused(
    standing: Running, charset: str, value: bytes, path: str
) -> None:
    assert in_charset(standing, charset, path, value).status_code == 400


@pytest.mark.parametrize("charset", ["utf-8", "UTF-8", '"utf-8"', "utf8", "us-ascii"])
def test_a_form_in_ours_is_read(site: Running, charset: str) -> None:
    assert in_charset(site, charset, "/subscribe", EMAIL.encode()).status_code == 200
    assert site.subscriber() is not None


class BrokenRenderer(JinjaRenderer):
    """Something of ours with a bug."""

    def page(self, *_: object) -> str:
        """Fail as no code of ours means to."""
        raise ZeroDivisionError("a bug with a secret in it")


def test_a_bug_shows_no_traceback_and_stops_nothing(
    site: Running, caplog: pytest.LogCaptureFixture
) -> None:
    server = WebServer(replace(site.app, renderer=BrokenRenderer()), "127.0.0.1", 0)
    server.start()
    answer = httpx.get(f"{server.url}/")
    assert answer.status_code == 500
    assert "secret" not in answer.text
    assert httpx.get(f"{server.url}/healthz").status_code == 200
    server.stop()


def test_no_token_is_logged(site: Running, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    for client in ("httpx", "httpcore"):  # the test's own, not the server's
        caplog.set_level(logging.ERROR, client)
    subscriber = site.member()
    link = site.app.links.preferences(subscriber.public_id)
    token = link.rpartition("/")[2]
    site.client.get(f"/preferences/{token}")
    site.client.post(f"/unsubscribe/{token}")
    assert token not in caplog.text
    assert EMAIL not in caplog.text


def test_who_hangs_up_while_sending_a_form_is_not_worth_a_line(
    site: Running, caplog: pytest.LogCaptureFixture
) -> None:
    tasks = site.server._server.server_state.tasks
    head = b"POST %s HTTP/1.1\r\nHost: x\r\nContent-Type: %s\r\nContent-Length: 99\r\n\r\n--x\r\n"
    for path in (b"/subscribe", b"/preferences", b"/unsubscribe/abc"):
        for kind in (b"application/x-www-form-urlencoded", b"multipart/form-data; boundary=x"):
            with socket.create_connection((site.server.host, site.server.port)) as visitor:
                visitor.sendall(head % (path, kind))
                assert until(lambda: tasks)
            assert until(lambda: not tasks)
    assert caplog.text == ""


def test_refused_requests_do_not_fill_the_log(
    site: Running, caplog: pytest.LogCaptureFixture
) -> None:
    no_form = (
        b"POST /subscribe HTTP/1.1\r\nHost: x\r\nContent-Type: multipart/form-data; boundary=x\r\n"
        b"Content-Length: 9\r\n\r\nnonsense\n"
    )
    for sent in (b"nonsense\r\n\r\n", no_form):
        for _ in range(10):
            with socket.create_connection((site.server.host, site.server.port)) as visitor:
                visitor.sendall(sent)
                assert visitor.recv(4096).startswith(b"HTTP/1.1 400 ")
    assert len(caplog.records) <= 1


def test_a_warning_tells_once_a_minute_how_many_there_were() -> None:
    sparing = Sparing()

    def said(message: str, at: float, level: int = logging.WARNING) -> str | None:
        record = logging.LogRecord("uvicorn.error", level, "", 0, message, None, None)
        record.created = at
        return record.getMessage() if sparing.filter(record) else None

    assert said("full", 0) == "full (1 since the last such line)"
    assert [said("full", second) for second in range(1, 60)] == [None] * 59
    assert said("broken", 59) == "broken (1 since the last such line)"
    assert said("full", 60) == "full (60 since the last such line)"
    assert said("a bug", 60, logging.ERROR) == said("a bug", 60, logging.ERROR) == "a bug"


def test_a_port_in_use_is_said_at_once(site: Running) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(ConfigError, match=f"port {port}"):
            WebServer(site.app, "127.0.0.1", port)


def test_no_answer_waits_for_an_acknowledgement_half_way(site: Running) -> None:
    server = WebServer(site.app, "127.0.0.1", 0)
    assert server._socket.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
    server.stop()


def test_trusted_proxies_must_be_networks(site: Running, settings: Settings) -> None:
    broken = replace(site.app, settings=with_proxies(settings, "proxy.example.org"))
    with pytest.raises(ConfigError, match="trusted_proxies"):
        WebServer(broken, "127.0.0.1", 0)


def test_a_stopped_server_answers_no_more(site: Running) -> None:
    server = WebServer(site.app, "127.0.0.1", 0)
    server.start()
    assert httpx.get(f"{server.url}/healthz").status_code == 200
    assert server.is_running()
    server.stop()
    assert not server.is_running()
    with pytest.raises(httpx.ConnectError):
        httpx.get(f"{server.url}/healthz")


class TestUnderAPath:
    """The site is served below another one."""

    @pytest.fixture
    def settings(self) -> Settings:
        return Settings(
            site=Site(base_url="http://example.org/papers/", from_address="p@example.org")
        )

    def test_links_within_the_site_keep_the_path(self, site: Running) -> None:
        body = site.client.get("/").text
        assert 'action="/papers/subscribe"' in body
        assert 'href="/papers/style.css?' in body
        assert "strict-transport-security" not in site.client.get("/").headers


class TestEverywhere:
    """A site on all addresses, behind a proxy that asks by IPv4."""

    @pytest.fixture
    def settings(self, settings: Settings) -> Settings:
        return with_proxies(settings, "127.0.0.1")

    @pytest.mark.skipif(not socket.has_dualstack_ipv6(), reason="no sockets for both kinds")
    @pytest.mark.parametrize("host", ["::", "0::0"])
    def test_both_kinds_of_addresses_are_served(self, site: Running, host: str) -> None:
        server = WebServer(site.app, host, 0)
        server.start()
        typed = {"email": EMAIL}
        answer = httpx.post(
            f"http://127.0.0.1:{server.port}/subscribe",
            data=typed,
            headers={"X-Forwarded-For": "192.0.2.44"},
        )
        assert answer.status_code == 200
        assert httpx.get(f"http://[::1]:{server.port}/healthz").status_code == 200
        server.stop()
        subscriber = site.subscriber()
        assert subscriber is not None
        assert subscriber.consent["asked_from"] == "192.0.2.44"


@pytest.mark.skipif(not socket.has_ipv6, reason="no IPv6")
def test_a_system_without_sockets_for_both_says_so(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("WARNING", logger="digest")
    listen("::", 0, has_dual=lambda: False).close()
    assert "IPv6 alone is served" in caplog.text
    caplog.clear()
    listen("::1", 0, has_dual=lambda: False).close()
    assert caplog.text == ""
