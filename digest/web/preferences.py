"""What a subscriber has chosen, behind a signed link in place of a password."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

from fastapi import APIRouter
from fastapi.responses import HTMLResponse, JSONResponse, Response
from starlette.datastructures import FormData
from starlette.requests import Request

from digest import subscriptions
from digest.due import local_date
from digest.errors import InvalidInput
from digest.model import InterestKind, Subscriber
from digest.store import Transaction
from digest.subscriptions import Preferences
from digest.tokens import Purpose
from digest.web import forms
from digest.web.forms import Filled, Form
from digest.web.limits import Gate, Limits, refuse_foreign, wait_for_the_beat
from digest.web.pages import Pages, routes, within_site, within_the_hour
from digest.web.sample import Sample, Sampler
from digest.web.tokens import letting_in, links_of, read_token
from digest.web.views import page_of

# How many opinions the page shows, the newest first; the export has them all.
MOST_OPINIONS = 50


@dataclass(frozen=True)
class PreferencesPages:
    """The preferences, and how to get to them without the mail that has the link."""

    pages: Pages
    sampler: Sampler
    gate: Gate
    requests: Limits = field(default_factory=lambda: Limits.hourly(30, 60, 1000))

    def router(self) -> APIRouter:
        """Return the routes."""
        return routes(
            {
                "/preferences": self.ask_for_link,
                "/preferences/{token}": self.show,
                "/preferences/{token}/export": self.export,
            },
            {"/preferences": self.send_link, "/preferences/{token}": self.change},
            gate=self.gate,
        )

    # --- the link, on request ---------------------------------------------------------

    def ask_for_link(self) -> Response:
        """Show where to type the address."""
        return self.pages.show("link", {"email": "", "problems": {}, "lead": ""})

    def send_link(self, request: Request, form: Form) -> Response:
        """Mail the link to whoever has the address; the answer and its time are always the same."""
        app = self.pages.app
        refuse_foreign(request, app.settings.site.base_url)
        typed = forms.text(form, "email")
        try:
            email = subscriptions.parse_email(typed)
        except InvalidInput as error:
            context = {"email": typed, "problems": {"email": str(error)}, "lead": ""}
            return self.pages.show("link", context, status=422)
        began = app.clock.now()
        if not self.requests.allow(self.pages.visitor(request), began):
            said = within_the_hour("Many links were asked for from here")
            return self.pages.too_often("link", {"email": typed, "problems": {}, "lead": said})
        if not forms.text(form, forms.TRAP):
            with app.store.write() as tx:
                subscriptions.send_link(
                    tx, email, now=began, domain=app.domain, hash_email=app.signer.hash_email
                )
        wait_for_the_beat(app.clock, began)
        return self.pages.show("link_sent", {"email": email})

    # --- the preferences --------------------------------------------------------------

    def show(self, token: str) -> Response:
        """Show what a subscriber has chosen."""
        with self.pages.app.store.read() as tx:
            return self._page(tx, token, self._find(tx, token))

    def change(self, token: str, request: Request, form: Form) -> Response:
        """Do what the pressed button says; without one, save."""
        app = self.pages.app
        action = forms.text(form, "action") or "save"
        if action == "preview":
            return self._preview(token, request, form)
        refuse_foreign(request, app.settings.site.base_url)
        if action == "save" and form:
            return self._save(token, form)
        try:
            with app.store.write() as tx:
                subscriber = self._find(tx, token)
                if action == "erase":
                    return self._erase(tx, subscriber, form)
                said = self._act(tx, action, subscriber, request, form)
                return self._page(tx, token, self._find(tx, token), said=said)
        except InvalidInput as error:
            with app.store.read() as tx:
                return self._page(tx, token, self._find(tx, token), said=str(error), status=422)

    def _act(
        self,
        tx: Transaction,
        action: str,
        subscriber: Subscriber,
        request: Request,
        form: FormData,
    ) -> str:
        """Do one thing and return what to say of it; raise `InvalidInput`."""
        app, now, who = self.pages.app, self.pages.app.clock.now(), subscriber.public_id
        if action == "pause":
            until, timezone = _day(forms.text(form, "until")), app.settings.schedule.timezone
            subscriptions.pause(tx, who, until=until, now=now, timezone=timezone)
            return ""  # the page says what somebody is
        if action == "resume":
            subscriptions.resume(tx, who)
            return "Your digest goes on."
        if action == "leave":
            subscriptions.unsubscribe(tx, who, now=now, goodbye=app.domain)
            return ""
        if action == "rejoin":
            subscriptions.rejoin(tx, who, **letting_in(self.pages, request))
            return "Welcome back: your digest goes on."
        if action == "new-feed":
            subscriptions.renew_feed(tx, who, now=now)
            return "Your feed has a new address; whoever has the old one reads nothing any more."
        if action == "withdraw":
            tx.feedback.withdraw(subscriber.id, forms.text(form, "paper"))
            return "Taken back: that opinion does not count any more."
        if action == "afresh":
            _be_sure(form)
            subscriptions.start_afresh(tx, who, now=now)
            return "Your interests and your feedback are forgotten: you start afresh."
        if not form:
            raise InvalidInput("Nothing of the form arrived, so nothing is saved: try again.")
        raise InvalidInput("This page does not know that button: please load it again.")

    def _save(self, token: str, form: FormData) -> Response:
        subscriber, wanted, filled = self._typed(token, form)
        with self.pages.app.store.write() as tx:
            if filled.problems:
                return self._page(tx, token, subscriber, filled)
            now = self.pages.app.clock.now()
            subscriber = subscriptions.edit(tx, subscriber.public_id, wanted, now=now)
            said = " ".join(["Your preferences are saved.", *filled.remarks])
            return self._page(tx, token, subscriber, said=said)

    def _preview(self, token: str, request: Request, form: FormData) -> Response:
        """Show what the form as it is typed would have found today; save nothing."""
        subscriber, wanted, filled = self._typed(token, form)
        with self.pages.app.store.read() as tx:
            if filled.problems:
                return self._page(tx, token, subscriber, filled)
            opinions = tx.feedback.of(subscriber.id)
        asked_by = self.pages.visitor(request)
        sample = self.sampler.sample(wanted, opinions, asked_by=asked_by)
        if sample is None:
            said = within_the_hour("Many previews were asked for from here")
            with self.pages.app.store.read() as tx:
                return self._page(tx, token, subscriber, filled, said=said, status=429)
        said = " ".join(["This is a preview: nothing is saved yet.", *filled.remarks])
        with self.pages.app.store.read() as tx:
            return self._page(tx, token, subscriber, filled, sample=sample, said=said)

    def _typed(self, token: str, form: FormData) -> tuple[Subscriber, Preferences, Filled]:
        with self.pages.app.store.read() as tx:
            subscriber = self._find(tx, token)
            return subscriber, *forms.read(form, Preferences.of(subscriber), here=tx.papers.many)

    def _erase(self, tx: Transaction, subscriber: Subscriber, form: FormData) -> Response:
        _be_sure(form)
        app = self.pages.app
        subscriptions.erase(
            tx, subscriber.public_id, now=app.clock.now(), hash_email=app.signer.hash_email
        )
        return self.pages.notice(
            "You are forgotten",
            "Your address, your interests and your feedback are deleted.",
            "What is left is a code made of your address that cannot be turned back into it: "
            "it keeps us from ever writing to you again, unless you sign up.",
        )

    def export(self, token: str) -> Response:
        """Return all that is kept of a subscriber as a JSON file."""
        with self.pages.app.store.read() as tx:
            subscriber = self._find(tx, token)
            document = subscriptions.all_about(tx, subscriber, now=self.pages.app.clock.now())
        headers = {"Content-Disposition": 'attachment; filename="my-digest-data.json"'}
        return JSONResponse(dict(document), headers=headers)

    # --- what they share --------------------------------------------------------------

    def _find(self, tx: Transaction, token: str) -> Subscriber:
        return subscriptions.find(tx, read_token(self.pages.app, Purpose.PREFERENCES, token)[0])

    def _page(
        self,
        tx: Transaction,
        token: str,
        subscriber: Subscriber,
        filled: Filled | None = None,
        *,
        sample: Sample | None = None,
        said: str = "",
        status: int = 200,
    ) -> HTMLResponse:
        problems = filled.problems if filled else {}
        if problems:
            said, status = "Please look at the marked fields: nothing is saved yet.", 422
        site = self.pages.app
        feed = self._feed(subscriber)
        zone = subscriber.timezone or site.settings.schedule.timezone
        context = {
            **self.pages.choices,
            **links_of(site, subscriber, Purpose.PREFERENCES, token),
            "feed": within_site(feed),
            "feed_address": feed,
            "status": subscriber.status.value,
            "paused_until": subscriber.paused_until,
            "may_return": subscriber.confirmed_at is not None,
            "tomorrow": local_date(site.clock.now(), zone) + timedelta(days=1),
            "values": filled.values if filled else forms.shown(Preferences.of(subscriber)),
            "guessed": "",
            "problems": problems,
            "opinions": self._opinions(tx, subscriber),
            "seeds": _seeds(tx, subscriber),
            "sample": sample,
            "said": said,
            "wrong": status != 200,
        }
        if status == 429:
            return self.pages.too_often("preferences", context)
        return self.pages.show("preferences", context, status=status)

    def _feed(self, subscriber: Subscriber) -> str:
        app = self.pages.app
        now = app.clock.now()
        return app.links.dated(max(now, subscriber.feed_since or now)).feed(subscriber.public_id)

    def _opinions(self, tx: Transaction, subscriber: Subscriber) -> Collection[dict[str, Any]]:
        newest = tx.feedback.of(subscriber.id)[: -MOST_OPINIONS - 1 : -1]
        papers = tx.papers.many(said.paper_key for said in newest)
        return [
            {
                "paper": said.paper_key,
                "title": papers[said.paper_key].title,
                "page": page_of(said.paper_key),
                "opinion": said.opinion.value,
                "day": said.given_at.date(),
            }
            for said in newest
        ]


def _seeds(tx: Transaction, subscriber: Subscriber) -> dict[str, int]:
    """Count the papers that somebody gave as examples, and those of them that are here."""
    keys = [one.value for one in subscriber.interests if one.kind is InterestKind.SEED]
    return {"total": len(keys), "here": len(tx.papers.many(keys))}


def _be_sure(form: FormData) -> None:
    if not forms.text(form, "sure"):
        raise InvalidInput("Please tick the box to say that you are sure.")


def _day(text: str) -> date | None:
    if not text:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise InvalidInput("Please write the day like 2026-12-24.") from error
