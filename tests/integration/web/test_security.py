"""Who is asking, and how often they may."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.requests import Request

from digest.web.security import UNKNOWN, RateLimit, neighbourhood, networks, visitor
from tests.support.samples import NOW

TRUSTED = networks("trusted_proxies", ["10.0.0.0/9", "::ffff:10.128.0.0/105", "fd00::/8"])


def asked(client: str, *forwarded: str) -> str:
    """Return who is taken to ask."""
    headers = [(b"x-forwarded-for", each.encode("latin-1")) for each in forwarded]
    scope = {"type": "http", "headers": headers, "client": (client, 1234)}
    return visitor(Request(scope), TRUSTED)


@pytest.mark.parametrize(
    ("client", "forwarded", "who"),
    [
        ("192.0.2.1", (), "192.0.2.1"),
        ("192.0.2.1", ("198.51.100.9",), "192.0.2.1"),
        ("10.0.0.1", ("198.51.100.9",), "198.51.100.9"),
        ("10.0.0.1", ("198.51.100.9, 192.0.2.1",), "192.0.2.1"),
        ("10.0.0.1", ("192.0.2.1, 10.9.9.9",), "192.0.2.1"),
        ("10.0.0.1", ("198.51.100.9", "192.0.2.1"), "192.0.2.1"),
        ("10.0.0.1", ("10.5.5.5",), "10.5.5.5"),
        ("fd00::1", ("2001:db8::7",), "2001:db8::7"),
        # Azure's and IIS write ports, others brackets.
        ("10.0.0.1", ("192.0.2.1:4711",), "192.0.2.1"),
        ("10.0.0.1", ("[2001:db8::7]:4711",), "2001:db8::7"),
        ("10.0.0.1", ('"[2001:db8::7]"',), "2001:db8::7"),
        ("10.0.0.1", ("2001:DB8::7",), "2001:db8::7"),
        ("10.0.0.1", ("192.0.2.1, 10.9.9.9:80",), "192.0.2.1"),
        # As a socket for both kinds of addresses names them.
        ("::ffff:10.0.0.1", ("::ffff:192.0.2.1",), "192.0.2.1"),
        ("::ffff:192.0.2.1", (), "192.0.2.1"),
        ("10.200.0.1", ("192.0.2.1",), "192.0.2.1"),
        # Never the proxy: everybody would have its address.
        ("10.0.0.1", (), UNKNOWN),
        ("10.0.0.1", ("",), UNKNOWN),
        ("10.0.0.1", ("unknown",), UNKNOWN),
        ("10.0.0.1", ("192.0.2.1, nonsense, 10.9.9.9",), UNKNOWN),
        ("a-socket", (), UNKNOWN),
    ],
)
def test_only_trusted_proxies_are_believed(
    client: str, forwarded: tuple[str, ...], who: str
) -> None:
    assert asked(client, *forwarded) == who


@given(st.text(st.characters(max_codepoint=255), max_size=80))
def test_what_visitors_make_up_never_ends_in_an_error(forwarded: str) -> None:
    assert asked("192.0.2.1", forwarded) == "192.0.2.1"
    asked("10.0.0.1", forwarded)


def test_an_ipv6_visitor_is_limited_with_their_whole_network() -> None:
    assert neighbourhood("2001:db8:1:2:3::4") == neighbourhood("2001:db8:1:2::9")
    assert neighbourhood("2001:db8:1:3::4") != neighbourhood("2001:db8:1:2::4")
    assert neighbourhood("192.0.2.1") != neighbourhood("192.0.2.2")
    assert neighbourhood(UNKNOWN) == UNKNOWN


def test_a_limit_counts_by_name_and_forgets() -> None:
    limit = RateLimit(2, timedelta(hours=1))
    assert [limit.allows("a", NOW) for _ in range(3)] == [True, True, False]
    assert limit.allows("b", NOW)
    assert not limit.allows("a", NOW + timedelta(minutes=59))
    assert limit.allows("a", NOW + timedelta(minutes=60))


def test_a_limit_remembers_a_bounded_number_of_names() -> None:
    limit = RateLimit(1, timedelta(hours=1), names=2)
    assert limit.allows("a", NOW)
    assert limit.allows("b", NOW)
    assert limit.allows("c", NOW)
    assert limit.allows("a", NOW)
    assert not limit.allows("c", NOW)
