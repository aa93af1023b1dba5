"""How often, how fast and from where: what keeps the forms from being used against people."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from urllib.parse import urlsplit

from starlette.exceptions import HTTPException
from starlette.requests import Request

from digest.ports import Clock
from digest.web.pages import Pages
from digest.web.security import RateLimit, neighbourhood, network_of

HOUR = timedelta(hours=1)

# Answers that must not tell what was found leave at multiples of this time, in seconds: looking
# an address up, writing it down and leaving it alone take some hundredths of it.
BEAT = 0.5


@dataclass(frozen=True)
class Limits:
    """At most so many events an hour from one visitor, from their network, and in all."""

    by_visitor: RateLimit
    by_network: RateLimit
    by_all: RateLimit

    @classmethod
    def hourly(cls, visitor: int, network: int, everybody: int) -> Limits:
        """Make the three."""
        return cls(*(RateLimit(most, HOUR) for most in (visitor, network, everybody)))

    def allow(self, visitor: str, now: datetime) -> bool:
        """Count one event, unless there were too many; say whether there was room for it."""
        return (
            self.by_visitor.allows(neighbourhood(visitor), now)
            and self.by_network.allows(network_of(visitor), now)
            and self.by_all.allows("", now)
        )


@dataclass(frozen=True, eq=False)  # FastAPI finds it by its hash
class Gate:
    """Counts who sends a form before any of it is read: up to a megabyte of it may be.

    A dependency of routes. Whatever comes of the form counts, other limits are for what it does.
    """

    pages: Pages
    limits: Limits = field(default_factory=lambda: Limits.hourly(300, 1200, 10_000))

    async def __call__(self, request: Request) -> None:
        """Let one request pass, or raise a 429."""
        is_form = request.method == "POST" or request.url.query
        asked_by = self.pages.visitor(request)
        if is_form and not self.limits.allow(asked_by, self.pages.app.clock.now()):
            raise HTTPException(429, headers={"Retry-After": "3600"})


def wait_for_the_beat(clock: Clock, began: datetime) -> None:
    """Sleep until a whole number of beats has passed since then.

    The answer then says nothing of how long the work before it took.
    """
    spent = (clock.now() - began).total_seconds()
    clock.sleep(BEAT - spent % BEAT)


def is_foreign(request: Request, base_url: str) -> bool:
    """Say whether a browser sends this form from a page that is not ours.

    Every browser since 2023 says so itself (Sec-Fetch-Site), where the site has TLS. Without, the
    Origin tells; it is `null` for our own pages, as they send no referrer. Programs, such as a
    mailbox provider that unsubscribes for somebody (RFC 8058), send neither.
    """
    fetched = request.headers.get("sec-fetch-site")
    if fetched is not None:
        return fetched not in ("same-origin", "none")
    origin = request.headers.get("origin")
    if origin is None or origin == "null":
        return False
    ours = {urlsplit(base_url).netloc.lower(), request.headers.get("host", "").lower()}
    # Cut and not parsed: what is no address is an error to a parser, and foreign to us.
    return origin.partition("://")[2].lower() not in ours


def refuse_foreign(request: Request, base_url: str) -> None:
    """Raise a 403 for a form that another site sends."""
    if is_foreign(request, base_url):
        raise HTTPException(403)
