"""A real SMTP server on a socket that misbehaves as it is told to.

    with FaultyServer({"RCPT": [b"450 later\r\n"]}) as server: ...

Each verb (and `CONNECT`, and `DOT` for the end of a message) has a list of replies that are given
one after the other, in pieces, then the usual one. `CLOSE` hangs up instead of replying; at `DOT`
the message was taken all the same. `CUT` at `DATA` hangs up in the middle of the message; `EARLY`
says soon that it is too large, reads none of it, and hangs up. `ENDLESS` is said again and again,
for five seconds, before it hangs up.
"""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Mapping, Sequence
from types import TracebackType
from typing import BinaryIO, Self

CLOSE = b""
CUT = b"354 go on, but not for long\r\n"
EARLY = b"354 go on, for now\r\n"
ENDLESS = b"220-and so on\r\n"

_USUAL = {
    "CONNECT": b"220 faulty ESMTP\r\n",
    "EHLO": b"250-faulty\r\n250 SIZE 100000000\r\n",
    "MAIL": b"250 2.1.0 ok\r\n",
    "RCPT": b"250 2.1.5 ok\r\n",
    "DATA": b"354 go on\r\n",
    "DOT": b"250 2.0.0 queued\r\n",
    "RSET": b"250 2.0.0 ok\r\n",
    "QUIT": b"221 bye\r\n",
}


class FaultyServer:
    """A server for one test; `commands` holds every line it heard, `messages` what it took."""

    def __init__(self, script: Mapping[str, Sequence[bytes]] | None = None) -> None:
        self._script = {verb: list(replies) for verb, replies in (script or {}).items()}
        self.commands: list[str] = []
        self.messages: list[bytes] = []
        self.connections = 0
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]

    def __enter__(self) -> Self:
        """Begin to answer."""
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Stop listening."""
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            self.connections += 1
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        with connection, connection.makefile("rb") as lines:
            try:
                self._talk(connection, lines)
            except OSError:
                return

    def _talk(self, connection: socket.socket, lines: BinaryIO) -> None:
        verb = "CONNECT"
        while (reply := self._answer(connection, verb)) != CLOSE and verb != "QUIT":
            if verb == "DATA" and reply.startswith(b"354"):
                if reply == EARLY:
                    time.sleep(0.3)
                    connection.sendall(b"552 5.3.4 too large\r\n")
                    return
                content = self._read(lines, cut=reply == CUT)
                if content is None:
                    return
                if self._takes():
                    self.messages.append(content)
                verb = "DOT"
                continue
            line = lines.readline()
            if not line:
                return
            self.commands.append(line.decode("ascii", "replace").strip())
            verb = line[:4].decode("ascii", "replace").upper()

    def _read(self, lines: BinaryIO, *, cut: bool) -> bytes | None:
        """Return a message as it came, `None` where it has no end."""
        content = b""
        for line in lines:
            if line == b".\r\n":
                return content
            if cut:
                return None
            content += line
        return None

    def _takes(self) -> bool:
        waiting = self._script.get("DOT")
        return not waiting or waiting[0] == CLOSE or waiting[0].startswith(b"250")

    def _answer(self, connection: socket.socket, verb: str) -> bytes:
        waiting = self._script.get(verb)
        reply = waiting.pop(0) if waiting else _USUAL.get(verb, b"502 what\r\n")
        if reply == ENDLESS:
            for _ in range(100):
                connection.sendall(reply)
                time.sleep(0.05)
            return CLOSE
        connection.sendall(reply[:7])
        connection.sendall(reply[7:])
        return reply
