"""The command as a process: exit codes, streams, signals; and the configuration it begins with."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

import digest as package
from digest import __version__
from digest.cli.state import State
from tests.support.command import type_command
from tests.support.desk import Desk, desk

# The package of this test run, be it the checkout's or that of a wheel.
PACKAGE = Path(package.__file__).parent.parent
ENVIRON = {
    **{key: value for key, value in os.environ.items() if not key.startswith("DIGEST_")},
    "PYTHONPATH": str(PACKAGE),
}


def digest(folder: Path, *arguments: str, **environ: str) -> subprocess.CompletedProcess[str]:
    """Run the real command in a folder."""
    return subprocess.run(
        [sys.executable, "-m", "digest", *arguments],
        cwd=folder,
        env={**ENVIRON, **environ},
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )


def test_from_nothing_to_a_status_in_four_commands(tmp_path: Path) -> None:
    assert digest(tmp_path, "config", "init").returncode == 0
    checked = digest(tmp_path, "config", "check")
    assert (checked.returncode, checked.stdout) == (0, "")
    assert checked.stderr == "config.toml is fine\n"
    early = digest(tmp_path, "status")
    assert (early.returncode, early.stdout) == (78, "")
    assert early.stderr == "digest: the database is empty: run `digest db upgrade` first\n"
    assert digest(tmp_path, "db", "upgrade").returncode == 0
    status = digest(tmp_path, "status", "--json")
    assert status.returncode == 0
    assert [one["name"] for one in json.loads(status.stdout)["sources"]] == ["arxiv", "huggingface"]


def test_a_reader_that_goes_away_is_no_drama(tmp_path: Path) -> None:
    made = desk(tmp_path)
    # More than a pipe holds, in few rows.
    host = "a." * 80 + "example.org"
    rows = "".join(f"reader{number}@{host}\n" for number in range(600))
    made.do("subscriber", "import", "-", "--confirmed", text="email\n" + rows)
    with subprocess.Popen(
        [sys.executable, "-m", "digest", "subscriber", "export"],
        cwd=tmp_path,
        env=ENVIRON,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.readline()
        process.stdout.close()
        assert process.stderr.read() == ""


# --- in this process --------------------------------------------------------------------------


@pytest.fixture
def at(tmp_path: Path) -> Desk:
    """Return a desk."""
    return desk(tmp_path)


def test_the_version_is_told_without_a_configuration() -> None:
    result = type_command("--version")
    assert (result.exit_code, result.stdout) == (0, f"digest {__version__}\n")


def test_without_a_configuration_the_exit_code_is_78_and_the_sentence_helps(
    tmp_path: Path,
) -> None:
    result = type_command("status", environ={"DIGEST_CONFIG": str(tmp_path / "config.toml")})
    assert (result.exit_code, result.stdout) == (78, "")
    assert "digest --config" in result.stderr
    assert "config init" in result.stderr
    assert "Traceback" not in result.stderr


def test_a_broken_configuration_is_told_whole_and_without_its_secrets(tmp_path: Path) -> None:
    path = tmp_path / "config.toml"
    path.write_text(
        '[smtp]\npasswort = "8675309"\npassword = 8675309\n[[sources]]\nname="a"\nkind="arxif"\n'
    )
    result = type_command("--debug", "--config", str(path), "status")
    assert (result.exit_code, result.stdout) == (78, "")
    assert 'digest: [smtp] passwort: unknown key; did you mean "password"?' in result.stderr
    assert 'kind: "arxif" is unknown; did you mean "arxiv"?' in result.stderr
    assert "8675309" not in result.stderr


@pytest.mark.parametrize("arguments", [("--nonsense",), ("subscribr", "list"), ("run", "--now")])
def test_what_is_mistyped_ends_in_2(arguments: tuple[str, ...]) -> None:
    result = type_command(*arguments)
    assert (result.exit_code, result.stdout) == (2, "")


def test_an_error_that_nobody_foresaw_is_a_sentence(at: Desk) -> None:
    def build(*_: object) -> None:
        raise RuntimeError("the moon is full")

    state = State(build=build)  # type: ignore[arg-type]  # it never returns
    result = type_command("--config", str(at.config), "status", state=state)
    assert (result.exit_code, result.stdout) == (1, "")
    assert "digest: unexpected RuntimeError: the moon is full" in result.stderr
    assert "Traceback" not in result.stderr
    result = type_command("--debug", "--config", str(at.config), "status", state=state)
    assert "Traceback" in result.stderr


def test_ctrl_c_ends_in_130(at: Desk) -> None:
    def build(*_: object) -> None:
        raise KeyboardInterrupt

    state = State(build=build)  # type: ignore[arg-type]  # it never returns
    result = type_command("--config", str(at.config), "status", state=state)
    assert result.exit_code == 130


def test_init_writes_the_example_for_its_owner_only_and_never_over_a_file(tmp_path: Path) -> None:
    path = tmp_path / "new.toml"
    result = type_command("--config", str(path), "config", "init")
    assert result.exit_code == 0
    assert path.stat().st_mode & 0o777 == 0o600
    path.write_text("mine")
    result = type_command("--config", str(path), "config", "init")
    assert result.exit_code == 2
    assert path.read_text() == "mine"
    result = type_command("--config", str(tmp_path / "no/new.toml"), "config", "init")
    assert result.exit_code == 78


def test_show_is_the_configuration_in_effect_as_toml_and_as_json(at: Desk) -> None:
    at.config.write_text(
        '[smtp]\npassword = "8675309"\nhost = "ü\\u0001\\\\"\n[http]\nallow_hosts = ["a:1"]\n'
        '[[sources]]\nname = "a"\nkind = "arxiv"\ncategories = ["cs.CL"]\n'
    )
    shown = tomllib.loads(at.do("config", "show").stdout)
    assert shown["smtp"]["password"] == "********"
    assert shown["smtp"]["host"] == "ü\x01\\"
    assert shown["http"]["allow_hosts"] == ["a:1"]
    assert shown["sources"] == [{"name": "a", "kind": "arxiv", "categories": ["cs.CL"]}]
    facts = at.ask("config", "show")
    assert facts["smtp"].pop("password_file", 0) is None
    assert facts["smtp"].pop("ca_file", 0) is None
    assert facts["site"].pop("templates", 0) is None
    assert facts == shown


def test_check_tells_every_problem_in_json_too(at: Desk) -> None:
    at.config.write_text("[smtp]\nprot = 1\nport = 0\n")
    result = at.type("config", "check", "--json")
    assert result.exit_code == 78
    assert len(json.loads(result.stdout)["problems"]) == 2


def test_check_warns_of_a_password_that_others_may_read(at: Desk) -> None:
    at.config.write_text('[smtp]\npassword = "8675309"\n')
    at.config.chmod(0o644)
    assert "chmod 600" in at.do("config", "check").stderr
    at.config.chmod(0o600)
    assert "chmod" not in at.do("config", "check").stderr


def test_the_schema_is_told_and_made(tmp_path: Path) -> None:
    at = Desk(tmp_path)
    assert at.ask("db", "current") == {"revision": None}
    assert at.type("db", "check").exit_code == 78
    made = at.ask("db", "upgrade")
    assert made["before"] is None
    assert at.ask("db", "upgrade") == {"before": made["after"], "after": made["after"]}
    assert at.ask("db", "check") == {"revision": made["after"], "differences": []}
