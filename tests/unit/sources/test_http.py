"""Facts about asking a server that does what it likes."""

from __future__ import annotations

import gzip
import logging
import ssl
import threading
import zlib
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from time import monotonic

import pytest
import trustme

from digest.clock import SystemClock
from digest.config import Http
from digest.errors import SourceError, SourceMalformed, SourceUnavailable
from digest.sources.http import GAP, Fetcher, _Turns
from digest.testing import FakeClock
from tests.support.httpd import Answer, Httpd

START = datetime(2026, 4, 27, 6, tzinfo=UTC)


def test_an_answer_is_handed_over_with_its_headers(httpd: Httpd, fetcher: Fetcher) -> None:
    url = httpd.route("/feed", Answer(b"<rss/>", etag='"one"', headers={"Last-Modified": "then"}))
    answer = fetcher.get(url)
    assert (answer.status, answer.content, answer.content_type) == (
        200,
        b"<rss/>",
        "application/xml",
    )
    assert (answer.etag, answer.last_modified, answer.url) == ('"one"', "then", url)
    assert httpd.asked[0].headers["user-agent"] == "test/1"


def test_what_is_known_is_not_sent_again(httpd: Httpd, fetcher: Fetcher) -> None:
    url = httpd.route("/feed", Answer(b"<rss/>", etag='"one"'))
    answer = fetcher.get(url, etag='"one"', last_modified="then")
    assert (answer.status, answer.content) == (304, b"")
    assert httpd.asked[0].headers["if-modified-since"] == "then"


def test_params_join_those_of_the_address(httpd: Httpd, fetcher: Fetcher) -> None:
    fetcher.get(httpd.route("/api", Answer(b"x")) + "?a=1", params={"q": "cat:cs.LG OR x"})
    assert httpd.asked[0].params == {"a": "1", "q": "cat:cs.LG OR x"}


@pytest.mark.parametrize("encoding", ["gzip", "deflate", "x-gzip"])
def test_a_packed_answer_is_unpacked(httpd: Httpd, fetcher: Fetcher, encoding: str) -> None:
    packed = zlib.compress(b"word " * 99) if encoding == "deflate" else gzip.compress(b"word " * 99)
    url = httpd.route("/feed", Answer(packed, headers={"Content-Encoding": encoding}))
    assert fetcher.get(url).content == b"word " * 99


def test_a_redirect_is_followed(httpd: Httpd, fetcher: Fetcher) -> None:
    httpd.route("/new", Answer(b"here"))
    url = httpd.route("/old", Answer(status=301, headers={"Location": "/new"}))
    assert fetcher.get(url).url == httpd.url("/new")


def test_a_circle_of_redirects_ends(httpd: Httpd, fetcher: Fetcher) -> None:
    url = httpd.route("/a", Answer(status=302, headers={"Location": "/a"}))
    with pytest.raises(SourceMalformed, match="circle"):
        fetcher.get(url)
    assert len(httpd.asked) == 6


def test_a_redirect_to_a_private_address_is_refused(httpd: Httpd, fetcher: Fetcher) -> None:
    with Httpd() as inside:
        inside.route("/secret", Answer(b"secret"))
        place = inside.url("/secret")
        url = httpd.route("/a", Answer(status=302, headers={"Location": place}))
        with pytest.raises(SourceError, match="allow_hosts"):
            fetcher.get(url)
        assert inside.asked == []


@pytest.mark.parametrize("name", ["127.0.0.1", "localhost", "2130706433", "[::ffff:7f00:1]"])
def test_a_private_address_is_refused_before_anything_is_sent(httpd: Httpd, name: str) -> None:
    fetcher = Fetcher(Http(), clock=FakeClock(START), user_agent="test/1")
    httpd.route("/feed", Answer(b"secret"))
    port = httpd.host.rpartition(":")[2]
    with pytest.raises(SourceError, match="allow_hosts"):
        fetcher.get(f"http://{name}:{port}/feed")
    assert httpd.asked == []


@pytest.mark.parametrize("place", ["file:///etc/passwd", "gopher://x/", "javascript:alert(1)"])
def test_only_http_is_spoken(httpd: Httpd, fetcher: Fetcher, place: str) -> None:
    with pytest.raises(SourceMalformed, match="http"):
        fetcher.get(place)
    url = httpd.route("/a", Answer(status=302, headers={"Location": place}))
    with pytest.raises(SourceMalformed, match="http"):
        fetcher.get(url)


