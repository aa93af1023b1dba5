"""The names of categories."""

from __future__ import annotations

from digest.subscriptions import parse_category
from digest.subscriptions.categories import ALL, CODES, GROUPS, OFFERED, OTHERS, code_of


def test_every_category_has_one_place_and_is_written_as_it_is_kept() -> None:
    assert len(ALL) == len(CODES) == 155
    assert sum(map(len, GROUPS.values())) == 155
    assert [code for code, _ in ALL if parse_category(code) != code] == []
    offered = [code for code, _ in OFFERED]
    others = [code for _, group in OTHERS for code, _ in group]
    assert sorted(offered + others) == sorted(CODES)


def test_a_category_is_found_by_its_name() -> None:
    assert code_of("robotics") == "cs.RO"
    assert code_of("  Algebraic   Geometry ") == "math.AG"
    assert code_of("Machine Learning") == "cs.LG"
    assert code_of("hep-th") == "hep-th"
    assert code_of("neuroscience") == "neuroscience"
