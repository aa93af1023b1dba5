from __future__ import annotations

from collections.abc import Sequence

from digest.ranking.remembered import Remembered


def test_what_is_remembered_is_not_asked_again() -> None:
    asked: list[list[str]] = []

    def shout(questions: Sequence[str]) -> list[str]:
        asked.append(list(questions))
        return [question.upper() for question in questions]

    answers = Remembered(shout, most=9)
    assert answers(["a", "b", "a"]) == {"a": "A", "b": "B"}
    assert answers(["b", "c"]) == {"b": "B", "c": "C"}
    assert answers(["a", "c"]) == {"a": "A", "c": "C"}
    assert asked == [["a", "b"], ["c"]]


def test_the_latest_answers_are_kept_and_all_of_one_batch_are_given() -> None:
    asked: list[str] = []

    def count(questions: Sequence[str]) -> list[int]:
        asked.extend(questions)
        return [len(asked)] * len(questions)

    answers = Remembered(count, most=2)
    assert set(answers(["a", "b", "c"])) == {"a", "b", "c"}
    answers(["b"])
    answers(["d"])
    answers(["b"])
    assert asked == ["a", "b", "c", "d"]
    answers(["c"])
    assert asked == ["a", "b", "c", "d", "c"]
