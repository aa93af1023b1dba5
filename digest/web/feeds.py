"""Atom feeds (RFC 4287): what is trending, and for a subscriber their own digest."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import blake2b
from xml.etree import ElementTree as Xml

from fastapi import APIRouter
from fastapi.responses import Response

from digest import subscriptions
from digest.errors import NotFound
from digest.model import DeliveryKind, DeliveryState, Paper, SubscriberStatus, Window
from digest.rank.attention import LENGTHS
from digest.ranking.gains import risen_at
from digest.reading import Reader
from digest.tokens import Purpose
from digest.web.pages import Pages, routes, tagged
from digest.web.views import page_of

ATOM = "application/atom+xml; charset=utf-8"
MOST_ENTRIES = 50
MOST_DIGESTS = 14

_NAMESPACE = "http://www.w3.org/2005/Atom"


@dataclass(frozen=True, slots=True)
class Entry:
    """One paper in a feed; `note` says why it is there."""

    paper: Paper
    at: datetime
    note: str = ""

    @property
    def updated(self) -> datetime:
        """Return when it rose or was sent, or was published where that is later."""
        return max(self.at, self.paper.published_at or self.at)


@dataclass(frozen=True)
class FeedPages:
    """The feeds of one site."""

    pages: Pages
    reader: Reader

    def router(self) -> APIRouter:
        """Return the routes."""
        return routes({"/feed.atom": self.trending, "/feed/{token}.atom": self.own})

    def trending(self) -> Response:
        """Show what is trending this week."""
        listing = self.reader.trending(Window.WEEK, limit=MOST_ENTRIES)
        now = listing.measured_at
        assert now is not None  # what trends is measured
        since = now - LENGTHS[Window.WEEK]
        entries = [
            Entry(one.paper, risen_at(one, since, now), listing.reasons[one.paper.key])
            for one in listing.candidates
        ]
        site = self.pages.app.settings.site
        feed = Feed(self._base, f"{site.name}: trending", "/feed.atom", "/trending")
        return tagged(feed.written(entries), ATOM)

    def own(self, token: str) -> Response:
        """Show the papers of somebody's last digests; whoever holds the link may read it."""
        app = self.pages.app
        (public_id, *rest) = app.signer.read(Purpose.FEED, token)
        with app.store.read() as tx:
            subscriber = subscriptions.find(tx, public_id)
            if rest or subscriber.status is SubscriberStatus.UNSUBSCRIBED:
                raise NotFound("There is no such subscription any more.")
            since = subscriber.feed_since
            if since is not None and app.signer.made_at(Purpose.FEED, token) < since:
                raise NotFound("This feed has a new address: its reader finds it on their page.")
            sent = [
                one
                for one in tx.deliveries.list(email=subscriber.email, limit=3 * MOST_DIGESTS)
                if one.kind is DeliveryKind.DIGEST and one.state is DeliveryState.SENT
            ][:MOST_DIGESTS]
            entries = [
                Entry(pick.paper, delivery.date, pick.reason)
                for delivery in sent
                for pick in tx.deliveries.picks(delivery.id)
            ]
        # The feed names nobody: readers of feeds keep what they get on servers of their own, and
        # tell feeds apart by their ids.
        name = f"digest-{blake2b(public_id.encode(), digest_size=8).hexdigest()}"
        feed = Feed(self._base, f"{app.settings.site.name}: my digest", "", "/", name=name)
        response = tagged(feed.written(entries), ATOM)
        response.headers["Cache-Control"] = "private, no-cache"
        response.headers["X-Robots-Tag"] = "noindex"
        return response

    @property
    def _base(self) -> str:
        return self.pages.app.settings.site.base_url.rstrip("/")


@dataclass(frozen=True)
class Feed:
    """One feed of a site: `path` is its own, `page` that of the page which shows the same."""

    base: str
    title: str
    path: str
    page: str
    name: str = field(default="trending")

    def written(self, entries: Iterable[Entry]) -> bytes:
        """Return the feed with these entries."""
        entries = list(entries)
        root = Xml.Element("feed", xmlns=_NAMESPACE)
        _add(root, "id", f"{self.base}/#{self.name}")
        _add(root, "title", self.title)
        newest = max((entry.updated for entry in entries), default=None)
        _add(root, "updated", newest.isoformat() if newest else "2000-01-01T00:00:00+00:00")
        if self.path:
            Xml.SubElement(root, "link", rel="self", href=self.base + self.path)
        Xml.SubElement(root, "link", rel="alternate", href=self.base + self.page, type="text/html")
        _add(_add(root, "author"), "name", self.title.partition(":")[0])
        for entry in entries:
            self._add_entry(root, entry)
        written: bytes = Xml.tostring(root, encoding="utf-8", xml_declaration=True)
        return written

    def _add_entry(self, root: Xml.Element, entry: Entry) -> None:
        paper = entry.paper
        page = f"{self.base}{page_of(paper.key)}"
        element = _add(root, "entry")
        _add(element, "id", page)
        _add(element, "title", paper.title)
        _add(element, "updated", entry.updated.isoformat())
        if paper.published_at is not None:
            _add(element, "published", paper.published_at.isoformat())
        Xml.SubElement(element, "link", rel="alternate", href=page, type="text/html")
        for author in paper.authors:
            _add(_add(element, "author"), "name", author)
        for category in paper.categories:
            Xml.SubElement(element, "category", term=_clean(category))
        note = f"{entry.note.rstrip('.')}." if entry.note else ""
        _add(element, "summary", " ".join(filter(None, (note, paper.abstract))))


def _add(parent: Xml.Element, name: str, text: str | None = None) -> Xml.Element:
    element = Xml.SubElement(parent, name)
    if text is not None:
        element.text = _clean(text)
    return element


# https://www.w3.org/TR/xml/#charsets; joiners and what Python does not know yet are letters, too.
_FORBIDDEN = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def _clean(text: str) -> str:
    """Leave out what XML 1.0 cannot hold."""
    return _FORBIDDEN.sub("", text)
