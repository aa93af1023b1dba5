"""`digest trending`: what is talked about, and every number that says so."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Annotated, Any

import typer

from digest.cli.output import cell, document, plain, say, table
from digest.cli.state import Json, Limit, parse_moment, state_of
from digest.model import Window

if TYPE_CHECKING:
    from digest.model import Candidate, Place, Strength, Topic
    from digest.rank.attention import Trending

_COLUMNS = ("", "score", "paper", "category", "title", "why")
_TITLE = 70
_BARS = " ▁▂▃▄▅▆▇█"


def trending(
    context: typer.Context,
    *,
    window: Annotated[
        Window, typer.Option("--window", help="How far back attention counts.")
    ] = Window.DAY,
    category: Annotated[
        str | None,
        typer.Option("--category", metavar="C", help="Only this one, such as cs.RO or cs."),
    ] = None,
    limit: Limit = 20,
    now: Annotated[
        dt.datetime | None,
        typer.Option("--now", parser=parse_moment, metavar="T", help="As it was at this moment."),
    ] = None,
    explain: Annotated[
        bool, typer.Option("--explain", help="Show every number that enters the score.")
    ] = False,
    topics: Annotated[
        bool, typer.Option("--topics", help="Show the topics that rise instead of the papers.")
    ] = False,
    json: Json = False,
) -> None:
    """Show the papers that are talked about most, measured by their field and age."""
    from digest.rank.attention import told
    from digest.rank.attention import trending as measure
    from digest.rank.topics import topics_of

    with state_of(context).open(now=now) as app, app.store.read() as tx:
        now = now or app.clock.now()
        if topics:
            _topics(topics_of(tx, now, most=limit), json=json)
            return
        found = measure(tx, now, window)
        chosen = found.rows(category or "")
        shown = told(tx, chosen[:limit], found.trends, until=now)
        newest = tx.papers.newest_listed_at(until=now)
    rows = [_facts(place, one, found, explain=explain) for place, one in enumerate(shown, 1)]
    if json:
        document(
            {
                "window": window,
                "since": found.since,
                "until": now,
                "category": category,
                "papers": len(chosen),
                "trending": rows,
            }
        )
        return
    if not rows:
        say(_why_none(found, newest, category))
        return
    counted = "1 paper was" if len(chosen) == 1 else f"{len(chosen)} papers were"
    say(f"{counted} looked at since {cell(found.since)}")
    if explain:
        for place, one in enumerate(shown, 1):
            _explain(place, one, found)
        return
    table(_COLUMNS, [_row(row) for row in rows])


def _topics(found: Sequence[Topic], *, json: bool) -> None:
    """Write the topics that rise, with a bar for each week."""
    from digest.rank.topics import shown

    if json:
        document([{**shown(one), **plain(one), "papers": one.papers} for one in found])
        return
    if not found:
        say("no topic is in clearly more titles of the last seven days than in those before")
        return
    table(
        ("topic", "papers", "times usual", "eight weeks"),
        [
            [
                one.name,
                one.titles[-1],
                f"{one.times:.1f}",
                "".join(_BARS[-(-share * 8 // 100)] for share in shown(one)["bars"]),
            ]
            for one in found
        ],
    )


def _why_none(found: Trending, newest: dt.datetime | None, category: str | None) -> str:
    """Say why the list is empty, and what to do."""
    since = found.since
    further = "" if found.window is Window.MONTH else ": a longer --window looks further back"
    if newest is None:
        return "there are no papers yet: `digest ingest` asks the sources"
    if found.trends:
        return (
            f"nobody looked at a paper of {category} since {cell(since)}, but at "
            f"{len(found.trends)} others{further}"
        )
    if newest < since:
        return (
            f"no paper was announced since {cell(newest)}, and no figure has moved since "
            f"{cell(since)}{further}"
        )
    return (
        f"no figure of any paper has moved since {cell(since)}{further}; "
        "`digest source list` says which sources answer"
    )


def _row(row: Mapping[str, Any]) -> list[Any]:
    title = row["title"]
    return [
        row["place"],
        f"{row['score']:.2f}",
        row["paper"].removeprefix("arxiv:"),
        row["category"],
        title if len(title) <= _TITLE else f"{title[: _TITLE - 1]}…",
        row["why"],
    ]


def _facts(place: int, one: Candidate, found: Trending, *, explain: bool) -> dict[str, Any]:
    from digest.ranking import figures

    trend = one.trend
    assert trend is not None
    facts = {
        "place": place,
        "paper": one.paper.key,
        "title": one.paper.title,
        "category": one.paper.primary_category,
        "listed_at": one.listed_at,
        "score": trend.shown,
        "figures": figures(one),
        "why": found.why(one),
    }
    if explain:
        facts["score"] = trend.score
        facts["age"] = trend.age
        facts["strengths"] = trend.strengths
    return facts


def _explain(place: int, one: Candidate, found: Trending) -> None:
    """Write one paper with all that enters its score, as docs/explanation/trending.md has it."""
    trend = one.trend
    assert trend is not None
    typer.echo(cell(f"{place}. {one.paper.title}"))
    typer.echo(
        cell(
            f"   {one.paper.key}, {one.paper.primary_category or 'no category'}, "
            f"{trend.age:.2f} days old: {found.why(one)}"
        )
    )
    for strength in trend.strengths:
        for line in _lines(strength, one.paper.primary_category):
            typer.echo(f"   {line}")
    odds = " + ".join(
        f"{one.odds:.3f}{' / 2' if number else ''}" for number, one in enumerate(trend.strengths)
    )
    typer.echo(f"   odds {odds}: score {trend.score:.3f}\n")


def _lines(one: Strength, category: str) -> list[str]:
    gains = [f"+{gain.number} {gain.days:.2f} days ago ({gain.counts:.2f})" for gain in one.gains]
    lines = [
        f"{one.name} of {one.source}: {', '.join(gains) or 'nothing gained'}",
        f"  heat {one.heat:.2f} of {one.name.halfway:g}: plain odds {one.plain:.3f}",
        f"  {_place(one.everywhere, 'all')}",
    ]
    if one.field is not None:
        lines.append(f"  {_place(one.field, category)}")
    return [*lines, f"  odds {one.odds:.3f}"]


def _place(place: Place, of: str) -> str:
    return (
        f"of {place.papers} papers of {of} at that age {place.as_hot} were as hot: "
        f"share {place.share:.4f}"
    )
