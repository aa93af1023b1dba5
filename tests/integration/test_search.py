"""Search, on both databases."""

from __future__ import annotations

import gzip
import json
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from digest.errors import NotHere
from digest.model import Paper, Period, Sort, Window
from digest.reading import Reader, meaning
from digest.store import Store
from digest.testing import FakeClock
from tests.support.samples import NOW, paper
from tests.unit.ranking.test_latent import corpus

CLOCK = FakeClock(NOW + timedelta(hours=1))


def reader(store: Store) -> Reader:
    return Reader(store, CLOCK, timezone="UTC")


def add(store: Store, *new: Paper) -> None:
    with store.write() as tx:
        tx.papers.add(new, source="arxiv", listed_at=NOW)


def found(store: Store, asked: str, **how: str) -> list[str]:
    return [one.paper.key for one in reader(store).search(asked, **how).candidates]  # type: ignore[arg-type]


@pytest.fixture
def library(store: Store) -> Store:
    """Return a store with three papers."""
    add(
        store,
        paper(
            "k:1", title="Deep feature extractors", abstract="We learn them.", categories=("cs.CV",)
        ),
        paper("k:2", title="On harbours", abstract="A feature of ports.", authors=("Zoë Müller",)),
        paper("k:3", title="Nothing", abstract="Extracting features; a feature extractor, C++."),
    )
    return store


def test_words_are_found_in_every_form(library: Store) -> None:
    assert set(found(library, "feature extractor")[:2]) == {"k:1", "k:3"}
    assert found(library, "HARBOUR") == ["k:2"]
    assert found(library, "extracted") == ["k:3"]


SPELT = {
    "GPT-4 and v2.0 of BERT/RoBERTa": ["GPT-4", "gpt 4", "bert", "roberta", "v2.0"],
    "input/output of https://host.org/foo-bar": ["output", "foo-bar", "host.org"],
    "3D/2D at 1e-5, “quoted”—dashed": ["3d", "2d", "1e-5", "quoted", "dashed"],
    "深度学习在医学图像分割中的应用": ["深度学习", "医学", "图像分割"],
    "ディープラーニングによる画像": ["ディープラーニング", "画像"],
    "딥러닝 기반 이미지": ["딥러닝", "이미지"],
    "Μάθηση μηχανών, τέλος": ["μάθηση", "μαθηση", "ΜΗΧΑΝΏΝ", "τελος"],
    "Глубокий ёж": ["глубокий", "Ёж", "еж"],
    "On Nguyễn and Weiß": ["Nguyễn", "nguyen", "Weiß", "weiss", "WEISS"],
    "ﬁne Eﬃcient µ-law": ["fine", "efficient", "μ-law"],
    "To be or just not to be": ["to be or not to be", "just", '"or just not"', "title:just"],
}


@pytest.mark.parametrize(("title", "asked"), SPELT.items())
def test_a_word_is_found_however_it_is_spelt_and_joined(
    store: Store, title: str, asked: list[str]
) -> None:
    add(store, paper("k:1", title=title, abstract=""), paper("k:2", title="Else", abstract=""))
    assert {one: found(store, one) for one in asked} == {one: ["k:1"] for one in asked}


def test_a_name_is_found_however_it_is_spelt(store: Store) -> None:
    names = ("王伟", "Nguyễn Văn Phước", "Peter Weiß", "Νίκος Παππάς", "Сергей Ким", "김철수")
    add(store, paper("k:1", authors=names), paper("k:2", authors=("Wei Wang",)))
    asked = [*names, "nguyen van phuoc", "peter weiss", "νικος", "сергеи"]
    assert [found(store, f'author:"{one}"') for one in asked] == [["k:1"]] * len(asked)


def test_papers_with_all_words_come_before_those_with_some(library: Store) -> None:
    assert found(library, "feature extractor")[-1] == "k:2"


@pytest.mark.parametrize(
    ("asked", "keys"),
    [
        ("title:feature", ["k:1"]),
        ("abstract:feature", ["k:3", "k:2"]),
        ("author:muller", ["k:2"]),
        ("author:Müller", ["k:2"]),
        ("muller", ["k:2"]),
        ("author:feature", []),
        ('"feature extractor" -harbours', ["k:1", "k:3"]),
        ("feature -extractor", ["k:2"]),
        ('"extractor feature"', []),
        ("-feature", []),
        ("", []),
        ("zzz", []),
    ],
)
def test_fields_phrases_and_exclusions_narrow_a_search(
    library: Store, asked: str, keys: list[str]
) -> None:
    assert sorted(found(library, asked)) == sorted(keys)


