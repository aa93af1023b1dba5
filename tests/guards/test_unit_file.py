"""The unit file is sound and well locked, as systemd's own tools see it."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import REPOSITORY

UNIT = REPOSITORY / "deploy" / "digest.service"

pytestmark = pytest.mark.skipif(
    shutil.which("systemd-analyze") is None, reason="systemd-analyze is not installed"
)


def analyze(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["systemd-analyze", *arguments], capture_output=True, text=True, check=False, timeout=60
    )


def test_systemd_finds_nothing_wrong(tmp_path: Path) -> None:
    # The program of an installation is not here: any other one stands in for it.
    text = UNIT.read_text().replace("/opt/digest/bin/digest", sys.executable)
    copy = tmp_path / "digest.service"
    copy.write_text(text)
    found = analyze("verify", "--man=no", str(copy))
    ours = [line for line in found.stderr.splitlines() if "digest" in line]
    assert (ours, found.returncode) == ([], 0)


def test_verify_would_tell(tmp_path: Path) -> None:
    copy = tmp_path / "digest.service"
    copy.write_text(UNIT.read_text().replace("ProtectHome=", "ProtectHmoe="))
    assert "ProtectHmoe" in analyze("verify", "--man=no", str(copy)).stderr


def test_the_service_is_well_locked() -> None:
    found = analyze("security", "--offline=true", "--no-pager", str(UNIT))
    match = re.search(r"Overall exposure level for digest\.service: (\d+\.\d)", found.stdout)
    assert match, found.stderr
    assert float(match[1]) < 3


def test_it_does_what_the_program_expects() -> None:
    text = UNIT.read_text()
    for line in ("Type=notify", "RestartPreventExitStatus=78", "WatchdogSec=", "LoadCredential="):
        assert line in text
