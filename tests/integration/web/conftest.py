"""A site for each test."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from digest.config import Settings
from tests.support.site import SETTINGS, Running, running


@pytest.fixture
def settings() -> Settings:
    """Return the settings of the site; a test may have its own."""
    return SETTINGS


@pytest.fixture(scope="module")
def standing(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """Run a site without papers for all tests of a module that leave it as it is."""
    with running(tmp_path_factory.mktemp("standing")) as site:
        yield site


@pytest.fixture
def site(tmp_path: Path, settings: Settings) -> Iterator[Running]:
    """Run a site over an empty SQLite database."""
    with running(tmp_path, settings) as site:
        yield site
