"""`digest source`: what the sources are, and whether they answer."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Any

import typer

from digest.cli.output import document, facts_table, table, working
from digest.cli.state import Json, state_of
from digest.errors import DigestError, NotFound
from digest.model import SourceOutcome, SourceReport

if TYPE_CHECKING:
    from digest.app import App
    from digest.ingest import NamedSource
    from digest.store import Transaction

commands = typer.Typer(no_args_is_help=True, help="What the sources are, and how they do.")


def chosen(sources: Sequence[NamedSource], names: Sequence[str] | None) -> list[NamedSource]:
    """Return the sources of those names, all without names; raise `NotFound`."""
    known = {source.name: source for source in sources}
    for name in names or ():
        if name not in known:
            raise NotFound(f"there is no source {name}: known are {', '.join(known) or 'none'}")
    return [known[name] for name in names] if names else list(sources)


@commands.command("list")
def list_sources(context: typer.Context, *, json: Json = False) -> None:
    """Show every source of the configuration, and how its last look ended."""
    with state_of(context).open() as app, app.store.read() as tx:
        rows = facts_of(app, tx)
    if json:
        document(rows)
    else:
        names = ("name", "kind", "last_outcome", "last_success_at", "next_check_at", "last_error")
        facts_table(names, rows)


def facts_of(app: App, tx: Transaction) -> list[dict[str, Any]]:
    """Return what is known of every source of the configuration."""
    states = {state.name: state for state in tx.sources.list()}
    return [
        {
            "name": source.name,
            "kind": source.kind,
            "last_outcome": (state := states.get(source.name)) and state.last_outcome,
            "last_checked_at": state and state.last_checked_at,
            "last_success_at": state and state.last_success_at,
            "next_check_at": state and state.next_check_at,
            "errors_in_a_row": state.error_count if state else 0,
            "last_error": state.last_error if state else "",
        }
        for source in app.sources
    ]


@commands.command("check")
def check(
    context: typer.Context,
    names: Annotated[
        list[str] | None, typer.Argument(metavar="SOURCE", help="Only these sources.")
    ] = None,
    *,
    json: Json = False,
) -> None:
    """Ask every source now, and write nothing of what it says."""
    with state_of(context).open() as app, working("Asking sources..."):
        checks = [_check(app, source) for source in chosen(app.sources, names)]
    if json:
        document(checks)
    else:
        table(
            ("name", "kind", "outcome", "received", "new", "seconds", "note"),
            [
                (
                    one.name,
                    one.kind,
                    one.outcome,
                    one.received,
                    one.new,
                    f"{one.seconds:.1f}",
                    one.error or one.note,
                )
                for one in checks
            ],
        )
    raise typer.Exit(max((one.exit_code for one in checks), default=0))


def _check(app: App, named: NamedSource) -> SourceReport:
    from digest.ingest import merge, outcome

    began = app.clock.now()
    try:
        # Without a cursor: an answer of "nothing newer" would prove little.
        fetched = named.source.fetch(None, None)
    except DigestError as error:
        return SourceReport(
            named.name,
            named.kind,
            SourceOutcome.FAILED,
            seconds=(app.clock.now() - began).total_seconds(),
            error=str(error),
            exit_code=error.exit_code,
        )
    with app.store.read() as tx:
        merged = merge(fetched.papers, (), tx.papers.many(one.key for one in fetched.papers))
    return SourceReport(
        named.name,
        named.kind,
        outcome(fetched, merged),
        received=len(fetched.papers),
        new=len(merged.new),
        updated=len(merged.changed),
        unchanged=len(merged.unchanged),
        signals=len(fetched.signals),
        seconds=(app.clock.now() - began).total_seconds(),
        note=fetched.note,
    )
