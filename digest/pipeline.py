"""The four verbs in their order, with a record of what came of them.

`run` does one edition now (`digest run`), `collect` only asks the sources, `tick` plans and sends
what is due (the scheduler's minute), `preview` writes and sends nothing.
"""

from __future__ import annotations

import datetime as dt
import logging
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial

from digest import crew, deliver, ingest, planners, rank
from digest.app import App
from digest.deliver import DeliverReport, OnProgress, Patience
from digest.due import local_date
from digest.errors import NotFound, StoreError
from digest.ingest import NamedSource
from digest.model import Delivery, DeliveryState, Edition, Message, Plan
from digest.ports import Clock
from digest.rank import expecting, topics
from digest.ranking import text_of
from digest.reading import meaning, settled
from digest.report import RunReport, outcome
from digest.workers import is_gone

log = logging.getLogger(__name__)

# How often somebody is looked for who has become due while mail is sent: as often as between ticks,
# for it takes as long as a tick with nothing to do, 0.1 to 0.3 s with 100,000 readers.
LOOK_EVERY = dt.timedelta(seconds=15)


def _never() -> bool:
    return False


def _untold(_report: DeliverReport, _total: int) -> None:
    """Tell nobody how far the sending is."""


def run(
    app: App,
    *,
    date: dt.date | None = None,
    force: bool = False,
    dry_run: bool = False,
    stopping: Callable[[], bool] = _never,
    progress: OnProgress = _untold,
) -> RunReport:
    """Do one edition now: ingest, rank, compose, deliver; raise `SchemaMismatch` before work.

    A dry run asks the sources and plans, but writes and sends nothing. `progress` hears how far
    the sending is.
    """
    app.store.check_schema()
    if dry_run:
        with app.store.rehearse() as store:
            rehearsal = app.on(store)
            report = _report(rehearsal, "run", date, dry_run=True)
            _ingest(rehearsal, report, app.sources)
            _rank(rehearsal, report, date=date, force=force, stopping=stopping)
            report.outcome = outcome(report)
            return report
    with _recorded(app, "run", date) as report:
        _ingest(app, report, app.sources)
        _rank(app, report, date=date, force=force, stopping=stopping)
        _deliver(app, report, date=date, force=force, stopping=stopping, progress=progress)
        _read_up(app, stopping)
        _look_back(app)
        return report


def collect(
    app: App,
    sources: Sequence[NamedSource],
    *,
    since: dt.datetime | None = None,
    stopping: Callable[[], bool] = _never,
) -> RunReport:
    """Ask these sources now and write what is new; raise `SchemaMismatch` before work."""
    app.store.check_schema()
    with _recorded(app, "ingest") as report:
        _ingest(app, report, sources, since=since)
        _read_up(app, stopping)
        return report


def collect_due(app: App, *, stopping: Callable[[], bool]) -> RunReport | None:
    """Ask the sources whose time has come, if there are any."""
    sources = ingest.due(app.store, app.sources, now=app.clock.now())
    return collect(app, sources, stopping=stopping) if sources else None


def tick(
    app: App,
    *,
    patience: Patience | None = None,
    stopping: Callable[[], bool] = _never,
    progress: OnProgress = _untold,
) -> RunReport:
    """Plan and send what is due now; a run record is left only where something was.

    `patience` knows from the ticks before whether the relay is left alone for now, and why.
    """
    patience = patience or Patience()
    report = _report(app, "tick")
    began = app.clock.now()
    try:
        _rank(app, report, stopping=stopping)
        if patience.allows(app.clock.now()):
            _deliver(app, report, stopping=stopping, progress=progress)
            patience.note(report.delivered, now=app.clock.now())
        elif not report.is_idle:
            report.delivered.errors += patience.errors
            _see_what_is_left(app, report)
        report.outcome = outcome(report)
    finally:
        if not report.is_idle:
            with app.store.write() as tx:
                run_id = tx.runs.start("tick", now=began)
                tx.runs.finish(
                    run_id, outcome=report.outcome, report=report.as_dict(), now=app.clock.now()
                )
    return report


