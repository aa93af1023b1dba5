"""What people type about themselves, checked: addresses, time zones, interests, preferences."""

from __future__ import annotations

import re
import unicodedata
import zoneinfo
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, fields
from functools import lru_cache
from typing import Any

from email_validator import EmailNotValidError, validate_email

from digest.errors import InvalidInput
from digest.model import Cadence, Interest, InterestKind, Subscriber
from digest.sources.identifiers import paper_key
from digest.subscriptions.categories import code_of

LONGEST_NAME = 100
LONGEST_INTEREST = 200
LONGEST_TEXT = 2000
MOST_INTERESTS = 200
_MOST_NAMED = 2000  # with those that are named twice
_LONGEST_EMAIL = 320
_PIECE = 500  # characters

# Where the machine is, and what it says before anybody has told it.
_NO_PLACES = {"localtime", "Factory"}

# What stands before an author who is never to be shown: the same words may be a keyword.
_AUTHOR = "author:"


def parse_email(text: str) -> str:
    """Return the address with its domain as A-labels; raise `InvalidInput`.

    Nothing is looked up. Local parts beyond ASCII are refused: few relays take them (RFC 6531).
    """
    if len(text) > _LONGEST_EMAIL:
        raise InvalidInput("That is not an email address we can write to: it is too long.")
    try:
        found = validate_email(
            text.strip(), check_deliverability=False, allow_smtputf8=False, strict=True
        )
    except EmailNotValidError as error:
        raise InvalidInput(f"That is not an email address we can write to: {error}") from error
    return found.ascii_email or found.normalized


def parse_name(text: str) -> str:
    """Return a name on one line; raise `InvalidInput` for advertisements."""
    name = _one_line(text)
    if len(name) > LONGEST_NAME:
        raise InvalidInput(f"Please use a name of at most {LONGEST_NAME} characters.")
    if re.search(r"[@/<>]|www\.", name):
        raise InvalidInput("Please use a name without addresses or links.")
    return name


def parse_timezone(text: str) -> str:
    """Return the name of a time zone as the tz database writes it; raise `InvalidInput`."""
    wanted = text.strip()
    found = timezones().get(wanted.lower().replace(" ", "_"))
    if found is None:
        raise InvalidInput(
            f'"{_one_line(wanted)[:60]}" is not a time zone: write one like Europe/Berlin.'
        )
    return found


@lru_cache(maxsize=1)
def timezones() -> Mapping[str, str]:
    """Return the names of all time zones, by the same in lower case."""
    names = zoneinfo.available_timezones() - _NO_PLACES
    return {name.lower(): name for name in sorted(names)}


def parse_paper(text: str) -> str:
    """Return the key of the paper that an arXiv id, a DOI or an address names.

    Raise `InvalidInput` for anything else.
    """
    found = text.strip()
    key = paper_key([found.removeprefix("url:")])
    if key is None:
        raise InvalidInput(
            f'"{_one_line(found)[:80]}" is not a paper we know how to find: '
            "write an arXiv id like 2604.21952, or its address."
        )
    return key


_SUBJECT = re.compile(
    r"(?:astro-ph|cond-mat|cs|econ|eess|math|nlin|physics|q-bio|q-fin|stat)\.[a-z-]{2,}",
    re.IGNORECASE,
)
_CATEGORY = re.compile(r"([a-z][a-z-]+)(?:\.([a-z][a-z-]+))?", re.IGNORECASE)


def parse_category(text: str) -> str:
    """Return a category as arXiv writes it, by its code or name (`cs.RO`, `Robotics`).

    Others are taken as they stand, and so are names in small letters: that is how those of feeds
    are kept.
    """
    category = _one_line(text)
    category = category if category.islower() else code_of(category)
    match = _CATEGORY.fullmatch(category)
    if match is None:
        return category
    archive, subject = match[1].lower(), match[2]
    if subject is None:
        return archive
    return f"{archive}.{subject.upper() if len(subject) == 2 else subject.lower()}"


