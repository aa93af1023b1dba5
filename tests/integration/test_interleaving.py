"""Two rankers that share each digest, and what comes of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from digest import rank
from digest.app import App
from digest.config import RankingSettings, Schedule, Settings
from digest.evaluation.interleave import Shared
from digest.history import shared
from digest.model import (
    DeliveryState,
    Fetched,
    Interest,
    InterestKind,
    Opinion,
    Paper,
    Subscriber,
)
from digest.ports import Clock, Ranker
from digest.ranking import ranker as made
from digest.store import Store
from digest.testing import FakeSource, ListRanker
from tests.support.desk import Desk, desk
from tests.support.samples import NOW, paper, papers, subscribe

KEYS = [one.key for one in papers(8)]
UP, DOWN = ListRanker(KEYS, reason="up"), ListRanker(KEYS[::-1], reason="down")
BOTH = ["up", "down"]


def run(store: Store, *new: Paper, ranker: Ranker = UP, rival: Ranker | None = DOWN) -> None:
    with store.write() as tx:
        tx.papers.add(new or papers(8), source="arxiv", listed_at=NOW)
    settings = RankingSettings(
        max_papers=6, min_score=0, diversity=0, ranker="up", interleave="down"
    )
    planner = rank.Planner(
        store=store, ranker=ranker, settings=settings, domain="example.org", now=NOW, rival=rival
    )
    rank.run(planner, schedule=Schedule())


def planned(store: Store, reader: Subscriber) -> tuple[list[tuple[str, str]], Mapping[str, Any]]:
    """Return the papers of a reader's digest with their reasons, and what is told of it."""
    with store.read() as tx:
        (delivery,) = tx.deliveries.list(email=reader.email)
        picks = tx.deliveries.picks(delivery.id)
    return [(one.paper.key, one.reason) for one in picks], delivery.facts


def by_team(picks: Sequence[tuple[str, str]], reason: str) -> list[str]:
    return [key for key, each in picks if each == reason]


def test_each_ranker_drafts_its_best_and_gives_its_own_reasons(store: Store) -> None:
    reader = subscribe(store)
    run(store)
    picks, facts = planned(store, reader)
    assert by_team(picks, "up") == KEYS[:3]
    assert by_team(picks, "down") == KEYS[:4:-1]
    teams = [BOTH.index(reason) for _, reason in picks]
    # Nothing is hot here and nobody is followed: they stand as they were drafted.
    assert facts["draft"] == {"rankers": BOTH, "teams": teams, "turns": [1, 2, 3, 4, 5, 6]}


def test_who_drafted_when_is_kept_where_papers_stand_in_another_order(store: Store) -> None:
    reader = subscribe(store)
    with store.write() as tx:
        follow = Interest(InterestKind.AUTHOR, "Ada Followed")
        tx.subscribers.set_interests(reader.id, [follow], NOW)
    followed = replace(papers(8)[5], authors=("Ada Followed",))
    run(store, *(each for each in papers(8) if each.key != followed.key), followed)
    picks, facts = planned(store, reader)
    assert picks[0] == (followed.key, "down")
    turns = facts["draft"]["turns"]
    assert turns[0] in (5, 6)
    assert sorted(turns) == [1, 2, 3, 4, 5, 6]
    in_order = [picks[place] for place in np.argsort(turns)]
    assert by_team(in_order, "up") == KEYS[:3]
    assert by_team(in_order, "down") == KEYS[:4:-1]
    with store.write() as tx:
        (delivery,) = tx.deliveries.list()
        tx.deliveries.move(delivery.id, expected=DeliveryState.PLANNED, to=DeliveryState.SENT)
        tx.feedback.give(reader.id, KEYS[0], Opinion.MORE, now=NOW + timedelta(hours=1))
    found = shared(store, since=NOW - timedelta(days=1), until=NOW + timedelta(days=1))
    (one,) = found["up", "down"]
    assert list(one.teams) == [key for key, _ in in_order]


def test_a_coin_for_each_digest_says_who_begins(store: Store) -> None:
    readers = [subscribe(store, f"{number}@example.org") for number in range(40)]
    run(store)
    begins = [planned(store, reader)[0][0][1] for reader in readers]
    assert 5 < begins.count("up") < 35


