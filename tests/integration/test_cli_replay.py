"""`digest eval replay`, over two days of a site whose reader answers."""

from __future__ import annotations

from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest

from digest.model import Fetched, Opinion, Paper
from digest.testing import FakeSource
from tests.support.desk import Desk, desk
from tests.support.libraries import papers

DAY = 24 * 3600
ROBOTS = [f"x:p{number:02d}" for number in range(0, 40, 2)]


def made() -> list[Paper]:
    """Return papers on robots (even numbers) and on stars."""
    return [
        Paper(f"x:{one['id']}", f"{one['title']}, part {number}", one["abstract"])
        for number, one in enumerate(papers(40))
    ]


def answer(at: Desk) -> None:
    """Let the reader ask for more robots and fewer stars, an hour after the newest digest."""
    with closing(at.open()) as store, store.write() as tx:
        reader = tx.subscribers.by_email("ada@example.org")
        assert reader is not None
        (delivery, *_) = tx.deliveries.list(limit=1)
        for pick in tx.deliveries.picks(delivery.id):
            opinion = Opinion.MORE if pick.paper.key in ROBOTS else Opinion.LESS
            said_at = at.clock.now() + timedelta(hours=1)
            tx.feedback.give(reader.id, pick.paper.key, opinion, now=said_at)


@pytest.fixture
def at(tmp_path: Path) -> Desk:
    """Return a desk whose reader has named two subjects and answered two digests."""
    site = desk(tmp_path)
    site.sources["journal"] = FakeSource(
        Fetched(papers=tuple(made()[:20])), Fetched(papers=tuple(made()[20:]))
    )
    site.do(
        "subscriber", "add", "ada@example.org", "--confirmed", "--trending-weight", "0",
        "--keyword", "robot", "--keyword", "galaxy", "--max-papers", "8",
    )  # fmt: skip
    site.do("run")
    answer(site)
    site.clock.advance(DAY)
    site.do("run")
    answer(site)
    site.clock.advance(DAY)
    return site


def test_every_ranker_is_told_what_was_known_and_held_against_what_was_said(at: Desk) -> None:
    found = at.ask("eval", "replay")
    by_name = {one["ranker"]: one for one in found["outcomes"]}
    assert list(by_name) == [
        "default", "arxiv-sanity-lite", "scholar-inbox", "arxivdigest", "centroid", "random",
    ]  # fmt: skip
    assert {(one["digests"], one["readers"]) for one in by_name.values()} == {(2, 1)}
    # What was sent is what our ranker would send again.
    assert by_name["default"]["same"]["mean"] == 1
    assert by_name["random"]["same"]["mean"] < 1
    assert (found["interleaved"], found["lists"]) == (None, [])


def test_two_rankers_share_lists_and_are_credited(at: Desk) -> None:
    found = at.ask("eval", "replay", "--interleave", "centroid", "random")
    assert [one["ranker"] for one in found["outcomes"]] == ["centroid", "random"]
    credit = found["interleaved"]
    assert credit["rankers"] == ["centroid", "random"]
    assert sum(credit["papers"]) == 16
    assert sum(credit["wins"]) + credit["ties"] == 2
    shown = at.do("eval", "replay", "--interleave", "centroid", "random").stdout
    assert "centroid leads by" in shown


def test_one_reader_s_lists_are_shown_with_what_they_said(at: Desk) -> None:
    asked = ("eval", "replay", "--email", "ada@example.org", "--ranker", "default")
    lists = at.ask(*asked)["lists"]
    assert [one["planned_at"][:10] for one in lists] == ["2026-11-24", "2026-11-25"]
    assert len(lists[0]["shown"]["default"]) == 8
    assert set(lists[0]["more"]) <= set(ROBOTS)
    shown = at.do(*asked).stdout
    assert "2026-11-24 07:00" in shown
    assert f"{lists[0]['sent'][0]} On" in shown


def test_without_an_answer_there_is_nothing_to_replay(tmp_path: Path) -> None:
    done = desk(tmp_path).do("eval", "replay", "--days", "3")
    assert "nobody has said anything of a digest of the last 3 days" in done.stderr
    assert done.stdout == ""


def test_rankers_and_readers_that_are_not_there_are_named(at: Desk) -> None:
    strange = at.type("eval", "replay", "--ranker", "zotero-arxiv-daily")
    assert strange.exit_code == 2
    assert "known are default, arxiv-sanity-lite" in strange.stderr
    nobody = at.type("eval", "replay", "--email", "eve@example.org")
    assert nobody.exit_code == 1
    assert "there is no subscriber eve@example.org" in nobody.stderr
