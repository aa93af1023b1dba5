"""`digest delivery` and `digest edition`, on a real database."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from digest.errors import OutcomeUnknown, TemporaryFailure
from digest.model import DeliveryState, Fetched
from digest.testing import FakeSource
from tests.support.desk import Desk, desk
from tests.support.samples import paper

ICE = paper(
    "arxiv:2611.00001",
    title="Ice cores and the memory of glaciers",
    abstract="We read a hundred years of ice cores.",
)
DAY = 24 * 3600


@pytest.fixture
def at(tmp_path: Path) -> Desk:
    """Return a desk with one source and one reader, where what is in doubt is held."""
    made = desk(tmp_path)
    made.config.write_text(made.config.read_text() + '[delivery]\nunknown = "hold"\n')
    made.sources["journal"] = FakeSource(Fetched(papers=(ICE,)))
    made.do("subscriber", "add", "ada@example.org", "--confirmed", "--keyword", "ice cores")
    return made


def doubtful(at: Desk, email: str = "ada@example.org") -> str:
    """Leave the delivery of that reader in doubt, and return its number."""
    at.transport.fail(email, OutcomeUnknown("the connection was lost"), taken=True)
    at.type("run")
    (row,) = at.ask("delivery", "list", "--email", email, "--state", "unknown")
    return str(row["id"])


def deferred(at: Desk) -> str:
    """Leave a delivery deferred, and return its number."""
    at.transport.fail("ada@example.org", TemporaryFailure("busy", reply="451 busy"))
    at.type("run")
    (row,) = at.ask("delivery", "list", "--state", "deferred")
    return str(row["id"])


def state(at: Desk, number: str) -> tuple[str, str]:
    row = at.ask("delivery", "show", number)
    return row["state"], row["why"]


# --- cancel -----------------------------------------------------------------------------------


def test_a_delivery_that_was_cancelled_does_not_leave_and_its_papers_come_again(at: Desk) -> None:
    number = deferred(at)
    cancelled = at.ask("delivery", "cancel", number)
    assert (cancelled["state"], cancelled["why"]) == ("skipped", "cancelled")
    at.clock.advance(3600)
    assert at.ask("run")["sent"] == 0
    at.clock.advance(DAY)
    assert at.ask("run")["sent"] == 1
    assert len(at.transport.messages) == 1


def test_what_is_cancelled_in_doubt_may_have_arrived_so_its_papers_do_not_come_again(
    at: Desk,
) -> None:
    number = doubtful(at)
    assert "may have arrived" in at.do("delivery", "cancel", number).stderr
    assert state(at, number) == ("skipped", "dropped")
    at.clock.advance(DAY)
    assert at.ask("run")["skipped"] == {"no-papers": 1}


def test_a_second_copy_that_is_cancelled_leaves_the_first_one_in_doubt(at: Desk) -> None:
    number = doubtful(at)
    at.do("delivery", "resolve", number, "--resend")
    assert "may have arrived" in at.do("delivery", "cancel", number).stderr
    assert state(at, number) == ("skipped", "dropped")


def test_what_was_sent_cannot_be_cancelled(at: Desk) -> None:
    at.do("run")
    result = at.type("delivery", "cancel", "1")
    assert (result.exit_code, result.stdout) == (2, "")
    assert "it was sent" in result.stderr
    assert at.type("delivery", "cancel", "999").exit_code == 1


# --- in doubt ---------------------------------------------------------------------------------


def test_the_list_of_what_is_in_doubt_says_what_to_do(at: Desk) -> None:
    assert at.do("delivery", "list", "--state", "unknown").stderr == ""
    doubtful(at)
    said = at.do("delivery", "list", "--state", "unknown").stderr
    assert said.count("\n") == 1
    assert "--resend sends one more copy" in said
    assert "--drop ends them" in said


def test_a_list_says_how_much_it_leaves_out(at: Desk) -> None:
    at.do("subscriber", "add", "another@example.org", "--confirmed", "--category", "cs.RO")
    at.do("run")
    assert at.do("delivery", "list", "--limit", "2").stderr == ""
    cut = at.type("delivery", "list", "--limit", "1", "--json")
    assert len(json.loads(cut.stdout)) == 1
    assert cut.stderr == "the newest 1 of 2: --limit N shows more\n"


@pytest.mark.parametrize("options", [(), ("--resend", "--drop")])
def test_what_becomes_of_a_doubt_must_be_said(at: Desk, options: tuple[str, ...]) -> None:
    number = doubtful(at)
    result = at.type("delivery", "resolve", number, *options)
    assert (result.exit_code, result.stdout) == (2, "")
    assert "may get it twice" in result.stderr
    assert "may not get it at all" in result.stderr
    assert state(at, number)[0] == "unknown"


def test_a_copy_that_is_sent_to_resolve_a_doubt_is_the_same_message(at: Desk) -> None:
    number = doubtful(at)
    (row,) = at.ask("delivery", "resolve", number, "--resend")
    assert (row["state"], row["resends"]) == ("planned", 1)
    assert at.ask("run")["sent"] == 1
    first, second = at.transport.messages
    assert first == second


def test_a_second_doubt_may_be_resolved_as_well(at: Desk) -> None:
    number = doubtful(at)
    at.do("delivery", "resolve", "--resend")
    assert doubtful(at) == number
    (row,) = at.ask("delivery", "resolve", number, "--resend")
    assert row["resends"] == 2


def test_nothing_is_sent_again_too_late(at: Desk) -> None:
    number = doubtful(at)
    at.clock.advance(13 * 3600)
    result = at.type("delivery", "resolve", "--resend", "--json")
    assert result.exit_code == 1
    assert [row["state"] for row in json.loads(result.stdout)] == ["unknown"]
    assert "too late" in result.stderr
    assert "--drop" in result.stderr
    at.do("delivery", "resolve", "--drop")
    assert state(at, number) == ("skipped", "dropped")


def test_what_was_dropped_counts_as_shown_and_never_leaves_by_itself(at: Desk) -> None:
    number = doubtful(at)
    (row,) = at.ask("delivery", "resolve", "--drop")
    assert (row["state"], row["why"]) == ("skipped", "dropped")
    at.config.write_text(at.config.read_text().replace('"hold"', '"resend"'))
    assert at.ask("run", "--force")["sent"] == 0
    at.clock.advance(DAY)
    assert at.ask("run")["skipped"] == {"no-papers": 1}
    assert state(at, number) == ("skipped", "dropped")
    assert len(at.transport.messages) == 1


def test_papers_of_a_copy_that_expired_count_as_shown_for_the_first_may_have_arrived(
    at: Desk,
) -> None:
    doubtful(at)
    at.do("delivery", "resolve", "--resend")
    at.clock.advance(DAY)
    report = json.loads(at.type("run", "--json").stdout)
    assert (report["expired"], report["skipped"]) == (1, {"no-papers": 1})


def test_without_numbers_all_that_is_in_doubt_is_resolved(at: Desk) -> None:
    at.do("subscriber", "add", "bob@example.org", "--confirmed", "--keyword", "ice cores")
    at.transport.fail("bob@example.org", OutcomeUnknown("lost"))
    doubtful(at)
    said = at.do("delivery", "resolve", "--drop").stderr
    assert "deliveries 1, 2 are dropped" in said
    assert at.do("delivery", "resolve", "--drop").stderr == "nothing is in doubt\n"


def test_what_is_not_in_doubt_cannot_be_resolved_and_nothing_changes(at: Desk) -> None:
    at.do("subscriber", "add", "bob@example.org", "--confirmed", "--keyword", "ice cores")
    number = doubtful(at)
    (other,) = at.ask("delivery", "list", "--state", "sent")
    result = at.type("delivery", "resolve", number, str(other["id"]), "--drop")
    assert result.exit_code == 2
    assert "is not in doubt but sent" in result.stderr
    assert state(at, number)[0] == "unknown"


# --- editions ---------------------------------------------------------------------------------


def test_an_edition_says_what_became_of_it_and_what_is_left(at: Desk) -> None:
    at.do("subscriber", "add", "bob@example.org", "--confirmed", "--keyword", "ice cores")
    at.do("subscriber", "add", "eve@example.org", "--confirmed", "--keyword", "sand")
    doubtful(at)
    (row,) = at.ask("edition", "list")
    assert row == at.ask("edition", "show") == at.ask("edition", "show", "daily-2026-11-24")
    assert row == {
        "edition": "daily-2026-11-24",
        "cadence": "daily",
        "date": "2026-11-24",
        "deliveries": {"sent": 1, "skipped": 1, "unknown": 1},
        "skipped": {"no-match": 1},
        "first_sent_at": "2026-11-24T07:00:00+00:00",
        "last_sent_at": "2026-11-24T07:00:00+00:00",
        "outcome": "1 in doubt",
    }
    shown = at.do("edition", "show")
    assert "digest delivery list --edition daily-2026-11-24 --state unknown" in shown.stderr
    at.do("delivery", "resolve", "--drop")
    assert at.ask("edition", "show")["outcome"] == "complete"


def test_editions_are_listed_newest_first(at: Desk) -> None:
    at.do("run")
    at.clock.advance(DAY)
    at.do("run")
    assert [row["edition"] for row in at.ask("edition", "list")] == [
        "daily-2026-11-25",
        "daily-2026-11-24",
    ]
    assert [row["edition"] for row in at.ask("edition", "list", "--limit", "1")] == [
        "daily-2026-11-25"
    ]
    assert "complete" in at.do("edition", "list").stdout
    (row,) = at.ask("delivery", "list", "--edition", "daily-2026-11-24")
    assert row["state"] == DeliveryState.SENT


@pytest.mark.parametrize("name", ["2026-11-24", "daily-2026-11-31", "hourly-2026-11-24", "x"])
def test_an_edition_that_is_not_there_says_how_to_write_one(at: Desk, name: str) -> None:
    assert at.type("edition", "show").exit_code == 1
    at.do("run")
    for command in (("edition", "show", name), ("delivery", "list", "--edition", name)):
        result = at.type(*command)
        assert (result.exit_code, result.stdout) == (1, "")
        assert "write it as daily-2026-11-24" in result.stderr


# --- a run that is stopped --------------------------------------------------------------------


def test_a_mail_in_doubt_is_left_to_do_only_while_it_may_leave(at: Desk) -> None:
    doubtful(at)
    at.do("subscriber", "add", "bob@example.org", "--confirmed", "--keyword", "ice cores")
    report = json.loads(at.type("run", "--json").stdout)
    assert (report["sent"], report["left"], report["outcome"]) == (1, 1, "partial")
    at.clock.advance(DAY)
    report = json.loads(at.type("run", "--json").stdout)
    assert (report["left"], report["outcome"]) == (0, "no-papers")
