"""What sources bring is written once, and one bad source stops no other."""

from __future__ import annotations

from datetime import timedelta

from digest import ingest
from digest.errors import SourceMalformed, SourceUnavailable
from digest.ingest import NamedSource
from digest.model import Fetched, Signal, SignalName, SourceOutcome, SourceReport
from digest.store import Store
from digest.testing import FakeClock, FakeSource
from tests.support.samples import NOW, paper, papers

HOUR = timedelta(hours=1)


def look(store: Store, *sources: FakeSource, clock: FakeClock | None = None) -> list[SourceReport]:
    named = [NamedSource(f"source{n}", "fake", source) for n, source in enumerate(sources)]
    return ingest.run(store, named, clock=clock or FakeClock(NOW), every=HOUR)


def test_the_counts_of_a_look_add_up(store: Store) -> None:
    upvotes = Signal(papers(1)[0].key, "source0", SignalName.UPVOTES, 7, NOW)
    source = FakeSource(
        Fetched(papers(3), signals=(upvotes,), cursor="1"),
        Fetched((*papers(1), paper("arxiv:2611.00002", version=2), *papers(1, first=4))),
    )
    (first,) = look(store, source)
    assert (first.outcome, first.received, first.new, first.signals) == ("new", 3, 3, 1)
    (second,) = look(store, source)
    assert (second.received, second.new, second.updated, second.unchanged) == (3, 1, 1, 1)
    assert source.calls == [(None, None), (None, "1")]
    with store.read() as tx:
        assert tx.papers.count() == 4


def test_a_source_that_fails_stops_no_other_and_is_remembered(store: Store) -> None:
    bug = FakeSource(ZeroDivisionError("ours"))
    away = FakeSource(SourceUnavailable("down for an hour", retry_after=3600))
    reports = look(store, bug, away, FakeSource(Fetched(papers(1))))
    assert [each.outcome for each in reports] == ["failed", "failed", "new"]
    assert reports[0].error == "a bug in the source: ZeroDivisionError: ours"
    assert [each.exit_code for each in reports] == [1, 75, 0]
    with store.read() as tx:
        state = tx.sources.get("source1")
    assert state is not None
    assert (state.error_count, state.last_error) == (1, "down for an hour")
    assert state.next_check_at == NOW + HOUR


def test_the_cursor_of_a_failed_look_is_the_one_before(store: Store) -> None:
    source = FakeSource(Fetched(cursor="1"), SourceMalformed("not a feed"), Fetched())
    for _ in range(3):
        look(store, source)
    assert [cursor for _, cursor in source.calls] == [None, "1", "1"]


def test_the_same_paper_of_two_sources_is_one(store: Store) -> None:
    reports = look(
        store, FakeSource(Fetched(papers(1))), FakeSource(Fetched((paper("arxiv:2611.00001"),)))
    )
    assert sorted(each.outcome for each in reports) == ["new", "unchanged"]
    with store.read() as tx:
        assert tx.papers.count() == 1


def test_rows_decide_which_source_is_due(store: Store) -> None:
    named = [
        NamedSource("source0", "fake", FakeSource()),
        NamedSource("other", "fake", FakeSource()),
    ]
    look(store, FakeSource(Fetched(papers(1))))
    assert [each.name for each in ingest.due(store, named, now=NOW)] == ["other"]
    assert len(ingest.due(store, named, now=NOW + HOUR)) == 2


def test_an_empty_answer_is_not_a_failure(store: Store) -> None:
    (report,) = look(store, FakeSource(Fetched()))
    assert report.outcome is SourceOutcome.EMPTY
