from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from digest.ranking import Days

MONDAY = date(2026, 11, 23)
NOW = datetime(2026, 11, 23, 9, tzinfo=UTC)
WEEKDAYS = {
    day: 100 for number in range(29) if (day := MONDAY - timedelta(days=number)).weekday() < 5
}


def at(days: int, hour: int = 9) -> datetime:
    """Return an hour so many days before the Monday."""
    return NOW.replace(hour=hour) - timedelta(days=days)


def test_a_weekend_does_not_count() -> None:
    days = Days(WEEKDAYS, NOW)
    assert days.between(at(3), NOW) == pytest.approx(1)  # Friday
    assert days.between(at(2), NOW) == days.between(at(1), NOW) == pytest.approx(9 / 24)
    assert days.between(at(7), NOW) == pytest.approx(5)


def test_stragglers_make_no_announcement() -> None:
    days = Days({**WEEKDAYS, MONDAY - timedelta(days=1): 3}, NOW)
    assert days.between(at(3), NOW) == pytest.approx(1)


def test_before_the_list_of_today_is_there_the_day_has_not_begun() -> None:
    earlier = {day: papers for day, papers in WEEKDAYS.items() if day != MONDAY}
    assert Days(earlier, NOW).between(at(3, hour=0), NOW) == pytest.approx(1)


def test_every_day_counts_where_nothing_is_known() -> None:
    days = Days({}, NOW)
    assert days.between(at(2), NOW) == pytest.approx(2)
    assert days.between(NOW, NOW + timedelta(days=3)) == pytest.approx(3)


def test_days_before_the_first_list_count() -> None:
    assert Days({MONDAY: 5}, NOW).between(at(10), NOW) == pytest.approx(10)


@pytest.mark.parametrize(("number", "then"), [(0.25, at(0, 3)), (1.0, at(3)), (6.0, at(10))])
def test_a_number_of_days_can_be_gone_back(number: float, then: datetime) -> None:
    days = Days(WEEKDAYS, NOW)
    assert abs(days.before(NOW, number) - then) < timedelta(seconds=1)
    assert days.between(days.before(NOW, number), NOW) == pytest.approx(number)


def test_on_a_sunday_the_day_is_friday() -> None:
    sunday = at(1)
    days = Days({day: 100 for day in WEEKDAYS if day < MONDAY}, sunday)
    assert abs(days.before(sunday, 1.0) - at(3, 0)) < timedelta(seconds=1)
