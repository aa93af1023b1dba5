"""What users install is what is tested: the files of the wheel are those of the checkout."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from zipfile import ZipFile

from tests.conftest import REPOSITORY

# Where a folder of the checkout is in the wheel.
FOLDERS = {
    "digest": "digest",
    "templates": "digest/templates",
    "migrations": "digest/migrations",
}
EXAMPLE = "config.example.toml"


def test_the_wheel_has_every_file_of_the_checkout_as_it_is_and_no_other(tmp_path: Path) -> None:
    build = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", tmp_path]
    subprocess.run([*build, REPOSITORY], check=True, capture_output=True, timeout=100)
    (wheel,) = tmp_path.glob("*.whl")
    with ZipFile(wheel) as opened:
        packed = {
            name: opened.read(name) for name in opened.namelist() if ".dist-info/" not in name
        }
    wanted = {
        f"{inside}/{path.relative_to(REPOSITORY / folder)}": path.read_bytes()
        for folder, inside in FOLDERS.items()
        for path in (REPOSITORY / folder).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    wanted[f"digest/{EXAMPLE}"] = (REPOSITORY / EXAMPLE).read_bytes()
    assert set(packed) ^ set(wanted) == set()
    assert [name for name, content in packed.items() if content != wanted[name]] == []
