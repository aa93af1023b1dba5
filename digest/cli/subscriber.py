"""`digest subscriber`: who is on the list, and what they want."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from digest.cli import wishes
from digest.cli.output import document, record, say, table
from digest.cli.state import Email, Json, parse_date, state_of, subscriber_of
from digest.cli.wishes import Wishes
from digest.errors import InvalidInput
from digest.model import Cadence, Subscriber, SubscriberStatus

if TYPE_CHECKING:
    from digest.app import App
    from digest.store import Transaction
    from digest.subscriptions import Preferences

commands = typer.Typer(no_args_is_help=True, help="Who is on the list, and what they want.")

Confirmed = Annotated[
    bool, typer.Option("--confirmed", help="You vouch for their consent: ask for no confirmation.")
]

# Where consent came from when the operator vouches for it.
ORIGIN = "cli"


class Default(StrEnum):
    """Preferences that can be given back to the site's default."""

    HOUR = "hour"
    TIMEZONE = "timezone"
    MAX_PAPERS = "max-papers"
    TRENDING_WEIGHT = "trending-weight"


@commands.command()
def add(
    context: typer.Context,
    email: Email,
    *,
    name: wishes.Name = None,
    category: wishes.Categories = None,
    keyword: wishes.Keywords = None,
    author: wishes.Authors = None,
    mute: wishes.Mutes = None,
    like: wishes.Likes = None,
    text: wishes.About = None,
    cadence: wishes.HowOften = None,
    hour: wishes.AtHour = None,
    timezone: wishes.InZone = None,
    max_papers: wishes.MaxPapers = None,
    trending_weight: wishes.TrendingWeight = None,
    confirmed: Confirmed = False,
    json: Json = False,
) -> None:
    """Add a subscriber; a mail asks them to confirm, unless --confirmed."""
    from digest.subscriptions import Preferences, parse_email, parse_name, parse_timezone

    wanted = Preferences(
        name=parse_name(name or ""),
        cadence=cadence or Cadence.DAILY,
        hour=hour,
        timezone=parse_timezone(timezone) if timezone else None,
        max_papers=max_papers,
        trending_weight=trending_weight,
        interests=Wishes(category, keyword, author, mute, like, text).interests(),
    )
    address = parse_email(email)
    with state_of(context).open() as app, app.store.write() as tx:
        subscriber = admit(app, tx, address, wanted, confirmed=confirmed)
        wishes.warn_of_categories(tx, wishes.categories_of(wanted.interests))
    if json:
        document(subscriber)
    if subscriber.status is SubscriberStatus.CONFIRMED:
        say(f"{address} is a subscriber now")
    else:
        say(f"{address} is asked to confirm, with the next tick of `digest serve` or `digest run`")


def admit(
    app: App, tx: Transaction, email: str, wanted: Preferences, *, confirmed: bool
) -> Subscriber:
    """Write one new subscriber; raise `InvalidInput` where the address is known or barred."""
    from digest import subscriptions
    from digest.subscriptions import SignUp

    now = app.clock.now()
    known = tx.subscribers.by_email(email)
    if confirmed and known is None:
        return subscriptions.add_confirmed(tx, email, wanted, origin=ORIGIN, now=now)
    if confirmed and known is not None:
        raise InvalidInput(f"{email} is on the list already ({known.status})")
    signed_up = subscriptions.sign_up(
        tx,
        email,
        wanted,
        origin=ORIGIN,
        now=now,
        domain=app.domain,
        hash_email=app.signer.hash_email,
    )
    if signed_up.subscriber is None:
        raise InvalidInput(f"{email} is suppressed: it bounced, complained or was barred")
    if signed_up.outcome is SignUp.MEMBER:
        raise InvalidInput(f"{email} is on the list already ({signed_up.subscriber.status})")
    if signed_up.outcome is SignUp.WAITING:
        raise InvalidInput(f"{email} has been asked to confirm today already")
    return signed_up.subscriber


