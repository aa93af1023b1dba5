"""The fields of the forms -> preferences, and back."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar

from starlette.datastructures import FormData
from starlette.requests import Request

from digest.errors import InvalidInput
from digest.model import Cadence, Interest, InterestKind
from digest.subscriptions import (
    Preferences,
    parse_interests,
    parse_name,
    parse_timezone,
)
from digest.web.categories import CODES

T = TypeVar("T")

LISTS = ("categories", "keywords", "authors", "mutes", "likes")
SINGLES = ("name", "text", "cadence", "hour", "timezone", "max_papers", "trending_weight")

# Filled in by programs only: people do not see it.
TRAP = "website"


async def read_form(request: Request) -> FormData:
    """Return the fields of a POST, whichever of the two ways they are encoded."""
    return await request.form(max_files=0, max_fields=200)


def text(form: FormData, name: str) -> str:
    """Return one field, empty where it is missing."""
    value = form.get(name, "")
    return value.strip() if isinstance(value, str) else ""


def texts(form: FormData, name: str) -> list[str]:
    """Return all values of one field."""
    return [value.strip() for value in form.getlist(name) if isinstance(value, str)]


@dataclass
class Filled:
    """A form as it was filled in: what it says, and what is wrong with which field."""

    values: dict[str, Any]
    problems: dict[str, str] = field(default_factory=dict)

    def take(self, name: str, parse: Callable[[], T], otherwise: T) -> T:
        """Return what `parse` makes of a field; note the problem where it cannot."""
        try:
            return parse()
        except InvalidInput as error:
            self.problems[name] = str(error)
            return otherwise


def read(form: FormData, known: Preferences | None = None) -> tuple[Preferences, Filled]:
    """Return the preferences that a form asks for, as far as they can be read.

    Fields that the form does not have stay as they are in `known`.
    """
    known = known or Preferences()
    filled = Filled(shown(known) | {name: text(form, name) for name in SINGLES if name in form})
    if any(name in form for name in (*LISTS, "category", "text")):
        filled.values |= {name: text(form, name) for name in LISTS}
        filled.values["checked"] = texts(form, "category")
    values = filled.values
    wanted = replace(
        known,
        name=filled.take("name", lambda: parse_name(values["name"]), known.name),
        cadence=filled.take("cadence", lambda: _cadence(values["cadence"]), known.cadence),
        timezone=filled.take(
            "timezone",
            lambda: parse_timezone(values["timezone"]) if values["timezone"] else None,
            known.timezone,
        ),
        interests=filled.take("interests", lambda: _interests(values, known), known.interests),
    )
    for name, figure in (("hour", int), ("max_papers", int), ("trending_weight", float)):
        wanted = filled.take(name, _set(wanted, name, figure, values[name]), wanted)
    return wanted, filled


def shown(preferences: Preferences) -> dict[str, Any]:
    """Return what stands in the fields of a form for these preferences."""
    positive = {
        kind: [one.value for one in preferences.interests if one.kind is kind and one.weight > 0]
        for kind in InterestKind
    }
    categories = positive[InterestKind.CATEGORY]
    return {
        "name": preferences.name,
        "cadence": preferences.cadence.value,
        "hour": _figure(preferences.hour),
        "timezone": preferences.timezone or "",
        "max_papers": _figure(preferences.max_papers),
        "trending_weight": _figure(preferences.trending_weight),
        "checked": [code for code in categories if code in CODES],
        "categories": "\n".join(code for code in categories if code not in CODES),
        "keywords": "\n".join(positive[InterestKind.KEYWORD]),
        "authors": "\n".join(positive[InterestKind.AUTHOR]),
        "likes": "\n".join(map(_paper_name, positive[InterestKind.SEED])),
        "text": "\n".join(positive[InterestKind.TEXT]),
        "mutes": "\n".join(one.value for one in preferences.interests if one.weight < 0),
    }


def _figure(value: float | None) -> str:
    return "" if value is None else f"{value:g}"


def _paper_name(key: str) -> str:
    kind, _, name = key.partition(":")
    return name if kind == "arxiv" else key


def _cadence(value: str) -> Cadence:
    try:
        return Cadence(value)
    except ValueError as error:
        raise InvalidInput("Please choose daily or weekly.") from error


def _set(
    wanted: Preferences, name: str, figure: Callable[[str], float], value: str
) -> Callable[[], Preferences]:
    def made() -> Preferences:
        changes: dict[str, Any] = {name: None}
        if value:
            try:
                changes[name] = figure(value)
            except ValueError as error:
                raise InvalidInput("Please write a number.") from error
        return replace(wanted, **changes)

    return made


def _interests(values: dict[str, Any], known: Preferences) -> tuple[Interest, ...]:
    found = parse_interests(
        categories=[*values["checked"], *_split(values["categories"])],
        keywords=_split(values["keywords"]),
        authors=_split(values["authors"], r"[;\n]"),
        mutes=_split(values["mutes"]),
        likes=_split(values["likes"], r"[\s,;]+"),
        text=values["text"],
    )
    return tuple(_weighed(found, known.interests))


def _weighed(found: Iterable[Interest], known: Iterable[Interest]) -> Iterable[Interest]:
    """Keep the weights that these interests had: the form only shows their sign."""
    weights = {(one.kind, one.value.casefold(), one.weight > 0): one.weight for one in known}
    for one in found:
        key = (one.kind, one.value.casefold(), one.weight > 0)
        yield replace(one, weight=weights.get(key, one.weight))


def _split(value: str, at: str = r"[,;\n]") -> list[str]:
    return [part for part in map(str.strip, re.split(at, value)) if part]
