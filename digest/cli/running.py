"""The commands that do the work: serve, web, run, ingest, preview."""

from __future__ import annotations

import datetime as dt
import signal
import sys
import tempfile
import webbrowser
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from email.parser import BytesParser
from email.policy import SMTP
from pathlib import Path
from queue import SimpleQueue
from typing import TYPE_CHECKING, Annotated

import typer

from digest.cli import bar
from digest.cli.output import document, say, table, working
from digest.cli.state import Day, Email, Json, parse_moment, state_of
from digest.errors import InvalidInput

if TYPE_CHECKING:
    from digest.app import App
    from digest.model import Message
    from digest.report import RunReport
    from digest.web.server import WebServer


def serve(
    context: typer.Context,
    *,
    no_web: Annotated[bool, typer.Option("--no-web", help="Serve no pages.")] = False,
) -> None:
    """Run the scheduler, the workers and the web pages until a signal comes."""
    from digest import scheduler
    from digest.garbage import rare_collections

    with state_of(context).open() as app, rare_collections():
        if no_web:
            scheduler.serve(app)
            return
        with _pages_of(app) as server:
            # Who makes a page waits ten times less for the thread that plans mail.
            sys.setswitchinterval(0.0005)
            scheduler.serve(replace(app, waited_for=server.is_asked), pages=server.is_running)


def web(context: typer.Context) -> None:
    """Serve the pages alone, beside a `digest serve --no-web`, until a signal comes."""
    from digest import scheduler
    from digest.garbage import rare_collections

    with state_of(context).open() as app, rare_collections(), _pages_of(app) as server:
        scheduler.stand_by(app, pages=server.is_running)


@contextmanager
def _pages_of(app: App) -> Iterator[WebServer]:
    """Serve the pages while the block lasts, and say where."""
    from digest.web.server import WebServer

    server = WebServer(app)
    server.start()
    say(f"pages are at {server.url}")
    try:
        yield server
    finally:
        server.stop()


def run(
    context: typer.Context,
    *,
    date: Day = None,
    now: Annotated[
        dt.datetime | None,
        typer.Option(
            "--now", parser=parse_moment, metavar="T", help="Act as if it were this moment."
        ),
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Ask the sources and plan; write and send nothing.")
    ] = False,
    force: Annotated[
        bool,
        typer.Option("--force", help="Ignore hours and days; never what was sent already."),
    ] = False,
    json: Json = False,
) -> None:
    """Do one edition now: ingest, rank, compose, deliver."""
    from digest import pipeline

    with (
        state_of(context).open(now=now) as app,
        bar.running("Asking sources, ranking...", app.clock) as progress,
        _stopped_by_sigterm() as stopping,
    ):
        report = pipeline.run(
            app, date=date, force=force, dry_run=dry_run, stopping=stopping, progress=progress
        )
    _show(report, json=json)


@contextmanager
def _stopped_by_sigterm() -> Iterator[Callable[[], bool]]:
    """Yield whether SIGTERM has come: what is being sent then is finished, and nothing begun."""
    told: SimpleQueue[int] = SimpleQueue()  # its `put` is safe in a handler
    before = signal.signal(signal.SIGTERM, lambda number, _: told.put(number))
    try:
        yield lambda: not told.empty()
    finally:
        signal.signal(signal.SIGTERM, before)


def ingest(
    context: typer.Context,
    sources: Annotated[
        list[str] | None, typer.Argument(metavar="SOURCE", help="Only these sources.")
    ] = None,
    *,
    since: Annotated[
        dt.datetime | None,
        typer.Option(
            "--since", parser=parse_moment, metavar="D", help="Only what is newer than this."
        ),
    ] = None,
    json: Json = False,
) -> None:
    """Ask the sources now and write what is new."""
    from digest import pipeline
    from digest.cli.source import chosen

    with state_of(context).open() as app, working("Asking sources..."):
        report = pipeline.collect(app, chosen(app.sources, sources), since=since)
    _show(report, json=json)


def preview(
    context: typer.Context,
    email: Email,
    *,
    date: Day = None,
    html: Annotated[
        bool, typer.Option("--html/--text", help="Write the HTML part, or the text.")
    ] = False,
    open_: Annotated[bool, typer.Option("--open", help="Show the HTML part in a browser.")] = False,
    explain: Annotated[
        bool, typer.Option("--explain", help="Show the arithmetic of each paper, not the mail.")
    ] = False,
    papers: Annotated[
        list[str] | None,
        typer.Option(
            "--paper", metavar="PAPER", help="Explain this paper too, shown or not; repeatable."
        ),
    ] = None,
    json: Annotated[
        bool, typer.Option("--json", help="Explain in one JSON document on stdout.")
    ] = False,
) -> None:
    """Show the mail that a subscriber would get now; write and send nothing."""
    from digest import pipeline

    if explain or papers or json:
        _explain(context, email, date=date, papers=papers or (), json=json)
        return
    with state_of(context).open() as app:
        plan, message = pipeline.preview(app, email, date=date)
    if message is None:
        say(f"{email} would get no mail now: {plan.reason}")
        return
    if open_:
        with tempfile.NamedTemporaryFile(
            "w", encoding="utf-8", prefix="digest-", suffix=".html", delete=False
        ) as file:
            file.write(_part(message, "html"))
        say(f"the mail is in {file.name}")
        webbrowser.open(Path(file.name).as_uri())
        return
    typer.echo(_part(message, "html" if html else "plain"))


def _explain(
    context: typer.Context,
    email: str,
    *,
    date: dt.date | None,
    papers: Sequence[str],
    json: bool,
) -> None:
    from digest import pipeline
    from digest.cli import explaining
    from digest.subscriptions import parse_paper

    keys = [parse_paper(one) for one in papers]
    with state_of(context).open() as app:
        plan, looks = pipeline.explain(app, email, date=date, papers=keys)
    if plan.reason is not None:
        say(f"{email} would get no mail now: {plan.reason}")
    if json:
        found = [explaining.as_dict(look) for look in looks]
        document({"email": email, "skipped": plan.reason, "papers": found})
        return
    explaining.write(looks)


def _part(message: Message, kind: str) -> str:
    parser = BytesParser(policy=SMTP)
    parsed = parser.parsebytes(message.content)
    body = parsed.get_body((kind,))
    if body is None:
        raise InvalidInput(f"the mail has no {kind} part")
    return str(body.get_content())


def _show(report: RunReport, *, json: bool) -> None:
    """Write what a run did, and end in its exit code."""
    if json:
        document(report.as_dict())
        raise typer.Exit(report.exit_code)
    table(
        ("source", "outcome", "received", "new", "updated", "note"),
        [
            (one.name, one.outcome, one.received, one.new, one.updated, one.error or one.note)
            for one in report.sources
        ],
    )
    facts = report.as_dict()
    if report.command != "ingest":
        names = ("planned", "sent", "deferred", "failed", "unknown", "expired")
        typer.echo()
        table(
            ("deliveries", "number"),
            [
                *((name, facts[name]) for name in names if facts[name] or name in names[:2]),
                *((f"skipped ({reason})", number) for reason, number in report.skipped.items()),
            ],
        )
    typer.echo()
    for sentence in facts["why"]:
        typer.echo(sentence)
    rehearsed = " (dry run: nothing was written or sent)" if report.dry_run else ""
    seconds = sum(report.seconds.values())
    typer.echo(f"{report.edition}: {report.outcome} in {seconds:.1f} s{rehearsed}")
    raise typer.Exit(report.exit_code)