@pytest.mark.parametrize("url", ["http://", "http://[", "feed.xml", "", "http://a\x00b/", "//x/y"])
def test_an_address_that_is_none_is_malformed(fetcher: Fetcher, url: str) -> None:
    with pytest.raises(SourceError):
        fetcher.get(url)


def test_a_passing_failure_is_tried_again(httpd: Httpd, fetcher: Fetcher, clock: FakeClock) -> None:
    url = httpd.route("/a", Answer(hang_up=True), Answer(status=503), Answer(b"at last"))
    assert fetcher.get(url).content == b"at last"
    assert clock.now() - START == timedelta(seconds=4)


def test_after_three_tries_it_is_unavailable(httpd: Httpd, fetcher: Fetcher) -> None:
    url = httpd.route("/a", Answer(status=502))
    with pytest.raises(SourceUnavailable, match="502"):
        fetcher.get(url)
    assert len(httpd.asked) == 3


def test_a_short_wait_is_waited_for(httpd: Httpd, fetcher: Fetcher, clock: FakeClock) -> None:
    url = httpd.route("/a", Answer(status=429, headers={"Retry-After": "7"}), Answer(b"ok"))
    assert fetcher.get(url).content == b"ok"
    assert clock.now() - START == timedelta(seconds=7)


@pytest.mark.parametrize("header", ["600", "Mon, 27 Apr 2026 06:10:00 GMT"])
def test_a_long_wait_is_passed_on(httpd: Httpd, fetcher: Fetcher, header: str) -> None:
    url = httpd.route("/a", Answer(status=429, headers={"Retry-After": header}))
    with pytest.raises(SourceUnavailable) as caught:
        fetcher.get(url)
    assert caught.value.retry_after == 600
    assert len(httpd.asked) == 1


@pytest.mark.parametrize("header", ["soon", "Mon, 99 Apr 2026 06:10:00 GMT", "-5", "\u00b2"])
def test_an_unreadable_wait_is_none(httpd: Httpd, fetcher: Fetcher, header: str) -> None:
    url = httpd.route("/a", Answer(status=503, headers={"Retry-After": header}), Answer(b"ok"))
    assert fetcher.get(url).content == b"ok"


@pytest.mark.parametrize("status", [400, 401, 403, 404, 410])
def test_a_refusal_is_not_tried_again(httpd: Httpd, fetcher: Fetcher, status: int) -> None:
    url = httpd.route("/a", Answer(status=status))
    with pytest.raises(SourceMalformed, match=str(status)):
        fetcher.get(url)
    assert len(httpd.asked) == 1


def test_an_answer_without_end_is_cut_off(httpd: Httpd, clock: FakeClock) -> None:
    fetcher = Fetcher(
        Http(allow_hosts=(httpd.host,), max_bytes=1000), clock=clock, user_agent="test/1"
    )
    assert fetcher.get(httpd.route("/a", Answer(b"x" * 1000))).content == b"x" * 1000
    with pytest.raises(SourceMalformed, match="max_bytes"):
        fetcher.get(httpd.route("/a", Answer(b"x" * 1001)))


def test_a_packed_bomb_is_cut_off(httpd: Httpd, fetcher: Fetcher) -> None:
    bomb = gzip.compress(bytes(200_000_000))
    url = httpd.route("/a", Answer(bomb, headers={"Content-Encoding": "gzip"}))
    with pytest.raises(SourceMalformed, match="max_bytes"):
        fetcher.get(url)


@pytest.mark.parametrize("encoding", ["gzip, gzip", "br", "rubbish"])
def test_an_encoding_that_was_not_asked_for_is_malformed(
    httpd: Httpd, fetcher: Fetcher, encoding: str
) -> None:
    url = httpd.route("/a", Answer(b"x", headers={"Content-Encoding": encoding}))
    with pytest.raises(SourceMalformed, match="encoding"):
        fetcher.get(url)


def test_rubbish_that_claims_to_be_packed_is_malformed(httpd: Httpd, fetcher: Fetcher) -> None:
    url = httpd.route("/a", Answer(b"rubbish", headers={"Content-Encoding": "gzip"}))
    with pytest.raises(SourceMalformed, match="unpacked"):
        fetcher.get(url)


