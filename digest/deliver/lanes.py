"""One lane for each connection; all of them in one thread, each one message at a time."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager

from digest.deliver.ledger import Ledger
from digest.deliver.turns import Turn
from digest.deliver.verdict import LEASE
from digest.errors import (
    DigestError,
    OutcomeUnknown,
    TemporaryFailure,
    TransportRefused,
    TransportUnavailable,
)
from digest.model import Message, Receipt
from digest.ports import Channel, Clock, PipeliningTransport, Session, Transport

# A relay hangs up on who keeps it waiting after DATA; so an envelope is not said long ahead;
# in seconds.
_AHEAD = 10.0

# How long a lane sleeps at most before it looks whether the run has ended, in seconds.
_NAP = 0.5

# How long a lane waits before it connects anew to a relay that had no room, in seconds.
_PAUSE = 1.0

# So many messages in a row whose connection was lost, or for which the relay had no room, are its
# trouble, not theirs.
_LOST_IN_A_ROW = 3


async def work(ledger: Ledger, transport: Transport, *, connections: int, clock: Clock) -> None:
    """Send everything that is due over `connections` connections side by side."""
    with ThreadPoolExecutor(connections, thread_name_prefix="deliver") as threads:
        asyncio.get_running_loop().set_default_executor(threads)
        # A wrong password must not be tried on all connections: they begin when one has had one.
        opened = asyncio.Event()
        first = _Lane(ledger, transport, clock, opened)
        others = [_Lane(ledger, transport, clock, opened) for _ in range(connections - 1)]
        lanes = [first.run(), *(lane.join() for lane in others)]
        renewal = asyncio.create_task(_renew(ledger))
        # One lane's trouble must not cut off the others in the middle of a message.
        try:
            results = await asyncio.gather(*lanes, return_exceptions=True)
        finally:
            renewal.cancel()
    for result in results:
        if isinstance(result, BaseException):
            raise result


async def _renew(ledger: Ledger) -> None:
    while True:
        await asyncio.sleep(LEASE.total_seconds() / 3)
        ledger.renew()


class _Lane:
    """What happens on one connection, and on the next when it is lost."""

    def __init__(
        self, ledger: Ledger, transport: Transport, clock: Clock, opened: asyncio.Event
    ) -> None:
        self._ledger = ledger
        self._transport = transport
        self._clock = clock
        self._opened = opened
        self._loop = asyncio.get_running_loop()
        self._has_been_open = False
        self._lost = 0

    async def join(self) -> None:
        """Do as `run` does, once another lane has a connection or has ended without one."""
        await self._opened.wait()
        await self.run()

    async def run(self) -> None:
        """Send until nothing is left, the run ends or the relay is lost."""
        try:
            while not self._has_enough and (turn := await self._next()) is not None:
                await self._connected(turn)
        finally:
            self._opened.set()

    async def _connected(self, turn: Turn) -> None:
        """Send over one connection for as long as it holds."""
        try:
            async with _open(self._transport) as channel:
                self._has_been_open = True
                self._opened.set()
                await self._over(channel, turn)
        except TransportUnavailable as error:
            self._ledger.give_back(turn)
            self._ledger.unreachable = error
            # One that was there a moment ago may be there again; else others do the work.
            self._lost = self._lost + 1 if self._has_been_open else _LOST_IN_A_ROW
            if not self._has_enough:
                await self._sleep(_PAUSE)
        except TransportRefused as error:
            self._ledger.give_back(turn)
            self._ledger.refuse(error)

    def _settle(self, turn: Turn, outcome: Receipt | DigestError) -> None:
        self._ledger.settle(turn.claim, outcome)
        if isinstance(outcome, TransportUnavailable) or (
            isinstance(outcome, TemporaryFailure) and outcome.about_us
        ):
            self._lost += 1
            if self._has_enough:
                self._ledger.lost = outcome
        else:
            self._lost = 0

    @property
    def _has_enough(self) -> bool:
        """Say whether the relay is lost to this lane, in this run."""
        return self._lost >= _LOST_IN_A_ROW

    async def _next(self) -> Turn | None:
        """Return the next message, once its domain may have one."""
        while isinstance(found := self._ledger.take(), float):
            await self._sleep(found)
        return found

    async def _over(self, channel: Channel, turn: Turn | None) -> None:
        """Send one message after the other over a connection, until it does not hold."""
        used = False
        while turn is not None:
            await self._sleep(turn.due - self._loop.time())
            if self._ledger.has_ended:
                self._ledger.give_back(turn)
                return
            try:
                await channel.prepare(turn.message)
            except (TransportUnavailable, TransportRefused) as error:
                if used and isinstance(error, TransportUnavailable):
                    # Relays close connections that idle, or after so many messages.
                    self._ledger.give_back(turn)
                else:
                    self._settle(turn, error)
                return
            except DigestError as error:
                self._settle(turn, error)
                used = True
                turn = None if self._has_enough else await self._next()
                continue
            if not await self._ledger.start(turn.claim):
                # The relay waits for a content that must not leave: hang up.
                return
            used = True
            turn = await self._send(channel, turn)

    async def _send(self, channel: Channel, turn: Turn) -> Turn | None:
        """Send one content, and say what follows; return that where the connection holds."""
        try:
            following = self._ledger.take()
        except DigestError as error:
            unsent = TransportUnavailable(f"the run ended before the message was sent: {error}")
            self._ledger.settle(turn.claim, unsent)
            raise
        ahead: Message | None = None
        if isinstance(following, Turn) and following.due - self._loop.time() < _AHEAD:
            ahead = following.message
        outcome: Receipt | DigestError
        try:
            outcome = await channel.send(turn.message, ahead)
        except DigestError as error:
            outcome = error
        self._settle(turn, outcome)
        is_over = isinstance(outcome, TransportUnavailable | TransportRefused | OutcomeUnknown)
        if is_over or self._has_enough:
            if isinstance(following, Turn):
                self._ledger.give_back(following)
            return None
        # What had to wait may have come near meanwhile.
        return await self._next() if isinstance(following, float) else following

    async def _sleep(self, seconds: float) -> None:
        """Sleep so long at most, and no longer than the run lasts."""
        end = self._loop.time() + seconds
        while seconds > 0 and not self._ledger.has_ended:
            nap = min(seconds, _NAP)
            await self._loop.run_in_executor(None, self._clock.sleep, nap)
            seconds = min(seconds - nap, end - self._loop.time())


# --- transports that block ------------------------------------------------------------------


@asynccontextmanager
async def _open(transport: Transport) -> AsyncIterator[Channel]:
    """Connect in the way that the transport knows."""
    if isinstance(transport, PipeliningTransport):
        channel = await transport.channel()
        try:
            yield channel
        finally:
            channel.close()
        return
    loop = asyncio.get_running_loop()
    opened = transport.open()
    session = await loop.run_in_executor(None, opened.__enter__)
    try:
        yield _Blocking(session)
    finally:
        await loop.run_in_executor(None, opened.__exit__, None, None, None)


class _Blocking:
    """A session that blocks, in a thread."""

    def __init__(self, session: Session) -> None:
        self._session = session

    async def prepare(self, message: Message) -> None:
        """Do nothing: a session takes envelope and content at once."""

    async def send(self, message: Message, following: Message | None) -> Receipt:
        """Hand over one message."""
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(None, self._session.send, message)

    def close(self) -> None:
        """Do nothing: the session ends with its context."""
