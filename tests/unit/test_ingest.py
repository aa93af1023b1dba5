"""What becomes of a received paper, and of a source after a look at it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from digest.errors import SourceMalformed, SourceUnavailable
from digest.ingest import Merged, after_failure, after_success, join, merge, outcome
from digest.model import (
    AsListed,
    Fetched,
    Link,
    LinkKind,
    Paper,
    SourceOutcome,
    SourceReport,
    SourceState,
)
from tests.support.samples import NOW, paper

PDF = Link(LinkKind.PDF, "https://arxiv.org/pdf/2611.00001")
CODE = Link(LinkKind.CODE, "https://example.org/code")
KEY = "arxiv:2611.00001"


def test_a_cross_list_adds_its_category_and_no_paper() -> None:
    first, second = paper(), paper(categories=("cs.LG", "cs.RO"))
    merged = merge([first, second], [], {})
    assert [one.categories for one in merged.new] == [("cs.RO", "cs.LG")]
    merged = merge([second], [], {KEY: first})
    assert (merged.new, [one.categories for one in merged.changed]) == ((), [("cs.RO", "cs.LG")])


def test_a_second_version_replaces_the_texts_and_keeps_links() -> None:
    first = paper(links=(CODE,), abstract="old")
    second = paper(version=2, links=(PDF,), abstract="new", title="Better title")
    joined = join(first, second)
    assert (joined.version, joined.abstract, joined.title) == (2, "new", "Better title")
    assert joined.links == (PDF, CODE)


def test_an_older_version_that_arrives_late_changes_no_text() -> None:
    known = paper(version=3, abstract="third")
    assert join(known, paper(version=1, abstract="first")) == known


def test_a_source_without_an_abstract_does_not_erase_one() -> None:
    known = paper(abstract="known")
    assert join(known, paper(version=2, abstract="")).abstract == "known"
    assert join(paper(abstract=""), paper(abstract="found")).abstract == "found"


def test_what_a_list_showed_is_kept_from_the_first_look() -> None:
    at = datetime(2026, 11, 24, 2, 30, tzinfo=UTC)
    first = paper(as_listed=AsListed(at), organisation="")
    later = paper(as_listed=AsListed(at, has_media=True, keywords=3), organisation="The Fold")
    joined = join(join(paper(version=3), first), later)
    assert (joined.as_listed, joined.organisation) == (AsListed(at), "The Fold")
    assert join(joined, paper(version=4)) == replace(joined, version=4)


def test_a_revision_updates_what_is_known_and_adds_nothing() -> None:
    known, stranger = paper(), paper("arxiv:2611.00002", version=2)
    merged = merge([], [paper(version=2, abstract="new"), stranger], {KEY: known})
    assert [one.abstract for one in merged.changed] == ["new"]
    assert not merged.new


def test_a_paper_that_is_known_as_it_is_is_unchanged() -> None:
    assert merge([paper()], [], {KEY: paper()}) == Merged(unchanged=(paper(),))


texts = st.sampled_from(["", "a", "b"])
records = st.builds(
    Paper,
    key=st.just(KEY),
    title=st.sampled_from(["t", "u"]),
    abstract=texts,
    categories=st.lists(st.sampled_from(["cs.RO", "cs.LG", "cs.CL"]), unique=True).map(tuple),
    links=st.lists(st.sampled_from([PDF, CODE]), unique=True).map(tuple),
    version=st.integers(0, 3),
)


@given(records, records)
def test_joining_loses_no_category_and_no_link_and_is_stable(one: Paper, other: Paper) -> None:
    joined = join(one, other)
    assert set(joined.categories) == {*one.categories, *other.categories}
    assert set(joined.links) == {*one.links, *other.links}
    assert joined.version == max(one.version, other.version)
    assert join(joined, other) == joined
    assert join(joined, one) == joined


@given(st.lists(records, max_size=5))
def test_one_paper_is_one_paper(received: list[Paper]) -> None:
    merged = merge(received, [], {})
    assert len(merged.new) == min(len(received), 1)


@pytest.mark.parametrize(
    ("fetched", "merged", "expected"),
    [
        (Fetched(stale=True), Merged(new=(paper(),)), SourceOutcome.NEW),
        (Fetched(stale=True), Merged(unchanged=(paper(),)), SourceOutcome.STALE),
        (Fetched(), Merged(changed=(paper(),), unchanged=(paper(),)), SourceOutcome.UPDATED),
        (Fetched(), Merged(unchanged=(paper(),)), SourceOutcome.UNCHANGED),
        (Fetched(not_modified=True), Merged(), SourceOutcome.UNCHANGED),
        (Fetched(), Merged(), SourceOutcome.EMPTY),
    ],
)
def test_every_look_has_one_outcome(
    fetched: Fetched, merged: Merged, expected: SourceOutcome
) -> None:
    assert outcome(fetched, merged) is expected


def test_a_success_clears_the_failures_and_keeps_the_cursor_it_got() -> None:
    before = SourceState("arxiv", "arxiv", cursor="1", error_count=4, last_error="away")
    report = SourceReport("arxiv", "arxiv", SourceOutcome.NEW)
    hour = timedelta(hours=1)
    after = after_success(before, report, Fetched(cursor="2"), now=NOW, every=hour)
    assert (after.cursor, after.error_count, after.last_error) == ("2", 0, "")
    assert after.next_check_at == NOW + hour
    asked = Fetched(retry_after=7200)
    assert after_success(before, report, asked, now=NOW, every=hour).cursor == "1"
    assert after_success(
        before, report, asked, now=NOW, every=hour
    ).next_check_at == NOW + timedelta(hours=2)


def test_failures_wait_longer_each_time_and_keep_the_cursor() -> None:
    state, waits = SourceState("arxiv", "arxiv", cursor="1"), []
    for _ in range(12):
        state = after_failure(state, SourceMalformed("not a feed"), now=NOW)
        assert state.next_check_at is not None
        waits.append(state.next_check_at - NOW)
    assert waits[:3] == [timedelta(minutes=10), timedelta(minutes=20), timedelta(minutes=40)]
    assert waits[-1] == timedelta(hours=6)
    assert (state.cursor, state.error_count, state.last_error) == ("1", 12, "not a feed")


def test_an_upstream_that_says_when_to_come_back_is_heard() -> None:
    error = SourceUnavailable("away", retry_after=90)
    state = after_failure(SourceState("arxiv", "arxiv"), error, now=NOW)
    assert state.next_check_at == NOW + timedelta(seconds=90)
