"""A delivery with its picks -> a message, ready for the wire.

The same delivery always gives the same bytes: what changes with time (figures, notes) was
written into its row when it was planned.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from digest import wire
from digest.config import Bounces, Site
from digest.links import Links
from digest.model import (
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
) -> Message:
    """Make the message of one delivery.

    Raise `RenderError` where a template is broken and `InvalidInput` for an address that cannot
    be written.
    """
    links = links.dated(delivery.date)
    content = render(delivery, subscriber, picks, site=site, renderer=renderer, links=links)
    written = headers(delivery, subscriber, content.subject, site=site, links=links)
    return Message(
        sender=wire.address_of(bounces.return_path or site.from_address),
        recipient=wire.address_of(subscriber.email),
        content=wire.message(list(written), content, seed=delivery.message_id),
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
    return renderer.email(
        delivery.kind, context(delivery, subscriber, picks, site=site, links=links)
    )


def headers(
    delivery: Delivery, subscriber: Subscriber, subject: str, *, site: Site, links: Links
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
        yield "List-Unsubscribe", f"<{links.unsubscribe(subscriber.public_id)}>"
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
    return {
        "site": {
            "name": site.name,
            "language": site.language,
            "postal_address": site.postal_address,
        },
        "subscriber": {"name": subscriber.name, "email": subscriber.email},
        "date": delivery.edition.date if delivery.edition else delivery.date.date(),
        "cadence": str(subscriber.cadence),
        "papers": [_paper(pick, person, links) for pick in picks],
        "looked_at": delivery.facts.get("papers", 0),
        "sources": delivery.facts.get("sources", []),
        "notes": delivery.facts.get("notes", []),
        "links": {
            "home": links.home(),
            "confirm": links.confirm(person),
            "preferences": links.preferences(person),
            "unsubscribe": links.unsubscribe(person),
            "browser": links.digest(person, delivery.key),
        },
    }


def _paper(pick: Pick, person: str, links: Links) -> dict[str, Any]:
    paper = pick.paper
    return {
        "position": pick.position,
        "title": paper.title,
        "abstract": paper.abstract,
        "authors": list(paper.authors),
        "category": paper.primary_category,
        "reason": pick.reason,
        "upvotes": pick.figures.get(SignalName.UPVOTES, 0),
        "comments": pick.figures.get(SignalName.COMMENTS, 0),
        "stars": pick.figures.get(SignalName.STARS, 0),
        "url": paper.links[0].url if paper.links else links.home(),
        "links": [{"label": _LABELS[link.kind], "url": link.url} for link in _shown(paper.links)],
        "more": links.feedback(person, paper.key, Opinion.MORE),
        "less": links.feedback(person, paper.key, Opinion.LESS),
    }


def _shown(links: Sequence[Link]) -> list[Link]:
    """Return the first link of each kind but that of the title."""
    first = {link.kind: link for link in reversed(links[1:])}
    return [first[kind] for kind in LinkKind if kind in first]
