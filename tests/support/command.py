"""The command line, typed in this process."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

import typer
from typer.testing import CliRunner

from digest.cli import cli
from digest.cli.state import State


@dataclass(frozen=True)
class Typed:
    """What became of one command; `output` is what a terminal shows."""

    exit_code: int
    stdout: str
    stderr: str
    output: str


def type_command(
    *arguments: str,
    text: str | None = None,
    state: State | None = None,
    environ: Mapping[str, str] | None = None,
) -> Typed:
    """Run one command, with `text` on its stdin."""
    with CliRunner().isolation(input=text, env=environ) as streams:
        try:
            command_tree().main(args=arguments, prog_name="digest", obj=state)
        except SystemExit as end:
            exit_code = int(end.code or 0)
        sys.stdout.flush()
        sys.stderr.flush()
        return Typed(exit_code, *(stream.getvalue().decode() for stream in streams))


@cache
def command_tree() -> Any:
    """Return the commands; typer's own runner makes them anew for each that is typed."""
    return typer.main.get_command(cli)
