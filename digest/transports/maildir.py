"""Messages into a maildir: to look at them, or for a program that takes them from there."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from email.parser import BytesHeaderParser
from pathlib import Path

from digest.config import Smtp
from digest.errors import TransportUnavailable
from digest.model import Message, Receipt


class MaildirTransport:
    """A folder with `tmp`, `new` and `cur` (https://cr.yp.to/proto/maildir.html)."""

    def __init__(self, settings: Smtp) -> None:
        self._folder = settings.maildir

    @contextmanager
    def open(self) -> Iterator[MaildirSession]:
        """Make the folder if it is missing; raise `TransportUnavailable` where that fails."""
        try:
            for name in ("tmp", "new", "cur"):
                (self._folder / name).mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise _unavailable(self._folder, error) from error
        yield MaildirSession(self._folder)


class MaildirSession:
    """Writes messages, each whole or not at all."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def send(self, message: Message) -> Receipt:
        """Write one message; the same one again replaces its first copy.

        Raise `TransportUnavailable` when the disk is full or not writable.
        """
        name = f"{_name(message)}.eml"
        written, final = self._folder / "tmp" / name, self._folder / "new" / name
        try:
            with written.open("wb") as file:
                file.write(f"Return-Path: <{message.sender}>\r\n".encode())
                file.write(f"Delivered-To: {message.recipient}\r\n".encode())
                file.write(message.content)
                file.flush()
                os.fsync(file.fileno())
            written.replace(final)
            _sync(final.parent)
        except OSError as error:
            with suppress(OSError):
                written.unlink()
            raise _unavailable(self._folder, error) from error
        return Receipt(f"250 written to {final}")


def _name(message: Message) -> str:
    """Return a file name that is the same for the same message to the same person."""
    message_id = BytesHeaderParser().parsebytes(message.content).get("Message-ID")
    known = message_id.encode() if message_id else message.content
    return hashlib.sha256(known + b"\0" + message.recipient.encode()).hexdigest()[:32]


def _sync(folder: Path) -> None:
    """Put the folder's entry on the disk: a power cut must not undo a message that was taken."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _unavailable(folder: Path, error: OSError) -> TransportUnavailable:
    return TransportUnavailable(f"the maildir {folder} cannot be written ({error.strerror})")
