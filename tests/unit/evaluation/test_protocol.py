from __future__ import annotations

import itertools
from pathlib import Path

import pytest

from digest.errors import InvalidInput
from digest.evaluation.data import Collection, read
from digest.evaluation.protocol import conditions
from digest.evaluation.settings import Setting
from tests.support import libraries
from tests.support.libraries import folder


@pytest.fixture
def collection(tmp_path: Path) -> Collection:
    return read(folder(tmp_path))


def test_what_is_known_is_in_the_other_folds(collection: Collection) -> None:
    (full,) = conditions(collection, [Setting.FULL], folds=None, seed=1)
    assert len(full.tasks) == 2
    for number, task in enumerate(full.tasks):
        fold = [place for place, one in enumerate(collection.documents) if one.group == str(number)]
        assert task.candidates.tolist() == fold
        for one in task.asked:
            liked = set(collection.readers[one.reader].likes)
            assert one.hits == liked & set(fold)
            assert set(one.likes) == liked - set(fold)


def test_who_has_nothing_to_find_is_known_all_the_same(tmp_path: Path) -> None:
    readers = [
        {"user": "ada", "papers": ["p00", "p02"]},
        {"user": "bob", "papers": ["p02"]},
        {"user": "eve", "papers": ["p00"]},
    ]
    found = read(folder(tmp_path, libraries=readers))
    (full,) = conditions(found, [Setting.FULL], folds=1, seed=1)
    (task,) = full.tasks  # p00 is in it, p02 is not
    assert [(one.reader, one.likes) for one in task.asked] == [(0, (2,))]
    assert [(one.reader, one.likes) for one in task.others] == [(1, (2,))]


def test_the_first_folds_are_asked(collection: Collection) -> None:
    (full,) = conditions(collection, [Setting.FULL], folds=1, seed=1)
    assert len(full.tasks) == 1


def test_batches_are_groups_of_one_task(tmp_path: Path) -> None:
    documents = libraries.papers(6)
    batches = (None, None, None, "2026-W06", "2026-W08", "2026-W08")
    for one, batch in zip(documents, batches, strict=True):
        del one["fold"]
        one["batch"] = batch
    readers = [
        {"user": "ada", "papers": ["p00", "p02"], "test": ["p04"]},
        {"user": "no hit", "papers": ["p00"], "test": []},
        {"user": "no like", "papers": [], "test": ["p03"]},
    ]
    found = read(folder(tmp_path, documents=documents, libraries=readers))
    (full,) = conditions(found, [Setting.FULL], folds=None, seed=1)
    (task,) = full.tasks
    assert task.candidates.tolist() == [3, 4, 5]
    assert task.groups.tolist() == [0, 1, 1]
    (ada,) = task.asked
    assert (ada.likes, ada.hits) == ((0, 2), frozenset({4}))
    assert [one.likes for one in task.others] == [(0,)]


def test_few_likes_are_drawn_out_of_one_another(collection: Collection) -> None:
    few = conditions(collection, [Setting.FEW], folds=None, seed=1)
    # Nobody has ten likes in one fold.
    assert [one.name for one in few] == ["1 like", "3 likes", "5 likes"]
    for smaller, larger in itertools.pairwise(few):
        for these, those in zip(smaller.tasks, larger.tasks, strict=True):
            for one, other in zip(these.asked, those.asked, strict=True):
                assert len(one.likes) == smaller.likes
                assert set(one.likes) < set(other.likes)
    again = conditions(collection, [Setting.FEW], folds=None, seed=1)
    other = conditions(collection, [Setting.FEW], folds=None, seed=2)
    drawn = [[one.likes for task in each.tasks for one in task.asked] for each in few]
    assert drawn == [[one.likes for task in each.tasks for one in task.asked] for each in again]
    assert drawn != [[one.likes for task in each.tasks for one in task.asked] for each in other]


def test_keywords_come_alone_and_five_of_them(tmp_path: Path) -> None:
    readers = libraries.readers()
    readers[0]["keywords"] = list("abcdefg")
    readers[1]["keywords"] = []
    found = read(folder(tmp_path, libraries=readers))
    (keywords,) = conditions(found, [Setting.KEYWORDS], folds=1, seed=1)
    (ada,) = keywords.tasks[0].asked
    assert (ada.likes, ada.keywords) == ((), tuple("abcde"))


def test_what_the_data_does_not_have_is_said(tmp_path: Path) -> None:
    readers = [{"user": "ada", "papers": ["p00", "p02"]}]
    found = read(folder(tmp_path, libraries=readers))
    with pytest.raises(InvalidInput, match='has no "keywords"'):
        conditions(found, [Setting.KEYWORDS], folds=None, seed=1)
    readers[0]["papers"] = []
    with pytest.raises(InvalidInput, match="nobody in"):
        conditions(read(folder(tmp_path, libraries=readers)), [Setting.FULL], folds=None, seed=1)


@pytest.mark.parametrize("setting", [Setting.FULL, Setting.FEW])
def test_readers_are_drawn_by_the_seed_and_the_others_stay_known(
    tmp_path: Path, setting: Setting
) -> None:
    readers = [{"user": str(number), "papers": ["p00", "p02"]} for number in range(30)]
    found = read(folder(tmp_path, libraries=readers))

    def drawn(users: int | None, seed: int) -> tuple[list[int], list[int]]:
        (condition,) = conditions(found, [setting], folds=1, seed=seed, users=users)
        (task,) = condition.tasks
        assert {one.likes for one in (*task.asked, *task.others)} == {(2,)}
        return [one.reader for one in task.asked], [one.reader for one in task.others]

    asked, others = drawn(5, seed=1)
    assert len(asked) == 5
    assert asked == sorted(asked)
    assert sorted([*asked, *others]) == [*range(30)]
    assert drawn(5, seed=1) == (asked, others)
    assert drawn(5, seed=2)[0] != asked
    assert drawn(30, seed=1) == drawn(None, seed=1) == ([*range(30)], [])


def test_readers_who_are_drawn_and_have_nothing_to_find_are_no_contest(tmp_path: Path) -> None:
    readers = [
        {"user": str(number), "papers": ["p00", "p02"] if number == 7 else ["p00"]}
        for number in range(40)
    ]
    found = read(folder(tmp_path, libraries=readers))
    with pytest.raises(InvalidInput, match="nobody in"):
        conditions(found, [Setting.FULL], folds=None, seed=1, users=1)
