"""How a run is called, what it exits with, and what it says."""

from __future__ import annotations

import json
from itertools import product
from typing import Any

import pytest

from digest.deliver import DeliverReport
from digest.model import DeliveryState, RunOutcome, SourceOutcome, SourceReport
from digest.rank import RankReport
from digest.report import RunReport, edition_outcome, outcome, why

GOOD = SourceReport("arxiv", "arxiv", SourceOutcome.NEW, new=4)
SAME = SourceReport("arxiv", "arxiv", SourceOutcome.UNCHANGED)
STALE = SourceReport("arxiv", "arxiv", SourceOutcome.STALE)
BAD = SourceReport(
    "hf", "huggingface", SourceOutcome.FAILED, error="hf.example is down.", exit_code=75
)
DUE, DONE = RankReport(subscribers=3, planned=3), RankReport(subscribers=3, settled=3)
QUIET = RankReport(subscribers=3, skipped={"no-papers": 3})
PLANNED, SENDING = DeliveryState.PLANNED, DeliveryState.SENDING
DEFERRED, UNKNOWN = DeliveryState.DEFERRED, DeliveryState.UNKNOWN


def run(command: str = "run", **parts: Any) -> RunReport:
    return RunReport(command, "2026-11-24", **parts)


@pytest.mark.parametrize(
    ("report", "name", "code"),
    [
        (run(sources=[GOOD], ranked=DUE, delivered=DeliverReport(sent=3)), "complete", 0),
        (run(sources=[SAME], ranked=DONE), "nothing-due", 0),
        (run(sources=[SAME], ranked=RankReport()), "no-subscribers", 0),
        (run(sources=[SAME], ranked=QUIET), "no-papers", 0),
        (run(sources=[STALE], ranked=QUIET), "stale-source", 0),
        (run(sources=[GOOD, BAD], ranked=DUE, delivered=DeliverReport(sent=3)), "partial", 0),
        (run(sources=[BAD], ranked=QUIET), "failed", 75),
        (run(ranked=DUE, delivered=DeliverReport(sent=2, failed=1)), "partial", 1),
        (run(ranked=DUE, delivered=DeliverReport(sent=2, deferred=1)), "partial", 75),
        (run(ranked=DUE, delivered=DeliverReport(errors=["no"], exit_code=78)), "partial", 78),
        (run(dry_run=True, sources=[GOOD], ranked=DUE), "complete", 0),
        (run(ranked=DUE, delivered=DeliverReport(sent=2), left={PLANNED: 1}), "partial", 75),
        (run(ranked=DONE, left={PLANNED: 3}), "partial", 75),
        (run(ranked=DONE, left={SENDING: 1}), "partial", 75),
        (run(ranked=RankReport(subscribers=1, planned=1, unplanned=2)), "partial", 75),
        (run(ranked=DONE, delivered=DeliverReport(expired=3)), "partial", 0),
        (run("tick", delivered=DeliverReport(skipped={"suppressed": 1})), "complete", 0),
        (run("ingest", sources=[GOOD]), "complete", 0),
        (run("ingest", sources=[GOOD, BAD]), "partial", 0),
        (run("ingest", sources=[BAD]), "failed", 75),
    ],
)
def test_every_run_has_a_name_and_an_exit_code(report: RunReport, name: str, code: int) -> None:
    assert (outcome(report), report.exit_code) == (name, code)


def test_a_run_is_complete_only_if_nothing_of_it_is_left_or_went_wrong() -> None:
    figures = ("sent", "deferred", "failed", "in_doubt", "expired")
    for done in product((0, 2), repeat=len(figures)):
        counted = [*done[:3], set(range(done[3])), done[4]]
        for planned, unplanned, errors in product((0, 3), (0, 1), ([], ["no relay"])):
            for left in ({}, {PLANNED: 1}, {SENDING: 1}, {DEFERRED: 1}, {UNKNOWN: 1}):
                report = run(
                    ranked=RankReport(subscribers=3, planned=planned, unplanned=unplanned),
                    delivered=DeliverReport(
                        **dict(zip(figures, counted, strict=True)),  # type: ignore[arg-type]
                        errors=errors,
                        exit_code=75 if errors else 0,
                    ),
                    left=left,
                )
                trouble = any((*done[1:], unplanned, errors, left))
                assert (outcome(report) is RunOutcome.PARTIAL) == trouble
                assert (outcome(report) is RunOutcome.COMPLETE) == (
                    not trouble and bool(done[0] or planned)
                )
                # What came too late is no reason to try again.
                again = any((*done[1:4], unplanned, errors, left))
                assert (report.exit_code != 0) == again


def test_what_is_left_is_counted_and_said_once() -> None:
    stopped = run(ranked=DUE, delivered=DeliverReport(sent=2), left={PLANNED: 1_000, SENDING: 1})
    assert stopped.as_dict()["left"] == 1_001
    assert list(why(stopped)) == ["1,001 mails are left to do: 1,000 planned, 1 being sent."]
    later = run(ranked=DUE, delivered=DeliverReport(sent=2, deferred=1), left={DEFERRED: 1})
    assert list(why(later)) == ["1 mail is deferred by the relay and will be tried again."]
    unseen = run(ranked=RankReport(subscribers=1, planned=1, unplanned=2))
    assert list(why(unseen)) == ["2 subscribers are not planned for yet: the run was stopped."]


def test_an_edition_is_complete_only_if_every_delivery_is_in_a_final_state() -> None:
    final = {
        DeliveryState.SENT: 9,
        DeliveryState.FAILED: 1,
        DeliveryState.SKIPPED: 1,
        DeliveryState.EXPIRED: 1,
    }
    assert edition_outcome(final) == "complete"
    assert edition_outcome({**final, PLANNED: 1_412, DEFERRED: 3, UNKNOWN: 1, SENDING: 2}) == (
        "1,412 planned, 2 being sent, 3 deferred, 1 in doubt"
    )


def test_a_run_says_why_nobody_got_a_mail() -> None:
    ranked = RankReport(subscribers=6, waiting=1, settled=2, skipped={"no-match": 3})
    said = list(why(run(sources=[BAD], ranked=ranked)))
    assert said == [
        "Source hf failed: hf.example is down.",
        "1 subscriber is not due yet: it is not their hour or day.",
        "2 subscribers are done already: this edition was planned for them before.",
        "3 subscribers are skipped: no new paper reaches [ranking] min_score for them.",
    ]
    assert list(why(run(ranked=DUE, delivered=DeliverReport(sent=3)))) == []


def test_a_digest_that_gave_way_to_a_newer_one_is_told_and_counted() -> None:
    report = run(
        ranked=RankReport(subscribers=3, planned=3, replaced=2), delivered=DeliverReport(sent=3)
    )
    assert "2 mails are dropped for a newer one: it had not left by then." in list(why(report))
    assert report.as_dict()["expired"] == 2
    assert outcome(report) == "complete"


def test_the_report_is_json() -> None:
    report = run(sources=[GOOD], ranked=QUIET, delivered=DeliverReport(skipped={"suppressed": 1}))
    answer = json.loads(json.dumps(report.as_dict()))
    assert answer["skipped"] == {"no-papers": 3, "suppressed": 1}
    assert answer["papers_new"] == 4
    assert answer["sources"][0]["outcome"] == "new"
