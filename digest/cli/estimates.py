"""What the commands of `digest eval` share."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import typer

from digest.cli.output import table
from digest.errors import ConfigError

if TYPE_CHECKING:
    from digest.evaluation.interleave import Credit
    from digest.evaluation.metrics import Estimate


@contextmanager
def extra_needed() -> Iterator[None]:
    """Say what to install where an import inside fails for want of the extra [evaluation]."""
    try:
        yield
    except ModuleNotFoundError as error:
        if error.name not in {"sklearn", "threadpoolctl"}:
            raise
        raise ConfigError(
            "Other programs' rankers need scikit-learn: "
            "pip install 'trending-papers-digest[evaluation]'."
        ) from error


def interval(estimate: Estimate, sign: str = "") -> str:
    """Return a mean with its interval; with the sign "+" it always has one."""
    mean, low, high = (
        format(value, f"{sign}.3f") for value in (estimate.mean, estimate.low, estimate.high)
    )
    return f"{mean} [{low}, {high}]"


def show_credit(found: Credit) -> None:
    """Write what two rankers have earned in digests that they shared."""
    table(
        ("ranker", "papers", "more", "less", "wins"),
        zip(found.rankers, found.papers, found.more, found.less, found.wins, strict=True),
        title=f"Interleaved; {found.ties:,} ties",
    )
    if found.lead is not None:
        typer.echo(f"{found.rankers[0]} leads by {interval(found.lead, '+')}")
