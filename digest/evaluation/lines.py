"""Files of JSON lines -> their objects, with every line that holds none."""

from __future__ import annotations

import gzip
import json
import zlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from digest.errors import EvaluationDataError

_MOST_PROBLEMS = 10  # that are named; the first few show what is wrong with the others
_HELP = "see docs/howto/evaluate.md for what such a folder holds"


class Problems:
    """What is wrong with the lines of files."""

    def __init__(self) -> None:
        self._found: list[str] = []

    def note(self, path: Path, line: int, problem: str) -> None:
        """Add what is wrong with a line."""
        self._found.append(f"{path.name}, line {line}: {problem}")

    def end(self) -> None:
        """Raise `EvaluationDataError` if there was any."""
        if not self._found:
            return
        more = len(self._found) - _MOST_PROBLEMS
        rest = [f"and {more} more lines like these"] if more > 0 else []
        raise EvaluationDataError(*self._found[:_MOST_PROBLEMS], *rest)


def needed(folder: Path, name: str) -> Path:
    """Return the file of that name, packed or not; raise `EvaluationDataError` without one."""
    if not folder.is_dir():
        raise EvaluationDataError(f"there is no folder {folder}: {_HELP}")
    path = one_of(folder, name)
    if path is None:
        raise EvaluationDataError(f"{folder} has no {name}.jsonl.gz and no {name}.jsonl: {_HELP}")
    return path


def one_of(folder: Path, name: str) -> Path | None:
    """Return the file of that name, packed or not, if the folder has it."""
    for path in (folder / f"{name}.jsonl.gz", folder / f"{name}.jsonl"):
        if path.is_file():
            return path
    return None


def records(path: Path, problems: Problems) -> Iterator[tuple[int, Mapping[str, Any]]]:
    """Yield the objects of a file with their lines; note lines that hold none."""
    try:
        with gzip.open(path) if path.suffix == ".gz" else path.open("rb") as file:
            for number, line in enumerate(file, start=1):
                if not line.strip():
                    continue
                try:
                    found = json.loads(line)
                except ValueError:
                    problems.note(path, number, "is not JSON in UTF-8")
                    continue
                if isinstance(found, dict):
                    yield number, found
                else:
                    problems.note(path, number, "is not a JSON object")
    except (OSError, EOFError, zlib.error) as error:
        raise EvaluationDataError(
            f"{path} cannot be read to its end ({error}): fetch or write it again"
        ) from error
