"""The only place of Jinja2: templates become mails and pages.

A mail is a folder of three templates (`subject.txt`, `body.txt`, `body.html`). The rules of
`email/style.css` are put into the style attributes once, when a template is loaded, because mail
programs drop style sheets; its @media rules stay in the head.
"""

from __future__ import annotations

import re
import textwrap
from collections.abc import Callable, Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any

from css_inline import CSSInliner
from jinja2 import (
    Environment,
    FileSystemLoader,
    StrictUndefined,
    TemplateSyntaxError,
    select_autoescape,
)
from jinja2.utils import htmlsafe_json_dumps

from digest.errors import RenderError
from digest.model import DeliveryKind, Rendered
from digest.resources import templates_dir

_WIDTH = 72
_MEDIA = re.compile(r"@media[^{]*\{(?:[^{}]*\{[^{}]*\})*[^{}]*\}")

_TAG = re.compile(r"\{#.*?#\}|\{%.*?%\}|\{\{.*?\}\}", re.DOTALL)
_HIDDEN = re.compile(r"(?:<!--)?jinja(\d+)x(?:-->)?(?!=)")
_COMMENT = re.compile(r"<!--jinja(\d+)x-->")
_WORD_OR_MARKUP = re.compile(
    r"(?P<markup><!--.*?-->|<(?P<name>style|title)\b.*?</(?P=name)>|<[^>]*>)|jinja\d+x", re.DOTALL
)

Source = tuple[str, str, Callable[[], bool]]


class JinjaRenderer:
    """The templates of one folder, ready to be rendered."""

    def __init__(self, folder: Path | None = None) -> None:
        self._folder = folder or templates_dir()
        self._environment = Environment(
            loader=_InliningLoader(self._folder),
            autoescape=select_autoescape(["html", "svg"]),
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._environment.filters |= {
            "clip": clip,
            "count": count,
            "long_date": long_date,
            "names": names,
            "wrap": wrap,
            "json": htmlsafe_json_dumps,
        }

    def email(self, kind: DeliveryKind, context: Mapping[str, Any]) -> Rendered:
        """Render the three templates of one kind of message; raise `RenderError`."""
        subject, text, html = (
            self._render(f"email/{kind}/{part}", context)
            for part in ("subject.txt", "body.txt", "body.html")
        )
        return Rendered(" ".join(subject.split()), text, html)

    def page(self, name: str, context: Mapping[str, Any]) -> str:
        """Render one web page; raise `RenderError`."""
        return self._render(f"web/{name}.html", context)

    def _render(self, name: str, context: Mapping[str, Any]) -> str:
        try:
            return self._environment.get_template(name).render(context)
        except Exception as error:  # templates run anything: a bug costs one message or page
            raise RenderError(
                f"the template {self._where(name, error)} cannot be rendered: "
                f"{type(error).__name__}: {error}"
            ) from error

    def _where(self, name: str, error: Exception) -> str:
        """Return the innermost template that took part, with its line."""
        if isinstance(error, TemplateSyntaxError):
            return f"{error.name or name}, line {error.lineno},"
        place, trace = name, error.__traceback__
        while trace is not None:
            path = Path(trace.tb_frame.f_code.co_filename)
            if path.is_relative_to(self._folder):
                place = f"{path.relative_to(self._folder).as_posix()}, line {trace.tb_lineno},"
            trace = trace.tb_next
        return place


# --- styles -------------------------------------------------------------------------------


class _InliningLoader(FileSystemLoader):
    """Loads templates; those of mails with the style sheet in their style attributes."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self._folder = folder

    def get_source(self, environment: Environment, template: str) -> Source:
        source, filename, uptodate = super().get_source(environment, template)
        if template.startswith("email/") and template.endswith(".html"):
            css = _MEDIA.sub("", (self._folder / "email" / "style.css").read_text("utf-8"))
            source = inline(source, css, name=template)
        elif template == "email/style.css":
            source = "\n".join(_MEDIA.findall(source))
        return source, filename, uptodate


def inline(source: str, css: str, *, name: str = "") -> str:
    """Put the rules of `css` into the style attributes of a template; keep its tags and lines.

    The tags are hidden from the HTML parser: as a word within markup, as a comment elsewhere,
    because only comments may stand between the rows of a table. Raise `RenderError` where the
    parser moves or loses one.
    """
    tags = _TAG.findall(source)
    numbers = iter(range(len(tags)))
    hidden = _TAG.sub(lambda _: f"jinja{next(numbers)}x", source)
    hidden = _WORD_OR_MARKUP.sub(lambda found: found["markup"] or f"<!--{found[0]}-->", hidden)
    if hidden.lstrip().lower().startswith("<!doctype"):
        styled = CSSInliner(
            extra_css=css,
            inline_style_tags=False,
            keep_style_tags=True,
            load_remote_stylesheets=False,
        ).inline(hidden)
    else:
        styled = CSSInliner(load_remote_stylesheets=False).inline_fragment(hidden, css)
    kept = [int(number) for number in _HIDDEN.findall(styled)]
    between = [int(number) for number in _COMMENT.findall(styled)]
    # The parser may change the order of attributes, and with it that of the tags in them.
    if sorted(kept) != list(range(len(tags))) or between != sorted(between):
        raise RenderError(
            f"the template {name} has a Jinja tag where HTML has no room for it: "
            "put it into a text or into the value of an attribute"
        )
    return _HIDDEN.sub(lambda found: tags[int(found[1])], styled)


# --- filters ------------------------------------------------------------------------------


def clip(text: str, length: int) -> str:
    """Return at most `length` characters of a text, cut between two words."""
    if len(text) <= length:
        return text
    cut = text[:length].rsplit(" ", 1)[0].rstrip(" ,;:.-–—")
    return f"{cut or text[: length - 1]}…"


def count(number: int, one: str, many: str = "") -> str:
    """Return a number with its noun: `1 paper`, `2 papers`."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def long_date(day: date) -> str:
    """Return a date as people write it: `Tuesday, 24 November 2026`."""
    return f"{day:%A}, {day.day} {day:%B} {day.year}"


def names(people: Sequence[str], most: int) -> str:
    """Return at most so many names, and how many there are beside them."""
    if len(people) <= most:
        return ", ".join(people)
    return f"{', '.join(people[:most])} and {len(people) - most} more"


def wrap(text: str, indent: int = 0) -> str:
    """Return a text in lines of at most 72 characters; addresses stay whole."""
    return textwrap.fill(
        text,
        width=_WIDTH,
        initial_indent=" " * indent,
        subsequent_indent=" " * indent,
        break_long_words=False,
        break_on_hyphens=False,
    )
