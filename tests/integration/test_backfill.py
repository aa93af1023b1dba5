"""The past of a source comes into the store, each paper on its own day."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from digest import backfill
from digest.config import Http
from digest.errors import SourceMalformed, SourceUnavailable
from digest.ingest import NamedSource
from digest.model import Fetched, Signal, SignalName, SourceOutcome
from digest.ports import DatedSource
from digest.sources.http import Fetcher
from digest.sources.huggingface import HuggingFace, HuggingFaceOptions
from digest.store import Store
from digest.testing import FakeClock, FakeSource
from tests.support.desk import desk
from tests.support.httpd import Answer, Httpd
from tests.support.samples import NOW, paper, papers

API = "/api/daily_papers"
TODAY = NOW.replace(hour=0)
DAY = timedelta(days=1)


@pytest.fixture
def httpd() -> Iterator[Httpd]:
    with Httpd() as server:
        yield server


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock(NOW)


@pytest.fixture
def hub(httpd: Httpd, clock: FakeClock) -> NamedSource:
    """Return the real source, with a server of our own."""
    fetcher = Fetcher(Http(allow_hosts=(httpd.host,), timeout=10), clock=clock, user_agent="test/1")
    source = HuggingFace(HuggingFaceOptions(url=httpd.url()), fetcher, clock)
    return NamedSource("hub", "huggingface", source)


def page(number: int, *, upvotes: int = 5) -> Answer:
    record = {
        "paper": {
            "id": f"2611.{number:05d}",
            "title": f"Sheep, part {number}",
            "summary": "We count sheep.",
            "upvotes": upvotes,
        },
        "numComments": 1,
    }
    return Answer(json.dumps([record]).encode())


def asked(httpd: Httpd) -> list[str]:
    return [one.params["date"] for one in httpd.asked]


def test_each_day_is_asked_and_its_papers_are_listed_on_it(
    store: Store, httpd: Httpd, hub: NamedSource, clock: FakeClock
) -> None:
    httpd.route(API, page(1, upvotes=40), page(2), Answer(b"[]"))
    steps: list[int] = []
    report = backfill.run(store, hub, days=3, clock=clock, step=steps.append)
    assert asked(httpd) == ["2026-11-23", "2026-11-22", "2026-11-21"]
    assert [(one.day.day, one.outcome, one.new) for one in report.asked] == [
        (23, SourceOutcome.NEW, 1),
        (22, SourceOutcome.NEW, 1),
        (21, SourceOutcome.EMPTY, 0),
    ]
    assert (report.new, report.left, report.exit_code, sum(steps)) == (2, 0, 0, 3)
    with store.read() as tx:
        found = tx.papers.listed(TODAY - 9 * DAY, NOW)
    assert [(one.paper.key, one.listed_at) for one in found] == [
        ("arxiv:2611.00001", TODAY - DAY),
        ("arxiv:2611.00002", TODAY - 2 * DAY),
    ]
    # The figures are those of now, and say so.
    assert {(one.value, one.observed_at) for one in found[0].signals} == {
        (40, clock.now()),
        (1, clock.now()),
    }


def test_a_second_run_asks_only_for_what_is_missing(
    store: Store, httpd: Httpd, hub: NamedSource, clock: FakeClock
) -> None:
    httpd.route(API, page(1), Answer(status=400), page(3), page(2))
    first = backfill.run(store, hub, days=3, clock=clock)
    assert [one.day.day for one in first.failed] == [22]
    assert (first.new, first.exit_code) == (2, 1)
    again = backfill.run(store, hub, days=3, clock=clock)
    assert asked(httpd)[3:] == ["2026-11-22"]
    assert (again.known, again.new, again.exit_code) == (2, 1, 0)


def test_an_upstream_that_is_down_is_left_alone(
    store: Store, httpd: Httpd, hub: NamedSource, clock: FakeClock
) -> None:
    httpd.route(API, page(1), Answer(b"<html>"), page(3), *[Answer(b"<html>")] * 9)
    report = backfill.run(store, hub, days=30, clock=clock)
    assert len(report.asked) == 6
    assert (len(report.failed), report.left) == (4, 24)


def test_a_source_with_one_list_says_that_it_has_no_other_days(
    store: Store, httpd: Httpd, clock: FakeClock
) -> None:
    url = httpd.route("/list.json", page(1))
    fetcher = Fetcher(Http(allow_hosts=(httpd.host,), timeout=10), clock=clock, user_agent="test/1")
    source = HuggingFace(HuggingFaceOptions(url=url), fetcher, clock)
    report = backfill.run(store, NamedSource("one", "huggingface", source), days=9, clock=clock)
    assert "has no other days: leave out its url" in report.asked[0].error


def test_a_bug_in_a_source_is_the_failure_of_a_day(store: Store, clock: FakeClock) -> None:
    class Odd:
        def fetch(self, since: datetime | None, cursor: str | None) -> Fetched:
            return Fetched()

        def on(self, day: date) -> Fetched:
            if day.day == 23:
                raise ZeroDivisionError
            return Fetched(papers=(paper(),))

    assert isinstance(Odd(), DatedSource)
    report = backfill.run(store, NamedSource("odd", "odd", Odd()), days=2, clock=clock)
    assert [one.outcome for one in report.asked] == [SourceOutcome.FAILED, SourceOutcome.NEW]
    assert "a bug in the source: ZeroDivisionError" in report.asked[0].error


def test_a_bug_in_a_source_without_past_lists_is_its_failure(
    store: Store, clock: FakeClock
) -> None:
    named = NamedSource("journal", "fake", FakeSource(ZeroDivisionError("ours")))
    (only,) = backfill.run(store, named, days=2, clock=clock).asked
    assert only.error == "a bug in the source: ZeroDivisionError: ours"


def test_a_paper_that_is_known_keeps_its_day_and_gets_its_figures(
    store: Store, httpd: Httpd, hub: NamedSource, clock: FakeClock
) -> None:
    with store.write() as tx:
        known = paper("arxiv:2611.00001")
        tx.papers.add([known], source="arxiv", listed_at=TODAY - 5 * DAY)
    httpd.route(API, page(1, upvotes=40))
    assert backfill.run(store, hub, days=1, clock=clock).new == 0
    with store.read() as tx:
        (found,) = tx.papers.voted(TODAY - 9 * DAY, NOW, seen=clock.now())
    assert found.listed_at == TODAY - 5 * DAY
    assert found.paper.title == known.title


def test_a_source_without_past_lists_is_asked_once(store: Store, clock: FakeClock) -> None:
    old, young, undated = papers(3)
    published = datetime(2026, 11, 20, 15, tzinfo=UTC)
    source = FakeSource(
        Fetched(
            papers=(
                paper(old.key, published_at=published - 400 * DAY),
                paper(young.key, published_at=published),
                undated,
            ),
            signals=(Signal(young.key, "j", SignalName.UPVOTES, 3, NOW),),
        )
    )
    report = backfill.run(store, NamedSource("journal", "fake", source), days=30, clock=clock)
    assert source.calls == [(TODAY - 30 * DAY, None)]
    assert (report.new, report.asked[0].signals, report.exit_code) == (3, 1, 0)
    with store.read() as tx:
        listed = {one.paper.key: one.listed_at for one in tx.papers.listed(TODAY - 99 * DAY, NOW)}
    assert listed == {
        old.key: TODAY - 30 * DAY,
        young.key: published.replace(hour=0),
        undated.key: TODAY,
    }


# --- the command ----------------------------------------------------------------------------


def test_the_command_says_what_came(tmp_path: Path) -> None:
    at = desk(tmp_path)
    at.sources["journal"] = FakeSource(Fetched(papers=papers(3)))
    shown = at.do("backfill", "journal", "--days", "9").stdout
    assert "papers new" in shown
    found = at.ask("backfill", "journal", "--days", "9")
    assert (found["source"], found["days"], found["new"], found["failed"]) == ("journal", 9, 0, 0)
    assert found["asked"][0]["outcome"] == "unchanged"


def test_the_command_learns_from_what_came(tmp_path: Path) -> None:
    at = desk(tmp_path)
    past = tuple(
        paper(f"arxiv:2601.{number:05d}", published_at=NOW - (3 + number // 10) * DAY)
        for number in range(320)
    )
    signals = tuple(Signal(one.key, "j", SignalName.UPVOTES, 3, NOW) for one in past)
    at.sources["journal"] = FakeSource(Fetched(papers=past, signals=signals))
    at.do("backfill", "journal", "--days", "90")
    assert at.ask("status")["expected_attention"]["model"]["papers"] == 320


@pytest.mark.parametrize(
    ("error", "code"), [(SourceUnavailable("it is down"), 75), (SourceMalformed("it is odd"), 1)]
)
def test_the_command_ends_in_the_code_of_what_went_wrong(
    tmp_path: Path, error: Exception, code: int
) -> None:
    at = desk(tmp_path)
    at.sources["journal"] = FakeSource(error)
    result = at.type("backfill", "journal", "--days", "9")
    assert result.exit_code == code
    assert str(error) in result.stderr
    assert at.type("backfill", "nobody", "--days", "9").exit_code == 1
    assert at.type("backfill", "journal").exit_code == 2
