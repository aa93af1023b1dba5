"""Facts about finding and making sources, those of other packages among them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from digest import sources
from digest.config import Http, SourceSettings
from digest.errors import ConfigError
from digest.model import Fetched
from digest.ports import Source
from digest.sources.http import Fetcher
from digest.sources.rss import RssOptions
from digest.testing import FakeClock

Install = Callable[[str, str], None]

GOOD = """
from pydantic import BaseModel, ConfigDict
from digest.model import Fetched

class Options(BaseModel):
    model_config = ConfigDict(extra="forbid")
    shelf: int

class Library:
    Options = Options

    def __init__(self, options, fetcher, clock):
        self.shelf = options.shelf

    def fetch(self, since, cursor):
        return Fetched(note=f"shelf {self.shelf}")
"""


def build(kind: str, **options: Any) -> Source:
    clock = FakeClock(datetime(2026, 4, 27, tzinfo=UTC))
    return sources.build(
        SourceSettings.model_validate({"name": "mine", "kind": kind, **options}),
        Fetcher(Http(), clock=clock, user_agent="test/1"),
        clock,
    )


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Install:
    """Return a function that installs a package which brings one kind."""

    def put(package: str, code: str, kind: str = "library", name: str = "Library") -> None:
        (tmp_path / f"{package}.py").write_text(code)
        about = tmp_path / f"{package}-1.0.dist-info"
        about.mkdir()
        (about / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {package}\nVersion: 1.0\n")
        (about / "entry_points.txt").write_text(f"[digest.sources]\n{kind} = {package}:{name}\n")

    monkeypatch.syspath_prepend(tmp_path)
    return put


def test_the_kinds_are_known_by_name() -> None:
    assert {"arxiv", "huggingface", "rss"} <= set(sources.names())
    assert sources.names() == sorted(sources.names())
    assert sources.options("rss") is RssOptions
    assert sources.options("telepathy") is None


def test_an_unknown_kind_names_the_known_ones() -> None:
    with pytest.raises(ConfigError, match=r'no kind "telepathy"; the kinds are .*arxiv'):
        build("telepathy")


def test_every_problem_of_a_table_is_told() -> None:
    with pytest.raises(ConfigError) as caught:
        build("huggingface", days=0, limit="many", urk=1)
    assert len(caught.value.problems) == 3
    assert all(problem.startswith('Source "mine": ') for problem in caught.value.problems)


def test_a_problem_without_a_key_is_told() -> None:
    with pytest.raises(ConfigError, match='Source "mine": categories are missing'):
        build("arxiv")


def test_a_kind_of_another_package_works(install: Install) -> None:
    install("shelf_source_good", GOOD)
    assert "library" in sources.names()
    model = sources.options("library")
    assert model is not None
    assert set(model.model_fields) == {"shelf"}
    assert build("library", shelf=3).fetch(None, None) == Fetched(note="shelf 3")
    with pytest.raises(ConfigError, match="shelf"):
        build("library")


@pytest.mark.parametrize(
    ("package", "code"),
    [
        ("shelf_source_raises", "raise RuntimeError('no shelf')"),
        ("shelf_source_absent", "Other = 1"),
        ("shelf_source_number", "Library = 7"),
        ("shelf_source_optionless", "class Library: pass"),
        ("shelf_source_unmodelled", "class Library:\n    Options = dict"),
    ],
)
def test_a_broken_package_breaks_only_its_own_kind(
    install: Install, package: str, code: str
) -> None:
    install(package, code)
    assert "library" in sources.names()
    assert build("rss", url="https://example.org/feed")
    with pytest.raises(ConfigError, match=package):
        sources.options("library")
    with pytest.raises(ConfigError, match=package):
        build("library")


def test_two_packages_with_one_kind_are_refused(install: Install) -> None:
    install("shelf_source_one", GOOD)
    install("shelf_source_two", GOOD)
    with pytest.raises(ConfigError, match="Two packages"):
        build("library", shelf=1)
