"""The mails that a site has sent, as whoever gets them sees them."""

from __future__ import annotations

import re
from email import message_from_bytes, policy
from html import unescape

from digest import deliver
from digest.config import DeliverySettings
from tests.support.site import Running


def deliver_all(site: Running) -> None:
    """Send what is due."""
    deliver.run(
        site.app.store,
        site.transport,
        site.app.compose,
        settings=DeliverySettings(),
        clock=site.clock,
        worker="test/1/1",
        is_gone=lambda _worker: None,
    )


def links(site: Running) -> list[str]:
    """Return every address of ours in every part and header of every mail that was sent."""
    found: dict[str, None] = {}
    for sent in site.transport.messages:
        message = message_from_bytes(sent.content, policy=policy.default)
        texts = [str(message["List-Unsubscribe"])]
        texts += [part.get_content() for part in message.walk() if not part.is_multipart()]
        for text in texts:
            base = re.escape(site.app.settings.site.base_url)
            for match in re.finditer(rf"{base}(/[^\s\"'<>]*)", unescape(text)):
                found[match[1]] = None
    return list(found)
