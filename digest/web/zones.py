"""A time zone to begin with, guessed without a script: from the languages of a browser."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from importlib.resources import files

from digest.subscriptions import timezones

# Languages that are mostly read in one country; `en`, `es`, `fr`, `ar` and others tell nothing.
_AT_HOME = {
    "bg": "BG", "cs": "CZ", "da": "DK", "de": "DE", "el": "GR", "et": "EE", "fi": "FI",
    "he": "IL", "hi": "IN", "hr": "HR", "hu": "HU", "id": "ID", "is": "IS", "it": "IT",
    "ja": "JP", "ko": "KR", "lt": "LT", "lv": "LV", "nb": "NO", "nl": "NL", "nn": "NO",
    "no": "NO", "pl": "PL", "ro": "RO", "sk": "SK", "sl": "SI", "sr": "RS", "sv": "SE",
    "th": "TH", "tr": "TR", "uk": "UA", "vi": "VN",
}  # fmt: skip

# Countries whose first zone in the tz database is not where most people live.
_MOSTLY = {
    "AU": "Australia/Sydney",
    "BR": "America/Sao_Paulo",
    "CA": "America/Toronto",
    "RU": "Europe/Moscow",
    "UA": "Europe/Kyiv",
}

_TAG = re.compile(r"([A-Za-z]{2,3})(?:-[A-Za-z]{4})?(?:-([A-Za-z]{2}))?")
_LONGEST = 200  # characters of the header that are looked at


def guess(accept_language: str) -> str:
    """Return a time zone of the country that Accept-Language names, empty where it names none.

    The first language that tells counts, in the order of the header; of a country with several
    zones, the one that the tz database names first, or that in which most people live.
    """
    for wanted in accept_language[:_LONGEST].split(","):
        found = _TAG.fullmatch(wanted.partition(";")[0].strip())
        if found is None:
            continue
        country = found[2].upper() if found[2] else _AT_HOME.get(found[1].lower(), "")
        if country in _zones():
            return _zones()[country]
    return ""


@lru_cache(maxsize=1)
def _zones() -> Mapping[str, str]:
    """Return the zone to guess for each country (ISO 3166), from the tz database's `zone.tab`."""
    first = dict(_MOSTLY)
    table = files("tzdata.zoneinfo").joinpath("zone.tab").read_text("utf-8")
    for line in table.splitlines():
        country, _, rest = line.partition("\t")
        name = rest.split("\t")[1] if "\t" in rest else ""
        if name and not line.startswith("#") and name in timezones().values():
            first.setdefault(country, name)
    return first
