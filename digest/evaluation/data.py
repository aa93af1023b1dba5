"""A folder of reading libraries -> papers and readers, or every reason why it cannot be used."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from digest.errors import EvaluationDataError
from digest.evaluation.lines import Problems, needed, records


class Protocol(StrEnum):
    """How what a reader keeps is parted into what is known and what is to be found."""

    FOLDS = "folds"  # papers are in folds: likes of the other folds are known
    BATCHES = "batches"  # papers come in batches (weeks): earlier likes are known


@dataclass(frozen=True, slots=True)
class Document:
    """A paper as it stands in a folder; `group` is its fold or batch, "" for background.

    `date` is a day or a year, or "" where it is not known.
    """

    id: str
    title: str
    abstract: str
    group: str
    date: str

    @property
    def text(self) -> str:
        """Return "title. abstract"."""
        return ". ".join(filter(None, (self.title, self.abstract)))


@dataclass(frozen=True, slots=True)
class Reader:
    """Somebody's likes by the places of their papers, oldest first where dates are known.

    `later` are what they liked afterwards, and `keywords` the most frequent ones of theirs first.
    """

    name: str
    likes: tuple[int, ...]
    later: tuple[int, ...] = ()
    keywords: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class Collection:
    """The papers and readers of one folder; `vectors` are unit rows, one for each paper."""

    name: str
    protocol: Protocol
    documents: Sequence[Document]
    readers: Sequence[Reader]
    vectors: npt.NDArray[np.float32] | None = None


def read(folder: Path) -> Collection:
    """Read `papers.jsonl[.gz]`, `libraries.jsonl[.gz]`, and `meta.json` and `*.npy` if there.

    A line of papers has `id`, `title`, `abstract`, and `fold` (a number) or `batch` (a name, null
    for background), and may have `date` or `year`. A line of libraries has `user` and `papers`
    (ids), for batches also `test` (ids of later likes), and may have `keywords`. Raises
    `EvaluationDataError`, which names the file, the line and what to mend.
    """
    problems = Problems()
    documents = list(_documents(needed(folder, "papers"), problems))
    problems.end()
    if not documents:
        raise EvaluationDataError(f"{folder} holds no paper: papers.jsonl is empty")
    meta = _meta(folder)
    protocol = _protocol(folder, meta.get("protocol"), documents)
    places = {document.id: place for place, document in enumerate(documents)}
    readers = list(_readers(needed(folder, "libraries"), places, documents, problems))
    problems.end()
    if not readers:
        raise EvaluationDataError(f"{folder} holds no reader: libraries.jsonl is empty")
    name = str(meta.get("name") or folder.resolve().name)
    return Collection(name, protocol, documents, readers, _vectors(folder, len(documents)))


def _documents(path: Path, problems: Problems) -> Iterator[Document]:
    seen: set[str] = set()
    for line, found in records(path, problems):
        id_, title, abstract = (found.get(name) or "" for name in ("id", "title", "abstract"))
        group = found.get("batch") if found.get("fold") is None else found["fold"]
        if not isinstance(id_, str) or not id_:
            problems.note(path, line, 'has no "id" that is a text')
        elif id_ in seen:
            problems.note(path, line, f"names the paper {id_} again")
        elif not isinstance(title, str) or not isinstance(abstract, str):
            problems.note(path, line, '"title" and "abstract" must be texts')
        elif isinstance(group, bool) or not isinstance(group, str | int | None):
            problems.note(path, line, '"fold" must be a number and "batch" a text or null')
        else:
            seen.add(id_)
            date = found.get("date") or found.get("year") or ""
            yield Document(id_, title, abstract, "" if group is None else str(group), str(date))


def _readers(
    path: Path, places: Mapping[str, int], documents: Sequence[Document], problems: Problems
) -> Iterator[Reader]:
    def texts(line: int, found: Mapping[str, Any], name: str) -> tuple[str, ...]:
        value = found.get(name) or []
        if isinstance(value, list) and all(isinstance(one, str) for one in value):
            return tuple(dict.fromkeys(value))
        problems.note(path, line, f'"{name}" must be a list of texts')
        return ()

    for line, found in records(path, problems):
        if "user" not in found:
            problems.note(path, line, 'has no "user"')
            continue
        papers, test = texts(line, found, "papers"), texts(line, found, "test")
        strange = [one for one in (*papers, *test) if one not in places]
        if strange:
            problems.note(path, line, f"names papers that papers.jsonl has not: {strange[0]}")
            continue
        # Stable: the order of the file stands where dates say nothing.
        likes = sorted((places[one] for one in papers), key=lambda one: documents[one].date)
        yield Reader(
            str(found["user"]),
            tuple(likes),
            tuple(places[one] for one in test),
            texts(line, found, "keywords"),
        )


def _meta(folder: Path) -> Mapping[str, Any]:
    path = folder / "meta.json"
    if not path.is_file():
        return {}
    try:
        found = json.loads(path.read_bytes())
    except ValueError as error:
        raise EvaluationDataError(f"{path} is not JSON: mend it, or leave it out") from error
    return found if isinstance(found, dict) else {}


def _protocol(folder: Path, named: Any, documents: Sequence[Document]) -> Protocol:
    if named is not None and named not in list(Protocol):
        raise EvaluationDataError(
            f'{folder / "meta.json"} asks for the protocol "{named}": use one of '
            f"{', '.join(Protocol)}"
        )
    groups = [document.group for document in documents]
    if not any(groups):
        raise EvaluationDataError(
            f'no paper of {folder} has a "fold" or a "batch": give each paper a fold, such as a '
            "random number from 0 to 4"
        )
    guess = Protocol.FOLDS if all(group.isdecimal() for group in groups) else Protocol.BATCHES
    return guess if named is None else Protocol(named)


def _vectors(folder: Path, count: int) -> npt.NDArray[np.float32] | None:
    paths = sorted(folder.glob("*.npy"))
    if not paths:
        return None
    try:
        found = np.load(paths[0], allow_pickle=False)
    except (OSError, ValueError, EOFError) as error:
        raise EvaluationDataError(f"{paths[0]} is not a file of vectors: {error}") from error
    if found.ndim != 2 or len(found) != count or found.dtype.kind != "f":
        raise EvaluationDataError(
            f"{paths[0]} has the shape {found.shape}: it must have a row for each of the "
            f"{count} papers"
        )
    vectors = found.astype(np.float32)
    lengths: npt.NDArray[np.float32] = np.linalg.norm(vectors, axis=1, keepdims=True)
    unit: npt.NDArray[np.float32] = vectors / np.where(lengths > 0, lengths, np.float32(1))
    return unit
