from __future__ import annotations

import math
import random
from collections.abc import Callable
from dataclasses import replace
from statistics import fmean

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from digest.model import Candidate, EvidenceKind, Interest, InterestKind, Paper, Profile
from digest.ranking import ranker
from tests.support.ranking import Listed
from tests.unit.ranking.samples import (
    NOW,
    by_key,
    candidate,
    fit,
    grasping,
    papers,
    profile,
    signal,
    want,
)

MIN_SCORE = 0.1  # the default of [ranking]
POOL = papers(40)
TODAY = [candidate(paper) for paper in POOL]
ROBOTS = {paper.key for paper in POOL if paper.categories == ("cs.RO",)}
PAST_ROBOTS = tuple(papers(24, seed=3, prefix="liked")[::4])
PAST_STARS = tuple(papers(24, seed=3, prefix="liked")[2::4])
TITLED = Paper("x:titled", "Zymurgy for beginners", "We brew.", ("Ada Example",), ("cs.RO",))
MENTIONED = Paper(
    "x:mentioned", "On brewing", "We mention zymurgy once.", ("Bo Other",), ("cs.CL",)
)


def test_a_keyword_counts_clearly_and_more_in_the_title() -> None:
    scored = by_key(
        fit(*TODAY, candidate(TITLED), candidate(MENTIONED)).score(
            profile(want("keyword", "zymurgy"))
        )
    )
    assert scored["x:titled"].score > scored["x:mentioned"].score > 2 * MIN_SCORE
    assert all(scored[paper.key].score < 0.02 for paper in POOL)
    assert scored["x:titled"].reason == "matches your keyword zymurgy"


def test_what_a_disliked_paper_says_of_a_keyword_depends_on_no_other_reader() -> None:
    value = "finetuning multimodal largescale pretraining timeseries"
    mine = Paper("x:mine", "Fine tuning multi modal large scale pre training time series", "")
    other = Paper("x:other", "A fin etuning and timese ries", "")
    pool = [*TODAY, candidate(replace(mine, key="x:new"))]
    ranking = ranker("default").fit(pool, POOL, NOW)
    me = replace(profile(want("keyword", value)), disliked=(mine,))
    you = replace(profile(want("keyword", "x")), disliked=(other,))
    alone, beside = ranking.score([me]).score[0], ranking.score([me, you]).score[0]
    assert alone.tolist() == beside.tolist()


def test_other_words_of_a_keywords_stem_count_half_and_take_nothing_from_the_word_itself() -> None:
    brewed = Paper("x:brewed", "Personalization for beginners", "We brew.")
    akin = Paper("x:akin", "A person for beginners", "We brew.")
    others = [replace(paper, abstract=f"{paper.abstract} persons.") for paper in papers(120)]

    def strengths(*papers: Paper) -> dict[str, float]:
        ranking = ranker("default").fit([candidate(one) for one in papers], POOL, NOW)
        scores = ranking.score([profile(want("keyword", "personalization"))])
        return {
            paper.key: one.strength
            for column, paper in enumerate(each.paper for each in ranking.candidates)
            for one in scores.explain(0, column).evidence
            if one.kind is EvidenceKind.KEYWORD
        }

    few, many = strengths(*POOL, brewed, akin), strengths(*POOL, *others, brewed, akin)
    assert few.keys() == {"x:brewed", "x:akin"}
    assert few["x:brewed"] == many["x:brewed"] == pytest.approx(0.6)
    # What is common is so for itself.
    assert many["x:akin"] < few["x:akin"] < 0.3


def test_a_muted_keyword_takes_out_what_has_the_word_itself() -> None:
    pool = [
        candidate(Paper(f"x:{n}", title)) for n, title in enumerate(("Tokenization", "Few tokens"))
    ]
    (left,) = fit(*pool).score(profile(want("keyword", "tokenizations", -1)))
    assert left.paper.key == "x:1"


def test_a_keyword_that_many_papers_have_tells_less_of_each() -> None:
    fashion = [replace(paper, abstract=f"{paper.abstract} zymurgy.") for paper in papers(120)]
    rare, common = (
        fit(*TODAY, *(candidate(one) for one in others), candidate(TITLED))
        for others in ([], fashion)
    )
    wish = profile(want("keyword", "zymurgy"))
    once, often = (by_key(ranking.score(wish))["x:titled"].relevance for ranking in (rare, common))
    assert 2 * MIN_SCORE < often < once


