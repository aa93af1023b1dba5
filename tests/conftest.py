"""What every test may ask for."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

import digest

# Hypothesis would time each example: a machine that is busy with other things fails none.
settings.register_profile("patient", deadline=None)
settings.load_profile("patient")

REPOSITORY = Path(__file__).resolve().parent.parent


def pytest_report_header() -> str:
    """Say which copy of the package is tested, and refuse to test another than was asked for."""
    wanted = os.environ.get("TESTED_PACKAGE")
    found = Path(digest.__file__)
    if wanted and not found.is_relative_to(wanted):
        pytest.exit(f"the package comes from {found}, not from {wanted}", returncode=3)
    return f"digest: {found.parent}"


@pytest.fixture(autouse=True)
def level_of_the_log() -> Iterator[None]:
    """Leave the level as it was: a command that ran in this process has set its own."""
    root = logging.getLogger()
    level = root.level
    yield
    root.setLevel(level)


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Return the folder of recorded real data, or skip."""
    named = os.environ.get("DIGEST_SHARED_DATA")
    folder = Path(named) if named else REPOSITORY.parent / "shared" / "data"
    if not folder.is_dir():
        pytest.skip("the recorded real data is not beside this checkout ($DIGEST_SHARED_DATA)")
    return folder
