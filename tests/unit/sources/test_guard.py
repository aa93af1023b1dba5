"""Facts about the addresses that may be asked."""

from __future__ import annotations

import pytest

from digest.errors import SourceError
from digest.sources.guard import Guard, is_public

PRIVATE = [
    "127.0.0.1",
    "10.1.2.3",
    "172.16.0.1",
    "192.168.1.1",
    "169.254.169.254",
    "100.64.0.1",
    "0.0.0.0",
    "224.0.0.1",
    "255.255.255.255",
    "::1",
    "::",
    "fe80::1",
    "fc00::1",
    "fec0::1",
    "ff02::1",
    "::ffff:127.0.0.1",
    "::ffff:10.0.0.1",
    "64:ff9b::7f00:1",
    "2002:7f00:1::",
]


@pytest.mark.parametrize("address", PRIVATE)
def test_an_address_inside_is_not_public(address: str) -> None:
    assert not is_public(address)


@pytest.mark.parametrize(
    "address", ["151.101.1.42", "2a04:4e42::1", "::ffff:151.101.1.42", "64:ff9b::9765:12a"]
)
def test_an_address_of_the_internet_is_public(address: str) -> None:
    assert is_public(address)


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "::1", "localhost", "2130706433", "0177.0.0.1", "0x7f.1", "127.1"]
)
def test_every_way_to_write_loopback_is_refused(host: str) -> None:
    with pytest.raises(SourceError, match="allow_hosts"):
        Guard().addresses(host, 80)


def test_an_exception_is_for_one_port_or_for_every_port() -> None:
    guard = Guard(["127.0.0.1:8901", "LocalHost", "[::1]:80"])
    assert guard.allows("127.0.0.1", 8901)
    assert not guard.allows("127.0.0.1", 8902)
    assert guard.allows("localhost", 1)
    assert guard.allows("::1", 80)
    assert not guard.allows("::1", 81)
    assert guard.addresses("127.0.0.1", 8901) == ["127.0.0.1"]


def test_a_name_that_cannot_be_written_does_not_resolve() -> None:
    with pytest.raises(OSError):
        Guard().addresses("a" * 70 + ".example", 80)
