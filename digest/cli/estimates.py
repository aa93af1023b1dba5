"""What the commands of `digest eval` share."""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer

from digest.cli.output import table

if TYPE_CHECKING:
    from digest.evaluation.interleave import Credit
    from digest.evaluation.metrics import Estimate


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
