from __future__ import annotations

import smtplib
import threading
from datetime import UTC, datetime, timedelta

import pytest

from digest.errors import (
    OutcomeUnknown,
    PermanentFailure,
    SourceUnavailable,
    TransportUnavailable,
)
from digest.model import Candidate, Fetched, Message, Paper, Profile
from digest.ports import Clock, Ranker, Source, Transport
from digest.testing import FakeClock, FakeSource, FakeTransport, Inbox, ListRanker
from tests.support.ranking import Listed

START = datetime(2026, 11, 24, 7, 0, tzinfo=UTC)


def message(recipient: str = "robotics@example.org") -> Message:
    return Message("papers@example.org", recipient, b"Subject: x\r\n\r\nbody\r\n")


def test_fakes_fit_their_ports() -> None:
    clock: Clock = FakeClock(START)
    source: Source = FakeSource()
    ranker: Ranker = ListRanker()
    transport: Transport = FakeTransport()
    assert all((clock, source, ranker, transport))


def test_fake_clock_moves_only_when_somebody_sleeps() -> None:
    clock = FakeClock(START)
    assert clock.now() == clock.now() == START
    clock.sleep(90)
    assert clock.now() == START + timedelta(seconds=90)


def test_fake_clock_loses_no_sleep_among_threads() -> None:
    clock = FakeClock(START)
    threads = [
        threading.Thread(target=lambda: [clock.sleep(1) for _ in range(500)]) for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert clock.now() == START + timedelta(seconds=2000)


def test_fake_source_gives_its_answers_in_turn_and_repeats_the_last() -> None:
    first, last = Fetched(cursor="1"), Fetched(cursor="2")
    source = FakeSource(first, SourceUnavailable("away"), last)
    assert source.fetch(None, None) is first
    with pytest.raises(SourceUnavailable):
        source.fetch(START, "1")
    assert source.fetch(START, "1") is last
    assert source.fetch(START, "2") is last
    assert source.calls[1] == (START, "1")


def test_list_ranker_puts_the_rest_last_in_the_given_order() -> None:
    candidates = [Candidate(Paper(key=key, title=key), START) for key in "abcd"]
    scored = Listed.fit(ListRanker(["c", "a"]), candidates, (), START).score(Profile())
    assert [each.paper.key for each in scored] == ["c", "a", "b", "d"]
    assert [each.score for each in scored] == [1.0, 0.75, 0.5, 0.25]
    assert all(each.reason for each in scored)


def test_fake_transport_fails_as_scripted_then_takes_the_mail() -> None:
    transport = FakeTransport()
    transport.fail("robotics@example.org", PermanentFailure("no"))
    with transport.open() as session:
        with pytest.raises(PermanentFailure):
            session.send(message())
        assert session.send(message()).reply.startswith("250")
    assert transport.messages == [message()]
    assert transport.opened == 1


def test_fake_transport_can_take_a_message_and_lose_the_answer() -> None:
    transport = FakeTransport()
    transport.fail("robotics@example.org", OutcomeUnknown("lost"), taken=True)
    with transport.open() as session:
        with pytest.raises(OutcomeUnknown):
            session.send(message())
        with pytest.raises(RuntimeError, match="ended"):
            session.send(message())
    assert transport.messages == [message()]


def test_fake_transport_can_refuse_to_open() -> None:
    transport = FakeTransport()
    transport.fail_to_open(TransportUnavailable("away"))
    with pytest.raises(TransportUnavailable), transport.open():
        pass
    with transport.open():
        assert transport.opened == 1


def test_inbox_keeps_the_bytes_of_each_recipient() -> None:
    content = b"Subject: x\r\n\r\n.dot\r\n..two\r\nend\r\n"
    with Inbox() as inbox, smtplib.SMTP(inbox.host, inbox.port) as client:
        client.sendmail("papers@example.org", ["a@example.org", "b@example.org"], content)
        assert [each.recipient for each in inbox.messages] == ["a@example.org", "b@example.org"]
        assert {each.content for each in inbox.messages} == {content}
        assert len(inbox.to("a@example.org")) == 1


@pytest.mark.parametrize(
    "body",
    [b"bare\nfeed\r\n", b"bare\rreturn\r\n", b"x" * 999 + b"\r\n", "ä\r\n".encode()],
    ids=["LF", "CR", "long", "8-bit"],
)
def test_inbox_refuses_what_the_standards_forbid(body: bytes) -> None:
    with Inbox() as inbox, smtplib.SMTP(inbox.host, inbox.port) as client:
        client.ehlo()
        client.mail("papers@example.org")
        client.rcpt("a@example.org")
        client.putcmd("data")
        client.getreply()
        client.send(b"Subject: x\r\n\r\n" + body + b".\r\n")
        assert client.getreply()[0] >= 500
        assert inbox.messages == []


def test_inbox_takes_8_bit_content_that_was_announced() -> None:
    with Inbox() as inbox, smtplib.SMTP(inbox.host, inbox.port) as client:
        client.sendmail(
            "papers@example.org",
            ["a@example.org"],
            "Subject: x\r\n\r\nä\r\n".encode(),
            mail_options=["BODY=8BITMIME"],
        )
        assert len(inbox.messages) == 1


def test_inbox_wants_the_login_it_was_given() -> None:
    with (
        Inbox(login=("sender", "open sesame")) as inbox,
        smtplib.SMTP(inbox.host, inbox.port) as client,
    ):
        with pytest.raises(smtplib.SMTPException):
            client.sendmail("papers@example.org", ["a@example.org"], b"x\r\n")
        with pytest.raises(smtplib.SMTPAuthenticationError):
            client.login("sender", "wrong")
        client.login("sender", "open sesame")
        client.sendmail("papers@example.org", ["a@example.org"], b"Subject: x\r\n\r\nx\r\n")
        assert len(inbox.messages) == 1


def test_inbox_ends_with_connections_open() -> None:
    with Inbox() as inbox:
        client = smtplib.SMTP(inbox.host, inbox.port)
        client.ehlo()
    with pytest.raises(smtplib.SMTPServerDisconnected):
        client.noop()
    client.close()
