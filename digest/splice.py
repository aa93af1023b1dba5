"""Digests out of pieces that were rendered and encoded once.

The card of a paper is the same for all who get it but for its position, its reason and the token
in its links; the frame around the cards is the same but for the reader's address and links. So
each is rendered once with slots in those places, cut at them and put into quoted-printable; a
message is those bytes and the encoded values in turn. It says what `compose.compose` says, part
by part; where a template wants more of a value than a slot can give, that one is called instead.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from threading import Lock

from digest import wire
from digest.compose import (
    PAUSE,
    about_context,
    compose,
    finished,
    headers,
    paper_context,
    parts_context,
    render,
    shared_context,
)
from digest.config import Bounces, Site
from digest.dkim import Key
from digest.excerpts import Room, cut, room_for
from digest.fragments import CARD, TITLE, Card, Fragment, Frame, Kept
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
from digest.ports import Renderer
from digest.slots import Block, Closed, Piece, Print, Slot

log = logging.getLogger(__name__)

# How many are kept: a card has about 6 KB, a frame 13 KB, the values of a slot 0.5 KB.
CARDS = 4096
FRAMES = 512
VALUES = 8192

# What differs by reader, and where it comes from.
Source = Callable[[Delivery, Subscriber, Links], object]
_FEEDBACK = "paper.more or paper.less"
_UNSUBSCRIBE = "links.unsubscribe"
_LOOKED_AT = "looked_at"
_PERSONAL: Mapping[str, Source] = {
    _LOOKED_AT: lambda delivery, _, __: delivery.facts.get("papers", 0),
    "subscriber.email": lambda _, subscriber, __: subscriber.email,
    "subscriber.name": lambda _, subscriber, __: subscriber.name,
    "links.confirm": lambda _, subscriber, links: links.confirm(subscriber.public_id),
    "links.preferences": lambda _, subscriber, links: links.preferences(subscriber.public_id),
    _UNSUBSCRIBE: lambda _, subscriber, links: links.unsubscribe(subscriber.public_id),
    "links.browser": lambda delivery, subscriber, links: links.digest(
        subscriber.public_id, delivery.key
    ),
    _FEEDBACK: lambda _, subscriber, links: links.feedback(subscriber.public_id),
}
# What differs by pick.
_POSITION, _REASON = "paper.position", "paper.reason"

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
        self._subjects: Kept[Sequence[Piece]] = Kept(VALUES)
        self._cards: Kept[Card] = Kept(CARDS)
        self._values: Kept[bytes] = Kept(VALUES)
        self._rows: Kept[dict[Print, bytes]] = Kept(VALUES)
        # How the cards so far print what differs by reader, and by pick.
        self._personal: dict[Print, None] = {}
        self._own: dict[str, dict[Print, None]] = {_POSITION: {}, _REASON: {}}

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
        """Render the three parts of one delivery as they are read; raise `RenderError`."""
        return render(
            delivery,
            subscriber,
            picks,
            site=self._site,
            renderer=self._renderer,
            links=self._links,
        )

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
    def kept(self) -> tuple[Kept[Frame], Kept[Card], Kept[bytes], Kept[dict[Print, bytes]]]:
        """Return what is kept between messages."""
        return self._frames, self._cards, self._values, self._rows

    # --- one message ------------------------------------------------------------------

    def _spliced(self, delivery: Delivery, subscriber: Subscriber, picks: Sequence[Pick]) -> bytes:
        edition = self._edition(delivery, subscriber, len(picks))
        frame = self._frame(edition, delivery, subscriber, len(picks))
        room = room_for(len(picks))
        cards = [self._card(delivery, subscriber, pick, room) for pick in picks]
        reader = _Reader(delivery, subscriber, self._links.dated(delivery.date))
        unsubscribe = str(reader[_UNSUBSCRIBE])
        values = frame.empty.copy()
        encoded: dict[str, bytes] = {}  # most are printed in both parts, and read the same
        for one in (*frame.personal, *self._personal):
            if one.name == _LOOKED_AT:  # many readers have the same
                values[one] = self._value(one, reader[one.name])
                continue
            said = one.text(reader[one.name])
            values[one] = encoded.get(said) or encoded.setdefault(said, wire.quoted(said))
        for one in frame.titles:
            values[one] = self._value(one, _title(picks[one.number], room))
        texts: list[list[bytes]] = []
        opinions: list[list[bytes]] = []
        htmls: list[list[bytes]] = []
        known = self._rows.get
        for card, pick in zip(cards, picks, strict=True):
            for place in ((_POSITION, pick.position), (_REASON, pick.reason)):
                values |= known(place) or self._row(*place)
            text, opinion, html = card.filled(values)
            texts.append(text)
            opinions.append(opinion)
            htmls.append(html)
        subject = "".join(
            [
                piece
                if isinstance(piece, str)
                else piece.text(
                    _title(picks[piece.number], room) if piece.name == TITLE else reader[piece.name]
                )
                for piece in self._subject(edition, frame, delivery)
            ]
        )
        written = headers(
            delivery,
            subscriber,
            " ".join(subject.split()),
            site=self._site,
            unsubscribe=unsubscribe,
        )
        return wire.assemble(
            list(written),
            frame.text.filled(values, texts + opinions),
            frame.html.filled(values, htmls),
            seed=delivery.message_id,
        )

    def _value(self, one: Print, value: object) -> bytes:
        found = self._values.get((one, value))
        if found is None:
            found = self._values.keep((one, value), wire.quoted(one.text(value)))
        return found

    def _row(self, name: str, value: object) -> dict[Print, bytes]:
        """Return a pick's value in each of the ways in which the cards print it."""
        made = {one: wire.quoted(one.text(value)) for one in self._own[name]}
        return self._rows.keep((name, value), made)

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
                more=Slot(_FEEDBACK, sure=True, tail=on(paper.key, Opinion.MORE)),
                less=Slot(_FEEDBACK, sure=True, tail=on(paper.key, Opinion.LESS)),
            ),
        }
        made = Card(
            paper,
            *(
                Fragment(self._renderer.pieces(f"email/{delivery.kind}/{name}", context))
                for name in ("paper.txt", "opinion.txt", "paper.html")
            ),
        )
        for one in made.prints:
            if one.name in _PERSONAL:
                self._personal[one] = None
            elif one not in self._own[one.name]:
                self._own[one.name][one] = None
                self._rows.clear()
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
        return self._frames.keep(
            edition, Frame(shared, Fragment(text, whole=True), Fragment(html, whole=True))
        )

    def _subject(self, edition: Edition, frame: Frame, delivery: Delivery) -> Sequence[Piece]:
        about = about_context(delivery)
        key = (edition, repr(about))
        found = self._subjects.get(key)
        if found is None:
            context = {**frame.context, "about": about}
            pieces = self._renderer.pieces(f"email/{delivery.kind}/subject.txt", context)
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
            "looked_at": Slot("looked_at", sure=True) if looked else 0,
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


class _Reader(dict[str, object]):
    """What differs by reader; a link is signed when a template asks for it."""

    def __init__(self, delivery: Delivery, subscriber: Subscriber, links: Links) -> None:
        super().__init__()
        self._asked = (delivery, subscriber, links)

    def __missing__(self, name: str) -> object:
        self[name] = value = _PERSONAL[name](*self._asked)
        return value


def _title(pick: Pick, room: Room) -> str:
    return cut(pick.paper.title, room.title)
