"""A folder of listed papers and their upvotes over time -> records with early and last counts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any, TypeGuard

from digest.errors import EvaluationDataError
from digest.evaluation.lines import Problems, needed, one_of, records

_LISTED = "hf_daily"
_SEEN = "hf_upvote_obs"


@dataclass(frozen=True, slots=True, eq=False)
class Listed:
    """One paper of a day's list: its record, the upvotes in it, and the last ones known."""

    day: date
    record: Mapping[str, Any]
    early: int
    last: int

    @property
    def past(self) -> dict[str, Any]:
        """Return the record as it is known long afterwards."""
        return {**self.record, "upvotes": self.last}

    @property
    def unvoted(self) -> dict[str, Any]:
        """Return the record without the upvotes, and without the place that they gave it."""
        return {name: value for name, value in self.record.items() if name not in _TELLING}


_TELLING = ("upvotes", "num_comments", "rank")


@dataclass(frozen=True, slots=True, eq=False)
class Stream:
    """The lists of one folder in the order of their days."""

    name: str
    papers: Sequence[Listed]


def read(folder: Path) -> Stream:
    """Read `hf_daily.jsonl[.gz]`, and `hf_upvote_obs.jsonl[.gz]` if there.

    A line of the first is a listed paper: `id`, `title`, `list_date`, `upvotes` as they were that
    day, and whatever else `digest.ranking.score_attention` knows. A line of the second has the
    `upvotes` of an `id` at the time `t`: the latest is the last count, else the first is. Raises
    `EvaluationDataError`, which names the file, the line and what to mend.
    """
    listed = needed(folder, _LISTED)
    problems = Problems()
    seen = one_of(folder, _SEEN)
    last = _last(seen, problems) if seen else {}
    papers = sorted(_papers(listed, last, problems), key=lambda one: one.day)
    problems.end()
    if not papers:
        raise EvaluationDataError(f"{folder} holds no paper: {listed.name} is empty")
    return Stream(folder.resolve().name, papers)


def _papers(path: Path, last: Mapping[str, int], problems: Problems) -> Iterator[Listed]:
    for line, found in records(path, problems):
        title, upvotes = found.get("title"), found.get("upvotes")
        try:
            day = date.fromisoformat(found.get("list_date") or "")
        except (ValueError, TypeError):
            problems.note(path, line, '"list_date" must be a day such as 2026-03-31')
            continue
        if not isinstance(title, str) or not title.strip():
            problems.note(path, line, 'has no "title" that is a text')
        elif not _is_count(upvotes):
            problems.note(path, line, '"upvotes" must be a whole number from 0 on')
        else:
            yield Listed(day, found, upvotes, last.get(str(found.get("id")), upvotes))


def _last(path: Path, problems: Problems) -> dict[str, int]:
    latest: dict[str, tuple[str, int]] = {}
    for line, found in records(path, problems):
        paper, at, upvotes = found.get("id"), found.get("t"), found.get("upvotes")
        if not isinstance(paper, str) or not isinstance(at, str) or not _is_count(upvotes):
            problems.note(path, line, 'needs "id" and "t" as texts and "upvotes" as a number')
        elif paper not in latest or at >= latest[paper][0]:
            latest[paper] = (at, upvotes)
    return {paper: upvotes for paper, (_, upvotes) in latest.items()}


def _is_count(value: object) -> TypeGuard[int]:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0
