"""A site on a real port, with fakes for what is not the web's own."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from functools import cache
from pathlib import Path

import httpx

from digest import subscriptions
from digest.app import App
from digest.config import Settings, Site
from digest.links import Links
from digest.model import DeliveryKind, Subscriber
from digest.ranking import Phrases, ranker
from digest.rendering import JinjaRenderer
from digest.store import Store
from digest.subscriptions import Preferences
from digest.testing import FakeClock, FakeTransport
from digest.tokens import Signer
from digest.web.server import WebServer
from tests.support.database import new_database
from tests.support.samples import NOW

KEY = b"0123456789abcdef0123456789abcdef"
EMAIL = "reader@example.org"


@dataclass
class Running:
    """One site that answers, and a browser-like client for it."""

    app: App
    clock: FakeClock
    transport: FakeTransport
    client: httpx.Client
    server: WebServer

    def member(self, email: str = EMAIL, **chosen: object) -> Subscriber:
        """Sign somebody up and confirm them."""
        common = {
            "origin": "192.0.2.7",
            "now": self.clock.now(),
            "domain": self.app.domain,
            "hash_email": self.app.signer.hash_email,
        }
        with self.app.store.write() as tx:
            pending = subscriptions.sign_up(
                tx,
                email,
                Preferences(**chosen),  # type: ignore[arg-type]
                **common,  # type: ignore[arg-type]
            ).subscriber
            assert pending is not None
            return subscriptions.confirm(
                tx,
                pending.public_id,
                **common,  # type: ignore[arg-type]
            )

    def subscriber(self, email: str = EMAIL) -> Subscriber | None:
        """Look somebody up."""
        with self.app.store.read() as tx:
            return tx.subscribers.by_email(email)

    def mails(self) -> list[DeliveryKind]:
        """Return the kinds of the mails that were written, oldest first."""
        with self.app.store.read() as tx:
            return [delivery.kind for delivery in reversed(tx.deliveries.list())]

    def path(self, url: str) -> str:
        """Return one of our addresses without its host."""
        return re.sub(r"^https?://[^/]+", "", url)


SETTINGS = Settings(
    site=Site(
        name="Papers of the Day",
        base_url="https://papers.example.org",
        from_address="papers@example.org",
        postal_address="1 Example Street, Exampleton",
    )
)


@contextmanager
def running(folder: Path, settings: Settings = SETTINGS) -> Iterator[Running]:
    """Run a site over an empty SQLite database."""
    clock = FakeClock(NOW + timedelta(hours=1))
    signer = Signer([KEY], clock=clock)
    store = Store(new_database(folder), hash_email=signer.hash_email)
    transport = FakeTransport()
    app = App(
        settings=settings,
        clock=clock,
        store=store,
        signer=signer,
        links=Links(settings.site.base_url, signer),
        renderer=_renderer(),
        phrases=Phrases(),
        ranker=ranker("default"),
        transport=transport,
        sources=(),
    )
    server = WebServer(app, "127.0.0.1", 0)
    server.start()
    try:
        with httpx.Client(base_url=server.url, timeout=60) as client:
            yield Running(app, clock, transport, client, server)
    finally:
        server.stop()
        store.close()


@cache
def _renderer() -> JinjaRenderer:
    """Return one for all sites: to compile its templates takes longer than most tests."""
    return JinjaRenderer()


def with_proxies(settings: Settings, *proxies: str) -> Settings:
    """Return the settings of a site behind proxies."""
    return settings.model_copy(
        update={"web": settings.web.model_copy(update={"trusted_proxies": proxies})}
    )
