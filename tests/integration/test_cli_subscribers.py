"""`digest subscriber`, on a real database."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import replace
from pathlib import Path

import pytest

from digest.model import DeliveryKind, DeliveryState, Opinion
from tests.support.desk import Desk, desk
from tests.support.samples import NOW, paper


@pytest.fixture
def at(tmp_path: Path) -> Desk:
    """Return a desk with an empty list."""
    return desk(tmp_path)


def add(at: Desk, email: str = "ada@example.org", *options: str) -> None:
    """Add somebody for whom the operator vouches."""
    at.do("subscriber", "add", email, "--confirmed", *options)


def test_who_is_added_confirmed_is_on_the_list_with_every_wish(at: Desk) -> None:
    options = [
        *("--name", "Ada", "--category", "cs.cl", "--category", "cs.LG", "--keyword", "ice cores"),
        *("--author", "B. Example", "--mute", "quantum", "--like", "2604.21952v2"),
        *("--text", "How glaciers flow.", "--cadence", "weekly", "--hour", "6"),
        *("--timezone", "Europe/Paris", "--max-papers", "5", "--trending-weight", "0.5"),
    ]
    add(at, "ada@example.org", *options)
    (found,) = at.ask("subscriber", "list")
    assert found["status"] == "confirmed"
    assert found["name"] == "Ada"
    assert found["cadence"] == "weekly"
    assert (found["hour"], found["timezone"]) == (6, "Europe/Paris")
    assert (found["max_papers"], found["trending_weight"]) == (5, 0.5)
    assert [(one["kind"], one["value"], one["weight"]) for one in found["interests"]] == [
        ("category", "cs.CL", 1),
        ("category", "cs.LG", 1),
        ("keyword", "ice cores", 1),
        ("author", "B. Example", 1),
        ("keyword", "quantum", -1),
        ("seed", "arxiv:2604.21952", 1),
        ("text", "How glaciers flow.", 1),
    ]


def test_a_category_may_be_given_by_its_name(at: Desk) -> None:
    result = at.do("subscriber", "add", "ada@example.org", "--confirmed", "--category", "Robotics")
    assert "no paper" not in result.stderr
    assert [one["value"] for one in at.ask("subscriber", "list")[0]["interests"]] == ["cs.RO"]


def test_a_category_that_nobody_knows_is_taken_with_a_word(at: Desk) -> None:
    with at.open().write() as tx:
        known = replace(paper("arxiv:2611.00001"), categories=("Glaciers",))
        tx.papers.add([known], source="journal", listed_at=NOW)
    options = [*("--category", "cs.XX"), *("--category", "glaciers"), *("--category", "cs.*")]
    result = at.do("subscriber", "add", "ada@example.org", "--confirmed", *options)
    assert result.stderr.count("no paper") == 1
    assert "arXiv has none of that name" in result.stderr
    assert 'no paper is in the category "cs.XX" so far' in result.stderr
    result = at.do("subscriber", "edit", "ada@example.org", "--mute", "math.YY")
    assert 'no paper is in the category "math.YY" so far' in result.stderr
    assert "no paper" not in at.do("subscriber", "edit", "ada@example.org", "--name", "Ada").stderr
    result = at.do("subscriber", "edit", "ada@example.org", "--category", "robotics")
    assert 'the category "robotics" so far: did you mean cs.RO?' in result.stderr


def test_categories_of_a_file_that_nobody_knows_are_named_once(at: Desk, tmp_path: Path) -> None:
    file = tmp_path / "people.csv"
    file.write_text("email,categories\nada@example.org,Robotics;cs.XX\nbob@example.org,cs.XX\n")
    result = at.do("subscriber", "import", str(file), "--confirmed")
    assert result.stderr.count("no paper is in the category") == 1
    assert '"cs.XX"' in result.stderr
    assert len(at.ask("subscriber", "list")) == 2


def test_a_reset_forgets_interests_and_opinions_and_nothing_else(at: Desk) -> None:
    add(at, "ada@example.org", "--mute", "quantum", "--keyword", "ice", "--hour", "6")
    with at.open().write() as tx:
        tx.papers.add([paper("arxiv:2611.00001")], source="journal", listed_at=NOW)
        ada = tx.subscribers.by_email("ada@example.org")
        assert ada is not None
        tx.feedback.give(ada.id, "arxiv:2611.00001", Opinion.LESS, now=NOW)
    at.do("subscriber", "edit", "ada@example.org", "--reset", "--keyword", "sand")
    found = at.ask("subscriber", "show", "ada@example.org")
    assert found["feedback"] == []
    assert [one["value"] for one in found["subscriber"]["interests"]] == ["sand"]
    assert found["subscriber"]["hour"] == 6


def test_who_is_not_vouched_for_is_asked_to_confirm(at: Desk) -> None:
    result = at.do("subscriber", "add", "ada@example.org", "--keyword", "ice")
    assert result.stdout == ""
    assert "asked to confirm" in result.stderr
    with at.open().read() as tx:
        (delivery,) = tx.deliveries.list()
    assert (delivery.kind, delivery.state) == (DeliveryKind.CONFIRM, DeliveryState.PLANNED)
    assert at.ask("subscriber", "list")[0]["status"] == "unconfirmed"


@pytest.mark.parametrize("again", [("--confirmed",), ()])
def test_an_address_is_added_once(at: Desk, again: tuple[str, ...]) -> None:
    add(at)
    result = at.type("subscriber", "add", "ADA@example.org", *again)
    assert result.exit_code == 2
    assert "already" in result.stderr
    assert len(at.ask("subscriber", "list")) == 1


@pytest.mark.parametrize(
    "email", ["", "ada", "ada@", "ada@example.org\nBcc: all@example.org", "Ada <ada@example.org>"]
)
def test_what_is_no_address_is_refused(at: Desk, email: str) -> None:
    result = at.type("subscriber", "add", email, "--confirmed")
    assert result.exit_code == 2
    assert at.ask("subscriber", "list") == []


@pytest.mark.parametrize(
    "option", [("--hour", "24"), ("--timezone", "Mars"), ("--cadence", "hourly"), ("--like", "x")]
)
def test_a_wish_that_cannot_be_is_refused(at: Desk, option: tuple[str, str]) -> None:
    assert at.type("subscriber", "add", "ada@example.org", *option).exit_code == 2
    assert at.ask("subscriber", "list") == []


def test_an_edit_changes_what_is_given_and_nothing_else(at: Desk) -> None:
    add(at, "ada@example.org", "--keyword", "ice", "--mute", "fire", "--hour", "6", "--name", "Ada")
    at.do("subscriber", "edit", "ada@example.org", "--keyword", "snow", "--max-papers", "3")
    at.do("subscriber", "edit", "ada@example.org", "--default", "hour", "--email", "a@example.org")
    (found,) = at.ask("subscriber", "list")
    assert (found["email"], found["name"]) == ("a@example.org", "Ada")
    assert (found["hour"], found["max_papers"]) == (None, 3)
    assert {(one["value"], one["weight"]) for one in found["interests"]} == {
        ("snow", 1),
        ("fire", -1),
    }


def test_an_empty_text_empties_a_list(at: Desk) -> None:
    add(at, "ada@example.org", "--keyword", "ice", "--category", "cs.CL")
    at.do("subscriber", "edit", "ada@example.org", "--keyword", "")
    (found,) = at.ask("subscriber", "list")
    assert [one["value"] for one in found["interests"]] == ["cs.CL"]


def test_a_pause_ends_with_resume(at: Desk) -> None:
    add(at)
    at.do("subscriber", "pause", "ada@example.org", "--until", "2026-12-01")
    found = at.ask("subscriber", "show", "ada@example.org")["subscriber"]
    assert (found["status"], found["paused_until"]) == ("paused", "2026-12-01")
    at.do("subscriber", "resume", "ada@example.org")
    assert at.ask("subscriber", "list", "--status", "confirmed")


def test_who_is_unsubscribed_stays_known(at: Desk) -> None:
    add(at)
    assert at.ask("subscriber", "unsubscribe", "ada@example.org")["status"] == "unsubscribed"
    at.do("subscriber", "unsubscribe", "ada@example.org")
    assert at.ask("subscriber", "list", "--status", "confirmed") == []


def test_who_is_erased_is_gone_and_no_file_brings_them_back(at: Desk) -> None:
    add(at)
    assert at.type("subscriber", "erase", "ada@example.org", text="n\n").exit_code == 2
    at.do("subscriber", "erase", "ada@example.org", "--yes")
    assert at.type("subscriber", "show", "ada@example.org").exit_code == 1
    file = at.folder / "list.csv"
    file.write_text("email\nada@example.org\n")
    for options in ([], ["--confirmed"]):
        assert at.ask("subscriber", "import", str(file), *options)["suppressed"] == 1
    assert at.ask("subscriber", "list") == []


@pytest.mark.parametrize("verb", ["show", "edit", "pause", "resume", "unsubscribe", "erase"])
def test_nobody_of_that_address_is_an_error_that_says_so(at: Desk, verb: str) -> None:
    result = at.type("subscriber", verb, "nobody@example.org")
    assert result.exit_code == 1
    assert result.stderr == (
        "digest: there is no subscriber nobody@example.org: see `digest subscriber list`\n"
    )


# --- CSV ------------------------------------------------------------------------------------


def strip(found: list[dict[str, object]]) -> list[dict[str, object]]:
    """Leave out what another list may not repeat."""
    own = ("id", "public_id", "created_at", "confirmed_at", "consent")
    return [{key: value for key, value in one.items() if key not in own} for one in found]


def test_what_is_exported_can_be_read_back(at: Desk, tmp_path: Path) -> None:
    wishes = [
        *("--keyword", 'the "cold"; ice, snow', "--keyword", "=SUM(A1)", "--mute", "-fire"),
        *("--category", "cs.CL", "--author", "'=Bell; C.", "--like", "2604.21952"),
        *("--text", 'Glaciers; how they flow, and "why".', "--hour", "0", "--timezone", "UTC"),
    ]
    add(at, "ada@example.org", "--name", "=Ada, the first", *wishes)
    add(at, "+b@example.org", "--cadence", "weekly", "--max-papers", "3", "--trending-weight", "0")
    add(at, "paused@example.org")
    at.do("subscriber", "pause", "paused@example.org")
    file = at.folder / "list.csv"
    at.do("subscriber", "export", "--output", str(file))
    assert file.stat().st_mode & 0o077 == 0
    assert file.read_text() == at.do("subscriber", "export").stdout
    other_folder = tmp_path / "other"
    other_folder.mkdir()
    other = desk(other_folder)
    report = other.ask("subscriber", "import", str(file), "--confirmed")
    assert report == {
        "added": 3,
        "asked": 0,
        "known": 0,
        "left": 0,
        "suppressed": 0,
        "errors": [],
    }
    assert strip(other.ask("subscriber", "list")) == strip(at.ask("subscriber", "list"))
    assert other.do("subscriber", "export").stdout == file.read_text()


def test_no_cell_of_an_export_is_a_formula(at: Desk) -> None:
    add(at, "+ada@example.org", "--name", "=1+1", "--keyword", "-x", "--text", "=cmd")
    rows = list(csv.reader(io.StringIO(at.do("subscriber", "export").stdout)))
    assert not [cell for cell in rows[1] if cell.startswith(("=", "+", "-", "@"))]


def test_a_second_import_changes_nothing(at: Desk) -> None:
    file = at.folder / "list.csv"
    file.write_text("email,keywords\nada@example.org,ice\n")
    at.do("subscriber", "import", str(file), "--confirmed")
    file.write_text("email,keywords\nADA@example.org,snow\n")
    assert at.ask("subscriber", "import", str(file), "--confirmed")["known"] == 1
    assert at.ask("subscriber", "list")[0]["interests"][0]["value"] == "ice"


def test_an_import_asks_for_consent_unless_vouched_for(at: Desk) -> None:
    file = at.folder / "list.csv"
    file.write_text("email\nada@example.org\n")
    assert at.ask("subscriber", "import", str(file))["asked"] == 1
    assert at.ask("subscriber", "list")[0]["status"] == "unconfirmed"


def test_bad_rows_are_named_by_their_line_and_the_others_go_on(at: Desk) -> None:
    file = at.folder / "list.csv"
    file.write_text(
        '\ufeffEmail,Name,Hour,Status\nada@example.org,Ada,6,\nnobody,,,\n\n"b@example.org","B',
        encoding="utf-8",
    )
    broken = at.type("subscriber", "import", str(file), "--confirmed", "--json")
    assert broken.exit_code == 2
    assert "line 5" in broken.stderr
    file.write_text(
        "Email,Name,Hour,Status\n"
        "ada@example.org,Ada,6,\n"
        "nobody,,,\n"
        "\n"
        'b@example.org,"B\n2",noon,\n'
        "c@example.org,,25,\n"
        "d@example.org,,,gone\n"
        "e@example.org,,,unsubscribed\n"
        "f@example.org,F,,,surplus\n"
        "g@example.org\n"
    )
    result = at.type("subscriber", "import", str(file), "--confirmed", "--json")
    assert result.exit_code == 1
    report = json.loads(result.stdout)
    assert (report["added"], report["left"]) == (2, 1)
    assert [one["line"] for one in report["errors"]] == [3, 5, 7, 8, 10]
    assert 'hour: "noon" is not a whole number' in result.stderr


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "has no column email"),
        ("name\nada\n", "has no column email"),
        ("email,keyword\n", "did you mean keywords?"),
        ("email,name,name\n", "twice"),
    ],
)
def test_a_file_with_other_columns_is_refused(at: Desk, text: str, says: str) -> None:
    file = at.folder / "list.csv"
    file.write_text(text)
    result = at.type("subscriber", "import", str(file))
    assert result.exit_code == 2
    assert says in result.stderr


def test_a_file_that_cannot_be_read_is_an_error(at: Desk) -> None:
    assert at.type("subscriber", "import", str(at.folder / "no.csv")).exit_code == 2
    (at.folder / "latin.csv").write_bytes(b"email\n\xe9@example.org\n")
    assert "UTF-8" in at.type("subscriber", "import", str(at.folder / "latin.csv")).stderr


def test_an_import_reads_stdin(at: Desk) -> None:
    at.do("subscriber", "import", "-", "--confirmed", text="email\nada@example.org\n")
    assert len(at.ask("subscriber", "list")) == 1


def test_a_long_file_is_written_in_chunks(at: Desk) -> None:
    file = at.folder / "list.csv"
    file.write_text("email\n" + "".join(f"reader{n}@example.org\n" for n in range(450)))
    assert at.ask("subscriber", "import", str(file), "--confirmed")["added"] == 450
