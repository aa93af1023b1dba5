"""Templates: strict, escaped, and styled once."""

from __future__ import annotations

import re
from datetime import date
from pathlib import Path

import pytest

from digest.errors import RenderError
from digest.language import Language
from digest.model import DeliveryKind
from digest.rendering import JinjaRenderer, clip, count, inline, names, wrap


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


def test_an_error_names_the_innermost_template_and_its_line(folder: Path) -> None:
    (folder / "email" / "goodbye" / "body.html").write_text(
        '<p class="a">\n{% include "email/part.html" %}</p>'
    )
    (folder / "email" / "part.html").write_text("<b>one</b>\n<i>two</i>\n<u>{{ absent }}</u>\n")
    with pytest.raises(RenderError, match=r"email/part\.html, line 3,.*absent"):
        JinjaRenderer(folder).email(DeliveryKind.GOODBYE, {"name": "x"})


CSS = ".a { color: red }"


def test_jinja_tags_outlive_the_styling() -> None:
    source = (
        '<table><tbody>\n{% for n in rows if n > 1 and n != "<b>" %}\n'
        '<tr><td class="a">{{ n if n >= 2 }}<i title="{{ n }} & {{ n < 3 }}">x</i></td></tr>\n'
        "{% endfor %}{# a\n> note #}\n</tbody></table>\n"
    )
    styled = inline(source, CSS)
    assert 'style="color: red' in styled
    assert re.sub(r' style="[^"]*"', "", styled).replace("&amp;", "&") == source


def test_a_whole_page_keeps_its_tags_too() -> None:
    source = (
        "<!doctype html><html><head><title>{{ a > b }}</title><style>\n{% include 'x' %}\n"
        '</style></head><body><!-- {{ note }} --><p class="a">{% if a > b %}x{% endif %}</p>'
        "</body></html>"
    )
    styled = inline(source, CSS)
    for tag in (
        "{{ a > b }}</title>",
        "{% include 'x' %}",
        "<!-- {{ note }} -->",
        "{% if a > b %}x",
    ):
        assert tag in styled


@pytest.mark.parametrize("bad", ["<p {{ attribute }}>x</p>", "<{{ name }}>x</{{ name }}>"])
def test_a_tag_that_html_has_no_room_for_is_refused(bad: str) -> None:
    with pytest.raises(RenderError, match="no room"):
        inline(bad, CSS, name="email/x.html")


def test_a_missing_template_is_a_render_error(folder: Path) -> None:
    with pytest.raises(RenderError, match="web/absent"):
        JinjaRenderer(folder).page("absent", {})


def test_what_a_folder_does_not_have_is_ours(folder: Path) -> None:
    site = {"name": "A site", "language": "en", "postal_address": ""}
    context = {"site": site, "subscriber": {"name": "Ada", "email": "a@example.org"}}
    context["links"] = dict.fromkeys(("home", "preferences", "unsubscribe"), "https://a.org/")
    found = JinjaRenderer(folder).email(DeliveryKind.GOODBYE, {"name": "x", **context})
    assert found.text == "x"
    found = JinjaRenderer(folder).email(DeliveryKind.WELCOME, {"interests": 0, **context})
    assert "Welcome" in found.subject


def test_a_template_may_change_one_block_of_ours(folder: Path) -> None:
    (folder / "email" / "goodbye" / "body.html").write_text(
        '{% extends "default/email/goodbye/body.html" %}'
        '{% block foot %}<p class="a">Farewell, {{ name }}.</p>{% endblock %}'
    )
    (folder / "email" / "style.css").unlink()
    context = {"site": {"name": "A site", "language": "en", "postal_address": ""}}
    context["links"] = dict.fromkeys(("home", "preferences"), "https://example.org/")
    context["subscriber"] = {"email": "ada@example.org"}
    found = JinjaRenderer(folder).email(DeliveryKind.GOODBYE, {"name": "x", **context}).html
    assert "Farewell, x." in found
    assert "sends no more mail to" in found


def test_the_filters() -> None:
    assert clip("one two three", 8) == "one two…"
    assert clip("short", 8) == "short"
    assert clip("x" * 20, 8) == "xxxxxxxx…"
    assert (count(1, "paper"), count(2, "paper"), count(1200, "paper")) == (
        "1 paper",
        "2 papers",
        "1,200 papers",
    )
    english = Language()
    assert english.long_date(date(2026, 11, 4)) == "Wednesday, 4 November 2026"
    assert names(["a", "b", "c", "d"], 2, language=english) == "a, b and 2 more"
    assert names(["a", "b", "c"], 2, language=english) == "a, b, c"
    assert max(map(len, wrap("word " * 40, 3).splitlines())) <= 72
    assert wrap("https://example.org/" + "x" * 100).count("\n") == 0
