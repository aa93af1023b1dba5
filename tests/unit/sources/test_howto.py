"""The how-to for a new source is true."""

from __future__ import annotations

import importlib
import re
from datetime import UTC, datetime
from pathlib import Path

import pytest

from digest import sources
from digest.sources.http import Fetcher
from digest.testing import FakeClock
from tests.contracts.test_sources import assert_sound
from tests.support.httpd import Answer, Httpd

REPOSITORY = Path(__file__).parent.parent.parent.parent
PACKAGE = Path(sources.__file__).parent.parent
TEXT = (REPOSITORY / "docs" / "howto" / "add-a-source.md").read_text()


def blocks(language: str) -> list[str]:
    found = re.findall(rf"^( *)```{language}\n(.*?)^ *```", TEXT, re.DOTALL | re.MULTILINE)
    return [re.sub(rf"^{indent}", "", code, flags=re.MULTILINE) for indent, code in found]


def test_its_code_is_a_source(
    httpd: Httpd, fetcher: Fetcher, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "example_source_of_the_howto.py").write_text(blocks("python")[0])
    monkeypatch.syspath_prepend(tmp_path)
    module = importlib.import_module("example_source_of_the_howto")
    recorded = REPOSITORY / "tests" / "fixtures" / "feeds" / "rss.xml"
    url = httpd.route("/feed", Answer(recorded.read_bytes()))
    clock = FakeClock(datetime(2026, 4, 27, tzinfo=UTC))
    source = module.Example(module.Example.Options(url=url), fetcher, clock)
    fetched = source.fetch(None, None)
    assert len(fetched.papers) == 3
    assert "unreadable: 1" in fetched.note
    for paper in fetched.papers:
        assert_sound(paper)


def test_its_lines_look_like_those_that_are_there() -> None:
    kinds = Path(sources.__file__).read_text()
    table = (REPOSITORY / "tests" / "contracts" / "test_sources.py").read_text()
    _, kind, line = (block.strip() for block in blocks("python"))
    assert kind.replace("example", "rss").replace("Example", "Rss") in kinds
    assert line.replace("example", "rss").replace("papers=2", "papers=3") in table


def test_every_path_that_it_names_is_there_or_is_the_example() -> None:
    for path in re.findall(r"`((?:digest|tests)/[\w./]+)`", TEXT):
        root = PACKAGE.parent if path.startswith("digest/") else REPOSITORY
        assert (root / path).exists() or "example" in path
