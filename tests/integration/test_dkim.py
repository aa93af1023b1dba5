"""Signed mail as others see it: opendkim, a relay, and the operator who sets it up."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

import digest as package
from digest import pipeline
from digest.app import App
from digest.clock import ShiftedClock
from digest.config import Settings
from digest.ingest import NamedSource
from digest.model import DeliveryKind, Fetched
from digest.testing import FakeSource
from tests.support import dkim
from tests.support.desk import CONFIG, Desk
from tests.support.dkim import KINDS, verdicts
from tests.support.mail import mail
from tests.support.relay import Relay
from tests.support.samples import paper, subscribe

# Receivers refuse a signature from the future: the clock of the machine is not ours.
THEN = datetime(2020, 1, 2, 7, 30, tzinfo=UTC)
PATH = f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin"


# --- opendkim ------------------------------------------------------------------------------


@pytest.fixture
def opendkim(tmp_path: Path) -> Callable[[bytes], str]:
    """Return what opendkim says of a message; its exit status says nothing."""
    program = shutil.which("opendkim", path=PATH)
    if program is None:
        pytest.skip("opendkim is not installed")
    known = tmp_path / "known"
    known.write_text("".join(f"{name} {record}\n" for name, record in dkim.zone().items()))
    conf = tmp_path / "opendkim.conf"
    conf.write_text(f"Mode v\nSyslog no\nTestPublicKeys {known}\n")

    def judge(content: bytes) -> str:
        done = subprocess.run(
            [program, "-x", str(conf), "-t", "-"],
            input=content,
            capture_output=True,
            timeout=60,
            check=True,
        )
        return (done.stdout + done.stderr).decode()

    return judge


@pytest.mark.parametrize("kind", list(DeliveryKind))
def test_opendkim_accepts_each_kind_of_mail(
    tmp_path: Path, opendkim: Callable[[bytes], str], kind: DeliveryKind
) -> None:
    content = mail(kind, date=THEN, keys=dkim.keys(tmp_path, "rsa")).content
    assert "verification (s=rsa, d=example.org, 2048-bit key) succeeded" in opendkim(content)


def test_opendkim_accepts_the_rsa_signature_beside_the_other(
    tmp_path: Path, opendkim: Callable[[bytes], str]
) -> None:
    content = mail(date=THEN, keys=dkim.keys(tmp_path, "rsa", "ed25519")).content
    assert "verification (s=rsa, d=example.org, 2048-bit key) succeeded" in opendkim(content)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"\r\nFrom: Trending", b"\r\nFrom: Tending"),
        (b"\r\nFrom: ", b"\r\nFrom: else@example.com\r\nFrom: "),
        (b"\r\nTo: ", b"\r\nReply-To: else@example.com\r\nTo: "),
        (b"\r\nList-Unsubscribe: <https", b"\r\nList-Unsubscribe: <http"),
        (b"=One-Click", b"=One-Clic"),
        (b"</html>", b"</htm1>"),
    ],
)
def test_opendkim_refuses_what_was_changed(
    tmp_path: Path, opendkim: Callable[[bytes], str], old: bytes, new: bytes
) -> None:
    content = mail(date=THEN, keys=dkim.keys(tmp_path, "rsa")).content
    said = opendkim(content.replace(old, new, 1))
    assert "failed" in said
    assert "succeeded" not in said


# --- on the wire ---------------------------------------------------------------------------


def test_what_a_run_sends_arrives_with_signatures_that_hold(tmp_path: Path) -> None:
    with Relay() as relay:
        smtp = dkim.settings(tmp_path, *KINDS).model_copy(
            update={"host": "127.0.0.1", "port": relay.port, "security": "none"}
        )
        settings = Settings.model_validate(
            {
                "site": {"from_address": "papers@example.org", "secret_file": tmp_path / "key"},
                "database": {"url": f"sqlite:///{tmp_path / 'digest.db'}"},
                "smtp": smtp,
            }
        )
        app = App.build(settings, clock=ShiftedClock(THEN))
        app.store.upgrade()
        for number in range(3):
            subscribe(app.store, f"reader.{number}@example.org", "study")
        source = FakeSource(Fetched(papers=(paper(title="A study.\n.of dots", abstract=".\n.a"),)))
        app = replace(app, sources=(NamedSource("journal", "fake", source),))
        assert pipeline.run(app, force=True).exit_code == 0
        app.store.close()
    assert len(relay.taken) == 3
    for taken in relay.taken:
        assert verdicts(taken.content.encode("latin-1")) == [True, True]


# --- at the operator's desk ----------------------------------------------------------------


def configured(folder: Path) -> Desk:
    """Return a desk whose configuration names a key."""
    at = Desk(folder)
    at.config.write_text(f'{CONFIG}[smtp]\ndkim_selector = "rsa"\ndkim_key_file = "rsa.pem"\n')
    return at


def test_check_tells_of_a_key_file_that_cannot_be_used(tmp_path: Path) -> None:
    at = configured(tmp_path)
    result = at.type("config", "check")
    assert result.exit_code == 78
    assert f"[smtp] dkim_key_file: {tmp_path / 'rsa.pem'} cannot be read" in result.stderr
    (tmp_path / "rsa.pem").write_text("nothing")
    assert "is not a private key in PEM" in at.type("config", "check").stderr


def test_check_warns_of_a_key_that_everybody_may_read(tmp_path: Path) -> None:
    at = configured(tmp_path)
    key = tmp_path / "rsa.pem"
    key.write_bytes(dkim.pair("rsa").pem)
    key.chmod(0o644)
    assert f"everybody may read it: run chmod o= {key}" in at.do("config", "check").stderr
    key.chmod(0o640)
    assert "chmod" not in at.do("config", "check").stderr


def test_keys_without_the_library_that_signs_say_what_to_install(tmp_path: Path) -> None:
    at = configured(tmp_path)
    (tmp_path / "rsa.pem").write_bytes(dkim.pair("rsa").pem)
    absent = tmp_path / "absent"
    absent.mkdir()
    (absent / "cryptography.py").write_text('raise ImportError("not installed")\n')
    done = subprocess.run(
        [sys.executable, "-m", "digest", "--config", str(at.config), "config", "check"],
        env={**os.environ, "PYTHONPATH": f"{absent}:{Path(package.__file__).parent.parent}"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 78
    assert "pip install 'trending-papers-digest[dkim]'" in done.stderr
    assert "Traceback" not in done.stderr
