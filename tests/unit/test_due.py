"""Each edition is due once, at the reader's own hour, on the right days, whatever clocks do."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from digest.due import due_at, edition_due, is_edition_day, local_date
from digest.model import Cadence

LIFE = timedelta(hours=12)
ZONES = [
    "UTC",
    "Europe/Berlin",
    "America/New_York",
    "America/St_Johns",
    "Asia/Kathmandu",
    "Australia/Lord_Howe",
    "Pacific/Kiritimati",
    "Pacific/Pago_Pago",
    "Africa/Casablanca",
]
zones = st.sampled_from(ZONES)
hours = st.integers(0, 23)
days = st.dates(date(2020, 1, 1), date(2030, 12, 31))


def due(now: datetime, **changes: Any) -> date | None:
    options: dict[str, Any] = {
        "hour": 7,
        "timezone": "UTC",
        "weekly_day": "monday",
        "life": LIFE,
        "catch_up": True,
        **changes,
    }
    cadence = options.pop("cadence", Cadence.DAILY)
    return edition_due(cadence, now=now, **options)


@given(days, hours, zones)
def test_the_local_clock_shows_the_hour(day: date, hour: int, zone: str) -> None:
    local = due_at(day, hour, zone).astimezone(ZoneInfo(zone))
    assert local.date() == day
    # Only where the hour is left out does the clock show the end of the gap.
    assert local.hour == hour or (local.fold == 0 and local.hour - hour in (1, 2))
    if local.hour == hour:
        assert local.minute in (0, 30)


@pytest.mark.parametrize(
    ("day", "hour", "zone", "moment"),
    [
        (date(2026, 3, 29), 2, "Europe/Berlin", datetime(2026, 3, 29, 1, tzinfo=UTC)),
        (date(2026, 10, 25), 2, "Europe/Berlin", datetime(2026, 10, 25, 0, tzinfo=UTC)),
        (date(2026, 3, 8), 2, "America/New_York", datetime(2026, 3, 8, 7, tzinfo=UTC)),
        (date(2026, 11, 1), 1, "America/New_York", datetime(2026, 11, 1, 5, tzinfo=UTC)),
        (date(2026, 10, 4), 2, "Australia/Lord_Howe", datetime(2026, 10, 3, 15, 30, tzinfo=UTC)),
        (date(2026, 7, 1), 7, "Asia/Kathmandu", datetime(2026, 7, 1, 1, 15, tzinfo=UTC)),
    ],
)
def test_hours_that_are_left_out_or_come_twice(
    day: date, hour: int, zone: str, moment: datetime
) -> None:
    assert due_at(day, hour, zone) == moment


@pytest.mark.parametrize("zone", ZONES)
@pytest.mark.parametrize("hour", [0, 2, 7, 23])
def test_over_a_year_of_ticks_every_day_is_due_once(zone: str, hour: int) -> None:
    began = datetime(2026, 1, 1, tzinfo=UTC)
    first: dict[date, datetime] = {}
    for tick in range(366 * 24 * 2):
        now = began + tick * timedelta(minutes=30)
        day = due(now, timezone=zone, hour=hour)
        if day is not None:
            first.setdefault(day, now)
    assert len(first) >= 365
    for day, moment in first.items():
        if moment > began:
            assert timedelta() <= moment - due_at(day, hour, zone) < timedelta(minutes=30)


@given(days, hours, zones, st.floats(0, 11.99))
def test_a_missed_tick_heals_while_the_edition_lives(
    day: date, hour: int, zone: str, late: float
) -> None:
    now = due_at(day, hour, zone) + timedelta(hours=late)
    assert due(now, timezone=zone, hour=hour) == day


@given(days, hours, zones)
def test_an_edition_past_its_life_is_not_due(day: date, hour: int, zone: str) -> None:
    assert due(due_at(day, hour, zone) + LIFE, timezone=zone, hour=hour) != day


@given(days, hours, zones)
def test_todays_edition_wins_over_yesterdays(day: date, hour: int, zone: str) -> None:
    now = due_at(day, hour, zone)
    assert due(now, timezone=zone, hour=hour, life=timedelta(days=3)) == day


def test_without_catching_up_only_punctual_ones_leave() -> None:
    seven = datetime(2026, 11, 24, 7, tzinfo=UTC)
    assert due(seven + timedelta(minutes=9), catch_up=False) == date(2026, 11, 24)
    assert due(seven + timedelta(minutes=10), catch_up=False) is None
    assert due(seven + timedelta(hours=3)) == date(2026, 11, 24)


def test_weekly_ones_are_due_on_their_day_only() -> None:
    began = datetime(2026, 11, 1, tzinfo=UTC)
    found = Counter(
        day
        for tick in range(28 * 24)
        if (day := due(began + tick * timedelta(hours=1), cadence=Cadence.WEEKLY))
    )
    assert sorted(found) == [date(2026, 11, day) for day in (2, 9, 16, 23)]
    assert is_edition_day(Cadence.DAILY, date(2026, 11, 24), weekly_day="monday")
    assert not is_edition_day(Cadence.WEEKLY, date(2026, 11, 24), weekly_day="monday")


def test_a_day_that_a_calendar_left_out_has_no_edition() -> None:
    # Samoa went from Thursday, 29 December 2011, to Saturday.
    began = datetime(2011, 12, 28, tzinfo=UTC)
    found = {due(began + tick * timedelta(hours=1), timezone="Pacific/Apia") for tick in range(120)}
    assert date(2011, 12, 30) not in found
    assert {date(2011, 12, 29), date(2011, 12, 31)} <= found


def test_a_local_day_is_the_readers_own() -> None:
    now = datetime(2026, 11, 24, 11, tzinfo=UTC)
    assert local_date(now, "Pacific/Kiritimati") == date(2026, 11, 25)
    assert local_date(now, "Pacific/Pago_Pago") == date(2026, 11, 24)
