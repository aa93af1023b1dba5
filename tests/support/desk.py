"""The command line with a real database, and fakes for what is outside of the machine."""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from digest.app import App
from digest.cli.state import State
from digest.config import Settings
from digest.ingest import NamedSource
from digest.ports import Clock
from digest.store import Store
from digest.testing import FakeClock, FakeSource, FakeTransport
from tests.support.command import Typed, type_command
from tests.support.database import new_database
from tests.support.samples import NOW

CONFIG = """
[site]
base_url = "https://papers.example.org"
from_address = "papers@example.org"
[logging]
level = "error"
"""


@dataclass
class Desk:
    """Somebody who types commands in a folder of their own."""

    folder: Path
    clock: FakeClock = field(default_factory=lambda: FakeClock(NOW))
    transport: FakeTransport = field(default_factory=FakeTransport)
    sources: dict[str, FakeSource] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Write the configuration."""
        self.config.write_text(CONFIG)

    @property
    def config(self) -> Path:
        """Return the configuration file."""
        return self.folder / "config.toml"

    def build(self, settings: Settings, clock: Clock | None) -> App:
        """Make the program with the fakes in their places."""
        return replace(
            App.build(settings, clock=clock or self.clock),
            transport=self.transport,
            sources=tuple(
                NamedSource(name, "fake", source) for name, source in self.sources.items()
            ),
        )

    def type(self, *arguments: str, text: str | None = None) -> Typed:
        """Run one command, with `text` on its stdin."""
        state = State(build=self.build)
        return type_command("--config", str(self.config), *arguments, text=text, state=state)

    def do(self, *arguments: str, text: str | None = None) -> Typed:
        """Run one command that must succeed."""
        result = self.type(*arguments, text=text)
        assert result.exit_code == 0, result.output
        return result

    def ask(self, *arguments: str) -> Any:
        """Return the JSON document of one command that must succeed."""
        return json.loads(self.do(*arguments, "--json").stdout)

    def open(self) -> Store:
        """Return the database, for a look behind the scenes."""
        return Store(
            f"sqlite:///{self.folder / 'digest.db'}", hash_email=lambda address: address.lower()
        )


def desk(folder: Path, now: datetime = NOW) -> Desk:
    """Return a desk whose database has the present schema, and whose clock shows `now`."""
    new_database(folder)
    return Desk(folder, FakeClock(now))
