"""The archive: days that had papers, editions as anybody may see them; and the about page."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any
from zoneinfo import ZoneInfo

from fastapi import APIRouter
from fastapi.responses import Response

from digest.errors import NotHere
from digest.model import Cadence, Window
from digest.reading import Reader, periods, settled
from digest.web.lists import path_of, title_of
from digest.web.pages import Pages, routes
from digest.web.views import candidate_view

MOST_EDITIONS = 30


@dataclass(frozen=True)
class ArchivePages:
    """What was, and how it came about."""

    pages: Pages
    reader: Reader

    def router(self) -> APIRouter:
        """Return the routes."""
        return routes(
            {
                "/archive": self.archive,
                "/archive/{name}": self.edition,
                "/about": self.about,
            }
        )

    def archive(self) -> Response:
        """Show the days that had papers by month, and the newest editions."""
        with self.pages.app.store.read() as tx:
            editions = tx.editions.list(limit=MOST_EDITIONS)
        context = {
            "months": _months(self.reader.days()),
            "editions": [(_edition_title(one.cadence, one.date), one.slug) for one in editions],
            "canonical": "/archive",
        }
        return self.pages.public("archive", context)

    def edition(self, name: str) -> Response:
        """Show what one edition was made of, the most talked about first; nothing of who got it."""
        cadence, _, day = name.partition("-")
        with self.pages.app.store.read() as tx:
            try:
                found = tx.editions.get(Cadence(cadence), date.fromisoformat(day))
            except ValueError:
                found = None
            before = found and tx.editions.before(found)
        if found is None or found.slug != name:
            # Days have other names in ISO 8601, but a page has one.
            raise NotHere("There is no such edition; the archive has the newest ones.")
        stretch = settled.of_edition(found, before)
        zone = ZoneInfo(self.reader.timezone)
        listing = self.reader.stretch(stretch)
        context = {
            "heading": _edition_title(found.cadence, found.date),
            "since": stretch.since.astimezone(zone),
            "until": found.closes_at.astimezone(zone),
            "papers": [candidate_view(one) for one in listing.candidates],
            "total": listing.total,
            "canonical": f"/archive/{found.slug}",
        }
        return self.pages.public("edition", context)

    def about(self) -> Response:
        """Say how papers get here and how they are ranked."""
        settings = self.pages.app.settings
        context = {
            "sources": [(one.name, one.kind) for one in settings.sources],
            "trending_days": settings.ranking.trending_days,
            "canonical": "/about",
        }
        return self.pages.public("about", context)


def _edition_title(cadence: Cadence, day: date) -> str:
    """Return how people call an edition."""
    whole = title_of(periods.around(Window.DAY, day))
    return f"{'Weekly' if cadence is Cadence.WEEKLY else 'Daily'} digest of {whole}"


def _months(days: Mapping[date, int]) -> list[dict[str, Any]]:
    """Return the days by month, the newest month first."""
    found: dict[date, dict[str, Any]] = {}
    for day in sorted(days, reverse=True):
        month = periods.around(Window.MONTH, day)
        kept = found.setdefault(
            month.first,
            {"title": title_of(month), "path": path_of(month), "total": 0, "days": []},
        )
        whole = periods.around(Window.DAY, day)
        kept["total"] += days[day]
        kept["days"].insert(0, (day.day, path_of(whole), days[day]))
    return list(found.values())
