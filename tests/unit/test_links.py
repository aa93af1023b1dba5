"""The addresses that stand in mails."""

from __future__ import annotations

from datetime import UTC, datetime
from urllib.parse import parse_qs, urlsplit

import pytest

from digest.links import Links, on
from digest.model import Opinion
from digest.testing import FakeClock
from digest.tokens import Purpose, Signer

NOON = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
CLOCK = FakeClock(NOON)
SIGNER = Signer([b"k" * 40], clock=CLOCK)


@pytest.mark.parametrize("base", ["https://example.org/papers", "https://example.org/papers/"])
def test_links_stand_below_the_base_url(base: str) -> None:
    links = Links(base, SIGNER)
    assert links.home() == "https://example.org/papers/"
    assert links.unsubscribe("abc").startswith("https://example.org/papers/unsubscribe/")


def test_each_link_holds_a_token_for_its_own_purpose() -> None:
    links = Links("https://example.org", SIGNER)
    made = {
        Purpose.CONFIRM: (links.confirm("abc"), ("abc",)),
        Purpose.PREFERENCES: (links.preferences("abc"), ("abc",)),
        Purpose.UNSUBSCRIBE: (links.unsubscribe("abc"), ("abc",)),
        Purpose.FEEDBACK: (links.feedback("abc"), ("abc",)),
        Purpose.DIGEST: (links.digest("abc", "digest:x:abc"), ("abc", "digest:x:abc")),
        Purpose.FEED: (links.feed("abc").removesuffix(".atom"), ("abc",)),
    }
    assert set(made) == set(Purpose)
    for purpose, (link, parts) in made.items():
        token = link.removeprefix(f"https://example.org/{purpose}/")
        assert SIGNER.read(purpose, token) == parts


@pytest.mark.parametrize(
    "key", ["arxiv:2611.00001", "doi:10.1101/2026.11.24", "url:https://example.org/a?b=c&d=é#f"]
)
def test_a_feedback_link_names_any_paper(key: str) -> None:
    link = Links("https://example.org", SIGNER).feedback("abc") + on(key, Opinion.LESS)
    assert link.isascii()
    assert urlsplit(link).fragment == ""
    assert parse_qs(urlsplit(link).query) == {"paper": [key], "opinion": ["less"]}


def test_the_links_of_a_dated_mail_stay_the_same() -> None:
    clock = FakeClock(NOON)
    links = Links("https://example.org", Signer([b"k" * 40], clock=clock))
    dated, undated = links.dated(NOON).confirm("abc"), links.confirm("abc")
    clock.advance(60)
    assert links.dated(NOON).confirm("abc") == dated == undated
    assert links.confirm("abc") != undated
