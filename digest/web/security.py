"""What protects the pages: headers, sizes, rates, and who is really asking."""

from __future__ import annotations

import asyncio
import ipaddress
import logging
from collections import OrderedDict, deque
from collections.abc import Sequence
from datetime import datetime, timedelta
from threading import Lock

from starlette.datastructures import MutableHeaders
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from digest.errors import ConfigError

log = logging.getLogger(__name__)

POLICY = (
    "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; "
    "frame-ancestors 'none'; base-uri 'none'"
)
# The pages that show a mail as it was sent: mails carry their styles inline.
MAIL_POLICY = POLICY.replace("style-src 'self'", "style-src 'unsafe-inline'")

LARGEST_BODY = 64 * 1024
LONGEST_ADDRESS = 8 * 1024
LARGEST_UPLOAD = 1024 * 1024  # of a form that may hold a file

# Seconds that a visitor has to send a request, and to be answered: the database may make us wait
# for half of it.
TIME_TO_SEND = 20.0
TIME_TO_ANSWER = 60.0

# What proxies add to a request.
_PASSED_ON = ("x-forwarded-for", "x-forwarded-host", "x-real-ip", "forwarded", "via")

# Who cannot be told from others: they share one limit.
UNKNOWN = "unknown"

_MAPPED = 96  # bits before the IPv4 address in ::ffff:192.0.2.1

Network = ipaddress.IPv4Network | ipaddress.IPv6Network
Address = ipaddress.IPv4Address | ipaddress.IPv6Address


class Shield:
    """ASGI middleware: the headers of every answer, and an end to long and slow requests."""

    def __init__(
        self,
        app: ASGIApp,
        *,
        https: bool,
        time_to_send: float = TIME_TO_SEND,
        time_to_answer: float = TIME_TO_ANSWER,
    ) -> None:
        self._app = app
        self._https = https
        self._time_to_send = time_to_send
        self._time_to_answer = time_to_answer

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass one request on."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        received = 0
        largest = LARGEST_UPLOAD if _is_multipart(scope) else LARGEST_BODY
        late = asyncio.get_running_loop().time() + self._time_to_send
        is_whole = has_begun = False

        async def limited() -> Message:
            nonlocal received, is_whole
            try:
                async with asyncio.timeout_at(None if is_whole else late):
                    message = await receive()
            except TimeoutError as error:
                raise HTTPException(408, headers={"Connection": "close"}) from error
            is_whole = not message.get("more_body", False)
            received += len(message.get("body", b""))
            if received > largest:
                raise HTTPException(413)
            return message

        async def guarded(message: Message) -> None:
            nonlocal has_begun
            if message["type"] == "http.response.start":
                self._add_headers(MutableHeaders(scope=message))
            await send(message)
            has_begun = True

        if len(scope["query_string"]) + len(scope["path"]) > LONGEST_ADDRESS:
            await PlainTextResponse("That address is too long.\n", 414)(scope, receive, guarded)
            return
        # What takes for ever must not keep its place.
        try:
            async with asyncio.timeout(self._time_to_answer) as patience:
                await self._app(scope, limited, guarded)
        except TimeoutError:
            if not patience.expired():
                raise
            log.warning("a request was given up after %g seconds", self._time_to_answer)
            if not has_begun:
                await PlainTextResponse("Please try again later.\n", 503)(scope, receive, guarded)

    def _add_headers(self, headers: MutableHeaders) -> None:
        headers.setdefault("Content-Security-Policy", POLICY)
        headers.setdefault("Cache-Control", "no-store")
        headers["X-Content-Type-Options"] = "nosniff"
        headers["X-Frame-Options"] = "DENY"  # for browsers that do not know frame-ancestors
        # The addresses of our pages hold tokens.
        headers["Referrer-Policy"] = "no-referrer"
        headers["Cross-Origin-Opener-Policy"] = "same-origin"
        headers["Permissions-Policy"] = "camera=(), geolocation=(), microphone=()"
        if self._https:
            headers["Strict-Transport-Security"] = "max-age=31536000"


