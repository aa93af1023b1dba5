"""Planned deliveries -> the transport, each one claimed before it is sent.

    planned --reserved, then start--> sending --250--> sent
                                        |---4xx, no connection--> deferred --(backoff)--> again
                                        |---5xx--> failed
                                        `---lost after the final dot, process died--> unknown

`sending` is committed before a content leaves and `sent` right after the relay's 250, so that
after a crash at most one delivery per open connection is in doubt, and it is known by name.
What happens to it is a policy: `resend` (once, with the same Message-ID and Date) or `hold`.
Exactly once does not exist over SMTP: RFC 1047; RFC 5321 section 4.5.3.2.6.

`verdict` decides, `pace` spaces, `ledger` claims and notes in groups, `lanes` has a lane for each
connection, `progress` tells how far it is, `patience` leaves a relay alone that refuses us.
"""

from __future__ import annotations

import asyncio
import itertools
import logging
import math
from collections.abc import Callable, Collection, Mapping
from datetime import datetime

from digest.config import DeliverySettings
from digest.deliver.lanes import work
from digest.deliver.ledger import Compose, Ledger
from digest.deliver.pace import Paces
from digest.deliver.patience import Patience
from digest.deliver.progress import OnProgress, Progress, ProgressLog, spent
from digest.deliver.tally import DeliverReport
from digest.deliver.verdict import backoff, has_waited, is_abandoned, may_resend
from digest.garbage import rare_collections
from digest.model import DeliveryState
from digest.ports import Clock, Transport
from digest.store import Store

__all__ = [
    "Compose",
    "DeliverReport",
    "OnProgress",
    "Patience",
    "Progress",
    "ProgressLog",
    "forget_resolved",
    "recover",
    "run",
]

log = logging.getLogger(__name__)

IsGone = Callable[[str], bool | None]
"""Whether a worker is dead (`True`), alive (`False`), or nothing is known of it (`None`)."""

# How many deliveries are reserved at once, and for how many seconds of sending at most.
_SHARD = 200
_SHARD_SECONDS = 5.0

_numbers = itertools.count(1)
_at_work: set[str] = set()


def run(
    store: Store,
    transport: Transport,
    compose: Compose,
    *,
    settings: DeliverySettings,
    clock: Clock,
    worker: str,
    is_gone: IsGone,
    connections: int = 1,
    rate_per_second: float = 0.0,
    rate_per_domain: Mapping[str, float] | None = None,
    phase: float | None = None,
    stopping: Callable[[], bool] = lambda: False,
    enough: Callable[[], bool] = lambda: False,
    waited_for: Callable[[], bool] | None = None,
    progress: OnProgress = lambda _report, _total: None,
    report: DeliverReport | None = None,
) -> DeliverReport:
    """Send everything that is due over `connections` connections side by side.

    `worker` names this process, `is_gone` knows of others. What goes wrong with one message is
    written to its row and stops no other. A relay that cannot be used at all ends the run: what
    waits goes on waiting and no attempt is spent. `phase` is this sender's place among those who
    share the rate (see `Pace`). While this process is `waited_for`, by somebody who has asked
    for a page, each message lets that go first for a moment. Where it is `stopping`, or has done
    `enough` for now, no further message is begun; one that is stopping does not wait for the
    database either. `progress` hears how far it is, after each group that was written. `report` is
    filled as it goes, so that it tells what was done also where an error ends it. Raise
    `StoreBusy` where the database cannot be written for minutes.
    """
    began = clock.now()
    report = DeliverReport() if report is None else report
    paces = Paces(rate_per_second, rate_per_domain or {}, connections=connections, phase=phase)
    name = f"{worker}/{next(_numbers)}"

    def gone(other: str) -> bool | None:
        if other.startswith(f"{worker}/"):
            return other not in _at_work
        return is_gone(other)

    def send() -> None:
        with store.read() as tx:
            wanted = min(connections, tx.outbox.due(now=clock.now()))
        if not wanted:
            return
        ledger = Ledger(
            store,
            compose,
            settings=settings,
            clock=clock,
            worker=name,
            paces=paces,
            connections=wanted,
            shard=_shard(rate_per_second),
            report=report,
            stopping=stopping,
            enough=enough,
            waited_for=waited_for,
            progress=lambda: progress(report, total),
        )
        with rare_collections(), asyncio.Runner() as runner:
            try:
                runner.run(work(ledger, transport, connections=wanted, clock=clock))
            finally:
                ledger.close()

    _at_work.add(name)
    try:
        recover(store, settings=settings, clock=clock, is_gone=gone)
        resend(store, settings=settings, now=clock.now())
        with store.write() as tx:
            too_late = tx.outbox.expire(now=clock.now())
            report.expired += too_late
            report.expired_before += too_late
            total = tx.outbox.due(now=clock.now())
        progress(report, total)
        send()
        if report.unknown and settings.unknown == "resend" and not report.errors:
            recover(store, settings=settings, clock=clock, is_gone=gone)
            # Ours at once: those are few, and the relay is not known to lose all.
            resend(store, settings=settings, now=clock.now(), at_once=report.in_doubt)
            send()
        forget_resolved(store, report)
        progress(report, total)
    finally:
        _at_work.discard(name)
        if report.total:
            log.info("%s", spent(report, (clock.now() - began).total_seconds()))
    return report


