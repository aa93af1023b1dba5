"""A relay that does as it is told, and writes down what it takes before it says so.

    with Relay({"RCPT": {"a@example.org": ["450 4.2.0 come back later"]}}) as relay: ...

The script has, for each verb (`CONNECT`, `EHLO`, `AUTH`, `MAIL`, `RCPT`, `DATA`, `DOT`, `RSET`), a
list of actions for each recipient, or for anybody (`*`); each is done once, then everything is
usual. At MAIL the recipient is not known yet: only `*` counts. An action is

    "450 text"      this reply, or several; with one of 421 it hangs up then
    "close"         hang up instead of replying; at DOT the message was taken all the same
    "drop"          at DOT: hang up, and the message was not taken
    "cut"           at DATA: agree, and hang up in the middle of the content
    "delay 1.5"     the usual reply, so many seconds later
    "pieces 0.5"    the usual reply, byte by byte, with so many seconds (or none) between them
    "garbage"       something that is no reply

`python -m tests.support.relay LOG [PORT]` is the same as a program, without a script: it prints
its port and appends every message it takes to LOG, on the disk before the reply.
"""

from __future__ import annotations

import asyncio
import json
import os
import re
import socket
import sys
import threading
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from types import TracebackType
from typing import Self

Script = Mapping[str, Mapping[str, Sequence[str]]]

_USUAL = {
    "CONNECT": "220 relay ESMTP",
    "MAIL": "250 2.1.0 ok",
    "RCPT": "250 2.1.5 ok",
    "DATA": "354 go on",
    "DOT": "250 2.0.0 queued",
    "RSET": "250 2.0.0 ok",
    "QUIT": "221 2.0.0 bye",
    "AUTH": "235 2.7.0 welcome",
}


# What is done at DOT although the message was taken.
_TAKING = ("close", "pieces", "garbage", "delay", "2")


@dataclass(frozen=True)
class Taken:
    """A message that the relay has taken."""

    recipient: str
    message_id: str
    date: str
    content: str


