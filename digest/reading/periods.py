"""Which days a period has, and when it begins and ends; pure."""

from __future__ import annotations

import re
from datetime import date, timedelta

from digest.due import due_at
from digest.errors import NotHere
from digest.model import Period, Stretch, Window

# Nobody reads papers of other years here, and calendars end somewhere.
_YEARS = range(1900, 2200)

_FORMS = {
    Window.DAY: re.compile(r"(\d{4})-(\d{2})-(\d{2})", re.ASCII),
    Window.WEEK: re.compile(r"(\d{4})-W(\d{2})", re.ASCII),
    Window.MONTH: re.compile(r"(\d{4})-(\d{2})", re.ASCII),
}


def read(name: str, *kinds: Window) -> Period:
    """Read the name of a period of one of these kinds, or of any; raise `NotHere`."""
    for kind in kinds or Window:
        found = _FORMS[kind].fullmatch(name)
        if found is None or int(found[1]) not in _YEARS:
            continue
        numbers = [int(part) for part in found.groups()]
        try:
            if kind is Window.WEEK:
                return Period(kind, date.fromisocalendar(numbers[0], numbers[1], 1))
            return Period(kind, date(numbers[0], numbers[1], (*numbers, 1)[2]))
        except ValueError:
            break
    raise NotHere(f'"{name[:40]}" is not in the calendar: write 2026-11-23, 2026-W48 or 2026-11')


def around(kind: Window, day: date) -> Period:
    """Return the period that has this day."""
    if kind is Window.DAY:
        return Period(kind, day)
    if kind is Window.WEEK:
        return Period(kind, day - timedelta(days=day.weekday()))
    return Period(kind, day.replace(day=1))


def stretch(period: Period, timezone: str) -> Stretch:
    """Return the time from when it begins to when the next one does."""
    return Stretch(
        due_at(period.first, 0, timezone), due_at(period.after, 0, timezone), period.kind
    )
