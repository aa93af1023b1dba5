"""Texts as sources send them -> one clean line for people."""

from __future__ import annotations

import html
import re
import unicodedata
from functools import cache

import nh3
from pylatexenc.latex2text import LatexNodes2Text, MacroTextSpec, get_default_latex_context_db

# Macros that only change the looks of what follows.
_SILENT = ("xspace", "boldsymbol", "bm", "operatorname", "left", "right", "displaystyle")

LONGEST_TEXT = 20_000  # characters; the longest abstract of arXiv has 3,488
_LONGEST_LATEX = 8_000
_DEEPEST_LATEX = 200  # braces

# What pylatexenc does not know: links, and macros whose argument is all there is to read.
_IN_BRACES = r"\s*\{((?:[^{}]|\{[^{}]*\})*)\}"
_LINK = re.compile(rf"\\href{_IN_BRACES}{_IN_BRACES}")
_POINTING = re.compile(
    r"(?:(?:this|the|https?|github|project) )*(?:here|link|url|page|website)", re.I
)
_WRAPPED = re.compile(rf"\\(?:texttt|textsuperscript|textsubscript){_IN_BRACES}")
_SHORT = {"deg": "°", "eg": "e.g.", "ie": "i.e."}
_SHORTENED = re.compile(rf"\\({'|'.join(_SHORT)})(?![A-Za-z])")

_ANNOUNCEMENT = re.compile(
    r"^\s*arXiv:\S+\s+Announce\s+Type:\s*[\w-]+\s+(?:Abstract:\s*)?", re.IGNORECASE
)

# Only names that HTML knows: "<y and z>" is mathematics. No two parts that repeat take the same
# characters: a tag without an end would be tried in every way of sharing them out.
_BLOCK = "p|br|div|ul|ol|li|table|tr|td|th|h[1-6]|blockquote|pre|hr|section|article|figure"
_INLINE = "a|b|i|u|em|strong|span|img|sub|sup|small|code|tt|font|s|q|cite|abbr|mark|script|style"
_TAG = re.compile(
    rf"</?(?:{_BLOCK}|{_INLINE})(?:\s[^<>=]*=[^<>]*|\s*/?)>"
    r"|</?jats:[a-z-][^<>]*>"
    r"|<[a-z][\w-]*\s[^<>]*=\s*[\"'][^<>]*>"  # a quoted attribute: whatever the name
    r"|<!--.*?-->",
    re.IGNORECASE | re.DOTALL,
)
_BLOCK_TAG = re.compile(rf"(?=</?(?:{_BLOCK})\b[^<>]*>)", re.I)
_SURROGATE = re.compile("[\ud800-\udfff]")
_REFERENCE = re.compile(r"&(?:#\d{1,7}|#[xX][0-9a-fA-F]{1,6}|[A-Za-z][A-Za-z0-9]{1,31});")


def clean(text: object) -> str:
    """Return the text of a title or an abstract: no markup, LaTeX made readable, one line.

    Never raises; what is no text is an empty one.
    """
    if not isinstance(text, str):
        return ""
    return one_line(readable_latex(one_line(without_markup(text[:LONGEST_TEXT]))))


def abstract(text: object) -> str:
    """Return the clean text of an abstract, without the words arXiv's feeds put before it."""
    return _ANNOUNCEMENT.sub("", clean(text))


def one_line(text: str) -> str:
    """Return text in NFC, without control and direction characters, white space collapsed."""
    text = unicodedata.normalize("NFC", text)
    kept = "".join(" " if character.isspace() else character for character in text)
    kept = "".join(character for character in kept if not _unwanted(character))
    # Taking something out may have joined what belongs together.
    return " ".join(unicodedata.normalize("NFC", kept).split())


def _unwanted(character: str) -> bool:
    """Say whether a character is control, format (joiners excepted), surrogate or private."""
    if character in "\u200c\u200d":
        return False
    return unicodedata.category(character) in {"Cc", "Cf", "Cs", "Co"}


