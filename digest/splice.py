"""Digests out of pieces that were rendered and encoded once.

The card of a paper is the same for all who get it but for its position, its reason and the token
in its links; the frame around the cards is the same but for the reader's address and links. So
each is rendered once with slots in those places, cut at them and put into quoted-printable; a
message is those bytes and the encoded values in turn. It says what `compose.compose` says, part
by part; where a template wants more of a value than a slot can give, that one is called instead.
"""

from __future__ import annotations

import logging
from collections import OrderedDict
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass
from operator import itemgetter
from threading import Lock
from typing import TypeVar

from digest import wire
from digest.compose import compose, finished, headers, paper_context, render, shared_context
from digest.config import Bounces, Site
from digest.dkim import Key
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
FRAMES = 256
VALUES = 8192

# What differs by reader, and where it comes from.
Source = Callable[[Delivery, Subscriber, Links], object]
_FEEDBACK = "paper.more or paper.less"
_UNSUBSCRIBE = "links.unsubscribe"
_PERSONAL: Mapping[str, Source] = {
    "looked_at": lambda delivery, _, __: delivery.facts.get("papers", 0),
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
# What differs by pick; in the frame it is numbered.
_POSITION, _REASON = "paper.position", "paper.reason"
_TITLE, _CARD = "papers[].title", "cards[]"

# What a template may use of a paper.
_NAMES = tuple(
    paper_context(
        Pick(Paper("", ""), 1, 0, 0, 0, ""), position=1, reason="", home="", more="", less=""
    )
)

Value = TypeVar("Value")


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
        self._frames: Kept[_Frame] = Kept(FRAMES)
        self._cards: Kept[_Card] = Kept(CARDS)
        self._titles: Kept[bytes] = Kept(VALUES)
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
            site=self._site,
            bounces=self._bounces,
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
    def kept(self) -> tuple[Kept[_Frame], Kept[_Card], Kept[bytes], Kept[dict[Print, bytes]]]:
        """Return what is kept between messages."""
        return self._frames, self._cards, self._titles, self._rows

    # --- one message ------------------------------------------------------------------

    def _spliced(self, delivery: Delivery, subscriber: Subscriber, picks: Sequence[Pick]) -> bytes:
        frame = self._frame(delivery, subscriber, len(picks))
        cards = [self._card(delivery, subscriber, pick) for pick in picks]
        reader = _Reader(delivery, subscriber, self._links.dated(delivery.date))
        unsubscribe = str(reader[_UNSUBSCRIBE])
        values = frame.empty.copy()
        encoded: dict[str, bytes] = {}  # most are printed in both parts, and read the same
        for one in (*frame.personal, *self._personal):
            text = one.text(reader[one.name])
            values[one] = encoded.get(text) or encoded.setdefault(text, wire.quoted(text))
        for one in frame.titles:
            values[one] = self._title(one, picks[one.number].paper.title)
        texts: list[list[bytes]] = []
        htmls: list[list[bytes]] = []
        known = self._rows.get
        for card, pick in zip(cards, picks, strict=True):
            for place in ((_POSITION, pick.position), (_REASON, pick.reason)):
                values |= known(place) or self._row(*place)
            texts.append(card.text.filled(values))
            htmls.append(card.html.filled(values))
        subject = "".join(
            [
                piece
                if isinstance(piece, str)
                else piece.text(
                    picks[piece.number].paper.title if piece.name == _TITLE else reader[piece.name]
                )
                for piece in frame.subject
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
            frame.text.filled(values, texts),
            frame.html.filled(values, htmls),
            seed=delivery.message_id,
        )

    def _title(self, one: Print, title: str) -> bytes:
        found = self._titles.get((one, title))
        if found is None:
            found = self._titles.keep((one, title), wire.quoted(one.text(title)))
        return found

    def _row(self, name: str, value: object) -> dict[Print, bytes]:
        """Return a pick's value in each of the ways in which the cards print it."""
        made = {one: wire.quoted(one.text(value)) for one in self._own[name]}
        return self._rows.keep((name, value), made)

    # --- what is rendered once --------------------------------------------------------

    def _card(self, delivery: Delivery, subscriber: Subscriber, pick: Pick) -> _Card:
        paper, figures = pick.paper, pick.figures
        key = (paper.key, pick.reason != "", *figures.items())
        card = self._cards.get(key)
        if card is not None and (card.paper is paper or card.paper == paper):
            return card
        shared = shared_context(delivery, subscriber.cadence, site=self._site)
        context = {
            # A card outlives the edition: it may not depend on it.
            **{name: Closed(name) for name in (*shared, "papers", "looked_at")},
            "site": shared["site"],
            "subscriber": {"name": Slot("subscriber.name"), "email": Slot("subscriber.email")},
            "links": self._links_context(),
            "paper": paper_context(
                pick,
                position=Slot(_POSITION),
                reason=pick.reason and Slot(_REASON, sure=True),
                home=self._links.home(),
                more=Slot(_FEEDBACK, sure=True, tail=on(paper.key, Opinion.MORE)),
                less=Slot(_FEEDBACK, sure=True, tail=on(paper.key, Opinion.LESS)),
            ),
        }
        text, html = (
            _Fragment(self._renderer.pieces(f"email/{delivery.kind}/paper.{ending}", context))
            for ending in ("txt", "html")
        )
        for one in (*text.prints, *html.prints):
            if one.name in _PERSONAL:
                self._personal[one] = None
            elif one not in self._own[one.name]:
                self._own[one.name][one] = None
                self._rows.clear()
        return self._cards.keep(key, _Card(paper, text, html))

    def _frame(self, delivery: Delivery, subscriber: Subscriber, papers: int) -> _Frame:
        shared = shared_context(delivery, subscriber.cadence, site=self._site)
        named, looked = bool(subscriber.name), bool(delivery.facts.get("papers", 0))
        key = (
            shared["date"],
            subscriber.cadence,
            tuple(shared["sources"]),
            tuple(shared["notes"]),
            str(shared["topics"]),
            papers,
            named,
            looked,
        )
        frame = self._frames.get(key)
        if frame is not None:
            return frame
        context = {
            **shared,
            "subscriber": {
                "name": Slot("subscriber.name", sure=True) if named else "",
                "email": Slot("subscriber.email", sure=True),
            },
            "looked_at": Slot("looked_at", sure=True) if looked else 0,
            "links": self._links_context(),
            # All but its title stands in a paper's card.
            "papers": [
                {**dict.fromkeys(_NAMES, Closed("papers[]")), "title": Slot(_TITLE, number)}
                for number in range(papers)
            ],
        }
        within = {
            **context,
            "cards": [Block(_CARD, number, sure=True) for number in range(papers)],
        }
        folder = f"email/{delivery.kind}"
        return self._frames.keep(
            key,
            _Frame(
                self._renderer.pieces(f"{folder}/subject.txt", context),
                _Fragment(self._renderer.pieces(f"{folder}/body.txt", within), whole=True),
                _Fragment(self._renderer.pieces(f"{folder}/body.html", within), whole=True),
            ),
        )

    def _links_context(self) -> dict[str, object]:
        names = ("confirm", "preferences", "unsubscribe", "browser")
        return {
            "home": self._links.home(),
            **{name: Slot(f"links.{name}", sure=True) for name in names},
        }


class _Reader(dict[str, object]):
    """What differs by reader; a link is signed when a template asks for it."""

    def __init__(self, delivery: Delivery, subscriber: Subscriber, links: Links) -> None:
        super().__init__()
        self._asked = (delivery, subscriber, links)

    def __missing__(self, name: str) -> object:
        self[name] = value = _PERSONAL[name](*self._asked)
        return value


class Kept(OrderedDict[Hashable, Value]):
    """A dictionary of at most so many entries: the oldest makes room."""

    def __init__(self, most: int) -> None:
        super().__init__()
        self._most = most

    def keep(self, key: Hashable, value: Value) -> Value:
        """Put a value in, and return it."""
        if len(self) >= self._most and key not in self:
            self.popitem(last=False)
        self[key] = value
        return value


class _Fragment:
    """The pieces of one rendered template: literal ones encoded, and what stands between."""

    def __init__(self, pieces: Sequence[Piece], *, whole: bool = False) -> None:
        literals = [piece for piece in pieces if isinstance(piece, str)]
        encoded = [wire.quoted(literal) for literal in literals]
        if whole:
            encoded[-1] = wire.part(literals[-1])
        self._pieces = [b""] * len(pieces)
        self._pieces[::2] = encoded
        self.prints = [piece for piece in pieces if isinstance(piece, Print)]
        self._cards = [
            (2 * at + 1, one.number) for at, one in enumerate(self.prints) if one.name == _CARD
        ][::-1]
        # The place of a card is empty until all else is filled.
        self._values: Callable[[Mapping[Print, bytes]], Sequence[bytes]] = (
            itemgetter(*self.prints)
            if len(self.prints) > 1
            else lambda values: [values[one] for one in self.prints]
        )

    def filled(
        self, values: Mapping[Print, bytes], cards: Sequence[Sequence[bytes]] = ()
    ) -> list[bytes]:
        """Return the bytes in their order; joined, they are the fragment."""
        filled = self._pieces.copy()
        filled[1::2] = self._values(values)
        for at, number in self._cards:
            filled[at : at + 1] = cards[number]
        return filled


@dataclass(frozen=True, slots=True)
class _Card:
    paper: Paper
    text: _Fragment
    html: _Fragment


class _Frame:
    """The three parts of a mail without its cards."""

    def __init__(self, subject: Sequence[Piece], text: _Fragment, html: _Fragment) -> None:
        self.subject = subject
        self.text = text
        self.html = html
        prints = dict.fromkeys((*text.prints, *html.prints))
        self.personal = [one for one in prints if one.name in _PERSONAL]
        self.titles = [one for one in prints if one.name == _TITLE]
        self.empty = {one: b"" for one in prints if one.name == _CARD}
