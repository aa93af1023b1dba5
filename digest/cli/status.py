"""`digest status`: the whole state at a glance, and why nothing happens."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import typer

from digest.cli import source
from digest.cli.output import document, record, table
from digest.cli.state import Json, state_of

if TYPE_CHECKING:
    from digest.config import Schedule
    from digest.model import AttentionModel, Rhythm


def status(context: typer.Context, *, json: Json = False) -> None:
    """Show the last run, the sources, the subscribers, the deliveries and what is due next."""
    from digest.rank.expecting import fitting, past_papers
    from digest.ranking import ENOUGH

    with state_of(context).open() as app:
        now = app.clock.now()
        with app.store.read() as tx:
            runs = tx.runs.list(limit=1)
            sources = source.facts_of(app, tx)
            subscribers = tx.subscribers.counts()
            deliveries = tx.deliveries.counts()
            papers = tx.papers.count()
            rhythms = tx.subscribers.rhythms()
            model = fitting(tx, now)
            past, _ = past_papers(tx, now)
        facts: dict[str, Any] = {
            "now": now,
            "last_run": runs[0] if runs else None,
            "next_due": next_due(rhythms, app.settings.schedule, now=now),
            "papers": papers,
            "expected_attention": {"past_papers": past, "needed": ENOUGH, "model": model},
            "subscribers": subscribers,
            "deliveries": deliveries,
            "sources": sources,
        }
    if json:
        document(facts)
    else:
        _show(facts)


def _show(facts: dict[str, Any]) -> None:
    run = facts["last_run"]
    record(
        {
            "last run": f"{run.command}, {run.started_at:%Y-%m-%d %H:%M}Z: {run.outcome or 'runs'}"
            if run
            else "none yet: `digest run`, or `digest serve`",
            "next due": facts["next_due"] or "nothing: there are no confirmed subscribers",
            "papers": facts["papers"],
            "expected attention": _expected(**facts["expected_attention"]),
            "subscribers": facts["subscribers"] or "none: `digest subscriber add EMAIL`",
            "deliveries": facts["deliveries"] or "none yet",
        }
    )
    for sentence in (run.report.get("why") or ()) if run else ():
        typer.echo(f"  {sentence}")
    if facts["sources"]:
        typer.echo()
        names = ("name", "last_outcome", "last_success_at", "next_check_at", "last_error")
        table(
            ("source", *(name.replace("_", " ") for name in names[1:])),
            [[one[name] for name in names] for one in facts["sources"]],
        )


def _expected(past_papers: int, needed: int, model: AttentionModel | None) -> str:
    if model is not None:
        return (
            f"learned {model.learned_at:%Y-%m-%d %H:%M}Z from {model.papers:,} papers with "
            f"upvotes up to {model.newest_at:%Y-%m-%d} (version {model.version})"
        )
    if past_papers >= needed:
        return (
            f"not learned yet from {past_papers:,} past papers with upvotes: the next digest, or "
            "`digest serve`, does it"
        )
    return (
        f"none: {past_papers:,} past papers with upvotes, {needed:,} are needed "
        "(`digest backfill SOURCE --days N`)"
    )


def next_due(
    rhythms: Iterable[Rhythm], schedule: Schedule, *, now: dt.datetime
) -> dt.datetime | None:
    """Return when the next edition is due for anybody."""
    from digest.due import due_at, is_edition_day, local_date

    moments = []
    for rhythm in rhythms:
        hour = schedule.default_hour if rhythm.hour is None else rhythm.hour
        timezone = rhythm.timezone or schedule.timezone
        today = local_date(now, timezone)
        days = (today + dt.timedelta(days=ahead) for ahead in range(9))
        moments += [
            moment
            for day in days
            if is_edition_day(rhythm.cadence, day, weekly_day=schedule.weekly_day)
            and (moment := due_at(day, hour, timezone)) > now
        ]
    return min(moments, default=None)