def without_markup(text: str) -> str:
    """Return text without HTML tags and character references, however often it was escaped.

    A `<` that begins no HTML tag is mathematics and stays.
    """
    text = _SURROGATE.sub("", text)  # JSON may hold halves of a character
    for _ in range(10):
        before = text
        if _TAG.search(text):
            text = _BLOCK_TAG.sub(" ", text)
            text = nh3.clean(_protect_mathematics(text), tags=set())
        text = _REFERENCE.sub(lambda found: html.unescape(found[0]), text)
        if text == before:
            break
    return text


def _protect_mathematics(text: str) -> str:
    pieces, end = [], 0
    for tag in _TAG.finditer(text):
        pieces += [text[end : tag.start()].replace("<", "&lt;"), tag[0]]
        end = tag.end()
    return "".join([*pieces, text[end:].replace("<", "&lt;")])


def readable_latex(text: str) -> str:
    """Return text with TeX accents, macros and simple formulae as Unicode.

    What cannot be converted stays as it was: a formula is never lost.
    """
    text = re.sub(r"(?<=\s)--(?=\s)|(?<=\d)--(?=\d)", "–", text)
    text = re.sub(r"(?<=\s)---(?=\s)|(?<=\w)---(?=\w)", "—", text)
    if not re.search(r"\\|\$|``", text):
        return text
    if len(text) > _LONGEST_LATEX or text.count("{") > _DEEPEST_LATEX:
        return text
    text = _SHORTENED.sub(lambda found: _SHORT[found[1]], text)
    text = _WRAPPED.sub(lambda found: found[1], _LINK.sub(_link, text))
    try:
        converted: str = _latex().latex_to_text(_escaped(text))
    except Exception:
        # pylatexenc raises what it likes on broken input; the text is readable enough as it is.
        return text
    return converted if converted.strip() else text


def _link(found: re.Match[str]) -> str:
    """Return the words of a link, or its address where they only point at it: "here"."""
    address, said = found.groups()
    return address if _POINTING.fullmatch(said.strip()) or not said.strip() else said


def _escaped(text: str) -> str:
    """Keep characters that mean something to TeX but not to those who write abstracts."""
    text = re.sub(r"(?<!\\)([%#&])", r"\\\1", text)
    text = re.sub(r"(?<![\w.)])~|~(?![\w\\$(])", r"\\textasciitilde{}", text)
    # "$5 and $10" is money: a formula neither begins nor ends with a blank, and no digit
    # follows it.
    formula = re.compile(r"(?<!\\)\$\$.+?\$\$|(?<!\\)\$(?!\s)(?:\\.|[^$\\])*?(?<!\s)\$(?!\d)", re.S)
    pieces, end = [], 0
    for found in formula.finditer(text):
        pieces += [_no_dollar(text[end : found.start()]), found[0]]
        end = found.end()
    return "".join([*pieces, _no_dollar(text[end:])])


def _no_dollar(text: str) -> str:
    return re.sub(r"(?<!\\)\$", r"\\$", text)


@cache
def _latex() -> LatexNodes2Text:
    context = get_default_latex_context_db()
    context.add_context_category(
        "digest",
        prepend=True,
        macros=[
            MacroTextSpec("url", simplify_repl="%s"),
            MacroTextSpec("cite", simplify_repl=""),
            MacroTextSpec("ref", simplify_repl=""),
            *(MacroTextSpec(name, simplify_repl="") for name in _SILENT),
            MacroTextSpec("frac", simplify_repl=_fraction),
        ],
    )
    context.set_unknown_macro_spec(
        MacroTextSpec("", simplify_repl=lambda node: node.latex_verbatim())
    )
    return LatexNodes2Text(latex_context=context, math_mode="text", keep_comments=True)


def _fraction(node: object, l2tobj: LatexNodes2Text) -> str:
    above, below = (
        l2tobj.nodelist_to_text([part]).strip()
        for part in node.nodeargd.argnlist[-2:]  # type: ignore[attr-defined]  # pylatexenc is untyped
    )
    return f"{_grouped(above)}/{_grouped(below)}"


def _grouped(text: str) -> str:
    return f"({text})" if re.search(r"[-+\s*/=<>±]", text) else text


def shortened(text: str, length: int = 5_000) -> str:
    """Return text of at most `length` characters, cut after a word."""
    if len(text) <= length:
        return text
    return text[: length - 1].rpartition(" ")[0] + "…"
