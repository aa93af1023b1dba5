"""The encoded pieces of which digests are put together, and how long they are kept."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable, Mapping, Sequence
from operator import itemgetter
from typing import TypeVar

from digest import wire
from digest.model import Paper
from digest.slots import Piece, Print

# The names of the slots that are not filled with what differs by reader.
TITLE, CARD = "papers[].title", "cards[]"

Value = TypeVar("Value")


def taking(prints: Sequence[Print]) -> Callable[[Mapping[Print, bytes]], tuple[bytes, ...]]:
    """Return what takes the values of these prints."""
    if len(prints) > 1:
        return itemgetter(*prints)
    return lambda values: tuple([values[one] for one in prints])


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


class Fragment:
    """One rendered template: its literal pieces encoded, and what stands between them."""

    def __init__(self, pieces: Sequence[Piece], *, whole: bool = False) -> None:
        literals = [piece for piece in pieces if isinstance(piece, str)]
        encoded = [wire.quoted(literal) for literal in literals]
        if whole:
            encoded[-1] = wire.part(literals[-1])
        self.prints = [piece for piece in pieces if isinstance(piece, Print)]
        self._pattern = b"%b".join([literal.replace(b"%", b"%%") for literal in encoded])
        self._values = taking(self.prints)

    def filled(self, values: Mapping[Print, bytes]) -> bytes:
        """Return the encoded text with the values in their places."""
        return self._pattern % self._values(values)


class Body(Fragment):
    """One part of a mail, in which the cards of its papers have their places."""

    def __init__(self, pieces: Sequence[Piece]) -> None:
        super().__init__(pieces, whole=True)
        self._cards = [one for one in self.prints if one.name == CARD]

    def around(self, cards: Sequence[bytes], values: dict[Print, bytes]) -> bytes:
        """Return the encoded text with these cards in it; they are put among the values."""
        for one in self._cards:
            values[one] = cards[one.number]
        return self.filled(values)


class Card:
    """What is said of one paper: in both parts, and where the text part asks for an opinion."""

    def __init__(
        self, paper: Paper, title: str, text: Fragment, opinion: Fragment, html: Fragment
    ) -> None:
        self.paper = paper
        self.title = title
        self.text = text
        self.opinion = opinion
        self.html = html
        self.prints = [*text.prints, *opinion.prints, *html.prints]
        self._titled: dict[Print, bytes] = {}

    def titled(self, one: Print) -> bytes:
        """Return the title as a frame around the card prints it."""
        found = self._titled.get(one)
        if found is None:
            found = self._titled[one] = wire.quoted(one.text(self.title))
        return found


class Frame:
    """Both parts of a mail without its cards, and the context that its subject has too."""

    def __init__(self, context: Mapping[str, object], text: Body, html: Body) -> None:
        self.context = context
        self.text = text
        self.html = html
        prints = dict.fromkeys((*text.prints, *html.prints))
        self.titles = [one for one in prints if one.name == TITLE]
        self.prints = [one for one in prints if one.name not in (TITLE, CARD)]
        self.personal: dict[str, list[Print]] = {}  # those of what differs by reader
