"""A made-up list of papers whose votes follow a few rules, to be learned again."""

from __future__ import annotations

import random
from datetime import date, datetime, timedelta
from typing import Any

from digest.model import Signal, SignalName
from digest.store import Store
from tests.support.samples import NOW, paper

FIRST = date(2026, 1, 5)

LIKED = ["agent", "planning", "tool", "memory", "reasoning"]
PASSED_OVER = ["lattice", "parity", "codeword", "decoder", "syndrome"]
USUAL = ["model", "data", "method", "training", "layer", "weight", "sample", "graph", "network"]


def records(count: int = 400, *, a_day: int = 10, seed: int = 1) -> list[dict[str, Any]]:
    """Return papers in the form of the list of Hugging Face, oldest first.

    Papers on agents, those of Ada Famous and those with code get more upvotes than others.
    """
    draw = random.Random(seed)
    made = []
    for number in range(count):
        liked = draw.random() < 0.5
        famous = draw.random() < 0.3
        code = draw.random() < 0.5
        words = [*draw.sample(LIKED if liked else PASSED_OVER, 3), *draw.sample(USUAL, 4)]
        day = FIRST + timedelta(days=number // a_day)
        worth = 1.2 * liked + 1.2 * famous + 0.6 * code + draw.gauss(0, 0.4)
        made.append(
            {
                "id": f"2601.{number:05d}",
                "title": f"{words[0]} with {words[3]}",
                "abstract": f"We show {' '.join(words)} in case{number}.",
                "authors": [
                    f"Person{number} New",
                    "Ada Famous" if famous else f"Other{number} New",
                ],
                "list_date": day.isoformat(),
                "published": f"{day.isoformat()}T00:00:00.000Z",
                "submitted_on_daily": f"{day.isoformat()}T02:30:00.000Z",
                "upvotes": round(4 * 2.718**worth),
                **({"github_repo": f"https://github.com/group{number % 7}/x"} if code else {}),
            }
        )
    return made


def unvoted(record: dict[str, Any]) -> dict[str, Any]:
    """Return a record as it was before anybody had voted."""
    return {name: value for name, value in record.items() if name != "upvotes"}


def write_past(
    store: Store, number: int, *, known: int = 0, until: datetime = NOW - timedelta(days=9)
) -> None:
    """Write past papers of a list, ten a day, of which those of Ada Famous got upvotes.

    So many of them are `known` already.
    """
    with store.write() as tx:
        for place, record in list(enumerate(records(number)))[known:]:
            at = until - timedelta(days=(number - place) // 10)
            one = paper(
                f"arxiv:{record['id']}",
                title=record["title"],
                abstract=record["abstract"],
                authors=tuple(record["authors"]),
            )
            tx.papers.add([one], source="hf", listed_at=at)
            seen_at = at + timedelta(days=1)
            upvotes = Signal(one.key, "hf", SignalName.UPVOTES, record["upvotes"], seen_at)
            tx.signals.record([upvotes])
