"""`digest backfill`: the past of a source, for a site that begins."""

from __future__ import annotations

from collections import Counter
from typing import Annotated

import typer

from digest.cli.output import document, progress, record, say, working
from digest.cli.source import chosen
from digest.cli.state import Json, state_of


def backfill(
    context: typer.Context,
    source: Annotated[str, typer.Argument(metavar="SOURCE", help="The source.")],
    *,
    days: Annotated[
        int, typer.Option("--days", min=1, max=3650, metavar="N", help="How many days back.")
    ],
    json: Json = False,
) -> None:
    """Ask a source for its lists of past days; what is there already is not asked again."""
    from digest import backfill as stage
    from digest.rank import expecting, topics

    with state_of(context).open() as app:
        (named,) = chosen(app.sources, [source])
        with progress("Asking for past days...", total=days) as step:
            report = stage.run(app.store, named, days=days, clock=app.clock, step=step)
        with working("Learning what attention papers may expect..."):
            expecting.update(app.store, app.clock.now())
            topics.update(app.store, app.clock.now())
    if json:
        document({**vars(report), "new": report.new, "failed": len(report.failed)})
        raise typer.Exit(report.exit_code)
    outcomes = Counter(one.outcome for one in report.asked)
    record(
        {
            "days": report.days,
            "known before": report.known,
            "asked": dict(outcomes),
            "papers received": sum(one.received for one in report.asked),
            "papers new": report.new,
            "figures": sum(one.signals for one in report.asked),
        }
    )
    for one in report.failed:
        say(f"{one.day}: {one.error}")
    if report.left:
        say(
            f"{report.left} days are left: the upstream failed {stage.PATIENCE} times in a row. "
            "Run it again later; it goes on from there."
        )
    raise typer.Exit(report.exit_code)
