"""Every word of the mails can be translated, and the languages we ship are complete."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest
from babel.messages.pofile import read_po

from tests.guards import catalogue

CATALOGUES = sorted(catalogue.FOLDER.glob("*.po"))


@pytest.mark.parametrize("path", [catalogue.TEMPLATE, *CATALOGUES], ids=lambda path: path.name)
def test_a_catalogue_has_what_the_templates_say(path: Path) -> None:
    if os.environ.get("DIGEST_UPDATE_GOLDEN"):
        catalogue.write()
    assert path.read_bytes() == catalogue.written(path), "run `python -m tests.guards.catalogue`"


@pytest.mark.parametrize("path", CATALOGUES, ids=lambda path: path.name)
def test_a_language_is_complete_and_keeps_the_places(path: Path) -> None:
    with path.open("rb") as file:
        messages = [message for message in read_po(file, abort_invalid=True) if message.id]
    assert messages
    for message in messages:
        forms = message.string if isinstance(message.string, tuple) else (message.string,)
        texts = message.id if isinstance(message.id, tuple) else (message.id,)
        assert all(forms), message.id
        assert not message.fuzzy, message.id
        for form in forms:
            assert set(re.findall(r"{\w+}", form)) == set(re.findall(r"{\w+}", texts[-1]))


def test_no_word_of_a_template_stands_outside_the_catalogue() -> None:
    bare = []
    for path in sorted((catalogue.FOLDER.parent / "email").rglob("*.*")):
        if path.suffix in (".html", ".txt"):
            text = re.sub(
                r"{#.*?#}|{%.*?%}|{{.*?}}|<[^>]*>", " ", path.read_text("utf-8"), flags=re.S
            )
            text = re.sub(r":root.*?}|&\w+;|\[if mso\]|\[endif\]", " ", text)
            bare += [(path.name, word) for word in re.findall(r"[A-Za-z]{2,}", text)]
    assert not bare
