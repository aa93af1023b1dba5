"""Signed links: ours, for one purpose, for their time."""

from __future__ import annotations

import hashlib
import re
import stat
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from itsdangerous import URLSafeTimedSerializer

from digest.errors import ConfigError, InvalidInput, TokenExpired, TokenInvalid
from digest.testing import FakeClock
from digest.tokens import Purpose, Signer, load_keys

DAY = 86_400.0
NOON = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
OLD, NEW = b"o" * 40, b"n" * 40
SIGNER = Signer([NEW, OLD])


@given(st.sampled_from(list(Purpose)), st.lists(st.text(st.characters(codec="utf-8"))))
def test_a_token_gives_back_its_parts(purpose: Purpose, parts: list[str]) -> None:
    token = SIGNER.sign(purpose, *parts)
    assert SIGNER.read(purpose, token, max_age=60) == tuple(parts)
    assert token.isascii()
    assert not set(token) & set("/?#&=+ ")


def test_a_token_for_one_purpose_is_worth_nothing_for_another() -> None:
    token = SIGNER.sign(Purpose.FEEDBACK, "x")
    for purpose in set(Purpose) - {Purpose.FEEDBACK}:
        with pytest.raises(TokenInvalid):
            SIGNER.read(purpose, token)


@given(st.text())
def test_what_we_did_not_sign_is_refused(token: str) -> None:
    with pytest.raises(TokenInvalid):
        SIGNER.read(Purpose.UNSUBSCRIBE, token)


def test_a_changed_token_is_refused() -> None:
    token = SIGNER.sign(Purpose.UNSUBSCRIBE, "abc")
    for place in range(len(token) - 1):
        changed = token[:place] + ("A" if token[place] != "A" else "B") + token[place + 1 :]
        with pytest.raises(TokenInvalid):
            SIGNER.read(Purpose.UNSUBSCRIBE, changed)


def test_a_token_expires_when_whoever_reads_it_says_so() -> None:
    clock = FakeClock(NOON)
    signer = Signer([NEW], clock=clock)
    token = signer.sign(Purpose.CONFIRM, "x")
    clock.advance(7 * DAY)
    assert signer.read(Purpose.CONFIRM, token, max_age=7 * DAY) == ("x",)
    clock.advance(1)
    with pytest.raises(TokenExpired):
        signer.read(Purpose.CONFIRM, token, max_age=7 * DAY)
    clock.advance(10_000 * DAY)
    assert signer.read(Purpose.CONFIRM, token) == ("x",)


def test_the_age_of_a_token_counts_from_the_date_it_is_given() -> None:
    signer = Signer([NEW], clock=FakeClock(NOON))
    token = signer.sign(Purpose.CONFIRM, "x", at=NOON - timedelta(days=8))
    with pytest.raises(TokenExpired):
        signer.read(Purpose.CONFIRM, token, max_age=7 * DAY)


def test_a_token_says_when_it_was_made() -> None:
    signer = Signer([NEW], clock=FakeClock(NOON))
    token = signer.sign(Purpose.CONFIRM, "x", at=NOON - timedelta(days=8))
    assert signer.made_at(Purpose.CONFIRM, token) == NOON - timedelta(days=8)
    with pytest.raises(TokenInvalid):
        signer.made_at(Purpose.FEEDBACK, token)


def test_a_token_made_by_a_clock_that_runs_ahead_is_not_too_old() -> None:
    signer = Signer([NEW], clock=FakeClock(NOON))
    token = signer.sign(Purpose.CONFIRM, "x", at=NOON + timedelta(minutes=2))
    assert signer.read(Purpose.CONFIRM, token, max_age=60) == ("x",)


def test_tokens_are_short() -> None:
    token = SIGNER.sign(Purpose.FEEDBACK, "0123456789abcdef", "arxiv:2611.00001", "more")
    assert len(token) < 120


@pytest.mark.parametrize("purpose", list(Purpose))
def test_the_same_token_is_made_every_time(purpose: Purpose) -> None:
    assert SIGNER.sign(purpose, "x", at=NOON) == Signer([NEW, OLD]).sign(purpose, "x", at=NOON)


def test_a_token_is_what_itsdangerous_makes() -> None:
    theirs = URLSafeTimedSerializer(
        [OLD, NEW],
        salt="digest.unsubscribe",
        signer_kwargs={"key_derivation": "hmac", "digest_method": hashlib.sha256},
    )
    token = theirs.dumps(['a"é/', "b"])
    _, made_at = theirs.loads(token, return_timestamp=True)
    assert SIGNER.sign(Purpose.UNSUBSCRIBE, 'a"é/', "b", at=made_at) == token


def test_a_new_key_keeps_old_links_and_old_hashes() -> None:
    old = Signer([OLD])
    assert SIGNER.read(Purpose.UNSUBSCRIBE, old.sign(Purpose.UNSUBSCRIBE, "x")) == ("x",)
    assert SIGNER.hash_email("a@example.org") == old.hash_email("a@example.org")
    with pytest.raises(TokenInvalid):
        old.read(Purpose.UNSUBSCRIBE, SIGNER.sign(Purpose.UNSUBSCRIBE, "x"))


def test_an_address_has_one_hash_however_it_is_written() -> None:
    hashed = SIGNER.hash_email(" Ada@Bücher.Example ")
    assert hashed == SIGNER.hash_email("ada@xn--bcher-kva.example")
    assert hashed != Signer([NEW]).hash_email("ada@bücher.example")


def test_an_address_in_a_domain_that_cannot_exist_has_no_hash() -> None:
    with pytest.raises(InvalidInput, match="domain"):
        SIGNER.hash_email("ada@exämple..org")


def test_a_missing_secret_is_written_for_its_owner_only(tmp_path: Path) -> None:
    path = tmp_path / "secret.key"
    keys = load_keys(path)
    assert load_keys(path) == keys
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [each.name for each in tmp_path.iterdir()] == ["secret.key"]


def test_programs_that_start_at_once_get_the_same_secret(tmp_path: Path) -> None:
    with ThreadPoolExecutor(max_workers=8) as pool:
        keys = list(pool.map(load_keys, [tmp_path / "secret.key"] * 8))
    assert all(each == keys[0] for each in keys)


@pytest.mark.parametrize("content", ["", "short\n", "é" * 40])
def test_a_bad_secret_is_refused_with_what_to_do(tmp_path: Path, content: str) -> None:
    path = tmp_path / "secret.key"
    path.write_text(content)
    with pytest.raises(ConfigError, match="secret_file"):
        load_keys(path)
    with pytest.raises(ConfigError, match="secret_file"):
        load_keys(tmp_path / "missing" / "secret.key")


def test_a_short_token_names_a_number_whatever_the_case_it_comes_back_in() -> None:
    signer = Signer([b"n" * 40, b"o" * 40])
    token = signer.sign_number(7)
    assert re.fullmatch(r"7-[a-z2-7]{24}", token)
    assert signer.read_number(token.upper()) == 7
    assert signer.read_number(Signer([b"o" * 40]).sign_number(7)) == 7


@pytest.mark.parametrize("token", ["", "7", "7-", "-", "x-y", "8-{mac}", "7-{mac}x", "٧-{mac}"])
def test_a_short_token_of_somebody_else_is_refused(token: str) -> None:
    signer = Signer([b"n" * 40])
    mac = signer.sign_number(7).partition("-")[2]
    with pytest.raises(TokenInvalid):
        signer.read_number(token.format(mac=mac))
