"""Days, weeks and months by their names."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from digest.errors import NotHere
from digest.model import Period, Window
from digest.reading import periods

DAY, WEEK, MONTH = Window.DAY, Window.WEEK, Window.MONTH


@pytest.mark.parametrize(
    ("name", "period"),
    [
        ("2026-11-23", Period(DAY, date(2026, 11, 23))),
        ("2026-W48", Period(WEEK, date(2026, 11, 23))),
        ("2026-W53", Period(WEEK, date(2026, 12, 28))),
        ("2026-11", Period(MONTH, date(2026, 11, 1))),
    ],
)
def test_a_name_is_read_and_written_the_same(name: str, period: Period) -> None:
    assert periods.read(name) == period
    assert period.name == name


@pytest.mark.parametrize(
    "name",
    ["", "2026", "2026-13", "2026-02-30", "2026-W00", "2025-W53", "0001-01-01", "9999-12",
     "2026-11-23x", "٢٠٢٦-11", "2026-1-1", "2026-11-23\n"],
)  # fmt: skip
def test_what_is_in_no_calendar_is_refused(name: str) -> None:
    with pytest.raises(NotHere, match="write 2026-11-23"):
        periods.read(name)


def test_a_name_of_another_kind_is_refused() -> None:
    with pytest.raises(NotHere):
        periods.read("2026-11", DAY)


def test_periods_follow_each_other_without_a_gap() -> None:
    for kind in Window:
        period = periods.around(kind, date(2026, 12, 31))
        following = periods.around(kind, period.after)
        zone = "Europe/Berlin"
        assert periods.stretch(period, zone).until == periods.stretch(following, zone).since


def test_a_day_begins_at_midnight_of_the_site() -> None:
    autumn = periods.stretch(periods.read("2026-10-25"), "Europe/Berlin")
    assert autumn.since == datetime(2026, 10, 24, 22, tzinfo=UTC)
    assert autumn.until == datetime(2026, 10, 25, 23, tzinfo=UTC)  # the clocks went back: 25 hours
