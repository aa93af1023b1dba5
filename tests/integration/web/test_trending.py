"""What is trending, asked for by every door of one site: all of them say the same."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as Xml

import httpx
import pytest

from digest.config import RankingSettings
from digest.model import Cadence, Signal, SignalName
from digest.rank import open_pool
from digest.ranking import ranker
from tests.support.desk import Desk
from tests.support.samples import NOW, paper
from tests.support.site import Running, running

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)

ATOM = "{http://www.w3.org/2005/Atom}"

STEADY = "arxiv:2611.00201"
SUDDEN = "arxiv:2611.00202"


@dataclass
class Everywhere:
    """One database, a command line and a site over it, and one time."""

    desk: Desk
    site: Running

    def typed(self, window: str, *more: str) -> list[tuple[str, float]]:
        found = self.desk.ask("trending", "--window", window, "--limit", "100", *more)
        return [(one["paper"], one["score"]) for one in found["trending"]]

    def asked(self, path: str, **query: str) -> list[tuple[str, float]]:
        answer = self.site.client.get(f"/api/v1{path}", params={"limit": "100", **query})
        assert answer.status_code == 200, answer.text
        return [(one["key"], one["score"]) for one in answer.json()["papers"]]

    def shown(self, path: str, **query: str) -> list[tuple[str, float]]:
        """Turn the pages of a list to its end."""
        found: list[tuple[str, float]] = []
        address = str(httpx.URL(path, params=query))
        while address:
            body = self.site.client.get(address).text
            for article in body.split('<article class="paper"')[1:]:
                key = re.search(r'href="/papers/([^"]+)"', article)
                score = re.search(r'<data class="score" value="([\d.]+)"', article)
                assert key is not None
                found.append((key[1], float(score[1]) if score else 0.0))
            following = re.search(r'rel="next" href="([^"]+)">More', body)
            address = following[1].replace("&amp;", "&") if following else ""
        return found

    def write(
        self, key: str, field: str, *, listed: datetime, votes: Iterable[tuple[datetime, int]]
    ) -> None:
        one = paper(key, title=f"On {key[-5:]}", categories=(field,))
        with self.site.app.store.write() as tx:
            tx.papers.add([one], source="hub", listed_at=listed)
            tx.signals.record(
                Signal(key, "hub", SignalName.UPVOTES, value, at) for at, value in votes
            )


def at_one_time(folder: Path, site: Running) -> Everywhere:
    site.clock.advance((NOW - site.clock.now()).total_seconds())
    return Everywhere(Desk(folder, site.clock), site)


@pytest.fixture
def everywhere(tmp_path: Path) -> Iterable[Everywhere]:
    """Return a site with forty papers of three weeks and a command line over its database."""
    with running(tmp_path) as site:
        found = at_one_time(tmp_path, site)
        for number in range(40):
            listed = NOW - number // 2 * DAY - 3 * HOUR
            count = number % 7 + 1
            later = [(listed + hours * HOUR, hours * count // 5) for hours in (1, 9, 30)]
            votes = [(at, value) for at, value in later if at <= NOW]
            field = "cs.RO" if number % 2 else "cs.CL"
            found.write(f"arxiv:2611.{number:05d}", field, listed=listed, votes=votes)
        # One was loved over some days, the other one has begun this morning.
        steady = [(NOW - 76 * HOUR, 60), (NOW - 50 * HOUR, 120), (NOW - 20 * HOUR, 130)]
        found.write(STEADY, "cs.RO", listed=NOW - 77 * HOUR, votes=steady)
        found.write(SUDDEN, "cs.CL", listed=NOW - 2 * HOUR, votes=[(NOW - HOUR, 40)])
        yield found


@pytest.mark.parametrize("window", ["day", "week", "month"])
def test_all_doors_say_the_same(everywhere: Everywhere, window: str) -> None:
    typed = everywhere.typed(window)
    assert len(typed) > 2
    assert typed == everywhere.asked("/trending", window=window)
    assert typed == everywhere.shown("/trending", window=window)
    for field in ("cs.RO", "CS"):
        of_field = everywhere.typed(window, "--category", field)
        assert of_field == everywhere.asked("/trending", window=window, category=field)
        assert of_field == everywhere.shown("/trending", window=window, category=field)


def test_a_longer_window_has_another_order(everywhere: Everywhere) -> None:
    def place(window: str, key: str) -> int:
        return [one for one, _ in everywhere.typed(window)].index(key)

    assert place("day", SUDDEN) < place("day", STEADY)
    assert place("week", STEADY) < place("week", SUDDEN)


def test_the_feed_has_the_week_and_says_why(everywhere: Everywhere) -> None:
    root = Xml.fromstring(everywhere.site.client.get("/feed.atom").content)
    keys = [
        one.findtext(f"{ATOM}id", "").partition("/papers/")[2] for one in root.iter(f"{ATOM}entry")
    ]
    assert keys == [key for key, _ in everywhere.typed("week")][:50]
    told = everywhere.desk.ask("trending", "--window", "week")["trending"][0]["why"]
    first = next(root.iter(f"{ATOM}entry"))
    assert first.findtext(f"{ATOM}summary", "").startswith(told)


@pytest.mark.parametrize(("cadence", "window"), [(Cadence.DAILY, "day"), (Cadence.WEEKLY, "week")])
def test_mails_are_chosen_by_the_same_scores(
    everywhere: Everywhere, cadence: Cadence, window: str
) -> None:
    pool = open_pool(
        everywhere.site.app.store, ranker("default"), cadence, settings=RankingSettings(), now=NOW
    )
    known = {one.paper.key: one.trend.score for one in pool.candidates if one.trend is not None}
    listed = dict(everywhere.typed(window, "--explain"))
    both = known.keys() & listed.keys()
    assert len(both) > 2
    assert {key: known[key] for key in both} == {key: listed[key] for key in both}


@pytest.mark.parametrize(
    ("window", "name"), [("day", "2026-11-24"), ("week", "2026-W48"), ("month", "2026-11")]
)
def test_a_period_is_measured_by_its_own_window(
    everywhere: Everywhere, window: str, name: str
) -> None:
    listed = everywhere.asked("/papers", window=name)
    assert listed == everywhere.shown(f"/{window}/{name}")
    known = dict(everywhere.typed(window))
    voted = [(key, score) for key, score in listed if score]
    assert voted
    assert voted == [(key, known[key]) for key, _ in voted]
    assert [key for key, _ in voted] == [key for key in known if key in dict(voted)]


def test_the_score_is_the_published_one(tmp_path: Path) -> None:
    """Compute it as docs/explanation/trending.md says: two papers of two fields, no others."""
    half_life = 2.5
    with running(tmp_path) as site:
        both = at_one_time(tmp_path, site)
        both.write(STEADY, "cs.RO", listed=NOW - 60 * HOUR, votes=[(NOW - 48 * HOUR, 80)])
        votes = [(NOW - 14 * HOUR, 10), (NOW - 2 * HOUR, 25)]
        both.write(SUDDEN, "cs.CL", listed=NOW - 15 * HOUR, votes=votes)
        assert both.asked("/trending", window="week") == both.typed("week")
        found = dict(both.typed("week", "--explain"))

    # Papers were listed on 21 and 23 November: what passed on the 22nd and, until now, on the
    # 24th is no day with papers.
    def days(since: datetime) -> float:
        quiet = [NOW.replace(hour=0) - 2 * DAY, NOW.replace(hour=0)]
        passed = NOW - since
        for begin in quiet:
            passed -= max(timedelta(0), min(NOW, begin + DAY) - max(since, begin))
        return passed / DAY

    def score(heat: float, as_hot: int, there: int, own: int) -> float:
        plain = heat / 50
        expected = 1 / (1 + 19 * plain)
        everywhere = (as_hot + 20 * expected) / (there + 20)
        share = (own + 20 * everywhere) / (1 + 20)
        odds = min(max((1 - share) / (19 * share), plain / 4), plain * 4)
        return odds / (1 + odds)

    heat = 80 * 0.5 ** (days(NOW - 48 * HOUR) / half_life)
    assert found[STEADY] == pytest.approx(score(heat, 1, 1, 1), abs=1e-6)
    # The source had been silent for 34 hours: its first votes came in the middle, but not before
    # the paper did.
    heat = sum(
        gain * 0.5 ** (days(at) / half_life)
        for at, gain in ((NOW - 15 * HOUR, 10), (NOW - 2 * HOUR, 15))
    )
    # When the other one was as old as this one is now it had its 80 already, so it was hotter.
    assert found[SUDDEN] == pytest.approx(score(heat, 2, 2, 1), abs=1e-6)


def test_after_a_long_silence_nothing_is_of_the_day(everywhere: Everywhere) -> None:
    everywhere.site.clock.advance(20 * 86400)
    assert everywhere.typed("day") == everywhere.asked("/trending", window="day") == []


def document(everywhere: Everywhere, path: str, **query: str) -> Any:
    return everywhere.site.client.get(f"/api/v1{path}", params=query).json()


def test_an_answer_says_as_of_when_it_is(everywhere: Everywhere) -> None:
    everywhere.site.clock.advance(7200)
    everywhere.asked("/trending", window="week")
    everywhere.site.clock.advance(240)
    kept = document(everywhere, "/trending", window="week", limit="100")
    found = [(one["key"], one["score"]) for one in kept["papers"]]
    assert kept["measured_at"] == (NOW + 2 * HOUR).isoformat().replace("+00:00", "Z")
    assert found == everywhere.typed("week", "--now", kept["measured_at"])
