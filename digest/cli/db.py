"""`digest db`: the schema of the database."""

from __future__ import annotations

import typer

from digest.cli.output import document, say
from digest.cli.state import Json, state_of
from digest.errors import SchemaMismatch

commands = typer.Typer(no_args_is_help=True, help="The schema of the database.")


@commands.command()
def upgrade(context: typer.Context, *, json: Json = False) -> None:
    """Bring the database to this program's schema; make it where there is none."""
    with state_of(context).open(any_schema=True) as app:
        before = app.store.revision()
        app.store.upgrade()
        after = app.store.revision()
    if json:
        document({"before": before, "after": after})
    elif before == after:
        say(f"the database has schema {after} already")
    else:
        say(f"the database has schema {after} now" + (f", it had {before}" if before else ""))


@commands.command()
def current(context: typer.Context, *, json: Json = False) -> None:
    """Show the schema that the database has."""
    with state_of(context).open(any_schema=True) as app:
        revision = app.store.revision()
    if json:
        document({"revision": revision})
    else:
        typer.echo(revision or "none")


@commands.command()
def check(context: typer.Context, *, json: Json = False) -> None:
    """Say whether the database has exactly the schema that this program wants."""
    with state_of(context).open() as app:
        differences = app.store.differences()
        revision = app.store.revision()
    if json:
        document({"revision": revision, "differences": differences})
    if differences:
        raise SchemaMismatch(
            "the tables differ from those of this program: " + "; ".join(differences)
        )
    say(f"the database has schema {revision}, as it should")
