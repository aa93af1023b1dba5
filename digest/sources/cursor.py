"""What a source remembers of its last batch: the opaque text in `Fetched.cursor`."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Self

from digest.sources.http import Response

_SAMPLE = 100


@dataclass(frozen=True, slots=True)
class Cursor:
    """The validators and the content of the last batch of one address.

    `address` is not the address itself, which may hold a secret, but a name for it.
    `announced_at` is the date of the batch in ISO 8601, `sample` some of its papers' keys:
    always the same ones of the same batch, in whatever order it comes.
    """

    address: str
    etag: str | None = None
    last_modified: str | None = None
    announced_at: str | None = None
    sample: tuple[str, ...] = ()

    @classmethod
    def read(cls, text: str | None, url: str) -> Self:
        """Read a cursor; what cannot be read, or is of another address, is as good as none."""
        try:
            known = json.loads(text or "{}")
            cursor = cls(**{**known, "sample": tuple(known.get("sample", ()))})
            strings = (cursor.etag, cursor.last_modified, cursor.announced_at, *cursor.sample)
            sound = cursor.address == _name(url) and all(
                isinstance(part, str | None) for part in strings
            )
        except (ValueError, TypeError, AttributeError, RecursionError):
            return cls(_name(url))
        return cursor if sound else cls(_name(url))

    @classmethod
    def of(
        cls,
        url: str,
        response: Response,
        *,
        whole: bool = True,
        announced_at: datetime | None = None,
        keys: Iterable[str] = (),
    ) -> Self:
        """Remember a batch; one that is not `whole` is asked for again, even if unchanged."""
        return cls(
            _name(url),
            etag=response.etag if whole else None,
            last_modified=response.last_modified if whole else None,
            announced_at=announced_at.isoformat() if announced_at else None,
            sample=tuple(sorted(set(keys))[:_SAMPLE]),
        )

    @property
    def announced(self) -> datetime | None:
        """Return the date of the batch."""
        try:
            at = datetime.fromisoformat(self.announced_at or "")
        except ValueError:
            return None
        return at if at.tzinfo else None

    def write(self) -> str:
        """Return the text to store."""
        return json.dumps(asdict(self))


def _name(url: str) -> str:
    return hashlib.sha256(url.encode()).hexdigest()[:16]
