"""The front page and its form: what somebody wants, what they would have got, and the sign-up."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

from fastapi import APIRouter, Depends
from fastapi.responses import HTMLResponse, Response
from starlette.datastructures import FormData
from starlette.requests import Request

from digest import subscriptions
from digest.rank import topics
from digest.reading import Reader
from digest.subscriptions import Preferences
from digest.web import forms, zones
from digest.web.forms import Filled, Form
from digest.web.limits import Gate, Limits, is_foreign, wait_for_the_beat
from digest.web.pages import Pages, within_the_hour
from digest.web.sample import Sampler
from digest.web.views import candidate_view

MOST_TRENDING = 25
MOST_NEW = 25

ONE_MORE_PRESS = "Is this right? One more press, and the mail is on its way."


@dataclass(frozen=True)
class SignUpPages:
    """Today's papers, and how to get them by mail."""

    pages: Pages
    reader: Reader
    sampler: Sampler
    gate: Gate
    # Somebody who wants to annoy others should have to work for it; a seminar has one address.
    sign_ups: Limits = field(default_factory=lambda: Limits.hourly(30, 60, 1000))

    def router(self) -> APIRouter:
        """Return the routes."""
        router = APIRouter()
        router.add_api_route("/", self.home, methods=["GET", "HEAD"])
        counted = [Depends(self.gate)]
        router.add_api_route("/subscribe", self.form, methods=["GET", "HEAD"], dependencies=counted)
        router.add_api_route("/subscribe", self.subscribe, methods=["POST"], dependencies=counted)
        return router

    def home(self, request: Request) -> Response:
        """Show today's papers and the form, in which the time zone is guessed by the language."""
        answer = self.pages.public("home", {**self.fields(request), "today": self._today()})
        answer.headers["Vary"] = "Accept-Language"
        return answer

    def _today(self) -> dict[str, Any]:
        """Return what is trending, the latest day's other papers, and topics that rise.

        Topics are those that were found the last time.
        """
        front = self.reader.front(MOST_TRENDING, MOST_NEW)
        hot = front.trending
        with self.pages.app.store.read() as tx:
            rising = topics.latest(tx, self.pages.app.clock.now())
        return {
            "day": front.day,
            "trending": [candidate_view(one, hot.reasons[one.paper.key]) for one in hot.candidates],
            "hot": hot.total,
            "fresh": [candidate_view(one) for one in front.fresh],
            "topics": rising,
        }

    def form(self, request: Request) -> HTMLResponse:
        """Show the whole form, with what the address of the page says filled in."""
        given = FormData(request.query_params)
        if not given:
            return self.pages.show("subscribe", self.fields(request))
        _, filled = forms.read(given, here=self._here)
        email = forms.text(given, "email")
        return self.pages.show("subscribe", self.fields(request, filled, email))

    def subscribe(self, request: Request, form: Form) -> HTMLResponse:
        """Take a sign-up; the answer and its time are the same whoever's address it is.

        What comes from a form on another site is shown once more before anything is done.
        """
        app = self.pages.app
        origin = self.pages.visitor(request)
        preferences, filled = forms.read(form, here=self._here)
        typed = forms.text(form, "email")
        if forms.text(form, "action") == "preview":
            return self._preview(request, preferences, filled, typed)
        email = filled.take("email", lambda: subscriptions.parse_email(typed), "")
        context = self.fields(request, filled, typed)
        if filled.problems:
            return self.pages.show("subscribe", context, status=422)
        if is_foreign(request, app.settings.site.base_url):
            asked = {"heading": "Almost there", "lead": ONE_MORE_PRESS}
            return self.pages.show("subscribe", {**context, **asked})
        if not self.sign_ups.allow(origin, app.clock.now()):
            return self._too_often(context, "Many people have signed up from here")
        context = {
            **self.pages.rhythm_of(preferences),
            "email": email,
            "days": app.settings.retention.unconfirmed_days,
            "remarks": filled.remarks,
            "sample": self.sampler.glimpse(preferences, asked_by=origin),
        }
        # Only what depends on the address is between the beats: how long the rest takes is up to
        # the visitor, who could place the end of it just before a beat.
        began = app.clock.now()
        if not forms.text(form, forms.TRAP):
            with app.store.write() as tx:
                outcome, member = subscriptions.sign_up(
                    tx,
                    email,
                    preferences,
                    origin=origin,
                    now=began,
                    domain=app.domain,
                    hash_email=app.signer.hash_email,
                )
                if outcome is subscriptions.SignUp.MEMBER and member is not None:
                    subscriptions.remind(tx, member, now=began, domain=app.domain)
        wait_for_the_beat(app.clock, began)
        return self.pages.show("check", context)

    def _preview(
        self, request: Request, preferences: Preferences, filled: Filled, email: str
    ) -> HTMLResponse:
        """Show the form again, and with it what these wishes would have found."""
        context = self.fields(request, filled, email)
        if filled.problems:
            return self.pages.show("subscribe", context, status=422)
        sample = self.sampler.sample(preferences, asked_by=self.pages.visitor(request))
        if sample is None:
            return self._too_often(context, "Many previews were asked for from here")
        return self.pages.show("subscribe", {**context, "sample": sample})

    def _too_often(self, context: Mapping[str, Any], what: str) -> HTMLResponse:
        """Return the form as it was typed, to somebody who has used it too often."""
        said = {"heading": "One moment, please", "lead": within_the_hour(what)}
        return self.pages.too_often("subscribe", {**context, **said})

    def fields(
        self, request: Request, filled: Filled | None = None, email: str = ""
    ) -> dict[str, Any]:
        """Return what the form shows: what was typed, or what is guessed of a new visitor."""
        is_wrong = filled is not None and bool(filled.problems)
        guessed = "" if filled else zones.guess(request.headers.get("accept-language", ""))
        return {
            **self.pages.choices,
            "email": email,
            "values": filled.values
            if filled
            else forms.shown(Preferences(timezone=guessed or None)),
            "guessed": guessed,
            "problems": filled.problems if filled else {},
            "remarks": filled.remarks if filled else [],
            "heading": "Almost there" if is_wrong else "",
            "lead": "Please look at the marked fields." if is_wrong else "",
            "seeds": {"total": 0, "here": 0},
            "sample": None,
        }

    def _here(self, keys: Collection[str]) -> Collection[str]:
        with self.pages.app.store.read() as tx:
            return tx.papers.many(keys)
