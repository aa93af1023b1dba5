from __future__ import annotations

import gzip
import json
import random
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from digest.model import Titled, Topic
from digest.ranking import rising

NOW = datetime(2026, 11, 24, 7, tzinfo=UTC)
_WORDS = """
    amber basalt cedar delta ember fjord grove harbor island jasper karst lagoon meadow"""
WORDS = _WORDS.split()


def usual(weeks: int = 8, each: int = 60) -> list[Titled]:
    """Return weeks of titles of three words that come and go by chance."""
    draw = random.Random(4)
    return [
        Titled(
            f"x:{week}-{number}",
            " ".join(draw.sample(WORDS, 3)),
            NOW - timedelta(days=7 * week + 3, minutes=number),
        )
        for week in range(weeks)
        for number in range(each)
    ]


def fresh(*titles: str) -> list[Titled]:
    """Return papers of today."""
    return [
        Titled(f"y:{number}", title, NOW - timedelta(hours=number + 1))
        for number, title in enumerate(titles)
    ]


TIDES = (
    "Tidal Turbines for Small Islands",
    "On tidal turbines and fish",
    "Cheap blades: a Tidal Turbine that lasts",
    "Mooring tidal turbines in a storm",
    "Tidal turbines, revisited",
)


def names(topics: list[Topic]) -> list[str]:
    return [one.name for one in topics]


def test_what_is_in_more_titles_than_before_rises() -> None:
    (one,) = rising([*usual(), *fresh(*TIDES)], NOW)
    assert one.name == "tidal turbines"
    assert one.papers == ("y:0", "y:1", "y:2", "y:3", "y:4")
    assert one.titles == (0, 0, 0, 0, 0, 0, 0, 5)
    assert one.of == (60, 60, 60, 60, 60, 60, 60, 65)
    assert one.times == pytest.approx(5 / 65 / (1 / 420))


def test_what_is_always_there_does_not_rise() -> None:
    assert rising(usual(), NOW) == []
    often = [
        Titled(f"z:{week}-{number}", TIDES[number], NOW - timedelta(days=7 * week + 1))
        for week in range(8)
        for number in range(5)
    ]
    assert rising([*usual(), *often], NOW) == []


@pytest.mark.parametrize(
    "titles",
    [
        ["A Novel Framework for Efficient Learning", *["Towards a Novel Framework"] * 6],
        ["Of what is in the sea", *["what is in the"] * 6],
        ["In 2026 and 2027", *["2026"] * 6],
        ["Real-World Images"] * 6,
    ],
)
def test_words_that_say_nothing_are_no_topic(titles: list[str]) -> None:
    assert rising([*usual(), *fresh(*titles)], NOW) == []


def test_words_on_two_sides_of_a_colon_are_no_name() -> None:
    found = rising([*usual(), *fresh(*[f"Otter{n}: tidal pools: a map" for n in range(6)])], NOW)
    assert names(found) == ["tidal pools"]


@pytest.mark.parametrize(
    ("titles", "name"),
    [
        (["Gaussian Splatting of Trees", "gaussian splatting for rain"] * 3, "gaussian splatting"),
        (["The LLM judges again", "LLM Judges on Trial"] * 3, "LLM judges"),
        (["Accelerating Turbines"] * 6, "turbines"),
        (["Reading Whole Slide Images", "Whole slide images again"] * 3, "whole slide images"),
        (["Low-Resource Tongues"] * 5, "low-resource tongues"),
        ([f"SemEval-2026 Task on {one}" for one in WORDS[:8]], "SemEval-2026 task"),
    ],
)
def test_a_topic_is_written_as_people_write_it(titles: list[str], name: str) -> None:
    assert rising([*usual(), *fresh(*titles)], NOW)[0].name == name


def test_one_word_needs_more_than_an_accident() -> None:
    words = [f"Cuttlefish {one}" for one in WORDS]
    assert names(rising([*usual(), *fresh(*words[:3])], NOW)) == []
    assert names(rising([*usual(), *fresh(*words)], NOW)) == ["cuttlefish"]


def test_a_new_site_has_no_background_and_no_topics() -> None:
    assert rising([], NOW) == []
    assert rising(fresh(*TIDES), NOW) == []
    assert rising(usual(weeks=1), NOW) == []


def test_a_month_of_real_titles_has_few_topics_of_several_papers(shared_data: Path) -> None:
    with gzip.open(shared_data / "stream" / "arxiv_listing.jsonl.gz", "rt") as file:
        listed = [json.loads(line) for line in file]
    now = datetime(2026, 3, 10, 9, tzinfo=UTC)
    papers = [
        Titled(one["id"], one["title"], datetime.fromisoformat(f"{one['first_listed']}T05:00Z"))
        for one in listed
        if "2026-01" <= one["first_listed"] <= "2026-03-10"
    ]
    found = rising(papers, now)
    assert 3 <= len(found) <= 8
    assert "LLM judges" in names(found)
    for one in found:
        assert one.times > 1.5
        assert len(one.papers) == one.titles[-1] >= 4
