"""What somebody types -> the words that are meant; pure."""

from __future__ import annotations

import re
from collections.abc import Sequence

from digest.model import Words
from digest.ranking.text import STOP_WORDS, words

LONGEST = 300  # characters; what comes after is left out
_MOST = 24  # words or phrases

_PART = re.compile(r"""(-?)(?:(title|abstract|author):)?(?:"([^"]*)"?|(\S+))""", re.IGNORECASE)


def read(text: str, field: str = "") -> list[Words]:
    """Read a question: `words`, `"words side by side"`, `author:name`, `title:word`, `-without`.

    `field` is where words are looked for that name no field. Common words are left out where
    others are left; nothing that is typed is a mistake.
    """
    found: list[Words] = []
    for minus, named, quoted, plain in _PART.findall(text[:LONGEST]):
        said = tuple(words(quoted or plain))
        if said:
            where = (named or field).lower()
            found.append(Words(said, where, excluded=bool(minus), quoted=bool(quoted)))
    telling = [
        one
        for one in found
        if len(one.words) > 1 or one.field or one.quoted or one.words[0] not in STOP_WORDS
    ]
    if any(not one.excluded for one in telling):
        found = telling
    return found[:_MOST]


def alike(title: str) -> list[Words]:
    """Return what papers like one of that title may have: any of its telling words."""
    telling = dict.fromkeys(word for word in words(title) if word not in STOP_WORDS)
    return [Words((word,)) for word in telling][:_MOST]


def is_plain(asked: Sequence[Words]) -> bool:
    """Say whether words alone were asked for: then what is close in meaning is welcome too."""
    return not any(one.field or one.excluded or one.quoted for one in asked)