@pytest.mark.parametrize(
    "answer",
    [
        Answer(b"x" * 100, cut=10),
        Answer(gzip.compress(b"x" * 100)[:-12], headers={"Content-Encoding": "gzip"}),
    ],
    ids=["plain", "packed"],
)
def test_an_answer_that_is_cut_short_is_tried_again(
    httpd: Httpd, fetcher: Fetcher, answer: Answer
) -> None:
    url = httpd.route("/a", answer, Answer(b"whole"))
    assert fetcher.get(url).content == b"whole"


@pytest.mark.parametrize("answer", [Answer(b"x" * 100, drip=0.1), Answer(b"x", slow=30)])
def test_a_server_that_takes_its_time_runs_out_of_it(httpd: Httpd, answer: Answer) -> None:
    fetcher = Fetcher(
        Http(allow_hosts=(httpd.host,), timeout=0.5), clock=SystemClock(), user_agent="test/1"
    )
    began = monotonic()
    with pytest.raises(SourceUnavailable, match="in time"):
        fetcher.get(httpd.route("/a", answer))
    assert monotonic() - began < 5
    assert len(httpd.asked) == 1


def test_nobody_there_is_unavailable(clock: FakeClock) -> None:
    with Httpd() as server:
        gone = server.host
    fetcher = Fetcher(Http(allow_hosts=(gone,)), clock=clock, user_agent="test/1")
    with pytest.raises(SourceUnavailable, match="cannot be reached"):
        fetcher.get(f"http://{gone}/feed")


def test_secrets_in_an_address_stay_out_of_the_error(httpd: Httpd, fetcher: Fetcher) -> None:
    with pytest.raises(SourceError) as caught:
        fetcher.get(f"http://me:hunter2@{httpd.host}/gone?token=hunter3")
    assert "hunter" not in str(caught.value)


def test_cookies_are_not_kept(httpd: Httpd, fetcher: Fetcher) -> None:
    url = httpd.route("/a", Answer(b"x", headers={"Set-Cookie": "seen=1"}))
    fetcher.get(url)
    fetcher.get(url)
    assert "cookie" not in httpd.asked[1].headers


def test_a_proxy_of_the_environment_is_not_used(
    httpd: Httpd, fetcher: Fetcher, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://192.0.2.1:9")
    assert fetcher.get(httpd.route("/a", Answer(b"x"))).content == b"x"


def test_tls_is_spoken_with_the_name_that_was_asked_for(
    clock: FakeClock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    authority = trustme.CA()
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert("localhost").configure_cert(context)
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "ca.pem"))
    with Httpd(tls=context) as httpd:
        port = httpd.host.rpartition(":")[2]
        httpd.route("/a", Answer(b"safe"))
        fetcher = Fetcher(
            Http(allow_hosts=("localhost", "127.0.0.1")), clock=clock, user_agent="test/1"
        )
        assert fetcher.get(f"https://localhost:{port}/a").content == b"safe"
        with pytest.raises(SourceUnavailable, match="cannot be reached"):
            fetcher.get(f"https://127.0.0.1:{port}/a")


def test_addresses_are_not_logged(
    httpd: Httpd, fetcher: Fetcher, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.DEBUG):
        fetcher.get(httpd.route("/a", Answer(b"x")) + "?token=hunter3")
    assert "hunter3" not in caplog.text


def test_requests_to_one_host_keep_their_distance() -> None:
    clock = FakeClock(START)
    turns = _Turns(clock)
    for _ in range(3):
        with turns.wait("papers.example.org"):
            pass
    assert clock.now() - START == timedelta(seconds=2 * GAP)


def test_the_hosts_of_arxiv_share_their_turn() -> None:
    clock = FakeClock(START)
    turns = _Turns(clock)
    with turns.wait("rss.arxiv.org"):
        pass
    with turns.wait("notarxiv.org"):
        assert clock.now() == START
    with turns.wait("export.arxiv.org"):
        assert clock.now() - START == timedelta(seconds=3)


def test_two_threads_never_ask_one_host_at_once() -> None:
    turns = _Turns(FakeClock(START))
    inside, most, lock = 0, 0, threading.Lock()

    def ask(_: int) -> None:
        nonlocal inside, most
        with turns.wait("papers.example.org"):
            with lock:
                inside += 1
                most = max(most, inside)
            threading.Event().wait(0.005)
            with lock:
                inside -= 1

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(ask, range(16)))
    assert most == 1


def test_an_exception_of_the_operator_waits_for_nothing(
    httpd: Httpd, fetcher: Fetcher, clock: FakeClock
) -> None:
    url = httpd.route("/a", Answer(b"x"))
    fetcher.get(url)
    fetcher.get(url)
    assert clock.now() == START
