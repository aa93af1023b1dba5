"""`digest search`."""

from __future__ import annotations

from pathlib import Path

from tests.support.desk import desk
from tests.support.samples import NOW, paper


def test_papers_are_found_from_the_command_line(tmp_path: Path) -> None:
    operator = desk(tmp_path)
    store = operator.open()
    with store.write() as tx:
        new = [
            paper("arxiv:2611.00001", title="A feature extractor", categories=("cs.CV",)),
            paper("arxiv:2611.00002", title="Harbours"),
        ]
        tx.papers.add(new, source="arxiv", listed_at=NOW)
    store.close()
    (found,) = operator.ask("search", "feature", "extractor")
    assert (found["position"], found["key"]) == (1, "arxiv:2611.00001")
    assert found["url"] == "https://arxiv.org/abs/2611.00001"
    assert operator.ask("search", "feature", "--category", "cs.RO") == []
    assert "A feature extractor" in operator.do("search", "extractors").stdout
    nothing = operator.do("search", "zzz")
    assert "nothing was found" in nothing.stderr
    assert operator.type("search", " ").exit_code == 2
