"""A delivery with its picks -> a message, ready for the wire.

The same delivery always gives the same bytes: what changes with time (figures, notes) was
written into its row when it was planned.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from hashlib import blake2b
from typing import Any
from urllib.parse import quote

from digest import wire
from digest.config import Bounces, Site
from digest.dkim import Key, signed
from digest.excerpts import Room, cut, opening, room_for, size
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
    Section,
    SignalName,
    Subscriber,
)
from digest.ports import Renderer

# Messages of the list; the others answer something that a person did.
LISTED = frozenset({DeliveryKind.DIGEST, DeliveryKind.WELCOME})

# Where the page of the preferences offers a pause.
PAUSE = "#pause"

_NAME = 80  # bytes of an author
_CATEGORY = 30


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
    written = (
        *standing_headers(delivery, site=site),
        *own_headers(
            delivery,
            subscriber,
            content.subject,
            unsubscribe=links.dated(delivery.date).unsubscribe(subscriber.public_id),
        ),
    )
    return finished(
        delivery,
        subscriber,
        wire.message(written, content, seed=delivery.message_id),
        sender=links.return_path(bounces.return_path or site.from_address, delivery.id),
        keys=keys,
    )


def finished(
    delivery: Delivery,
    subscriber: Subscriber,
    content: bytes,
    *,
    sender: str,
    keys: Sequence[Key],
) -> Message:
    """Return the message that has this content: signed, and in its envelope."""
    return Message(
        sender=wire.address_of(sender),
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


def standing_headers(delivery: Delivery, *, site: Site) -> Iterator[wire.Header]:
    """Yield the header fields, encoded and folded, that name no reader.

    List fields as RFC 2369, 2919 and 8058 want them; every message says that it was made by a
    program (RFC 3834).
    """
    yield "From", wire.mailbox(site.from_name or site.name, site.from_address, used=6)
    if site.reply_to:
        yield "Reply-To", wire.address_of(site.reply_to)
    yield "Date", wire.date(delivery.date)
    domain = wire.address_of(site.from_address).rpartition("@")[2]
    yield "Feedback-ID", feedback_id(delivery, domain)
    if delivery.kind in LISTED:
        yield "List-Id", wire.list_id(site.name, f"digest.{domain}")
        yield "List-Unsubscribe-Post", "List-Unsubscribe=One-Click"
        yield "Precedence", "bulk"
    yield "Auto-Submitted", "auto-generated"
    yield "Content-Language", site.language


def own_headers(
    delivery: Delivery, subscriber: Subscriber, subject: str, *, unsubscribe: str
) -> Iterator[wire.Header]:
    """Yield the header fields of one reader's message, encoded and folded."""
    yield "To", wire.mailbox(name_of(delivery, subscriber), subscriber.email, used=4)
    yield "Subject", wire.text(subject, used=9)
    yield "Message-ID", delivery.message_id
    if delivery.kind in LISTED:
        yield "List-Unsubscribe", f"<{unsubscribe}>"


def name_of(delivery: Delivery, subscriber: Subscriber) -> str:
    """Return how a mail addresses its reader: not at all before they have said that it is them.

    Until then anybody may have typed the name, and would have us mail their words to others.
    """
    return "" if delivery.kind is DeliveryKind.CONFIRM else subscriber.name


def feedback_id(delivery: Delivery, domain: str) -> str:
    """Return by which Gmail counts complaints: the edition, the list, the kind, and the sender.

    The sender's part stays the same for ever; nothing of it names the reader.
    """
    edition = delivery.edition.slug if delivery.edition else str(delivery.kind)
    sender = blake2b(domain.encode(), digest_size=6).hexdigest()
    return f"{edition}:digest.{domain}:{delivery.kind}:{sender}"


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
    room = room_for(len(picks))
    return {
        **shared_context(delivery, subscriber.cadence, site=site),
        **parts_context(delivery, len(picks)),
        "about": about_context(delivery),
        "subscriber": {"name": name_of(delivery, subscriber), "email": subscriber.email},
        "papers": [
            paper_context(
                pick,
                room,
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
            "pause": links.preferences(person) + PAUSE,
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
        "cadence": delivery.facts.get("cadence", str(cadence)),
        "sources": delivery.facts.get("sources", []),
        "notes": delivery.facts.get("notes", []),
        "interests": delivery.facts.get("interests", 0),
        "topics": [
            {**topic, "url": f"{site.base_url.rstrip('/')}/search?q={quote(topic['name'])}"}
            for topic in delivery.facts.get("topics", [])
        ],
    }


def parts_context(delivery: Delivery, papers: int) -> dict[str, Any]:
    """Return how a digest of so many papers is parted: its sections, and what a card is like."""
    sections = []
    start = 0
    for name, count in delivery.facts.get("sections") or [(Section.FOR_YOU, papers)]:
        if start < papers:
            end = min(start + count, papers)
            sections.append({"name": str(name), "start": start, "end": end})
            start = end
    if sections:
        sections[-1]["end"] = papers  # every paper stands somewhere
    return {"sections": sections, "brief": room_for(papers).brief}


def about_context(delivery: Delivery) -> dict[str, Any]:
    """Return what the subject can tell of a digest."""
    return {"author": "", "topics": [], "trending": "", **delivery.facts.get("about", {})}


def paper_context(
    pick: Pick,
    room: Room,
    *,
    position: object,
    reason: object,
    home: str,
    more: object,
    less: object,
) -> dict[str, Any]:
    """Return what the templates may use of a paper, cut to the room that it has.

    What differs by reader comes from outside.
    """
    paper = pick.paper
    links = _shown(paper.addresses, room)
    return {
        "position": position,
        "title": cut(paper.title, room.title),
        "abstract": opening(paper.abstract, room.abstract) if room.abstract else "",
        "authors": [cut(name, _NAME) for name in paper.authors],
        "people": room.people,
        "brief": room.brief,
        "category": cut(paper.primary_category, _CATEGORY),
        "categories": [cut(name, _CATEGORY) for name in paper.categories[: room.people]],
        "reason": reason,
        "room": room.reason,
        "figures": [
            {"name": str(name), "count": count, "gained": pick.figures.get(f"{name}_gained", 0)}
            for name in SignalName
            if room.people and (count := pick.figures.get(name, 0)) > 0
        ],
        "url": links[0].url if links else home,
        "links": [{"kind": str(link.kind), "url": link.url} for link in links],
        "more": more,
        "less": less,
    }


def _shown(links: Sequence[Link], room: Room) -> list[Link]:
    """Return the first link of each kind, that of the title in front."""
    short = [link for link in links if size(link.url) <= room.url]
    first = {link.kind: link for link in reversed(short)}
    order = [*short[:1], *(first[kind] for kind in LinkKind if kind in first)]
    return list(dict.fromkeys(order))[: room.links]