def test_a_paper_close_to_several_keywords_comes_before_one_that_is_close_to_one() -> None:
    texts = {"both": "grasp tactile finger force", "one": "grasp tactile dust redshift"}
    candidates = [candidate(Paper(key, "About this", text)) for key, text in texts.items()]
    ranking = fit(*TODAY, *candidates)
    wishes = [want("text", "grasp tactile"), want("text", "finger force")]
    scored = by_key(ranking.score(profile(*wishes)))
    assert scored["both"].relevance > scored["one"].relevance
    # One text, whatever it says, is counted once: given twice, it is still the same wish.
    single = by_key(ranking.score(profile(want("text", "grasp tactile finger force"))))
    (words,) = ranking.ranking.content.words(["grasp tactile finger force"])
    column = [one.paper.key for one in ranking.ranking.candidates].index("both")
    assert single["both"].relevance == pytest.approx(words.strength[column], abs=1e-6)


def test_a_category_counts_modestly() -> None:
    scored = by_key(fit(*TODAY).score(profile(want("category", "cs.RO"))))
    for key, one in scored.items():
        if key in ROBOTS:
            assert MIN_SCORE <= one.score < 0.3
            assert one.reason == "in your category cs.RO"
        else:
            assert one.score == 0
            assert one.reason == "new; it matches none of your interests"


def test_content_orders_papers_of_a_category() -> None:
    near = Paper("x:near", "Tactile gripper", "soft finger contact force", categories=("cs.RO",))
    far = Paper("x:far", "Legislation", "taxes councils budgets", categories=("cs.RO",))
    ranking = fit(*TODAY, candidate(far), candidate(near))
    scored = by_key(ranking.score(profile(want("category", "cs.RO"), liked=PAST_ROBOTS)))
    assert scored["x:near"].score > scored["x:far"].score >= MIN_SCORE


def test_an_author_counts_most_and_is_named_as_on_the_paper() -> None:
    ranking = fit(*TODAY, candidate(TITLED))
    one = ranking.score(profile(want("author", "example, ADA")))[0]
    assert one.paper == TITLED
    assert one.relevance == pytest.approx(0.8)
    assert one.reason == "by Ada Example, whom you follow"


@pytest.mark.parametrize(
    "taste",
    [
        profile(liked=PAST_ROBOTS),
        profile(liked=PAST_ROBOTS[:1]),
        profile(want("text", "soft robot hands that grasp: tactile fingers, contact force")),
    ],
    ids=["likes", "one like", "text"],
)
def test_papers_of_the_same_content_come_first(taste: Profile) -> None:
    scored = fit(*TODAY).score(taste)
    assert {one.paper.key for one in scored[:5]} <= ROBOTS
    assert scored[0].score > MIN_SCORE
    assert scored[-1].relevance < 0.01


def test_what_is_close_to_a_text_names_shared_words() -> None:
    text = want("text", "soft robot grippers with tactile fingers")
    reason = fit(*TODAY).score(profile(text))[0].reason
    what, _, terms = reason.partition(": ")
    assert what == "close to your text"
    assert set(terms.split(", ")) & {"soft", "robot", "tactile", "gripper", "finger"}


def test_terms_in_reasons_name_subjects() -> None:
    past = [Paper(f"g:{n}", title, abstract) for n, (title, abstract) in enumerate(grasping(400))]
    new = candidate(Paper("x:new", "Grasp eggs", "A superior demand and a superior egg to grasp."))
    text = want("text", "superior demand, superior eggs to grasp")
    (one,) = fit(new, background=past).score(profile(text))
    assert "grasp" in one.reason
    assert "superior" not in one.reason


def test_what_is_close_to_one_like_names_it_and_what_both_have() -> None:
    (like,) = PAST_ROBOTS[:1]
    best = fit(*TODAY).score(profile(liked=(like, *PAST_STARS[:1])))[0]
    what, _, terms = best.reason.partition(": ")
    assert what == f"similar to “{like.title}” that you liked"
    for term in terms.split(", "):
        for paper in (like, best.paper):
            assert term in f"{paper.title} {paper.abstract}"


