"""What the relay does, said truly: taken, deferred, refused, not sent, or in doubt."""

from __future__ import annotations

import asyncio
import socket
import ssl
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
import trustme

from digest.config import Smtp
from digest.errors import (
    ConfigError,
    OutcomeUnknown,
    PermanentFailure,
    TemporaryFailure,
    TransportError,
    TransportRefused,
    TransportUnavailable,
)
from digest.model import Message
from digest.testing import Inbox
from digest.transports.smtp import SmtpTransport
from tests.support.relay import Relay
from tests.support.smtpd import CLOSE, CUT, EARLY, ENDLESS, FaultyServer


def message(to: str = "robotics@example.org", body: bytes = b"Hello.\r\n") -> Message:
    return Message("papers@example.org", to, b"Subject: x\r\n\r\n" + body)


def transport(port: int, **options: Any) -> SmtpTransport:
    return SmtpTransport(
        Smtp.model_validate(
            {"host": "127.0.0.1", "port": port, "security": "none", "timeout": 5, **options}
        )
    )


def send_twice(script: Mapping[str, Sequence[bytes]]) -> tuple[list[object], FaultyServer]:
    """Send two messages over one session and return what came of each."""
    found: list[object] = []
    with FaultyServer(script) as server, transport(server.port).open() as session:
        for to in ("a@example.org", "b@example.org"):
            try:
                found.append(session.send(message(to)))
            except TransportError as error:
                found.append(type(error))
                if type(error) in (OutcomeUnknown, TransportUnavailable):
                    break
    return found, server


@pytest.mark.parametrize(
    ("script", "first", "goes_on"),
    [
        ({"MAIL": [b"451 4.3.0 later\r\n"]}, TemporaryFailure, True),
        ({"RCPT": [b"450 4.2.0 greylisted\r\n"]}, TemporaryFailure, True),
        ({"DATA": [b"452 4.3.1 full\r\n"]}, TemporaryFailure, True),
        ({"DOT": [b"451 4.3.0 later\r\n"]}, TemporaryFailure, True),
        ({"MAIL": [b"550 5.7.1 no\r\n"]}, PermanentFailure, True),
        ({"RCPT": [b"550 5.1.1 unknown\r\n"]}, PermanentFailure, True),
        ({"DATA": [b"554 5.6.0 no\r\n"]}, PermanentFailure, True),
        ({"DOT": [b"554-5.7.1 not\r\n554 5.7.1 wanted\r\n"]}, PermanentFailure, True),
        ({"DOT": [b"421 4.3.2 going down\r\n"]}, TemporaryFailure, True),
        ({"MAIL": [b"421 4.3.2 going down\r\n"]}, TransportUnavailable, False),
        ({"RCPT": [b"421 4.3.2 going down\r\n"]}, TransportUnavailable, False),
        ({"MAIL": [CLOSE]}, TransportUnavailable, False),
        ({"RCPT": [CLOSE]}, TransportUnavailable, False),
        ({"DATA": [CLOSE]}, TransportUnavailable, False),
        ({"RCPT": [b"what is this?\r\n"]}, TransportUnavailable, False),
        ({"DATA": [b"250 not yet\r\n"]}, TransportUnavailable, False),
        ({"MAIL": [b"503 5.5.1 nested MAIL\r\n"]}, TransportUnavailable, False),
        ({"RCPT": [b"503 5.5.1 MAIL first\r\n"]}, TransportUnavailable, False),
        ({"DOT": [CLOSE]}, OutcomeUnknown, False),
        ({"DOT": [b"what is this?\r\n"]}, OutcomeUnknown, False),
    ],
    ids=str,
)
def test_every_fault_is_named(
    script: Mapping[str, Sequence[bytes]], first: type[TransportError], goes_on: bool
) -> None:
    found, server = send_twice(script)
    assert found[0] is first
    assert len(found) == (2 if goes_on else 1)
    if goes_on:
        assert "250" in str(found[1])
        assert len(server.messages) == 1


