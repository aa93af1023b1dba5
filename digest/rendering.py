"""The only place of Jinja2: templates become mails and pages.

A mail is a folder of three templates (`subject.txt`, `body.txt`, `body.html`), and of those for
each of its papers (`paper.txt`, `opinion.txt`, `paper.html`) where it has any. The rules of
`email/style.css` are put into the style attributes once, when a template is loaded, because mail
programs drop style sheets; its @media rules stay in the head.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

from css_inline import CSSInliner
from jinja2 import (
    Environment,
    FileSystemLoader,
    StrictUndefined,
    TemplateSyntaxError,
    select_autoescape,
)
from jinja2.utils import htmlsafe_json_dumps
from markupsafe import Markup

from digest.errors import RenderError
from digest.excerpts import cut
from digest.language import Language
from digest.model import DeliveryKind, Rendered
from digest.resources import template_folders
from digest.slots import Marks, Piece, deferring, filling, guarded

_OURS = "default/"

_WIDTH = 72
_BLANKS = re.compile(r"[\t\n\v\f\r ]+")  # not those that bind two words
_MEDIA = re.compile(r"@media[^{]*\{(?:[^{}]*\{[^{}]*\})*[^{}]*\}")

_TAG = re.compile(r"\{#.*?#\}|\{%.*?%\}|\{\{.*?\}\}", re.DOTALL)
_HIDDEN = re.compile(r"(?:<!--)?jinja(\d+)x(?:-->)?(?!=)")
_COMMENT = re.compile(r"<!--jinja(\d+)x-->")
_WORD_OR_MARKUP = re.compile(
    r"(?P<markup><!--.*?-->|<(?P<name>style|title)\b.*?</(?P=name)>|<[^>]*>)|jinja\d+x", re.DOTALL
)

Source = tuple[str, str, Callable[[], bool]]
Result = TypeVar("Result")


class JinjaRenderer:
    """The templates, ready to be rendered: a site's own where it has them, else ours.

    Rendering text is safe in any thread, `pieces` in one at a time. Raise `ConfigError` for a
    language that has no catalogue.
    """

    def __init__(self, folder: Path | None = None, language: str = "en") -> None:
        self._folders = template_folders(folder)
        said = Language(language, self._folders)
        self._marks = Marks()
        own: dict[str, Callable[..., Any]] = {
            "clip": clip,
            "column": column,
            "count": count,
            "cut": cut,
            "first_up": first_up,
            "listed": said.listed,
            "long_date": said.long_date,
            "names": partial(names, language=said),
            "number": said.number,
            "wrap": wrap,
            "json": htmlsafe_json_dumps,
        }
        self._environment = _environment(self._folders)
        self._environment.filters |= own
        self._environment.globals |= _words(said, said.say, said.plural)
        self._slotted = _environment(self._folders, finalize=self._marks.finalize)
        self._slotted.filters = guarded(self._slotted.filters, own=own)
        self._slotted.globals |= _words(said, filling(said.say), filling(deferring(said.plural)))
        self._slotted.tests = guarded(self._slotted.tests)
        # Jinja joins by it what macros and blocks capture; the template itself is joined by us.
        self._slotted.concat = self._marks.join  # type: ignore[method-assign]

    def email(self, kind: DeliveryKind, context: Mapping[str, Any]) -> Rendered:
        """Render one message of that kind, card by card; raise `RenderError`."""
        subject = self._render(f"email/{kind}/subject.txt", context)
        texts, opinions, htmls = (
            [
                self._render(f"email/{kind}/{name}", {**context, "paper": paper})
                for paper in context.get("papers", [])
            ]
            for name in ("paper.txt", "opinion.txt", "paper.html")
        )
        of_text = {**context, "cards": texts, "opinions": opinions}
        of_html = {**context, "cards": list(map(Markup, htmls))}
        return Rendered(
            " ".join(subject.split()),
            self._render(f"email/{kind}/body.txt", of_text),
            self._render(f"email/{kind}/body.html", of_html),
        )

    def page(self, name: str, context: Mapping[str, Any]) -> str:
        """Render one web page; raise `RenderError`."""
        return self._render(f"web/{name}.html", context)

    def report(self, name: str, context: Mapping[str, Any]) -> str:
        """Render one page that is a file of its own; raise `RenderError`."""
        return self._render(f"report/{name}.html", context)

    def pieces(self, name: str, context: Mapping[str, Any]) -> list[Piece]:
        """Render one template of a mail whose context holds slots, and cut it at them.

        Raise `RenderError`, also where the template does with a slot what needs its value.
        """
        return self._tried(
            name,
            lambda: self._marks.cut(self._slotted.get_template(name).generate(context)),
        )

    def _render(self, name: str, context: Mapping[str, Any]) -> str:
        return self._tried(name, lambda: self._environment.get_template(name).render(context))

    def _tried(self, name: str, render: Callable[[], Result]) -> Result:
        try:
            return render()
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
            for folder in self._folders:
                if path.is_relative_to(folder):
                    place = f"{path.relative_to(folder).as_posix()}, line {trace.tb_lineno},"
            trace = trace.tb_next
        return place


def _environment(
    folders: Sequence[Path], *, finalize: Callable[[Any], Any] | None = None
) -> Environment:
    return Environment(
        loader=_InliningLoader(folders),
        auto_reload=False,
        autoescape=select_autoescape(["html", "svg"]),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=finalize,
    )


def _words(
    language: Language, say: Callable[..., Any], plural: Callable[..., Any]
) -> dict[str, object]:
    """Return what templates call for words: `_("text", name=value)`, `_n("one", "many", n)`."""

    def numbered(one: str, many: str, number: Any, **values: Any) -> Any:
        return plural(number, one, many, **values)

    return {"_": say, "_n": numbered, "joints": language.joints, "direction": language.direction}


# --- styles -------------------------------------------------------------------------------


class _InliningLoader(FileSystemLoader):
    """Loads templates; those of mails with the style sheet in their style attributes.

    `default/email/...` is ours even where a site has a file of that name: its own may extend it.
    """

    def __init__(self, folders: Sequence[Path]) -> None:
        super().__init__(folders)
        self._ours = FileSystemLoader(folders[-1])

    def get_source(self, environment: Environment, template: str) -> Source:
        if template.startswith(_OURS):
            template = template.removeprefix(_OURS)
            source, filename, uptodate = self._ours.get_source(environment, template)
        else:
            source, filename, uptodate = super().get_source(environment, template)
        if template.startswith("email/") and template.endswith(".html"):
            css, *_ = super().get_source(environment, "email/style.css")
            source = inline(source, _MEDIA.sub("", css), name=template)
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


def first_up(text: str) -> str:
    """Return a text whose first letter is a capital one."""
    return text[:1].upper() + text[1:]


def names(people: Sequence[str], most: int, *, language: Language) -> str:
    """Return at most so many names, or one more, and how many there are beside them."""
    if len(people) <= most + 1:
        return ", ".join(people)
    # Translators: the end of a list of people.
    return language.say(
        "{names} and {n} more",
        names=", ".join(people[:most]),
        n=language.number(len(people) - most),
    )


def column(value: object, width: int, after: str = "") -> str:
    """Return a value and what follows it, filled up with blanks to a width."""
    return f"{value}{after}".ljust(width)


def wrap(text: str, indent: int = 0, *, before: str = "", hang: bool = False) -> str:
    """Return a text in lines of at most 72 characters; addresses stay whole.

    `before` stands in front of the text, as part of it. `hang` leaves out the indent of the
    first line, for a text that follows something of that width.
    """
    rest = before + text
    if rest != " ".join(rest.split()):  # it rarely is
        rest = " ".join([word for word in _BLANKS.split(rest) if word])
    room = _WIDTH - indent
    lines = []
    while len(rest) > room:
        cut = rest.rfind(" ", 0, room + 1)
        if cut < 0:
            cut = rest.find(" ", room)
        if cut < 0:
            break
        lines.append(rest[:cut])
        rest = rest[cut + 1 :]
    lines.append(rest)
    blank = " " * indent
    return ("" if hang or not rest else blank) + f"\n{blank}".join(lines)
