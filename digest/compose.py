"""A delivery with its picks -> a message, ready for the wire.

The same delivery always gives the same bytes: what changes with time (figures, notes) was
written into its row when it was planned.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any
from urllib.parse import quote

from digest import wire
from digest.config import Bounces, Site
from digest.dkim import Key, signed
from digest.links import Links, on
from digest.model import (
    Cadence,
    Delivery,
    DeliveryKind,
    Link,
    LinkKind,
    Message,
    Opinion,
    Pick,
    Rendered,
    SignalName,
    Subscriber,
)
from digest.ports import Renderer

# Messages of the list; the others answer something that a person did.
LISTED = frozenset({DeliveryKind.DIGEST, DeliveryKind.WELCOME})

_LABELS = {
    LinkKind.ABSTRACT: "Abstract",
    LinkKind.PDF: "PDF",
    LinkKind.CODE: "Code",
    LinkKind.PROJECT: "Project",
    LinkKind.DISCUSSION: "Discussion",
    LinkKind.DOI: "DOI",
}


def compose(
    delivery: Delivery,
    subscriber: Subscriber,
    picks: Sequence[Pick],
    *,
    site: Site,
    bounces: Bounces,
    renderer: Renderer,
    links: Links,
    keys: Sequence[Key] = (),
) -> Message:
    """Make the message of one delivery, signed with the keys.

    Raise `RenderError` where a template is broken and `InvalidInput` for an address that cannot
    be written.
    """
    content = render(delivery, subscriber, picks, site=site, renderer=renderer, links=links)
    written = headers(
        delivery,
        subscriber,
        content.subject,
        site=site,
        unsubscribe=links.dated(delivery.date).unsubscribe(subscriber.public_id),
    )
    return finished(
        delivery,
        subscriber,
        wire.message(list(written), content, seed=delivery.message_id),
        site=site,
        bounces=bounces,
        keys=keys,
    )


def finished(
    delivery: Delivery,
    subscriber: Subscriber,
    content: bytes,
    *,
    site: Site,
    bounces: Bounces,
    keys: Sequence[Key],
) -> Message:
    """Return the message that has this content: signed, and in its envelope."""
    return Message(
        sender=wire.address_of(bounces.return_path or site.from_address),
        recipient=wire.address_of(subscriber.email),
        content=signed(content, keys, at=delivery.date),
        dotless=True,  # as `wire` writes it
    )


def render(
    delivery: Delivery,
    subscriber: Subscriber,
    picks: Sequence[Pick],
    *,
    site: Site,
    renderer: Renderer,
    links: Links,
) -> Rendered:
    """Render the three parts of one delivery; raise `RenderError`."""
    links = links.dated(delivery.date)
    return renderer.email(
        delivery.kind, context(delivery, subscriber, picks, site=site, links=links)
    )


def headers(
    delivery: Delivery, subscriber: Subscriber, subject: str, *, site: Site, unsubscribe: str
) -> Iterator[wire.Header]:
    """Yield the header fields, encoded and folded.

    List fields as RFC 2369, 2919 and 8058 want them; a message that answers a person says that
    it was made by a program (RFC 3834).
    """
    yield "From", wire.mailbox(site.from_name or site.name, site.from_address, used=6)
    yield "To", wire.mailbox(subscriber.name, subscriber.email, used=4)
    if site.reply_to:
        yield "Reply-To", wire.address_of(site.reply_to)
    yield "Subject", wire.text(subject, used=9)
    yield "Date", wire.date(delivery.date)
    yield "Message-ID", delivery.message_id
    if delivery.kind in LISTED:
        domain = wire.address_of(site.from_address).rpartition("@")[2]
        yield "List-Id", wire.list_id(site.name, f"digest.{domain}")
        yield "List-Unsubscribe", f"<{unsubscribe}>"
        yield "List-Unsubscribe-Post", "List-Unsubscribe=One-Click"
        yield "Precedence", "bulk"
    yield "Auto-Submitted", "auto-generated"
    yield "Content-Language", site.language


def context(
    delivery: Delivery,
    subscriber: Subscriber,
    picks: Sequence[Pick],
    *,
    site: Site,
    links: Links,
) -> dict[str, Any]:
    """Return all that the templates of a mail may use (docs/howto/change-the-mail.md)."""
    person = subscriber.public_id
    feedback = links.feedback(person)
    return {
        **shared_context(delivery, subscriber.cadence, site=site),
        "subscriber": {"name": subscriber.name, "email": subscriber.email},
        "papers": [
            paper_context(
                pick,
                position=pick.position,
                reason=pick.reason,
                home=links.home(),
                more=feedback + on(pick.paper.key, Opinion.MORE),
                less=feedback + on(pick.paper.key, Opinion.LESS),
            )
            for pick in picks
        ],
        "looked_at": delivery.facts.get("papers", 0),
        "links": {
            "home": links.home(),
            "confirm": links.confirm(person),
            "preferences": links.preferences(person),
            "unsubscribe": links.unsubscribe(person),
            "browser": links.digest(person, delivery.key),
        },
    }


def shared_context(delivery: Delivery, cadence: Cadence, *, site: Site) -> dict[str, Any]:
    """Return what the mails of one edition have in common."""
    return {
        "site": {
            "name": site.name,
            "language": site.language,
            "postal_address": site.postal_address,
        },
        "date": delivery.edition.date if delivery.edition else delivery.date.date(),
        "cadence": str(cadence),
        "sources": delivery.facts.get("sources", []),
        "notes": delivery.facts.get("notes", []),
        "topics": [
            {**topic, "url": f"{site.base_url.rstrip('/')}/search?q={quote(topic['name'])}"}
            for topic in delivery.facts.get("topics", [])
        ],
    }


def paper_context(
    pick: Pick, *, position: object, reason: object, home: str, more: object, less: object
) -> dict[str, Any]:
    """Return what the templates may use of a paper; what differs by reader comes from outside."""
    paper = pick.paper
    return {
        "position": position,
        "title": paper.title,
        "abstract": paper.abstract,
        "authors": list(paper.authors),
        "category": paper.primary_category,
        "reason": reason,
        "upvotes": pick.figures.get(SignalName.UPVOTES, 0),
        "comments": pick.figures.get(SignalName.COMMENTS, 0),
        "stars": pick.figures.get(SignalName.STARS, 0),
        "url": paper.links[0].url if paper.links else home,
        "links": [{"label": _LABELS[link.kind], "url": link.url} for link in _shown(paper.links)],
        "more": more,
        "less": less,
    }


def _shown(links: Sequence[Link]) -> list[Link]:
    """Return the first link of each kind but that of the title."""
    first = {link.kind: link for link in reversed(links[1:])}
    return [first[kind] for kind in LinkKind if kind in first]
