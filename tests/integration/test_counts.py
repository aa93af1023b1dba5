"""What stands where is counted right, and by an index, on each database."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

from sqlalchemy import Engine, event

from digest.model import Cadence, DeliveryState
from digest.store import Store, Transaction
from tests.support.samples import NOW, plan, subscribe

HOUR = timedelta(hours=1)
OLD = NOW - timedelta(days=30)


def add(store: Store, state: DeliveryState, number: int, **changes: Any) -> None:
    """Write a delivery in that state; it was due an hour ago unless told otherwise."""
    due = changes.pop("due_at", NOW - HOUR)
    expires = changes.pop("expires_at", None)
    reader = subscribe(store, f"reader{number}@example.org")
    with store.write() as tx:
        edition = tx.editions.ensure(Cadence.DAILY, due.date(), now=due)
        wanted = plan(reader, due_at=due, expires_at=expires, edition_id=edition.id)
        tx.deliveries.plan([wanted])
        row = tx.deliveries.by_key(wanted.key)
        assert row is not None
        tx.deliveries.move(row.id, expected=DeliveryState.PLANNED, to=state, **changes)


def test_what_is_left_was_due_and_is_not_done_with(store: Store) -> None:
    for number, state in enumerate(DeliveryState):
        add(store, state, number)
    add(store, DeliveryState.PLANNED, 100, due_at=NOW + HOUR)
    add(store, DeliveryState.DEFERRED, 101, next_attempt_at=NOW + HOUR)
    add(store, DeliveryState.UNKNOWN, 102, expires_at=NOW + HOUR)
    add(store, DeliveryState.UNKNOWN, 103, expires_at=NOW)
    with store.read() as tx:
        assert tx.counts.left(now=NOW) == {"planned": 1, "sending": 1, "deferred": 2, "unknown": 2}


def test_what_ended_long_ago_is_not_counted_by_state_but_what_is_open_is(store: Store) -> None:
    for number, state in enumerate(DeliveryState):
        add(store, state, number)
        add(store, state, 100 + number, due_at=OLD)
    with store.read() as tx:
        found = tx.counts.by_state(since=NOW - timedelta(days=3))
    assert found == {
        "planned": 2,
        "sending": 2,
        "deferred": 2,
        "unknown": 2,
        "sent": 1,
        "failed": 1,
        "expired": 1,
        "skipped": 1,
    }


def test_the_oldest_due_is_what_could_have_left_the_longest(store: Store) -> None:
    add(store, DeliveryState.SENT, 1, due_at=OLD)
    add(store, DeliveryState.UNKNOWN, 2, due_at=OLD)
    add(store, DeliveryState.PLANNED, 3, due_at=NOW + HOUR)
    # Its next attempt is to come, so nobody is late.
    add(store, DeliveryState.DEFERRED, 4, due_at=NOW - 5 * HOUR, next_attempt_at=NOW + HOUR)
    with store.read() as tx:
        assert tx.counts.oldest_due(now=NOW) is None
    # Past its time as well: who would have expired it does not run.
    add(store, DeliveryState.PLANNED, 5, due_at=NOW - 20 * HOUR, expires_at=NOW - 8 * HOUR)
    add(store, DeliveryState.SENDING, 6)
    with store.read() as tx:
        assert tx.counts.oldest_due(now=NOW) == NOW - 20 * HOUR


def test_what_was_sent_lately_is_counted(store: Store) -> None:
    for number, minutes in enumerate((1, 4, 6)):
        sent_at = NOW - timedelta(minutes=minutes)
        add(store, DeliveryState.SENT, number, sent_at=sent_at)
    with store.read() as tx:
        lately = NOW - timedelta(minutes=5)
        assert tx.counts.sent(since=lately, due_since=NOW - 12 * HOUR) == 2


def test_the_newest_run_of_each_command_is_one_that_has_ended(store: Store) -> None:
    with store.write() as tx:
        for command, minutes in (("tick", 30), ("run", 20), ("run", 10)):
            began = NOW - timedelta(minutes=minutes)
            id_ = tx.runs.start(command, now=began)
            tx.runs.finish(id_, outcome=f"{command}-{minutes}", report={}, now=NOW)
        tx.runs.start("run", now=NOW)
        old = tx.runs.start("ingest", now=OLD)
        tx.runs.finish(old, outcome="complete", report={}, now=OLD)
    with store.read() as tx:
        found = tx.runs.newest(since=NOW - timedelta(days=3))
    assert [run.outcome for run in found] == ["run-10", "tick-30"]


@contextmanager
def heard() -> Iterator[list[tuple[str, Any]]]:
    """Yield the statements that any database is asked while the block lasts."""
    statements: list[tuple[str, Any]] = []

    def hear(_c: Any, _cursor: Any, text: str, given: Any, *_: Any) -> None:
        statements.append((text, given))

    event.listen(Engine, "before_cursor_execute", hear)
    try:
        yield statements
    finally:
        event.remove(Engine, "before_cursor_execute", hear)


def test_no_figure_reads_years_of_deliveries(sqlite_store: Store) -> None:
    def ask(tx: Transaction) -> None:
        tx.counts.by_state(since=NOW)
        tx.counts.oldest_due(now=NOW)
        tx.counts.sent(since=NOW, due_since=NOW)
        tx.counts.left(now=NOW)
        tx.counts.summaries(tx.editions.list())

    add(sqlite_store, DeliveryState.SENT, 1)
    with sqlite_store.read() as tx, heard() as statements:
        ask(tx)
    assert len(statements) == 7
    with sqlite_store._engine.connect() as connection:
        for text, given in statements:
            plan = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {text}", given).all()
            assert not [row for row in plan if "SCAN deliveries" in row[3]], text
