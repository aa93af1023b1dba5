"""The only door to the network: polite, bounded HTTP GET. The only user of httpx."""

from __future__ import annotations

import email.utils
import logging
import threading
import zlib
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from http.cookiejar import CookieJar, DefaultCookiePolicy

import httpcore
import httpx

from digest.config import Http
from digest.errors import SourceMalformed, SourceUnavailable
from digest.ports import Clock
from digest.sources.guard import Guard
from digest.sources.network import Backend, Budget

# They log whole addresses, which may hold a secret.
for _library in ("httpx", "httpcore"):
    logging.getLogger(_library).setLevel(logging.WARNING)

BACKOFF = (1.0, 3.0)  # seconds before the second and the third try
LONGEST_WAIT = 20.0  # seconds; who asks for more is asked again at another run
LONGEST_RETRY_AFTER = 86_400.0

# Seconds between two requests to one host. arXiv asks for three, over all its services together
# (info.arxiv.org/help/api/tou.html).
GAP = 1.0
GAPS = {"arxiv.org": 3.0}

_TRANSIENT = frozenset({429, 500, 502, 503, 504})
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_ACCEPT = "application/atom+xml, application/rss+xml, application/json, */*;q=0.5"


@dataclass(frozen=True, slots=True)
class Response:
    """What a server answered: status 200 with content, or 304 without.

    `url` is the address that answered in the end; `retry_after` is in seconds.
    """

    status: int
    url: str
    content: bytes = b""
    content_type: str = ""
    etag: str | None = None
    last_modified: str | None = None
    retry_after: float | None = None


class Fetcher:
    """Asks for one address at a time from each host; may be shared by threads.

    Every answer is bounded in time (`http.timeout`, redirects included) and, unpacked, in size
    (`http.max_bytes`). Addresses that are not public are refused unless `http.allow_hosts`
    names them, also as the target of a redirect.
    """

    def __init__(self, http: Http, *, clock: Clock, user_agent: str) -> None:
        self._http = http
        self._clock = clock
        self._guard = Guard(http.allow_hosts)
        self._budget = Budget(clock)
        self._turns = _Turns(clock)
        self._user_agent = user_agent

    @cached_property
    def _client(self) -> httpx.Client:
        # Not before something is fetched: to read all authorities of the web takes some 50 ms.
        return httpx.Client(
            transport=_Transport(self._guard, self._budget),
            headers={
                "User-Agent": self._user_agent,
                "Accept": _ACCEPT,
                "Accept-Encoding": "gzip, deflate",
            },
            timeout=self._http.timeout or None,
            trust_env=False,
            cookies=CookieJar(DefaultCookiePolicy(allowed_domains=[])),
        )

    def get(
        self,
        url: str,
        *,
        etag: str | None = None,
        last_modified: str | None = None,
        params: Mapping[str, str] | None = None,
    ) -> Response:
        """Return the answer of an address; with `etag` or `last_modified` it may be a 304.

        Raise `SourceUnavailable` when there is none for now, `SourceMalformed` when there never
        will be one, and `SourceError` when the address must not be asked.
        """
        target = _parsed(url)
        if params:
            target = target.copy_merge_params(dict(params))
        headers = {"If-None-Match": etag, "If-Modified-Since": last_modified}
        sent = {name: value for name, value in headers.items() if value and value.isascii()}
        for pause in (*BACKOFF, None):
            try:
                return self._follow(target, sent)
            except _Passing as failure:
                if pause is None or failure.final:
                    raise failure.verdict() from failure
                self._clock.sleep(max(pause, failure.retry_after or 0.0))
        raise AssertionError("the last try returns or raises")

    def _follow(self, url: httpx.URL, headers: Mapping[str, str]) -> Response:
        began = url.host
        for _ in range(self._http.max_redirects + 1):
            with self._turn(url), self._answer(url, headers) as answer:
                place = answer.headers.get("location")
                if answer.status_code not in _REDIRECTS or place is None:
                    return self._read(answer)
            url = _parsed(place, base=url)
        raise SourceMalformed(f"{began} redirects in a circle: check the address of the source.")

    @contextmanager
    def _turn(self, url: httpx.URL) -> Iterator[None]:
        is_named = self._guard.allows(url.host, _port(url))
        with nullcontext() if is_named else self._turns.wait(url.host):
            self._budget.start(self._http.timeout)
            yield

    @contextmanager
    def _answer(self, url: httpx.URL, headers: Mapping[str, str]) -> Iterator[httpx.Response]:
        try:
            with self._client.stream("GET", url, headers=dict(headers)) as answer:
                yield answer
        except httpx.InvalidURL as error:  # httpx reads a Location before we do
            raise SourceMalformed(
                f"{url.host} redirects to something that is no address: "
                "check that it is http:// or https://."
            ) from error
        except httpx.TimeoutException as error:
            raise _Passing(f"{url.host} did not answer in time", final=True) from error
        except httpx.RequestError as error:
            why = str(error) or type(error).__name__
            raise _Passing(f"{url.host} cannot be reached ({why})") from error

    def _read(self, answer: httpx.Response) -> Response:
        host, status = answer.url.host, answer.status_code
        wait = _retry_after(answer.headers.get("retry-after"), self._clock.now())
        if status in _TRANSIENT:
            raise _Passing(f"{host} answered {status}", retry_after=wait)
        if status not in {200, 203, 304}:
            raise SourceMalformed(
                f"{host} answered {status} {answer.reason_phrase}".rstrip()
                + ": check the address of the source."
            )
        return Response(
            status=304 if status == 304 else 200,
            url=str(answer.url),
            content=b"" if status == 304 else self._content(answer),
            content_type=answer.headers.get("content-type", ""),
            etag=answer.headers.get("etag"),
            last_modified=answer.headers.get("last-modified"),
            retry_after=wait,
        )

    def _content(self, answer: httpx.Response) -> bytes:
        host, limit = answer.url.host, self._http.max_bytes
        content = bytearray()
        encoding = answer.headers.get("content-encoding", "").strip().lower()
        try:
            for chunk in _unpacked(answer.iter_raw(), encoding, limit):
                content += chunk
                if len(content) > limit:
                    raise SourceMalformed(
                        f"{host} sent more than {limit:,} bytes: if that is right, raise "
                        "max_bytes in [http]."
                    )
        except zlib.error as error:
            raise SourceMalformed(f"{host} sent {encoding} that cannot be unpacked.") from error
        except EOFError as error:
            raise _Passing(f"{host} stopped in the middle of its answer") from error
        except LookupError as error:
            raise SourceMalformed(f'{host} sent an unknown encoding, "{encoding}".') from error
        return bytes(content)


