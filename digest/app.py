"""The only place that wires: settings in, every part of the program out."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Self

from digest import __version__, config_file, dkim, ranking, sources, transports, wire
from digest.clock import SystemClock
from digest.config import Settings
from digest.ingest import NamedSource
from digest.links import Links
from digest.model import Delivery, Message, Pick, Rendered, Subscriber
from digest.ports import Clock, Ranker, Renderer, Transport
from digest.rendering import JinjaRenderer
from digest.sources.http import Fetcher
from digest.splice import Composer
from digest.store import Store
from digest.tokens import Signer, load_keys


@dataclass(frozen=True)
class App:
    """Every part, made once and handed to whoever needs it."""

    settings: Settings
    clock: Clock
    store: Store
    signer: Signer
    links: Links
    renderer: Renderer
    ranker: Ranker
    transport: Transport
    sources: tuple[NamedSource, ...]
    dkim_keys: tuple[dkim.Key, ...] = ()

    @classmethod
    def build(cls, settings: Settings, *, clock: Clock | None = None) -> Self:
        """Make every part from the settings; nothing is opened or asked yet.

        Raise `ConfigError` where a part cannot be made of what the settings say.
        """
        clock = clock or SystemClock()
        signer = Signer(load_keys(settings.site.secret_file), clock=clock)
        fetcher = Fetcher(settings.http, clock=clock, user_agent=user_agent(settings))
        return cls(
            settings=settings,
            clock=clock,
            store=Store(settings.database.url, hash_email=signer.hash_email),
            signer=signer,
            links=Links(settings.site.base_url, signer),
            renderer=JinjaRenderer(),
            ranker=ranking.RANKERS["default"](),
            transport=transports.build(settings.smtp),
            sources=tuple(
                NamedSource(one.name, one.kind, sources.build(one, fetcher, clock))
                for one in settings.sources
            ),
            dkim_keys=dkim.load_keys(settings.smtp, domain=domain_of(settings)),
        )

    def compose(self, delivery: Delivery, subscriber: Subscriber, picks: list[Pick]) -> Message:
        """Make the message of one delivery."""
        return self.composer.compose(delivery, subscriber, picks)

    def render(self, delivery: Delivery, subscriber: Subscriber, picks: list[Pick]) -> Rendered:
        """Render the parts of one delivery, as they are read."""
        return self.composer.render(delivery, subscriber, picks)

    @cached_property
    def composer(self) -> Composer:
        """Return what makes the messages; it keeps what many of them share."""
        return Composer(
            site=self.settings.site,
            bounces=self.settings.bounces,
            renderer=self.renderer,
            links=self.links,
            keys=self.dkim_keys,
        )

    @property
    def domain(self) -> str:
        """Return the domain that Message-IDs end in: that of the sender's address."""
        return domain_of(self.settings)


def load(path: Path | None = None, environ: Mapping[str, str] | None = None) -> Settings:
    """Read the configuration of this process."""
    return config_file.load(
        path,
        os.environ if environ is None else environ,
        source_options=sources.options,
        source_kinds=sources.names(),
        transports=transports.names(),
    )


def domain_of(settings: Settings) -> str:
    """Return the domain of the sender's address, as A-labels."""
    return wire.address_of(settings.site.from_address).rpartition("@")[2]


def user_agent(settings: Settings) -> str:
    """Return the name under which sources see us, with where to find the operator."""
    default = f"trending-papers-digest/{__version__} (+{settings.site.base_url})"
    return settings.http.user_agent or default