@commands.command("list")
def list_subscribers(
    context: typer.Context,
    *,
    status: Annotated[
        SubscriberStatus | None, typer.Option("--status", help="Only those with this status.")
    ] = None,
    json: Json = False,
) -> None:
    """Show all subscribers, oldest first."""
    with state_of(context).open() as app, app.store.read() as tx:
        found = tx.subscribers.list(status)
    if json:
        document(found)
        return
    table(
        ("email", "name", "status", "cadence", "interests", "since"),
        [
            (one.email, one.name, one.status, one.cadence, len(one.interests), one.created_at)
            for one in found
        ],
    )


@commands.command()
def show(context: typer.Context, email: Email, *, json: Json = False) -> None:
    """Show everything that is known of a subscriber."""
    with state_of(context).open() as app, app.store.read() as tx:
        subscriber = subscriber_of(tx, email)
        suppressed = tx.suppressions.of(subscriber.id)
        feedback = tx.feedback.of(subscriber.id)
        deliveries = tx.deliveries.list(email=email, limit=10)
    if json:
        document(
            {
                "subscriber": subscriber,
                "suppressed": suppressed,
                "feedback": feedback,
                "deliveries": deliveries,
            }
        )
        return
    record(
        {
            "email": subscriber.email,
            "name": subscriber.name,
            "status": subscriber.status,
            "suppressed": suppressed,
            "paused until": subscriber.paused_until,
            "cadence": subscriber.cadence,
            "hour": subscriber.hour,
            "timezone": subscriber.timezone,
            "max papers": subscriber.max_papers,
            "trending weight": subscriber.trending_weight,
            **wishes.by_column(subscriber),
            "opinions": len(feedback),
            "since": subscriber.created_at,
            "consent": subscriber.consent,
        }
    )
    if deliveries:
        typer.echo()
        table(
            ("delivery", "kind", "state", "due", "sent"),
            [(one.id, one.kind, one.state, one.due_at, one.sent_at) for one in deliveries],
        )


@commands.command()
def edit(
    context: typer.Context,
    email: Email,
    *,
    new_email: Annotated[
        str | None, typer.Option("--email", metavar="EMAIL", help="Their new address.")
    ] = None,
    name: wishes.Name = None,
    category: wishes.Categories = None,
    keyword: wishes.Keywords = None,
    author: wishes.Authors = None,
    mute: wishes.Mutes = None,
    like: wishes.Likes = None,
    text: wishes.About = None,
    cadence: wishes.HowOften = None,
    hour: wishes.AtHour = None,
    timezone: wishes.InZone = None,
    max_papers: wishes.MaxPapers = None,
    trending_weight: wishes.TrendingWeight = None,
    default: Annotated[
        list[Default] | None,
        typer.Option("--default", help="Give this back to the site's default; repeatable."),
    ] = None,
    reset: Annotated[
        bool, typer.Option("--reset", help="Forget all interests and opinions before.")
    ] = False,
    json: Json = False,
) -> None:
    """Change what is given and nothing else; a list takes the place of the old one ("" empties)."""
    from digest import subscriptions
    from digest.subscriptions import Preferences, parse_email, parse_name, parse_timezone

    changes: dict[str, Any] = {
        "name": None if name is None else parse_name(name),
        "cadence": cadence,
        "hour": hour,
        "timezone": parse_timezone(timezone) if timezone else None,
        "max_papers": max_papers,
        "trending_weight": trending_weight,
    }
    changes = {key: value for key, value in changes.items() if value is not None}
    changes |= {one.value.replace("-", "_"): None for one in default or ()}
    said = Wishes(category, keyword, author, mute, like, text)
    with state_of(context).open() as app, app.store.write() as tx:
        subscriber = subscriber_of(tx, email)
        if reset:
            now = app.clock.now()
            subscriber = subscriptions.start_afresh(tx, subscriber.public_id, now=now)
        changes["interests"] = said.interests(subscriber.interests)
        wanted = replace(Preferences.of(subscriber), **changes)
        subscriber = subscriptions.edit(tx, subscriber.public_id, wanted, now=app.clock.now())
        if new_email is not None:
            tx.subscribers.edit(subscriber.id, email=parse_email(new_email))
            subscriber = subscriptions.find(tx, subscriber.public_id)
        if category is not None or mute is not None:
            wishes.warn_of_categories(tx, wishes.categories_of(subscriber.interests))
    if json:
        document(subscriber)
    say(f"{subscriber.email} is changed")