def test_what_is_close_to_many_likes_names_none_of_them() -> None:
    best = fit(*TODAY).score(profile(liked=PAST_ROBOTS))[0]
    what, _, terms = best.reason.partition(": ")
    assert what == "close to papers you liked"
    assert len(terms.split(", ")) == 3
    assert all(term in f"{best.paper.title} {best.paper.abstract}" for term in terms.split(", "))


def test_a_heavier_interest_counts_more() -> None:
    ranking = fit(*TODAY, candidate(TITLED))
    light, plain, heavy = (
        by_key(ranking.score(profile(want("keyword", "zymurgy", weight))))["x:titled"].relevance
        for weight in (0.3, 1.0, 2.0)
    )
    assert light < plain < heavy


def test_more_matches_count_more() -> None:
    ranking = fit(*TODAY, candidate(TITLED))
    one = by_key(ranking.score(profile(want("keyword", "zymurgy"))))["x:titled"]
    two = ranking.score(profile(want("keyword", "zymurgy"), want("author", "Ada Example")))[0]
    assert two.relevance > one.relevance
    assert two.reason == "matches your keyword zymurgy; by Ada Example, whom you follow"


@pytest.mark.parametrize(
    "mute",
    [
        want("keyword", "Zymurgy", -1),
        want("author", "A. Example", -0.1),
        want("seed", "x:titled", -1),
    ],
    ids=lambda mute: mute.kind,
)
def test_a_muted_paper_is_left_out(mute: Interest) -> None:
    scored = fit(*TODAY, candidate(TITLED)).score(profile(mute, want("category", "cs.RO")))
    assert {one.paper.key for one in scored} == {paper.key for paper in POOL}


def test_a_muted_category_is_left_out_even_when_trending() -> None:
    hot = [candidate(paper, signal(900)) for paper in POOL]
    scored = fit(*hot).score(profile(want("category", "cs.RO", -1)))
    assert {one.paper.key for one in scored} == {paper.key for paper in POOL} - ROBOTS


def _on_subjects(count: int, subjects: int, prefix: str) -> list[Paper]:
    """Return papers that go round many subjects, each with some words of its own."""
    draw = random.Random(prefix)
    made = []
    for number in range(count):
        subject = number % subjects
        own = draw.sample([f"own{subject}x{word}" for word in range(40)], 7)
        common = draw.sample([f"common{word}" for word in range(60)], 17)
        title, abstract = own[:2] + common[:2], own[2:] + common[2:]
        made.append(
            Paper(
                f"{prefix}:{number}",
                " ".join(title),
                " ".join(abstract),
                categories=(f"s{subject}",),
            )
        )
    return made


def test_papers_of_a_liked_subject_score_alike_whether_others_are_liked_too_or_not() -> None:
    liked = _on_subjects(160, 8, "liked")
    today = [candidate(paper) for paper in _on_subjects(80, 8, "p")]
    ranking = fit(*today, background=_on_subjects(400, 24, "past"))

    def relevance(*likes: Paper) -> float:
        """Return the mean relevance of the papers on the first subject."""
        scored = ranking.score(profile(liked=likes))
        return fmean(one.relevance for one in scored if one.paper.categories == ("s0",))

    assert relevance(*liked) > 0.6 * relevance(*liked[::8]) > 0.3


def test_dislikes_push_like_papers_down_and_leave_others_alone() -> None:
    ranking = fit(*TODAY)
    interests = (want("category", "cs.RO"), want("category", "astro-ph.GA"))
    before = by_key(ranking.score(profile(*interests)))
    after = by_key(ranking.score(profile(*interests, disliked=PAST_ROBOTS)))
    stars = [paper.key for paper in POOL if paper.categories == ("astro-ph.GA",)]
    assert sum(after[key].score for key in ROBOTS) < 0.5 * sum(before[key].score for key in ROBOTS)
    assert sum(after[key].score for key in stars) > 0.95 * sum(before[key].score for key in stars)


@pytest.mark.parametrize("others", [0, 2, 6, 24])
def test_a_dislike_acts_however_many_there_are_on_other_subjects(others: int) -> None:
    ranking = fit(*TODAY)
    elsewhere = [one for one in papers(40, seed=4, prefix="no") if one.categories != ("cs.RO",)]

    def score(*disliked: Paper) -> float:
        """Return the mean score of the robot papers."""
        scored = by_key(ranking.score(profile(want("category", "cs.RO"), disliked=disliked)))
        return sum(scored[key].score for key in ROBOTS) / len(ROBOTS)

    assert score(*elsewhere[:others]) > 0.95 * score()
    assert score(*elsewhere[:others], PAST_ROBOTS[0]) < 0.75 * score()


