"""Why somebody gets these papers and not those: `digest preview --explain`, and what changes it."""

from __future__ import annotations

import math
import re
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from digest.app import App
from digest.config import Settings
from digest.model import Fetched, Opinion, Signal, SignalName
from digest.ports import Clock
from digest.testing import FakeSource, ListRanker
from tests.support.desk import Desk, desk
from tests.support.samples import paper

DAY = 24 * 3600
ICE = ["glacier", "polar", "frost", "moraine", "firn", "berg", "icecap", "snow"]
SAND = ["dune", "desert", "quartz", "barchan", "yardang", "erg", "ripple", "dust"]


def _papers(day: int) -> Fetched:
    """Return papers of one day on ice and on sand, which share no word."""
    made = []
    for number in range(12):
        own = (ICE, SAND)[number % 2]
        one, two, three, four = (own[(number // 2 + step) % 8] for step in range(4))
        made.append(
            paper(
                f"arxiv:2611.{100 * day + number:05d}",
                title=f"On {one} and {two}, part{day} part{number}",
                abstract=f"Here is {three} with {four} in place{day} place{number}.",
                categories=(("physics.ao-ph", "physics.geo-ph")[number % 2],),
            )
        )
    return Fetched(papers=tuple(made))


@pytest.fixture
def at(tmp_path: Path) -> Desk:
    """Return a desk with two days of papers and a reader of all of them."""
    made = desk(tmp_path)
    made.sources["journal"] = FakeSource(*map(_papers, range(1, 4)))
    made.do("subscriber", "add", "ada@example.org", "--confirmed", "--category", "physics")
    return made


def _tomorrow(at: Desk) -> dict[str, float]:
    """Let a day go by and return the scores of its papers for Ada."""
    at.clock.advance(DAY)
    at.do("ingest")
    looked_at = _looked_at(at, len(at.sources["journal"].calls))
    return {one["key"]: one["score"] for one in looked_at}


def _looked_at(at: Desk, day: int) -> list[dict[str, Any]]:
    """Return what is told of each paper of a day."""
    keys = [one.key for one in _papers(day).papers]
    asked = [part for key in keys for part in ("--paper", key.removeprefix("arxiv:"))]
    found = at.ask("preview", "ada@example.org", *asked)
    return [one for one in found["papers"] if one["key"] in keys]


def _say(at: Desk, opinion: Opinion, *keys: str) -> None:
    with closing(at.open()) as store, store.write() as tx:
        ada = tx.subscribers.by_email("ada@example.org")
        assert ada is not None
        for key in keys:
            tx.feedback.give(ada.id, key, opinion, now=at.clock.now())


def _mean(scores: dict[str, float], kind: int) -> float:
    some = [score for key, score in scores.items() if int(key[-1]) % 2 == kind]
    return sum(some) / len(some)


# --- what changes it --------------------------------------------------------------------------


def test_a_dislike_lowers_its_kind_the_next_day_and_nothing_else(at: Desk) -> None:
    at.do("ingest")
    _say(at, Opinion.LESS, "arxiv:2611.00100", "arxiv:2611.00102")
    scores = _tomorrow(at)
    assert _mean(scores, 0) < 0.7 * _mean(scores, 1)
    (one, *_) = at.ask("preview", "ada@example.org", "--paper", "2611.00200")["papers"][-1:]
    assert [each["kind"] for each in one["explanation"]["against"]] == ["dislikes"]


def test_an_author_is_muted_by_name(at: Desk) -> None:
    at.do("ingest")
    at.do("subscriber", "edit", "ada@example.org", "--mute", "author:Ada Example")
    shown = at.ask("subscriber", "show", "ada@example.org")["subscriber"]["interests"]
    assert {"kind": "author", "value": "Ada Example", "weight": -1.0}.items() <= shown[-1].items()
    assert set(_tomorrow(at).values()) == {-1.0}


def test_a_mute_takes_its_kind_out_the_next_day(at: Desk) -> None:
    at.do("ingest")
    at.do("subscriber", "edit", "ada@example.org", "--mute", "physics.geo-ph")
    scores = _tomorrow(at)
    assert {score for key, score in scores.items() if int(key[-1]) % 2} == {-1.0}
    (one,) = at.ask("preview", "ada@example.org", "--paper", "2611.00201")["papers"][-1:]
    assert one["verdict"] == "an interest mutes it"
    assert one["explanation"]["muted_by"] == "physics.geo-ph"


def test_a_reset_forgets_opinions_and_interests(at: Desk) -> None:
    at.do("ingest")
    at.do("subscriber", "edit", "ada@example.org", "--mute", "physics.geo-ph")
    _say(at, Opinion.LESS, "arxiv:2611.00100")
    _say(at, Opinion.MORE, "arxiv:2611.00102")
    at.do("subscriber", "edit", "ada@example.org", "--reset", "--category", "physics")
    shown = at.ask("subscriber", "show", "ada@example.org")
    assert shown["feedback"] == []
    assert [one["value"] for one in shown["subscriber"]["interests"]] == ["physics"]
    scores = _tomorrow(at)
    assert len(set(scores.values())) == 1


# --- how it is shown --------------------------------------------------------------------------


def test_the_figures_that_are_shown_can_be_worked_out_again(at: Desk) -> None:
    at.do("ingest")
    _say(at, Opinion.MORE, "arxiv:2611.00100", "arxiv:2611.00102")
    at.do("subscriber", "edit", "ada@example.org", "--keyword", "polar frost")
    at.clock.advance(DAY)
    at.do("ingest")
    found = at.ask("preview", "ada@example.org", "--explain")
    assert [one["position"] for one in found["papers"]] == [*range(1, len(found["papers"]) + 1)]
    for one in found["papers"]:
        _check(one)
    # The second of those that the same interest brings.
    shares = sorted({one["share"] for one in found["papers"]})
    assert shares[:2] == [0, pytest.approx(1 / 12)]


def _check(one: dict[str, Any]) -> None:
    told = one["explanation"]
    factors = []
    for each in told["evidence"]:
        if each["closeness"] is not None:
            curve = each["curve"]
            closeness = sum(part["value"] for part in each["summands"])
            beyond = max(0.0, closeness - curve["least"]) / curve["width"]
            assert each["base"] == pytest.approx(curve["most"] * (1 - math.exp(-beyond)), abs=1e-4)
        factors.append((1 - each["strength"]) ** each["weight"])
    relevance = 1 - math.prod(factors)
    weight = told["trending_weight"]
    ours = (1 - weight) * told["relevance_raised"] * relevance
    score = told["discount"] * (ours + weight * told["trending_raised"] * told["trending"])
    assert one["score"] == pytest.approx(score, abs=1e-4)
    worth = score * (1 - one["diversity"] * one["likeness"]) * (1 - one["crowding"] * one["share"])
    assert one["worth"] == pytest.approx(worth, abs=1e-4)


def test_a_person_reads_the_sum_and_the_reason(at: Desk) -> None:
    at.do("ingest")
    at.do("subscriber", "edit", "ada@example.org", "--category", "physics.ao-ph")
    text = at.do("preview", "ada@example.org", "--explain").stdout
    assert "1. On " in text
    assert "why         in your category physics.ao-ph" in text
    assert "0.750 = 1 - 0.250             category physics.ao-ph" in text
    assert "relevance   1 - 0.750 = 0.250" in text
    assert "score       1.000 * ((1 - 0.300) * 0.250 + 0.300 * 0.000) = 0.175" in text
    assert at.transport.messages == []


def test_a_paper_that_is_not_shown_says_why(at: Desk) -> None:
    at.do("run")
    at.clock.advance(DAY)
    at.do("ingest")
    at.do("subscriber", "edit", "ada@example.org", "--category", "physics.ao-ph")

    def verdict(paper_id: str) -> str:
        found = at.ask("preview", "ada@example.org", "--paper", paper_id)["papers"]
        (one,) = [one for one in found if one["key"] == f"arxiv:{paper_id}"]
        return str(one["verdict"])

    assert "was listed before" in verdict("2611.00100")
    assert "is below min_score 0.1" in verdict("2611.00201")
    _say(at, Opinion.MORE, "arxiv:2611.00202")
    assert verdict("2611.00202") == "the reader has given it to us"
    at.do("subscriber", "edit", "ada@example.org", "--max-papers", "2")
    # Of this day's 16 of the category; those of yesterday are not to be had.
    (before,) = re.findall(
        r"^(\d+) papers come before it by their score, and 2 are taken$", verdict("2611.00210")
    )
    assert int(before) < 16


def test_a_paper_that_is_not_listed_is_an_error(at: Desk) -> None:
    at.do("ingest")
    result = at.type("preview", "ada@example.org", "--paper", "2401.00001")
    assert result.exit_code == 1
    assert "not among the papers that were listed in the last 7 days" in result.stderr
    assert at.type("preview", "ada@example.org", "--paper", "?").exit_code == 2


def test_a_surprise_is_said_to_be_drawn(at: Desk) -> None:
    tides = tuple(paper(f"x:{n}", title=f"On tide{n}", categories=("cs.CV",)) for n in range(9))
    votes = tuple(Signal(one.key, "hub", SignalName.UPVOTES, 100, at.clock.now()) for one in tides)
    at.sources["hub"] = FakeSource(Fetched(papers=tides, signals=votes))
    at.do("ingest")
    at.do("subscriber", "edit", "ada@example.org", "--trending-weight", "0.05")
    text = at.do("preview", "ada@example.org", "--explain").stdout
    assert "why         a surprise from outside your interests" in text
    assert "place       drawn from the hottest papers of fields that the digest has not" in text


# --- other rankers ----------------------------------------------------------------------------


@dataclass
class _OtherDesk(Desk):
    """A desk whose site has a ranker of another maker, and perhaps ours as its rival."""

    with_rival: bool = False

    def build(self, settings: Settings, clock: Clock | None) -> App:
        """Put the other ranker in its place."""
        app = super().build(settings, clock)
        rival = app.ranker if self.with_rival else None
        return replace(app, ranker=ListRanker(), rival=rival)


@pytest.fixture
def other(at: Desk) -> _OtherDesk:
    """Return the same desk with a ranker that does not explain itself."""
    at.do("ingest")
    return _OtherDesk(at.folder, at.clock, at.transport, at.sources)


def test_a_ranker_that_does_not_explain_itself_is_said_not_to(other: _OtherDesk) -> None:
    text = other.do("preview", "ada@example.org", "--explain").stdout
    assert "why         it is on the list" in text
    assert "score       1.000; the ranker default does not explain itself" in text
    found = other.ask("preview", "ada@example.org")["papers"]
    assert {one["explanation"] for one in found} == {None}


def test_of_two_rankers_each_explains_its_own_papers(other: _OtherDesk) -> None:
    other.with_rival = True
    found = other.ask("preview", "ada@example.org")["papers"]
    ours = [one for one in found if one["explanation"] is not None]
    assert 0 < len(ours) < len(found)
    for one in ours:
        assert one["reason"] == "in your category physics"
        _check(one)
