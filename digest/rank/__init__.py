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

from digest.config import Schedule
from digest.garbage import rare_collections
from digest.model import Plan, Rhythm
from digest.rank.looks import Look, look_at
from digest.rank.planner import (
    BACKGROUND,
    LIKED,
    Beside,
    Chunk,
    Helpers,
    Planner,
    alone,
    open_pool,
)
from digest.rank.plans import Reader, message_id, plans_for
from digest.rank.pool import Pool, is_still_trending
from digest.rank.reach import Reach
from digest.rank.readers import newer_of, readers_of
from digest.rank.turns import Turn, is_awake, turn_of
from digest.store import Store

__all__ = [
    "BACKGROUND",
    "CHUNK",
    "LIKED",
    "Beside",
    "Chunk",
    "Helpers",
    "Look",
    "Planner",
    "Pool",
    "RankReport",
    "Reach",
    "Reader",
    "Turn",
    "alone",
    "is_anybody_due",
    "is_still_trending",
    "look_at",
    "message_id",
    "open_pool",
    "plans_for",
    "readers_of",
    "run",
    "turn_of",
]

# How many subscribers are planned at a time: enough to share work, few enough to write at once.
CHUNK = 250


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

    @property
    def done(self) -> int:
        """Return how many were looked at."""
        return self.planned + sum(self.skipped.values())

    def go_on(self, later: RankReport) -> None:
        """Add what planning did a little later in the same run."""
        # What this run has planned already is not what was planned before it.
        self.settled = max(0, later.settled - self.done)
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
    planner: Planner,
    *,
    schedule: Schedule,
    date: date | None = None,
    force: bool = False,
    chunk: int = CHUNK,
    beside: Beside = alone,
    stopping: Callable[[], bool] = lambda: False,
) -> RankReport:
    """Plan a delivery for every subscriber who is due.

    `date` asks for the edition of that day instead of the one that is due now, `force` does not
    wait for anybody's hour. What was planned before stays as it is. `chunk` subscribers are read,
    planned and written at a time; `beside` opens who plans some of them meanwhile.
    """
    store, now = planner.store, planner.now
    report = RankReport()
    with store.write() as tx:
        for rhythm, until in tx.subscribers.pauses(until=now.date() + timedelta(days=1)):
            if is_awake(rhythm, until, schedule, now=now, force=force):
                tx.subscribers.wake(rhythm, until)
    survey = _survey(store, schedule, now=now, date=date, force=force)
    number, left = sum(one.number for one in survey.due), survey.left.total()
    report.subscribers, report.waiting = number + survey.waiting, survey.waiting
    report.settled = number - left
    chunks = _chunks(store, survey, now=now, size=chunk)
    with beside(left) as helpers:
        is_whole = _plan(planner, chunks, helpers, report, stopping)
    if not is_whole:
        report.unplanned = max(0, left - report.done)
    return report


def _plan(
    planner: Planner,
    chunks: Iterator[Chunk],
    helpers: Helpers,
    report: RankReport,
    stopping: Callable[[], bool],
) -> bool:
    """Plan and write chunk by chunk; say whether that was not stopped."""
    chunk = next(chunks, None)
    while chunk is not None or helpers.wait():
        if stopping():
            return False
        if chunk is not None:
            planner.pool(chunk.turn.cadence)  # what it writes, all others read
            if helpers.take(chunk):
                chunk = next(chunks, None)
            elif not (helpers.instead and helpers.wait()):
                _write(planner, chunk, planner.plans(chunk), report)
                chunk = next(chunks, None)
        for done, plans in helpers.planned():
            _write(planner, done, plans, report)
    return True


def _write(planner: Planner, chunk: Chunk, plans: list[Plan] | None, report: RankReport) -> None:
    """Write what was planned for a chunk; where nobody has, plan it first."""
    plans = planner.plans(chunk) if plans is None else plans
    pool = planner.pool(chunk.turn.cadence)
    with planner.store.write() as tx:
        written = tx.deliveries.plan(plans)
        report.replaced += tx.digests.make_way(
            [plan.subscriber_id for plan in written if plan.reason is None],
            after=pool.opens_at,
            newer=newer_of(pool, chunk.turn),
        )
    report.count(written)


def is_anybody_due(
    store: Store,
    *,
    schedule: Schedule,
    now: datetime,
    date: date | None,
    force: bool,
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


def _chunks(store: Store, survey: _Survey, *, now: datetime, size: int) -> Iterator[Chunk]:
    """Yield those for whom the edition that is due is not planned yet, so many at a time."""
    for due in survey.due:
        if not survey.left[due.rhythm]:
            continue
        with store.write() as tx:
            edition = tx.editions.ensure(due.turn.cadence, due.turn.date, now=now)
        last = 0
        while True:
            with store.read() as tx:
                people = tx.subscribers.to_plan(
                    due.rhythm, edition, newest_paper=survey.newest, after=last, limit=size
                )
            if not people:
                break
            yield Chunk(due.turn, edition, people)
            last = people[-1].id
