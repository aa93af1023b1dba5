"""The fields of the forms -> preferences, and back."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, field, replace
from typing import Annotated, Any, TypeVar

from fastapi import Depends
from python_multipart.multipart import parse_options_header
from starlette.datastructures import FormData, UploadFile
from starlette.exceptions import HTTPException
from starlette.requests import Request

from digest.errors import InvalidInput
from digest.model import Cadence, Interest, InterestKind
from digest.sources.bibtex import Reference, is_bibtex, references
from digest.sources.identifiers import paper_key
from digest.subscriptions import (
    LONGEST_TEXT,
    MOST_INTERESTS,
    Preferences,
    mute_said,
    parse_interests,
    parse_name,
    parse_paper,
    parse_timezone,
)
from digest.subscriptions.categories import CODES, code_of

T = TypeVar("T")

LISTS = ("categories", "keywords", "authors", "mutes", "likes")
SINGLES = ("name", "text", "cadence", "hour", "timezone", "max_papers", "trending_weight")

# Filled in by programs only: people do not see it.
TRAP = "website"

# A list of papers as a file: what reference managers export.
LIBRARY = "library"
MOST_FIELDS = 300
MOST_SEEDS = 150
MOST_NAMED = 12  # mistakes of one field
# The last one is what Java's HTTP clients name unless told otherwise, whatever they send.
CHARSETS = (b"utf-8", b"utf8", b"us-ascii", b"iso-8859-1")
_BETWEEN_PAPERS = r"[\s,;]+"

Known = Callable[[Collection[str]], Collection[str]]
"""Which of these keys are those of papers that are here."""


async def read_form(request: Request) -> FormData:
    """Return the fields of a POST, whichever of the two ways they are encoded.

    A file of papers is read into a field; raise `HTTPException` for more fields or files, and
    for a charset that browsers and mailbox providers do not use.
    """
    _, said = parse_options_header(request.headers.get("content-type"))
    # Whatever Python can decode would be (`idna`, `unicode_escape`): errors and half characters.
    if said.get(b"charset", b"utf-8").lower() not in CHARSETS:
        raise HTTPException(400)
    async with request.form(max_files=1, max_fields=MOST_FIELDS) as form:
        fields = form.multi_items()
        if len(fields) > MOST_FIELDS:
            raise HTTPException(400)
        return FormData([(name, await _content(name, value)) for name, value in fields])


Form = Annotated[FormData, Depends(read_form)]
"""The fields of a POST, as a parameter of what answers it."""


async def _content(name: str, value: UploadFile | str) -> str:
    if isinstance(value, str):
        return value
    content = await value.read() if name == LIBRARY else b""
    return content.decode("utf-8", "replace")


def text(form: FormData, name: str) -> str:
    """Return one field, empty where it is missing."""
    return str(form.get(name, "")).strip()


def texts(form: FormData, name: str) -> list[str]:
    """Return all values of one field that are not empty."""
    return [value for value in (str(one).strip() for one in form.getlist(name)) if value]


@dataclass
class Filled:
    """A form as it was filled in: what it says, and what is wrong with which field."""

    values: dict[str, Any]
    problems: dict[str, str] = field(default_factory=dict)
    remarks: list[str] = field(default_factory=list)

    def take(self, name: str, parse: Callable[[], T], otherwise: T) -> T:
        """Return what `parse` makes of a field; note the problem where it cannot."""
        try:
            return parse()
        except InvalidInput as error:
            self.problems[name] = str(error)
            return otherwise


def read(
    form: FormData, known: Preferences | None = None, *, here: Known = frozenset
) -> tuple[Preferences, Filled]:
    """Return the preferences that a form asks for, as far as they can be read.

    Fields that the form does not have stay as they are in `known`. Of papers that a BibTeX list
    names and that are not `here`, the titles join what the reader says in their own words.
    """
    known = known or Preferences()
    filled = Filled(shown(known) | {name: text(form, name) for name in SINGLES if name in form})
    if any(name in form for name in (*LISTS, "category", "text", LIBRARY)):
        filled.values |= {name: text(form, name) for name in LISTS}
        checked = list(map(code_of, texts(form, "category")))
        filled.values["checked"] = [code for code in checked if code in CODES]
        typed = [code for code in checked if code not in CODES]
        filled.values["categories"] = "\n".join([filled.values["categories"], *typed]).strip()
        _take_library(filled, text(form, LIBRARY), here)
    values = filled.values
    likes = _take_likes(filled)
    wanted = replace(
        known,
        name=filled.take("name", lambda: parse_name(values["name"]), known.name),
        cadence=filled.take("cadence", lambda: _cadence(values["cadence"]), known.cadence),
        timezone=filled.take(
            "timezone",
            lambda: parse_timezone(values["timezone"]) if values["timezone"] else None,
            known.timezone,
        ),
        interests=filled.take(
            "interests", lambda: _interests(values, likes, known), known.interests
        ),
    )
    for name, figure in (("hour", int), ("max_papers", int), ("trending_weight", float)):
        wanted = filled.take(name, _set(wanted, name, figure, values[name]), wanted)
    return wanted, filled


def _take_library(filled: Filled, library: str, here: Known) -> None:
    """Put the papers of a BibTeX file, or of what was pasted as one, into the fields."""
    values = filled.values
    pasted = values["likes"]
    if is_bibtex(pasted):
        values["likes"] = pasted.partition("@")[0].strip()
        library = f"{pasted}\n{library}"
    if not library:
        return
    found = references(library)
    if not found:
        filled.problems[LIBRARY] = (
            "No paper can be read out of that list: it should be BibTeX, such as Zotero, Mendeley "
            "or JabRef export."
        )
        return
    named = [one.key for one in found if one.key and not re.search(_BETWEEN_PAPERS, one.key)]
    named = named[-MOST_SEEDS:]
    values["likes"] = "\n".join([values["likes"], *map(_paper_name, named)]).strip()
    known = here(named)
    others = [one for one in found if one.key is None or one.key not in known]
    titles = _fitting(others, LONGEST_TEXT - len(values["text"]) - 2)
    values["text"] = "; ".join(filter(None, [values["text"], *titles]))
    filled.remarks.append(_library_remark(len(found), len(known), len(titles)))


def _fitting(found: Iterable[Reference], room: int) -> list[str]:
    """Return as many titles as there is room for, the last of the list first."""
    titles: list[str] = []
    for one in reversed(list(found)):
        room -= len(one.title) + 2
        if room < 0:
            break
        if one.title:
            titles.append(one.title)
    return titles


def _library_remark(papers: int, known: int, titles: int) -> str:
    remark = f"Your list names {papers:,} paper{'' if papers == 1 else 's'}; {known:,} of them "
    remark += "is here" if known == 1 else "are here"
    if titles:
        remark += f", and the titles of {titles:,} others stand in your own words"
    return f"{remark}."


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
        "categories": ", ".join(code for code in categories if code not in CODES),
        "keywords": ", ".join(positive[InterestKind.KEYWORD]),
        "authors": "\n".join(positive[InterestKind.AUTHOR]),
        "likes": "\n".join(map(_paper_name, positive[InterestKind.SEED])),
        "text": "\n".join(positive[InterestKind.TEXT]),
        "mutes": ", ".join(mute_said(one) for one in preferences.interests if one.weight < 0),
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


def _take_likes(filled: Filled) -> list[str]:
    """Return the papers that are liked as far as they can be read; note all that cannot be."""
    named = list(dict.fromkeys(_split(filled.values["likes"], _BETWEEN_PAPERS)))
    if len(named) > MOST_INTERESTS:
        return named  # too many, which is told before time is spent on each
    wrong = [one for one in named if paper_key([one.removeprefix("url:")]) is None]
    if len(wrong) == 1:
        filled.take("likes", lambda: parse_paper(wrong[0]), "")
    elif wrong:
        said = ", ".join(f'"{one[:80]}"' for one in wrong[:MOST_NAMED])
        more = f" and {len(wrong) - MOST_NAMED:,} others" if len(wrong) > MOST_NAMED else ""
        filled.problems["likes"] = (
            f"These are not papers we know how to find: {said}{more}. "
            "Write arXiv ids like 2604.21952, or their addresses."
        )
    return [one for one in named if one not in wrong]


def _interests(
    values: dict[str, Any], likes: list[str], known: Preferences
) -> tuple[Interest, ...]:
    found = parse_interests(
        categories=[*values["checked"], *_split(values["categories"])],
        keywords=_split(values["keywords"]),
        authors=_split(values["authors"], r"[;\n]"),
        mutes=_split(values["mutes"]),
        likes=likes,
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
