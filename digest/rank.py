"""Papers x interests -> planned deliveries with their picks.

Everybody who is due gets one row per edition, written in one transaction per chunk of
subscribers: a run that is killed in between goes on where it was. Who gets which paper is decided
by `plan_for`, which is pure.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from hashlib import blake2b

from digest.config import RankingSettings, Schedule
from digest.due import due_at, edition_due, is_edition_day, local_date
from digest.model import (
    Candidate,
    DeliveryKind,
    Edition,
    Feedback,
    InterestKind,
    Opinion,
    Paper,
    Pick,
    Plan,
    Profile,
    SkipReason,
    SourceOutcome,
    SourceState,
    Subscriber,
)
from digest.ports import Ranker, Ranking
from digest.ranking import choose, figures
from digest.store import Store, Transaction

log = logging.getLogger(__name__)

# How many recent papers a ranker learns its words from.
BACKGROUND = 5000

# From this trending score on, a paper may stand in a digest after its own day.
STILL_TRENDING = 0.5


@dataclass(frozen=True)
class Pool:
    """The papers of one run, ready to be ranked for anybody."""

    candidates: Mapping[str, Candidate]
    ranking: Ranking
    opens_at: datetime
    closes_at: datetime
    newest_at: datetime | None
    sources: tuple[str, ...]
    notes: tuple[str, ...]


@dataclass
class RankReport:
    """What planning did."""

    subscribers: int = 0
    waiting: int = 0  # confirmed, but not due yet
    settled: int = 0  # due, but planned before
    planned: int = 0
    unplanned: int = 0  # not looked at: the run was stopped
    skipped: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Turn:
    """A subscriber whose edition is due, and from when to when it may leave."""

    subscriber: Subscriber
    date: date
    due_at: datetime
    expires_at: datetime

    @property
    def key(self) -> str:
        """Return the key of the delivery: one per edition and subscriber."""
        cadence = self.subscriber.cadence
        return f"digest:{cadence}-{self.date.isoformat()}:{self.subscriber.public_id}"


def run(
    store: Store,
    ranker: Ranker,
    *,
    settings: RankingSettings,
    schedule: Schedule,
    domain: str,
    now: datetime,
    date: date | None = None,
    force: bool = False,
    stopping: Callable[[], bool] = lambda: False,
) -> RankReport:
    """Plan a delivery for every subscriber who is due; `domain` ends their Message-IDs.

    `date` asks for the edition of that day instead of the one that is due now, `force` does not
    wait for anybody's hour. What was planned before stays as it is.
    """
    report = RankReport()
    pool: Pool | None = None
    with store.write() as tx:
        tx.subscribers.wake(now.date())
    with store.read() as tx:
        newest = tx.papers.newest_listed_at(until=now)
        chunks = list(tx.subscribers.confirmed())
    for chunk in chunks:
        report.subscribers += len(chunk)
        if stopping():
            report.unplanned += len(chunk)
            continue
        turns = [
            turn
            for subscriber in chunk
            if (turn := turn_of(subscriber, schedule, now=now, date=date, force=force))
        ]
        report.waiting += len(chunk) - len(turns)
        with store.read() as tx:
            settled = tx.deliveries.settled([turn.key for turn in turns], newest_paper=newest)
        turns = [turn for turn in turns if turn.key not in settled]
        report.settled += len(settled)
        if not turns:
            continue
        if pool is None:
            with store.read() as tx:
                pool = open_pool(tx, ranker, settings=settings, now=now)
        with store.write() as tx:
            plans = _plans(tx, pool, turns, settings=settings, domain=domain, now=now)
            tx.deliveries.plan(plans)
        for plan in plans:
            if plan.reason is None:
                report.planned += 1
            else:
                report.skipped[plan.reason] = report.skipped.get(plan.reason, 0) + 1
    return report


def turn_of(
    subscriber: Subscriber,
    schedule: Schedule,
    *,
    now: datetime,
    date: date | None = None,
    force: bool = False,
) -> Turn | None:
    """Decide which edition of a subscriber is due, if one is.

    An edition that is asked for by its date although its time has passed may leave from now on.
    """
    hour = schedule.default_hour if subscriber.hour is None else subscriber.hour
    timezone = subscriber.timezone or schedule.timezone
    life = timedelta(hours=schedule.expire_after_hours)
    if date is None and not force:
        day = edition_due(
            subscriber.cadence,
            hour=hour,
            timezone=timezone,
            weekly_day=schedule.weekly_day,
            now=now,
            life=life,
            catch_up=schedule.catch_up,
        )
    else:
        day = date or local_date(now, timezone)
        if not is_edition_day(subscriber.cadence, day, weekly_day=schedule.weekly_day):
            return None
        if not force and due_at(day, hour, timezone) > now:
            return None
    if day is None:
        return None
    due = due_at(day, hour, timezone)
    if due > now or due + life <= now:
        due = now
    return Turn(subscriber, day, due, due + life)


def open_pool(tx: Transaction, ranker: Ranker, *, settings: RankingSettings, now: datetime) -> Pool:
    """Load what anybody may get now, and let the ranker prepare it."""
    opens_at = now - timedelta(days=settings.trending_days)
    candidates = tx.papers.listed(opens_at, now)
    background = tx.papers.recent(BACKGROUND, until=now)
    states = tx.sources.list()
    return Pool(
        candidates={candidate.paper.key: candidate for candidate in candidates},
        ranking=ranker.fit(candidates, background, now),
        opens_at=opens_at,
        closes_at=now,
        newest_at=max((candidate.listed_at for candidate in candidates), default=None),
        sources=tuple(state.name for state in states),
        notes=tuple(filter(None, map(upstream_note, states))),
    )


def upstream_note(state: SourceState) -> str:
    """Say in one sentence what is wrong with a source, for the head of the mail."""
    if state.last_outcome is SourceOutcome.FAILED:
        return f"{state.name} could not be read today; its papers follow when it answers again."
    if state.last_outcome is SourceOutcome.STALE:
        return f"{state.name} served an old list; its new papers follow when it is up to date."
    return ""


def _plans(
    tx: Transaction,
    pool: Pool,
    turns: list[Turn],
    *,
    settings: RankingSettings,
    domain: str,
    now: datetime,
) -> list[Plan]:
    people = [turn.subscriber for turn in turns]
    ids = [subscriber.id for subscriber in people]
    profiles = profiles_of(tx, people, settings=settings)
    since = tx.deliveries.considered_until(ids)
    shown = tx.deliveries.shown(ids, pool.candidates)
    editions = {
        (turn.subscriber.cadence, turn.date): tx.editions.ensure(
            turn.subscriber.cadence, turn.date, now=now
        )
        for turn in turns
    }
    return [
        plan_for(
            pool,
            turn,
            profiles[turn.subscriber.id],
            edition=editions[turn.subscriber.cadence, turn.date],
            since=since.get(turn.subscriber.id, pool.opens_at),
            shown=shown[turn.subscriber.id],
            settings=settings,
            domain=domain,
        )
        for turn in turns
    ]


def profiles_of(
    tx: Transaction, people: Iterable[Subscriber], *, settings: RankingSettings
) -> dict[int, Profile]:
    """Return what the ranker may know of each of these subscribers, by id."""
    people = list(people)
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
        subscriber.id: profile_of(subscriber, opinions[subscriber.id], papers, settings=settings)
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


def plan_for(
    pool: Pool,
    turn: Turn,
    profile: Profile,
    *,
    edition: Edition | None,
    since: datetime,
    shown: set[str],
    settings: RankingSettings,
    domain: str,
) -> Plan:
    """Decide what one subscriber gets; `since` is when their papers were last considered.

    Papers that were listed since then count, and older ones of the pool that are trending now;
    never one that the subscriber was shown before.
    """
    scored = [
        one
        for one in pool.ranking.score(profile)
        if one.paper.key not in shown
        and (pool.candidates[one.paper.key].listed_at > since or one.trending >= STILL_TRENDING)
    ]
    chosen = choose(
        scored,
        max_papers=turn.subscriber.max_papers or settings.max_papers,
        min_score=settings.min_score,
        diversity=settings.diversity,
    )
    picks = tuple(
        Pick(
            paper=one.paper,
            position=position,
            score=round(one.score, 6),
            relevance=round(one.relevance, 6),
            trending=round(one.trending, 6),
            reason=one.reason,
            figures=figures(pool.candidates[one.paper.key]),
        )
        for position, one in enumerate(chosen, start=1)
    )
    reason: SkipReason | None = None
    if not picks:
        reason = SkipReason.NO_MATCH if scored else SkipReason.NO_PAPERS
        if scored and not (profile.interests or profile.liked):
            reason = SkipReason.NO_INTERESTS
    return Plan(
        key=turn.key,
        kind=DeliveryKind.DIGEST,
        message_id=message_id(turn.key, domain=domain),
        subscriber_id=turn.subscriber.id,
        planned_at=pool.closes_at,
        due_at=turn.due_at,
        edition_id=None if edition is None else edition.id,
        expires_at=turn.expires_at,
        reason=reason,
        facts={
            "papers": len(scored),
            "sources": list(pool.sources),
            "notes": list(pool.notes),
        },
        picks=picks,
    )


def message_id(key: str, *, domain: str) -> str:
    """Return the Message-ID of a delivery: the same for the same key, for ever.

    A database that is restored from yesterday's backup names the same messages again, so that
    mailboxes can fold the copies (RFC 5322 section 3.6.4).
    """
    return f"<{blake2b(key.encode(), digest_size=16).hexdigest()}@{domain}>"
