"""Pages out of templates, with what all of them show."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from hashlib import blake2b
from typing import Any
from urllib.parse import urlsplit

from fastapi import APIRouter, Depends
from fastapi.responses import HTMLResponse, Response
from starlette.requests import Request

from digest.app import App
from digest.model import Subscriber
from digest.resources import templates_dir
from digest.subscriptions import CONSENT_WORDING, Preferences, timezones
from digest.subscriptions.categories import ALL, OFFERED, OTHERS
from digest.web.answers import PUBLIC
from digest.web.security import Network, visitor

FILES = {"style.css": "text/css; charset=utf-8", "icon.svg": "image/svg+xml"}

# Behind these are links that are somebody's own.
OWN = ("confirm", "preferences", "unsubscribe", "feedback", "digest", "feed")


@dataclass(frozen=True)
class Pages:
    """The pages of one site; proxies from `trusted` networks say who asks."""

    app: App
    trusted: tuple[Network, ...] = ()

    def visitor(self, request: Request) -> str:
        """Return the IP address of who asks, as far as it is known."""
        return visitor(request, self.trusted)

    def show(
        self,
        name: str,
        context: Mapping[str, Any] | None = None,
        *,
        status: int = 200,
        headers: Mapping[str, str] | None = None,
    ) -> HTMLResponse:
        """Return one page as an answer."""
        content = self.app.renderer.page(name, {**self._common, **(context or {})})
        return HTMLResponse(content, status_code=status, headers=dict(headers or {}))

    def public(self, name: str, context: Mapping[str, Any]) -> Response:
        """Return a page that is the same for everybody."""
        content = self.app.renderer.page(name, {**self._common, "private": False, **context})
        return tagged(content, HTML)

    def notice(
        self,
        title: str,
        *paragraphs: str,
        way: tuple[str, str] | None = None,
        status: int = 200,
        headers: Mapping[str, str] | None = None,
    ) -> HTMLResponse:
        """Return a page that says one thing; `way` is what a button says, and its path."""
        context = {"title": title, "paragraphs": paragraphs, "way": way}
        return self.show("notice", context, status=status, headers=headers)

    def too_often(self, name: str, context: Mapping[str, Any]) -> HTMLResponse:
        """Return a form once more, as it was typed, to somebody who has used it too often."""
        return self.show(name, context, status=429, headers={"Retry-After": "3600"})

    def rhythm_of(self, who: Subscriber | Preferences) -> dict[str, str]:
        """Return when somebody gets a digest, in words for the templates."""
        schedule = self.app.settings.schedule
        hour = schedule.default_hour if who.hour is None else who.hour
        return {
            "cadence": who.cadence.value,
            "weekly_day": schedule.weekly_day.capitalize(),
            "hour": f"{hour:02}:00",
            "zone": who.timezone or schedule.timezone,
        }

    @cached_property
    def root(self) -> str:
        """Return the path under which the site is served: empty, or like `/papers`."""
        return urlsplit(self.app.settings.site.base_url).path.rstrip("/")

    @cached_property
    def _common(self) -> dict[str, Any]:
        site = self.app.settings.site
        return {
            "site": site,
            "root": self.root,
            "version": self.version,
        }

    @cached_property
    def version(self) -> str:
        """Return what differs when the looks of the pages have changed."""
        return blake2b(self.file("style.css"), digest_size=4).hexdigest()

    def file(self, name: str) -> bytes:
        """Return one of the files that the pages need."""
        return (templates_dir() / "web" / name).read_bytes()

    @cached_property
    def choices(self) -> dict[str, Any]:
        """Return what the forms offer."""
        schedule = self.app.settings.schedule
        return {
            "offered": OFFERED,
            "other_groups": OTHERS,
            "all_categories": ALL,
            "consent": CONSENT_WORDING,
            "hours": [(str(hour), f"{hour:02}:00") for hour in range(24)],
            "zones": list(timezones().values()),
            "default_hour": f"{schedule.default_hour:02}:00",
            "default_zone": schedule.timezone,
            "default_papers": self.app.settings.ranking.max_papers,
            "weekly_day": schedule.weekly_day.capitalize(),
            "blends": BLENDS,
            "default_blend": self.app.settings.ranking.trending_weight,
        }


HTML = "text/html; charset=utf-8"


Answering = Callable[..., Any]


def routes(
    shown: Mapping[str, Answering],
    acted: Mapping[str, Answering] | None = None,
    *,
    gate: Answering | None = None,
) -> APIRouter:
    """Return the routes of pages that are shown, and of forms that act, which pass the gate."""
    router = APIRouter()
    for path, show in shown.items():
        router.add_api_route(path, show, methods=["GET", "HEAD"])
    gates = [Depends(gate)] if gate is not None else []
    for path, act in (acted or {}).items():
        router.add_api_route(path, act, methods=["POST"], dependencies=gates)
    return router


def within_the_hour(what: str) -> str:
    """Say what was done too often from one place."""
    return f"{what} within the last hour: please try again later. What you typed is kept below."


def tagged(content: str | bytes, kind: str, *, alike: str | None = None) -> Response:
    """Return a content under its tag, which nothing else has (RFC 9110 section 8.8.3).

    `alike` is what it says, where two that say the same may differ: its tag is a weak one.
    """
    octets = content.encode() if isinstance(content, str) else content
    told = octets if alike is None else alike.encode()
    tag = f'{"" if alike is None else "W/"}"{blake2b(told, digest_size=12).hexdigest()}"'
    return Response(octets, media_type=kind, headers={"Cache-Control": PUBLIC, "ETag": tag})


BLENDS = (
    ("0", "Only what matches my interests"),
    ("0.2", "Mostly what matches, some trending"),
    ("0.5", "Half and half"),
    ("0.8", "Mostly trending"),
    ("1", "Only what is trending"),
)


def within_site(url: str) -> str:
    """Return an address of ours without its host, for links within the site."""
    return urlsplit(url).path
