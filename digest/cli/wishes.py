"""What a subscriber wants, as options of the command line and as columns of a CSV file."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

import typer

from digest.cli.output import say
from digest.model import Cadence, Interest, InterestKind, Subscriber

if TYPE_CHECKING:
    from digest.store import Transaction

Name = Annotated[str | None, typer.Option("--name", metavar="N", help="How mails address them.")]
Categories = Annotated[
    list[str] | None,
    typer.Option(
        "--category", metavar="C", help="An arXiv category, as cs.CL or Robotics; repeatable."
    ),
]
Keywords = Annotated[
    list[str] | None,
    typer.Option("--keyword", metavar="K", help="A word or phrase; repeatable."),
]
Authors = Annotated[
    list[str] | None, typer.Option("--author", metavar="A", help="An author; repeatable.")
]
Mutes = Annotated[
    list[str] | None,
    typer.Option(
        "--mute", metavar="K", help="A word, category or author:NAME not to see; repeatable."
    ),
]
Likes = Annotated[
    list[str] | None,
    typer.Option("--like", metavar="PAPER", help="An arXiv id or DOI to learn from; repeatable."),
]
About = Annotated[
    str | None, typer.Option("--text", metavar="T", help="Interests in a few sentences.")
]
HowOften = Annotated[Cadence | None, typer.Option("--cadence", help="How often a mail comes.")]
AtHour = Annotated[
    int | None, typer.Option("--hour", min=0, max=23, metavar="H", help="At what hour, 0 to 23.")
]
InZone = Annotated[
    str | None, typer.Option("--timezone", metavar="Z", help="Where that hour is, as Europe/Paris.")
]
MaxPapers = Annotated[
    int | None,
    typer.Option("--max-papers", min=1, max=100, metavar="N", help="How many papers at most."),
]
TrendingWeight = Annotated[
    float | None,
    typer.Option(
        "--trending-weight", min=0, max=1, metavar="W", help="How much popularity counts, 0 to 1."
    ),
]


@dataclass(frozen=True)
class Wishes:
    """The interests as a person writes them; `None` means that nothing was said."""

    categories: Iterable[str] | None = None
    keywords: Iterable[str] | None = None
    authors: Iterable[str] | None = None
    mutes: Iterable[str] | None = None
    likes: Iterable[str] | None = None
    text: str | None = None

    def interests(self, before: Iterable[Interest] = ()) -> tuple[Interest, ...]:
        """Return the interests, each kind of which nothing was said as before.

        Raise `InvalidInput` for a wish that cannot be read.
        """
        from digest.subscriptions import parse_interests

        said = parse_interests(
            categories=self.categories or (),
            keywords=self.keywords or (),
            authors=self.authors or (),
            mutes=self.mutes or (),
            likes=self.likes or (),
            text=self.text or "",
        )
        kept = [one for one in before if getattr(self, _column(one)) is None]
        return (*kept, *said)


COLUMNS = ("categories", "keywords", "authors", "mutes", "likes", "text")

_COLUMN = {
    InterestKind.CATEGORY: "categories",
    InterestKind.KEYWORD: "keywords",
    InterestKind.AUTHOR: "authors",
    InterestKind.SEED: "likes",
    InterestKind.TEXT: "text",
}


def _column(interest: Interest) -> str:
    return "mutes" if interest.weight < 0 else _COLUMN[interest.kind]


def _said(interest: Interest) -> str:
    from digest.subscriptions import mute_said

    return mute_said(interest) if interest.weight < 0 else interest.value


def categories_of(interests: Iterable[Interest]) -> list[str]:
    """Return the categories among interests."""
    return [one.value for one in interests if one.kind is InterestKind.CATEGORY]


def warn_of_categories(tx: Transaction, named: Iterable[str]) -> None:
    """Say of which of these categories no paper has come so far, unless arXiv has it."""
    from digest.subscriptions import categories

    strange = {one for one in named if not categories.is_known(one)}
    if not strange:
        return
    names = [name.casefold() for name in tx.listings.all_categories()]
    filed = {*names, *(name.partition(".")[0] for name in names)}
    for one in sorted(strange):
        if one.casefold().removesuffix(".*") not in filed:
            meant = categories.code_of(one)
            hint = f"did you mean {meant}?" if meant != one else "arXiv has none of that name"
            say(
                f'no paper is in the category "{one}" so far: {hint} '
                "(https://arxiv.org/category_taxonomy)"
            )


def by_column(subscriber: Subscriber) -> Mapping[str, list[str]]:
    """Return the values of a subscriber's interests by the column in which they stand."""
    found: dict[str, list[str]] = {column: [] for column in COLUMNS}
    for interest in subscriber.interests:
        found[_column(interest)].append(_said(interest))
    return found
