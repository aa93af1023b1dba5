"""Measure what one digest message costs: rendered as a whole, spliced, and signed.

    python -m tests.benchmarks.compose --messages 2000 [--papers 15] [--own-reasons 4]
        [--dkim rsa|ed25519|both] [--json]

Papers are made up: titles of 10 words, abstracts of 150, five authors, three links. Every reader
has an address and tokens of their own, and so many reasons that nobody else has; the others are
drawn from a hundred. Times are CPU time of this process; the first messages are not counted,
in which the pieces are rendered. With `--dkim` the spliced messages are composed signed as well, in
turn with the unsigned ones; `dkim_ms` is what that adds, `raw_ms` what the keys take by themselves.
"""

from __future__ import annotations

import argparse
import gc
import json
import random
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

from digest.compose import compose
from digest.config import Bounces, Site
from digest.dkim import Key
from digest.links import Links
from digest.model import (
    Cadence,
    Delivery,
    DeliveryKind,
    DeliveryState,
    Edition,
    Link,
    LinkKind,
    Paper,
    Pick,
    Subscriber,
    SubscriberStatus,
)
from digest.rendering import JinjaRenderer
from digest.splice import Composer
from digest.tokens import Signer
from tests.support import dkim
from tests.support.dkim import KINDS

NOW = datetime(2026, 11, 24, 7, 0, tzinfo=UTC)
POOL = 300  # papers of the day
PLAIN = 40  # messages are enough for the slow way
CATEGORIES = ("cs.RO", "cs.CL", "cs.CV", "cs.LG", "math.CO", "astro-ph.GA")
_SYLLABLES = [first + second for first in "bdfgklmnprstvz" for second in "aeiou"]
_SITE = Site(
    base_url="https://papers.example.org",
    from_address="papers@example.org",
    postal_address="1 Example Street, Exampleton",
)

Job = tuple[Delivery, Subscriber, list[Pick]]


