"""The reference pages say what the program does."""

from __future__ import annotations

import os

import pytest

from tests.guards import reference


@pytest.mark.parametrize("name", sorted(reference.PAGES))
def test_a_reference_page_is_up_to_date(name: str) -> None:
    if os.environ.get("DIGEST_UPDATE_GOLDEN"):
        reference.write()
    written = (reference.FOLDER / f"{name}.md").read_text(encoding="utf-8")
    assert written == reference.page(name), "run `python -m tests.guards.reference`"
