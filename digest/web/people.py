"""What the links in a mail lead to. GET shows, only POST acts."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from fastapi import APIRouter
from fastapi.responses import HTMLResponse, PlainTextResponse, Response
from starlette.requests import Request

from digest import feedback, subscriptions
from digest.errors import InvalidInput, NotFound, SignUpExpired, TokenInvalid
from digest.feedback import Ballot
from digest.model import Opinion, Subscriber, SubscriberStatus
from digest.store import Transaction
from digest.subscriptions import CONSENT_WORDING, Preferences
from digest.tokens import Purpose
from digest.web import forms
from digest.web.forms import Form
from digest.web.limits import Gate, refuse_foreign
from digest.web.pages import Pages, routes
from digest.web.sample import Sampler
from digest.web.security import MAIL_POLICY
from digest.web.tokens import letting_in, links_of, read_token
from digest.web.views import paper_view


@dataclass(frozen=True)
class TokenPages:
    """The pages behind signed links; whoever holds the link is taken to be the subscriber."""

    pages: Pages
    sampler: Sampler
    gate: Gate

    def router(self) -> APIRouter:
        """Return the routes."""
        router = routes(
            {
                "/confirm/{token}": self.ask_to_confirm,
                "/unsubscribe/{token}": self.ask_to_leave,
                "/feedback/{token}": self.ask_for_opinion,
                "/digest/{token}": self.digest,
            },
            {"/confirm/{token}": self.confirm, "/feedback/{token}": self.give_opinion},
            gate=self.gate,
        )
        # One mailbox provider leaves for many, and nobody is to be kept from leaving.
        router.include_router(routes({}, {"/unsubscribe/{token}": self.leave}))
        return router

    # --- confirm ----------------------------------------------------------------------

    def ask_to_confirm(self, token: str, request: Request) -> Response:
        """Show the button that confirms, and what will come."""
        with self.pages.app.store.read() as tx:
            subscriber = self._who_asked(tx, token)
        asked = subscriptions.asking(subscriber)
        if asked is None:
            return self._confirmed(subscriber, Purpose.CONFIRM, token)
        wanted = Preferences.of(asked)
        context = {
            **self.pages.rhythm_of(asked),
            "email": subscriber.email,
            "consent": CONSENT_WORDING,
            "sample": self.sampler.glimpse(wanted, asked_by=self.pages.visitor(request)),
        }
        return self.pages.show("confirm", context)

    def confirm(self, token: str, request: Request) -> Response:
        """Confirm."""
        self._refuse_foreign(request)
        with self.pages.app.store.write() as tx:
            subscriber = self._who_asked(tx, token)
            subscriber = subscriptions.confirm(
                tx,
                subscriber.public_id,
                domain=self.pages.app.domain,
                **letting_in(self.pages, request),
            )
        return self._confirmed(subscriber, Purpose.CONFIRM, token)

    def _who_asked(self, tx: Transaction, token: str) -> Subscriber:
        """Return whose sign-up a link is about; raise `SignUpExpired` if it asks no more."""
        app = self.pages.app
        subscriber = subscriptions.find(tx, read_token(app, Purpose.CONFIRM, token)[0])
        if subscriptions.asking(subscriber) is not None:
            made_at = app.signer.made_at(Purpose.CONFIRM, token)
            life = timedelta(days=app.settings.retention.unconfirmed_days)
            is_old = app.clock.now() - made_at > life
            if is_old or not subscriptions.still_asks(tx, subscriber, made_at):
                raise SignUpExpired("This link is too old: please sign up again.")
        return subscriber

    def _confirmed(self, subscriber: Subscriber, purpose: Purpose, token: str) -> Response:
        if subscriber.status is SubscriberStatus.UNSUBSCRIBED:
            return self.pages.notice(
                "This link has been used",
                "You have unsubscribed since. You can sign up again on the front page.",
            )
        context = {
            **links_of(self.pages.app, subscriber, purpose, token),
            **self.pages.rhythm_of(subscriber),
            "has_interests": bool(subscriber.interests),
        }
        return self.pages.show("confirmed", context)

    def _refuse_foreign(self, request: Request) -> None:
        refuse_foreign(request, self.pages.app.settings.site.base_url)

    # --- unsubscribe ------------------------------------------------------------------

    def ask_to_leave(self, token: str) -> Response:
        """Show the button that unsubscribes."""
        with self.pages.app.store.read() as tx:
            subscriber = subscriptions.find(
                tx, read_token(self.pages.app, Purpose.UNSUBSCRIBE, token)[0]
            )
        return self._left(subscriber, token)

    def leave(self, token: str, request: Request, form: Form) -> Response:
        """Unsubscribe, or take that back; RFC 8058 section 3.1 posts without our form."""
        (public_id, *_) = read_token(self.pages.app, Purpose.UNSUBSCRIBE, token)
        app = self.pages.app
        action = forms.text(form, "action")
        if action not in ("", "leave", "rejoin"):
            raise InvalidInput("This page does not know that button: please load it again.")
        if action:
            # One click comes from the mailbox provider's own page, or from none.
            self._refuse_foreign(request)
        with app.store.write() as tx:
            if action == "rejoin":
                subscriber = subscriptions.rejoin(tx, public_id, **letting_in(self.pages, request))
            elif action == "leave":
                subscriber = subscriptions.unsubscribe(
                    tx, public_id, now=app.clock.now(), goodbye=app.domain
                )
            else:
                _leave_at_once(tx, public_id, self.pages)
                return PlainTextResponse("You are unsubscribed.\n")
        if action == "rejoin" and subscriber.status is SubscriberStatus.CONFIRMED:
            return self._confirmed(subscriber, Purpose.UNSUBSCRIBE, token)
        return self._left(subscriber, token)

    def _left(self, subscriber: Subscriber, token: str) -> Response:
        context = {
            **links_of(self.pages.app, subscriber, Purpose.UNSUBSCRIBE, token),
            "gone": subscriber.status is SubscriberStatus.UNSUBSCRIBED,
            "may_return": subscriber.confirmed_at is not None,
        }
        return self.pages.show("unsubscribe", context)

    # --- feedback ---------------------------------------------------------------------

    def ask_for_opinion(self, token: str, paper: str = "", opinion: str = "") -> Response:
        """Show the paper and the button."""
        with self.pages.app.store.read() as tx:
            ballot = self._ballot(tx, token, paper, opinion)
        return self._opinion(ballot, token)

    def give_opinion(
        self, token: str, request: Request, form: Form, paper: str = "", opinion: str = ""
    ) -> Response:
        """Give an opinion, change it, or take it back."""
        self._refuse_foreign(request)
        action = forms.text(form, "action")
        with self.pages.app.store.write() as tx:
            ballot = self._ballot(tx, token, paper, opinion)
            if action == "withdraw":
                ballot = feedback.withdraw(tx, ballot)
            else:
                said = Opinion(action) if action in list(Opinion) else ballot.offered
                ballot = feedback.give(tx, ballot, said, now=self.pages.app.clock.now())
        return self._opinion(ballot, token, "Taken back." if action == "withdraw" else "")

    def _ballot(self, tx: Transaction, token: str, paper: str, opinion: str) -> Ballot:
        (public_id,) = read_token(self.pages.app, Purpose.FEEDBACK, token)
        if not paper or opinion not in list(Opinion):
            raise TokenInvalid("This link has lost its end: copy the whole link from the mail.")
        return feedback.look(tx, public_id, paper, opinion)

    def _opinion(self, ballot: Ballot, token: str, said: str = "") -> Response:
        context = {
            **links_of(self.pages.app, ballot.subscriber, Purpose.FEEDBACK, token),
            "paper": paper_view(ballot.paper),
            "offered": ballot.offered.value,
            "given": ballot.given.value if ballot.given else "",
            "said": said,
        }
        return self.pages.show("feedback", context)

    # --- view in browser --------------------------------------------------------------

    def digest(self, token: str) -> Response:
        """Show a mail as it was sent."""
        public_id, key = read_token(self.pages.app, Purpose.DIGEST, token, parts=2)
        app = self.pages.app
        with app.store.read() as tx:
            subscriber = subscriptions.find(tx, public_id)
            delivery = tx.deliveries.by_key(key)
            if delivery is None or delivery.subscriber_id != subscriber.id:
                raise NotFound("This mail is not kept any more.")
            picks = tx.deliveries.picks(delivery.id)
        html = app.render(delivery, subscriber, picks).html
        return HTMLResponse(html, headers={"Content-Security-Policy": MAIL_POLICY})


def _leave_at_once(tx: Transaction, public_id: str, pages: Pages) -> None:
    try:
        subscriptions.unsubscribe(tx, public_id, now=pages.app.clock.now())
    except NotFound:
        # Erased since: what was asked for is true already, and the sender cannot be shown more.
        return
