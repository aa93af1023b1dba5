"""`digest eval credit`: whose papers are wanted more where two rankers share each digest."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated

import typer

from digest.cli.estimates import show_credit
from digest.cli.output import document, say
from digest.cli.state import Json, state_of


def credit(
    context: typer.Context,
    *,
    days: Annotated[
        int, typer.Option("--days", min=1, metavar="N", help="Digests of the last N days.")
    ] = 30,
    seed: Annotated[int, typer.Option("--seed", min=0, help="What chance starts from.")] = 1,
    json: Json = False,
) -> None:
    """Count what two rankers have earned in digests that they shared ([ranking] interleave)."""
    from digest import history
    from digest.evaluation import interleave

    with state_of(context).open() as app:
        until = app.clock.now()
        shared = history.shared(app.store, since=until - timedelta(days=days), until=until)
    found = [interleave.credit(pair, some, seed=seed) for pair, some in shared.items()]
    if json:
        document(found)
        return
    if not found:
        say(
            f"nobody has said anything of a digest of the last {days} days that two rankers "
            "shared: see [ranking] interleave"
        )
    for one in found:
        show_credit(one)
