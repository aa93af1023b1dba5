"""The commands in one tree, and the one place where errors become sentences and exit codes."""

from __future__ import annotations

import os
import sys
import traceback
from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from digest import __version__
from digest.cli import (
    backfilling,
    configuration,
    db,
    delivery,
    edition,
    evaluation,
    running,
    search,
    source,
    status,
    subscriber,
    trending,
)
from digest.cli.output import say
from digest.cli.state import State
from digest.errors import ConfigError, DigestError, EvaluationDataError

INTERRUPTED = 130


class _Root(TyperGroup):
    """The root of the tree: no error leaves it as a traceback."""

    def invoke(self, ctx: Any) -> Any:
        """Run the command; end in the exit code of whatever goes wrong."""
        debug = bool(ctx.params.get("debug"))
        try:
            try:
                return super().invoke(ctx)
            finally:
                # Here and not when Python ends: a reader that went away is met below.
                sys.stdout.flush()
        except DigestError as error:
            _explain(error, debug=debug)
            raise typer.Exit(error.exit_code) from None
        except KeyboardInterrupt:
            say("digest: interrupted")
            raise typer.Exit(INTERRUPTED) from None
        except BrokenPipeError:
            # Whoever read our output has seen enough; Python must not complain at the end either.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            raise typer.Exit(1) from None
        except Exception as error:
            # The last resort. typer's own ways to end carry an exit code, or are an Abort.
            if hasattr(error, "exit_code") or isinstance(error, typer.Abort):
                raise
            if debug:
                traceback.print_exc()
            say(
                f"digest: unexpected {type(error).__name__}: {error} "
                "(please report it, with what `digest --debug ...` writes)"
            )
            raise typer.Exit(1) from None


def _explain(error: DigestError, *, debug: bool) -> None:
    if debug:
        traceback.print_exception(error)
    problems: tuple[str, ...] = (str(error),)
    if isinstance(error, (ConfigError, EvaluationDataError)):
        problems = error.problems
    for problem in problems:
        say(f"digest: {problem}")


cli = typer.Typer(
    name="digest",
    cls=_Root,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
    help="Mail each reader the papers that are trending and the new papers that match them.",
    epilog="Exit codes: 0 done, 1 failed, 2 usage, 75 temporary, 78 configuration or schema.",
)
for command in (
    running.serve,
    running.web,
    running.run,
    running.ingest,
    running.preview,
    backfilling.backfill,
    search.search,
    trending.trending,
    status.status,
):
    cli.command()(command)
cli.add_typer(subscriber.commands, name="subscriber")
cli.add_typer(source.commands, name="source")
cli.add_typer(edition.commands, name="edition")
cli.add_typer(delivery.commands, name="delivery")
cli.add_typer(evaluation.commands, name="eval")
cli.add_typer(db.commands, name="db")
cli.add_typer(configuration.commands, name="config")


def _version(wanted: bool) -> None:  # noqa: FBT001 - typer calls it so
    if wanted:
        typer.echo(f"digest {__version__}")
        raise typer.Exit


@cli.callback()
def options(
    context: typer.Context,
    *,
    config: Annotated[
        Path | None,
        typer.Option(
            "--config",
            metavar="FILE",
            help="The configuration; else $DIGEST_CONFIG, ./config.toml, /etc/digest/config.toml.",
        ),
    ] = None,
    debug: Annotated[
        bool, typer.Option("--debug", help="Log everything, and show where errors come from.")
    ] = False,
    version: Annotated[
        bool,
        typer.Option(
            "--version", is_eager=True, callback=_version, help="Show the version and exit."
        ),
    ] = False,
) -> None:
    """Take the options that stand before the command."""
    # Tests bring a state that builds the program of their own parts.
    given = context.obj if isinstance(context.obj, State) else State()
    given.config = config or given.config
    given.debug = debug
    context.obj = given


def main() -> None:
    """Run the command line of this process."""
    cli(prog_name="digest")
