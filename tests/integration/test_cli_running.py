"""`digest run`, `ingest`, `preview`, `status`, `source` and `delivery`, on a real database."""

from __future__ import annotations

import json
from email import message_from_bytes, policy
from pathlib import Path

import pytest

from digest.errors import PermanentFailure, SourceUnavailable, TemporaryFailure
from digest.model import Fetched
from digest.ranking import VERSION
from digest.testing import FakeSource
from tests.support.desk import Desk, desk
from tests.support.listings import write_past
from tests.support.samples import paper

ICE = paper(
    "arxiv:2611.00001",
    title="Ice cores and the memory of glaciers",
    abstract="We read a hundred years of ice cores.",
)
SAND = paper("arxiv:2611.00002", title="How sand dunes wander", abstract="Dunes move.")


@pytest.fixture
def at(tmp_path: Path) -> Desk:
    """Return a desk with one source and one reader."""
    made = desk(tmp_path)
    made.sources["journal"] = FakeSource(Fetched(papers=(ICE, SAND), note="one entry was odd"))
    made.do("subscriber", "add", "ada@example.org", "--confirmed", "--keyword", "ice cores")
    return made


# --- run ------------------------------------------------------------------------------------


def test_a_run_says_in_json_what_it_did(at: Desk) -> None:
    report = at.ask("run")
    assert report["edition"] == "2026-11-24"
    assert report["outcome"] == "complete"
    assert report["papers_new"] == 2
    assert report["sources"][0]["name"] == "journal"
    assert report["sources"][0]["outcome"] == "new"
    assert (report["planned"], report["sent"]) == (1, 1)
    assert set(report["seconds"]) == {"ingest", "rank", "deliver"}
    assert [message.recipient for message in at.transport.messages] == ["ada@example.org"]


def test_a_second_run_sends_nothing_and_says_why(at: Desk) -> None:
    at.do("run")
    result = at.do("run", "--force")
    assert "planned for them before" in result.stdout
    assert "nothing-due" in result.stdout
    assert len(at.transport.messages) == 1


def test_a_dry_run_writes_and_sends_nothing(at: Desk) -> None:
    assert at.ask("run", "--dry-run")["planned"] == 1
    assert at.transport.messages == []
    assert at.ask("delivery", "list") == []
    assert at.ask("status")["papers"] == 0


def test_now_sets_the_clock(at: Desk) -> None:
    report = at.ask("run", "--now", "2026-11-24T03:00:00Z")
    assert (report["planned"], report["not_due"]) == (0, 1)
    report = at.ask("run", "--now", "2026-11-25T07:30:00+00:00")
    assert (report["edition"], report["sent"]) == ("2026-11-25", 1)


@pytest.mark.parametrize("option", [("--date", "yesterday"), ("--now", "soon"), ("--dat", "x")])
def test_an_option_that_cannot_be_read_is_a_usage_error(at: Desk, option: tuple[str, str]) -> None:
    result = at.type("run", *option)
    assert result.exit_code == 2
    assert result.stdout == ""


def test_a_run_that_may_work_later_ends_in_75(at: Desk) -> None:
    at.transport.fail("ada@example.org", TemporaryFailure("busy", reply="451 busy"))
    result = at.type("run")
    assert result.exit_code == 75
    assert "deferred by the relay" in result.stdout


def test_what_was_deferred_and_then_sent_in_one_run_is_not_called_deferred(at: Desk) -> None:
    slowly = "[smtp]\nrate_per_second = 0.2\n[delivery]\nbackoff = 1\n"
    at.config.write_text(at.config.read_text() + slowly)
    for name in ("bea", "cleo"):
        at.do("subscriber", "add", f"{name}@example.org", "--confirmed", "--keyword", "ice cores")
    at.transport.fail("ada@example.org", TemporaryFailure("greylisted", reply="450 later"))
    report = at.ask("run")
    assert (report["outcome"], report["sent"], report["deferred"]) == ("complete", 3, 0)


def test_a_run_without_any_source_that_answers_ends_in_its_exit_code(at: Desk) -> None:
    at.sources["journal"] = FakeSource(SourceUnavailable("the journal is down"))
    result = at.type("run", "--json")
    assert result.exit_code == 75
    assert "the journal is down" in json.loads(result.stdout)["why"][0]


# --- ingest and sources -----------------------------------------------------------------------


def test_ingest_asks_only_the_sources_it_is_told_to(at: Desk) -> None:
    at.sources["other"] = FakeSource()
    report = at.ask("ingest", "journal", "--since", "2026-11-20")
    assert [one["name"] for one in report["sources"]] == ["journal"]
    assert at.sources["other"].calls == []
    (since, _) = at.sources["journal"].calls[0]
    assert since is not None
    assert since.isoformat() == "2026-11-20T00:00:00+00:00"


def test_a_source_that_nobody_knows_is_an_error(at: Desk) -> None:
    for command in (("ingest", "jurnal"), ("source", "check", "jurnal")):
        result = at.type(*command)
        assert result.exit_code == 1
        assert "known are journal" in result.stderr


def test_the_list_of_sources_shows_how_the_last_look_ended(at: Desk) -> None:
    assert at.ask("source", "list")[0]["last_outcome"] is None
    at.do("ingest")
    (source,) = at.ask("source", "list")
    assert source["last_outcome"] == "new"
    assert source["last_success_at"] is not None


def test_a_check_of_sources_writes_nothing(at: Desk) -> None:
    at.sources["down"] = FakeSource(SourceUnavailable("it is down"))
    result = at.type("source", "check", "--json")
    assert result.exit_code == 75
    good, bad = json.loads(result.stdout)
    assert (good["outcome"], good["received"], good["new"]) == ("new", 2, 2)
    assert (bad["outcome"], bad["error"]) == ("failed", "it is down")
    assert at.ask("status")["papers"] == 0
    assert at.ask("source", "list")[0]["last_outcome"] is None


