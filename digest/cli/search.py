"""`digest search` and what it shows of papers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from digest.cli.output import document, say, table, working
from digest.cli.state import Json, state_of
from digest.errors import InvalidInput

if TYPE_CHECKING:
    from digest.model import Candidate


def search(
    context: typer.Context,
    query: Annotated[
        list[str],
        typer.Argument(
            metavar="QUERY",
            help='Words, "words side by side", author:NAME, title:WORD, -without.',
        ),
    ],
    *,
    category: Annotated[
        str, typer.Option("--category", metavar="C", help="Only papers of this category.")
    ] = "",
    limit: Annotated[int, typer.Option("--limit", min=1, max=300, help="At most this many.")] = 20,
    json: Json = False,
) -> None:
    """Find papers by their words and by what they are about, the best first."""
    from digest.reading import Reader, meaning

    asked = " ".join(query)
    if not asked.strip():
        raise InvalidInput("say what to look for: `digest search graph transformers`")
    with state_of(context).open() as app:
        with working("Reading what is new..."):
            meaning.update(app.store, app.clock)
        found = Reader(app.store, app.clock, app.settings.schedule.timezone).search(
            asked, category=category, limit=limit
        )
    rows = [_facts(at, one) for at, one in enumerate(found.candidates, start=1)]
    if json:
        document(rows)
        return
    if not rows:
        say("nothing was found: try fewer words, or others")
        return
    table(
        ("", "key", "title", "categories", "listed"),
        [
            (row["position"], row["key"], row["title"], row["categories"], row["listed_at"].date())
            for row in rows
        ],
    )


def _facts(position: int, candidate: Candidate) -> dict[str, Any]:
    from digest.ranking import figures

    paper = candidate.paper
    return {
        "position": position,
        "key": paper.key,
        "title": paper.title,
        "authors": paper.authors,
        "categories": paper.categories,
        "url": paper.addresses[0].url if paper.addresses else "",
        "listed_at": candidate.listed_at,
        "figures": figures(candidate),
    }