@pytest.mark.parametrize(
    ("verb", "reply", "about_us"),
    [
        ("MAIL", "553 5.1.8 <papers@example.org>: Sender address rejected", True),
        ("MAIL", "550 you are blocked", True),
        ("MAIL", "554 5.7.1 no", True),
        ("MAIL", "501 5.1.8 sender domain must exist", True),
        ("MAIL", "553 5.5.4 domain name required for sender address", True),
        ("MAIL", "552 5.3.4 too large", False),
        ("MAIL", "552 too large", False),
        ("MAIL", "523 too large", False),
        ("MAIL", "554 5.3.4 too large", False),
        ("MAIL", "555 5.5.4 what is BODY?", False),
        ("MAIL", "501 5.5.4 syntax", False),
        ("MAIL", "550 5.6.7 no SMTPUTF8", False),
        ("RCPT", "550 5.1.1 unknown", False),
        ("RCPT", "553 unknown", False),
        ("RCPT", "550 5.7.26 unsigned", True),
        ("RCPT", "550 5.1.8 <papers@example.org>: Sender address rejected", True),
        ("DATA", "554 5.6.0 no", False),
        ("DOT", "554-5.7.1 not\r\n554 5.7.1 wanted", True),
        ("DOT", "554 Message rejected: Sending suspended for this account", True),
        ("DOT", "550 5.4.5 Daily user sending limit exceeded", True),
        ("DOT", "550 5.1.1 nobody of that name", False),
        ("DOT", "552 5.2.2 mailbox full", False),
        ("RCPT", "550 version 5.7.1 of it", False),
    ],
)
def test_a_refusal_that_names_no_reader_is_about_us(
    verb: str, reply: str, *, about_us: bool
) -> None:
    script = {verb: [f"{reply}\r\n".encode()]}
    with FaultyServer(script) as server, transport(server.port).open() as session:
        with pytest.raises(PermanentFailure) as caught:
            session.send(message())
        assert caught.value.about_us is about_us


@pytest.mark.parametrize(
    ("verb", "reply", "about_us"),
    [
        ("MAIL", "452 4.3.1 no room", True),
        ("MAIL", "451 later", True),
        ("RCPT", "452 4.3.1 no room", True),
        ("DOT", "451 4.3.0 queue file write error", True),
        ("RCPT", "450 4.7.1 greylisted", False),
        ("RCPT", "452 4.2.2 mailbox full", False),
        ("DOT", "451 later", True),
        ("DOT", "454 Throttling failure: Maximum sending rate exceeded", True),
        ("DOT", "451 4.7.0 Temporary server error", True),
        ("DOT", "451 4.7.1 try again later", False),
        ("DOT", "451 Greylisted, come back in 300 seconds", False),
        ("DOT", "452 4.2.2 mailbox full", False),
    ],
)
def test_a_relay_without_room_is_told_from_a_mailbox_without(
    verb: str, reply: str, *, about_us: bool
) -> None:
    script = {verb: [f"{reply}\r\n".encode()]}
    with FaultyServer(script) as server, transport(server.port).open() as session:
        with pytest.raises(TemporaryFailure) as caught:
            session.send(message())
        assert caught.value.about_us is about_us


def test_a_connection_cut_in_the_middle_of_a_message_sent_nothing() -> None:
    body = b"x" * 70 + b"\r\n"
    with FaultyServer({"DATA": [CUT]}) as server, transport(server.port).open() as session:
        with pytest.raises((TransportUnavailable, OutcomeUnknown)) as caught:
            session.send(message(body=body * 400_000))
        assert caught.type is TransportUnavailable
    assert server.messages == []


@pytest.mark.parametrize(
    ("reply", "error"),
    [
        (b"552 5.3.4 too large\r\n", PermanentFailure),
        (b"452 4.3.1 full\r\n", TemporaryFailure),
        (b"421 4.3.2 going down\r\n", TransportUnavailable),
        (b"250 2.0.0 queued\r\n", TransportUnavailable),
    ],
)
def test_a_refusal_before_the_content_is_heard(reply: bytes, error: type[TransportError]) -> None:
    found, server = send_twice({"DATA": [b"354 go on\r\n" + reply]})
    assert found[0] is error
    if error is not TransportUnavailable:
        assert (server.connections, len(server.messages)) == (2, 1)


@pytest.mark.parametrize("late", [False, True])
def test_a_refusal_in_the_middle_of_the_content_is_heard(*, late: bool) -> None:
    """The relay hangs up then, and what comes after is lost: before we write, or while we do."""
    large = message(body=(b"x" * 70 + b"\r\n") * 400_000)

    async def send(port: int) -> None:
        channel = await transport(port).channel()
        await channel.prepare(large)
        if late:
            time.sleep(1)  # nothing is read meanwhile
        await channel.send(large, message())

    with FaultyServer({"DATA": [EARLY]}) as server:
        with pytest.raises(PermanentFailure, match=r"in the middle of the message: 552 5\.3\.4"):
            asyncio.run(send(server.port))
        assert server.messages == []


def test_one_connection_serves_many_messages() -> None:
    with FaultyServer() as server, transport(server.port).open() as session:
        for number in range(5):
            session.send(message(f"reader{number}@example.org"))
    assert (server.connections, len(server.messages)) == (1, 5)
    assert server.commands[-1].upper() == "QUIT"


