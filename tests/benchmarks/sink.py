"""A relay that takes every message and forgets it, as far away as it is told.

    python -m tests.benchmarks.sink [--round-trip-ms 10]

It prints its port and, when its stdin ends, a JSON object: how many messages it took, how many
connections, and when the first and the last message came. Postfix's smtp-sink reads a content
byte by byte and cannot wait for less than a second; this one looks for the end only.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
import time

_END = b"\r\n.\r\n"
_REPLIES = {
    b"EHLO": b"250-sink\r\n250-PIPELINING\r\n250-8BITMIME\r\n250 SIZE 50000000\r\n",
    b"DATA": b"354 go on\r\n",
    b"QUIT": b"221 bye\r\n",
}


class Sink(asyncio.Protocol):
    """One connection; what it says leaves a round trip later."""

    def __init__(self, counts: dict[str, float], delay: float) -> None:
        self._counts = counts
        self._delay = delay
        self._tail = b""  # of the content: its end may be cut
        self._in_content = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Greet."""
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._counts["connections"] += 1
        self._say(b"220 sink ESMTP\r\n")

    def data_received(self, data: bytes) -> None:
        """Answer commands, and look for the end of contents."""
        replies = []
        data = self._tail + data
        while data:
            if self._in_content:
                end = data.find(_END)
                if end < 0:
                    data = data[-len(_END) + 1 :]
                    break
                data = data[end + len(_END) :]
                self._in_content = False
                self._taken()
                replies.append(b"250 taken\r\n")
                continue
            line, found, rest = data.partition(b"\r\n")
            if not found:
                break
            verb = line[:4].upper()
            replies.append(_REPLIES.get(verb, b"250 ok\r\n"))
            # The end is found also where the content is empty.
            self._in_content = verb == b"DATA"
            data = b"\r\n" + rest if self._in_content else rest
        self._tail = data
        if replies:
            self._say(b"".join(replies))

    def _taken(self) -> None:
        now = time.monotonic()
        self._counts["taken"] += 1
        self._counts.setdefault("first", now)
        self._counts["last"] = now

    def _say(self, text: bytes) -> None:
        if self._delay:
            asyncio.get_running_loop().call_later(self._delay, self._transport.write, text)
        else:
            self._transport.write(text)


async def serve(delay: float) -> dict[str, float]:
    """Take messages until stdin ends."""
    counts: dict[str, float] = {"taken": 0, "connections": 0}
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: Sink(counts, delay), "127.0.0.1", backlog=512)
    sys.stdout.write(f"{server.sockets[0].getsockname()[1]}\n")
    sys.stdout.flush()
    await loop.run_in_executor(None, sys.stdin.read)
    server.close()
    return counts


def main() -> None:
    """Serve, and print what was taken."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--round-trip-ms", type=float, default=0.0)
    counts = asyncio.run(serve(parser.parse_args().round_trip_ms / 1000))
    sys.stdout.write(json.dumps(counts) + "\n")


if __name__ == "__main__":
    main()
