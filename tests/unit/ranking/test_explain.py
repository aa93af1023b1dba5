from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from digest.language import Language
from digest.model import (
    Candidate,
    InterestKind,
    Signal,
    SignalName,
    SourceOutcome,
    SourceState,
    Track,
    Window,
)
from digest.rank import Pool
from digest.ranking import Phrases, measured
from digest.ranking.terms import distinct
from digest.resources import templates_dir
from digest.testing import ListRanker
from tests.unit.ranking.samples import NOW, candidate, papers, signal

PAPER = papers(1)[0]
ENGLISH = Phrases()


def told(shown: Candidate, *, total: bool = False) -> str:
    """Return what is told of a paper that is measured alone."""
    return ENGLISH.popularity(measured([shown], [], NOW)[0], NOW, total=total)


@pytest.mark.parametrize(
    ("written", "followed", "said"),
    [
        ("Ada Example", "Ada Example", "by Ada Example, whom you follow"),
        ("Ada B. Example", "Example, Ada", "by Ada B. Example, whom you follow"),
        ("J. Wang", "j wang", "by J. Wang, whom you follow"),
        ("Jianing Wang", "J. Wang", "by Jianing Wang, as you follow “J. Wang”"),
        ("J. Wang", "Jianing Wang", "by J. Wang, as you follow “Jianing Wang”"),
        ("Jianing Wang", "Wang", "by Jianing Wang, as you follow “Wang”"),
    ],
)
def test_an_author_who_may_be_another_one_is_told_with_the_name_that_is_followed(
    written: str, followed: str, said: str
) -> None:
    assert ENGLISH.author(written, followed) == said


def test_what_speaks_for_a_paper_is_joined() -> None:
    parts = [ENGLISH.keywords((("diffusion", ""),)), "43 upvotes since yesterday"]
    assert (
        ENGLISH.reason(parts, any_interests=True)
        == "matches your keyword diffusion; 43 upvotes since yesterday"
    )


def test_a_reason_stays_one_short_line() -> None:
    title = "Word\n" * 100
    parts = [
        ENGLISH.similar(title, [], strength=1.0),
        ENGLISH.author(title, title),
        ENGLISH.keywords(((title, title),) * 3),
    ]
    said = ENGLISH.reason(parts, any_interests=True)
    assert len(said) < 200
    assert "\n" not in said
    assert said.startswith("similar to “Word Word")


def test_terms_without_room_are_left_out() -> None:
    terms = ["natural language inference of the models", "large scale retrieval augmentation pools"]
    said = ENGLISH.similar("T" * 90, terms, strength=0.2, meant=True)
    assert said.endswith(f"that you liked: {terms[0]}")
    assert ENGLISH.reason([said], any_interests=True) == said


def test_a_part_without_room_makes_way_for_a_shorter_one() -> None:
    assert ENGLISH.reason(["a" * 150, "b" * 100, "c"], any_interests=True) == f"{'a' * 150}; c"


def test_nothing_to_say_is_said() -> None:
    assert ENGLISH.reason([], any_interests=True) == "new; it matches none of your interests"
    assert ENGLISH.reason([], any_interests=False) == "new"


def test_keywords_are_listed() -> None:
    said = ENGLISH.keywords((("a", ""), ("tokenization", "tokens"), ("c", "")))
    assert said == "matches your keywords a, tokenization (“tokens”) and c"
    long = tuple(
        (f"{name} {'word ' * 6}".strip(), f"{name} {'wort ' * 6}".strip()) for name in "abc"
    )
    assert "wort" not in ENGLISH.keywords(long)
    assert ENGLISH.reason([ENGLISH.keywords(long)], any_interests=True).startswith("matches your")


def test_one_is_not_many() -> None:
    shown = candidate(PAPER, signal(1), signal(1, name="comments"), signal(1, name="stars"))
    assert ENGLISH.popularity(shown, NOW) == "1 upvote, 1 comment and 1 star"


def test_large_figures_are_grouped() -> None:
    assert ENGLISH.popularity(candidate(PAPER, signal(12345)), NOW) == "12,345 upvotes"


def test_since_yesterday_is_said_only_where_yesterday_is_known() -> None:
    known = candidate(PAPER, signal(7, hours=24), signal(50, hours=1))
    fresh = candidate(PAPER, signal(7, hours=3), signal(50, hours=1))
    assert ENGLISH.popularity(known, NOW) == "+43 upvotes since yesterday"
    assert ENGLISH.popularity(fresh, NOW) == "50 upvotes"


def test_a_paper_that_gained_nothing_shows_what_it_has() -> None:
    resting = candidate(PAPER, signal(50, hours=24), signal(50, hours=1))
    assert ENGLISH.popularity(resting, NOW) == "50 upvotes"


