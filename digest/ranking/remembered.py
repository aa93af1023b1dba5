"""Answers to questions that come in batches and again."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from threading import Lock
from typing import Generic, TypeVar

T = TypeVar("T")


class Remembered(Generic[T]):
    """A function of many texts at once that remembers its latest answers; thread-safe."""

    def __init__(self, ask: Callable[[Sequence[str]], Sequence[T]], *, most: int) -> None:
        self._ask = ask
        self._most = most
        self._answers: dict[str, T] = {}  # the latest ones last
        self._lock = Lock()

    def __call__(self, questions: Iterable[str]) -> dict[str, T]:
        """Return the answer to each question."""
        wanted = dict.fromkeys(questions)
        with self._lock:
            found = {one: self._answers.pop(one) for one in wanted if one in self._answers}
            fresh = [one for one in wanted if one not in found]
            if fresh:
                found.update(zip(fresh, self._ask(fresh), strict=True))
            self._answers.update(found)
            for oldest in list(self._answers)[: max(0, len(self._answers) - self._most)]:
                del self._answers[oldest]
        return found