def parse_interests(
    *,
    categories: Iterable[str] = (),
    keywords: Iterable[str] = (),
    authors: Iterable[str] = (),
    mutes: Iterable[str] = (),
    likes: Iterable[str] = (),
    text: str = "",
) -> tuple[Interest, ...]:
    """Return the interests that these lists name, each once; raise `InvalidInput`.

    `mutes` are keywords, or arXiv categories with a dot; `likes` are papers (`parse_paper`).
    """
    named = [list(one) for one in (categories, keywords, authors, mutes, likes)]
    too_many = InvalidInput(f"Please name at most {MOST_INTERESTS} interests.")
    if sum(map(len, named)) > _MOST_NAMED:
        raise too_many  # before time is spent on each
    categories, keywords, authors, mutes, likes = named
    found = [Interest(InterestKind.CATEGORY, parse_category(one)) for one in categories]
    found += [Interest(InterestKind.KEYWORD, _one_line(one)) for one in keywords]
    found += [Interest(InterestKind.AUTHOR, _one_line(one)) for one in authors]
    found += [_mute(_one_line(one)) for one in mutes]
    found += [Interest(InterestKind.SEED, parse_paper(one)) for one in likes if one.strip()]
    found.append(Interest(InterestKind.TEXT, _one_line(text)))
    unique = {(one.kind, one.value.casefold()): one for one in found if one.value}
    if len(unique) > MOST_INTERESTS:
        raise too_many
    for one in unique.values():
        longest = LONGEST_TEXT if one.kind is InterestKind.TEXT else LONGEST_INTEREST
        if len(one.value) > longest:
            raise InvalidInput(
                f'Please shorten "{one.value[:40]}...": at most {longest} characters.'
            )
    return tuple(unique.values())


def mute_said(interest: Interest) -> str:
    """Return how somebody says what is never to be shown: a word, a category, an author."""
    return f"{_AUTHOR}{interest.value}" if interest.kind is InterestKind.AUTHOR else interest.value


def _mute(text: str) -> Interest:
    if text.casefold().startswith(_AUTHOR) and (name := text[len(_AUTHOR) :].strip()):
        return Interest(InterestKind.AUTHOR, name, -1.0)
    if _SUBJECT.fullmatch(text):
        return Interest(InterestKind.CATEGORY, parse_category(text), -1.0)
    return Interest(InterestKind.KEYWORD, text, -1.0)


def _one_line(text: str) -> str:
    """Return the text on one line, without control and direction characters."""
    # By the piece: to put the accents on one letter in order takes the square of their number,
    # minutes for a megabyte of them, in which no other thread runs.
    pieces = [text[place : place + _PIECE] for place in range(0, len(text), _PIECE)]
    kept = "".join(
        " " if char.isspace() else char
        for char in "".join(unicodedata.normalize("NFC", piece) for piece in pieces)
        if char.isspace() or unicodedata.category(char) not in ("Cc", "Cf", "Cs")
    )
    return " ".join(kept.split())


@dataclass(frozen=True, slots=True)
class Preferences:
    """What a subscriber may choose; `None` means the site's default.

    Making one raises `InvalidInput` where a figure is out of its range.
    """

    name: str = ""
    cadence: Cadence = Cadence.DAILY
    hour: int | None = None
    timezone: str | None = None
    max_papers: int | None = None
    trending_weight: float | None = None
    interests: tuple[Interest, ...] = ()

    def __post_init__(self) -> None:
        """Check the ranges."""
        if self.hour is not None and not 0 <= self.hour <= 23:
            raise InvalidInput("Please choose an hour from 0 to 23.")
        if self.max_papers is not None and not 1 <= self.max_papers <= 100:
            raise InvalidInput("Please choose 1 to 100 papers for one mail.")
        if self.trending_weight is not None and not 0 <= self.trending_weight <= 1:
            raise InvalidInput("Please choose a trending weight from 0 to 1.")
        if self.timezone is not None and self.timezone not in timezones().values():
            raise InvalidInput(f'"{self.timezone[:60]}" is not a time zone.')

    @classmethod
    def of(cls, subscriber: Subscriber) -> Preferences:
        """Return what a subscriber has chosen."""
        return cls(**{field.name: getattr(subscriber, field.name) for field in fields(cls)})

    def columns(self) -> dict[str, Any]:
        """Return all but the interests, by the name of the column."""
        return {key: value for key, value in asdict(self).items() if key != "interests"}

    def document(self) -> dict[str, Any]:
        """Return all of it as JSON has it."""
        return asdict(self)

    @classmethod
    def read(cls, document: Mapping[str, Any]) -> Preferences:
        """Return what `document` was made of."""
        wanted = (
            Interest(InterestKind(one["kind"]), one["value"], one["weight"])
            for one in document["interests"]
        )
        return cls(
            **{**document, "cadence": Cadence(document["cadence"]), "interests": tuple(wanted)}
        )
