"""What every command is given: where the configuration is, and how to open the parts."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from digest.cli.output import set_up_logging
from digest.config import Settings
from digest.errors import NotFound
from digest.model import Cadence

if TYPE_CHECKING:
    from digest.app import App
    from digest.model import Edition, Subscriber
    from digest.ports import Clock
    from digest.store import Transaction


def build_app(settings: Settings, clock: Clock | None) -> App:
    """Make every part of the real program."""
    from digest.app import App

    return App.build(settings, clock=clock)


@dataclass
class State:
    """The global options, and the one way in which commands get at the program."""

    config: Path | None = None
    debug: bool = False
    build: Callable[[Settings, Clock | None], App] = build_app

    def settings(self) -> Settings:
        """Read the configuration and start logging as it says; raise `ConfigError`."""
        from digest.app import load

        settings = load(self.config)
        set_up_logging("debug" if self.debug else settings.logging.level)
        return settings

    @contextmanager
    def open(self, *, now: dt.datetime | None = None, any_schema: bool = False) -> Iterator[App]:
        """Yield the program; raise `ConfigError`, or `SchemaMismatch` unless `any_schema`."""
        from digest.clock import ShiftedClock

        app = self.build(self.settings(), None if now is None else ShiftedClock(now))
        try:
            if not any_schema:
                app.store.check_schema()
            yield app
        finally:
            app.store.close()


def state_of(context: typer.Context) -> State:
    """Return the state that the global options have made."""
    state = context.obj
    assert isinstance(state, State)
    return state


def subscriber_of(tx: Transaction, email: str) -> Subscriber:
    """Return the subscriber with that address; raise `NotFound`."""
    subscriber = tx.subscribers.by_email(email)
    if subscriber is None:
        raise NotFound(f"there is no subscriber {email}: see `digest subscriber list`")
    return subscriber


def edition_of(tx: Transaction, slug: str) -> Edition:
    """Return the edition of that name (`daily-2026-11-24`); raise `NotFound`."""
    cadence, _, day = slug.partition("-")
    try:
        edition = tx.editions.get(Cadence(cadence), dt.date.fromisoformat(day))
    except ValueError:
        edition = None
    if edition is None:
        raise NotFound(
            f"there is no edition {slug}: write it as daily-2026-11-24, see `digest edition list`"
        )
    return edition


def parse_date(text: str) -> dt.date:
    """Read a day as YYYY-MM-DD."""
    try:
        return dt.date.fromisoformat(text)
    except ValueError:
        raise typer.BadParameter(f'"{text}" is not a day: write it as 2026-11-24') from None


def parse_moment(text: str) -> dt.datetime:
    """Read a moment as ISO 8601; without an offset it is in UTC, without a time midnight."""
    try:
        moment = dt.datetime.fromisoformat(text)
    except ValueError:
        raise typer.BadParameter(
            f'"{text}" is not a moment: write it as 2026-11-24T07:00:00Z'
        ) from None
    return moment if moment.tzinfo else moment.replace(tzinfo=dt.UTC)


Json = Annotated[bool, typer.Option("--json", help="Write one JSON document to stdout.")]
Limit = Annotated[int, typer.Option("--limit", min=1, help="At most this many.")]
Email = Annotated[str, typer.Argument(metavar="EMAIL", help="The subscriber's address.")]
Day = Annotated[
    dt.date | None,
    typer.Option("--date", parser=parse_date, metavar="D", help="The day of the edition."),
]
