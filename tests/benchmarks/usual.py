"""The usual Python way to send a digest: Jinja2 for each reader, EmailMessage, aiosmtplib.

It claims in batches, renders the same templates, builds each message with the standard library,
signs it with dkimpy where keys are configured, hands it to a pool of kept aiosmtplib connections,
and writes a batch's results at once: what a good engineer would write in a day.
`tests/benchmarks/send.py` runs it as a program:

    python -m tests.benchmarks.usual CONFIG PORT CONNECTIONS LIMIT NOW
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from base64 import b64decode, b64encode
from datetime import datetime, timedelta
from email.message import EmailMessage
from email.policy import SMTP
from pathlib import Path

import aiosmtplib
import dkim

from digest import app as wiring
from digest.app import App
from digest.clock import ShiftedClock
from digest.compose import own_headers, standing_headers
from digest.model import Delivery, Pick, Subscriber

_BATCH = 500
_POLICY = SMTP.clone(max_line_length=998)

Job = tuple[Delivery, Subscriber | None, list[Pick]]


async def send(app: App, *, port: int, connections: int, limit: int) -> tuple[int, float]:
    """Send at most `limit` deliveries; return how many were taken, and in how many seconds."""
    pool = [
        aiosmtplib.SMTP(hostname="127.0.0.1", port=port, use_tls=False, start_tls=False)
        for _ in range(connections)
    ]
    for one in pool:
        await one.connect()
    began = time.perf_counter()
    sent = 0
    while sent < limit:
        now = app.clock.now()
        with app.store.write() as tx:
            ids = tx.outbox.reserve(
                "usual/1", now=now, lease_until=now + timedelta(hours=1), limit=_BATCH
            )
            tx.outbox.start("usual/1", ids, lease_until=now + timedelta(hours=1))
        with app.store.read() as tx:
            jobs = iter(tx.claims.of(ids, {}))
        if not ids:
            break
        replies: dict[int, str] = {}

        async def work(
            client: aiosmtplib.SMTP, jobs: object = jobs, replies: dict[int, str] = replies
        ) -> None:
            for delivery, subscriber, picks in jobs:  # type: ignore[attr-defined]
                content = _signed(app, _message(app, delivery, subscriber, picks).as_bytes())
                sender, reader = app.settings.site.from_address, subscriber.email
                _, replies[delivery.id] = await client.sendmail(sender, [reader], content)

        await asyncio.gather(*map(work, pool))
        with app.store.write() as tx:
            tx.outbox.sent("usual/1", replies, now=app.clock.now())
        sent += len(replies)
    seconds = time.perf_counter() - began
    for one in pool:
        await one.quit()
    return sent, seconds


def _message(
    app: App, delivery: Delivery, subscriber: Subscriber, picks: list[Pick]
) -> EmailMessage:
    content = app.render(delivery, subscriber, picks)
    message = EmailMessage(policy=_POLICY)
    unsubscribe = app.links.dated(delivery.date).unsubscribe(subscriber.public_id)
    site = app.settings.site
    for name, value in (
        *standing_headers(delivery, site=site),
        *own_headers(delivery, subscriber, content.subject, unsubscribe=unsubscribe),
    ):
        message[name] = value.replace("\r\n", "")
    message.set_content(content.text, cte="quoted-printable")
    message.add_alternative(content.html, subtype="html", cte="quoted-printable")
    return message


def _signed(app: App, content: bytes) -> bytes:
    smtp = app.settings.smtp
    for selector, path in zip(smtp.dkim_selector, smtp.dkim_key_file, strict=True):
        key = path.read_bytes()
        algorithm = b"rsa-sha256"
        if path.stem == "ed25519":
            # dkimpy takes the bare key.
            key, algorithm = b64encode(b64decode(key.splitlines()[1])[-32:]), b"ed25519-sha256"
        field = dkim.sign(
            content,
            selector.encode(),
            app.domain.encode(),
            key,
            canonicalize=(b"relaxed", b"simple"),
            signature_algorithm=algorithm,
        )
        content = field + content
    return content


def main() -> None:
    """Send, and print what came of it."""
    config, port, connections, limit, now = sys.argv[1:]
    app = App.build(wiring.load(Path(config)), clock=ShiftedClock(datetime.fromisoformat(now)))
    sent, seconds = asyncio.run(
        send(app, port=int(port), connections=int(connections), limit=int(limit))
    )
    app.store.close()
    sys.stdout.write(json.dumps({"sent": sent, "seconds": seconds}) + "\n")


if __name__ == "__main__":
    main()