@pytest.mark.parametrize("second", [CLOSE, b"421 4.7.0 too many messages\r\n"])
def test_a_relay_that_hangs_up_between_messages_is_called_again(second: bytes) -> None:
    good = b"250 ok\r\n"
    with FaultyServer({"MAIL": [good, second]}) as server, transport(server.port).open() as session:
        session.send(message("a@example.org"))
        session.send(message("b@example.org"))
    assert (server.connections, len(server.messages)) == (2, 2)


def test_the_reply_is_kept_and_readable() -> None:
    script = {"DOT": [b"250-2.0.0 \x1b[31mqueued\r\n250 as 7\r\n"]}
    with FaultyServer(script) as server, transport(server.port).open() as session:
        assert session.send(message()).reply == "250 2.0.0 [31mqueued as 7"


def test_dots_arrive_as_they_were_and_the_size_is_announced() -> None:
    body = b".\r\n..\r\n.hidden\r\nend\r\n"
    with Inbox() as inbox, transport(inbox.port).open() as session:
        session.send(message(body=body))
        assert inbox.messages[0].content == message(body=body).content
    with FaultyServer() as server, transport(server.port).open() as session:
        session.send(message())
    assert f"SIZE={len(message().content)}" in server.commands[1]


@pytest.mark.parametrize("to", ["a@b>\r\nRCPT TO:<x@example.org", "ä@example.org", "a\x00@b"])
def test_an_address_cannot_say_commands(to: str) -> None:
    with FaultyServer() as server, transport(server.port).open() as session:
        with pytest.raises(PermanentFailure):
            session.send(message(to))
        session.send(message())
    assert len(server.messages) == 1
    assert sum(line.upper().startswith("RCPT") for line in server.commands) == 1


def test_a_relay_that_is_down_is_one_sentence() -> None:
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        port = nobody.getsockname()[1]
        with (
            pytest.raises(TransportUnavailable, match=f":{port} cannot be reached"),
            transport(port).open(),
        ):
            pass


@pytest.mark.slow
def test_a_relay_may_take_longer_to_greet_than_to_take_a_connection() -> None:
    with Relay({"CONNECT": {"*": ["delay 32"]}}) as relay:
        with transport(relay.port, timeout=600).open() as session:
            session.send(message())
        assert len(relay.taken) == 1


@pytest.mark.parametrize("greeting", [b"554 go away\r\n", CLOSE, b"hello?\r\n"])
def test_a_relay_that_does_not_greet_is_unavailable(greeting: bytes) -> None:
    with (
        FaultyServer({"CONNECT": [greeting]}) as server,
        pytest.raises(TransportUnavailable),
        transport(server.port).open(),
    ):
        pass


@pytest.mark.parametrize("verb", ["CONNECT", "EHLO", "STAR", "AUTH"])
def test_a_greeting_without_end_has_one(verb: str) -> None:
    offers = b"250-relay\r\n250-STARTTLS\r\n250 AUTH PLAIN\r\n"
    security = "starttls" if verb == "STAR" else "none"
    login = {"username": "papers", "password": "secret"} if verb == "AUTH" else {}
    with (
        FaultyServer({"EHLO": [offers], verb: [ENDLESS]}) as server,
        pytest.raises(TransportUnavailable, match="timed out"),
        transport(server.port, timeout=0.5, security=security, **login).open(),
    ):
        pass


# --- safety -------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture
def ca_file(authority: trustme.CA, tmp_path: Path) -> Path:
    path = tmp_path / "ca.pem"
    authority.cert_pem.write_to_path(str(path))
    return path


@pytest.fixture
def certificate(authority: trustme.CA) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    return context


@pytest.mark.parametrize("security", ["starttls", "tls"])
def test_mail_goes_over_tls_with_a_login(
    certificate: ssl.SSLContext, ca_file: Path, tmp_path: Path, security: str
) -> None:
    secret = tmp_path / "password"
    secret.write_text("open sesame\n")
    option = {"starttls": certificate} if security == "starttls" else {"tls": certificate}
    with Inbox(login=("papers", "open sesame"), **option) as inbox:
        safe = transport(
            inbox.port,
            security=security,
            ca_file=ca_file,
            username="papers",
            password_file=secret,
        )
        with safe.open() as session:
            session.send(message())
        assert len(inbox.messages) == 1


@pytest.mark.parametrize("security", ["starttls", "tls"])
def test_a_certificate_that_nobody_vouches_for_is_refused(
    certificate: ssl.SSLContext, security: str
) -> None:
    option = {"starttls": certificate} if security == "starttls" else {"tls": certificate}
    with (
        Inbox(**option) as inbox,
        pytest.raises(TransportRefused, match="ca_file"),
        transport(inbox.port, security=security).open(),
    ):
        pass


