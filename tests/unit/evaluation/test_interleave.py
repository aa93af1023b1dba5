from __future__ import annotations

import numpy as np
import pytest

from digest.evaluation.interleave import Credit, Shared, credit, shared
from digest.evaluation.replay import Showing
from digest.ranking.drafting import team_draft
from tests.unit.evaluation.test_replay import NOW, occasion


def showing(ranker: str, *keys: str, reader: int = 1, more: str = "", less: str = "") -> Showing:
    return Showing(NOW, ranker, occasion(*keys, reader=reader, more=more, less=less), keys, None)


def shared_out(rankers: tuple[str, str], showings: list[Showing]) -> Credit:
    return credit(rankers, shared(rankers, showings, seed=1), seed=1)


def test_a_paper_that_is_wanted_is_credited_to_the_team_that_chose_it() -> None:
    said = {"more": "p0 p1", "less": "p4"}
    found = shared_out(
        ("good", "bad"),
        [showing("good", "p0", "p1", **said), showing("bad", "p4", "p5", **said)],
    )
    # Two places: one each, and the first of the other's list is unwanted.
    assert found.papers == (1, 1)
    assert (found.more, found.less) == ((1, 0), (0, 1))
    assert (found.wins, found.ties) == ((1, 0), 0)
    assert found.lead is not None
    assert found.lead.mean == 0.5


def test_the_same_list_twice_is_fair() -> None:
    both = [
        showing(name, "p0", "p1", "p2", "p3", reader=reader, more="p0 p2")
        for name in ("one", "other")
        for reader in range(300)
    ]
    found = shared_out(("one", "other"), both)
    assert sum(found.wins) + found.ties == 300
    assert found.lead is not None
    assert found.lead.low < 0 < found.lead.high
    assert found.papers == (600, 600)


@pytest.mark.parametrize("short", [2, 4, 11])
def test_a_list_that_is_longer_is_not_ahead_for_that(short: int) -> None:
    draw = np.random.default_rng(1)
    digests = []
    for reader in range(1000):
        mine, other = (draw.permutation(60)[:count].tolist() for count in (short, 12))
        teams = {str(key): team for key, team in team_draft((mine, other), 12, draw).items()}
        # Every paper is as good.
        more = frozenset(key for key in teams if draw.random() < 0.3)
        digests.append(Shared(reader, teams, more, frozenset()))
    found = credit(("short", "long"), digests, seed=1)
    assert found.lead is not None
    assert found.lead.low < 0 < found.lead.high
    assert found.papers[0] == found.papers[1] <= 1000 * short


def test_what_one_team_drafts_when_the_other_has_no_more_is_nobody_s_credit() -> None:
    teams = {"a": 0, "b": 1, "c": 1, "d": 0, "e": 1, "f": 1}
    found = credit(("one", "other"), [Shared(1, teams, frozenset("aef"), frozenset("d"))], seed=1)
    assert (found.papers, found.more, found.less) == ((2, 2), (1, 0), (1, 0))
    # Nor is the turn that the other one could not answer, for the digest was full.
    teams = {"a": 0, "b": 1, "c": 1}
    found = credit(("one", "other"), [Shared(1, teams, frozenset("c"), frozenset())], seed=1)
    assert (found.papers, found.more, found.ties) == ((1, 1), (0, 0), 1)


def test_nothing_shown_gives_no_lead() -> None:
    found = shared_out(("one", "other"), [])
    assert (found.lead, found.ties) == (None, 0)


def test_what_is_wanted_less_is_a_debit_and_what_was_not_drafted_is_nobodys() -> None:
    digests = [
        Shared(1, {"a": 0, "b": 1}, more=frozenset("a"), less=frozenset("b")),
        Shared(1, {"a": 0, "b": 1}, more=frozenset("ab"), less=frozenset("a")),
        Shared(2, {"a": 0, "b": 1}, more=frozenset("x"), less=frozenset()),
    ]
    found = credit(("one", "other"), digests, seed=1)
    assert (found.papers, found.more, found.less) == ((3, 3), (2, 1), (1, 1))
    assert (found.wins, found.ties) == ((1, 1), 1)
    assert found.lead is not None
    assert found.lead.mean == 0
