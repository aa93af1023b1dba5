"""Where messages go: over SMTP, or into a maildir.

A transport of somebody else comes from the entry-point group `digest.transports`: a function
that takes the `[smtp]` settings and returns a `digest.ports.Transport`.
"""

from __future__ import annotations

from collections.abc import Callable
from importlib.metadata import entry_points
from typing import cast

from digest.config import Smtp
from digest.errors import ConfigError
from digest.ports import Transport
from digest.transports.maildir import MaildirTransport
from digest.transports.smtp import SmtpTransport

TRANSPORTS: dict[str, Callable[[Smtp], Transport]] = {
    "smtp": SmtpTransport,
    "maildir": MaildirTransport,
}

_GROUP = "digest.transports"


def names() -> list[str]:
    """Return the names that `[smtp] transport` may have."""
    return [*TRANSPORTS, *sorted(entry_points(group=_GROUP).names - TRANSPORTS.keys())]


def build(settings: Smtp) -> Transport:
    """Return the transport that the settings name; nothing is opened yet.

    Raise `ConfigError` where it cannot be made.
    """
    make = TRANSPORTS.get(settings.transport)
    if make is None:
        found = entry_points(group=_GROUP, name=settings.transport)
        if not found:
            raise ConfigError(
                f'[smtp] transport: there is no "{settings.transport}"; '
                f"known are {', '.join(names())}"
            )
        make = cast("Callable[[Smtp], Transport]", next(iter(found)).load())
    return make(settings)
