"""Days, weeks and months by their names."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from digest.errors import NotHere
from digest.model import Window, WindowKind
from digest.reading import windows

DAY, WEEK, MONTH = WindowKind.DAY, WindowKind.WEEK, WindowKind.MONTH


@pytest.mark.parametrize(
    ("name", "window"),
    [
        ("2026-11-23", Window(DAY, date(2026, 11, 23))),
        ("2026-W48", Window(WEEK, date(2026, 11, 23))),
        ("2026-W53", Window(WEEK, date(2026, 12, 28))),
        ("2026-11", Window(MONTH, date(2026, 11, 1))),
    ],
)
def test_a_name_is_read_and_written_the_same(name: str, window: Window) -> None:
    assert windows.read(name) == window
    assert window.name == name


@pytest.mark.parametrize(
    "name",
    ["", "2026", "2026-13", "2026-02-30", "2026-W00", "2025-W53", "0001-01-01", "9999-12",
     "2026-11-23x", "٢٠٢٦-11", "2026-1-1", "2026-11-23\n"],
)  # fmt: skip
def test_what_is_in_no_calendar_is_refused(name: str) -> None:
    with pytest.raises(NotHere, match="write 2026-11-23"):
        windows.read(name)


def test_a_name_of_another_kind_is_refused() -> None:
    with pytest.raises(NotHere):
        windows.read("2026-11", DAY)


def test_windows_follow_each_other_without_a_gap() -> None:
    for kind in WindowKind:
        window = windows.around(kind, date(2026, 12, 31))
        following = windows.around(kind, window.after)
        zone = "Europe/Berlin"
        assert windows.bounds(window, zone)[1] == windows.bounds(following, zone)[0]


def test_a_day_begins_at_midnight_of_the_site() -> None:
    since, until = windows.bounds(windows.read("2026-10-25"), "Europe/Berlin")
    assert since == datetime(2026, 10, 24, 22, tzinfo=UTC)
    assert until == datetime(2026, 10, 25, 23, tzinfo=UTC)  # the clocks went back: 25 hours
