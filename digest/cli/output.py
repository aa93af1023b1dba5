"""What the commands write: one JSON document or a table on stdout, talk and progress on stderr."""

from __future__ import annotations

import json
import logging
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import fields, is_dataclass
from datetime import date, datetime
from enum import Enum
from pathlib import Path
from typing import Any

import typer
from rich.console import Console
from rich.progress import Progress
from rich.table import Table
from rich.text import Text

# Wide enough for a row of every table: what is piped is for programs, not for a screen.
_PIPED_WIDTH = 200


def document(value: Any) -> None:
    """Write one JSON document to stdout."""
    typer.echo(json.dumps(plain(value), indent=2, ensure_ascii=False))


def say(sentence: str) -> None:
    """Write a sentence for the person at the terminal to stderr."""
    typer.echo(printable(sentence), err=True)


def table(columns: Sequence[str], rows: Iterable[Sequence[Any]], *, title: str = "") -> None:
    """Write a table to stdout; empty cells stand for what is not known."""
    drawn = Table(*columns, title=title or None, title_justify="left", box=None, pad_edge=False)
    for row in rows:
        drawn.add_row(*(Text(cell(value)) for value in row))
    console(sys.stdout).print(drawn)


def facts_table(names: Sequence[str], facts: Iterable[Mapping[str, Any]]) -> None:
    """Write a table to stdout of what several things have under the same names."""
    table(
        [name.replace("_", " ") for name in names],
        ([one[name] for name in names] for one in facts),
    )


def record(pairs: Mapping[str, Any]) -> None:
    """Write one thing to stdout, a line for each of its parts that is known."""
    width = max(map(len, pairs), default=0) + 2
    for name, value in pairs.items():
        if value not in (None, "", (), [], {}):
            typer.echo(f"{name:<{width}}{cell(value)}")


@contextmanager
def working(on: str) -> Iterator[None]:
    """Show on a terminal that something takes its time."""
    with console(sys.stderr).status(Text(on)):
        yield


@contextmanager
def progress(what: str, *, total: int) -> Iterator[Callable[[int], None]]:
    """Yield a function that moves a progress bar on; there is one on a terminal only."""
    screen = console(sys.stderr)
    with Progress(console=screen, transient=True, disable=not screen.is_terminal) as bar:
        task = bar.add_task(what, total=total)
        yield lambda number: bar.advance(task, number)


def console(stream: Any) -> Console:
    """Return a console for that stream as it is now."""
    return Console(file=stream, width=None if stream.isatty() else _PIPED_WIDTH, highlight=False)


def plain(value: Any) -> Any:
    """Return a value as JSON knows it: times in ISO 8601, enums by their value."""
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, (datetime, date)):
        return value.isoformat()
    if isinstance(value, Path):
        return str(value)
    if isinstance(value, Mapping):
        return {str(plain(key)): plain(one) for key, one in value.items()}
    if is_dataclass(value) and not isinstance(value, type):
        return {field.name: plain(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [plain(one) for one in value]
    return value


def cell(value: Any) -> str:
    """Return a value as a person reads it, on one line, without control characters."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, datetime):
        return value.strftime("%Y-%m-%d %H:%M:%SZ")
    if isinstance(value, Mapping):
        return ", ".join(f"{cell(key)} {cell(one)}" for key, one in value.items())
    if isinstance(value, (list, tuple)):
        return ", ".join(map(cell, value))
    return printable(str(plain(value))).replace("\n", " ")


def printable(text: str) -> str:
    """Return a text that cannot move a terminal's cursor."""
    return "".join(char if char.isprintable() or char == "\n" else " " for char in text)


class _OneLine(logging.Formatter):
    """Each record on its own line, in UTC; nobody can forge one with a line break."""

    @staticmethod
    def converter(seconds: float | None) -> time.struct_time:
        """Say when it was, in UTC."""
        return time.gmtime(seconds)

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 - the base's name
        record.message = printable(record.message).replace("\n", " ")
        return super().formatMessage(record)


class _Stderr(logging.Handler):
    """Writes to what is stderr at that moment."""

    def emit(self, record: logging.LogRecord) -> None:
        """Write one record; a stderr that nobody reads stops no work."""
        with suppress(OSError, ValueError):
            sys.stderr.write(self.format(record) + "\n")


_handler = _Stderr()
_handler.setFormatter(
    _OneLine("%(asctime)sZ %(levelname)-7s %(name)s: %(message)s", "%Y-%m-%dT%H:%M:%S")
)


def set_up_logging(level: str) -> None:
    """Send records of that level to stderr; a second call only changes the level."""
    root = logging.getLogger()
    root.setLevel(level.upper())
    root.addHandler(_handler)
    # They tell every request, with whatever its address holds, and every tick.
    for chatty in ("httpx", "httpcore", "apscheduler", "alembic"):
        logging.getLogger(chatty).setLevel(logging.WARNING)
