"""The place that wires: settings in, every part of the program out."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any, Self

from digest import __version__, config_file, embedders, ranking, sources, transports
from digest.config import Settings
from digest.embeddings import StoredEmbeddings
from digest.ingest import NamedSource
from digest.language import Language
from digest.mailing import Mailing
from digest.ports import Clock, Ranker
from digest.resources import template_folders
from digest.sources.http import Fetcher
from digest.store import Store


@dataclass(frozen=True, kw_only=True)
class App(Mailing):
    """Every part, made once and handed to whoever needs it."""

    phrases: ranking.Phrases
    ranker: Ranker
    rival: Ranker | None = None
    embeddings: StoredEmbeddings | None = None
    sources: tuple[NamedSource, ...]

    @classmethod
    def build(cls, settings: Settings, *, clock: Clock | None = None) -> Self:
        """Make every part from the settings; nothing is opened or asked yet.

        Raise `ConfigError` where a part cannot be made of what the settings say.
        """
        mailing = Mailing.build(settings, clock=clock)
        embeddings = None
        if settings.semantic.model:
            model = embedders.Model(partial(embedders.load, settings.semantic.model))
            embeddings = StoredEmbeddings(mailing.store, model)
        fetcher = Fetcher(settings.http, clock=mailing.clock, user_agent=user_agent(settings))
        site = settings.site
        phrases = ranking.Phrases(Language(site.language, template_folders(site.templates)))
        return cls(
            **vars(mailing),
            phrases=phrases,
            embeddings=embeddings,
            **_rankers(settings, embeddings, phrases),
            sources=tuple(
                NamedSource(one.name, one.kind, sources.build(one, fetcher, mailing.clock))
                for one in settings.sources
            ),
        )

    def on(self, store: Store) -> Self:
        """Return the same program on another store, such as a rehearsal."""
        if self.embeddings is None:
            return replace(self, store=store)
        embeddings = self.embeddings.on(store)
        rankers = _rankers(self.settings, embeddings, self.phrases)
        return replace(self, store=store, embeddings=embeddings, **rankers)


def _rankers(
    settings: Settings, embeddings: StoredEmbeddings | None, phrases: ranking.Phrases
) -> dict[str, Any]:
    names = {"ranker": settings.ranking.ranker, "rival": settings.ranking.interleave}
    return {role: ranking.ranker(name, embeddings, phrases) for role, name in names.items() if name}


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
