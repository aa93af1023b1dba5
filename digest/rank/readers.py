"""What is known of the subscribers whose turn it is."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from digest.config import RankingSettings
from digest.model import Feedback, InterestKind, Opinion, Paper, Profile, Subscriber
from digest.rank.plans import Reader
from digest.rank.pool import Pool
from digest.rank.turns import Turn
from digest.store import Newer, Transaction


def readers_of(
    tx: Transaction,
    pool: Pool,
    people: Sequence[Subscriber],
    turn: Turn,
    *,
    settings: RankingSettings,
    besides: str = "",
) -> list[Reader]:
    """Load what planning needs to know of these subscribers.

    Digests that make way for that of this turn do not count, nor the delivery whose key is
    `besides`.
    """
    newer = newer_of(pool, turn)
    ids = [subscriber.id for subscriber in people]
    profiles = profiles_of(tx, people, settings=settings)
    since = tx.digests.considered_until(ids, after=pool.opens_at, newer=newer, besides=besides)
    shown = tx.digests.shown(ids, pool.hot_keys, after=pool.opens_at, newer=newer, besides=besides)
    return [
        Reader(
            subscriber,
            profiles[subscriber.id],
            since=since.get(subscriber.id, pool.begins_at),
            shown=frozenset(shown.get(subscriber.id, ())),
        )
        for subscriber in people
    ]


def newer_of(pool: Pool, turn: Turn) -> Newer:
    """Return the edition of a turn as the one for which older ones make way."""
    return Newer(turn.cadence, turn.date, pool.closes_at)


def libraries_of(
    tx: Transaction, *, papers_at_most: int, until: datetime | None = None
) -> list[list[Paper]]:
    """Return what each reader likes, of the papers that most like; what they said by then."""
    keys = tx.feedback.libraries(papers_at_most=papers_at_most, until=until)
    papers = tx.papers.many(key for library in keys for key in library)
    return [[papers[key] for key in library] for library in keys]


def profiles_of(
    tx: Transaction, people: Sequence[Subscriber], *, settings: RankingSettings
) -> dict[int, Profile]:
    """Return what the ranker may know of each of these subscribers, by id."""
    opinions = tx.feedback.of_many(subscriber.id for subscriber in people)
    papers = tx.papers.many(
        [
            *(said.paper_key for log in opinions.values() for said in log),
            *(
                interest.value
                for subscriber in people
                for interest in subscriber.interests
                if interest.kind is InterestKind.SEED
            ),
        ]
    )
    return {
        subscriber.id: profile_of(
            subscriber, opinions.get(subscriber.id, ()), papers, settings=settings
        )
        for subscriber in people
    }


def profile_of(
    subscriber: Subscriber,
    opinions: Iterable[Feedback],
    papers: Mapping[str, Paper],
    *,
    settings: RankingSettings,
) -> Profile:
    """Gather what one subscriber has said; `papers` are those that opinions and seeds name."""
    opinions = list(opinions)
    seeds = [
        papers[interest.value]
        for interest in subscriber.interests
        if interest.kind is InterestKind.SEED and interest.weight > 0 and interest.value in papers
    ]
    said: dict[Opinion, list[Paper]] = {
        opinion: [
            papers[one.paper_key]
            for one in opinions
            if one.opinion is opinion and one.paper_key in papers
        ]
        for opinion in Opinion
    }
    weight = subscriber.trending_weight
    return Profile(
        interests=subscriber.interests,
        liked=tuple(dict.fromkeys([*seeds, *said[Opinion.MORE]])),
        disliked=tuple(said[Opinion.LESS]),
        trending_weight=settings.trending_weight if weight is None else weight,
    )
