"""A server and a fetcher that may ask it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from digest.config import Http
from digest.sources.http import Fetcher
from digest.testing import FakeClock
from tests.support.httpd import Httpd


@pytest.fixture
def httpd() -> Iterator[Httpd]:
    with Httpd() as server:
        yield server


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock(datetime(2026, 4, 27, 6, tzinfo=UTC))


@pytest.fixture
def fetcher(httpd: Httpd, clock: FakeClock) -> Fetcher:
    return Fetcher(Http(allow_hosts=(httpd.host,), timeout=10), clock=clock, user_agent="test/1")
