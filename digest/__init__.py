"""A self-hosted daily email digest of trending papers."""

from __future__ import annotations

__version__ = "0.1.0"
