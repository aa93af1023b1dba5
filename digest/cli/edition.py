"""`digest edition`: how far each day's and week's digests are."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from digest.cli.output import document, facts_table, record, say
from digest.cli.state import Json, Limit, edition_of, state_of
from digest.errors import NotFound
from digest.model import DeliveryState

if TYPE_CHECKING:
    from digest.model import EditionSummary

commands = typer.Typer(no_args_is_help=True, help="How far each day's and week's digests are.")

# What is worth a look, and where to look.
_TO_SEE = (DeliveryState.FAILED, DeliveryState.DEFERRED, DeliveryState.UNKNOWN)


@commands.command("list")
def list_editions(
    context: typer.Context,
    *,
    limit: Limit = 20,
    json: Json = False,
) -> None:
    """Show editions, newest first, with how far each is."""
    with state_of(context).open() as app, app.store.read() as tx:
        rows = [_facts(one) for one in tx.counts.summaries(tx.editions.list(limit=limit))]
    if json:
        document(rows)
        return
    columns = ("edition", "deliveries", "skipped", "first_sent_at", "last_sent_at", "outcome")
    facts_table(columns, rows)


@commands.command()
def show(
    context: typer.Context,
    edition: Annotated[
        str | None,
        typer.Argument(metavar="EDITION", help="Such as daily-2026-11-24; else the newest one."),
    ] = None,
    *,
    json: Json = False,
) -> None:
    """Show one edition: its deliveries by state, and what is left to do."""
    with state_of(context).open() as app, app.store.read() as tx:
        found = [edition_of(tx, edition)] if edition else tx.editions.list(limit=1)
        if not found:
            raise NotFound("there is no edition yet: `digest run`, or `digest serve`, makes one")
        (summary,) = tx.counts.summaries(found)
    facts = _facts(summary)
    if json:
        document(facts)
        return
    record({name.replace("_", " "): value for name, value in facts.items()})
    for state in _TO_SEE:
        if state in summary.states:
            say(f"see `digest delivery list --edition {summary.edition.slug} --state {state}`")


def _facts(summary: EditionSummary) -> dict[str, Any]:
    from digest.report import edition_outcome

    return {
        "edition": summary.edition.slug,
        "cadence": summary.edition.cadence,
        "date": summary.edition.date,
        "deliveries": {state: summary.states[state] for state in sorted(summary.states)},
        "skipped": dict(sorted(summary.skipped.items())),
        "first_sent_at": summary.first_sent_at,
        "last_sent_at": summary.last_sent_at,
        "outcome": edition_outcome(summary.states),
    }
