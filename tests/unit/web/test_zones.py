"""A time zone to begin with."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from digest.subscriptions import timezones
from digest.web.zones import guess


@pytest.mark.parametrize(
    ("languages", "zone"),
    [
        ("de", "Europe/Berlin"),
        ("de-CH,de;q=0.9,en;q=0.8", "Europe/Zurich"),
        ("en-GB,en;q=0.5", "Europe/London"),
        ("en-US", "America/New_York"),
        ("pt-BR", "America/Sao_Paulo"),
        ("zh-Hans-CN", "Asia/Shanghai"),
        ("uk", "Europe/Kyiv"),
        ("en, ja;q=0.3", "Asia/Tokyo"),
        ("en", ""),
        ("*", ""),
        ("", ""),
        ("xx-YY", ""),
    ],
)
def test_the_first_language_that_tells_decides(languages: str, zone: str) -> None:
    assert guess(languages) == zone


@given(st.text(max_size=300))
def test_whatever_is_sent_gives_a_zone_or_none(languages: str) -> None:
    assert guess(languages) in {"", *timezones().values()}
