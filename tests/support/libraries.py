"""Small folders of reading libraries, made of papers on two subjects."""

from __future__ import annotations

import gzip
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

ROBOT = "robot gripper grasp tactile finger force contact arm"
STAR = "galaxy star dust halo redshift telescope spectrum nebula"


def papers(count: int = 20) -> list[dict[str, Any]]:
    """Return papers on robots and stars in turn, in two folds."""
    made: list[dict[str, Any]] = []
    for number in range(count):
        words = (ROBOT if number % 2 == 0 else STAR).split()
        own = [words[(number // 2 + step) % len(words)] for step in range(4)]
        made.append(
            {
                "id": f"p{number:02d}",
                "title": f"On {own[0]} and {own[1]}",
                "abstract": f"We study {own[2]} with {own[3]} and {own[0]}.",
                "fold": (number // 2) % 2,
            }
        )
    return made


def readers(count: int = 20) -> list[dict[str, Any]]:
    """Return one reader of robots and one of stars."""
    return [
        {
            "user": name,
            "papers": [f"p{number:02d}" for number in range(start, count, 2)],
            "keywords": keywords,
        }
        for name, start, keywords in (("ada", 0, ["robot", "grasp"]), ("bob", 1, ["galaxy"]))
    ]


def folder(
    where: Path,
    *,
    documents: Sequence[Mapping[str, Any]] | None = None,
    libraries: Sequence[Mapping[str, Any]] | None = None,
    vectors: bool = False,
) -> Path:
    """Write a folder and return it."""
    where.mkdir(exist_ok=True)
    documents = papers() if documents is None else documents
    lines(where / "papers.jsonl.gz", documents)
    lines(where / "libraries.jsonl.gz", readers() if libraries is None else libraries)
    if vectors:
        np.save(where / "vectors.npy", np.eye(len(documents), dtype=np.float16))
    return where


def lines(path: Path, records: Sequence[Mapping[str, Any] | str]) -> None:
    """Write records as JSON lines; texts go in as they are."""
    with gzip.open(path, "wt", encoding="utf-8") as file:
        for one in records:
            file.write((one if isinstance(one, str) else json.dumps(one)) + "\n")
