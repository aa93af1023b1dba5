"""Addresses of the site's pages that stand in mails; the personal ones are signed."""

from __future__ import annotations

from datetime import datetime
from typing import Self
from urllib.parse import quote

from digest.model import Opinion
from digest.tokens import Purpose, Signer

PLACE = "{token}"


class Links:
    """The absolute addresses of one site; the age of signed ones counts from `at`, or from now."""

    def __init__(self, base_url: str, signer: Signer, *, at: datetime | None = None) -> None:
        self._base = base_url.rstrip("/")
        self._signer = signer
        self._at = at

    def dated(self, at: datetime) -> Self:
        """Return the links of a mail with that date: the same however often it is composed."""
        return type(self)(self._base, self._signer, at=at)

    def home(self) -> str:
        """Return the address of today's papers and the form."""
        return f"{self._base}/"

    def confirm(self, public_id: str) -> str:
        """Return where a sign-up is confirmed."""
        return self._signed(Purpose.CONFIRM, public_id)

    def preferences(self, public_id: str) -> str:
        """Return where a subscriber changes preferences."""
        return self._signed(Purpose.PREFERENCES, public_id)

    def unsubscribe(self, public_id: str) -> str:
        """Return where a subscriber leaves; a POST to it acts at once (RFC 8058)."""
        return self._signed(Purpose.UNSUBSCRIBE, public_id)

    def feedback(self, public_id: str) -> str:
        """Return where a subscriber says what they think; `on` says of which paper."""
        return self._signed(Purpose.FEEDBACK, public_id)

    def digest(self, public_id: str, delivery_key: str) -> str:
        """Return where a digest can be read in the browser."""
        return self._signed(Purpose.DIGEST, public_id, delivery_key)

    def feed(self, public_id: str) -> str:
        """Return where a subscriber's own digests are a feed."""
        return f"{self._signed(Purpose.FEED, public_id)}.atom"

    def return_path(self, pattern: str, delivery_id: int) -> str:
        """Return where a message comes back that cannot be delivered (VERP).

        `{token}` in the pattern is where the address names the delivery.
        """
        if PLACE not in pattern:
            return pattern
        return pattern.replace(PLACE, self._signer.sign_number(delivery_id))

    def _signed(self, purpose: Purpose, *parts: str) -> str:
        return f"{self._base}/{purpose}/{self._signer.sign(purpose, *parts, at=self._at)}"


def on(paper_key: str, opinion: Opinion) -> str:
    """Return what a feedback link ends in: one token serves all papers of a mail."""
    return f"?paper={quote(paper_key, safe=':/')}&opinion={opinion}"
