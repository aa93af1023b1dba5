"""`digest eval`, on small folders."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from digest.evaluation.metrics import FIGURES
from tests.support.command import Typed, type_command
from tests.support.libraries import folder, lines
from tests.support.listings import records


def type_(*arguments: str | Path) -> Typed:
    return type_command("eval", "ranking", *map(str, arguments))


def test_the_rankers_are_compared_in_one_document(tmp_path: Path) -> None:
    result = type_(folder(tmp_path / "mine"), "--json", "--ranker", "digest", "--ranker", "random")
    assert result.exit_code == 0, result.output
    found = json.loads(result.stdout)
    assert (found["data"], found["readers"], found["papers"]) == ("mine", 2, 20)
    ours, chance = found["results"]
    assert (ours["ranker"], ours["condition"], ours["rankings"]) == ("digest", "full", 4)
    assert tuple(ours["figures"]) == FIGURES
    assert set(ours["figures"]["ndcg@20"]) == {"mean", "low", "high"}
    assert ours["ahead"] is None
    assert chance["ahead"]["mean"] > 0


def test_the_table_holds_every_ranker_and_stderr_who_is_left_out(tmp_path: Path) -> None:
    result = type_(folder(tmp_path), "--setting", "full", "--setting", "few")
    assert result.exit_code == 0, result.output
    assert "full: 2 readers, 4 rankings" in result.stdout
    assert "1 like: 2 readers" in result.stdout
    for name in ("digest", "arxiv-sanity-lite", "scholar-inbox", "arxivdigest", "centroid"):
        assert f"\n{name} " in result.stdout
    # Once, and not for each number of likes.
    assert result.stderr.count("zotero-arxiv-daily is left out: the folder has no .npy") == 1
    assert "zotero" not in result.stdout


def test_vectors_let_everybody_in(tmp_path: Path) -> None:
    result = type_(folder(tmp_path, vectors=True), "--json")
    found = json.loads(result.stdout)
    assert found["left_out"] == []
    assert len(found["results"]) == 10


def test_a_report_is_written(tmp_path: Path) -> None:
    page = tmp_path / "report.html"
    result = type_(folder(tmp_path / "my data"), "--ranker", "centroid", "--report", page)
    assert result.exit_code == 0, result.output
    assert f"wrote {page}" in result.stderr
    text = page.read_text()
    assert "my data&#39; --seed 1 --ranker=centroid --setting=full" in text


def test_a_report_that_has_no_place_is_refused_before_the_work(tmp_path: Path) -> None:
    result = type_(tmp_path / "no data", "--report", tmp_path / "nowhere" / "report.html")
    assert result.exit_code == 2
    assert "name a file in a folder that exists" in result.stderr


def test_the_same_seed_gives_the_same_document(tmp_path: Path) -> None:
    def figures(seed: str) -> list[object]:
        result = type_(folder(tmp_path), "--json", "--ranker", "random", "--seed", seed)
        return [one["figures"] for one in json.loads(result.stdout)["results"]]

    assert figures("1") == figures("1") != figures("2")


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--ranker", "centriod"), "did you mean centroid?"),
        (("--ranker", "x"), "known are digest, digest-semantic"),
        (("--setting", "none"), "none"),
        (("--users", "0"), "--users"),
    ],
)
def test_what_cannot_be_asked_is_a_usage_error(
    tmp_path: Path, options: tuple[str, str], said: str
) -> None:
    result = type_(folder(tmp_path), *options)
    assert result.exit_code == 2
    assert said in result.stderr
    assert result.stdout == ""


def test_bad_lines_are_all_named_and_nothing_is_a_traceback(tmp_path: Path) -> None:
    lines(folder(tmp_path) / "papers.jsonl.gz", ["{", '{"id": "x", "fold": 0}', "[]"])
    result = type_(tmp_path)
    assert result.exit_code == 1
    said = result.stderr.splitlines()
    assert said == [
        "digest: papers.jsonl.gz, line 1: is not JSON in UTF-8",
        "digest: papers.jsonl.gz, line 3: is not a JSON object",
    ]


def test_a_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    result = type_(tmp_path / "gone")
    assert result.exit_code == 1
    assert "there is no folder" in result.stderr


# --- trending -------------------------------------------------------------------------------


def foresee(folder: Path, *arguments: str | Path) -> Typed:
    lines(folder / "hf_daily.jsonl.gz", records(380))
    return type_command("eval", "trending", *map(str, [folder, *arguments]))


def test_expected_attention_is_held_against_votes(tmp_path: Path) -> None:
    page = tmp_path / "page.html"
    result = foresee(tmp_path, "--before", "2026-02-05", "--report", page, "--json")
    assert result.exit_code == 0, result.output
    found = json.loads(result.stdout)
    assert [one["before"] for one in found["trials"]] == ["2026-02-05"]
    assert set(found["overall"]["digest"]["spearman"]) == {"mean", "low", "high"}
    assert found["medians"]["random"]["ndcg@10"] < found["medians"]["digest"]["ndcg@10"]
    text = page.read_text()
    assert "--before=2026-02-05" in text
    assert "Expected attention on" in text


def test_the_table_of_expected_attention_holds_every_order(tmp_path: Path) -> None:
    result = foresee(tmp_path, "--before", "2026-02-05", "--days", "3")
    assert result.exit_code == 0, result.output
    assert "1 dates, 3 days, 30 papers" in result.stdout
    for name in ("random", "digest", "early upvotes", "digest with early upvotes"):
        assert f"\n{name} " in result.stdout


def test_a_past_that_is_too_short_is_named(tmp_path: Path) -> None:
    result = foresee(tmp_path, "--before", "2026-01-10")
    assert result.exit_code == 2
    assert "2026-01-10 cannot be tried" in result.stderr
    assert foresee(tmp_path, "--before", "soon").exit_code == 2
