"""`digest eval replay` and `credit`: what rankers would show on this site, and have earned."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from itertools import groupby
from typing import TYPE_CHECKING, Annotated, Any

import typer

from digest.cli.estimates import Days, Rankers, Seed, interval
from digest.cli.output import document, say, table, working
from digest.cli.state import Json, state_of, subscriber_of

if TYPE_CHECKING:
    from digest.evaluation.interleave import Credit
    from digest.evaluation.replay import Outcome, Showing


def replay(
    context: typer.Context,
    *,
    days: Days = 30,
    rankers: Rankers = None,
    interleave: Annotated[
        tuple[str, str] | None,
        typer.Option(
            "--interleave", metavar="A B", help="Let two rankers share lists, and credit them."
        ),
    ] = None,
    email: Annotated[
        str | None,
        typer.Option("--email", metavar="EMAIL", help="Only this subscriber, with all lists."),
    ] = None,
    seed: Seed = 1,
    json: Json = False,
) -> None:
    """Show what each ranker would have shown in past digests, and what readers said of that."""
    from digest import history
    from digest.evaluation import adapted
    from digest.evaluation.interleave import credit, shared
    from digest.evaluation.replay import outcomes, replay

    names = [*(rankers or ()), *(interleave or ())]
    with state_of(context).open() as app:
        asked = adapted.chosen(names, seed=seed, embeddings=app.embeddings)
        settings = app.settings.ranking
        until = app.clock.now()
        with app.store.read() as tx:
            only = subscriber_of(tx, email).id if email else None
        moments = history.moments(
            app.store,
            settings=settings,
            since=until - timedelta(days=days),
            until=until,
            only=only,
        )
        with working("Ranking..."):
            showings = list(replay(moments, asked, diversity=settings.diversity))
        with app.store.read() as tx:
            papers = tx.papers.many(key for one in showings for key in one.keys if email)
    found = outcomes(showings, seed=seed)
    credited = None
    if interleave is not None:
        drafts = shared(interleave, showings, seed=seed)
        credited = credit(interleave, drafts, seed=seed)
    lists = _lists(showings) if email else []
    if json:
        document({"days": days, "outcomes": found, "interleaved": credited, "lists": lists})
        return
    if not showings:
        say(f"nobody has said anything of a digest of the last {days} days: nothing to replay")
        return
    _show(found)
    if credited is not None:
        _show_credit(credited)
    _show_lists(lists, {key: paper.title for key, paper in papers.items()})


def _show(found: Sequence[Outcome]) -> None:
    first = found[0]
    table(
        ("ranker", "more", "less", "same", "right"),
        [
            (
                one.ranker,
                *(each and interval(each) for each in (one.more, one.less, one.same, one.right)),
            )
            for one in found
        ],
        title=f"{first.digests:,} digests, {first.readers:,} readers",
    )


def _lists(showings: Sequence[Showing]) -> list[dict[str, Any]]:
    """Return each digest with what was sent and what each ranker would have shown."""
    return [
        {
            "planned_at": at,
            "sent": some[0].occasion.sent,
            "more": sorted(some[0].occasion.more),
            "less": sorted(some[0].occasion.less),
            "shown": {one.ranker: one.keys for one in some},
        }
        for at, some in ((at, list(group)) for at, group in groupby(showings, lambda one: one.at))
    ]


def _show_lists(lists: Sequence[Mapping[str, Any]], titles: Mapping[str, str]) -> None:
    for one in lists:
        marks = {**dict.fromkeys(one["more"], "+"), **dict.fromkeys(one["less"], "-")}
        table(
            ("ranker", "", "sent", "paper"),
            [
                (name, marks.get(key, ""), key in one["sent"], f"{key} {titles[key]}")
                for name, keys in one["shown"].items()
                for key in keys
            ],
            title=f"{one['planned_at']:%Y-%m-%d %H:%M}",
        )


def credit(context: typer.Context, *, days: Days = 30, seed: Seed = 1, json: Json = False) -> None:
    """Count what two rankers have earned in digests that they shared ([ranking] interleave)."""
    from digest import history
    from digest.evaluation import interleave

    with state_of(context).open() as app:
        until = app.clock.now()
        shared = history.shared(app.store, since=until - timedelta(days=days), until=until)
    found = [interleave.credit(pair, some, seed=seed) for pair, some in shared.items()]
    if json:
        document(found)
        return
    if not found:
        say(
            f"nobody has said anything of a digest of the last {days} days that two rankers "
            "shared: see [ranking] interleave"
        )
    for one in found:
        _show_credit(one)


def _show_credit(found: Credit) -> None:
    """Write what two rankers have earned in digests that they shared."""
    table(
        ("ranker", "papers", "more", "less", "wins"),
        zip(found.rankers, found.papers, found.more, found.less, found.wins, strict=True),
        title=f"Interleaved; {found.ties:,} ties",
    )
    if found.lead is not None:
        typer.echo(f"{found.rankers[0]} leads by {interval(found.lead, '+')}")
