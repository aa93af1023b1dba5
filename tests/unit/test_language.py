"""Other languages than English."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path

import pytest

from digest.config import Bounces
from digest.errors import ConfigError
from digest.language import Language
from digest.model import Cadence, DeliveryKind
from digest.rendering import JinjaRenderer
from digest.resources import templates_dir
from digest.splice import Composer
from tests.support.mail import DELIVERY, LINKS, PICKS, READER, SITE, mail

GERMAN = JinjaRenderer(language="de")
SITE_DE = SITE.model_copy(update={"language": "de"})

# In words that no English sentence has.
ENGLISH = {"the", "you", "your", "papers", "mail:", "like", "get", "more", "and", "is"}


def parse(content: bytes) -> EmailMessage:
    return message_from_bytes(content, policy=policy.default)


@pytest.mark.parametrize("kind", DeliveryKind)
@pytest.mark.parametrize("cadence", Cadence)
def test_a_german_mail_has_no_english_word(kind: DeliveryKind, cadence: Cadence) -> None:
    # What papers, sources and rankers say is theirs.
    paper = replace(PICKS[0].paper, title="Titel", abstract="Worte.")
    picks = [replace(PICKS[0], paper=paper, reason="Grund")]
    site = SITE_DE.model_copy(update={"name": "Institut"})
    reader = replace(READER, cadence=cadence, name="Ada")
    message = parse(mail(kind, picks=picks, subscriber=reader, site=site, renderer=GERMAN).content)
    text = message.get_body(("plain",))
    assert text is not None
    assert not set(str(text.get_content()).lower().split()) & ENGLISH
    assert not set(message["Subject"].lower().split()) & ENGLISH
    assert message["Content-Language"] == "de"


def test_a_german_digest_is_spliced_as_it_is_rendered() -> None:
    one = Composer(site=SITE_DE, bounces=Bounces(), renderer=GERMAN, links=LINKS)
    spliced = parse(one.compose(DELIVERY, READER, PICKS).content)
    plain = parse(mail(site=SITE_DE, renderer=GERMAN).content)
    assert one.splicing
    assert (
        spliced["Subject"] == "1 Artikel zu diffusion, 1 zu robot und was in cs.CV im Gespräch ist"
    )
    for mine, theirs in zip(spliced.iter_parts(), plain.iter_parts(), strict=True):
        assert mine.get_content() == theirs.get_content()


def test_numbers_and_days_are_written_as_the_language_does() -> None:
    german = Language("de", [templates_dir()])
    assert german.number(2310) == "2.310"
    assert german.long_date(date(2026, 11, 4)) == "Mittwoch, 4. November 2026"
    assert german.listed(["a", "b", "c"]) == "a, b und c"
    english = Language("en-GB")
    assert english.plural(1200, "{n} paper", "{n} papers") == "1,200 papers"
    assert english.listed(["a", "b", "c"]) == "a, b and c"
    assert [english.listed(["a"]), english.listed([])] == ["a", ""]


def test_another_language_needs_only_a_catalogue(tmp_path: Path) -> None:
    (tmp_path / "locale").mkdir()
    (tmp_path / "locale" / "he.po").write_text(
        'msgid ""\nmsgstr "Content-Type: text/plain; charset=utf-8\\n"\n\n'
        'msgid "You are unsubscribed"\nmsgstr "הוסרת מהרשימה"\n',
        "utf-8",
    )
    site = SITE.model_copy(update={"language": "he"})
    renderer = JinjaRenderer(tmp_path, "he")
    part = parse(mail(DeliveryKind.GOODBYE, site=site, renderer=renderer).content).get_body()
    assert part is not None
    assert '<html lang="he" dir="rtl">' in part.get_content()
    assert "הוסרת מהרשימה" in part.get_content()


@pytest.mark.parametrize("code", ["xx", "klingon", "", "d e"])
def test_a_language_that_nobody_knows_is_refused(code: str) -> None:
    with pytest.raises(ConfigError, match="is no language"):
        Language(code)


def test_a_language_without_a_catalogue_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"no catalogue for 'pt'.*pt\.po"):
        Language("pt-BR", [tmp_path])


def test_a_broken_catalogue_is_named(tmp_path: Path) -> None:
    (tmp_path / "locale").mkdir()
    (tmp_path / "locale" / "de.po").write_text("msgid nothing\n")
    with pytest.raises(ConfigError, match=r"de\.po cannot be read"):
        Language("de", [tmp_path])


@pytest.mark.parametrize(
    ("code", "parts", "said"),
    [
        ("en", [], ""),
        ("en", ["a"], "a"),
        ("en", ["a", "b"], "a and b"),
        ("en", ["a", "b", "c", "d"], "a, b, c and d"),
        ("de", ["a"], "a"),
        ("de", ["a", "b"], "a und b"),
        ("de", ["a", "b", "c"], "a, b und c"),
    ],
)
def test_parts_are_listed_as_the_language_does(code: str, parts: list[str], said: str) -> None:
    language = Language(code, [templates_dir()])
    assert language.listed(parts) == said
    assert len(language.joints(len(parts))) == len(parts)
