"""The generated parts of docs/reference: written by `python -m tests.guards.reference`.

A page is written by hand but for what stands between its two `generated` marks.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from pydantic import SecretStr
from pydantic_core import PydanticUndefined

from digest import sources
from digest.config_file import SECTIONS, variable
from digest.resources import example_config
from tests.support.command import command_tree, type_command

FOLDER = Path(__file__).resolve().parents[2] / "docs" / "reference"
TABLE = ("| Key | Default | Meaning |", "|---|---|---|")
BEGIN, END = "<!-- generated: begin -->", "<!-- generated: end -->"


def page(name: str) -> str:
    """Return a page as it should be: its own words, with what is generated in between."""
    head, _, rest = (FOLDER / f"{name}.md").read_text(encoding="utf-8").partition(BEGIN)
    _, _, tail = rest.partition(END)
    return f"{head}{BEGIN}\n\n{PAGES[name]()}\n\n{END}{tail}"


# --- configuration --------------------------------------------------------------------------


def configuration() -> str:
    """Return the keys of every section, in the words of the example."""
    parts = [_section(name) for name in SECTIONS]
    parts += [_kind(kind) for kind in sources.names()]
    return "\n\n".join(parts)


def _section(name: str) -> str:
    text = example_config().read_text(encoding="utf-8")
    head, body = text.split(f"\n[{name}]\n")
    about = head.rpartition("\n\n")[2]
    rows = list(_rows(body))
    assert [row[0] for row in rows] == list(SECTIONS[name].model_fields), name
    lines = [f"## `[{name}]`", "", _words(about.splitlines()), "", *TABLE]
    lines += [f"| `{key}` | {default} | {meaning} |" for key, default, meaning in rows]
    first = next(iter(SECTIONS[name].model_fields))
    return "\n".join([*lines, "", f"In the environment: `{variable(name, first)}` and so on."])


def _rows(body: str) -> Iterator[tuple[str, str, str]]:
    comment: list[str] = []
    for line in body.splitlines():
        if found := re.fullmatch(r"(# )?([a-z_]+) = (.+)", line):
            yield found[2], "not set" if found[1] else f"`{found[3]}`", _words(comment)
            comment = []
        elif line.startswith("# "):
            comment.append(line)
        else:
            return


def _words(comment: Iterable[str]) -> str:
    text = " ".join(line.removeprefix("#").strip() for line in comment)
    return text.replace("|", "\\|")


def _kind(kind: str) -> str:
    options = sources.options(kind)
    assert options is not None
    lines = [f'## `[[sources]]` with `kind = "{kind}"`', ""]
    if not options.model_fields:
        return "\n".join([*lines, "It has no keys of its own."])
    lines += TABLE
    for key, field in options.model_fields.items():
        meaning = (field.description or "").replace("|", "\\|")
        lines.append(f"| `{key}` | {_default(field)} | {meaning} |")
    return "\n".join(lines)


def _default(field: Any) -> str:
    value = field.get_default(call_default_factory=True)
    if value is PydanticUndefined:
        return "must be given"
    if value is None:
        return "not set"
    if isinstance(value, SecretStr):
        return '`""`'
    if isinstance(value, str):
        return f'`"{value}"`'
    if isinstance(value, (tuple, list)):
        return f"`{list(value)}`".replace("'", '"')
    return f"`{str(value).lower() if isinstance(value, bool) else value}`"


# --- commands -------------------------------------------------------------------------------


def commands() -> str:
    """Return what `--help` says of every command."""
    parts = []
    for path in _leaves(command_tree()):
        result = type_command(*path, "--help", environ={"COLUMNS": "100"})
        said = "\n".join(line.rstrip() for line in result.stdout.strip().splitlines())
        parts.append(f"## `{' '.join(('digest', *path))}`\n\n```text\n{said}\n```")
    return "\n\n".join(parts)


def _leaves(command: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    if not path:
        yield path
    for name, child in getattr(command, "commands", {}).items():
        if getattr(child, "commands", None):
            yield from _leaves(child, (*path, name))
        else:
            yield (*path, name)


PAGES = {"configuration": configuration, "cli": commands}


def write() -> None:
    """Write every page anew."""
    for name in PAGES:
        (FOLDER / f"{name}.md").write_text(page(name), encoding="utf-8")


if __name__ == "__main__":
    write()
