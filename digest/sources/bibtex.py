"""What papers a BibTeX file names: the few fields that tell, whatever else is in it.

No parser of BibTeX: strings, macros, `#` and cross references are left alone, and what is broken
costs one entry. Every function looks at each character a bounded number of times.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import NamedTuple

from digest.sources.cleaning import one_line, without_markup
from digest.sources.identifiers import arxiv_id, doi, paper_key

LONGEST = 1_000_000  # characters that are looked at
MOST_ENTRIES = 2_000
LONGEST_TITLE = 300  # as it stands in the file; longer ones are cut
_LONGEST_FIELD = 2_000
_LONGEST_VALUE = 20_000  # an abstract; what does not end by then never does

_ENTRY = re.compile(r"@\s{0,9}([A-Za-z]{1,40})\s{0,9}([{(])")
_NO_PAPERS = ("comment", "preamble", "string")
_NAME = re.compile(r"\s*(?:,\s*)?([A-Za-z][\w-]{0,40})\s{0,99}=\s{0,99}")
_TURN = re.compile(r"[{}\"\n]")
_WORD = re.compile(r"[^\s,{}()\"]{1,200}")
# In `journal = {arXiv preprint arXiv:2611.00001}`, in notes and in the addresses of old entries.
_MENTION = re.compile(
    r"(?:arxiv\s{0,3}[:.]\s{0,3}|arxiv\.org/(?:abs|pdf)/)([\w./-]{9,30}?)(?:v\d{1,3})?(?![\w/-]|\.\d)",
    re.IGNORECASE,
)
_MENTIONING = ("journal", "journaltitle", "note", "howpublished", "number", "volume", "url")

# TeX as titles have it: an accent and its letter, a letter of its own, any other macro.
_ACCENTS = dict(
    zip(
        "`'^~=.\"urHvdck",
        "\u0300\u0301\u0302\u0303\u0304\u0307\u0308\u0306\u030a\u030b\u030c\u0323\u0327\u0328",
        strict=True,
    )
)
_LETTERS = {"ss": "ß", "o": "ø", "O": "Ø", "l": "ł", "L": "Ł", "ae": "æ", "AE": "Æ", "oe": "œ",
            "OE": "Œ", "aa": "å", "AA": "Å", "i": "i", "j": "j"}  # fmt: skip
_ACCENTED = re.compile(r"\\(?:([`'^~=.\"])\s?|([urHvdck])(?:\s|(?=\{)))\{?\\?([A-Za-z])")
_MACRO = re.compile(r"\\(?:([A-Za-z]{1,40})\s?|([^A-Za-z]))")
_GROUPING = str.maketrans({"{": "", "}": "", "$": "", "~": " "})


class Reference(NamedTuple):
    """One paper of a file; `key` is `None` where nothing but its title is known."""

    key: str | None
    written: str

    @property
    def title(self) -> str:
        """Return the title as people read it, of formulae their letters and figures alone.

        The converter that abstracts go through takes half a minute for a megabyte of formulae.
        """
        text = one_line(without_markup(self.written[:LONGEST_TITLE]))
        text = _ACCENTED.sub(lambda at: at[3] + _ACCENTS[at[1] or at[2]], text)
        text = _MACRO.sub(lambda at: _LETTERS.get(at[1], "") if at[1] else at[2], text)
        return one_line(text.translate(_GROUPING))


def is_bibtex(text: str) -> bool:
    """Say whether a text holds at least one entry."""
    return _ENTRY.search(text[:LONGEST]) is not None


def references(text: str) -> list[Reference]:
    """Return the papers that the entries of a text name, each once, in their order.

    Never raises. Entries without a title and without an identifier are left out.
    """
    found: dict[str, Reference] = {}
    for fields in _entries(text[:LONGEST]):
        written = fields.get("title", "")
        key = _key(fields)
        if key or written:
            found.setdefault(key or written.casefold(), Reference(key, written))
    return list(found.values())


def _key(fields: Mapping[str, str]) -> str | None:
    archive = (fields.get("archiveprefix") or fields.get("eprinttype") or "arxiv").lower()
    names = [fields.get("eprint", "")] if archive == "arxiv" else []
    for name in _MENTIONING:
        names += [match[1] for match in _MENTION.finditer(fields.get(name, ""))]
    names += [fields.get("doi", ""), fields.get("url", "")]
    # Addresses of publishers are left: nothing that we read is known by them.
    return paper_key(name for name in names if arxiv_id(name) or doi(name))


def _entries(text: str) -> Iterator[Mapping[str, str]]:
    place = 0
    for _ in range(MOST_ENTRIES):
        match = _ENTRY.search(text, place)
        if match is None:
            return
        place = match.end()
        if match[1].lower() not in _NO_PAPERS:
            fields, place = _fields(text, place)
            yield fields


def _fields(text: str, place: int) -> tuple[Mapping[str, str], int]:
    """Read `key, name = value, ...` from there; return the fields and where they end."""
    fields: dict[str, str] = {}
    # The entry's own key ends at the first comma.
    comma = text.find(",", place, place + 300)
    place = comma + 1 if comma >= 0 else place
    while (match := _NAME.match(text, place)) is not None:
        value, place = _value(text, match.end())
        fields.setdefault(match[1].lower(), value)
    return fields, place


def _value(text: str, place: int) -> tuple[str, int]:
    """Read `{...}`, `"..."` or one word; return it and where what follows begins."""
    opening = text[place : place + 1]
    if opening not in ("{", '"'):
        word = _WORD.match(text, place)
        return (word[0], word.end()) if word else ("", place)
    depth = 0
    start = place + 1
    last = min(len(text), start + _LONGEST_VALUE)
    for match in _TURN.finditer(text, start, last):
        end, char = match.start(), match[0]
        if char == "{":
            depth += 1
        elif char == "}" and depth:
            depth -= 1
        elif depth == 0 and char == ("}" if opening == "{" else '"'):
            return _short(text[start:end]), end + 1
        elif char == "\n" and _ENTRY.match(text, end + 1):
            # A brace was forgotten: the next entry begins here.
            return _short(text[start:end]), end
    return "", last


def _short(value: str) -> str:
    return " ".join(value[:_LONGEST_FIELD].split())
