"""`digest delivery`: what became of each message, and what a person decides about it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from functools import partial
from typing import TYPE_CHECKING, Annotated, Any

import typer

from digest.cli.output import document, facts_table, record, say, table
from digest.cli.state import Json, Limit, edition_of, state_of
from digest.errors import InvalidInput, NotFound
from digest.model import DeliveryState, SkipReason

if TYPE_CHECKING:
    from digest.model import Delivery
    from digest.store import Transaction

commands = typer.Typer(no_args_is_help=True, help="What became of each message.")

# States from which a message may be tried anew, and those in which one may be stopped.
_UNSENT = (DeliveryState.FAILED, DeliveryState.EXPIRED, DeliveryState.DEFERRED)
_STOPPABLE = (DeliveryState.PLANNED, DeliveryState.DEFERRED, DeliveryState.UNKNOWN)

_NO_RETRY = {
    DeliveryState.SENT: "it was sent: nobody gets it twice",
    DeliveryState.SENDING: "it is being sent",
    DeliveryState.PLANNED: "it waits to be sent already",
    DeliveryState.SKIPPED: "it was skipped on purpose",
    DeliveryState.UNKNOWN: "it may have arrived: see `digest delivery resolve --help`",
}
_NO_CANCEL = {
    DeliveryState.SENT: "it was sent",
    DeliveryState.SENDING: "it is being sent",
    DeliveryState.SKIPPED: "it was skipped already",
    DeliveryState.FAILED: "it failed, and is not tried again by itself",
    DeliveryState.EXPIRED: "its time is over, and it does not leave any more",
}
_MOVED = "somebody else has just changed it"

_DOUBTFUL = (
    "in doubt: the relay may or may not have taken these; `digest delivery resolve [ID...]` "
    "--resend sends one more copy of each, --drop ends them"
)
_NO_CHOICE = (
    "say what becomes of what is in doubt: --resend sends one more copy with the same Message-ID "
    "and Date, so somebody may get it twice; --drop ends it, so somebody may not get it at all"
)

Id = Annotated[int, typer.Argument(metavar="ID", help="The delivery's number.")]


@commands.command("list")
def list_deliveries(
    context: typer.Context,
    *,
    state: Annotated[
        DeliveryState | None, typer.Option("--state", help="Only those in this state.")
    ] = None,
    email: Annotated[
        str | None, typer.Option("--email", metavar="EMAIL", help="Only those to this address.")
    ] = None,
    edition: Annotated[
        str | None, typer.Option("--edition", metavar="EDITION", help="Only those of this edition.")
    ] = None,
    limit: Limit = 50,
    json: Json = False,
) -> None:
    """Show deliveries, newest first."""
    with state_of(context).open() as app, app.store.read() as tx:
        wanted = edition_of(tx, edition).id if edition else None
        found = tx.deliveries.list(state=state, email=email, edition_id=wanted, limit=limit)
        rows = [_facts(tx, delivery) for delivery in found]
        number = tx.deliveries.number(state=state, email=email, edition_id=wanted)
    if number > len(rows):
        say(f"the newest {len(rows):,} of {number:,}: --limit N shows more")
    if rows and state is DeliveryState.UNKNOWN:
        say(_DOUBTFUL)
    if json:
        document(rows)
        return
    columns = ("id", "kind", "edition", "email", "state", "attempts", "due_at", "sent_at", "why")
    facts_table(columns, rows)


@commands.command()
def show(context: typer.Context, number: Id, *, json: Json = False) -> None:
    """Show one delivery with its papers."""
    with state_of(context).open() as app, app.store.read() as tx:
        facts = _facts(tx, _get(tx, number))
        picks = tx.deliveries.picks(number)
    if json:
        document({**facts, "picks": picks})
        return
    record(facts)
    if picks:
        typer.echo()
        table(
            ("position", "paper", "score", "title", "reason"),
            [
                (pick.position, pick.paper.key, f"{pick.score:.3f}", pick.paper.title, pick.reason)
                for pick in picks
            ],
        )


@commands.command()
def retry(context: typer.Context, number: Id, *, json: Json = False) -> None:
    """Send a delivery that failed or came too late once more, with the next tick or run."""
    with state_of(context).open() as app, app.store.write() as tx:
        delivery = _get(tx, number)
        now = app.clock.now()
        moved = delivery.state in _UNSENT and tx.deliveries.move(
            number,
            expected=delivery.state,
            to=DeliveryState.PLANNED,
            next_attempt_at=now,
            expires_at=now + dt.timedelta(hours=app.settings.schedule.expire_after_hours),
            attempts=0,
            reason="",
        )
        if not moved:
            why = _NO_RETRY.get(delivery.state, _MOVED)
            raise InvalidInput(f"delivery {number} cannot be tried again: {why}")
        facts = _facts(tx, _get(tx, number))
    if json:
        document(facts)
    say(f"delivery {number} is planned again")


@commands.command()
def cancel(context: typer.Context, number: Id, *, json: Json = False) -> None:
    """Stop a delivery that has not left; the papers of what was never sent come again."""
    with state_of(context).open() as app, app.store.write() as tx:
        delivery = _get(tx, number)
        doubtful = delivery.state is DeliveryState.UNKNOWN or delivery.resends > 0
        moved = delivery.state in _STOPPABLE and tx.deliveries.move(
            number,
            expected=delivery.state,
            to=DeliveryState.SKIPPED,
            reason=SkipReason.DROPPED if doubtful else SkipReason.CANCELLED,
        )
        if not moved:
            why = _NO_CANCEL.get(delivery.state, _MOVED)
            raise InvalidInput(f"delivery {number} cannot be cancelled: {why}")
        facts = _facts(tx, _get(tx, number))
    if json:
        document(facts)
    say(f"delivery {number} is {'dropped: it may have arrived' if doubtful else 'cancelled'}")


@commands.command()
def resolve(
    context: typer.Context,
    numbers: Annotated[
        list[int] | None,
        typer.Argument(metavar="ID", help="Only these; else all that are in doubt."),
    ] = None,
    *,
    resend: Annotated[
        bool,
        typer.Option(
            "--resend", help="Send one more copy, with the same Message-ID and Date; never late."
        ),
    ] = False,
    drop: Annotated[
        bool, typer.Option("--drop", help="End it; its papers count as shown.")
    ] = False,
    json: Json = False,
) -> None:
    """Decide about deliveries in doubt: the connection was lost after the whole message had left.

    The relay may have taken them or not. Whoever sends again risks a second copy, whoever does
    not risks that there is none.
    """
    if resend == drop:
        raise InvalidInput(_NO_CHOICE)
    with state_of(context).open() as app, app.store.write() as tx:
        now = app.clock.now()
        doubtful = _in_doubt(tx, numbers)
        late = [one for one in doubtful if resend and one.expires_at and one.expires_at <= now]
        end = partial(_resend, now=now) if resend else _drop
        ended = [one for one in doubtful if one not in late and end(tx, one)]
        facts = [_facts(tx, _get(tx, delivery.id)) for delivery in doubtful]
    if json:
        document(facts)
    if ended and resend:
        say(f"{_numbered(ended)} planned again: the next tick or run sends one more copy")
    elif ended:
        say(f"{_numbered(ended)} dropped: what may have arrived counts as shown")
    elif not doubtful:
        say("nothing is in doubt")
    if late:
        say(f"{_numbered(late)} too late to be sent again, and no digest leaves late: use --drop")
        raise typer.Exit(1)


def _resend(tx: Transaction, delivery: Delivery, *, now: dt.datetime) -> bool:
    return tx.deliveries.move(
        delivery.id,
        expected=DeliveryState.UNKNOWN,
        to=DeliveryState.PLANNED,
        next_attempt_at=now,
        attempts=0,
        resends=delivery.resends + 1,
        reason="",
    )


def _drop(tx: Transaction, delivery: Delivery) -> bool:
    return tx.deliveries.move(
        delivery.id,
        expected=DeliveryState.UNKNOWN,
        to=DeliveryState.SKIPPED,
        reason=SkipReason.DROPPED,
    )


def _in_doubt(tx: Transaction, numbers: Iterable[int] | None) -> list[Delivery]:
    """Return the deliveries of these numbers, all that are in doubt without numbers."""
    if not numbers:
        return tx.deliveries.list(state=DeliveryState.UNKNOWN)[::-1]
    found = [_get(tx, number) for number in dict.fromkeys(numbers)]
    for delivery in found:
        if delivery.state is not DeliveryState.UNKNOWN:
            raise InvalidInput(
                f"delivery {delivery.id} is not in doubt but {delivery.state}: nothing was changed"
            )
    return found


def _numbered(deliveries: Iterable[Delivery]) -> str:
    """Name deliveries as the subject of a sentence."""
    first, *others = [str(delivery.id) for delivery in deliveries]
    if not others:
        return f"delivery {first} is"
    if len(others) < 10:
        return f"deliveries {first}, {', '.join(others)} are"
    return f"{1 + len(others):,} deliveries are"


def _get(tx: Transaction, number: int) -> Delivery:
    delivery = tx.deliveries.get(number)
    if delivery is None:
        raise NotFound(f"there is no delivery {number}: see `digest delivery list`")
    return delivery


def _facts(tx: Transaction, delivery: Delivery) -> dict[str, Any]:
    subscriber = (
        tx.subscribers.by_id(delivery.subscriber_id) if delivery.subscriber_id is not None else None
    )
    return {
        "id": delivery.id,
        "key": delivery.key,
        "kind": delivery.kind,
        "edition": delivery.edition.slug if delivery.edition else None,
        "email": subscriber.email if subscriber else None,
        "state": delivery.state,
        "why": delivery.reason or delivery.last_reply,
        "attempts": delivery.attempts,
        "resends": delivery.resends,
        "planned_at": delivery.planned_at,
        "due_at": delivery.due_at,
        "next_attempt_at": delivery.next_attempt_at,
        "expires_at": delivery.expires_at,
        "sent_at": delivery.sent_at,
        "message_id": delivery.message_id,
        "last_reply": delivery.last_reply,
    }
