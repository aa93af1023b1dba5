"""The unit files are sound and well locked, as systemd's own tools see them."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import REPOSITORY

UNITS = sorted((REPOSITORY / "deploy").glob("*.service"))

each_unit = pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.name)

pytestmark = pytest.mark.skipif(
    shutil.which("systemd-analyze") is None, reason="systemd-analyze is not installed"
)


def analyze(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["systemd-analyze", *arguments], capture_output=True, text=True, check=False, timeout=60
    )


@each_unit
def test_systemd_finds_nothing_wrong(tmp_path: Path, unit: Path) -> None:
    # The program of an installation is not here: any other one stands in for it.
    text = unit.read_text().replace("/opt/digest/bin/digest", sys.executable)
    copy = tmp_path / unit.name
    copy.write_text(text)
    found = analyze("verify", "--man=no", str(copy))
    ours = [line for line in found.stderr.splitlines() if "digest" in line]
    assert (ours, found.returncode) == ([], 0)


def test_verify_would_tell(tmp_path: Path) -> None:
    copy = tmp_path / "digest.service"
    copy.write_text(UNITS[0].read_text().replace("ProtectHome=", "ProtectHmoe="))
    assert "ProtectHmoe" in analyze("verify", "--man=no", str(copy)).stderr


@each_unit
def test_the_service_is_well_locked(unit: Path) -> None:
    found = analyze("security", "--offline=true", "--no-pager", str(unit))
    match = re.search(rf"Overall exposure level for {unit.name}: (\d+\.\d)", found.stdout)
    assert match, found.stderr
    assert float(match[1]) < 3


@each_unit
def test_it_does_what_the_program_expects(unit: Path) -> None:
    text = unit.read_text()
    for line in ("Type=notify", "RestartPreventExitStatus=78", "WatchdogSec=", "LoadCredential="):
        assert line in text


def test_there_is_one_for_all_and_one_for_the_pages_alone() -> None:
    commands = {unit.name: re.findall(r"config\.toml (.+)", unit.read_text()) for unit in UNITS}
    assert commands == {"digest-web.service": ["web"], "digest.service": ["serve"]}