def measure(
    messages: int, papers: int, own_reasons: int, keys: Sequence[Key] = ()
) -> dict[str, float]:
    """Return CPU milliseconds per message of each way, and their ratios."""
    common = {
        "site": _SITE,
        "bounces": Bounces(),
        "renderer": JinjaRenderer(),
        "links": Links(_SITE.base_url, Signer([b"k" * 40])),
    }
    jobs = list(_jobs(messages, papers, own_reasons))
    composer = Composer(**common)  # type: ignore[arg-type]
    signing = Composer(**common, keys=keys)  # type: ignore[arg-type]
    size = [len(composer.compose(*job).content) for job in jobs[: messages // 2]]
    (plain,) = _times(jobs[:PLAIN], lambda *job: compose(*job, **common))  # type: ignore[arg-type]
    if keys:
        for job in jobs[: messages // 2]:
            signing.compose(*job)
        spliced, signed, raw = _times(
            jobs[messages // 2 :],
            composer.compose,
            signing.compose,
            lambda *_: [key.sign(b"x" * 2_000) for key in keys],
        )
    else:
        (spliced,) = _times(jobs[messages // 2 :], composer.compose)
    figures = {
        "messages": messages,
        "papers": papers,
        "own_reasons": own_reasons,
        "bytes": sum(size) / len(size),
        "plain_ms": plain,
        "spliced_ms": spliced,
        "ratio": plain / spliced,
    }
    if keys:
        figures |= {
            "signed_ms": signed,
            "dkim_ms": signed - spliced,
            "raw_ms": raw,
            "dkim_to_raw": (signed - spliced) / raw,
        }
    return figures


def _times(jobs: list[Job], *ways: Callable[..., object]) -> list[float]:
    """Return the milliseconds of one message in each way: the medians of nine shares, in turn."""
    for make in ways:
        make(*jobs[0])
    gc.collect()
    gc.freeze()  # a sender does not hold all its messages at once
    shares: list[list[float]] = [[] for _ in ways]
    for start in range(9):
        share = jobs[start::9]
        for make, found in zip(ways, shares, strict=True):
            began = time.process_time()
            for job in share:
                make(*job)
            found.append(1000 * (time.process_time() - began) / len(share))
    return [sorted(found)[4] for found in shares]


def _jobs(messages: int, papers: int, own_reasons: int) -> Iterator[Job]:
    pool, words = made_up_papers(POOL)
    draw = random.Random(2)
    shared = [_reason(draw, words) for _ in range(100)]
    for number in range(messages):
        public_id = f"{number:016x}"
        picks = [
            Pick(
                paper,
                place,
                score=0.9,
                relevance=0.9,
                trending=0.7,
                reason=_reason(draw, words) if place <= own_reasons else draw.choice(shared),
                figures={"upvotes": len(paper.title) % 7 * 13, "comments": 3},
            )
            for place, paper in enumerate(draw.sample(pool, papers), 1)
        ]
        key = f"digest:daily-2026-11-24:{public_id}"
        delivery = Delivery(
            id=number,
            key=key,
            kind=DeliveryKind.DIGEST,
            state=DeliveryState.SENDING,
            message_id=f"<{public_id}@example.org>",
            date=NOW,
            subscriber_id=number,
            edition=Edition(3, Cadence.DAILY, date(2026, 11, 24), NOW, NOW),
            facts={"papers": 412 - number % 3, "sources": ["arxiv", "huggingface"], "notes": []},
        )
        reader = Subscriber(
            number, public_id, f"reader.{number}@example.org", SubscriberStatus.CONFIRMED
        )
        # Each delivery is read from the database anew: equal papers, but not the same objects.
        yield delivery, reader, [replace(pick, paper=_again(pick.paper)) for pick in picks]


def made_up_papers(count: int) -> tuple[list[Paper], list[str]]:
    """Return that many papers, and the words that they are made of."""
    draw = random.Random(1)
    words = ["".join(draw.choices(_SYLLABLES, k=draw.randint(2, 4))) for _ in range(5_000)]
    return [_paper(number, draw, words) for number in range(count)], words


def _again(paper: Paper) -> Paper:
    return replace(
        paper,
        title="".join(list(paper.title)),
        abstract="".join(list(paper.abstract)),
        authors=tuple("".join(list(name)) for name in paper.authors),
        links=tuple(Link(link.kind, "".join(list(link.url))) for link in paper.links),
    )


def _paper(number: int, draw: random.Random, words: list[str]) -> Paper:
    place = f"2611.{number:05d}"
    return Paper(
        key=f"arxiv:{place}",
        title=" ".join(draw.choices(words, k=10)).capitalize(),
        abstract=" ".join(draw.choices(words, k=150)),
        authors=tuple(" ".join(draw.choices(words, k=2)).title() for _ in range(5)),
        categories=tuple(draw.sample(CATEGORIES, 2)),
        links=(
            Link(LinkKind.ABSTRACT, f"https://arxiv.org/abs/{place}"),
            Link(LinkKind.PDF, f"https://arxiv.org/pdf/{place}"),
            Link(LinkKind.CODE, f"https://example.org/code/{place}"),
        ),
        version=1,
        published_at=NOW,
    )


def _reason(draw: random.Random, words: list[str]) -> str:
    return (
        f"matches your keyword {draw.choice(words)}; close to your text: "
        f"{', '.join(draw.choices(words, k=3))}; {draw.randint(2, 90)} upvotes since yesterday"
    )


def main() -> None:
    """Print the figures, or one JSON document."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--messages", type=int, default=2000)
    parser.add_argument("--papers", type=int, default=15)
    parser.add_argument("--own-reasons", type=int, default=4)
    parser.add_argument("--dkim", choices=[*KINDS, "both"])
    parser.add_argument("--json", action="store_true")
    asked = parser.parse_args()
    kinds = KINDS if asked.dkim == "both" else [asked.dkim] if asked.dkim else []
    with TemporaryDirectory() as folder:
        keys = dkim.keys(Path(folder), *kinds)
    found = measure(asked.messages, asked.papers, asked.own_reasons, keys)
    if asked.json:
        print(json.dumps(found))
        return
    for name, value in found.items():
        print(f"{name:12} {value:12.3f}")


if __name__ == "__main__":
    main()
