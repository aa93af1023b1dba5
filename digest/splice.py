"""Digests out of pieces that were rendered and encoded once.

The card of a paper is the same for all who get it but for its position, its reason and the token
in its links; the frame around the cards is the same but for the reader's address and links. So
each is rendered once with slots in those places, cut at them and put into quoted-printable; a
message is those bytes and the encoded values in turn. It says what `compose.compose` says, part
by part; where a template wants more of a value than a slot can give, that one is called instead.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from threading import Lock
from typing import Any

from digest import wire
from digest.compose import (
    PAUSE,
    about_context,
    compose,
    context,
    finished,
    own_headers,
    paper_context,
    parts_context,
    shared_context,
    standing_headers,
)
from digest.config import Bounces, Site
from digest.dkim import Key
from digest.excerpts import Room, cut, room_for
from digest.fragments import CARD, TITLE, Body, Card, Fragment, Frame, Kept
from digest.links import Links, on
from digest.model import (
    Delivery,
    DeliveryKind,
    Message,
    Opinion,
    Paper,
    Pick,
    Rendered,
    Subscriber,
)
from digest.personal import AUTHOR, FEEDBACK, UNSUBSCRIBE, Reader
from digest.ports import Renderer
from digest.slots import Block, Closed, Piece, Print, Slot

log = logging.getLogger(__name__)

# How many are kept: a card has about 6 KB, a frame 13 KB, the values of a slot 0.5 KB.
CARDS = 4096
FRAMES = 512
VALUES = 8192

# What differs by digest or by pick, and is the same for many.
_TOPIC = "about.topics[].name"
_LOOKED_AT, _POSITION, _REASON = "looked_at", "paper.position", "paper.reason"

# What is told of one reader's digest only; the body knows nothing of it, or only through a slot.
_OWN_FACTS = frozenset({"papers", "about", "draft"})

# What a template may use of a paper.
_NAMES = tuple(
    paper_context(
        Pick(Paper("", ""), 1, 0, 0, 0, ""),
        room_for(1),
        position=1,
        reason="",
        home="",
        more="",
        less="",
    )
)


Edition = tuple[object, ...]
"""What the frames of two readers have in common where they are the same."""


class Composer:
    """Makes the messages of one site; safe in any thread, one message at a time."""

    def __init__(
        self,
        *,
        site: Site,
        bounces: Bounces,
        renderer: Renderer,
        links: Links,
        keys: Sequence[Key] = (),
    ) -> None:
        self._site = site
        self._bounces = bounces
        self._renderer = renderer
        self._links = links
        self._keys = keys
        self.splicing = True
        self._lock = Lock()
        self._frames: Kept[Frame] = Kept(FRAMES)
        self._heads: Kept[str] = Kept(FRAMES)
        self._subjects: Kept[Sequence[Piece]] = Kept(VALUES)
        self._cards: Kept[Card] = Kept(CARDS)
        self._values: Kept[dict[Print, bytes]] = Kept(VALUES)
        # How all that was rendered so far prints what many have, and the cards what a reader has.
        self._common: dict[str, list[Print]] = {_LOOKED_AT: [], _POSITION: [], _REASON: []}
        self._personal: dict[str, list[Print]] = {}

    def compose(self, delivery: Delivery, subscriber: Subscriber, picks: Sequence[Pick]) -> Message:
        """Make the message of one delivery.

        Raise `RenderError` where a template is broken and `InvalidInput` for an address that
        cannot be written.
        """
        if delivery.kind is not DeliveryKind.DIGEST or not self.splicing:
            return self._plain(delivery, subscriber, picks)
        try:
            with self._lock:
                content = self._spliced(delivery, subscriber, picks)
        except Exception as error:  # templates run anything
            # What is broken is so for both ways: then this raises, and the next one is tried anew.
            message = self._plain(delivery, subscriber, picks)
            if self.splicing:
                self.splicing = False
                log.warning(
                    "digests are rendered one by one, which takes many times as long: %s "
                    "(see docs/howto/change-the-mail.md)",
                    error,
                )
            return message
        return finished(
            delivery,
            subscriber,
            content,
            sender=self._links.return_path(
                self._bounces.return_path or self._site.from_address, delivery.id
            ),
            keys=self._keys,
        )

    def render(self, delivery: Delivery, subscriber: Subscriber, picks: Sequence[Pick]) -> Rendered:
        """Render the three parts of one delivery for the browser; raise `RenderError`."""
        links = self._links.dated(delivery.date)
        told = context(delivery, subscriber, picks, site=self._site, links=links)
        told["links"]["browser"] = ""  # it is read there
        return self._renderer.email(delivery.kind, told)

    def _plain(self, delivery: Delivery, subscriber: Subscriber, picks: Sequence[Pick]) -> Message:
        return compose(
            delivery,
            subscriber,
            picks,
            site=self._site,
            bounces=self._bounces,
            renderer=self._renderer,
            links=self._links,
            keys=self._keys,
        )

    @property
    def kept(self) -> tuple[Kept[Any], ...]:
        """Return what is kept between messages."""
        return self._frames, self._heads, self._subjects, self._cards, self._values

    # --- one message ------------------------------------------------------------------

    def _spliced(self, delivery: Delivery, subscriber: Subscriber, picks: Sequence[Pick]) -> bytes:
        edition = self._edition(delivery, subscriber, len(picks))
        frame = self._frame(edition, delivery, subscriber, len(picks))
        room = room_for(len(picks))
        cards = [self._card(delivery, subscriber, pick, room) for pick in picks]
        reader = Reader(delivery, subscriber, self._links.dated(delivery.date))
        looked_at = delivery.facts.get("papers", 0)
        known = self._values.get
        values = {**(known((_LOOKED_AT, looked_at)) or self._encoded(_LOOKED_AT, looked_at))}
        for prints in (frame.personal, self._personal):
            for name, ways in prints.items():
                _encode(ways, reader[name], into=values)
        for one in frame.titles:
            values[one] = cards[one.number].titled(one)
        texts, opinions, htmls = [], [], []
        for card, pick in zip(cards, picks, strict=True):
            position, reason = pick.position, pick.reason
            values |= known((_POSITION, position)) or self._encoded(_POSITION, position)
            values |= known((_REASON, reason)) or self._encoded(_REASON, reason)
            texts.append(card.text.filled(values))
            opinions.append(card.opinion.filled(values))
            htmls.append(card.html.filled(values))
        about = about_context(delivery)
        subject = self._subject(self._subject_of(edition, frame, about), about, reader, cards)
        own = own_headers(delivery, subscriber, subject, unsubscribe=reader[UNSUBSCRIBE])
        return wire.assemble(
            self._head(edition, delivery) + wire.head(own),
            frame.text.around(texts + opinions, values),
            frame.html.around(htmls, values),
            seed=delivery.message_id,
        )

    @staticmethod
    def _subject(
        pieces: Sequence[Piece],
        about: Mapping[str, Any],
        reader: Reader,
        cards: Sequence[Card],
    ) -> str:
        said = []
        for piece in pieces:
            if isinstance(piece, str):
                said.append(piece)
            elif piece.name == TITLE:
                said.append(piece.text(cards[piece.number].title))
            elif piece.name == _TOPIC:
                said.append(piece.text(about["topics"][piece.number]["name"]))
            else:
                said.append(piece.text(reader[piece.name]))
        return " ".join("".join(said).split())

    # --- what many messages share -----------------------------------------------------

    def _head(self, edition: Edition, delivery: Delivery) -> str:
        key = (delivery.edition is None, *edition[:2], delivery.date)
        found = self._heads.get(key)
        if found is None:
            standing = standing_headers(delivery, site=self._site)
            found = self._heads.keep(key, wire.head(standing))
        return found

    def _encoded(self, name: str, value: object) -> dict[Print, bytes]:
        """Return a value that many have in each of the ways in which it is printed."""
        made: dict[Print, bytes] = {}
        _encode(self._common[name], value, into=made)
        return self._values.keep((name, value), made)

    def _note(self, prints: Sequence[Print], personal: dict[str, list[Print]]) -> None:
        """Note in which ways is printed what many have, and what differs by reader."""
        for one in prints:
            ways = self._common.get(one.name)
            if ways is None:
                ways = personal.setdefault(one.name, [])
            if one not in ways:
                ways.append(one)
                self._values.clear()  # they lack this way

    # --- what is rendered once --------------------------------------------------------

    def _card(self, delivery: Delivery, subscriber: Subscriber, pick: Pick, room: Room) -> Card:
        paper, figures = pick.paper, pick.figures
        key = (paper.key, pick.reason != "", room, *figures.items())
        card = self._cards.get(key)
        if card is not None and (card.paper is paper or card.paper == paper):
            return card
        shared = shared_context(delivery, subscriber.cadence, site=self._site)
        # A card outlives the edition: it may not depend on it.
        closed = (*shared, *parts_context(delivery, 1), "papers", "looked_at", "about")
        context = {
            **{name: Closed(name) for name in closed},
            "site": shared["site"],
            "subscriber": {"name": Slot("subscriber.name"), "email": Slot("subscriber.email")},
            "links": self._links_context(),
            "paper": paper_context(
                pick,
                room,
                position=Slot(_POSITION),
                reason=pick.reason and Slot(_REASON, sure=True),
                home=self._links.home(),
                more=Slot(FEEDBACK, sure=True, tail=on(paper.key, Opinion.MORE)),
                less=Slot(FEEDBACK, sure=True, tail=on(paper.key, Opinion.LESS)),
            ),
        }
        made = Card(
            paper,
            cut(paper.title, room.title),
            *(
                Fragment(self._renderer.pieces(f"email/{delivery.kind}/{name}", context))
                for name in ("paper.txt", "opinion.txt", "paper.html")
            ),
        )
        self._note(made.prints, self._personal)
        return self._cards.keep(key, made)

    def _frame(
        self, edition: Edition, delivery: Delivery, subscriber: Subscriber, papers: int
    ) -> Frame:
        frame = self._frames.get(edition)
        if frame is not None:
            return frame
        blocks = [Block(CARD, number, sure=True) for number in range(2 * papers)]
        shared = self._frame_context(delivery, subscriber, papers)
        context = {
            **shared,
            "about": Closed("about"),
            "cards": blocks[:papers],
            "opinions": blocks[papers:],
        }
        text, html = (
            self._renderer.pieces(f"email/{delivery.kind}/body.{ending}", context)
            for ending in ("txt", "html")
        )
        made = Frame(shared, Body(text), Body(html))
        self._note(made.prints, made.personal)
        return self._frames.keep(edition, made)

    def _subject_of(
        self, edition: Edition, frame: Frame, about: Mapping[str, Any]
    ) -> Sequence[Piece]:
        author, topics = about["author"], about["topics"]
        shape = [(one["name"] != "", one["kind"], one["papers"]) for one in topics]
        key = (edition, author != "", about["trending"], *shape)
        found = self._subjects.get(key)
        if found is None:
            told = {
                **about,
                "author": author and Slot(AUTHOR, sure=True),
                "topics": [
                    {**one, "name": one["name"] and Slot(_TOPIC, number, sure=True)}
                    for number, one in enumerate(topics)
                ],
            }
            context = {**frame.context, "about": told}
            pieces = self._renderer.pieces("email/digest/subject.txt", context)
            found = self._subjects.keep(key, pieces)
        return found

    @staticmethod
    def _edition(delivery: Delivery, subscriber: Subscriber, papers: int) -> Edition:
        """Return what the frames of two readers must have in common to be the same."""
        facts = delivery.facts
        return (
            delivery.edition.date if delivery.edition else delivery.date.date(),
            subscriber.cadence,
            papers,
            bool(subscriber.name),
            bool(facts.get("papers", 0)),
            repr([(name, fact) for name, fact in facts.items() if name not in _OWN_FACTS]),
        )

    def _frame_context(
        self, delivery: Delivery, subscriber: Subscriber, papers: int
    ) -> dict[str, object]:
        named, looked = bool(subscriber.name), bool(delivery.facts.get("papers", 0))
        return {
            **shared_context(delivery, subscriber.cadence, site=self._site),
            **parts_context(delivery, papers),
            "subscriber": {
                "name": Slot("subscriber.name", sure=True) if named else "",
                "email": Slot("subscriber.email", sure=True),
            },
            "looked_at": Slot(_LOOKED_AT, sure=True) if looked else 0,
            "links": self._links_context(),
            # All but its title stands in a paper's card.
            "papers": [
                {**dict.fromkeys(_NAMES, Closed("papers[]")), "title": Slot(TITLE, number)}
                for number in range(papers)
            ],
        }

    def _links_context(self) -> dict[str, object]:
        names = ("confirm", "preferences", "unsubscribe", "browser")
        return {
            "home": self._links.home(),
            **{name: Slot(f"links.{name}", sure=True) for name in names},
            "pause": Slot("links.preferences", sure=True, tail=PAUSE),
        }


def _encode(ways: Sequence[Print], value: object, *, into: dict[Print, bytes]) -> None:
    """Put a value, printed in each of these ways, among others."""
    said, encoded = None, b""
    for one in ways:
        text = one.text(value)
        if text != said:  # most are printed in both parts, and read the same
            said, encoded = text, wire.quoted(text)
        into[one] = encoded
