from __future__ import annotations

import pytest

from digest.model import Paper
from digest.ranking.keywords import Keywords, Mentions
from digest.ranking.matches import Categories
from digest.ranking.names import Authors, Name


def keywords(*texts: tuple[str, str]) -> Keywords:
    return Keywords([Paper(f"p:{n}", title, abstract) for n, (title, abstract) in enumerate(texts)])


def test_a_keyword_is_found_in_title_and_abstract() -> None:
    found = keywords(
        ("Diffusion policies", "A diffusion of diffusions."), ("Stars", "By diffusion."), ("x", "y")
    ).find("diffusion")
    assert found.itself == {0: True, 1: False}


def test_case_accents_number_and_tense_do_not_count() -> None:
    index = keywords(("SCHRÖDINGER Bridges", ""))
    assert index.find("schrodinger bridge").itself
    assert index.find("  Schrödinger   BRIDGES ").itself
    assert keywords(("We planned twice", "")).find("planning").itself


def test_other_words_of_a_stem_are_kept_apart() -> None:
    found = keywords(
        ("Few tokens", "A tokenization."), ("Few tokens", "A token."), ("x", "tokens"), ("x", "y")
    ).find("Tokenization")
    assert found == Mentions(itself={0: False}, akin={1: True, 2: False})


def test_each_word_of_a_phrase_must_be_the_same_one() -> None:
    found = keywords(
        ("Video generation", ""), ("Generation. Generative videos", ""), ("Generating videos", "")
    )
    assert found.find("generating video") == Mentions(itself={2: True}, akin={1: True})
    assert found.find("videos generation") == Mentions(itself={0: True}, akin={})
    assert found.find("generation videos") == Mentions(itself={}, akin={1: True, 2: True})


def test_a_word_that_no_paper_writes_finds_those_akin_to_it() -> None:
    assert keywords(("Few tokens", "")).find("tokenization") == Mentions({}, {0: True})


def test_a_keyword_is_a_whole_word() -> None:
    assert keywords(("Storage of fragile eggs", "")).find("rag") == Mentions({}, {})


def test_the_words_of_a_phrase_stand_together() -> None:
    index = keywords(("Graph of neural networks", "Graph neural network"), ("neural", "networks"))
    assert index.find("graph neural networks") == Mentions(itself={0: False}, akin={})
    assert index.find("neural graph") == Mentions({}, {})


def test_hyphens_do_not_part_what_is_searched() -> None:
    assert keywords(("Low-resource languages", "")).find("low resource language").itself


WAYS = ["finetuning of models", "fine-tuning of models", "fine tuning of models"]


@pytest.mark.parametrize("keyword", WAYS)
def test_a_phrase_is_the_same_in_one_word_with_a_hyphen_and_in_two(keyword: str) -> None:
    titles = [*WAYS, "Fine\N{NON-BREAKING HYPHEN}tuned of model", "Of fine models, by tuning"]
    index = keywords(*((title.title(), "") for title in titles))
    assert index.find(keyword).itself == {0: True, 1: True, 2: True, 3: True}


def test_several_words_of_a_phrase_are_written_in_another_way() -> None:
    found = keywords(("Multi-modal pre training", ""), ("multimodal", "Multimodal pretraining"))
    for keyword in (
        "multimodal pretraining",
        "multi modal pre-training",
        "multi-modal pretraining",
    ):
        assert found.find(keyword) == Mentions(itself={0: True, 1: False}, akin={})


def test_the_parts_of_a_word_that_is_written_in_two_may_end_in_another_way() -> None:
    assert keywords(("Editing abilities", "")).find("editability") == Mentions({0: True}, {})


def test_a_long_phrase_is_found_as_it_is_asked_for() -> None:
    long = "dataset " * 25
    assert keywords(("A data set", ""), ("x", long)).find(long).itself == {1: False}