def test_without_a_rival_nothing_is_drafted(store: Store) -> None:
    reader = subscribe(store)
    run(store, rival=None)
    picks, facts = planned(store, reader)
    assert [key for key, _ in picks] == KEYS[:6]
    assert "draft" not in facts


def test_papers_of_nearly_one_title_do_not_stand_together_though_both_want_one(
    store: Store,
) -> None:
    reader = subscribe(store)
    twins = [paper(key, title="The very same title of two papers") for key in (KEYS[0], KEYS[7])]
    run(store, *twins, *papers(6, first=2))
    picks, _ = planned(store, reader)
    assert len({KEYS[0], KEYS[7]} & {key for key, _ in picks}) == 1
    assert len(picks) == 6


@pytest.mark.parametrize("ours_first", [True, False])
def test_what_one_ranker_knows_to_be_muted_the_other_does_not_bring_in(
    store: Store, ours_first: bool
) -> None:
    reader = subscribe(store, "reader@example.org", "study")
    with store.write() as tx:
        mute = replace(reader.interests[0], value="00008", weight=-1.0)
        tx.subscribers.set_interests(reader.id, [*reader.interests, mute], NOW)
    ours = made("default")
    ranker, rival = (ours, DOWN) if ours_first else (DOWN, ours)
    run(store, ranker=ranker, rival=rival)
    picks, _ = planned(store, reader)
    assert KEYS[7] not in [key for key, _ in picks]
    assert KEYS[6] in [key for key, _ in picks]


def test_opinions_are_credited_to_the_ranker_that_drafted_the_paper(store: Store) -> None:
    ada, bob = (subscribe(store, f"{name}@example.org") for name in ("ada", "bob"))
    run(store)
    with store.write() as tx:
        for delivery in tx.deliveries.list():
            tx.deliveries.move(delivery.id, expected=DeliveryState.PLANNED, to=DeliveryState.SENT)
        later = NOW + timedelta(hours=1)
        tx.feedback.give(ada.id, KEYS[0], Opinion.MORE, now=later)
        tx.feedback.give(ada.id, KEYS[7], Opinion.LESS, now=later)
        # Said of a paper that the digest does not hold, or before it: nobody's credit.
        tx.feedback.give(ada.id, KEYS[3], Opinion.MORE, now=later)
        tx.feedback.give(bob.id, KEYS[0], Opinion.MORE, now=NOW - timedelta(hours=1))
    picks, _ = planned(store, ada)
    teams = {key: BOTH.index(reason) for key, reason in picks}
    found = shared(store, since=NOW - timedelta(days=1), until=NOW + timedelta(days=1))
    one = Shared(ada.id, teams, more=frozenset([KEYS[0]]), less=frozenset([KEYS[7]]))
    assert found == {("up", "down"): [one]}


# --- the command ------------------------------------------------------------------------------


class Site(Desk):
    """A desk whose program has two rankers."""

    def build(self, settings: Settings, clock: Clock | None) -> App:
        return replace(super().build(settings, clock), ranker=UP, rival=DOWN)


def test_the_credit_of_a_site_is_reported(tmp_path: Path) -> None:
    at = Site(tmp_path)
    at.sources["journal"] = FakeSource(Fetched(papers=papers(8)))
    at.do("db", "upgrade")
    at.do("subscriber", "add", "ada@example.org", "--confirmed", "--category", "cs.RO")
    nothing = at.do("eval", "credit")
    assert "see [ranking] interleave" in nothing.stderr
    at.do("run")
    with closing(at.open()) as store, store.write() as tx:
        reader = tx.subscribers.by_email("ada@example.org")
        assert reader is not None
        tx.feedback.give(reader.id, KEYS[0], Opinion.MORE, now=NOW + timedelta(hours=1))
    at.clock.advance(24 * 3600)
    (found,) = at.ask("eval", "credit")
    assert (sum(found["papers"]), found["more"], found["wins"]) == (8, [1, 0], [1, 0])
    assert "leads by +0.500" in at.do("eval", "credit").stdout


def test_the_rankers_of_a_site_are_named_in_its_configuration(tmp_path: Path) -> None:
    at = desk(tmp_path)
    at.config.write_text(at.config.read_text() + '[ranking]\ninterleave = "oracle"\n')
    refused = at.type("run")
    assert refused.exit_code == 78
    assert 'There is no ranker "oracle": use one of default' in refused.stderr
