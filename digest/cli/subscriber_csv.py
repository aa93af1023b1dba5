"""Subscribers as CSV: one row each, lists within a cell separated by `;`, quoted as CSV is.

A cell that a spreadsheet would take for a formula is written with an apostrophe before it,
which is taken off again when it is read.
"""

from __future__ import annotations

import csv
import io
import os
import re
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, TypeVar

from digest.cli.output import progress
from digest.cli.wishes import COLUMNS as WISHES
from digest.cli.wishes import Wishes, by_column
from digest.errors import InvalidInput
from digest.model import Cadence, Subscriber, SubscriberStatus

if TYPE_CHECKING:
    from digest.app import App
    from digest.store import Transaction
    from digest.subscriptions import Preferences

PREFERENCES = ("name", "status", "cadence", "hour", "timezone", "max_papers", "trending_weight")
LISTS = tuple(name for name in WISHES if name != "text")
COLUMNS = ("email", *PREFERENCES, *LISTS, "text")

# Rows of one transaction: few enough that the web pages need not wait for the lock.
CHUNK = 200

Value = TypeVar("Value")


class Row(NamedTuple):
    """One row of a file: where it stands, and its cells by column."""

    line: int
    cells: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Problem:
    """Why a row was left out."""

    line: int
    error: str


@dataclass
class ImportReport:
    """What became of the rows of a file."""

    added: int = 0  # confirmed from the start
    asked: int = 0  # a mail asks them to confirm
    known: int = 0  # on the list already: unchanged
    left: int = 0  # the file says that they unsubscribed
    suppressed: int = 0  # must not get mail
    errors: list[Problem] = field(default_factory=list)

    def counts(self) -> dict[str, int]:
        """Return the numbers by what they count."""
        names = ("added", "asked", "known", "left", "suppressed")
        return {**{name: getattr(self, name) for name in names}, "errors": len(self.errors)}


# --- writing --------------------------------------------------------------------------------