def test_other_words_of_a_stem_are_kept_apart_in_every_way() -> None:
    paper = Paper("p:1", "x", "Multi-modality, and multi-modality")
    assert Keywords([paper]).find("multimodal") == Mentions(itself={}, akin={0: False})
    assert Keywords([paper]).written("multimodal", 0) == "Multi-modality"


@pytest.mark.parametrize(
    ("keyword", "title", "is_found"),
    [
        ("tradeoffs", "A trade-off", True),
        ("trade-offs", "A tradeoff", True),
        ("off line", "Offline learning", False),
        ("off-line", "Offline learning", True),
        ("x-ray", "Xrays of it", True),
        ("instance segmentation", "Robust in stance segmentation", False),
        ("instance segmentation", "Gains in\nstance segmentation", False),
        ("score", "A model's core", False),
        ("robots", "A robot, s times", True),
        ("llama3", "Llama 3 on a phone", True),
        ("llama 3", "Llama3 on a phone", True),
        ("25", "2.5 of them", False),
        ("2.5", "25 of them", False),
        ("video game", "Videogames", True),
        ("finetuning", "Tuning fine things", False),
    ],
)
def test_only_hyphens_join_little_words_and_nothing_joins_numbers(
    keyword: str, title: str, is_found: bool
) -> None:
    assert bool(keywords((title, "")).find(keyword).itself) is is_found


def test_any_form_of_several_words_is_the_phrase_itself() -> None:
    index = keywords(
        ("Planned grids", "We plan."),
        ("A study", "Of planning grids, and planning the grid."),
        ("Of planes", "A grid"),
        ("On a plan", "Grids of it"),
    )
    phrases = ["Planning", "planned grid", "grid", "plan grids", "?!"]
    assert [len(index.find(phrase).itself) for phrase in phrases] == [3, 2, 4, 2, 0]


def test_signs_of_a_pattern_are_letters_like_others() -> None:
    assert keywords(("Faster C++ and C#", "")).find("c++").itself
    assert keywords(("Faster C", "")).find("c++") == Mentions({}, {})


@pytest.mark.parametrize(
    ("keyword", "title", "form"),
    [
        ("robot", "Soft robots that walk", ""),
        ("policies", "A diffusion policy", ""),
        ("fine-tuning", "Models fine-tuned twice", ""),
        ("Gaussian splatting", "Gaussian splats of a room", ""),
        ("planning", "A plan for robots", ""),
        ("control", "Controlled fusion", ""),
        ("label", "Who labelled it", ""),
        ("Schrödinger bridges", "A Schrödinger Bridging of Gaps", ""),
        (
            "retrieval-augmented generation",
            "Retrieval-Augmented Generative Models",
            "Retrieval-Augmented Generative",
        ),
        ("café", "Cafés", ""),
        ("tokenization", "How few tokens suffice", "tokens"),
        ("animation", "Tracking animals at night", "animals"),
        ("rag", "Graphs", ""),
    ],
)
def test_what_only_shares_a_stem_is_told_as_it_is_written(
    keyword: str, title: str, form: str
) -> None:
    index = keywords((title, ""))
    assert [index.written(keyword, row) for row in index.find(keyword).akin] == [form] * bool(form)


def test_a_paper_that_writes_a_keyword_anywhere_writes_it() -> None:
    paper = Paper("p:1", "Of tokens", "We skip tokenization.")
    assert Keywords([paper]).find("tokenization") == Mentions(itself={0: False}, akin={})


def test_a_keyword_without_a_word_finds_nothing() -> None:
    assert keywords(("?!", "...")).find("?!") == Mentions({}, {})


