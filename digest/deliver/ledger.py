"""Which delivery is next, and what came of the last one: written in groups.

All connections of a process share one ledger. What they want written within a few milliseconds
of each other goes into one transaction, so that a commit that waits for the disk serves many.
A content leaves only after `sending` is committed; whatever the relay says is committed with the
next group.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import TypeVar

from digest.config import DeliverySettings
from digest.deliver.pace import Paces, give_way
from digest.deliver.row import Row
from digest.deliver.tally import DeliverReport
from digest.deliver.turns import Claim, Group, Turn
from digest.deliver.verdict import (
    INTERRUPTED,
    LATE,
    LEASE,
    Refusals,
    Verdict,
    decide,
    last_look,
    skipped,
)
from digest.errors import (
    DigestError,
    StoreBusy,
    TransportError,
    TransportRefused,
    TransportUnavailable,
)
from digest.model import (
    Delivery,
    DeliveryState,
    Message,
    Paper,
    Pick,
    Receipt,
    SkipReason,
    Subscriber,
)
from digest.ports import Clock
from digest.store import Store, Transaction

log = logging.getLogger(__name__)

T = TypeVar("T")

Compose = Callable[[Delivery, Subscriber, list[Pick]], Message]
"""How a claimed delivery becomes a message; raises `DigestError` for one that cannot be made."""

# How long the first of a group waits for others, in seconds: a message that may leave only then,
# and a reply, which goes with the next message, also that of its own connection.
_GATHER = 0.002
_LINGER = 0.05

# A database that is locked or full is waited for: the relay has taken mails that must be noted.
_PATIENCE = timedelta(minutes=5)
_PAUSE = 1.0

# How often more is asked for while all that is here waits for its domains.
_LOOK_AGAIN = timedelta(seconds=5)

# How many papers are kept in memory.
_MOST_PAPERS = 5000

# A message takes its place in the pace of its domain so long before, in seconds: a connection that
# waits for its time is not there for others.
_HORIZON = 2.0


class Ledger:
    """The deliveries of one process; used from one thread."""

    def __init__(
        self,
        store: Store,
        compose: Compose,
        *,
        settings: DeliverySettings,
        clock: Clock,
        worker: str,
        paces: Paces,
        connections: int,
        shard: int,
        report: DeliverReport,
        stopping: Callable[[], bool],
        enough: Callable[[], bool],
        waited_for: Callable[[], bool] | None,
        progress: Callable[[], None],
    ) -> None:
        self.report = report
        self.unreachable: TransportUnavailable | None = None  # why a connection was not had
        self.lost: TransportError | None = None  # why a lane ended that had one
        self._store = store
        self._compose = compose
        self._settings = settings
        self._clock = clock
        self._worker = worker
        self._connections = connections
        self._shard = shard
        self._stopping = stopping
        self._enough = enough
        self._waited_for = waited_for
        self._progress = progress
        self._row = Row(paces)
        # The domains that were left out when the database had nothing else any more.
        self._left_out: frozenset[str] | None = None
        self._asked_at = clock.now()
        self._papers: dict[int, Paper] = {}
        self._group = Group()
        self._timer: asyncio.TimerHandle | None = None
        self._on_the_way: set[int] = set()
        self._refusals = Refusals(connections)
        self._ended = False

    @property
    def has_ended(self) -> bool:
        """Say whether no further message may leave in this run."""
        return self._ended or self._stopping() or self._enough()

    # --- what is next -----------------------------------------------------------------------

    def take(self) -> Turn | float | None:
        """Return the next message, or in how many seconds to ask again, or `None` at the end.

        One that cannot be made is written off, and stops no other.
        """
        while not self.has_ended:
            now = self._clock.now()
            place = self._row.first(now)
            if (place is None or place.waits) and self._may_be_more(now, waits=place is not None):
                self._reserve(now)
                continue
            if place is None:
                return None
            wait = (place.at - now).total_seconds()
            if place.waits and wait > _HORIZON:
                return min(wait - _HORIZON, _LOOK_AGAIN.total_seconds())
            claim = place.claim
            self._row.remove(place)
            if claim.delivery.expires_at is not None and claim.delivery.expires_at <= place.at:
                self._end(claim.delivery, LATE)
                continue
            if self._waited_for is not None:
                give_way(self._waited_for, self._clock)
            message = self._message(claim)
            if message is not None:
                self._row.take(place)
                return Turn(claim, message, asyncio.get_running_loop().time() + wait)
        return None

    def give_back(self, turn: Turn) -> None:
        """Let another connection send what this one could not begin."""
        self._row.give_back(turn.claim)

    def _may_be_more(self, now: datetime, *, waits: bool) -> bool:
        """Say whether to ask for more: there was more, or a slow domain lets others come in."""
        if self._left_out is None or self._left_out != self._row.full:
            return True
        return waits and not self._asked_at <= now < self._asked_at + _LOOK_AGAIN

    def _reserve(self, now: datetime) -> None:
        self._asked_at = now
        if len(self._papers) > _MOST_PAPERS:
            self._papers.clear()
        full = self._row.full

        def reserve() -> list[int]:
            with self._store.write() as tx:
                return tx.outbox.reserve(
                    self._worker,
                    now=now,
                    lease_until=now + LEASE,
                    limit=self._shard,
                    without=full,
                )

        def load() -> list[tuple[Delivery, Subscriber | None, list[Pick]]]:
            with self._store.read() as tx:
                return tx.claims.of(ids, self._papers)

        ids = self._patiently(reserve)
        if len(ids) < self._shard:
            self._left_out = full
        found = self._patiently(load)
        for delivery, subscriber, picks in found:
            if subscriber is None:
                self._end(delivery, skipped(SkipReason.NOT_CONFIRMED))
            else:
                self._row.add(Claim(delivery, subscriber, picks))

    def _message(self, claim: Claim) -> Message | None:
        try:
            return self._compose(claim.delivery, claim.subscriber, claim.picks)
        except DigestError as error:
            self.settle(claim, error)
        except Exception as error:
            # A template or a plug-in of the site: its bug costs this message and no other.
            log.debug("delivery %d", claim.delivery.id, exc_info=True)
            self.settle(
                claim, DigestError(f"a bug while composing: {type(error).__name__}: {error}")
            )
        return None

    # --- what came of it --------------------------------------------------------------------

    async def start(self, claim: Claim) -> bool:
        """Write that the content of this message may leave; say whether it still may."""
        future: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        self._group.starts.append((claim, future))
        full = len(self._group.starts) * 2 >= self._connections
        self._soon(0 if full else _GATHER)
        return await future

    def settle(self, claim: Claim, outcome: Receipt | DigestError) -> None:
        """Note what became of a message; it is written with the next group."""
        delivery = claim.delivery
        self._refusals.note(delivery.id, outcome)
        if isinstance(outcome, Receipt):
            self._group.replies[delivery.id] = outcome.reply
            self._soon(_LINGER)
            return
        counted = replace(delivery, attempts=delivery.attempts + 1)
        now = self._clock.now()
        self._end(delivery, decide(counted, outcome, settings=self._settings, now=now))
        if isinstance(outcome, TransportRefused):
            self.refuse(outcome)
        elif self._refusals.too_many and not self._ended:
            self.refuse(self._refusals.alert())

    def refuse(self, error: TransportError) -> None:
        """End the run: the relay wants none of our mail, or nobody knows what becomes of it."""
        self._ended = True
        self.report.complain(error)

    def _end(self, delivery: Delivery, verdict: Verdict) -> None:
        self._group.verdicts.append((delivery.id, verdict))
        self._soon(_LINGER)

    def renew(self) -> None:
        """Hold on to what this worker has reserved or is sending: it is slow, not dead."""
        try:
            with self._store.write() as tx:
                tx.outbox.renew(self._worker, lease_until=self._clock.now() + LEASE)
        except StoreBusy as error:
            log.warning("the leases are renewed a little later: %s", error)

    # --- the groups -------------------------------------------------------------------------

    def _soon(self, seconds: float) -> None:
        """See to it that the group is written in so many seconds at the latest."""
        loop = asyncio.get_running_loop()
        due = loop.time() + seconds
        if self._timer is not None:
            if self._timer.when() <= due:
                return
            self._timer.cancel()
        self._timer = loop.call_at(due, self._commit)

    def _commit(self) -> None:
        """Write the group, and tell those who wait for it."""
        self._timer = None
        group, self._group = self._group, Group()
        try:
            allowed = self._write(group)
        except Exception as error:  # whoever waits must hear of it, even of a bug
            # What the relay has taken is kept, for the last try at the end of the run.
            self._ended = True
            self._group.replies |= group.replies
            self._group.verdicts += group.verdicts
            for _, future in group.starts:
                if not future.done():
                    future.set_exception(error)
            return
        for claim, future in group.starts:
            if not future.done():
                future.set_result(claim.delivery.id in allowed)
            allowed.discard(claim.delivery.id)  # one content for one delivery, whoever asks
        self._progress()

    def _write(self, group: Group) -> set[int]:
        """Write a group in one transaction; return what may leave."""

        def write() -> tuple[list[int], list[tuple[int, Verdict]], set[int]]:
            now = self._clock.now()
            with self._store.write() as tx:
                lost = tx.outbox.sent(self._worker, group.replies, now=now)
                gates = self._gates(tx, [claim for claim, _ in group.starts], now)
                refused = [(id_, verdict) for id_, verdict in gates.items() if verdict]
                lost |= {
                    id_
                    for id_, verdict in [*group.verdicts, *refused]
                    if not tx.outbox.move(self._worker, id_, verdict.state, verdict.changes)
                }
                allowed = [id_ for id_, verdict in gates.items() if verdict is None]
                tx.outbox.start(self._worker, allowed, lease_until=now + LEASE)
            return allowed, refused, lost

        allowed, refused, lost = self._patiently(write)
        self._count(group.replies, [*group.verdicts, *refused], lost)
        self._on_the_way -= group.replies.keys()
        self._on_the_way -= {id_ for id_, _ in group.verdicts}
        self._on_the_way.update(allowed)
        return set(allowed)

    def _patiently(self, work: Callable[[], T]) -> T:
        """Do this once the database is neither locked nor full: what was taken must be noted.

        After minutes the run ends; raise `StoreBusy`.
        """
        until = self._clock.now() + _PATIENCE
        while True:
            try:
                return work()
            except StoreBusy as error:
                if self._clock.now() >= until or self._stopping():
                    self._ended = True
                    raise
                log.warning("waiting for the database: %s", error)
                self._clock.sleep(_PAUSE)

    def _gates(
        self, tx: Transaction, claims: Sequence[Claim], now: datetime
    ) -> dict[int, Verdict | None]:
        """Look once more at what is about to leave; what is not ours any more is left out."""
        if not claims:
            return {}
        standings = tx.outbox.standings(self._worker, [claim.delivery.id for claim in claims])
        gates: dict[int, Verdict | None] = {}
        for claim in claims:
            delivery = claim.delivery
            standing = standings.get(delivery.id)
            if standing is None:
                log.warning("delivery %d: somebody else has taken or moved it", delivery.id)
                continue
            verdict = last_look(delivery, claim.subscriber.email, standing, now)
            gates[delivery.id] = verdict
            if verdict is not None and verdict.state is delivery.state:
                self._left_out = None
        return gates

    def _count(
        self, replies: Mapping[int, str], verdicts: list[tuple[int, Verdict]], lost: set[int]
    ) -> None:
        self.report.sent += len(replies.keys() - lost)
        for id_, verdict in verdicts:
            if id_ not in lost:
                self.report.count(verdict.state, id_, verdict.changes.get("reason", ""))
                log.debug("delivery %d: %s", id_, verdict.state)
        for id_ in lost:
            log.error("delivery %d: what came of it is lost, its claim had run out", id_)

    # --- the end ----------------------------------------------------------------------------

    def close(self) -> None:
        """Write what is left to write and give back what was not begun.

        Raise `StoreError` where that cannot be written: then the next run finds it in doubt.
        """
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        group, self._group = self._group, Group()
        group.starts = []
        settled = group.replies.keys() | {id_ for id_, _ in group.verdicts}
        group.verdicts += [(id_, INTERRUPTED) for id_ in self._on_the_way - settled]
        self._write(group)
        with self._store.write() as tx:
            tx.outbox.release(self._worker)
            self._give_up(tx, self._refusals.given_up)
        if self._refusals.are_all and not self._refusals.too_many:
            self.report.complain(self._refusals.alert())

        with self._store.read() as tx:
            left = tx.outbox.due(now=self._clock.now())
        if self.lost is not None:
            self.report.complain(self.lost)
        # One connection too many is no trouble while others do the work, or stop for a while.
        if self.unreachable is not None and left and not (self._stopping() or self._enough()):
            self.report.complain(self.unreachable)

    def _give_up(self, tx: Transaction, refused: Sequence[int]) -> None:
        """Settle what was refused while others were taken: it is not about us."""
        for id_ in refused:
            moved = tx.deliveries.move(
                id_, expected=DeliveryState.DEFERRED, to=DeliveryState.FAILED
            )
            self.report.deferred -= moved
            self.report.failed += moved