def test_a_dislike_spares_what_was_asked_for_by_name() -> None:
    ranking = fit(*TODAY)

    def left(*interests: Interest) -> float:
        """Return what is left of the score of one robot paper."""
        free = by_key(ranking.score(profile(*interests)))
        after = by_key(ranking.score(profile(*interests, disliked=PAST_ROBOTS)))
        return after[robot.key].score / free[robot.key].score

    robot = next(one.paper for one in TODAY if one.paper.key in ROBOTS)
    category = want("category", "cs.RO")
    subject_only = left(category)
    for named in (want("keyword", robot.title), want("author", robot.authors[0])):
        assert 1.3 * subject_only < left(category, named) <= 1


def test_a_muted_keyword_takes_out_every_way_to_write_it() -> None:
    titles = ("Multimodal robots", "Multi-modal robots", "Multi modal robots", "Modal robots")
    pool = [candidate(Paper(f"x:{title}", title)) for title in titles]
    asked = profile(want("keyword", "robots"), want("keyword", "multi-modal", -1))
    scored = by_key(fit(*TODAY, *pool).score(asked))
    assert [title for title in titles if f"x:{title}" in scored] == ["Modal robots"]


def test_a_text_is_never_muted() -> None:
    muted = want("text", "robot gripper", -1)
    ranking = fit(*TODAY)
    before = ranking.score(profile(want("category", "cs")))
    after = ranking.score(profile(want("category", "cs"), muted))
    assert [one.score for one in after] == [one.score for one in before]


def test_dislikes_reach_trending_papers() -> None:
    hot = [candidate(paper, signal(100)) for paper in POOL]
    scored = by_key(fit(*hot).score(profile(disliked=PAST_ROBOTS)))
    worst = min(scored.values(), key=lambda one: one.score)
    assert worst.paper.key in ROBOTS
    assert worst.score < worst.trending / 2


def test_nobody_is_sent_what_they_gave_us() -> None:
    known = TODAY[0].paper
    for taste in (profile(liked=(known,)), profile(disliked=(known,))):
        assert by_key(fit(*TODAY).score(taste))[known.key].score == 0


def test_the_score_blends_relevance_and_trending() -> None:
    pool = [candidate(paper, signal(3 * n)) for n, paper in enumerate(POOL)]
    scored = fit(*pool).score(profile(want("category", "cs"), trending_weight=0.4))
    relevance, trending = (
        sorted((getattr(one, part) for one in scored), reverse=True)
        for part in ("relevance", "trending")
    )
    # The weaker part is raised to the level of the other, by their best ten papers.
    raised = sum(trending[:10]) / sum(relevance[:10])
    assert 1 < raised < 3
    for one in scored:
        assert one.score == pytest.approx(0.6 * raised * one.relevance + 0.4 * one.trending)


@pytest.mark.parametrize(("weight", "part"), [(0.0, "relevance"), (1.0, "trending")])
def test_at_either_end_one_part_is_all(weight: float, part: str) -> None:
    pool = [candidate(paper, signal(10 * n)) for n, paper in enumerate(POOL)]
    for one in fit(*pool).score(profile(want("category", "cs"), trending_weight=weight)):
        assert one.score == getattr(one, part)


def test_half_a_weight_is_equal_say() -> None:
    pool = [
        candidate(paper, *([signal(4 * n)] if n % 9 == 0 else []))
        for n, paper in enumerate(papers(90))
    ]
    scored = fit(*pool).score(profile(want("category", "cs.RO"), trending_weight=0.5))
    first = [one.paper.key for one in scored[:10]]
    mine, hot = (
        sorted((one for one in scored), key=lambda one: -getattr(one, part))[:10]
        for part in ("relevance", "trending")
    )
    assert 3 <= sum(one.paper.key in first for one in mine) <= 7
    assert 3 <= sum(one.paper.key in first for one in hot) <= 8


