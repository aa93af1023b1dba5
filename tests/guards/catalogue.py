"""The catalogues of the mails' words: written by `python -m tests.guards.catalogue`.

`locale/digest.pot` holds what the templates say; a `.po` beside it keeps its translations, gets
what is new without one, and loses what nobody says any more.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

from babel.messages import Catalog
from babel.messages.extract import extract_from_file
from babel.messages.pofile import read_po, write_po
from jinja2 import Environment
from jinja2.ext import extract_from_ast

from digest import language, rendering
from digest.ranking import explain
from digest.resources import templates_dir

FOLDER = templates_dir() / "locale"
TEMPLATE = FOLDER / "digest.pot"

# Lines of the head that name a day or a person, or nobody.
_FICKLE = re.compile(
    rb'^"(?:Project|Report|POT|PO-Revision|Last|Language-Team|Generated)[^\n]*\n', re.MULTILINE
)


def said() -> Catalog:
    """Return what templates, filters and reasons say, with the files that say it."""
    found = Catalog()
    for place, message in [*_of_templates(), *_of_code()]:
        found.add(message, locations=[(place, None)])  # type: ignore[list-item]
    return found


def _of_templates() -> Iterator[tuple[str, str | tuple[str, str]]]:
    environment = Environment()  # it only reads
    for path in sorted((templates_dir() / "email").rglob("*.*")):
        if path.suffix not in (".html", ".txt"):
            continue
        tree = environment.parse(path.read_text("utf-8"))
        for _, _, message in extract_from_ast(tree, ("_", "_n")):
            words = [one for one in (message if isinstance(message, tuple) else [message]) if one]
            yield (
                path.relative_to(templates_dir()).as_posix(),
                (words[0] if len(words) == 1 else (words[0], words[1])),
            )


def _of_code() -> Iterator[tuple[str, str | tuple[str, str]]]:
    keywords = {"say": None, "gettext": None, "plural": (2, 3)}
    for module in (language, rendering, explain):
        path = Path(module.__file__)
        for _, message, *_ in extract_from_file("python", path, keywords):
            yield path.name, message  # type: ignore[misc]


def written(path: Path) -> bytes:
    """Return a catalogue as it should be, with the translations that it has."""
    catalogue = said()
    if path != TEMPLATE:
        with path.open("rb") as file:
            known = read_po(file)
        known.update(catalogue, no_fuzzy_matching=True)
        known.obsolete.clear()
        catalogue = known
    text = BytesIO()
    write_po(text, catalogue, width=100, sort_output=True, omit_header=path == TEMPLATE)
    return _FICKLE.sub(b"", text.getvalue())


def write() -> None:
    """Write every catalogue anew."""
    for path in (TEMPLATE, *sorted(FOLDER.glob("*.po"))):
        path.write_bytes(written(path))


if __name__ == "__main__":
    write()
