"""Lists of papers: a day, a week, a month, what is trending."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Query
from fastapi.responses import Response

from digest.model import Period, Sort, Window
from digest.reading import PAGE, Listing, Reader, periods
from digest.web.pages import Pages, routes
from digest.web.views import candidate_view

SORTS = {Sort.HOT: "Hot", Sort.NEW: "New", Sort.TOP: "Top"}
PERIOD_NAMES = {
    Window.DAY: "the last day with new papers",
    Window.WEEK: "the last 7 days",
    Window.MONTH: "the last 30 days",
}
FEW_CATEGORIES = 12
MOST_CATEGORIES = 60

# Without control characters: PostgreSQL takes no NUL in a text.
Category = Annotated[
    str, Query(max_length=100, pattern=r"^[^\x00-\x1f]*$", description="Such as cs.CL; else all.")
]
After = Annotated[int | None, Query(ge=1, le=2**53, description="Where the page before ended.")]
Shown = Annotated[int, Query(ge=0, le=10**6)]
PLACE = ("after", "shown")  # what tells a page of a list from its first one


@dataclass(frozen=True)
class _Asked:
    """What the pages of a day, a week and a month may be asked for."""

    sort: Sort = Sort.HOT
    category: Category = ""
    after: After = None
    shown: Shown = 0


Asked = Annotated[_Asked, Depends()]


@dataclass(frozen=True)
class ListPages:
    """The pages of lists; none of them is anybody's own."""

    pages: Pages
    reader: Reader

    def router(self) -> APIRouter:
        """Return the routes."""
        return routes(
            {
                "/day/{name}": self.day,
                "/week/{name}": self.week,
                "/month/{name}": self.month,
                "/trending": self.trending,
            }
        )

    def day(self, name: str, asked: Asked) -> Response:
        """Show the papers of one day."""
        return self._period(periods.read(name, Window.DAY), asked)

    def week(self, name: str, asked: Asked) -> Response:
        """Show the papers of one week."""
        return self._period(periods.read(name, Window.WEEK), asked)

    def month(self, name: str, asked: Asked) -> Response:
        """Show the papers of one month."""
        return self._period(periods.read(name, Window.MONTH), asked)

    def trending(
        self,
        window: Window = Window.WEEK,
        category: Category = "",
        after: After = None,
        shown: Shown = 0,
    ) -> Response:
        """Show what is trending now."""
        listing = self.reader.trending(window, category=category, after=after)
        chosen = {"window": "" if window is Window.WEEK else window.value}
        context = {
            **_list(listing, "/trending", {**chosen, "category": listing.category}, after, shown),
            "length": PERIOD_NAMES[window],
            "periods": [
                (
                    each.value.capitalize(),
                    address("/trending", {"window": each.value, "category": listing.category}),
                    each is window,
                )
                for each in Window
            ],
        }
        return self.pages.public("trending", context)

    def _period(self, period: Period, asked: _Asked) -> Response:
        sort = asked.sort
        listing = self.reader.period(period, sort, category=asked.category, after=asked.after)
        category = listing.category
        path = path_of(period)
        chosen = {"sort": "" if sort is Sort.HOT else sort.value, "category": category}
        earlier, later = self.reader.neighbours(period, category)
        context = {
            **_list(listing, path, chosen, asked.after, asked.shown),
            "heading": title_of(period),
            "larger": [
                (title_of(each, short=True), path_of(each))
                for each in (
                    periods.around(kind, period.first)
                    for kind in (Window.WEEK, Window.MONTH)
                    if period.kind is Window.DAY or kind is not period.kind
                )
                if period.kind is not Window.MONTH
            ],
            "days": self._days(period),
            "sorts": [
                (name, address(path, {**chosen, "sort": one.value}), one is sort)
                for one, name in SORTS.items()
            ],
            "earlier": _neighbour(earlier, chosen),
            "later": _neighbour(later, chosen),
            "why": "" if listing.total else self._why(period, category, listing, earlier),
        }
        return self.pages.public("list", context)

    def _days(self, period: Period) -> list[tuple[str, str]]:
        """Return the days of a week: a short name, and the path."""
        if period.kind is not Window.WEEK:
            return []
        days = [Period(Window.DAY, period.first + timedelta(days=one)) for one in range(7)]
        return [
            (f"{day.first:%a} {day.first.day}", path_of(day))
            for day in days
            if day.first <= self.reader.today
        ]

    def _why(self, period: Period, category: str, listing: Listing, earlier: Period | None) -> str:
        """Say why a list is empty."""
        if category and listing.categories:
            return f"No paper of {category} was listed then; other categories have some."
        today = self.reader.today
        if period.first > today:
            return "This has not come yet."
        settings = self.pages.app.settings
        kinds = {source.kind for source in settings.sources}
        if period.kind is Window.DAY and period.first.weekday() >= 5 and "arxiv" in kinds:
            return "Nothing was listed on this day: arXiv announces no papers at weekends."
        if period.first <= today < period.after:
            hours = math.ceil(settings.schedule.ingest_every / 3600)
            soon = "the hour" if hours <= 1 else f"{hours} hours"
            return f"Nothing has come in yet. The sources are read again within {soon}."
        if earlier is None and not category:
            return "Nothing was listed then: this site had not begun to collect."
        return "Nothing was listed then: it was a holiday, or no source could be read."


