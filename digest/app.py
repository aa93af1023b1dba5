"""The place that wires: settings in, every part of the program out."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from digest import __version__, config_file, ranking, sources, transports
from digest.config import Settings
from digest.ingest import NamedSource
from digest.mailing import Mailing
from digest.ports import Clock, Ranker
from digest.sources.http import Fetcher


@dataclass(frozen=True, kw_only=True)
class App(Mailing):
    """Every part, made once and handed to whoever needs it."""

    ranker: Ranker
    rival: Ranker | None = None
    sources: tuple[NamedSource, ...]

    @classmethod
    def build(cls, settings: Settings, *, clock: Clock | None = None) -> Self:
        """Make every part from the settings; nothing is opened or asked yet.

        Raise `ConfigError` where a part cannot be made of what the settings say.
        """
        mailing = Mailing.build(settings, clock=clock)
        fetcher = Fetcher(settings.http, clock=mailing.clock, user_agent=user_agent(settings))
        return cls(
            **vars(mailing),
            ranker=ranking.ranker(settings.ranking.ranker),
            rival=ranking.ranker(settings.ranking.interleave)
            if settings.ranking.interleave
            else None,
            sources=tuple(
                NamedSource(one.name, one.kind, sources.build(one, fetcher, mailing.clock))
                for one in settings.sources
            ),
        )


def load(path: Path | None = None, environ: Mapping[str, str] | None = None) -> Settings:
    """Read the configuration of this process."""
    return config_file.load(
        path,
        os.environ if environ is None else environ,
        source_options=sources.options,
        source_kinds=sources.names(),
        transports=transports.names(),
    )


def user_agent(settings: Settings) -> str:
    """Return the name under which sources see us, with where to find the operator."""
    default = f"trending-papers-digest/{__version__} (+{settings.site.base_url})"
    return settings.http.user_agent or default