@commands.command()
def pause(
    context: typer.Context,
    email: Email,
    *,
    until: Annotated[
        dt.date | None,
        typer.Option("--until", parser=parse_date, metavar="D", help="The day it ends."),
    ] = None,
    json: Json = False,
) -> None:
    """Send nothing until that day, or until they resume."""
    from digest import subscriptions

    with state_of(context).open() as app, app.store.write() as tx:
        found = subscriber_of(tx, email)
        subscriber = subscriptions.pause(
            tx,
            found.public_id,
            until=until,
            now=app.clock.now(),
            timezone=app.settings.schedule.timezone,
        )
    _tell(subscriber, json=json)


@commands.command()
def resume(context: typer.Context, email: Email, *, json: Json = False) -> None:
    """End a pause."""
    from digest import subscriptions

    with state_of(context).open() as app, app.store.write() as tx:
        subscriber = subscriptions.resume(tx, subscriber_of(tx, email).public_id)
    _tell(subscriber, json=json)


@commands.command()
def unsubscribe(context: typer.Context, email: Email, *, json: Json = False) -> None:
    """Stop all digests to a subscriber, those planned already too."""
    from digest import subscriptions

    with state_of(context).open() as app, app.store.write() as tx:
        found = subscriber_of(tx, email)
        subscriber = subscriptions.unsubscribe(tx, found.public_id, now=app.clock.now())
    _tell(subscriber, json=json)


def _tell(subscriber: Subscriber, *, json: bool) -> None:
    if json:
        document(subscriber)
    until = f" until {subscriber.paused_until}" if subscriber.paused_until else ""
    say(f"{subscriber.email} is {subscriber.status}{until} now")


@commands.command()
def erase(
    context: typer.Context,
    email: Email,
    *,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> None:
    """Forget a subscriber for good, with interests and opinions."""
    from digest import subscriptions

    with state_of(context).open() as app:
        with app.store.read() as tx:
            public_id = subscriber_of(tx, email).public_id
        if not yes and not typer.confirm(f"Forget all about {email}?", err=True):
            raise InvalidInput(f"{email} is still there")
        with app.store.write() as tx:
            subscriptions.erase(
                tx, public_id, now=app.clock.now(), hash_email=app.signer.hash_email
            )
    say(f"{email} is forgotten, but for a keyed hash that keeps imports from bringing it back")


@commands.command()
def export(
    context: typer.Context,
    *,
    output: Annotated[
        Path | None, typer.Option("--output", metavar="FILE", help="Write here, not to stdout.")
    ] = None,
    json: Json = False,
) -> None:
    """Write all subscribers as CSV that `import` reads back."""
    from digest.cli import subscriber_csv

    with state_of(context).open() as app, app.store.read() as tx:
        found = tx.subscribers.list()
    if json:
        document(found)
        return
    text = subscriber_csv.written(found)
    if output is None:
        typer.echo(text, nl=False)
        return
    subscriber_csv.save(output, text)
    say(f"wrote {len(found)} subscribers to {output}")


@commands.command("import")
def import_(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(metavar="FILE.csv", help="The file; - reads from stdin.")],
    *,
    confirmed: Confirmed = False,
    json: Json = False,
) -> None:
    """Add the subscribers of a CSV file; who is known already stays as they are."""
    from digest.cli import subscriber_csv

    rows = subscriber_csv.read(file)
    with state_of(context).open() as app:
        report = subscriber_csv.bring_in(app, rows, confirmed=confirmed)
        with app.store.read() as tx:
            wishes.warn_of_categories(tx, subscriber_csv.categories_of(rows))
    if json:
        document(report)
    else:
        table(("outcome", "number"), report.counts().items())
    for problem in report.errors:
        say(f"line {problem.line}: {problem.error}")
    raise typer.Exit(1 if report.errors else 0)
