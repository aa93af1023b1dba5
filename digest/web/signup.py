"""The front page and its form."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from fastapi import APIRouter, Depends
from fastapi.responses import HTMLResponse
from starlette.datastructures import FormData
from starlette.requests import Request

from digest import subscriptions
from digest.subscriptions import Preferences
from digest.web import forms
from digest.web.forms import read_form
from digest.web.front import FrontPage
from digest.web.pages import Pages
from digest.web.security import Network, RateLimit, neighbourhood, visitor


@dataclass(frozen=True)
class SignUpPages:
    """Today's papers, and how to get them by mail."""

    pages: Pages
    front: FrontPage
    trusted: tuple[Network, ...] = ()
    # Somebody who wants to annoy others should have to work for it.
    by_visitor: RateLimit = field(default_factory=lambda: RateLimit(10, timedelta(hours=1)))
    by_all: RateLimit = field(default_factory=lambda: RateLimit(1000, timedelta(hours=1)))

    def router(self) -> APIRouter:
        """Return the routes."""
        router = APIRouter()
        router.add_api_route("/", self.home, methods=["GET", "HEAD"])
        router.add_api_route("/subscribe", self.form, methods=["GET", "HEAD"])
        router.add_api_route("/subscribe", self.subscribe, methods=["POST"])
        return router

    def home(self) -> HTMLResponse:
        """Show today's papers and the form."""
        context = {**self._fields(), "today": self.front.today()}
        return self.pages.show("home", context, headers={"Cache-Control": "no-cache"})

    def form(self) -> HTMLResponse:
        """Show the form alone."""
        return self.pages.show("subscribe", {**self._fields(), "open": True})

    def subscribe(self, request: Request, form: FormData = Depends(read_form)) -> HTMLResponse:  # noqa: B008 - FastAPI reads its dependencies from defaults
        """Take a sign-up; the answer is the same whoever's address it is."""
        app = self.pages.app
        now = app.clock.now()
        origin = visitor(request, self.trusted)
        preferences, filled = forms.read(form)
        typed = forms.text(form, "email")
        email = filled.take("email", lambda: subscriptions.parse_email(typed), "")
        if filled.problems:
            context = self._fields(filled, typed) | {"open": set(filled.problems) != {"email"}}
            return self.pages.show("subscribe", context, status=422)
        if forms.text(form, forms.TRAP):
            return self._thanks(email)
        if not (self.by_visitor.allows(neighbourhood(origin), now) and self.by_all.allows("", now)):
            return self.pages.notice(
                "One moment, please",
                "Too many people have signed up from here within the last hour.",
                "Please try again later.",
                status=429,
                headers={"Retry-After": "3600"},
            )
        with app.store.write() as tx:
            subscriptions.sign_up(
                tx,
                email,
                preferences,
                origin=origin,
                now=now,
                domain=app.domain,
                hash_email=app.signer.hash_email,
            )
        return self._thanks(email)

    def _thanks(self, email: str) -> HTMLResponse:
        days = self.pages.app.settings.retention.unconfirmed_days
        return self.pages.show("check", {"email": email, "days": days})

    def _fields(self, filled: forms.Filled | None = None, email: str = "") -> dict[str, Any]:
        return {
            **self.pages.choices,
            "email": email,
            "values": filled.values if filled else forms.shown(Preferences()),
            "problems": filled.problems if filled else {},
            "open": False,
        }