def written(subscribers: Iterable[Subscriber]) -> str:
    """Return the file that holds these subscribers."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    for subscriber in subscribers:
        wanted = by_column(subscriber)
        cells = [subscriber.email]
        cells += [_text(getattr(subscriber, name)) for name in PREFERENCES]
        cells += [_joined(wanted[name]) for name in LISTS]
        cells.append(" ".join(wanted["text"]))
        writer.writerow([_guarded(cell) for cell in cells])
    return text.getvalue()


def save(path: Path, text: str) -> None:
    """Write a file that only its owner may read; raise `InvalidInput` where that cannot be."""
    try:
        number = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(number, "w", encoding="utf-8", newline="") as file:
            file.write(text)
    except OSError as error:
        raise InvalidInput(f"{path} cannot be written: {error.strerror}") from error


def _text(value: object) -> str:
    return "" if value is None else str(value)


def _joined(values: Sequence[str]) -> str:
    line = io.StringIO()
    csv.writer(line, delimiter=";", lineterminator="").writerow(values)
    return line.getvalue()


def _guarded(cell: str) -> str:
    return f"'{cell}" if re.match(r"'*[=+\-@]", cell) else cell


# --- reading --------------------------------------------------------------------------------


def read(path: Path) -> list[Row]:
    """Return the rows of a file, or of stdin for `-`; raise `InvalidInput` where it has none."""
    try:
        data = sys.stdin.buffer.read() if str(path) == "-" else path.read_bytes()
        # Spreadsheets put a byte order mark before UTF-8.
        text = data.decode("utf-8-sig")
    except OSError as error:
        raise InvalidInput(f"{path} cannot be read: {error.strerror}") from error
    except UnicodeDecodeError:
        raise InvalidInput(f"{path} is not text in UTF-8") from None
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    rows: list[Row] = []
    try:
        header = [name.strip().lower() for name in next(reader, [])]
        _check_header(header, path)
        before = reader.line_num
        for cells in reader:
            if any(cell.strip() for cell in cells):
                rows.append(Row(before + 1, _by_column(header, cells)))
            before = reader.line_num
    except csv.Error as error:
        raise InvalidInput(f"{path}, line {reader.line_num}: {error}") from error
    return rows


def _by_column(header: Sequence[str], cells: Sequence[str]) -> dict[str, str]:
    found = dict(zip(header, map(_unguarded, cells), strict=False))
    if len(cells) > len(header):
        found[""] = ",".join(cells[len(header) :])
    return found


def _check_header(header: Sequence[str], path: Path) -> None:
    if "email" not in header:
        raise InvalidInput(
            f"{path} has no column email: its first line must name the columns, "
            f"which may be {', '.join(COLUMNS)}"
        )
    for name in header:
        if name not in COLUMNS:
            near = get_close_matches(name, COLUMNS, n=1)
            hint = f"did you mean {near[0]}?" if near else f"known are {', '.join(COLUMNS)}"
            raise InvalidInput(f'{path} has an unknown column "{name}": {hint}')
        if header.count(name) > 1:
            raise InvalidInput(f"{path} has the column {name} twice")


def _unguarded(cell: str) -> str:
    return cell[1:] if re.match(r"'+[=+\-@]", cell) else cell


def _split(cell: str) -> list[str]:
    rows = list(csv.reader([cell], delimiter=";", skipinitialspace=True))
    return [value.strip() for value in rows[0] if value.strip()] if rows else []


def categories_of(rows: Iterable[Row]) -> set[str]:
    """Return the categories that rows name, as they are kept."""
    from digest.subscriptions import parse_category

    return {
        parse_category(name) for row in rows for name in _split(row.cells.get("categories", ""))
    }


def _preferences(cells: Mapping[str, str]) -> Preferences:
    from digest.subscriptions import Preferences, parse_name, parse_timezone

    def given(column: str, parse: Callable[[str], Value], expected: str) -> Value | None:
        text = cells.get(column, "").strip()
        try:
            return parse(text) if text else None
        except ValueError:
            raise InvalidInput(f'{column}: "{text}" is not {expected}') from None

    lists = {column: _split(cells.get(column, "")) for column in LISTS}
    return Preferences(
        name=parse_name(cells.get("name", "")),
        cadence=given("cadence", Cadence, "daily or weekly") or Cadence.DAILY,
        hour=given("hour", int, "a whole number"),
        timezone=given("timezone", parse_timezone, "a time zone"),
        max_papers=given("max_papers", int, "a whole number"),
        trending_weight=given("trending_weight", float, "a number"),
        interests=Wishes(text=cells.get("text", ""), **lists).interests(),
    )


# --- bringing in ----------------------------------------------------------------------------


def bring_in(app: App, rows: Sequence[Row], *, confirmed: bool) -> ImportReport:
    """Write the rows' subscribers, a chunk at a time; one bad row stops no other."""
    report = ImportReport()
    with progress("Importing", total=len(rows)) as advance:
        for start in range(0, len(rows), CHUNK):
            chunk = rows[start : start + CHUNK]
            counted: Counter[str] = Counter()
            problems: list[Problem] = []
            with app.store.write() as tx:
                for row in chunk:
                    try:
                        counted[_bring(app, tx, row.cells, confirmed=confirmed)] += 1
                    except InvalidInput as error:
                        problems.append(Problem(row.line, str(error)))
            # Counted when it is written: a chunk that fails is not in the report.
            for name, number in counted.items():
                setattr(report, name, getattr(report, name) + number)
            report.errors += problems
            advance(len(chunk))
    return report


def _bring(app: App, tx: Transaction, cells: Mapping[str, str], *, confirmed: bool) -> str:
    """Write one subscriber and name what became of the row; raise `InvalidInput`."""
    from digest import subscriptions

    if "" in cells:
        raise InvalidInput(f"more cells than columns: {cells['']}")
    email = subscriptions.parse_email(cells["email"])
    wanted = _preferences(cells)
    status = _status(cells.get("status", "").strip())
    if status is SubscriberStatus.UNSUBSCRIBED:
        return "left"
    if tx.subscribers.by_email(email) is not None:
        return "known"
    # A file never brings back who has left or was erased: they can only come back themselves.
    if tx.suppressions.reason(app.signer.hash_email(email)) is not None:
        return "suppressed"
    now = app.clock.now()
    if not confirmed or status is SubscriberStatus.UNCONFIRMED:
        subscriptions.sign_up(
            tx,
            email,
            wanted,
            origin="import",
            now=now,
            domain=app.domain,
            hash_email=app.signer.hash_email,
        )
        return "asked"
    subscriber = subscriptions.add_confirmed(tx, email, wanted, origin="import", now=now)
    if status is SubscriberStatus.PAUSED:
        timezone = app.settings.schedule.timezone
        subscriptions.pause(tx, subscriber.public_id, now=now, timezone=timezone)
    return "added"


def _status(text: str) -> SubscriberStatus | None:
    try:
        return SubscriberStatus(text) if text else None
    except ValueError:
        raise InvalidInput(
            f'status: "{text}" is not one of {", ".join(SubscriberStatus)}'
        ) from None