def test_nothing_is_sent_in_the_clear_where_tls_was_asked_for() -> None:
    with FaultyServer() as server:
        with (
            pytest.raises(TransportRefused, match="does not offer STARTTLS"),
            transport(server.port, security="starttls").open(),
        ):
            pass
        assert not any(line.upper().startswith("MAIL") for line in server.commands)


def test_a_refused_login_names_the_user_and_hides_the_password() -> None:
    with (
        Inbox(login=("papers", "right")) as inbox,
        pytest.raises(TransportRefused, match="login of papers") as caught,
        transport(inbox.port, username="papers", password="wr0ng").open(),
    ):
        pass
    assert "wr0ng" not in str(caught.value)


def test_a_password_is_never_sent_in_the_clear_over_the_network() -> None:
    with pytest.raises(ConfigError, match="in the clear"):
        transport(25, host="mail.example.org", username="papers", password="secret")


def test_files_that_cannot_be_read_are_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="password_file"):
        transport(25, password_file=tmp_path / "missing")
    with pytest.raises(ConfigError, match="ca_file"):
        transport(25, security="tls", ca_file=tmp_path / "missing")


def test_a_login_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="plain ASCII") as caught:
        transport(25, username="papers", password="pässword")
    assert "pässword" not in str(caught.value)


@pytest.mark.parametrize(
    ("script", "error"),
    [
        ({"EHLO": [b"250-relay\r\n250 AUTH GSSAPI NTLM\r\n"]}, TransportRefused),
        ({"AUTH": [b"454 4.7.0 not now\r\n"] * 3}, TransportUnavailable),
        ({"AUTH": [b"421 4.7.0 too many\r\n", CLOSE]}, TransportUnavailable),
        ({"AUTH": [b"535 5.7.8 wrong\r\n"] * 3}, TransportRefused),
        ({"AUTH": [b"534 5.7.9 another way\r\n"] * 3}, TransportRefused),
        ({"AUTH": [b"334 go ahead\r\n"]}, TransportUnavailable),
        (
            {"EHLO": [b"250-relay\r\n250 AUTH CRAM-MD5\r\n"], "AUTH": [b"334 abcde\r\n"]},
            TransportUnavailable,
        ),
    ],
    ids=["unknown-ways", "454", "421", "535", "534", "no-challenge", "half-a-challenge"],
)
def test_what_goes_wrong_at_the_login_is_for_now_or_for_good(
    script: Mapping[str, Sequence[bytes]], error: type[TransportError]
) -> None:
    offers = {"EHLO": [b"250-relay\r\n250 AUTH PLAIN LOGIN\r\n"]}
    with (
        FaultyServer({**offers, **script}) as server,
        pytest.raises(error),
        transport(server.port, username="papers", password="secret").open(),
    ):
        pass
    assert not any(line.upper().startswith("MAIL") for line in server.commands)


@pytest.mark.parametrize(
    ("offered", "replies", "said"),
    [
        (b"CRAM-MD5 LOGIN PLAIN", [b"535 5.7.8 wrong\r\n"], ["PLAIN"]),
        (b"LOGIN PLAIN", [b"504 5.5.4 not this way\r\n"] * 2, ["PLAIN", "LOGIN"]),
        (b"PLAIN LOGIN", [b"534 5.7.9 password of an application wanted\r\n"], ["PLAIN"]),
    ],
)
def test_a_wrong_password_is_said_once(
    offered: bytes, replies: Sequence[bytes], said: Sequence[str]
) -> None:
    script = {"EHLO": [b"250-relay\r\n250 AUTH %b\r\n" % offered], "AUTH": replies}
    with (
        FaultyServer(script) as server,
        pytest.raises(TransportRefused),
        transport(server.port, username="papers", password="secret").open(),
    ):
        pass
    ways = [line.split()[1] for line in server.commands if line.upper().startswith("AUTH")]
    assert ways == said


@pytest.mark.parametrize(
    ("reply", "error"),
    [
        (b"454 4.7.0 TLS is not available now\r\n", TransportUnavailable),
        (b"220 go on\r\n250 injected\r\n", TransportRefused),
        (b"502 5.5.1 no\r\n", TransportRefused),
        (CLOSE, TransportUnavailable),
    ],
    ids=["454", "injected", "502", "close"],
)
def test_what_goes_wrong_at_starttls_sends_nothing(
    reply: bytes, error: type[TransportError]
) -> None:
    script = {"EHLO": [b"250-relay\r\n250 STARTTLS\r\n"], "STAR": [reply]}
    with (
        FaultyServer(script) as server,
        pytest.raises(error),
        transport(server.port, security="starttls").open(),
    ):
        pass
    assert not any(line.upper().startswith("MAIL") for line in server.commands)