NAMES = (
    "2005.14165",
    " arXiv:2005.14165v3 ",
    "https://arxiv.org/abs/2005.14165",
    "https://huggingface.co/papers/2005.14165",
)


@pytest.mark.parametrize("name", NAMES)
def test_a_paper_is_found_by_its_name_alone(library: Store, name: str) -> None:
    add(library, paper("arxiv:2005.14165", title="Learners", abstract="At arxiv.org: abs."))
    add(library, paper("k:4", title="Cites arxiv:2005.14165 of https://arxiv.org/abs"))
    assert found(library, name, field="author", category="cs.CV") == ["arxiv:2005.14165"]
    assert reader(library).paper(name).paper.key == "arxiv:2005.14165"


def test_only_a_paper_that_is_here_is_found_by_its_name(library: Store) -> None:
    add(library, paper("doi:10.1101/abc"))
    assert found(library, "https://doi.org/10.1101/ABC") == ["doi:10.1101/abc"]
    assert found(library, "2005.14165") == []
    with pytest.raises(NotHere):
        reader(library).paper("https://arxiv.org/abs/2005.14165")


def test_a_category_narrows_a_search(library: Store) -> None:
    assert found(library, "feature", category="cs.CV") == ["k:1"]
    assert found(library, "feature", category="math.AG") == []


@pytest.mark.parametrize(
    "typed",
    ["cs.CV", "cs.cv", " CS.CV ", "computer vision", "Computer Vision and Pattern Recognition"],
)
def test_a_category_is_read_as_the_forms_read_it(library: Store, typed: str) -> None:
    assert found(library, "feature", category=typed) == ["k:1"]
    listing = reader(library).period(Period(Window.DAY, NOW.date()), Sort.NEW, category=typed)
    assert [one.paper.key for one in listing.candidates] == ["k:1"]
    assert (listing.category, listing.total) == ("cs.CV", 1)


def test_a_category_that_papers_have_is_meant_as_it_stands(library: Store) -> None:
    add(library, paper("k:4", categories=("genomics",)), paper("k:5", categories=("q-bio.GN",)))
    assert found(library, "study", category="genomics") == ["k:4"]
    assert found(library, "study", category="Genomics") == ["k:5"]


def test_a_category_without_words_has_its_papers_the_newest_first(library: Store) -> None:
    later = [paper(f"k:{number}", categories=("cs.CV", "cs.LG")) for number in (4, 5)]
    with library.write() as tx:
        tx.papers.add(later, source="arxiv", listed_at=NOW + timedelta(minutes=5))
    lists = reader(library)
    first = lists.search(" ", category="cs.cv", limit=2)
    assert [one.paper.key for one in first.candidates] == ["k:5", "k:4"]
    assert (first.total, first.category) == (3, "cs.CV")
    rest = lists.search("", category="cs.cv", limit=2, after=first.after)
    assert [one.paper.key for one in rest.candidates] == ["k:1"]
    assert rest.after is None
    assert lists.search("").total == 0


def test_a_changed_paper_is_found_by_its_new_words_only(library: Store) -> None:
    with library.write() as tx:
        changed = paper("k:2", title="On lighthouses", abstract="Of light.", authors=("Ada É",))
        tx.papers.change([changed], changed_at=NOW)
        tx.papers.name_source(["k:2"], source="other")
    assert found(library, "lighthouse") == ["k:2"]
    assert found(library, "author:e") == ["k:2"]
    assert found(library, "harbours") == []
    assert found(library, "muller") == []


@pytest.fixture
def letters(sqlite_store: Store) -> Store:
    add(sqlite_store, paper("k:1", title="a b c"))
    return sqlite_store


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)
@given(st.text(max_size=40))
def test_no_question_breaks_the_index(letters: Store, asked: str) -> None:
    found(letters, asked)


@pytest.mark.parametrize(
    "asked",
    ["'", '"', "a' OR 1=1 --", "title:", "NEAR(a b)", "a*", "{title}:x", "\\", "a & b | !c", ":*",
     "\x00", "<->", "a:b", "'a':A", "%", "x" * 5000, "🙂", "a\\' b"],
)  # fmt: skip
def test_signs_of_query_languages_are_only_signs(library: Store, asked: str) -> None:
    found(library, asked)


