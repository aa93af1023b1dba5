"""How much of a reader a ranker is told; apart, for the command line names them."""

from __future__ import annotations

from enum import StrEnum


class Setting(StrEnum):
    """How much of a reader is known."""

    FULL = "full"  # all earlier likes
    FEW = "few"  # 1, 3, 5 and 10 of them, drawn by chance
    KEYWORDS = "keywords"  # the five most frequent keywords of the library, and no paper
