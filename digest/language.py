"""The only place of Babel: one language's words, dates and numbers.

A catalogue is a file `locale/de.po` beside the templates (gettext); English needs none, for its
words are those that stand in the templates.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from functools import lru_cache
from gettext import GNUTranslations, NullTranslations
from io import BytesIO
from pathlib import Path

from babel import Locale, UnknownLocaleError
from babel.dates import format_date
from babel.lists import format_list
from babel.messages.mofile import write_mo
from babel.messages.pofile import PoFileError, read_po
from babel.numbers import format_decimal

from digest.errors import ConfigError


class Language:
    """How things are said in one language, named as in `[site] language`: `en`, `de`, `pt-BR`."""

    def __init__(self, code: str = "en", folders: Sequence[Path] = ()) -> None:
        """Read the catalogue from the first of the folders that has one.

        Raise `ConfigError` for a language that nobody knows, and for one without a catalogue.
        """
        try:
            self._locale = Locale.parse(code.replace("_", "-"), sep="-")
        except (ValueError, UnknownLocaleError) as error:
            raise ConfigError(f'[site] language: {code!r} is no language: try "en"') from error
        self.code = code.replace("_", "-")
        self._words = _catalogue(self._locale, folders)
        # A mail has few different numbers, and Babel takes its time for each.
        self.number = lru_cache(4096)(self._number)
        self.joints = lru_cache(64)(self._joints)
        self.direction = "rtl" if self._locale.character_order == "right-to-left" else "ltr"

    def say(self, text: str, **values: object) -> str:
        """Return a text in this language, with the values in its `{places}`."""
        said = self._words.gettext(text)
        return said.format(**values) if values else said

    def plural(self, number: int, one: str, many: str, **values: object) -> str:
        """Return the form for a number, which stands in its place `{n}`, with other values."""
        said = self._words.ngettext(one, many, number)
        return said.format(n=self.number(number), **values)

    def _number(self, value: int) -> str:
        """Return a whole number as people write it: `2,310`."""
        return format_decimal(value, locale=self._locale)

    def long_date(self, day: date) -> str:
        """Return a date as people write it: `Tuesday, 24 November 2026`."""
        # Translators: a pattern of Unicode TR 35, as in "Tuesday, 24 November 2026".
        return format_date(day, self._words.gettext("EEEE, d MMMM y"), locale=self._locale)

    def weekday(self, day: date) -> str:
        """Return the name of a day of the week: `Friday`."""
        return format_date(day, "EEEE", locale=self._locale)

    def _joints(self, number: int) -> tuple[str, ...]:
        """Return what stands after each of so many parts of a list: `, `, ` and ` and nothing."""
        if self._locale.language == "en":  # which of the two commas is a matter of taste
            return (", ",) * (number - 2) + (" and ",) * (number > 1) + ("",) * (number > 0)
        return tuple(format_list(["\0"] * number, locale=self._locale).split("\0")[1:])

    def listed(self, parts: Sequence[str]) -> str:
        """Return parts as a sentence lists them: `one, two and three`."""
        return "".join(
            [text for pair in zip(parts, self.joints(len(parts)), strict=True) for text in pair]
        )


def _catalogue(locale: Locale, folders: Sequence[Path]) -> NullTranslations:
    names = [str(locale).replace("_", "-"), locale.language]
    paths = [folder / "locale" / f"{name}.po" for name in names for folder in folders]
    found = next((path for path in paths if path.is_file()), None)
    if found is None:
        if locale.language == "en":
            return NullTranslations()
        raise ConfigError(
            f"[site] language: there is no catalogue for {names[-1]!r}: "
            f"translate locale/digest.pot to {paths[-1]} (docs/howto/change-the-mail.md)"
        )
    try:
        with found.open("rb") as file:
            catalogue = read_po(file, locale=locale, abort_invalid=True)
    except (OSError, ValueError, PoFileError) as error:
        raise ConfigError(f"the catalogue {found} cannot be read: {error}") from error
    compiled = BytesIO()
    write_mo(compiled, catalogue)
    compiled.seek(0)
    return GNUTranslations(compiled)
