"""Templates: strict, escaped, and styled once."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from digest.errors import RenderError
from digest.model import DeliveryKind
from digest.rendering import JinjaRenderer, clip, count, long_date, names, wrap


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    mail = tmp_path / "email" / "goodbye"
    mail.mkdir(parents=True)
    (tmp_path / "email" / "style.css").write_text(
        ".a { color: red } @media print { .a { top: 0 } }"
    )
    (mail / "subject.txt").write_text("Bye\n  {{ name }}\n")
    (mail / "body.txt").write_text("{{ name }}")
    (mail / "body.html").write_text('<p class="a">{{ name }}</p>')
    return tmp_path


def test_html_is_escaped_and_text_is_not(folder: Path) -> None:
    found = JinjaRenderer(folder).email(DeliveryKind.GOODBYE, {"name": "<b>&\n Co"})
    assert found.subject == "Bye <b>& Co"
    assert found.text == "<b>&\n Co"
    assert "&lt;b&gt;&amp;" in found.html


def test_styles_are_put_into_the_tags(folder: Path) -> None:
    found = JinjaRenderer(folder).email(DeliveryKind.GOODBYE, {"name": "x"})
    assert 'style="color: red' in found.html


def test_a_name_that_is_not_there_is_an_error_with_its_place(folder: Path) -> None:
    with pytest.raises(RenderError, match=r"email/goodbye/subject\.txt.*name"):
        JinjaRenderer(folder).email(DeliveryKind.GOODBYE, {})


@pytest.mark.parametrize(
    "bad", ["{{ name", "{% if %}", "{{ name / 0 }}", "{{ name.x.y }}", "{{ 1/0 }}"]
)
def test_a_broken_template_is_a_render_error(folder: Path, bad: str) -> None:
    (folder / "email" / "goodbye" / "body.txt").write_text(bad)
    with pytest.raises(RenderError, match=r"goodbye/body\.txt"):
        JinjaRenderer(folder).email(DeliveryKind.GOODBYE, {"name": "x"})


def test_a_missing_template_is_a_render_error(folder: Path) -> None:
    with pytest.raises(RenderError, match="confirm"):
        JinjaRenderer(folder).email(DeliveryKind.CONFIRM, {})
    with pytest.raises(RenderError, match="web/home"):
        JinjaRenderer(folder).page("home", {})


def test_the_filters() -> None:
    assert clip("one two three", 8) == "one two…"
    assert clip("short", 8) == "short"
    assert clip("x" * 20, 8) == "xxxxxxxx…"
    assert (count(1, "paper"), count(2, "paper"), count(1200, "paper")) == (
        "1 paper",
        "2 papers",
        "1,200 papers",
    )
    assert long_date(date(2026, 11, 4)) == "Wednesday, 4 November 2026"
    assert names(["a", "b", "c"], 2) == "a, b and 1 more"
    assert names(["a", "b"], 2) == "a, b"
    assert max(map(len, wrap("word " * 40, 3).splitlines())) <= 72
    assert wrap("https://example.org/" + "x" * 100).count("\n") == 0
