"""A chunk of subscribers -> their plans, in this process or in one beside it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from digest.config import RankingSettings
from digest.model import Cadence, Edition, Plan, Subscriber
from digest.ports import Ranker
from digest.rank import expecting
from digest.rank.plans import plans_for
from digest.rank.pool import Pool
from digest.rank.reach import Reach
from digest.rank.readers import libraries_of, readers_of
from digest.rank.topics import risen
from digest.rank.turns import Turn
from digest.ranking import Phrases
from digest.store import Store

# How many recent papers a ranker learns its words from.
BACKGROUND = 5000

# How many liked papers a ranker learns from what is liked together.
LIKED = 10_000


@dataclass(frozen=True, slots=True)
class Chunk:
    """Subscribers whose turn it is, and who are planned at once."""

    turn: Turn
    edition: Edition
    people: Sequence[Subscriber]


@dataclass(frozen=True, kw_only=True)
class Planner:
    """Plans the chunks of one run; papers are prepared once for each cadence.

    `domain` ends the Message-IDs. With a `rival` both rankers draft each digest in turn. Notes are
    said in `phrases`, or in English.
    """

    store: Store
    ranker: Ranker
    settings: RankingSettings
    domain: str
    now: datetime
    rival: Ranker | None = None
    phrases: Phrases | None = None
    _pools: dict[Cadence, Pool] = field(default_factory=dict)

    def pool(self, cadence: Cadence) -> Pool:
        """Return the papers of a cadence, ready to be ranked."""
        if cadence not in self._pools:
            expecting.ready(self.store, self.now)
            self._pools[cadence] = open_pool(
                self.store,
                self.ranker,
                cadence,
                settings=self.settings,
                now=self.now,
                rival=self.rival,
                phrases=self.phrases,
            )
        return self._pools[cadence]

    def plans(self, chunk: Chunk) -> list[Plan]:
        """Decide what each of them gets; no delivery is written."""
        pool = self.pool(chunk.turn.cadence)
        with self.store.read() as tx:
            readers = readers_of(tx, pool, chunk.people, chunk.turn, settings=self.settings)
        return plans_for(
            pool,
            chunk.turn,
            readers,
            edition_id=chunk.edition.id,
            settings=self.settings,
            domain=self.domain,
        )


class Helpers(Protocol):
    """Processes that plan beside this one; whoever asks them writes what they planned."""

    @property
    def instead(self) -> bool:
        """Whether this one has other things to do, and only plans what they cannot."""

    def take(self, chunk: Chunk) -> bool:
        """Say whether one of them plans this chunk."""

    def planned(self) -> Iterable[tuple[Chunk, list[Plan] | None]]:
        """Yield what has been planned by now; without plans, what somebody else must plan."""

    def wait(self) -> bool:
        """Wait a moment for what they took; say whether they hold anything."""


Beside = Callable[[int], AbstractContextManager[Helpers]]
"""Opens who helps to plan for so many subscribers; none of them outlives it."""


class _Nobody:
    instead = False

    def take(self, _chunk: Chunk) -> bool:
        return False

    def planned(self) -> Iterable[tuple[Chunk, list[Plan] | None]]:
        return ()

    def wait(self) -> bool:
        return False


def alone(_left: int) -> AbstractContextManager[Helpers]:
    """Open no helpers."""
    return nullcontext(_Nobody())


def open_pool(
    store: Store,
    ranker: Ranker,
    cadence: Cadence,
    *,
    settings: RankingSettings,
    now: datetime,
    rival: Ranker | None = None,
    phrases: Phrases | None = None,
) -> Pool:
    """Load what anybody may get now, and let the rankers prepare it."""
    reach = Reach.of(cadence, now, days=settings.trending_days)
    phrases = phrases or Phrases()
    with store.read() as tx:
        listed = reach.candidates(tx)
        background = tx.papers.recent(BACKGROUND, until=now)
        sources = tx.sources.list()
        libraries = libraries_of(tx, papers_at_most=LIKED)
        topics = risen(tx, now)
    return Pool(
        ranker,
        expecting.with_expectations(store, listed, now, phrases),
        background,
        sources,
        opens_at=reach.opens_at,
        begins_at=reach.begins_at,
        closes_at=reach.closes_at,
        rival=rival,
        libraries=libraries,
        topics=topics,
        phrases=phrases,
    )