def test_a_paper_that_is_chosen_for_its_figures_shows_all_of_them() -> None:
    hot = candidate(PAPER, signal(120), signal(14, name="comments"), hours=47)
    assert told(hot, total=True) == ("trending: 120 upvotes and 14 comments in 2 days")
    assert ENGLISH.popularity(candidate(PAPER, signal(2)), NOW, total=True) == "2 upvotes"


def test_stars_did_not_come_in_the_days_since_a_paper_was_listed() -> None:
    hot = candidate(PAPER, signal(120), signal(1830, name="stars"), hours=72)
    assert told(hot, total=True) == "trending: 120 upvotes in 3 days"
    starred = candidate(PAPER, signal(1830, name="stars"), hours=72)
    assert told(starred, total=True) == "1,830 stars"


def crowd(number: int) -> list[Track]:
    """Return papers of no field, with upvotes from none up."""
    at = NOW - timedelta(days=9)
    return [
        Track("", at, (Signal("t", "past", SignalName.UPVOTES, votes, at),))
        for votes in range(number)
    ]


def test_everywhere_is_said_of_the_very_first_alone() -> None:
    field_unknown = replace(PAPER, categories=())
    for votes, said in (
        (49, "trending everywhere: 49 upvotes, top 1 % of all fields"),
        (42, "trending: 42 upvotes, top 10 % of all fields"),
    ):
        (one,) = measured([candidate(field_unknown, signal(votes, hours=0))], crowd(50), NOW)
        assert ENGLISH.popularity(one, NOW, total=True) == said


def test_nothing_is_made_of_a_vote_or_two() -> None:
    at = NOW - timedelta(days=9)
    silent = [Track("", at, (Signal("t", "past", SignalName.UPVOTES, 0, at),))] * 50
    for votes, said in (
        (2, "2 upvotes"),
        (6, "trending everywhere: 6 upvotes, top 1 % of all fields"),
    ):
        shown = candidate(replace(PAPER, categories=()), signal(votes, hours=0))
        (one,) = measured([shown], silent, NOW)
        assert ENGLISH.popularity(one, NOW, total=True) == said


def test_what_is_hot_in_its_field_is_not_hot_everywhere() -> None:
    day = timedelta(days=1)
    tracks = [
        Track(
            category,
            NOW - 9 * day,
            (Signal("t", "past", SignalName.UPVOTES, number, NOW - 9 * day),),
        )
        for number in range(50)
        for category in ("cs.CL", "cs.RO")
        if category == "cs.CL" or number < 25
    ]
    robots = replace(PAPER, categories=("cs.RO",))
    for votes, said in (
        (22, "trending in cs.RO: 22 upvotes, top 4 % of cs.RO"),
        (46, "trending everywhere: 46 upvotes, top 2 % of all fields"),
        (2, "2 upvotes"),
    ):
        (one,) = measured([candidate(robots, signal(votes, hours=0))], tracks, NOW)
        assert ENGLISH.popularity(one, NOW, total=True) == said


def test_after_a_weekend_gains_count_from_the_day_before_it() -> None:
    monday = datetime(2026, 11, 23, 7, tzinfo=UTC)
    announced = {date(2026, 11, day): 50 for day in (16, 17, 18, 19, 20, 23)}

    def figure(value: int, day: int, hour: int) -> Signal:
        at = datetime(2026, 11, day, hour, tzinfo=UTC)
        return Signal(PAPER.key, "hf", SignalName.UPVOTES, value, at)

    def said(*signals: Signal, phrases: Phrases = ENGLISH) -> str:
        listed_at = signals[0].observed_at
        (one,) = measured([Candidate(PAPER, listed_at, signals)], [], monday, announced=announced)
        return phrases.popularity(one, monday)

    def figures_of(*signals: Signal) -> dict[str, int]:
        shown = [Candidate(PAPER, signals[0].observed_at, signals)]
        (one,) = measured(shown, [], monday, announced=announced)
        pool = Pool(
            ListRanker([PAPER.key]),
            [one],
            [],
            [],
            opens_at=friday.observed_at,
            begins_at=friday.observed_at,
            closes_at=monday,
            phrases=ENGLISH,
        )
        return pool.figures[0]

    friday, sunday, today = figure(9, 20, 6), figure(30, 22, 8), figure(40, 23, 6)
    assert said(friday, sunday, today) == "+31 upvotes since Friday"
    assert said(sunday, today) == "+10 upvotes since yesterday"
    # What stands beside the total on the card is the same gain.
    assert figures_of(friday, sunday, today) == {"upvotes": 40, "upvotes_gained": 31}
    assert figures_of(sunday, today) == {"upvotes": 40, "upvotes_gained": 10}
    german = Phrases(Language("de", [templates_dir()]))
    assert said(friday, sunday, today, phrases=german) == "+31 Stimmen seit Freitag"


