"""A digest that is always the same, with papers as a reader would get them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from typing import Any

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
    Message,
    Paper,
    Pick,
    Subscriber,
    SubscriberStatus,
)
from digest.rendering import JinjaRenderer
from digest.tokens import Signer
from tests.support.samples import NOW

SIGNER = Signer([b"k" * 40])
SITE = Site(
    base_url="https://papers.example.org",
    from_address="papers@example.org",
    postal_address="1 Example Street, Exampleton",
)
LINKS = Links(SITE.base_url, SIGNER)
RENDERER = JinjaRenderer()
READER = Subscriber(1, "0123456789abcdef", "robotics@example.org", SubscriberStatus.CONFIRMED)


def arxiv(number: str, title: str, abstract: str, *authors: str, categories: str) -> Paper:
    """Return a paper as arXiv gives it."""
    return Paper(
        key=f"arxiv:{number}",
        title=title,
        abstract=abstract,
        authors=authors,
        categories=tuple(categories.split()),
        links=(
            Link(LinkKind.ABSTRACT, f"https://arxiv.org/abs/{number}"),
            Link(LinkKind.PDF, f"https://arxiv.org/pdf/{number}"),
        ),
        version=1,
    )


PAPERS = (
    arxiv(
        "2303.04137",
        "Diffusion Policy: Visuomotor Policy Learning via Action Diffusion",
        "A robot's policy is written as a denoising process over whole sequences of actions. It "
        "copes with several good ways to do one task, stays stable in training, and beats earlier "
        "imitation methods on pushing, pouring and spreading, in simulation and on real arms.",
        *("Cheng Chi", "Zhenjia Xu", "Siyuan Feng", "Eric Cousineau", "Yilun Du", "Shuran Song"),
        categories="cs.RO",
    ),
    arxiv(
        "2405.12213",
        "Octo: An Open-Source Generalist Robot Policy",
        "One transformer is trained on 800,000 recorded episodes of many robots. It takes a "
        "sentence or a goal picture as its order, and learns a new gripper or camera in a few "
        "hours on one graphics card.",
        "Dibya Ghosh",
        "Homer Walke",
        categories="cs.RO cs.LG",
    ),
    arxiv(
        "2103.00020",
        "Learning Transferable Visual Models From Natural Language Supervision",
        "Pictures and their captions from the web are enough to teach a model to see: naming the "
        "classes in words lets it sort images that it was never trained on.",
        *("Alec Radford", "Jong Wook Kim", "Chris Hallacy"),
        categories="cs.CV cs.LG",
    ),
)
PICKS = [
    Pick(
        PAPERS[0],
        1,
        score=0.9,
        relevance=0.9,
        trending=0.7,
        reason="matches your keyword diffusion; 43 upvotes since yesterday",
        figures={"upvotes": 128, "upvotes_gained": 43, "comments": 12, "stars": 2310},
    ),
    Pick(
        PAPERS[1],
        2,
        score=0.7,
        relevance=0.8,
        trending=0.0,
        reason="in your category cs.RO; close to your text: robot, gripper, policy",
    ),
    Pick(
        PAPERS[2],
        3,
        score=0.3,
        relevance=0.0,
        trending=0.9,
        reason="trending: 1 upvote and 3 comments in 2 days",
        figures={"upvotes": 1, "comments": 3},
    ),
]
DELIVERY = Delivery(
    id=7,
    key="digest:daily-2026-11-24:0123456789abcdef",
    kind=DeliveryKind.DIGEST,
    state=DeliveryState.SENDING,
    message_id="<3f2b8c@example.org>",
    date=NOW,
    subscriber_id=1,
    edition=Edition(3, Cadence.DAILY, date(2026, 11, 24), NOW, NOW),
    facts={
        "papers": 412,
        "sources": ["arxiv", "huggingface"],
        "notes": [],
        "sections": [["for-you", 2], ["trending", 1]],
        "about": {
            "topics": [
                {"name": "diffusion", "papers": 1, "kind": "keyword"},
                {"name": "robot", "papers": 1, "kind": "keyword"},
            ],
            "trending": "cs.CV",
        },
    },
)


def mail(
    kind: DeliveryKind = DeliveryKind.DIGEST,
    *,
    picks: list[Pick] = PICKS,
    site: Site = SITE,
    subscriber: Subscriber = READER,
    bounces: Bounces | None = None,
    renderer: JinjaRenderer = RENDERER,
    keys: Sequence[Key] = (),
    **changes: Any,
) -> Message:
    """Compose the message, rendered as a whole."""
    return compose(
        replace(DELIVERY, kind=kind, **changes),
        subscriber,
        picks if kind is DeliveryKind.DIGEST else [],
        site=site,
        bounces=bounces or Bounces(),
        renderer=renderer,
        links=Links(site.base_url, SIGNER),
        keys=keys,
    )