def preview(app: App, email: str, *, date: dt.date | None = None) -> tuple[Plan, Message | None]:
    """Return what that subscriber would get now, were nothing planned yet; write nothing.

    The message is `None` where there would be none; the plan says why. Raise `NotFound` for an
    unknown address.
    """
    turn, _, reader, planned = _foreseen(app, email, date)
    if planned.reason is not None:
        return planned, None
    delivery = _unwritten(planned, turn)
    return planned, app.compose(delivery, reader.subscriber, list(planned.picks))


def explain(
    app: App, email: str, *, date: dt.date | None = None, papers: Sequence[str] = ()
) -> tuple[Plan, list[rank.Look]]:
    """Return what that subscriber would get now with the arithmetic of each paper; write nothing.

    `papers` are keys of others to look at. Raise `NotFound` for an unknown address, and for a
    paper that is not among those of the last days.
    """
    _, pool, reader, planned = _foreseen(app, email, date)
    settings = app.settings.ranking
    for key in papers:
        if key not in pool.columns:
            raise NotFound(
                f"{key} is not among the papers that were listed in the last "
                f"{settings.trending_days} days: nobody gets it now"
            )
    return planned, rank.look_at(pool, reader, planned, settings=settings, besides=papers)


def _foreseen(
    app: App, email: str, date: dt.date | None
) -> tuple[rank.Turn, rank.Pool, rank.Reader, Plan]:
    """Plan for one subscriber as if it were their turn; raise `NotFound`."""
    app.store.check_schema()
    settings = app.settings
    now = app.clock.now()
    with app.store.read() as tx:
        subscriber = tx.subscribers.by_email(email)
        if subscriber is None:
            raise NotFound(f"there is no subscriber {email}: see `digest subscriber list`")
    day = date or local_date(now, subscriber.timezone or settings.schedule.timezone)
    turn = rank.Turn(subscriber.cadence, day, due_at=now, expires_at=now)
    pool = rank.open_pool(
        app.store,
        app.ranker,
        turn.cadence,
        settings=settings.ranking,
        now=now,
        rival=app.rival,
        phrases=app.phrases,
    )
    with app.store.read() as tx:
        (reader,) = rank.readers_of(
            tx, pool, [subscriber], turn, settings=settings.ranking, besides=turn.key(subscriber)
        )
    (planned,) = rank.plans_for(
        pool, turn, [reader], edition_id=None, settings=settings.ranking, domain=app.domain
    )
    return turn, pool, reader, planned


def _unwritten(plan: Plan, turn: rank.Turn) -> Delivery:
    """Return the delivery that the plan would be; it has no row."""
    return Delivery(
        id=0,
        key=plan.key,
        kind=plan.kind,
        state=DeliveryState.PLANNED,
        message_id=plan.message_id,
        date=plan.planned_at,
        subscriber_id=plan.subscriber_id,
        edition=Edition(0, turn.cadence, turn.date, plan.planned_at, plan.planned_at),
        due_at=plan.due_at,
        expires_at=plan.expires_at,
        planned_at=plan.planned_at,
        facts=plan.facts,
    )


# --- the verbs, timed and counted -----------------------------------------------------------


def _report(
    app: App, command: str, date: dt.date | None = None, *, dry_run: bool = False
) -> RunReport:
    day = date or local_date(app.clock.now(), app.settings.schedule.timezone)
    return RunReport(command, edition=day.isoformat(), dry_run=dry_run)


@contextmanager
def _recorded(app: App, command: str, date: dt.date | None = None) -> Iterator[RunReport]:
    """Write when a run begins and how it ends, even where an error ends it."""
    report = _report(app, command, date)
    with app.store.write() as tx:
        run_id = tx.runs.start(command, now=app.clock.now())
    try:
        yield report
        report.outcome = outcome(report)
    finally:
        with app.store.write() as tx:
            tx.runs.finish(
                run_id, outcome=report.outcome, report=report.as_dict(), now=app.clock.now()
            )


def _ingest(
    app: App,
    report: RunReport,
    sources: Sequence[NamedSource],
    *,
    since: dt.datetime | None = None,
) -> None:
    with _timed(app.clock, report, "ingest"):
        report.sources = ingest.run(
            app.store,
            sources,
            clock=app.clock,
            every=dt.timedelta(seconds=app.settings.schedule.ingest_every),
            since=since,
        )
        topics.update(app.store, app.clock.now())
    if app.embeddings is not None:
        # Now, and not when the mail is due: a model reads some dozens of papers in a second.
        with _timed(app.clock, report, "embed"):
            with app.store.read() as tx:
                papers = tx.papers.recent(rank.BACKGROUND, until=app.clock.now())
            app.embeddings.of_papers([text_of(one.title, one.abstract) for one in papers])


