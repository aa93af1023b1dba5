"""What every transport promises."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from digest import transports
from digest.config import Smtp
from digest.errors import ConfigError, TransportUnavailable
from digest.model import Message
from digest.testing import Inbox

CONTENT = b"Message-ID: <a@example.org>\r\nSubject: x\r\n\r\n.dot\r\nend\r\n"


@pytest.fixture
def inbox() -> Iterator[Inbox]:
    with Inbox() as inbox:
        yield inbox


Look = Callable[[], list[bytes]]


@pytest.fixture(params=list(transports.TRANSPORTS))
def target(request: pytest.FixtureRequest, inbox: Inbox, tmp_path: Path) -> tuple[Smtp, Look]:
    """Return the settings of one transport, and how to see what it was given."""
    folder = tmp_path / "maildir"
    settings = Smtp(
        transport=request.param,
        host="127.0.0.1",
        port=inbox.port,
        security="none",
        maildir=folder,
    )
    looks: dict[str, Look] = {
        "smtp": lambda: [each.content for each in inbox.messages],
        "maildir": lambda: [path.read_bytes() for path in (folder / "new").iterdir()],
    }
    return settings, looks[request.param]


def test_a_message_arrives_as_it_was(target: tuple[Smtp, Look]) -> None:
    settings, look = target
    with transports.build(settings).open() as session:
        receipt = session.send(Message("p@example.org", "r@example.org", CONTENT))
    assert receipt.reply
    (found,) = look()
    assert found.endswith(CONTENT)


def test_one_session_takes_many_messages(target: tuple[Smtp, Look]) -> None:
    settings, look = target
    with transports.build(settings).open() as session:
        for number in range(20):
            session.send(Message("p@example.org", f"r{number}@example.org", CONTENT))
    assert len(look()) == 20


def test_building_one_opens_nothing() -> None:
    transports.build(Smtp(host="127.0.0.1", port=1))


def test_an_unknown_name_is_refused_with_the_known_ones() -> None:
    with pytest.raises(ConfigError, match="known are smtp, maildir"):
        transports.build(Smtp(transport="pigeon"))


def test_a_maildir_keeps_one_copy_of_one_message(tmp_path: Path) -> None:
    settings = Smtp(transport="maildir", maildir=tmp_path / "m")
    for _ in range(2):
        with transports.build(settings).open() as session:
            session.send(Message("p@example.org", "r@example.org", CONTENT))
    assert len(list((tmp_path / "m" / "new").iterdir())) == 1
    assert not list((tmp_path / "m" / "tmp").iterdir())


def test_a_maildir_that_cannot_be_written_is_unavailable(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    settings = Smtp(transport="maildir", maildir=tmp_path / "file" / "m")
    with pytest.raises(TransportUnavailable, match="cannot be written"):
        transports.build(settings).open().__enter__()


def test_a_maildir_that_is_taken_away_is_unavailable(tmp_path: Path) -> None:
    folder = tmp_path / "m"
    with transports.build(Smtp(transport="maildir", maildir=folder)).open() as session:
        (folder / "tmp").rmdir()
        (folder / "tmp").write_text("in the way")
        with pytest.raises(TransportUnavailable, match="cannot be written"):
            session.send(Message("p@example.org", "r@example.org", CONTENT))
