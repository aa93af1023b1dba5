"""`digest delivery`: what became of each message, and another try for those that failed."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Annotated, Any

import typer

from digest.cli.output import document, record, say, table
from digest.cli.state import Json, state_of
from digest.errors import InvalidInput, NotFound
from digest.model import DeliveryState

if TYPE_CHECKING:
    from digest.model import Delivery
    from digest.store import Transaction

commands = typer.Typer(no_args_is_help=True, help="What became of each message.")

# States from which a message may be tried anew: it has certainly not arrived.
_UNSENT = (DeliveryState.FAILED, DeliveryState.EXPIRED, DeliveryState.DEFERRED)

_REFUSALS = {
    DeliveryState.SENT: "it was sent: nobody gets it twice",
    DeliveryState.SENDING: "it is being sent",
    DeliveryState.PLANNED: "it waits to be sent already",
    DeliveryState.SKIPPED: "it was skipped on purpose",
    DeliveryState.UNKNOWN: "it may have arrived; [delivery] unknown says what happens to it",
}

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
    limit: Annotated[int, typer.Option("--limit", min=1, help="At most this many.")] = 50,
    json: Json = False,
) -> None:
    """Show deliveries, newest first."""
    with state_of(context).open() as app, app.store.read() as tx:
        found = tx.deliveries.list(state=state, email=email, limit=limit)
        rows = [_facts(tx, delivery) for delivery in found]
    if json:
        document(rows)
        return
    columns = ("id", "kind", "edition", "email", "state", "attempts", "due_at", "sent_at", "why")
    table(
        [column.replace("_", " ") for column in columns],
        [[row[column] for column in columns] for row in rows],
    )


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
            why = _REFUSALS.get(delivery.state, "somebody else has just changed it")
            raise InvalidInput(f"delivery {number} cannot be tried again: {why}")
        facts = _facts(tx, _get(tx, number))
    if json:
        document(facts)
    say(f"delivery {number} is planned again")


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
