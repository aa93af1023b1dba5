"""What the links in a mail lead to. GET shows, only POST acts."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from fastapi import APIRouter, Depends
from fastapi.responses import HTMLResponse, PlainTextResponse, Response
from starlette.datastructures import FormData
from starlette.requests import Request

from digest import feedback, subscriptions
from digest.errors import InvalidInput, NotFound, TokenExpired, TokenInvalid
from digest.feedback import Ballot
from digest.model import Opinion, Subscriber, SubscriberStatus
from digest.store import Transaction
from digest.subscriptions import Preferences
from digest.tokens import Purpose
from digest.web import forms
from digest.web.forms import read_form
from digest.web.front import paper_view
from digest.web.pages import Pages, path_of
from digest.web.security import MAIL_POLICY, Network, visitor

Form = Depends(read_form)


@dataclass(frozen=True)
class TokenPages:
    """The pages behind signed links; whoever holds the link is taken to be the subscriber."""

    pages: Pages
    trusted: tuple[Network, ...] = ()

    def router(self) -> APIRouter:
        """Return the routes."""
        router = APIRouter()
        for path, show, act in (
            ("/confirm/{token}", self.ask_to_confirm, self.confirm),
            ("/unsubscribe/{token}", self.ask_to_leave, self.leave),
            ("/preferences/{token}", self.show_preferences, self.change_preferences),
            ("/feedback/{token}", self.ask_for_opinion, self.give_opinion),
            ("/digest/{token}", self.digest, None),
        ):
            router.add_api_route(path, show, methods=["GET", "HEAD"], response_model=None)
            if act is not None:
                router.add_api_route(path, act, methods=["POST"], response_model=None)
        return router

    # --- confirm ----------------------------------------------------------------------

    def ask_to_confirm(self, token: str) -> Response:
        """Show the button that confirms."""
        with self.pages.app.store.read() as tx:
            subscriber = self._who_asked(tx, token)
        if subscriber.status is SubscriberStatus.UNCONFIRMED:
            return self.pages.show("confirm", {"email": subscriber.email})
        return self._confirmed(subscriber)

    def confirm(self, token: str, request: Request) -> Response:
        """Confirm."""
        with self.pages.app.store.write() as tx:
            subscriber = self._who_asked(tx, token)
            subscriber = subscriptions.confirm(
                tx, subscriber.public_id, **self._letting_in(request)
            )
        return self._confirmed(subscriber)

    def _who_asked(self, tx: Transaction, token: str) -> Subscriber:
        """Return whose sign-up a link is about; raise `TokenExpired` where that is long ago."""
        app = self.pages.app
        subscriber = subscriptions.find(tx, self._read(Purpose.CONFIRM, token)[0])
        life = timedelta(days=app.settings.retention.unconfirmed_days)
        asked_at = subscriber.created_at
        if (
            subscriber.status is SubscriberStatus.UNCONFIRMED
            and asked_at is not None
            and app.clock.now() - asked_at > life
        ):
            raise TokenExpired("This link is too old: please sign up again.")
        return subscriber

    def _confirmed(self, subscriber: Subscriber) -> Response:
        if subscriber.status is SubscriberStatus.UNSUBSCRIBED:
            return self.pages.notice(
                "This link has been used",
                "You have unsubscribed since. You can sign up again on the front page.",
            )
        schedule = self.pages.app.settings.schedule
        hour = schedule.default_hour if subscriber.hour is None else subscriber.hour
        context = {
            **self._links(subscriber),
            "cadence": subscriber.cadence.value,
            "weekly_day": schedule.weekly_day.capitalize(),
            "hour": f"{hour:02}:00",
            "zone": subscriber.timezone or schedule.timezone,
            "has_interests": bool(subscriber.interests),
        }
        return self.pages.show("confirmed", context)

    # --- unsubscribe ------------------------------------------------------------------

    def ask_to_leave(self, token: str) -> Response:
        """Show the button that unsubscribes."""
        with self.pages.app.store.read() as tx:
            subscriber = subscriptions.find(tx, self._read(Purpose.UNSUBSCRIBE, token)[0])
        return self._left(subscriber)

    def leave(self, token: str, request: Request, form: FormData = Form) -> Response:
        """Unsubscribe, or take that back; RFC 8058 section 3.1 posts without our form."""
        (public_id, *_) = self._read(Purpose.UNSUBSCRIBE, token)
        app = self.pages.app
        action = forms.text(form, "action")
        with app.store.write() as tx:
            if action == "rejoin":
                subscriber = subscriptions.rejoin(tx, public_id, **self._letting_in(request))
            elif action == "leave":
                subscriber = subscriptions.unsubscribe(
                    tx, public_id, now=app.clock.now(), goodbye=app.domain
                )
            else:
                _leave_at_once(tx, public_id, self.pages)
                return PlainTextResponse("You are unsubscribed.\n")
        return self._left(subscriber)

    def _left(self, subscriber: Subscriber) -> Response:
        context = {
            **self._links(subscriber),
            "gone": subscriber.status is SubscriberStatus.UNSUBSCRIBED,
            "may_return": subscriber.confirmed_at is not None,
        }
        return self.pages.show("unsubscribe", context)

    # --- preferences ------------------------------------------------------------------

    def show_preferences(self, token: str) -> Response:
        """Show what a subscriber has chosen."""
        with self.pages.app.store.read() as tx:
            subscriber = subscriptions.find(tx, self._read(Purpose.PREFERENCES, token)[0])
        return self._preferences(subscriber)

    def change_preferences(self, token: str, request: Request, form: FormData = Form) -> Response:
        """Save, pause, resume, leave, come back or be forgotten."""
        (public_id, *_) = self._read(Purpose.PREFERENCES, token)
        app = self.pages.app
        now = app.clock.now()
        action = forms.text(form, "action")
        try:
            with app.store.write() as tx:
                subscriber = subscriptions.find(tx, public_id)
                if action == "erase":
                    return self._erase(tx, subscriber, form)
                if action == "pause":
                    until = _day(forms.text(form, "until"))
                    subscriber = subscriptions.pause(tx, public_id, until=until, now=now)
                elif action == "resume":
                    subscriber = subscriptions.resume(tx, public_id)
                elif action == "leave":
                    subscriber = subscriptions.unsubscribe(
                        tx, public_id, now=now, goodbye=app.domain
                    )
                elif action == "rejoin":
                    subscriber = subscriptions.rejoin(tx, public_id, **self._letting_in(request))
                else:
                    wanted, filled = forms.read(form, Preferences.of(subscriber))
                    if filled.problems:
                        return self._preferences(subscriber, filled)
                    subscriber = subscriptions.edit(tx, public_id, wanted, now=now)
        except InvalidInput as error:
            with app.store.read() as tx:
                subscriber = subscriptions.find(tx, public_id)
            return self._preferences(subscriber, said=str(error), status=422)
        return self._preferences(subscriber, said=SAID.get(action, "Your preferences are saved."))

    def _erase(self, tx: Transaction, subscriber: Subscriber, form: FormData) -> Response:
        if not forms.text(form, "sure"):
            raise InvalidInput("Please tick the box to say that you are sure.")
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

    def _preferences(
        self,
        subscriber: Subscriber,
        filled: forms.Filled | None = None,
        *,
        said: str = "",
        status: int = 200,
    ) -> Response:
        context = {
            **self.pages.choices,
            "email": subscriber.email,
            "status": subscriber.status.value,
            "paused_until": subscriber.paused_until,
            "may_return": subscriber.confirmed_at is not None,
            "values": filled.values if filled else forms.shown(Preferences.of(subscriber)),
            "problems": filled.problems if filled else {},
            "said": "Please look at the marked fields: nothing is saved yet." if filled else said,
            "wrong": filled is not None or status != 200,
        }
        return self.pages.show("preferences", context, status=422 if filled else status)

    # --- feedback ---------------------------------------------------------------------

    def ask_for_opinion(self, token: str, paper: str = "", opinion: str = "") -> Response:
        """Show the paper and the button."""
        with self.pages.app.store.read() as tx:
            ballot = self._ballot(tx, token, paper, opinion)
        return self._opinion(ballot)

    def give_opinion(
        self, token: str, paper: str = "", opinion: str = "", form: FormData = Form
    ) -> Response:
        """Give an opinion, change it, or take it back."""
        action = forms.text(form, "action")
        with self.pages.app.store.write() as tx:
            ballot = self._ballot(tx, token, paper, opinion)
            if action == "withdraw":
                ballot = feedback.withdraw(tx, ballot)
            else:
                said = Opinion(action) if action in list(Opinion) else ballot.offered
                ballot = feedback.give(tx, ballot, said, now=self.pages.app.clock.now())
        return self._opinion(ballot)

    def _ballot(self, tx: Transaction, token: str, paper: str, opinion: str) -> Ballot:
        (public_id,) = self._read(Purpose.FEEDBACK, token)
        if not paper or opinion not in list(Opinion):
            raise TokenInvalid("This link has lost its end: copy the whole link from the mail.")
        return feedback.look(tx, public_id, paper, opinion)

    def _opinion(self, ballot: Ballot) -> Response:
        context = {
            **self._links(ballot.subscriber),
            "paper": paper_view(ballot.paper),
            "offered": ballot.offered.value,
            "given": ballot.given.value if ballot.given else "",
        }
        return self.pages.show("feedback", context)

    # --- view in browser --------------------------------------------------------------

    def digest(self, token: str) -> Response:
        """Show a mail as it was sent."""
        public_id, key = self._read(Purpose.DIGEST, token, parts=2)
        app = self.pages.app
        with app.store.read() as tx:
            subscriber = subscriptions.find(tx, public_id)
            delivery = tx.deliveries.by_key(key)
            if delivery is None or delivery.subscriber_id != subscriber.id:
                raise NotFound("This mail is not kept any more.")
            picks = tx.deliveries.picks(delivery.id)
        html = app.render(delivery, subscriber, picks).html
        return HTMLResponse(html, headers={"Content-Security-Policy": MAIL_POLICY})

    # --- what they share --------------------------------------------------------------

    def _read(self, purpose: Purpose, token: str, *, parts: int = 1) -> tuple[str, ...]:
        found = self.pages.app.signer.read(purpose, token)
        if len(found) != parts:
            raise NotFound("This link was made by another version of the program.")
        return found

    def _letting_in(self, request: Request) -> dict[str, Any]:
        app = self.pages.app
        return {
            "origin": visitor(request, self.trusted),
            "now": app.clock.now(),
            "domain": app.domain,
            "hash_email": app.signer.hash_email,
        }

    def _links(self, subscriber: Subscriber) -> dict[str, str]:
        links = self.pages.app.links
        return {
            "email": subscriber.email,
            "preferences_link": path_of(links.preferences(subscriber.public_id)),
        }


SAID = {
    "pause": "Your digest is paused.",
    "resume": "Your digest goes on.",
    "leave": "You are unsubscribed.",
    "rejoin": "Welcome back: your digest goes on.",
}


def _leave_at_once(tx: Transaction, public_id: str, pages: Pages) -> None:
    try:
        subscriptions.unsubscribe(tx, public_id, now=pages.app.clock.now())
    except NotFound:
        # Erased since: what was asked for is true already, and the sender cannot be shown more.
        return


def _day(text: str) -> date | None:
    if not text:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise InvalidInput("Please write the day like 2026-12-24.") from error