@pytest.mark.parametrize(
    ("window", "said"),
    [
        (Window.DAY, "+31 upvotes since yesterday, top 1 % of cs.RO"),
        (Window.WEEK, "+31 upvotes since yesterday, top 1 % of cs.RO this week"),
        (Window.MONTH, "+31 upvotes since yesterday, top 1 % of cs.RO this month"),
    ],
)
def test_a_place_is_told_with_its_window(window: Window, said: str) -> None:
    tracks = [
        Track(
            category,
            NOW - timedelta(days=9),
            (Signal("t", "past", SignalName.UPVOTES, votes, NOW - timedelta(days=9)),),
        )
        for number in range(25)
        for category, votes in (("cs.CL", 900), ("cs.RO", number % 3))
    ]
    robots = replace(PAPER, categories=("cs.RO",))
    shown = candidate(robots, signal(9, hours=24), signal(40, hours=1), hours=25)
    (one,) = measured([shown], tracks, NOW, window)
    assert ENGLISH.popularity(one, NOW) == said


def test_what_nobody_has_looked_at_has_no_figures() -> None:
    assert ENGLISH.popularity(candidate(PAPER), NOW) == ""
    assert ENGLISH.popularity(candidate(PAPER, signal(0)), NOW, total=True) == ""
    assert ENGLISH.popularity(candidate(PAPER, signal(9, hours=-5)), NOW) == ""


def test_terms_are_words_and_say_nothing_twice() -> None:
    terms = ["soft gripper", "grippers", "54 5", "n", "tactile", "state of the art", "a, b", "AI"]
    terms += ["dunes into a desert", "improving dunes", "beyond"]
    assert distinct(terms, 2) == ["soft gripper", "tactile"]
    assert distinct(terms, 0) == []
    assert distinct(terms, 9) == ["soft gripper", "tactile", "state of the art", "AI"]
    assert distinct(["smart building", "decision-making"], 9) == [
        "smart building",
        "decision-making",
    ]


def test_what_is_close_a_little_is_not_called_close() -> None:
    assert ENGLISH.close("your text", ["dunes"], strength=0.5) == "close to your text: dunes"
    assert ENGLISH.close("your text", [], strength=0.2) == "somewhat close to your text"
    assert ENGLISH.similar("Dunes", [], strength=0.2) == (
        "somewhat similar to “Dunes” that you liked"
    )


def test_what_is_expected_names_its_grounds() -> None:
    grounds = [
        ENGLISH.known_author("Ada Byron"),
        ENGLISH.known_organisation("The Fold"),
        ENGLISH.with_code(1200),
        ENGLISH.with_code(1),
        ENGLISH.telling(["sheep", "long horizon"]),
    ]
    assert [ENGLISH.expected([one]).partition(": ")[2] for one in grounds] == [
        "earlier papers of Ada Byron",
        "papers from The Fold",
        "code with 1,200 stars",
        "open code",
        "its subject (sheep, long horizon)",
    ]
    assert ENGLISH.expected(grounds[:2]) == (
        "expected to be looked at: earlier papers of Ada Byron and papers from The Fold"
    )
    assert ENGLISH.expected([]) == ENGLISH.telling([]) == ""


def test_every_reason_can_be_said_in_another_language() -> None:
    german = Phrases(Language("de", [templates_dir()]))
    known = candidate(PAPER, signal(7, hours=24), signal(1250, hours=1), signal(2, name="stars"))
    trend = measured([known], [], NOW)[0]
    silent = SourceState("arxiv", "arxiv", last_outcome=SourceOutcome.FAILED)
    stale = SourceState("arxiv", "arxiv", last_outcome=SourceOutcome.STALE)
    what = [german.text(kind, "Eis") for kind in (InterestKind.TEXT, InterestKind.KEYWORD)]
    grounds = [german.known_author("Bo"), german.known_organisation("Fold"), german.with_code(1200)]
    said = [
        german.reason([], any_interests=True),
        german.reason([], any_interests=False),
        german.surprise("neu"),
        german.upstream(silent),
        german.upstream(stale),
        german.keywords((("Eis", ""),)),
        german.keywords((("Eis", ""), ("Sand", "sandig"))),
        german.author("Bo", "Bo"),
        german.author("Bo Li", "B. Li"),
        german.category("cs.RO"),
        german.readers("Eis"),
        german.expected(
            [*grounds, german.with_code(1), german.with_page(), german.telling(["Eis"])]
        ),
        *[german.popularity(trend, NOW, total=total) for total in (True, False)],
    ]
    for strength in (0.2, 0.5):
        for meant in (True, False):
            said.append(german.similar("Eis", [], strength=strength, meant=meant))
            said += [
                german.close(one, [], strength=strength, meant=meant)
                for one in (*what, german.likes())
            ]
    english = {"the", "your", "you", "of", "papers", "close", "similar", "since", "new"}
    assert not [one for one in said if english & set(re.findall(r"\w+", one.lower()))]
    assert "passt zu Ihren Stichwörtern Eis und Sand („sandig“)" in said
    assert "+1.243 Stimmen seit gestern" in said
    assert len(set(said)) == len(said)