def _is_multipart(scope: Scope) -> bool:
    headers = dict(scope["headers"])
    return bool(headers.get(b"content-type", b"").lower().startswith(b"multipart/form-data"))


def networks(key: str, names: Sequence[str]) -> tuple[Network, ...]:
    """Return the networks that a key of `[web]` lists; raise `ConfigError`."""
    try:
        return tuple(_unmapped(ipaddress.ip_network(name, strict=False)) for name in names)
    except ValueError as error:
        raise ConfigError(
            f"[web] {key}: {error}; write addresses like 127.0.0.1 or 10.0.0.0/8"
        ) from error


def _unmapped(network: Network) -> Network:
    """Return the IPv4 network that an IPv6 one stands for, if it does: visitors are known by it."""
    first = network.network_address
    mapped = first.ipv4_mapped if isinstance(first, ipaddress.IPv6Address) else None
    if mapped is None or network.prefixlen < _MAPPED:
        return network
    return ipaddress.ip_network((mapped, network.prefixlen - _MAPPED))


def visitor(request: Request, trusted: Sequence[Network]) -> str:
    """Return the IP address of who asks, or `UNKNOWN`: never that of a proxy that does not tell.

    X-Forwarded-For counts only as far as trusted proxies wrote it, read from the right.
    """
    seen = _peer(request)
    hops = ",".join(request.headers.getlist("x-forwarded-for")).split(",")
    while hops and _within(seen, trusted):
        seen = _hop(hops.pop())
    return UNKNOWN if seen is None else str(seen)


def is_from(request: Request, networks: Sequence[Network], *, trusted: Sequence[Network]) -> bool:
    """Say whether who asks is in one of these networks.

    What a proxy passes on is only where a trusted one names who asks, and not another proxy.
    """
    peer = _peer(request)
    if not any(name in request.headers for name in _PASSED_ON):
        return _within(peer, networks)
    seen = _address(visitor(request, trusted))
    return _within(peer, trusted) and _within(seen, networks) and not _within(seen, trusted)


def neighbourhood(visitor: str) -> str:
    """Return what limits are kept for: an IPv4 address, or the /64 of an IPv6 one."""
    address = _address(visitor)
    if isinstance(address, ipaddress.IPv6Address):
        return str(ipaddress.ip_network((address, 64), strict=False))
    return visitor


def network_of(visitor: str) -> str:
    """Return the network that one office or one attacker may have: an IPv4 /24, an IPv6 /48."""
    address = _address(visitor)
    if address is None:
        return visitor
    length = 24 if address.version == 4 else 48
    return str(ipaddress.ip_network((address, length), strict=False))


def _within(address: Address | None, trusted: Sequence[Network]) -> bool:
    return address is not None and any(address in network for network in trusted)


def _peer(request: Request) -> Address | None:
    return _address(request.client.host) if request.client else None


def _hop(written: str) -> Address | None:
    """Return what one entry of X-Forwarded-For names: some add ports, brackets or quotes."""
    name = written.strip().strip('"')
    if name.startswith("["):
        name = name[1:].partition("]")[0]
    elif name.count(":") == 1:
        name = name.partition(":")[0]
    return _address(name)


def _address(name: str) -> Address | None:
    """Return an address: an IPv4 one also where a socket for both kinds has it as IPv6."""
    try:
        address = ipaddress.ip_address(name)
    except ValueError:
        return None
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return mapped or address


class RateLimit:
    """At most `most` events in `within` for one name; pure but for its own memory."""

    def __init__(self, most: int, within: timedelta, *, names: int = 10_000) -> None:
        self._most = most
        self._within = within
        self._names = names
        self._times: OrderedDict[str, deque[datetime]] = OrderedDict()
        self._lock = Lock()

    def allows(self, name: str, now: datetime) -> bool:
        """Count one event, unless there were too many; say whether it was counted."""
        with self._lock:
            times = self._times.setdefault(name, deque())
            self._times.move_to_end(name)
            while times and times[0] <= now - self._within:
                times.popleft()
            if len(times) >= self._most:
                return False
            times.append(now)
            if len(self._times) > self._names:
                self._times.popitem(last=False)
            return True