@pytest.mark.parametrize(
    ("asked", "written", "sure"),
    [
        ("John Smith", "John Smith", 1.0),
        ("J. Smith", "John Smith", 0.6),
        ("John Smith", "J. Smith", 0.6),
        ("Smith, John", "John A. Smith", 1.0),
        ("José García", "Jose Garcia", 1.0),
        ("Jean-Pierre Serre", "J.-P. Serre", 0.6),
        ("Anna van den Berg", "A. van den Berg", 0.6),
        ("John Smith Jr.", "John Smith", 1.0),
        ("Smith", "John Smith", 1.0),
        ("John Smith", "Jane Smith", 0.0),
        ("John Smith", "John Smithson", 0.0),
        ("John Smith", "Smith", 0.0),
        ("John B. Smith", "John A. Smith", 0.0),
        ("John Smith", "John A. Smith", 1.0),
        ("John A. Smith", "John Adam Smith", 1.0),
        ("J. B. Smith", "John A. Smith", 0.0),
        ("Smith", "Jean-Pierre Smith", 1.0),
        ("Ming-Hsuan Yang", "Ming Yang", 0.0),
        ("Ming Yang", "Ming-Hsuan Yang", 0.0),
        ("Ming-Hsuan Yang", "Ming-Ming Yang", 0.0),
        ("Ming-Hsuan Yang", "M.-H. Yang", 0.6),
        ("M.-H. Yang", "Ming-Hsuan Yang", 0.6),
        ("M.-K. Yang", "Ming-Hsuan Yang", 0.0),
        ("M. Yang", "Ming-Hsuan Yang", 0.6),
        ("Wei-Lun Chao", "Weilun Chao", 1.0),
        ("Wei Lun Chao", "Wei-Lun Chao", 1.0),
        ("Weilun Chao", "Wei Lun Chao", 1.0),
        ("Wei\N{NON-BREAKING HYPHEN}Lun Chao", "Chao, Wei-Lun", 1.0),
        ("Weilun A. Chao", "Wei-Lun Chao", 1.0),
        ("Wei Lun Chao", "Wei-Ming Chao", 0.0),
        ("Jean Dupont", "Jean-Baptiste Dupont", 0.0),
        ("Jean-Baptiste Dupont", "Jean Dupont", 0.0),
        ("Jean-Baptiste A. Dupont", "Jean-Baptiste Dupont", 1.0),
        ("Jean-Baptiste A. Dupont", "Jean-Baptiste B. Dupont", 0.0),
        ("Maruan Al-Shedivat", "M. Al-Shedivat", 0.6),
        ("Maruan Al-Shedivat Jr.", "Al Shedivat, Maruan", 1.0),
        ("王伟", "王伟", 1.0),
        ("王伟", "王小伟", 0.0),
        ("王伟", "李伟", 0.0),
        ("王小伟", "王 小伟", 1.0),
        ("王, 小伟", "王小伟", 1.0),
        ("山田 太郎", "山田太郎", 1.0),
        ("王小伟", "王小伟 (Xiaowei Wang)", 0.0),
        ("", "John Smith", 0.0),
        ("", "", 0.0),
    ],
)
def test_names_fit(asked: str, written: str, sure: float) -> None:
    assert Name.parse(asked).fits(Name.parse(written)) == sure


def test_the_surest_author_of_a_paper_counts() -> None:
    paper = Paper("p:1", "x", authors=("J. Example", "Jo Example", "Bo Other"))
    assert Authors([paper]).find("Jo Example") == {0: (1.0, "Jo Example")}
    assert Authors([paper]).find("Nobody") == {}


def test_a_category_is_found_and_known_as_first_or_other() -> None:
    index = Categories(
        [Paper("p:1", "x", categories=("cs.RO", "cs.AI")), Paper("p:2", "x", categories=("cs.AI",))]
    )
    assert index.find("CS.ai") == {0: False, 1: True}
    assert index.find("math.CO") == {}


@pytest.mark.parametrize("whole", ["cs", "cs.*", "CS.*"])
def test_an_archive_stands_for_all_its_categories(whole: str) -> None:
    index = Categories([Paper("p:1", "x", categories=("math.CO", "cs.DM")), Paper("p:2", "x")])
    assert index.find(whole) == {0: False}
