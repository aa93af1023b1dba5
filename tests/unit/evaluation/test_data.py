from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from digest.errors import EvaluationDataError
from digest.evaluation.data import Protocol, read
from tests.support import libraries
from tests.support.libraries import folder, lines


def problems(where: Path) -> str:
    with pytest.raises(EvaluationDataError) as caught:
        read(where)
    return str(caught.value)


def test_a_folder_is_read(tmp_path: Path) -> None:
    found = read(folder(tmp_path / "mine", vectors=True))
    assert (found.name, found.protocol) == ("mine", Protocol.FOLDS)
    assert len(found.documents) == 20
    assert found.documents[0].text == "On robot and gripper. We study grasp with tactile and robot."
    ada, bob = found.readers
    assert ada.likes == tuple(range(0, 20, 2))
    assert bob.keywords == ("galaxy",)
    assert found.vectors is not None
    assert found.vectors.shape == (20, 20)


def test_likes_come_oldest_first_where_years_are_known(tmp_path: Path) -> None:
    documents = libraries.papers(4)
    for one, year in zip(documents, (2003, 2001, 2002, 2001), strict=True):
        one["year"] = year
    reader = {"user": "ada", "papers": ["p00", "p03", "p02", "p01"]}
    found = read(folder(tmp_path, documents=documents, libraries=[reader]))
    assert found.readers[0].likes == (3, 1, 2, 0)


def test_batches_have_later_likes_and_background(tmp_path: Path) -> None:
    documents = libraries.papers(4)
    for one, batch in zip(documents, (None, None, "2026-W06", "2026-W08"), strict=True):
        del one["fold"]
        one["batch"] = batch
    reader = {"user": "ada", "papers": ["p00"], "test": ["p02"]}
    found = read(folder(tmp_path, documents=documents, libraries=[reader]))
    assert found.protocol is Protocol.BATCHES
    assert [one.group for one in found.documents] == ["", "", "2026-W06", "2026-W08"]
    assert found.readers[0].later == (2,)


def test_a_missing_folder_or_file_is_named(tmp_path: Path) -> None:
    assert "there is no folder" in problems(tmp_path / "nowhere")
    assert "no papers.jsonl.gz and no papers.jsonl" in problems(tmp_path)


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ("{broken", "is not JSON"),
        ("[1]", "is not a JSON object"),
        ('{"title": "no id"}', 'has no "id"'),
        ('{"id": "p00"}', "names the paper p00 again"),
        ('{"id": "x", "title": 5}', '"title" and "abstract" must be texts'),
        ('{"id": "x", "fold": [1]}', '"fold" must be a number'),
    ],
)
def test_a_bad_line_of_papers_is_named(tmp_path: Path, line: str, problem: str) -> None:
    folder(tmp_path)
    lines(tmp_path / "papers.jsonl.gz", [*libraries.papers(), line])
    said = problems(tmp_path)
    assert "papers.jsonl.gz, line 21" in said
    assert problem in said


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ({"papers": ["p00"]}, 'has no "user"'),
        ({"user": "x", "papers": "p00"}, '"papers" must be a list of texts'),
        ({"user": "x", "papers": ["gone"]}, "names papers that papers.jsonl has not: gone"),
        ({"user": "x", "papers": ["p00"], "keywords": [1]}, '"keywords" must be a list'),
    ],
)
def test_a_bad_line_of_libraries_is_named(tmp_path: Path, line: Any, problem: str) -> None:
    said = problems(folder(tmp_path, libraries=[*libraries.readers(), line]))
    assert "libraries.jsonl.gz, line 3" in said
    assert problem in said


def test_ten_bad_lines_stand_for_all(tmp_path: Path) -> None:
    folder(tmp_path)
    lines(tmp_path / "papers.jsonl.gz", ["nonsense"] * 25)
    with pytest.raises(EvaluationDataError) as caught:
        read(tmp_path)
    assert len(caught.value.problems) == 11
    assert caught.value.problems[-1] == "and 15 more lines like these"


def test_a_file_that_ends_too_early_is_named(tmp_path: Path) -> None:
    path = folder(tmp_path) / "papers.jsonl.gz"
    path.write_bytes(path.read_bytes()[:-20])
    assert "cannot be read to its end" in problems(tmp_path)


def test_vectors_must_fit_the_papers(tmp_path: Path) -> None:
    np.save(folder(tmp_path) / "vectors.npy", np.ones((3, 2), np.float32))
    assert "a row for each of the 20 papers" in problems(tmp_path)
    (tmp_path / "vectors.npy").write_bytes(b"not numbers")
    assert "is not a file of vectors" in problems(tmp_path)


def test_papers_without_folds_and_unknown_protocols_are_refused(tmp_path: Path) -> None:
    documents = [{**one, "fold": None} for one in libraries.papers()]
    assert 'has a "fold" or a "batch"' in problems(folder(tmp_path, documents=documents))
    folder(tmp_path)
    (tmp_path / "meta.json").write_text('{"protocol": "chess"}')
    assert 'asks for the protocol "chess"' in problems(tmp_path)
    (tmp_path / "meta.json").write_text("{")
    assert "meta.json is not JSON" in problems(tmp_path)


def test_no_papers_and_no_readers_are_refused(tmp_path: Path) -> None:
    assert "holds no paper" in problems(folder(tmp_path, documents=[]))
    assert "holds no reader" in problems(folder(tmp_path, libraries=[]))