def test_a_trending_paper_reaches_somebody_whom_it_does_not_match() -> None:
    hot = candidate(POOL[2], signal(200))
    scored = by_key(fit(*TODAY[:2], hot, *TODAY[3:]).score(profile(want("keyword", "robot"))))
    assert scored[POOL[2].key].score > MIN_SCORE
    assert scored[POOL[2].key].reason == "trending: 200 upvotes"


def test_without_interests_trending_is_all() -> None:
    pool = [candidate(paper, signal(n)) for n, paper in enumerate(POOL)]
    scored = fit(*pool).score(profile(want("keyword", "zymurgy", -1), trending_weight=0.3))
    assert [one.score for one in scored] == [one.trending for one in scored]
    assert [one.paper.key for one in scored] == [paper.key for paper in reversed(POOL)]


def test_ties_are_newest_first_and_then_by_key() -> None:
    pool = [
        candidate(POOL[0], hours=5),
        candidate(replace(POOL[1], key="p:b"), hours=3),
        candidate(replace(POOL[2], key="p:a"), hours=3),
    ]
    scored = fit(*pool).score(profile())
    assert [one.paper.key for one in scored] == ["p:a", "p:b", POOL[0].key]


def test_relevance_does_not_hang_on_the_other_candidates() -> None:
    interests = profile(want("keyword", "gripper"), want("category", "cs.RO"))
    all_of_them = by_key(fit(*TODAY).score(interests))
    some = by_key(fit(*TODAY[:20]).score(interests))
    for key, one in some.items():
        assert one.relevance == pytest.approx(all_of_them[key].relevance, abs=0.15)


@pytest.mark.parametrize("background", [[], papers(3), POOL])
def test_any_background_will_do(background: list[Paper]) -> None:
    ranking = fit(*TODAY, background=background)
    scored = ranking.score(profile(want("keyword", "gripper"), liked=PAST_ROBOTS))
    assert len(scored) == len(POOL)
    assert scored[0].paper.key in ROBOTS


def test_no_candidates_give_no_scores() -> None:
    assert fit().score(profile(want("keyword", "x"))) == []
    assert Listed.fit(ranker("default"), [], [], NOW).score(Profile()) == []


@pytest.mark.parametrize("make", [lambda p: p, lambda p: replace(p, title="", abstract="")])
def test_a_single_paper_can_be_ranked(make: Callable[[Paper], Paper]) -> None:
    ranking = fit(candidate(make(POOL[0])), background=[])
    taste = profile(want("keyword", "robot"), want("text", "???"), liked=PAST_ROBOTS)
    [one] = ranking.score(taste)
    assert 0 <= one.score <= 1


VALUES = st.sampled_from(["cs.RO", "cs", "robot", "soft gripper", "Person3 Example", "p:3", "?"])
INTERESTS = st.builds(
    Interest, st.sampled_from(list(InterestKind)), VALUES, st.floats(-3, 3, allow_nan=False)
)
SOME = st.lists(st.sampled_from([*POOL[:6], *PAST_ROBOTS, *PAST_STARS]), max_size=4).map(tuple)
PROFILES = st.builds(
    Profile, st.lists(INTERESTS, max_size=5).map(tuple), SOME, SOME, st.floats(0, 1)
)
HOT: list[Candidate] = [
    candidate(paper, *([signal(n * n)] if n % 3 else []), hours=n % 5)
    for n, paper in enumerate(POOL)
]
RANKING = fit(*HOT)
SHUFFLED = fit(
    *random.Random(5).sample(HOT, len(HOT)), background=papers(60, seed=2, prefix="past")[::-1]
)


@settings(max_examples=60)
@given(PROFILES)
def test_any_profile_gives_sound_scores_in_a_fixed_order(taste: Profile) -> None:
    scored = RANKING.score(taste)
    for one in scored:
        for value in (one.score, one.relevance, one.trending):
            assert math.isfinite(value)
            assert 0 <= value <= 1
        assert 0 < len(one.reason) < 200
        assert "\n" not in one.reason
    assert [one.score for one in scored] == sorted((one.score for one in scored), reverse=True)
    assert RANKING.score(taste) == scored


@settings(max_examples=30)
@given(PROFILES)
def test_the_order_in_which_papers_come_does_not_count(taste: Profile) -> None:
    assert SHUFFLED.score(taste) == RANKING.score(taste)