class _Passing(Exception):
    """A failure that may be gone at the next try; `final` ones have used up their time."""

    def __init__(self, what: str, *, retry_after: float | None = None, final: bool = False) -> None:
        super().__init__(what)
        self.retry_after = retry_after
        self.final = final or (retry_after or 0.0) > LONGEST_WAIT

    def verdict(self) -> SourceUnavailable:
        """Return the error that the caller gets."""
        return SourceUnavailable(f"{self}: try again later.", retry_after=self.retry_after)


def _parsed(url: str, *, base: httpx.URL | None = None) -> httpx.URL:
    try:
        parsed = httpx.URL(url) if base is None else base.join(url)
    except httpx.InvalidURL as error:
        raise SourceMalformed(f"The address of a source cannot be read: {error}.") from error
    if parsed.scheme not in {"http", "https"} or not parsed.host:
        raise SourceMalformed(
            f'"{parsed.scheme}://{parsed.host}" is no address of a source: '
            "it must begin with http:// or https:// and name a host."
        )
    return parsed


def _port(url: httpx.URL) -> int:
    return url.port or (443 if url.scheme == "https" else 80)


def _retry_after(value: str | None, now: datetime) -> float | None:
    """Read a Retry-After header, RFC 9110 section 10.2.3: seconds or a date."""
    if not value:
        return None
    if value.strip().isdecimal():
        return min(float(value), LONGEST_RETRY_AFTER)
    try:
        until = email.utils.parsedate_to_datetime(value)
    except (ValueError, OverflowError):
        return None
    until = until if until.tzinfo else until.replace(tzinfo=UTC)
    return min(max((until - now).total_seconds(), 0.0), LONGEST_RETRY_AFTER)


def _unpacked(chunks: Iterable[bytes], encoding: str, limit: int) -> Iterator[bytes]:
    """Unpack in pieces of at most `limit` + 1 bytes, so that a small bomb stays small.

    Raise `zlib.error` for rubbish, `EOFError` for a cut stream, `LookupError` for an encoding
    that was not asked for, several in a row among them.
    """
    if encoding in {"", "identity"}:
        yield from chunks
        return
    if encoding not in {"gzip", "x-gzip", "deflate"}:
        raise LookupError(encoding)
    unpacker = zlib.decompressobj(zlib.MAX_WBITS | 32)  # takes gzip and zlib headers
    for chunk in chunks:
        rest = chunk
        while rest and not unpacker.eof:
            yield unpacker.decompress(rest, limit + 1)
            rest = unpacker.unconsumed_tail
    if not unpacker.eof:
        raise EOFError


class _Turns:
    """One request at a time to each host, with a gap after it."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._locks: defaultdict[str, threading.Lock] = defaultdict(threading.Lock)
        self._guard = threading.Lock()
        self._ended: dict[str, datetime] = {}

    @contextmanager
    def wait(self, host: str) -> Iterator[None]:
        """Hold the host's turn for the length of the block."""
        site = next((name for name in GAPS if host == name or host.endswith(f".{name}")), host)
        with self._guard:
            lock = self._locks[site]
        with lock:
            if site in self._ended:
                gap = GAPS.get(site, GAP)
                passed = (self._clock.now() - self._ended[site]).total_seconds()
                # Never longer than the gap, whatever the clock was set to meanwhile.
                self._clock.sleep(min(max(gap - passed, 0.0), gap))
            try:
                yield
            finally:
                self._ended[site] = self._clock.now()


class _Transport(httpx.HTTPTransport):
    """httpx's own transport over connections that the guard has checked."""

    def __init__(self, guard: Guard, budget: Budget) -> None:
        # HTTPTransport has no argument for the network backend: its pool is made here instead.
        self._pool = httpcore.ConnectionPool(
            ssl_context=httpx.create_ssl_context(),
            network_backend=Backend(guard, budget),
        )
