"""A listing -> the figures that attention is learned from, in groups that can be named."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from enum import StrEnum

import numpy as np
import numpy.typing as npt

from digest.ranking.listing import Listing
from digest.ranking.repute import Past, Repute

Floats = npt.NDArray[np.float64]


class Trait(StrEnum):
    """What a figure is about."""

    TEXT = "text"
    AUTHORS = "authors"
    CODE = "code"
    PAGE = "page"
    ORGANISATION = "organisation"
    FORM = "form"


_NAMED = re.compile(r"[\w .+-]{1,20}:")  # "Name: what it does"
_KINDS = ("survey", "bench", "technical report")
_UNKNOWN = math.nan


def names_of(listing: Listing) -> list[str]:
    """Return every name that a paper is a paper of, each with its kind."""
    names = [f"author:{name}" for name in listing.authors]
    if listing.organisation:
        names.append(f"organisation:{listing.organisation}")
    if listing.owner:
        names.append(f"owner:{listing.owner}")
    if listing.site:
        names.append(f"site:{listing.site}")
    return names


def figures_of(listing: Listing, repute: Repute, day: date) -> dict[Trait, list[float]]:
    """Return the figures of a listing by their trait, text apart; NaN where nothing is known."""

    def past(kind: str, name: str) -> Past:
        return repute.past(f"{kind}:{name}", day) if name else Past()

    title = listing.title.lower()
    authors = [past("author", name) for name in listing.authors]
    worth = sorted((one.worth for one in authors), reverse=True)
    owner = past("owner", listing.owner)
    organisation = past("organisation", listing.organisation)
    return {
        Trait.AUTHORS: [
            math.log1p(len(authors)),
            math.log1p(sum(one.papers for one in authors)),
            sum(one.papers > 0 for one in authors) / max(1, len(authors)),
            sum(worth),
            max(worth, default=0.0),
            min(worth, default=0.0),
            sum(worth[:3]) / 3,
            sum(one.worth * one.papers for one in authors)
            / (sum(one.papers for one in authors) + 1),
            authors[0].worth if authors else 0.0,
            authors[-1].worth if authors else 0.0,
            math.log1p(authors[-1].papers) if authors else 0.0,
        ],
        Trait.CODE: [
            float(bool(listing.owner)),
            _UNKNOWN if listing.stars is None else math.log1p(listing.stars),
            owner.worth,
            math.log1p(owner.papers),
        ],
        Trait.PAGE: [float(bool(listing.site)), past("site", listing.site).worth],
        Trait.ORGANISATION: [
            float(bool(listing.organisation)),
            organisation.worth,
            math.log1p(organisation.papers),
        ],
        Trait.FORM: [
            float(listing.has_media),
            math.log1p(len(listing.abstract)),
            float(len(listing.title)),
            float(len(listing.title.split())),
            float(_NAMED.match(listing.title) is not None),
            float("?" in listing.title),
            float(any(sign.isdigit() for sign in listing.title)),
            *(float(kind in title) for kind in _KINDS),
            float("http" in listing.abstract or "github" in listing.abstract.lower()),
            float(day.weekday()),
            float(listing.keywords) if listing.keywords else _UNKNOWN,
            _since(listing.listed_at, day, hours=1),
            -_since(listing.published_at, day, hours=24),
        ],
    }


def matrix(rows: Sequence[Mapping[Trait, Sequence[float]]]) -> tuple[Floats, list[Trait]]:
    """Return a row of figures for each listing, and the trait of each column."""
    columns = [trait for trait, figures in rows[0].items() for _ in figures]
    return np.array([[one for some in row.values() for one in some] for row in rows]), columns


def _since(moment: datetime | None, day: date, *, hours: float) -> float:
    """Return the time from the beginning of a day to a moment, within a month of it."""
    if moment is None:
        return _UNKNOWN
    midnight = datetime(day.year, day.month, day.day, tzinfo=UTC)
    since = (moment - midnight).total_seconds() / 3600 / hours
    return max(-720 / hours, min(720 / hours, since))
