"""Pages of plots that evaluations write."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from digest.cli.output import say
from digest.errors import InvalidInput


def check_writable(path: Path) -> None:
    """Say at once, and not after an hour of ranking, that a page has no place to go."""
    if path.is_dir() or not path.parent.is_dir():
        raise InvalidInput(f"{path} cannot be written: name a file in a folder that exists")


def write_report(path: Path, name: str, context: Mapping[str, Any]) -> None:
    """Render the page of that name into a file; raise `InvalidInput` where that cannot be."""
    from digest.rendering import JinjaRenderer

    page = JinjaRenderer().report(name, context)
    try:
        path.write_text(page, encoding="utf-8")
    except OSError as error:
        raise InvalidInput(f"{path} cannot be written: {error.strerror}") from error
    say(f"wrote {path}")
