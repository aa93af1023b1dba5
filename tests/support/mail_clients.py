"""What of HTML and CSS four mail programs do not show, for what our mails use.

From the data of caniemail.com as of 2025-09-09 (MIT licence, caniemail 2.0 on npm), the newest
version of each program: those are named for which it says "no" on any platform. What it says
nothing of are the elements and properties of HTML 3, which all of them show.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from html.parser import HTMLParser

GMAIL, OUTLOOK, APPLE, YAHOO = "Gmail", "Outlook for Windows", "Apple Mail", "Yahoo"
ALL = frozenset({GMAIL, OUTLOOK, APPLE, YAHOO})

_SHOWN = """
<a> <b> <body> <br> <div> <h1> <h2> <h3> <head> <html> <meta> <p> <span> <style> <table> <tbody>
<td> <title> <tr> [align] [border] [cellpadding] [cellspacing] [charset] [class] [content] [dir]
[href] [lang] [name] [role] [style] [width] !important background-color border border-collapse
border-color border-left border-left-color border-left-width border-right-width color display
font-family font-size font-weight letter-spacing line-height margin margin-left margin-right
max-width padding padding-bottom padding-left padding-right padding-top text-decoration width
"""

UNSUPPORTED: dict[str, frozenset[str]] = {
    **dict.fromkeys(_SHOWN.split(), frozenset()),
    "[aria-hidden]": frozenset({YAHOO}),
    "@media (max-width)": frozenset({OUTLOOK}),
    "@media (prefers-color-scheme)": frozenset({GMAIL, OUTLOOK, YAHOO}),
    "border-radius": frozenset({OUTLOOK}),
    "color-scheme": frozenset({GMAIL, OUTLOOK, YAHOO}),
    "height": frozenset({YAHOO}),
    "max-height": frozenset({OUTLOOK}),
    "overflow": frozenset({OUTLOOK}),
    "table-layout": frozenset({OUTLOOK}),
    "white-space": frozenset({OUTLOOK}),
    "word-break": frozenset({YAHOO}),
    # Of one program only, on purpose.
    "-ms-text-size-adjust": ALL - {OUTLOOK},
    "-webkit-text-size-adjust": ALL - {APPLE},
    "mso-hide": ALL - {OUTLOOK},
}

ALLOWED = {
    "[aria-hidden]": "an arrow is read out beside the site's name",
    "@media (max-width)": "Outlook for Windows is on no phone",
    "@media (prefers-color-scheme)": "the mail stays light, or is inverted by the program",
    "border-radius": "corners are square",
    "color-scheme": "the mail stays light, or is inverted by the program",
    "height": "it becomes the least height: the thin rule stays thin by its line height",
    "max-height": "the hidden line is hidden by mso-hide",
    "overflow": "the hidden line is hidden by mso-hide",
    "table-layout": "a word without end makes the table wider",
    "white-space": "the two opinions may stand on two lines",
    "word-break": "a word without end makes the table wider",
    "-ms-text-size-adjust": "keeps old phones of Windows from making letters larger",
    "-webkit-text-size-adjust": "keeps phones of Apple from making letters larger",
    "mso-hide": "hides the line that is shown beside the subject",
}

_DECLARATION = re.compile(r"(?:^|[;{])\s*([a-z-]+)\s*:([^;}]*)")


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: set[str] = set()
        self.styled = ""
        self._style = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Take down the element and its attributes."""
        self._style = tag == "style"
        self.found |= {f"<{tag}>", *(f"[{name}]" for name, _ in attrs)}
        self.found |= set(declared(dict(attrs).get("style") or ""))

    def handle_data(self, data: str) -> None:
        """Take down the rules of the head."""
        if self._style:
            self.styled += data
            self.found |= {f"@media ({name})" for name in re.findall(r"@media \(([a-z-]+)", data)}
            # What is in braces are declarations, and no selectors.
            for rule in re.findall(r"\{([^{}]*)\}", data):
                self.found |= set(declared(rule))


def declared(css: str) -> Iterator[str]:
    """Yield the properties of declarations, and that one is important."""
    for name, value in _DECLARATION.findall(css):
        yield name
        if "!important" in value:
            yield "!important"


def used(html: str) -> set[str]:
    """Return the elements, attributes, properties and conditions that a mail uses."""
    reader = _Reader()
    reader.feed(html)
    return reader.found
