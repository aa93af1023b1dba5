"""Which edition is due for whom, in their own time zone; pure.

A local hour that a clock change skips is due at the first moment after the gap, one that comes
twice is due the first time.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from digest.model import Cadence

_DAY = timedelta(days=1)

# Without `catch_up`, a digest leaves within this time after its hour or not at all.
PUNCTUAL = timedelta(minutes=10)

_WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")


def local_date(now: datetime, timezone: str) -> date:
    """Return the calendar day of `now` in that time zone."""
    return now.astimezone(ZoneInfo(timezone)).date()


def due_at(day: date, hour: int, timezone: str) -> datetime:
    """Return the moment, in UTC, at which the local clock shows that hour of that day."""
    zone = ZoneInfo(timezone)
    local = datetime.combine(day, time(hour), tzinfo=zone)
    moment = local.astimezone(UTC)
    if moment.astimezone(zone).replace(tzinfo=None) == local.replace(tzinfo=None):
        return moment
    # The hour does not exist (PEP 495): with fold=1 the offset after the gap is used, which
    # gives a moment before the change; the change itself is the first moment after the gap.
    before, after = local.replace(fold=1).astimezone(UTC), moment
    offset = before.astimezone(zone).utcoffset()
    while after - before > timedelta(seconds=1):
        middle = before + (after - before) / 2
        if middle.astimezone(zone).utcoffset() == offset:
            before = middle
        else:
            after = middle
    return after.replace(microsecond=0)


def is_edition_day(cadence: Cadence, day: date, *, weekly_day: str) -> bool:
    """Say whether an edition of that cadence is made on that day."""
    return cadence is Cadence.DAILY or _WEEKDAYS[day.weekday()] == weekly_day


def edition_due(
    cadence: Cadence,
    *,
    hour: int,
    timezone: str,
    weekly_day: str,
    now: datetime,
    life: timedelta,
    catch_up: bool,
) -> date | None:
    """Return the day of the newest edition that is due and may still leave, if there is one.

    An edition may leave for `life` after its hour; without `catch_up` only for `PUNCTUAL`.
    """
    patience = life if catch_up else min(life, PUNCTUAL)
    day = local_date(now, timezone)
    oldest = day - patience - _DAY
    while day >= oldest:
        if is_edition_day(cadence, day, weekly_day=weekly_day):
            due = due_at(day, hour, timezone)
            # A day that the zone's calendar leaves out (Samoa, 30 December 2011) has no edition.
            if due <= now and local_date(due, timezone) == day:
                return day if now < due + patience else None
        day -= _DAY
    return None
