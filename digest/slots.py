"""Slots: the places of a template that are filled after it was rendered.

What differs between subscribers (an address, a signed link, a reason) is handed to a template as
a `Slot`. Printed, it becomes a mark, and the rendered text is cut at the marks; whatever else a
template does with a slot needs the value, so it raises `SlotUsed`. A slot that goes through one
of our own filters is a slot again, whose value goes through the filter later.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable, Iterable, Mapping
from functools import wraps
from typing import Any, NoReturn

from markupsafe import escape

# Different ways of printing that are remembered; more come only from a filter with an argument
# that is another one for every paper.
_MOST_PRINTS = 2000

_SPECIAL = re.compile(r"""[&<>"']""")

Step = tuple[Callable[..., Any], tuple[Any, ...], tuple[tuple[str, Any], ...]]
"""A filter with its arguments."""


class SlotUsed(Exception):
    """A template did something with a slot that can only be done with its value."""


class Slot:
    """Stands for a value that is not known yet.

    `sure` says that the value is neither empty nor 0, so that `if` may ask; `tail` is a text
    that always follows it. Every name has an underscore, or a template could mean the value's.
    """

    __slots__ = ("_name", "_number", "_steps", "_sure", "_tail")

    def __init__(
        self,
        name: str,
        number: int = 0,
        *,
        steps: tuple[Step, ...] = (),
        sure: bool = False,
        tail: str = "",
    ) -> None:
        self._name = name
        self._number = number
        self._steps = steps
        self._sure = sure
        self._tail = tail

    def _refuse(self, *_: object) -> NoReturn:
        raise SlotUsed(f"{self._name} can be printed and filtered by our own filters, no more")

    def _through(self, step: Step) -> Slot:
        """Return the slot whose value has gone through one more filter."""
        if self._tail:
            self._refuse()
        return Slot(self._name, self._number, steps=(*self._steps, step))

    def __bool__(self) -> bool:
        if not self._sure:
            self._refuse()
        return True

    # Without these Python would answer for the slot: wrongly, and without an error.
    __str__ = __repr__ = __format__ = __html__ = _refuse
    __eq__ = __ne__ = __hash__ = _refuse

    def __getattr__(self, _: str) -> NoReturn:
        self._refuse()


class Block(Slot):
    """Stands for what is rendered already: it can be printed, and no filter gets it."""

    __slots__ = ()

    def _through(self, step: Step) -> Slot:
        self._refuse()


class Closed(Block):
    """Stands for what a fragment must not depend on: it cannot even be printed."""

    __slots__ = ()


class Print:
    """One way in which a template prints a slot: through which filters, and escaped or not."""

    __slots__ = ("_escaped", "_steps", "name", "number")

    def __init__(self, slot: Slot, *, escaped: bool) -> None:
        self.name = slot._name
        self.number = slot._number
        self._steps = [
            (function, arguments, dict(named)) for function, arguments, named in slot._steps
        ]
        self._escaped = escaped

    def text(self, value: object) -> str:
        """Return what the template would have printed."""
        for function, arguments, named in self._steps:
            value = function(value, *arguments, **named)
        if type(value) is str and not (self._escaped and _SPECIAL.search(value)):
            return value
        return str(escape(value)) if self._escaped else str(value)


Piece = str | Print


