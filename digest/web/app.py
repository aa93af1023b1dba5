"""All pages as one ASGI application."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from fastapi.responses import HTMLResponse, PlainTextResponse, Response
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.routing import Match

from digest.app import App
from digest.errors import (
    DigestError,
    InvalidInput,
    NotFound,
    NotHere,
    PageGone,
    SchemaMismatch,
    SignUpExpired,
    StoreBusy,
    StoreError,
    TokenExpired,
    TokenInvalid,
)
from digest.reading import Reader
from digest.web import api
from digest.web.answers import Answers
from digest.web.archive import ArchivePages
from digest.web.feeds import FeedPages
from digest.web.limits import Gate
from digest.web.lists import PLACE, ListPages, address
from digest.web.metrics import MetricsPage
from digest.web.pages import FILES, OWN, Pages, tagged
from digest.web.papers import PaperPages
from digest.web.people import TokenPages
from digest.web.preferences import PreferencesPages
from digest.web.sample import Sampler
from digest.web.search import SearchPages
from digest.web.security import LARGEST_BODY, LARGEST_UPLOAD, Shield, networks
from digest.web.signup import SignUpPages

log = logging.getLogger(__name__)


def create(app: App) -> FastAPI:
    """Return the pages of one site; raise `ConfigError` where `[web]` cannot be used."""
    pages = Pages(app, networks("trusted_proxies", app.settings.web.trusted_proxies))
    watchers = networks("metrics_from", app.settings.web.metrics_from)
    # Redirections would lead to wherever the visitor says we are, tokens and all, and without TLS.
    site = FastAPI(
        title=app.settings.site.name,
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
        redirect_slashes=False,
    )
    reader = Reader(app.store, app.clock, app.settings.schedule.timezone)
    sampler = Sampler(app)
    gate = Gate(pages)
    site.include_router(SignUpPages(pages, reader, sampler, gate).router())
    site.include_router(ListPages(pages, reader).router())
    site.include_router(PaperPages(pages, reader).router())
    site.include_router(SearchPages(pages, reader).router())
    site.include_router(ArchivePages(pages, reader).router())
    site.include_router(FeedPages(pages, reader).router())
    site.mount(api.PATH, api.create(pages, reader))
    site.include_router(TokenPages(pages, sampler, gate).router())
    site.include_router(PreferencesPages(pages, sampler, gate).router())
    site.include_router(MetricsPage(app, watchers, pages.trusted).router())
    _add_health(site, app)
    _add_files(site, pages)
    _add_failures(site, pages)
    site.add_middleware(Answers, store=app.store, clock=app.clock)
    site.add_middleware(Shield, https=app.settings.site.base_url.startswith("https://"))
    return site


def _add_health(site: FastAPI, app: App) -> None:
    @site.api_route("/healthz", methods=["GET", "HEAD"])
    async def healthz() -> PlainTextResponse:
        return PlainTextResponse("ok\n")

    @site.api_route("/readyz", methods=["GET", "HEAD"])
    def readyz() -> PlainTextResponse:
        try:
            app.store.check_schema()
        except (SchemaMismatch, StoreError) as error:
            log.warning("not ready: %s", error)
            reason = "schema" if isinstance(error, SchemaMismatch) else "database"
            return PlainTextResponse(f"not ready: {reason}\n", status_code=503)
        return PlainTextResponse("ready\n")


def _add_files(site: FastAPI, pages: Pages) -> None:
    def add(name: str, kind: str) -> None:
        content = pages.file(name)

        @site.api_route(f"/{name}", methods=["GET", "HEAD"])
        def file(request: Request) -> Response:
            answer = tagged(content, kind)
            # Pages ask for it by its version, under which it never changes.
            is_lasting = request.url.query == pages.version
            age = "max-age=31536000, immutable" if is_lasting else "max-age=86400"
            answer.headers["Cache-Control"] = f"public, {age}"
            return answer

    for name, kind in FILES.items():
        add(name, kind)

    @site.api_route("/favicon.ico", methods=["GET", "HEAD"])
    def icon() -> Response:
        # Some ask for it whatever a page says.
        return tagged(pages.file("icon.svg"), FILES["icon.svg"])

    @site.api_route("/robots.txt", methods=["GET", "HEAD"])
    def robots() -> PlainTextResponse:
        lines = ["User-agent: *", *(f"Disallow: {pages.root}/{name}/" for name in OWN)]
        return PlainTextResponse("\n".join([*lines, ""]))


# What people read when something does not work: status, title, what to do.
FAILURES: dict[type[DigestError], tuple[int, str, str]] = {
    SignUpExpired: (
        410,
        "This link is too old",
        "Please sign up again on the front page: a new mail with a fresh link will follow.",
    ),
    TokenExpired: (
        410,
        "This link is too old",
        "Links to the preferences work for a month. Your newest digest has a newer one.",
    ),
    TokenInvalid: (
        404,
        "This link does not work",
        "It may have been cut in two on its way: copy the whole link, or let us send a new one.",
    ),
    PageGone: (
        404,
        "This page of the list is gone",
        "The list has changed, or never had a page that begins there.",
    ),
    NotHere: (404, "There is no such page", ""),
    NotFound: (404, "This is gone", "The link is ours, but what it leads to is not kept any more."),
    InvalidInput: (400, "That cannot be done", "Please go back and look at what you entered."),
    StoreBusy: (503, "One moment, please", "We are busy. Please try again in a minute."),
}
STATUSES = {
    403: (
        "This button is not ours",
        "It was pressed on another site, so nothing was done. Please use the link in your mail.",
    ),
    408: ("That took too long", "Your request did not arrive in time. Please try again."),
    404: ("There is no such page", "Today's papers are on the front page."),
    405: ("That cannot be done", "This page does not take what was sent to it."),
    429: (
        "One moment, please",
        "Too many forms came from here within the last hour. Please go back and try again later.",
    ),
    413: (
        "That is too much",
        f"A form takes {LARGEST_BODY // 1024} kB, one with a file {LARGEST_UPLOAD // 1024**2} MB.",
    ),
}
BROKEN = (500, "Something went wrong", "It is our fault, not yours. Please try again later.")


METHODS = ("GET", "HEAD", "POST")


def _allowed(site: FastAPI, request: Request) -> str:
    """Return the methods that one address has (RFC 9110 section 15.5.6).

    Showing and acting are two routes, and the first one would only tell of itself.
    """
    asked = ({**request.scope, "method": method} for method in METHODS)
    return ", ".join(
        scope["method"]
        for scope in asked
        if any(route.matches(scope)[0] is Match.FULL for route in site.routes)
    )


def _said(mistake: Mapping[str, Any]) -> str:
    """Say of one parameter of an address what is wrong with it."""
    name, value = mistake["loc"][-1], str(mistake["input"])
    value = f"{value[:40]}…" if len(value) > 40 else value
    return f"“{name}” cannot be “{value}”: {mistake['msg'][0].lower()}{mistake['msg'][1:]}."


def _add_failures(site: FastAPI, pages: Pages) -> None:
    @site.exception_handler(DigestError)
    def refuse(request: Request, error: DigestError) -> HTMLResponse:
        known = next((FAILURES[one] for one in type(error).__mro__ if one in FAILURES), None)
        if known is None:
            log.error("a page failed: %s: %s", type(error).__name__, error)
        status, title, advice = known or BROKEN
        way = None
        if isinstance(error, PageGone):
            way = ("First page", _first_page(request))
        elif isinstance(error, (InvalidInput, NotHere)):
            advice = str(error)
        elif isinstance(error, (TokenInvalid, TokenExpired)):
            way = ("Mail me a new link", "/preferences")
        headers = {"Retry-After": "60"} if status == 503 else {}
        return pages.notice(title, advice, way=way, status=status, headers=headers)

    def _first_page(request: Request) -> str:
        chosen = {name: value for name, value in request.query_params.items() if name not in PLACE}
        return address(request.url.path, chosen)

    @site.exception_handler(HTTPException)
    @site.exception_handler(RequestValidationError)
    def say(request: Request, error: HTTPException | RequestValidationError) -> Response:
        status = error.status_code if isinstance(error, HTTPException) else 400
        headers = (error.headers if isinstance(error, HTTPException) else None) or {}
        if status == 405:
            headers = {**headers, "Allow": _allowed(site, request)}
        if f"{request.url.path}/".startswith(f"{api.PATH}/"):
            # Neither the bare path nor one of two lines is handed on to what is mounted there.
            return api.problem(status, "There is no such page.", headers)
        title, advice = STATUSES.get(status, ("That cannot be done", "Please go back."))
        wrong = (
            map(_said, error.errors()) if isinstance(error, RequestValidationError) else [advice]
        )
        return pages.notice(title, *wrong, status=status, headers=headers)

    @site.exception_handler(ClientDisconnect)
    def let_go(_request: Request, _error: ClientDisconnect) -> Response:
        return Response(status_code=400)  # nobody hears it, and there is nothing to log

    @site.exception_handler(Exception)
    def fail(_request: Request, _error: Exception) -> Response:
        # The server logs the traceback; the template may be what is broken, so none is used.
        return PlainTextResponse("Something went wrong. Please try again later.\n", 500)
