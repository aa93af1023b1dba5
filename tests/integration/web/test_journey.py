"""From the sign-up to the second digest, by the links that stand in the mails."""

from __future__ import annotations

import re
from dataclasses import replace
from email import message_from_bytes, policy
from itertools import product

from digest import rank
from digest.model import Paper, SubscriberStatus
from digest.planners import planner_of
from tests.integration.web.test_links import status
from tests.support.inbox import deliver_all
from tests.support.samples import paper
from tests.support.site import EMAIL, Running

DAY = 86_400


def newest_mail(site: Running) -> str:
    """Send what is due and return the text of the newest mail."""
    deliver_all(site)
    message = message_from_bytes(site.transport.messages[-1].content, policy=policy.default)
    body = message.get_body(("plain",))
    assert body is not None
    return str(body.get_content())


def link(mail: str, page: str, ending: str = "") -> str:
    found = re.search(rf"https://papers\.example\.org(/{page}/\S*{re.escape(ending)})", mail)
    assert found is not None, mail
    return found[1]


def list_papers(site: Running, *papers: Paper) -> None:
    site.clock.advance(60)
    with site.app.store.write() as tx:
        tx.papers.add(papers, source="arxiv", listed_at=site.clock.now())


def next_digest(site: Running) -> str:
    """Let a day pass and return the digest that it brings."""
    app = site.app
    site.clock.advance(DAY)
    planner = planner_of(app, now=site.clock.now())
    rank.run(planner, schedule=app.settings.schedule, force=True)
    return newest_mail(site)


def about(topic: str, number: int) -> Paper:
    """Return a paper whose words are about one topic."""
    return paper(
        f"arxiv:2611.{number:05}",
        title=f"{topic.capitalize()} number {number}",
        abstract=f"We study {topic} and what {topic} needs. A method for {topic} is shown.",
    )


def test_an_opinion_given_in_the_mail_moves_the_next_digest(site: Running) -> None:
    site.client.post("/subscribe", data={"email": EMAIL, "category": "cs.RO"})
    site.client.post(link(newest_mail(site), "confirm"))
    newest_mail(site)

    others = ("soil moisture", "graph theory", "protein folding", "speech synthesis", "bird song")
    elsewhere = [
        replace(about(f"{topic} {word}", 100 + number), categories=("q-bio.TO",))
        for number, (topic, word) in enumerate(product(others, ("models", "surveys", "methods")))
    ]
    list_papers(site, *elsewhere)
    list_papers(site, about("quadruped locomotion", 1), about("tactile manipulation", 2))
    first = next_digest(site)
    assert "Quadruped" in first
    assert "Tactile" in first
    less = link(first, "feedback", "?paper=arxiv:2611.00001&opinion=less")
    more = link(first, "feedback", "?paper=arxiv:2611.00002&opinion=more")
    assert "Quadruped locomotion number 1" in site.client.get(less).text
    site.client.post(less, data={"action": "less"})
    site.client.post(more, data={"action": "more"})

    list_papers(site, about("quadruped locomotion", 3), about("tactile manipulation", 4))
    second = next_digest(site)
    assert "Tactile manipulation number 4" in second
    assert second.index("Tactile") < (second + "Quadruped").index("Quadruped")
    assert "similar to “Tactile manipulation number 2”" in " ".join(second.split())

    site.client.post(less, data={"action": "withdraw"})
    site.client.post(more, data={"action": "withdraw"})
    site.client.post(less, data={"action": "more"})
    list_papers(site, about("quadruped locomotion", 5), about("tactile manipulation", 6))
    third = next_digest(site)
    assert third.index("Quadruped") < (third + "Tactile").index("Tactile")

    site.client.post(link(third, "unsubscribe"), data={"action": "leave"})
    assert status(site) is SubscriberStatus.UNSUBSCRIBED
    assert "number 7" not in newest_mail(site)