def _shard(rate_per_second: float) -> int:
    if not rate_per_second:
        return _SHARD
    return max(1, min(_SHARD, math.ceil(rate_per_second * _SHARD_SECONDS)))


def forget_resolved(store: Store, report: DeliverReport) -> None:
    """Leave out of a report the doubts that somebody has resolved since."""
    if report.in_doubt:
        with store.read() as tx:
            report.in_doubt &= {one.id for one in tx.deliveries.list(state=DeliveryState.UNKNOWN)}


def recover(store: Store, *, settings: DeliverySettings, clock: Clock, is_gone: IsGone) -> None:
    """Free what dead workers held; what they were sending is in doubt.

    Where nothing but its lease speaks against a worker, it may be our clock that is wrong: no
    copy leaves before the worker could have written what came of it.
    """
    now = clock.now()
    with store.write() as tx:
        for delivery in tx.outbox.claimed():
            gone = is_gone(delivery.claimed_by or "")
            if not is_abandoned(delivery, is_gone=gone, now=now):
                continue
            if delivery.state is not DeliveryState.SENDING:
                # Reserved only: it has certainly not left.
                tx.deliveries.move(delivery.id, expected=delivery.state, to=delivery.state)
                continue
            tx.deliveries.move(
                delivery.id,
                expected=DeliveryState.SENDING,
                to=DeliveryState.UNKNOWN,
                reason="the program ended while it was being sent",
                next_attempt_at=now if gone else now + backoff(1, settings),
            )
            log.warning("delivery %d is in doubt: its sender died", delivery.id)


def resend(
    store: Store,
    *,
    settings: DeliverySettings,
    now: datetime,
    at_once: Collection[int] = (),
) -> None:
    """Have sent again what is in doubt and may be (see `may_resend`).

    What the relay has lost waits for a while, unless it is among those `at_once`.
    """
    with store.write() as tx:
        for delivery in tx.deliveries.list(state=DeliveryState.UNKNOWN):
            ready = delivery.id in at_once or has_waited(delivery, now=now)
            if ready and may_resend(delivery, settings=settings, now=now):
                tx.deliveries.move(
                    delivery.id,
                    expected=DeliveryState.UNKNOWN,
                    to=DeliveryState.DEFERRED,
                    resends=delivery.resends + 1,
                    next_attempt_at=now,
                )
                log.warning("delivery %d is sent again: its first copy is in doubt", delivery.id)
