"""What the pages behind signed links share; whoever holds a link is taken to be the subscriber."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from starlette.requests import Request

from digest.app import App
from digest.errors import NotFound
from digest.model import Subscriber
from digest.tokens import Purpose
from digest.web.pages import path_of
from digest.web.security import Network, visitor


def read_token(app: App, purpose: Purpose, token: str, *, parts: int = 1) -> tuple[str, ...]:
    """Return the parts of a link of ours; raise `TokenInvalid` or `NotFound`."""
    found = app.signer.read(purpose, token)
    if len(found) != parts:
        raise NotFound("This link was made by another version of the program.")
    return found


def letting_in(app: App, request: Request, trusted: Sequence[Network]) -> dict[str, Any]:
    """Return what `subscriptions` wants to know of who confirms or comes back."""
    return {
        "origin": visitor(request, trusted),
        "now": app.clock.now(),
        "domain": app.domain,
        "hash_email": app.signer.hash_email,
    }


def links_of(app: App, subscriber: Subscriber) -> dict[str, str]:
    """Return what the pages say and link to of one subscriber."""
    return {
        "email": subscriber.email,
        "preferences_link": path_of(app.links.preferences(subscriber.public_id)),
    }