# --- preview ----------------------------------------------------------------------------------


def test_a_preview_shows_the_mail_and_leaves_no_trace(at: Desk) -> None:
    at.do("ingest")
    text = at.do("preview", "ada@example.org").stdout
    assert ICE.title in text
    assert "<html" not in text
    assert "<html" in at.do("preview", "ada@example.org", "--html").stdout
    assert at.transport.messages == []
    assert at.ask("delivery", "list") == []


def test_a_preview_of_no_mail_says_why(at: Desk) -> None:
    result = at.do("preview", "ada@example.org")
    assert result.stdout == ""
    assert "would get no mail now: no-papers" in result.stderr


# --- deliveries -------------------------------------------------------------------------------


def test_a_delivery_is_shown_with_its_papers(at: Desk) -> None:
    at.do("run")
    (row,) = at.ask("delivery", "list", "--email", "ADA@example.org", "--state", "sent")
    shown = at.ask("delivery", "show", str(row["id"]))
    assert (shown["email"], shown["attempts"], shown["resends"]) == ("ada@example.org", 1, 0)
    assert shown["picks"][0]["paper"]["key"] == ICE.key
    assert ICE.key in at.do("delivery", "show", str(row["id"])).stdout


def test_a_delivery_that_failed_is_sent_after_a_retry(at: Desk) -> None:
    at.transport.fail("ada@example.org", PermanentFailure("no", reply="550 no such user"))
    assert at.type("run").exit_code == 1
    (row,) = at.ask("delivery", "list", "--state", "failed")
    assert "550" in row["last_reply"]
    at.do("delivery", "retry", str(row["id"]))
    assert at.ask("run")["sent"] == 1


def test_a_delivery_that_came_too_late_may_leave_after_a_retry(at: Desk) -> None:
    at.transport.fail("ada@example.org", TemporaryFailure("busy", reply="451 busy"))
    at.type("run")
    at.clock.advance(13 * 3600)
    at.type("run")
    (row,) = at.ask("delivery", "list", "--state", "expired")
    at.do("delivery", "retry", str(row["id"]))
    at.do("run")
    assert at.ask("delivery", "show", str(row["id"]))["state"] == "sent"


def test_what_was_sent_is_not_sent_again(at: Desk) -> None:
    at.do("run")
    (row,) = at.ask("delivery", "list")
    result = at.type("delivery", "retry", str(row["id"]))
    assert result.exit_code == 2
    assert "nobody gets it twice" in result.stderr
    assert at.type("delivery", "retry", "999").exit_code == 1


# --- status -----------------------------------------------------------------------------------


def test_the_status_of_a_new_place_says_what_to_do(tmp_path: Path) -> None:
    shown = desk(tmp_path).do("status").stdout
    assert "`digest run`" in shown
    assert "`digest subscriber add EMAIL`" in shown
    assert "none: 0 past papers with upvotes, 300 are needed (`digest backfill" in shown


def test_the_status_tells_which_model_says_what_papers_may_expect(tmp_path: Path) -> None:
    at = desk(tmp_path)
    store = at.open()
    write_past(store, 320)
    assert "not learned yet from 320 past papers" in at.do("status").stdout
    assert at.ask("status")["expected_attention"] == {
        "past_papers": 320,
        "needed": 300,
        "model": None,
    }
    at.ask("run")
    facts = at.ask("status")["expected_attention"]
    assert facts["model"] == {
        "id": 1,
        "version": VERSION,
        "learned_at": "2026-11-24T07:00:00+00:00",
        "papers": 320,
        "newest_at": "2026-11-15T07:00:00+00:00",
    }
    shown = at.do("status").stdout
    assert "learned 2026-11-24 07:00Z from 320 papers with upvotes up to 2026-11-15" in shown
    store.close()


def test_the_status_tells_the_last_run_and_what_is_due_next(at: Desk) -> None:
    at.do("run")
    facts = at.ask("status")
    assert (facts["last_run"]["command"], facts["last_run"]["outcome"]) == ("run", "complete")
    assert facts["next_due"] == "2026-11-25T07:00:00+00:00"
    assert facts["subscribers"] == {"confirmed": 1}
    assert facts["deliveries"] == {"sent": 1}
    assert facts["papers"] == 2
    assert facts["sources"][0]["name"] == "journal"
    assert "complete" in at.do("status").stdout


def test_weekly_readers_in_other_zones_are_due_on_their_day(tmp_path: Path) -> None:
    at = desk(tmp_path)
    options = ("--cadence", "weekly", "--hour", "6", "--timezone", "Asia/Tokyo")
    at.do("subscriber", "add", "ada@example.org", "--confirmed", *options)
    assert at.ask("status")["next_due"] == "2026-11-29T21:00:00+00:00"


def test_a_german_site_says_in_german_why_and_what_went_wrong(at: Desk) -> None:
    at.config.write_text(at.config.read_text().replace("[site]", '[site]\nlanguage = "de"'))
    at.do("ingest")
    at.sources["journal"] = FakeSource(SourceUnavailable("the journal is down"))
    at.clock.advance(7200)
    at.type("run", "--force")  # it says that it was not all
    (message,) = at.transport.messages
    parts = message_from_bytes(message.content, policy=policy.default).iter_parts()
    for part in parts:
        text = " ".join(part.get_content().split())
        assert "passt zu Ihrem Stichwort ice cores" in text
        assert "journal war heute nicht zu lesen" in text
