"""`digest eval replay`: what each ranker would have shown to the readers of this site."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from itertools import groupby
from typing import TYPE_CHECKING, Annotated, Any

import typer

from digest.cli.estimates import interval, show_credit
from digest.cli.output import document, say, table, working
from digest.cli.state import Json, state_of, subscriber_of

if TYPE_CHECKING:
    from digest.evaluation.replay import Outcome, Showing


def replay(
    context: typer.Context,
    *,
    days: Annotated[
        int, typer.Option("--days", min=1, metavar="N", help="Digests of the last N days.")
    ] = 30,
    rankers: Annotated[
        list[str] | None,
        typer.Option("--ranker", metavar="NAME", help="Only this ranker; may be repeated."),
    ] = None,
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
    seed: Annotated[int, typer.Option("--seed", min=0, help="What chance starts from.")] = 1,
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
        show_credit(credited)
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