def test_papers_are_found_by_what_they_are_about(store: Store) -> None:
    """No paper on gardens has all of their words; those without any asked one come up too."""
    papers = [
        paper(f"k:{number % 3}:{number}", title=title, abstract=abstract)
        for number, (title, abstract) in enumerate(corpus(600))
    ]
    add(store, *papers)
    assert meaning.update(store, CLOCK) == 600
    assert meaning.update(store, CLOCK) == 0
    keys = found(store, "lawn")
    assert len(keys) == 25
    listing = reader(store).search("lawn", limit=300)
    with_word = sum("lawn" in one.paper.title + one.paper.abstract for one in listing.candidates)
    about = sum(one.paper.key.startswith("k:2:") for one in listing.candidates)
    assert about > 1.5 * with_word > 0
    alike = reader(store).similar(papers[2], limit=20)
    assert all(one.paper.key.startswith("k:2:") for one in alike.candidates)
    assert papers[2].key not in [one.paper.key for one in alike.candidates]


def test_only_papers_that_have_what_is_quoted_are_found(sqlite_store: Store) -> None:
    papers = [
        paper(f"k:{number}", title=title, abstract=abstract)
        for number, (title, abstract) in enumerate(corpus(600))
    ]
    exact = (paper("k:exact", title="Lawn mowers"), paper("k:more", title="Lawn mowers, spades"))
    add(sqlite_store, *papers, *exact)
    meaning.update(sqlite_store, CLOCK)
    assert sorted(found(sqlite_store, '"lawn mowers"')) == ["k:exact", "k:more"]
    assert found(sqlite_store, '"lawn mowers" "spades"') == ["k:more"]


def test_a_paper_that_has_no_place_yet_is_found_by_its_words(store: Store) -> None:
    papers = [
        paper(f"k:{number}", title=title, abstract=abstract)
        for number, (title, abstract) in enumerate(corpus(600))
    ]
    add(store, *papers)
    meaning.update(store, CLOCK)
    lists = reader(store)
    assert lists.search("lawn").total == 300
    late = paper("k:late", title="Lawn petal spade", abstract="Hedge and compost.")
    add(store, late)
    assert "k:late" in [one.paper.key for one in lists.search("lawn", limit=300).candidates]
    assert lists.similar(late).total > 0
    assert meaning.update(store, CLOCK) == 1


def test_a_space_is_learned_anew_when_the_archive_has_doubled(sqlite_store: Store) -> None:
    for half in range(2):
        new = [
            paper(f"k:{half}:{number}", title=title, abstract=abstract)
            for number, (title, abstract) in enumerate(corpus(500))
        ]
        add(sqlite_store, *new)
        assert meaning.update(sqlite_store, CLOCK) == 500 * (half + 1)
    with sqlite_store.read() as tx:
        newest = tx.spaces.newest()
    assert newest is not None
    assert newest[1] == 1000


def test_a_small_archive_is_searched_by_words_alone(library: Store) -> None:
    assert meaning.update(library, CLOCK) == 0


def test_similar_papers_of_a_small_archive_share_words_of_the_title(library: Store) -> None:
    (like,) = [one for one in [reader(library).paper("k:1")] if one]
    assert [one.paper.key for one in reader(library).similar(like.paper).candidates] == [
        "k:3",
        "k:2",
    ]


def test_results_come_by_the_page(library: Store) -> None:
    lists = reader(library)
    first = lists.search("feature", limit=2)
    second = lists.search("feature", limit=2, after=first.after)
    keys = [one.paper.key for one in (*first.candidates, *second.candidates)]
    assert sorted(keys) == ["k:1", "k:2", "k:3"]
    assert second.after is None


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_a_page_of_papers_for_two_words_comes_up_again(
    sqlite_store: Store, shared_data: Path
) -> None:
    """What another site showed for "feature extractor", among 59,492 papers of other days."""
    for name in ("arxiv_listing", "hf_daily", "hf_2024_late"):
        new: dict[str, Paper] = {}
        with gzip.open(shared_data / "stream" / f"{name}.jsonl.gz", "rt") as lines:
            for one in map(json.loads, lines):
                key = f"arxiv:{one['id']}"
                new[key] = paper(key, title=one["title"], abstract=one["abstract"] or "")
        with sqlite_store.read() as tx:
            known = tx.papers.many(new)
        add(sqlite_store, *(one for key, one in new.items() if key not in known))
    with gzip.open(shared_data / "seed_papers.jsonl.gz", "rt") as lines:
        seeds = [json.loads(line) for line in lines]
    add(
        sqlite_store,
        *(
            paper(f"seed:{n}", title=one["title"], abstract=one["abstract"])
            for n, one in enumerate(seeds)
        ),
    )
    meaning.update(sqlite_store, CLOCK)
    listing = reader(sqlite_store).search("feature extractor", limit=264)
    brought = sum(one.paper.key.startswith("seed:") for one in listing.candidates)
    # FTS5 as it comes brings 29.
    assert brought >= 43
