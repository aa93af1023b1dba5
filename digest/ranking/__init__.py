"""Papers x profile -> an order, with a reason for each paper; pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib.metadata import entry_points

from digest.errors import ConfigError
from digest.ports import Embeddings, Ranker
from digest.ranking.attention import VERSION, Attention
from digest.ranking.blend import CROWDING, Likeness, beyond_usual, choose, reaching
from digest.ranking.days import Days
from digest.ranking.default import DefaultRanker
from digest.ranking.expecting import ENOUGH, attention_of, expectations, score_attention
from digest.ranking.explain import Phrases
from digest.ranking.gains import figures, gained_lately
from digest.ranking.keywords import Keywords
from digest.ranking.libraries import score_libraries
from digest.ranking.matches import Categories
from digest.ranking.names import Authors
from digest.ranking.seam import blend_of, fitted, leading_of
from digest.ranking.space import text_of
from digest.ranking.topics import rising
from digest.ranking.trending import attention_seen, measured

__all__ = [
    "CROWDING",
    "ENOUGH",
    "RANKERS",
    "VERSION",
    "Attention",
    "Authors",
    "Categories",
    "Days",
    "Keywords",
    "Likeness",
    "Phrases",
    "attention_of",
    "attention_seen",
    "beyond_usual",
    "blend_of",
    "choose",
    "expectations",
    "figures",
    "fitted",
    "gained_lately",
    "leading_of",
    "measured",
    "names",
    "ranker",
    "reaching",
    "rising",
    "score_attention",
    "score_libraries",
    "text_of",
]

RANKERS: Mapping[str, Callable[[Embeddings | None, Phrases | None], Ranker]] = {
    "default": DefaultRanker
}

_GROUP = "digest.rankers"


def names() -> list[str]:
    """Return the rankers that can be asked for: ours, then installed ones."""
    return [*RANKERS, *sorted({each.name for each in entry_points(group=_GROUP)} - set(RANKERS))]


def ranker(
    name: str, embeddings: Embeddings | None = None, phrases: Phrases | None = None
) -> Ranker:
    """Make a ranker by its name, ours or one of the entry-point group `digest.rankers`.

    Ours may ask for `embeddings`, and says its reasons in `phrases`, or in English. Raises
    `ConfigError` for a name that nobody has.
    """
    if name in RANKERS:
        return RANKERS[name](embeddings, phrases)
    for each in entry_points(group=_GROUP, name=name):
        made: Ranker = each.load()()
        return made
    raise ConfigError(f'There is no ranker "{name}": use one of {", ".join(names())}.')