def path_of(period: Period) -> str:
    """Return the path of the page of a period."""
    return f"/{period.kind}/{period.name}"


def title_of(period: Period, *, short: bool = False) -> str:
    """Return how people call a period."""
    first = period.first
    if period.kind is Window.DAY:
        return (
            f"{first:%a} {first.day} {first:%b}"
            if short
            else f"{first:%A}, {first.day} {first:%B %Y}"
        )
    if period.kind is Window.WEEK:
        year, week, _ = first.isocalendar()
        return f"Week {week}" if short else f"Week {week} of {year}"
    return f"{first:%B}" if short else f"{first:%B %Y}"


def _neighbour(period: Period | None, chosen: Mapping[str, str]) -> tuple[str, str, str] | None:
    if period is None:
        return None
    return title_of(period, short=True), title_of(period), address(path_of(period), chosen)


def page_of_list(
    listing: Listing, path: str, chosen: Mapping[str, str], after: int | None, shown: int
) -> dict[str, Any]:
    """Return where a page stands in its list: `shown` papers were on those before, it is said."""
    shown = 0 if after is None else min(shown, listing.total - len(listing.candidates))
    follow = {**chosen, "after": str(listing.after or ""), "shown": str(shown + PAGE)}
    return {
        "total": listing.total,
        "shown": shown,
        "is_over": after is not None and not listing.candidates,
        "first_page": "" if after is None else address(path, chosen),
        "next_page": address(path, follow) if listing.after else "",
    }


def _list(
    listing: Listing, path: str, chosen: Mapping[str, str], after: int | None, shown: int
) -> dict[str, Any]:
    """Return what every list shows."""
    category = chosen.get("category", "")
    names = list(listing.categories)[:MOST_CATEGORIES]
    if category and category not in names:
        names.insert(0, category)
    offered = [
        (
            name,
            listing.total if name == category else listing.categories.get(name, 0),
            address(path, {**chosen, "category": name}),
            name == category,
        )
        for name in names
    ]
    place = next((at for at, one in enumerate(offered) if one[3]), 0)
    if place >= FEW_CATEGORIES:
        offered.insert(0, offered.pop(place))
    return {
        **page_of_list(listing, path, chosen, after, shown),
        "papers": [
            candidate_view(one, listing.reasons.get(one.paper.key, ""))
            for one in listing.candidates
        ],
        "category": category,
        "everything": address(path, {**chosen, "category": ""}),
        "offered": offered[:FEW_CATEGORIES],
        "others": offered[FEW_CATEGORIES:],
        "canonical": address(path, chosen),
    }


def address(path: str, chosen: Mapping[str, str]) -> str:
    """Return a path with what is chosen, without what is as usual."""
    query = urlencode({name: value for name, value in chosen.items() if value})
    return f"{path}?{query}" if query else path
