"""The encoded pieces of which digests are put together, and how long they are kept."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from operator import itemgetter
from typing import TypeVar

from digest import wire
from digest.model import Paper
from digest.slots import Piece, Print

# The names of the slots that are not filled with what differs by reader.
TITLE, CARD = "papers[].title", "cards[]"

Value = TypeVar("Value")


def taking(prints: Sequence[Print]) -> Callable[[Mapping[Print, bytes]], Sequence[bytes]]:
    """Return what takes the values of these prints."""
    if len(prints) > 1:
        return itemgetter(*prints)
    return lambda values: [values[one] for one in prints]


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
            (2 * at + 1, one.number) for at, one in enumerate(self.prints) if one.name == CARD
        ][::-1]
        # The place of a card is empty until all else is filled.
        self._values = taking(self.prints)

    def filled(
        self, values: Mapping[Print, bytes], cards: Sequence[Sequence[bytes]] = ()
    ) -> list[bytes]:
        """Return the bytes in their order; joined, they are the fragment."""
        filled = self.around(self._values(values))
        for at, number in self._cards:
            filled[at : at + 1] = cards[number]
        return filled

    def around(self, values: Sequence[bytes]) -> list[bytes]:
        """Return the literal pieces with these values between them."""
        filled = self._pieces.copy()
        filled[1::2] = values
        return filled


class Card:
    """What is said of one paper: in both parts, and where the text part asks for an opinion."""

    def __init__(self, paper: Paper, text: Fragment, opinion: Fragment, html: Fragment) -> None:
        self.paper = paper
        self.prints = [*text.prints, *opinion.prints, *html.prints]
        self._parts = text, opinion, html
        self._values = taking(self.prints)
        self._opinion = len(text.prints)
        self._html = self._opinion + len(opinion.prints)

    def filled(self, values: Mapping[Print, bytes]) -> Iterator[list[bytes]]:
        """Yield the bytes of the text, of the opinion and of the HTML."""
        found = self._values(values)  # all at once: a digest has many cards
        text, opinion, html = self._parts
        yield text.around(found[: self._opinion])
        yield opinion.around(found[self._opinion : self._html])
        yield html.around(found[self._html :])


class Frame:
    """Both parts of a mail without its cards, and the context that its subject has too."""

    def __init__(self, context: Mapping[str, object], text: Fragment, html: Fragment) -> None:
        self.context = context
        self.text = text
        self.html = html
        prints = dict.fromkeys((*text.prints, *html.prints))
        self.titles = [one for one in prints if one.name == TITLE]
        self.personal = [one for one in prints if one.name not in (TITLE, CARD)]
        self.empty = {one: b"" for one in prints if one.name == CARD}
