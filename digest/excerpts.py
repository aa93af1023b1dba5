"""How much of a paper a mail has room for, and the texts cut to it; pure.

Gmail cuts off a mail whose HTML is longer than 102 KB, and with it the link to unsubscribe. So
the more papers a mail has, the less it says of each; texts are measured in the bytes that they
take in HTML, where a letter has one to five.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from dataclasses import dataclass
from functools import cache

from markupsafe import escape

ELLIPSIS = "…"

_LARGEST = 5  # bytes of a letter: those of `&amp;`

_PLAIN = re.compile(r"[ !#-%(-;=?-~]*")

# An end of a sentence, before a blank and what may begin another one; CJK has no blanks.
_END = re.compile(r"[.!?][)\]\"'”’»]*(?=\s+[^\sa-z])|[。！？][」』）]*")
# A full stop that ends no sentence, for all we can tell.
_ABBREVIATED = re.compile(
    r"(?:\b(?:[A-Z]|e\.g|i\.e|et al|cf|vs|resp|approx|Fig|Figs|Eq|Eqs|Sec|Ref|Refs|No|Dr|Prof|"
    r"Mr|Mrs|Ms|St|Inc|Ltd|etc|w\.r\.t|a\.k\.a))\.$"
)


@dataclass(frozen=True, slots=True, eq=False)  # there are few: each is itself
class Room:
    """What there is room for in the card of one paper.

    `title`, `abstract`, `reason` and `url` are bytes of HTML; `people` is how many authors are
    named and `links` how many links are shown. A `brief` card is a few lines of a list; in the
    others a reason stands whole, for no ranker of ours gives a long one.
    """

    brief: bool
    title: int
    abstract: int
    people: int
    reason: int
    links: int
    url: int


# With up to so many papers; measured by tests/unit/test_size.py with texts that fill it all.
_ROOMS = (
    (12, Room(brief=False, title=400, abstract=460, people=5, reason=0, links=6, url=250)),
    (16, Room(brief=False, title=220, abstract=280, people=3, reason=0, links=4, url=120)),
    (42, Room(brief=True, title=200, abstract=220, people=2, reason=160, links=2, url=120)),
    (64, Room(brief=True, title=170, abstract=0, people=1, reason=110, links=1, url=110)),
)
_LEAST = Room(brief=True, title=104, abstract=0, people=0, reason=0, links=1, url=80)


@cache
def room_for(papers: int) -> Room:
    """Return the room that each paper has in a mail of so many."""
    return next((room for most, room in _ROOMS if papers <= most), _LEAST)


def size(text: str) -> int:
    """Return how many bytes a text takes in HTML."""
    if _PLAIN.fullmatch(text):  # as most are
        return len(text)
    return len(escape(text).encode("utf-8", "surrogatepass"))


def cut(text: str, room: int) -> str:
    """Return as much of a text as has room, cut between two words where there are any."""
    if len(text) * _LARGEST <= room or size(text) <= room:
        return text
    left = room - size(ELLIPSIS)
    end = bisect_right(range(1, len(text) + 1), left, key=lambda length: size(text[:length]))
    kept = text[:end]
    # A language without blanks is cut anywhere.
    words = kept.rpartition(" ")[0]
    kept = words if len(words) > end * 2 // 3 else kept
    return f"{kept.rstrip(' ,;:.-–—')}{ELLIPSIS}" if kept else ""


def opening(text: str, room: int) -> str:
    """Return the first sentences of a text that have room; of a long one, as much as has."""
    if size(text) <= room:
        return text
    end = 0
    for found in _END.finditer(text):
        if _ABBREVIATED.search(text, max(0, found.start() - 8), found.start() + 1):
            continue
        if size(text[: found.end()]) > room:
            break
        end = found.end()
    # Half of the room is better filled with words than left empty.
    return text[:end] if end and size(text[:end]) * 2 > room else cut(text, room)