class Relay:
    """A server for one test, in a thread of its own."""

    def __init__(
        self,
        script: Script | None = None,
        *,
        pipelining: bool = True,
        features: Sequence[str] = ("8BITMIME", "SMTPUTF8", "SIZE 10000000"),
        eager: bool = False,
        log: Path | None = None,
        port: int = 0,
    ) -> None:
        self._script = {
            verb: {who: list(actions) for who, actions in by_recipient.items()}
            for verb, by_recipient in (script or {}).items()
        }
        self._features = [*features, *(["PIPELINING"] if pipelining else [])]
        self._eager = eager  # says 354 although no recipient was accepted, as some relays do
        self._log = None if log is None else log.open("ab")
        self.taken: list[Taken] = []
        self.commands: list[str] = []
        self.connections = 0
        self.open_now = 0
        self.most_open = 0
        self._arrived = threading.Condition()
        self._listener = socket.create_server(("127.0.0.1", port), backlog=512)
        self.port: int = self._listener.getsockname()[1]
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self.run, name="relay", daemon=True)

    def count(self) -> Counter[str]:
        """Return how many messages each recipient has got."""
        return Counter(one.recipient for one in self.taken)

    def wait(self, count: int, *, seconds: float = 30) -> None:
        """Wait until so many messages were taken."""
        with self._arrived:
            if not self._arrived.wait_for(lambda: len(self.taken) >= count, seconds):
                raise TimeoutError(f"{len(self.taken)} of {count} messages have arrived")

    def __enter__(self) -> Self:
        """Begin to answer."""
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Hang up on everybody."""
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(timeout=10)
        self._listener.close()
        if self._log is not None:
            self._log.close()

    def run(self) -> None:
        """Answer until the loop is stopped."""
        asyncio.set_event_loop(self._loop)
        server = self._loop.run_until_complete(
            asyncio.start_server(self._serve, sock=self._listener, limit=50_000_000)
        )
        self._loop.run_forever()
        server.close()
        tasks = asyncio.all_tasks(self._loop)
        for task in tasks:
            task.cancel()
        self._loop.run_until_complete(asyncio.gather(*tasks, return_exceptions=True))
        self._loop.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        self.open_now += 1
        self.most_open = max(self.most_open, self.open_now)
        try:
            await _Talk(self, reader, writer).run()
        except (OSError, asyncio.IncompleteReadError, _HungUpError):
            pass
        finally:
            self.open_now -= 1
            writer.close()

    def action(self, verb: str, recipient: str) -> str | None:
        """Return what the script says for this moment, once."""
        for who in (recipient, "*"):
            if actions := self._script.get(verb, {}).get(who):
                return actions.pop(0)
        return None

    def take(self, recipient: str, content: bytes) -> None:
        """Keep a message; with a log, on the disk and without its content."""
        head = content.partition(b"\r\n\r\n")[0].decode("utf-8", "replace")
        taken = Taken(recipient, _field(head, "Message-ID"), _field(head, "Date"), "")
        if self._log is None:
            taken = replace(taken, content=content.decode("latin-1"))
        else:
            self._log.write(json.dumps(asdict(taken)).encode() + b"\n")
            self._log.flush()
            os.fdatasync(self._log.fileno())
        with self._arrived:
            self.taken.append(taken)
            self._arrived.notify_all()

    def greeting(self) -> str:
        """Return the answer to EHLO."""
        lines = ["relay", *self._features]
        return "".join(f"250-{line}\r\n" for line in lines[:-1]) + f"250 {lines[-1]}\r\n"

    @property
    def eager(self) -> bool:
        """Say whether DATA is agreed to although nobody was accepted."""
        return self._eager


class _HungUpError(Exception):
    """The script says to hang up."""


class _Talk:
    """One connection."""

    def __init__(
        self, relay: Relay, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        self._relay = relay
        self._reader = reader
        self._writer = writer
        self._sender = False
        self._recipients: list[str] = []

    async def run(self) -> None:
        await self._answer("CONNECT")
        while line := await self._reader.readline():
            command = line.decode("utf-8", "replace").strip()
            self._relay.commands.append(command)
            verb = command[:4].upper()
            if verb == "EHLO":
                self._writer.write(self._relay.greeting().encode())
            elif verb == "MAIL" and self._sender:
                self._writer.write(b"503 5.5.1 nested MAIL command\r\n")
            elif verb == "MAIL":
                self._sender = (await self._answer("MAIL")).startswith("2")
            elif verb == "RCPT":
                await self._recipient(command)
            elif verb == "DATA":
                await self._data()
            elif verb == "RSET":
                if (await self._answer("RSET")).startswith("2"):
                    self._reset()
            elif verb in _USUAL:
                await self._answer(verb)
                if verb == "QUIT":
                    return
            else:
                self._writer.write(b"502 5.5.1 what\r\n")
            await self._writer.drain()

    def _reset(self) -> None:
        self._sender = False
        self._recipients = []

    async def _recipient(self, command: str) -> None:
        found = re.search(r"<(.*)>", command)
        recipient = found[1] if found else ""
        if not self._sender:
            self._writer.write(b"503 5.5.1 MAIL first\r\n")
        elif (await self._answer("RCPT", recipient)).startswith("2"):
            self._recipients.append(recipient)

    async def _data(self) -> None:
        recipient = self._recipients[0] if self._recipients else ""
        if not self._recipients and not (self._relay.eager and self._sender):
            self._writer.write(b"503 5.5.1 RCPT first\r\n")
            return
        action = self._relay.action("DATA", recipient)
        if action == "cut":
            self._writer.write(b"354 go on, but not for long\r\n")
            await self._reader.readexactly(3)
            self._writer.transport.abort()
            raise _HungUpError
        if not (await self._act("DATA", action)).startswith("354"):
            self._reset()
            return
        await self._writer.drain()
        content = await self._content()
        if not self._recipients:
            self._writer.write(b"554 5.5.1 no valid recipients\r\n")
            self._reset()
            return
        action = self._relay.action("DOT", recipient)
        if action is None or action.startswith(_TAKING):
            self._relay.take(recipient, content)
        self._reset()
        await self._act("DOT", "close" if action == "drop" else action)

    async def _content(self) -> bytes:
        """Return a message without its dots."""
        lines = []
        while (line := await self._reader.readuntil(b"\r\n")) != b".\r\n":
            lines.append(line[1:] if line.startswith(b".") else line)
        return b"".join(lines)

    async def _answer(self, verb: str, recipient: str = "") -> str:
        return await self._act(verb, self._relay.action(verb, recipient))

    async def _act(self, verb: str, action: str | None) -> str:
        usual = _USUAL[verb]
        if action == "close":
            self._writer.transport.abort()
            raise _HungUpError
        if action == "garbage":
            self._writer.write(b"\x00\xffhello there\r\n")
            return ""
        if action is not None and action.startswith("pieces"):
            pause = float(action.partition(" ")[2] or 0)
            for byte in f"{usual}\r\n".encode():
                self._writer.write(bytes([byte]))
                await self._writer.drain()
                await asyncio.sleep(pause)
            return usual
        if action is not None and action.startswith("delay"):
            await asyncio.sleep(float(action.split()[1]))
            action = None
        self._writer.write(f"{action or usual}\r\n".encode())
        if any(line.startswith("421") for line in (action or usual).splitlines()):
            await self._writer.drain()
            raise _HungUpError
        return action or usual


def _field(head: str, name: str) -> str:
    found = re.search(rf"(?im)^{name}:\s*(.*(?:\r\n[ \t].*)*)", head)
    return found[1].strip() if found else ""


def read_log(path: Path) -> list[Taken]:
    """Return what a relay has written down."""
    return [Taken(**json.loads(line)) for line in path.read_text().splitlines()]


if __name__ == "__main__":
    program = Relay(log=Path(sys.argv[1]), port=int(sys.argv[2]) if len(sys.argv) > 2 else 0)
    sys.stdout.write(f"{program.port}\n")
    sys.stdout.flush()
    program.run()
