"""One SMTP connection that is worked ahead, on a socket that never blocks.

Where the relay offers PIPELINING, the next envelope travels with a message's content: one round
trip for each message, and still at most one of them in doubt (RFC 2920 section 3.1 lets DATA be
the last and content the first thing of what is sent together).
"""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections import deque
from contextlib import suppress

from digest.errors import (
    OutcomeUnknown,
    PermanentFailure,
    TransportUnavailable,
)
from digest.model import Message, Receipt
from digest.transports.conversation import (
    CLOSING,
    OUT_OF_STEP,
    Offers,
    Replies,
    Reply,
    agreed,
    refusal,
    stuffed,
)

_VERBS = ("MAIL", "RCPT", "DATA")
_LATER = (BlockingIOError, InterruptedError, ssl.SSLWantReadError, ssl.SSLWantWriteError)
_CHUNK = 65_536


class SmtpChannel:
    """A connection that is ready for mail; see `digest.ports.Channel`.

    `patience` is how many seconds the relay may take for one reply.
    """

    def __init__(
        self, connection: socket.socket, offers: Offers, *, where: str, patience: float
    ) -> None:
        self._socket = connection
        self._offers = offers
        self._where = where
        self._patience = patience
        self._loop = asyncio.get_running_loop()
        self._parser = Replies()
        self._replies: deque[Reply] = deque()
        self._unsent = memoryview(b"")
        self._lost: str | None = None
        self._waiter: asyncio.Future[None] | None = None
        self._deadline = 0.0
        self._announced: Message | None = None
        self._needs_reset = False
        self._in_content = False  # the relay takes what comes for a message's content
        connection.settimeout(0)
        self._loop.add_reader(connection.fileno(), self._read)
        self._watch = self._loop.call_later(patience, self._check_time)

    # --- the port ---------------------------------------------------------------------------

    async def prepare(self, message: Message) -> None:
        """Say the envelope, unless it was said already, until the relay wants the content."""
        if self._announced is message:
            self._announced = None
            replies = await self._answers()
        else:
            self._expect_silence()
            replies = await self._say(self._offers.envelope(message))
        for verb, reply in zip(_VERBS, replies, strict=False):
            if agreed(verb, reply):
                continue
            if reply.code < 400:
                self._give_up("talking nonsense")
                raise self._unavailable(f" at {verb}")
            if reply.code == OUT_OF_STEP and verb != "DATA":
                raise self._out_of_step(verb, reply)
            self._needs_reset = True
            if len(replies) == len(_VERBS) and agreed("DATA", replies[-1]):
                # DATA was on its way when the recipient was refused: RFC 2920 section 3.1.
                self._write(b".\r\n")
                with suppress(TransportUnavailable):
                    await self._reply("DATA")
                self._in_content = False
            raise refusal(reply, f"at {verb}")
        self._in_content = True
        self._expect_silence()

    async def send(self, message: Message, following: Message | None) -> Receipt:
        """Hand over the content of the message that was prepared."""
        self._expect_silence()
        ahead = b""
        if following is not None and self._offers.pipelining:
            with suppress(PermanentFailure):  # told when it is its turn
                ahead = b"".join(self._offers.envelope(following))
                self._announced = following
        self._write(stuffed(message, then=ahead))
        try:
            reply = await self._reply("the final dot")
        except TransportUnavailable as error:
            if len(self._unsent) > len(ahead):
                raise
            raise OutcomeUnknown(
                f"the connection to {self._where} was lost after the final dot ({self._lost}): "
                "the message may have arrived"
            ) from error
        early = len(self._unsent) > len(ahead)
        if early:
            self._give_up("the relay spoke before the message was complete")
        self._in_content = False
        if reply.code == CLOSING:
            self._give_up(f"closed by the relay ({reply})")
        if agreed("the final dot", reply) and not early:
            return Receipt(str(reply))
        if 400 <= reply.code < 600:
            raise refusal(reply, f"{'in the middle of' if early else 'after'} the message")
        if early:
            raise self._unavailable()
        self._give_up("its reply makes no sense")
        raise OutcomeUnknown(
            f"the relay {self._where} gave a reply to the final dot that makes no sense: "
            "the message may have arrived",
            reply=str(reply),
        )

    def close(self) -> None:
        """Say goodbye, unless the relay would take it for content; nobody minds the answer."""
        if self._lost is None:
            if not (self._in_content or self._announced):
                self._write(b"QUIT\r\n")
            self._lose("closed")

    @property
    def is_open(self) -> bool:
        """Say whether the connection is of further use."""
        return self._lost is None

    # --- words ------------------------------------------------------------------------------

    async def _say(self, commands: list[bytes]) -> list[Reply]:
        """Say the commands of an envelope; without PIPELINING up to the first that is refused."""
        reset = [b"RSET\r\n"] if self._needs_reset else []
        self._needs_reset = False
        if self._offers.pipelining:
            self._write(b"".join(reset + commands))
            if reset:
                await self._agree_to_reset()
            return await self._answers()
        if reset:
            self._write(reset[0])
            await self._agree_to_reset()
        replies: list[Reply] = []
        for verb, command in zip(_VERBS, commands, strict=True):
            self._write(command)
            replies.append(await self._reply(verb))
            if not agreed(verb, replies[-1]):
                break
        return replies

    async def _agree_to_reset(self) -> None:
        """Hear that an envelope is forgotten; what follows would be added to it otherwise."""
        if not agreed("RSET", reply := await self._reply("RSET")):
            raise self._out_of_step("RSET", reply)

    async def _answers(self) -> list[Reply]:
        """Return the replies to an envelope that was said in one go.

        A relay that has refused it may hang up: its word counts. Raise `TransportUnavailable`
        where it had refused nothing.
        """
        replies: list[Reply] = []
        for verb in _VERBS:
            try:
                replies.append(await self._reply(verb))
            except TransportUnavailable:
                if all(map(agreed, _VERBS, replies)):
                    raise
                break
        return replies

    def _expect_silence(self) -> None:
        """Raise `TransportUnavailable` where the relay has hung up, or spoken out of turn.

        What it said would be taken for its answer to what is said next. Where a content is due, a
        refusal is of that.
        """
        if self._replies:
            reply = self._replies[0]
            self._give_up(f"it spoke out of turn ({reply})")
            if self._in_content and 400 <= reply.code < 600 and reply.code != CLOSING:
                raise refusal(reply, "before the message")
        if self._lost is not None:
            raise self._unavailable()

    async def _reply(self, to: str) -> Reply:
        """Return the next reply; raise `TransportUnavailable` where none comes."""
        # A reply that comes in pieces has no more time than another.
        self._deadline = self._loop.time() + self._patience
        while not self._replies:
            if self._lost is not None:
                raise self._unavailable(f" at {to}")
            self._waiter = self._loop.create_future()
            try:
                await self._waiter
            finally:
                self._waiter = None
        reply = self._replies.popleft()
        if to != "the final dot" and not (200 <= reply.code < 600 and reply.code != CLOSING):
            self._give_up(f"closed by the relay ({reply})" if reply.code else "talking nonsense")
            raise self._unavailable(f" at {to}")
        return reply

    def _out_of_step(self, verb: str, reply: Reply) -> TransportUnavailable:
        """Give up a connection whose replies are about what was said before, not about this."""
        self._give_up(f"out of step: {reply}")
        return self._unavailable(f" at {verb}")

    def _unavailable(self, when: str = "") -> TransportUnavailable:
        return TransportUnavailable(
            f"the connection to {self._where} was lost{when} ({self._lost}); "
            "the message was not sent"
        )

    # --- the socket -------------------------------------------------------------------------

    def _write(self, data: bytes) -> None:
        if self._lost is not None:
            return
        if self._unsent:
            self._unsent = memoryview(bytes(self._unsent) + data)
            return
        self._unsent = memoryview(data)
        self._flush()
        if self._unsent and self._lost is None:
            self._loop.add_writer(self._socket.fileno(), self._flush_later)

    def _flush(self) -> None:
        try:
            while self._unsent:
                self._unsent = self._unsent[self._socket.send(self._unsent) :]
        except _LATER:
            return
        except OSError as error:
            if self._in_content:
                self._read()  # a relay that hangs up in the middle may have said why
            self._lose(error.strerror or type(error).__name__)

    def _flush_later(self) -> None:
        self._deadline = self._loop.time() + self._patience
        self._flush()
        if not self._unsent and self._lost is None:
            self._loop.remove_writer(self._socket.fileno())

    def _read(self) -> None:
        try:
            while data := self._socket.recv(_CHUNK):
                self._replies.extend(self._parser.feed(data))
                if len(data) < _CHUNK and not isinstance(self._socket, ssl.SSLSocket):
                    break
            else:
                self._lose("closed by the relay")
        except _LATER:
            pass
        except OSError as error:
            self._lose(error.strerror or type(error).__name__)
        self._wake()

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    def _check_time(self) -> None:
        """Give up a relay that says nothing; one timer serves all waits."""
        if self._lost is not None:
            return
        left = self._deadline - self._loop.time() if self._waiter else self._patience
        if left <= 0:
            self._lose("timed out")
            return
        self._watch = self._loop.call_later(left, self._check_time)

    def _give_up(self, why: str) -> None:
        """End the connection, and hear no more of what the relay has to say."""
        self._replies.clear()
        self._lose(why)

    def _lose(self, why: str) -> None:
        """End the connection; the replies that have come stay."""
        if self._lost is not None:
            return
        self._lost = why
        self._watch.cancel()
        self._loop.remove_reader(self._socket.fileno())
        self._loop.remove_writer(self._socket.fileno())
        with suppress(OSError):
            self._socket.close()
        self._wake()
