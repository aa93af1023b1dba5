"""`digest config`: write, check and show the configuration."""

from __future__ import annotations

import json as jsons
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import typer

from digest.cli.output import document, say
from digest.cli.state import Json, state_of
from digest.errors import ConfigError, InvalidInput

commands = typer.Typer(no_args_is_help=True, help="Write, check and show the configuration.")


@commands.command()
def init(context: typer.Context) -> None:
    """Write an example configuration that explains every key, to ./config.toml or --config."""
    from digest.resources import example_config

    path = state_of(context).config or Path("config.toml")
    text = example_config().read_text(encoding="utf-8")
    try:
        # Only for the owner from the first moment: it may come to hold a password.
        number = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        raise InvalidInput(f"{path} is there already: move it away first") from None
    except OSError as error:
        raise ConfigError(f"{path} cannot be written: {error.strerror}") from error
    with os.fdopen(number, "w", encoding="utf-8") as file:
        file.write(text)
    say(f"wrote {path}: edit it, then run `digest config check` and `digest db upgrade`")


@commands.command()
def check(context: typer.Context, *, json: Json = False) -> None:
    """Say everything that is wrong with the configuration."""
    from digest.config_file import find

    state = state_of(context)
    path = find(state.config, os.environ)
    try:
        with state.open(any_schema=True) as app:
            keys = app.settings.smtp.dkim_key_file
    except ConfigError as error:
        if json:
            document({"path": path, "problems": error.problems, "warnings": []})
        raise
    warnings = _warnings(path, keys)
    if json:
        document({"path": path, "problems": [], "warnings": warnings})
    for warning in warnings:
        say(f"warning: {warning}")
    say(f"{path} is fine")


def _warnings(path: Path, keys: Sequence[Path]) -> list[str]:
    from digest.config_file import read

    found = []
    if read(path).get("smtp", {}).get("password") and path.stat().st_mode & 0o077:
        found.append(f"{path} holds a password and others may read it: run chmod 600 {path}")
    # The service may well read a key by its group, as docs/howto/systemd.md sets it up.
    found += [
        f"{key} is a private key and everybody may read it: run chmod o= {key}"
        for key in keys
        if key.stat().st_mode & 0o007
    ]
    return found


@commands.command()
def show(context: typer.Context, *, json: Json = False) -> None:
    """Show the settings as they are in effect, defaults and environment included, no secrets."""
    from digest.config_file import shown

    settings = shown(state_of(context).settings())
    if json:
        document(settings)
    else:
        typer.echo(_toml(settings))


def _toml(settings: dict[str, Any]) -> str:
    lines: list[str] = []
    for name, value in settings.items():
        tables = value if isinstance(value, list) else [value]
        for table in tables:
            lines += ["", f"[[{name}]]" if isinstance(value, list) else f"[{name}]"]
            lines += [
                f"# {key} is not set" if one is None else f"{key} = {_literal(one)}"
                for key, one in table.items()
            ]
    return "\n".join(lines[1:])


def _literal(value: Any) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key} = {_literal(one)}" for key, one in value.items()) + "}"
    # Texts, numbers, truths and lists of them are written in TOML as in JSON.
    return jsons.dumps(value, ensure_ascii=False)
