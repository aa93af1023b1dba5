"""What turns planned deliveries into mail: all that a process which only sends has to load.

Ranking and sources bring numpy, scipy and feedparser with them, which take most of the
time in which a process begins, and most of its memory.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Self

from digest import dkim, transports, wire
from digest.clock import SystemClock
from digest.config import Settings
from digest.links import Links
from digest.model import Delivery, Message, Pick, Rendered, Subscriber
from digest.ports import Clock, Renderer, Transport
from digest.rendering import JinjaRenderer
from digest.splice import Composer
from digest.store import Store
from digest.tokens import Signer, load_keys


@dataclass(frozen=True, kw_only=True)
class Mailing:
    """The parts that compose and deliver.

    `waited_for` says whether somebody has asked this process for a page, where it serves any.
    """

    settings: Settings
    clock: Clock
    store: Store
    signer: Signer
    links: Links
    renderer: Renderer
    transport: Transport
    dkim_keys: tuple[dkim.Key, ...] = ()
    waited_for: Callable[[], bool] | None = None

    @classmethod
    def build(cls, settings: Settings, *, clock: Clock | None = None) -> Self:
        """Make every part from the settings; nothing is opened or asked yet.

        Raise `ConfigError` where a part cannot be made of what the settings say.
        """
        clock = clock or SystemClock()
        signer = Signer(load_keys(settings.site.secret_file), clock=clock)
        return cls(
            settings=settings,
            clock=clock,
            store=Store(settings.database.url, hash_email=signer.hash_email),
            signer=signer,
            links=Links(settings.site.base_url, signer),
            renderer=JinjaRenderer(settings.site.templates, settings.site.language),
            transport=transports.build(settings.smtp),
            dkim_keys=dkim.load_keys(settings.smtp, domain=domain_of(settings)),
        )

    def compose(self, delivery: Delivery, subscriber: Subscriber, picks: list[Pick]) -> Message:
        """Make the message of one delivery."""
        return self.composer.compose(delivery, subscriber, picks)

    def render(self, delivery: Delivery, subscriber: Subscriber, picks: list[Pick]) -> Rendered:
        """Render the parts of one delivery for the browser."""
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


def domain_of(settings: Settings) -> str:
    """Return the domain of the sender's address, as A-labels."""
    return wire.address_of(settings.site.from_address).rpartition("@")[2]
