"""What the pages behind signed links share; whoever holds a link is taken to be the subscriber."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from starlette.requests import Request

from digest.app import App
from digest.errors import NotFound
from digest.model import Subscriber
from digest.tokens import Purpose
from digest.web.pages import Pages, within_site

# Mails are passed on, and the preferences hold everything: a newer mail, or one that is asked for,
# has a newer link. What leads out of the list works for ever.
PREFERENCES_LIFE = timedelta(days=30)
_LIVES = {Purpose.PREFERENCES: PREFERENCES_LIFE.total_seconds()}


def read_token(app: App, purpose: Purpose, token: str, *, parts: int = 1) -> tuple[str, ...]:
    """Return the parts of a link of ours; raise `TokenInvalid`, `TokenExpired` or `NotFound`."""
    found = app.signer.read(purpose, token, max_age=_LIVES.get(purpose))
    if len(found) != parts:
        raise NotFound("This link was made by another version of the program.")
    return found


def letting_in(pages: Pages, request: Request) -> dict[str, Any]:
    """Return what `subscriptions` wants to know of who confirms or comes back."""
    return {
        "origin": pages.visitor(request),
        "now": pages.app.clock.now(),
        "hash_email": pages.app.signer.hash_email,
    }


def links_of(app: App, subscriber: Subscriber, purpose: Purpose, token: str) -> dict[str, str]:
    """Return what the page behind a link says and links to of one subscriber.

    What it links to is as old as the link itself: no page makes an old link young again.
    """
    links = app.links.dated(app.signer.made_at(purpose, token))
    return {
        "email": subscriber.email,
        "preferences_link": within_site(links.preferences(subscriber.public_id)),
    }
