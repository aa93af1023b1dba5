"""What the commands of `digest eval` share."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from digest.cli.output import say
from digest.errors import InvalidInput

if TYPE_CHECKING:
    from digest.evaluation.metrics import Estimate


Seed = Annotated[int, typer.Option("--seed", min=0, help="What chance starts from.")]
Rankers = Annotated[
    list[str] | None,
    typer.Option("--ranker", metavar="NAME", help="Only this ranker; may be repeated."),
]
Days = Annotated[
    int, typer.Option("--days", min=1, metavar="N", help="Digests of the last N days.")
]
Report = Annotated[
    Path | None, typer.Option("--report", metavar="FILE", help="Write a page with plots.")
]


def interval(estimate: Estimate, sign: str = "") -> str:
    """Return a mean with its interval; with the sign "+" it always has one."""
    mean, low, high = (
        format(value, f"{sign}.3f") for value in (estimate.mean, estimate.low, estimate.high)
    )
    return f"{mean} [{low}, {high}]"


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
