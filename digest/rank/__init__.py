"""Papers x interests -> planned deliveries with their picks.

Everybody who is due gets one row per edition. Rows decide who is due: subscribers who share a
rhythm are due together, so their number costs nothing until there is something to plan. They are
read and written by the chunk, in short transactions with the ranking between them: a run that is
killed goes on where it was, and nobody waits for the database meanwhile.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from digest.config import RankingSettings, Schedule
from digest.garbage import rare_collections
from digest.model import Cadence, Edition, Plan, Rhythm, Subscriber
from digest.ports import Ranker
from digest.rank import expecting
from digest.rank.looks import Look, look_at
from digest.rank.plans import Reader, message_id, plans_for
from digest.rank.pool import Pool, is_still_trending
from digest.rank.reach import Reach
from digest.rank.readers import libraries_of, newer_of, readers_of
from digest.rank.topics import risen
from digest.rank.turns import Turn, is_awake, turn_of
from digest.ranking import Phrases
from digest.store import Store

__all__ = [
    "CHUNK",
    "Look",
    "Pool",
    "RankReport",
    "Reach",
    "Reader",
    "Turn",
    "is_anybody_due",
    "is_still_trending",
    "look_at",
    "message_id",
    "open_pool",
    "plans_for",
    "readers_of",
    "run",
]

# How many recent papers a ranker learns its words from.
BACKGROUND = 5000

# How many liked papers a ranker learns from what is liked together.
LIKED = 10_000

# How many subscribers are planned at a time: enough to share work, few enough to write at once.
CHUNK = 500


@dataclass
class RankReport:
    """What planning did."""

    subscribers: int = 0
    waiting: int = 0  # confirmed, but not due yet
    settled: int = 0  # due, but planned before
    planned: int = 0
    unplanned: int = 0  # not looked at: the run was stopped
    replaced: int = 0  # older digests that had not left yet
    skipped: dict[str, int] = field(default_factory=dict)

    def count(self, plans: list[Plan]) -> None:
        """Add what was decided."""
        for plan in plans:
            if plan.reason is None:
                self.planned += 1
            else:
                self.skipped[plan.reason] = self.skipped.get(plan.reason, 0) + 1

    def go_on(self, later: RankReport) -> None:
        """Add what planning did a little later in the same run."""
        # What this run has planned already is not what was planned before it.
        self.settled = max(0, later.settled - self.planned - sum(self.skipped.values()))
        self.subscribers, self.waiting = later.subscribers, later.waiting
        self.unplanned = later.unplanned
        self.planned += later.planned
        self.replaced += later.replaced
        for reason, number in later.skipped.items():
            self.skipped[reason] = self.skipped.get(reason, 0) + number


@dataclass(frozen=True)
class _Due:
    """Subscribers who share a rhythm, and the edition that is due for them."""

    rhythm: Rhythm
    turn: Turn
    number: int


@dataclass(frozen=True)
class _Survey:
    """Who is due, and for how many of them nothing is planned yet."""

    due: list[_Due]
    left: Counter[Rhythm]
    waiting: int
    newest: datetime | None  # when the newest paper was listed


@rare_collections()
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
    rival: Ranker | None = None,
    phrases: Phrases | None = None,
    chunk: int = CHUNK,
    stopping: Callable[[], bool] = lambda: False,
) -> RankReport:
    """Plan a delivery for every subscriber who is due; `domain` ends their Message-IDs.

    `date` asks for the edition of that day instead of the one that is due now, `force` does not
    wait for anybody's hour. With a `rival` both rankers draft each digest in turn. Notes are said
    in `phrases`, or in English. What was planned before stays as it is. `chunk` subscribers are
    read, planned and written at a time.
    """
    report = RankReport()
    with store.write() as tx:
        for rhythm, until in tx.subscribers.pauses(until=now.date() + timedelta(days=1)):
            if is_awake(rhythm, until, schedule, now=now, force=force):
                tx.subscribers.wake(rhythm, until)
    survey = _survey(store, schedule, now=now, date=date, force=force)
    number, left = sum(one.number for one in survey.due), survey.left
    report.subscribers, report.waiting = number + survey.waiting, survey.waiting
    report.settled = number - left.total()
    pools: dict[Cadence, Pool] = {}
    for one in survey.due:
        if not left[one.rhythm]:
            continue
        for edition, people in _chunks(store, one, newest=survey.newest, now=now, size=chunk):
            if stopping():
                done = report.planned + sum(report.skipped.values())
                report.unplanned = max(0, left.total() - done)
                return report
            cadence = one.turn.cadence
            if cadence not in pools:
                expecting.ready(store, now)
                pools[cadence] = open_pool(
                    store,
                    ranker,
                    cadence,
                    settings=settings,
                    now=now,
                    rival=rival,
                    phrases=phrases,
                )
            pool = pools[cadence]
            with store.read() as tx:
                readers = readers_of(tx, pool, people, one.turn, settings=settings)
            plans = plans_for(
                pool, one.turn, readers, edition_id=edition.id, settings=settings, domain=domain
            )
            with store.write() as tx:
                written = tx.deliveries.plan(plans)
                report.replaced += tx.digests.make_way(
                    [plan.subscriber_id for plan in written if plan.reason is None],
                    after=pool.opens_at,
                    newer=newer_of(pool, one.turn),
                )
            report.count(written)
    return report


def is_anybody_due(
    store: Store,
    *,
    schedule: Schedule,
    now: datetime,
    date: date | None = None,
    force: bool = False,
) -> bool:
    """Say whether `run` would have somebody to plan for."""
    return _survey(store, schedule, now=now, date=date, force=force).left.total() > 0


def _survey(
    store: Store, schedule: Schedule, *, now: datetime, date: date | None, force: bool
) -> _Survey:
    with store.read() as tx:
        newest = tx.papers.newest_listed_at(until=now)
        rhythms = tx.subscribers.rhythms()
    due, waiting = [], 0
    for rhythm, number in rhythms.items():
        turn = turn_of(rhythm, schedule, now=now, date=date, force=force)
        if turn is None:
            waiting += number
        else:
            due.append(_Due(rhythm, turn, number))
    return _Survey(due, _left(store, due, newest=newest), waiting, newest)


def _left(store: Store, due: list[_Due], *, newest: datetime | None) -> Counter[Rhythm]:
    """Count those whose edition is not planned yet, by rhythm."""
    left: Counter[Rhythm] = Counter()
    for cadence, day in {(one.turn.cadence, one.turn.date): None for one in due}:
        with store.read() as tx:
            found = tx.subscribers.unplanned(
                cadence, tx.editions.get(cadence, day), newest_paper=newest
            )
        for one in due:
            if (one.turn.cadence, one.turn.date) == (cadence, day):
                left[one.rhythm] = min(found[one.rhythm], one.number)
    return left


def _chunks(
    store: Store, due: _Due, *, newest: datetime | None, now: datetime, size: int
) -> Iterator[tuple[Edition, list[Subscriber]]]:
    """Yield the edition and those for whom it is not planned yet, a chunk at a time."""
    with store.write() as tx:
        edition = tx.editions.ensure(due.turn.cadence, due.turn.date, now=now)
    last = 0
    while True:
        with store.read() as tx:
            people = tx.subscribers.to_plan(
                due.rhythm, edition, newest_paper=newest, after=last, limit=size
            )
        if not people:
            return
        yield edition, people
        last = people[-1].id


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