class Marks:
    """What printed slots become within a rendered text; one object serves any number of texts."""

    def __init__(self) -> None:
        # Nobody who writes a title can guess it, and no filter of a template gets to see it.
        self._start = f"\ue000{secrets.token_hex(16)}:"
        self._prints: list[Print] = []
        self._numbers: dict[tuple[object, ...], int] = {}

    def finalize(self, value: Any) -> Any:
        """Turn a slot that a template prints into its mark; leave all else alone."""
        return _Marked(self, value) if isinstance(value, Slot) else value

    def mark(self, slot: Slot, *, escaped: bool) -> str:
        """Return the mark of a slot, with the text that follows it."""
        if isinstance(slot, Closed):
            slot._refuse()
        key = (slot._name, slot._number, slot._steps, escaped)
        try:
            number = self._numbers.get(key)
        except TypeError:  # a filter's argument that has no hash
            slot._refuse()
        if number is None:
            number = len(self._prints)
            if number == _MOST_PRINTS:
                raise SlotUsed(f"{slot._name} is printed in more than {_MOST_PRINTS} ways")
            self._prints.append(Print(slot, escaped=escaped))
            self._numbers[key] = number
        tail = str(escape(slot._tail)) if escaped else slot._tail
        return f"{self._start}{number}\ue001{tail}"

    def join(self, texts: Iterable[str]) -> str:
        """Join what a macro or a block captured: it may be filtered, so it must hold no mark."""
        text = "".join(texts)
        if self._start in text:
            raise SlotUsed("a macro, a `set` or a `filter` block captures what differs by reader")
        return text

    def cut(self, texts: Iterable[str]) -> list[Piece]:
        """Return the pieces of a rendered text, given as the template yields it.

        Literal pieces and prints take turns: the first and the last are literal, maybe empty.
        """
        pieces: list[Piece] = []
        literal: list[str] = []
        for text in texts:
            before, found, after = text.partition(self._start)
            if not found:
                literal.append(text)
                continue
            # What is printed comes alone; anything else has been put together by the template.
            number, _, tail = after.partition("\ue001")
            if before or self._start in tail:
                raise SlotUsed("what differs by reader is put together before it is printed")
            pieces += ["".join(literal), self._prints[int(number)]]
            literal = [tail]
        return [*pieces, "".join(literal)]


class _Marked:
    """A slot on its way out: escaped where the template escapes."""

    __slots__ = ("_marks", "_slot")

    def __init__(self, marks: Marks, slot: Slot) -> None:
        self._marks = marks
        self._slot = slot

    def __html__(self) -> str:
        return self._marks.mark(self._slot, escaped=True)

    def __str__(self) -> str:
        return self._marks.mark(self._slot, escaped=False)


# --- filters and tests --------------------------------------------------------------------


def deferring(filter_: Callable[..., Any]) -> Callable[..., Any]:
    """Return a filter that gives a slot for a slot, and works on its value later."""

    @wraps(filter_)
    def apply(value: Any, *arguments: Any, **named: Any) -> Any:
        if any(isinstance(one, Slot) for one in (*arguments, *named.values())):
            raise SlotUsed("what differs by reader is given to a filter as its argument")
        if isinstance(value, Slot):
            return value._through((filter_, arguments, tuple(named.items())))
        return filter_(value, *arguments, **named)

    return apply


def filling(say: Callable[..., Any]) -> Callable[..., Any]:
    """Return a function of texts and the values in them that gives a slot where a value is one.

    The sentence is made when the value is known, and may be filtered like any slot.
    """

    def fill(value: object, texts: tuple[Any, ...], name: str, others: tuple[Any, ...]) -> Any:
        return say(*texts, **{name: value}, **dict(others))

    @wraps(say)
    def apply(*texts: Any, **values: Any) -> Any:
        open_ = [name for name, value in values.items() if isinstance(value, Slot)]
        if not open_:
            return say(*texts, **values)
        if len(open_) > 1 or any(isinstance(text, Slot) for text in texts):
            raise SlotUsed(f"{' and '.join(open_)} differ by reader, and stand in one sentence")
        slot = values.pop(open_[0])
        return slot._through((fill, (texts, open_[0], tuple(values.items())), ()))

    return apply


def refusing(function: Callable[..., Any]) -> Callable[..., Any]:
    """Return a filter or a test that takes no slot."""

    @wraps(function)
    def apply(*arguments: Any, **named: Any) -> Any:
        for one in (*arguments, *named.values()):
            if isinstance(one, Slot):
                one._refuse()
        return function(*arguments, **named)

    return apply


def guarded(
    functions: Mapping[str, Any], *, own: Mapping[str, Callable[..., Any]] = {}
) -> dict[str, Any]:
    """Return filters or tests of which the site's `own` defer a slot and the others refuse it."""
    return {
        **{name: refusing(function) for name, function in functions.items()},
        **{name: deferring(function) for name, function in own.items()},
    }
