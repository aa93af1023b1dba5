"""How a run is called, what it exits with, and what it says."""

from __future__ import annotations

import json
from typing import Any

import pytest

from digest.deliver import DeliverReport
from digest.model import SourceOutcome, SourceReport
from digest.rank import RankReport
from digest.report import RunReport, outcome, why

GOOD = SourceReport("arxiv", "arxiv", SourceOutcome.NEW, new=4)
SAME = SourceReport("arxiv", "arxiv", SourceOutcome.UNCHANGED)
STALE = SourceReport("arxiv", "arxiv", SourceOutcome.STALE)
BAD = SourceReport(
    "hf", "huggingface", SourceOutcome.FAILED, error="hf.example is down.", exit_code=75
)
DUE, DONE = RankReport(subscribers=3, planned=3), RankReport(subscribers=3, settled=3)
QUIET = RankReport(subscribers=3, skipped={"no-papers": 3})


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
        (run("ingest", sources=[GOOD]), "complete", 0),
        (run("ingest", sources=[GOOD, BAD]), "partial", 0),
        (run("ingest", sources=[BAD]), "failed", 75),
    ],
)
def test_every_run_has_a_name_and_an_exit_code(report: RunReport, name: str, code: int) -> None:
    assert (outcome(report), report.exit_code) == (name, code)


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


def test_the_report_is_json() -> None:
    report = run(sources=[GOOD], ranked=QUIET, delivered=DeliverReport(skipped={"suppressed": 1}))
    answer = json.loads(json.dumps(report.as_dict()))
    assert answer["skipped"] == {"no-papers": 3, "suppressed": 1}
    assert answer["papers_new"] == 4
    assert answer["sources"][0]["outcome"] == "new"