def _read_up(app: App, stopping: Callable[[], bool]) -> None:
    """Work out what pages would take long to: what papers are about, and what was hot when."""
    try:
        meaning.update(app.store, app.clock)
        settled.update(app.store, app.clock, app.settings.schedule, stopping=stopping)
    except StoreError as error:
        log.warning("search and lists make do with what is known for now: %s", error)


def _look_back(app: App) -> None:
    """Learn what attention papers may expect, if it is time to; the next edition can do without."""
    try:
        expecting.update(app.store, app.clock.now())
    except StoreError as error:
        log.warning("what attention papers may expect is not learned anew for now: %s", error)


def _rank(
    app: App,
    report: RunReport,
    *,
    date: dt.date | None = None,
    force: bool = False,
    stopping: Callable[[], bool],
) -> None:
    with _timed(app.clock, report, "rank"):
        # What a dead sender held makes way for a newer digest as what nobody holds does.
        deliver.recover(app.store, settings=app.settings.delivery, clock=app.clock, is_gone=is_gone)
        now = app.clock.now()
        beside = partial(planners.beside, app.settings, now, instead=app.waited_for is not None)
        report.ranked.go_on(
            rank.run(
                planners.planner_of(app, now=now),
                schedule=app.settings.schedule,
                date=date,
                force=force,
                # Nobody else sees what is rehearsed.
                beside=rank.alone if report.dry_run else beside,
                stopping=stopping,
            )
        )


def _deliver(
    app: App,
    report: RunReport,
    *,
    date: dt.date | None = None,
    force: bool = False,
    stopping: Callable[[], bool],
    progress: OnProgress,
) -> None:
    """Send what is due; whoever becomes due meanwhile is planned for before it goes on."""
    while True:
        others = _Others(app, date=date, force=force)
        _send(app, report, stopping=stopping, enough=others.have_come, progress=progress)
        if not others.came or report.delivered.errors or stopping():
            break
        _rank(app, report, date=date, force=force, stopping=stopping)
    _see_what_is_left(app, report)


def _see_what_is_left(app: App, report: RunReport) -> None:
    with app.store.read() as tx:
        report.left = tx.counts.left(now=app.clock.now())
    # What was deferred and sent a little later is not deferred any more.
    waiting = report.left.get(DeliveryState.DEFERRED, 0)
    report.delivered.deferred = min(report.delivered.deferred, waiting)


def _send(
    app: App,
    report: RunReport,
    *,
    stopping: Callable[[], bool],
    enough: Callable[[], bool],
    progress: OnProgress,
) -> None:
    before, done = report.delivered, DeliverReport()

    def told(so_far: DeliverReport, total: int) -> None:
        progress(before.with_others([so_far]), before.settled + total)

    try:
        with _timed(app.clock, report, "deliver"):
            crew.run(app, stopping=stopping, enough=enough, progress=told, report=done)
    finally:
        before.add(done)


class _Others:
    """Those who become due while mail is sent; the database is asked once in a while."""

    def __init__(self, app: App, *, date: dt.date | None, force: bool) -> None:
        self.came = False
        self._app = app
        self._date = date
        self._force = force
        self._asked_at = app.clock.now()

    def have_come(self) -> bool:
        """Say whether somebody has become due."""
        now = self._app.clock.now()
        # A clock that was set back must not make the wait longer.
        if not (self.came or self._asked_at <= now < self._asked_at + LOOK_EVERY):
            self._asked_at = now
            try:
                self.came = rank.is_anybody_due(
                    self._app.store,
                    schedule=self._app.settings.schedule,
                    now=now,
                    date=self._date,
                    force=self._force,
                )
            except StoreError as error:
                log.warning("who has become due is asked a little later: %s", error)
        return self.came


@contextmanager
def _timed(clock: Clock, report: RunReport, stage: str) -> Iterator[None]:
    began = clock.now()
    yield
    passed = (clock.now() - began).total_seconds()
    report.seconds[stage] = report.seconds.get(stage, 0.0) + passed
