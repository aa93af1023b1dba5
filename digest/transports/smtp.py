"""The only place of smtplib: one kept connection per session, and the truth about each message.

What counts is the final dot. Lost before it, a message was not sent (RFC 5321 section 4.1.1.4);
lost after it, nobody knows (RFC 1047). smtplib's own `sendmail` does not tell the two apart, so
the verbs are spoken one by one here.
"""

from __future__ import annotations

import re
import smtplib
import ssl
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from ipaddress import ip_address

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
from digest.model import Message, Receipt

# "Service not available, closing transmission channel": RFC 5321 section 3.8.
_CLOSING = 421

# RFC 5321 section 4.3.2.
_AGREED = {"MAIL": (250,), "RCPT": (250, 251, 252), "DATA": (354,)}

# A relay that does not even answer is not worth the patience that a message deserves.
_CONNECT_SECONDS = 30.0

_LOST = (OSError, smtplib.SMTPException)


class SmtpTransport:
    """A relay that is spoken to in SMTP, never silently in the clear."""

    def __init__(self, settings: Smtp) -> None:
        self._settings = settings
        self._where = f"{settings.host}:{settings.port}"
        self._password = _password(settings)
        if settings.username and settings.security == "none" and not _is_local(settings.host):
            raise ConfigError(
                '[smtp] security = "none" would send the password in the clear: '
                'use "starttls" or "tls", or a relay on this machine'
            )
        self._tls = _tls(settings)

    @contextmanager
    def open(self) -> Iterator[SmtpSession]:
        """Connect and log in; raise `TransportUnavailable` or `TransportRefused`."""
        session = SmtpSession(self)
        session.connect()
        try:
            yield session
        finally:
            session.close()

    @property
    def where(self) -> str:
        """Return host and port, as error messages name the relay."""
        return self._where

    def connect(self) -> smtplib.SMTP:
        """Return a connection that is ready for mail."""
        try:
            client = self._greet()
        except ssl.SSLError as error:
            raise TransportRefused(
                f"no safe connection to the relay {self._where} ({_reason(error)}): "
                "check [smtp] security and ca_file"
            ) from error
        except _LOST as error:
            raise TransportUnavailable(
                f"the relay {self._where} cannot be reached ({_reason(error)}): "
                "check [smtp] host and port, and that it is running"
            ) from error
        try:
            self._prepare(client)
        except BaseException:
            client.close()
            raise
        return client

    def _greet(self) -> smtplib.SMTP:
        host, port, patience = self._settings.host, self._settings.port, self._settings.timeout
        first = min(patience, _CONNECT_SECONDS)
        if self._settings.security == "tls":
            client: smtplib.SMTP = smtplib.SMTP_SSL(host, port, timeout=first, context=self._tls)
        else:
            client = smtplib.SMTP(host, port, timeout=first)
        if client.sock is not None:
            client.sock.settimeout(patience)
        return client

    def _prepare(self, client: smtplib.SMTP) -> None:
        try:
            client.ehlo_or_helo_if_needed()
            if self._settings.security == "starttls":
                self._encrypt(client)
            if self._settings.username:
                self._log_in(client)
        except ssl.SSLError as error:
            raise TransportRefused(
                f"no safe connection to the relay {self._where} ({_reason(error)}): "
                "check its certificate, or name its authority in [smtp] ca_file"
            ) from error
        except _LOST as error:
            raise TransportUnavailable(
                f"the relay {self._where} did not finish its greeting ({_reason(error)})"
            ) from error

    def _encrypt(self, client: smtplib.SMTP) -> None:
        if not client.has_extn("starttls"):
            raise TransportRefused(
                f"the relay {self._where} does not offer STARTTLS, and nothing is sent in the "
                'clear: use [smtp] security = "tls" with its TLS port, or "none" if it is local'
            )
        code, reply = client.starttls(context=self._tls)
        if code != 220:
            raise TransportRefused(
                f"the relay {self._where} refused STARTTLS ({code})", reply=_reply(code, reply)
            )
        client.ehlo()

    def _log_in(self, client: smtplib.SMTP) -> None:
        settings = self._settings
        try:
            client.login(settings.username, self._password)
        except smtplib.SMTPAuthenticationError as error:
            said = _reply(error.smtp_code, error.smtp_error)
            if 400 <= error.smtp_code < 500:
                raise TransportUnavailable(
                    f"the relay {self._where} cannot check the login now ({said})", reply=said
                ) from error
            raise TransportRefused(
                f"the relay {self._where} refused the login of {settings.username} "
                f"({error.smtp_code}): check [smtp] username and password",
                reply=said,
            ) from error
        except smtplib.SMTPNotSupportedError as error:
            raise TransportRefused(
                f"the relay {self._where} offers no login: leave [smtp] username empty, "
                "or use the port for submission"
            ) from error


class SmtpSession:
    """One connection, renewed when the relay has closed it between two messages."""

    def __init__(self, transport: SmtpTransport) -> None:
        self._transport = transport
        self._client: smtplib.SMTP | None = None
        self._used = False

    def connect(self) -> None:
        """Open the connection."""
        self._client = self._transport.connect()
        self._used = False

    def close(self) -> None:
        """Say goodbye; nobody minds how that ends."""
        if self._client is not None:
            with suppress(*_LOST):
                self._client.quit()
            self._drop()

    def send(self, message: Message) -> Receipt:
        """Hand over one message (see `digest.ports.Session`)."""
        if self._client is None:
            self.connect()
        try:
            self._mail_from(message)
        except TransportUnavailable:
            # Relays close connections that idle, or after so many messages; nothing was sent yet.
            if not self._used:
                raise
            self.connect()
            self._mail_from(message)
        self._used = True
        self._say("RCPT", f" TO:<{message.recipient}>")
        self._say("DATA")
        return self._content(message)

    def _mail_from(self, message: Message) -> None:
        assert self._client is not None
        options = ""
        if self._client.has_extn("size"):
            options = f" SIZE={len(message.content)}"
        self._say("MAIL", f" FROM:<{message.sender}>{options}")

    def _say(self, verb: str, arguments: str = "") -> None:
        """Say one command; raise where the relay does not agree. Nothing was sent then."""
        assert self._client is not None
        if not arguments.isascii() or re.search(r"[\x00-\x1f\x7f]", arguments):
            self._reset()
            raise PermanentFailure("the address cannot be written in an SMTP command")
        try:
            code, reply = self._client.docmd(verb + arguments)
        except (*_LOST, ValueError) as error:
            self._drop()
            raise self._unavailable(f"lost at {verb} ({_reason(error)})") from error
        if code in _AGREED[verb]:
            return
        if code == _CLOSING:
            self._drop()
            raise self._unavailable(f"closed by the relay ({_reply(code, reply)})")
        if not 400 <= code < 600:
            self._drop()
            raise self._unavailable(f"lost at {verb} (its reply makes no sense)")
        self._reset()
        raise _refusal(code, reply, f"at {verb}")

    def _content(self, message: Message) -> Receipt:
        assert self._client is not None
        stuffed = re.sub(rb"(?m)^\.", b"..", message.content)
        if not stuffed.endswith(b"\r\n"):
            stuffed += b"\r\n"
        try:
            self._client.send(stuffed)
        except _LOST as error:
            self._drop()
            raise self._unavailable(f"lost before the final dot ({_reason(error)})") from error
        try:
            self._client.send(b".\r\n")
            code, reply = self._client.getreply()
        except (*_LOST, ValueError) as error:
            self._drop()
            raise OutcomeUnknown(
                f"the connection to {self._transport.where} was lost after the final dot "
                f"({_reason(error)}): the message may have arrived"
            ) from error
        if code == _CLOSING:
            self._drop()
        if code == 250:
            return Receipt(_reply(code, reply))
        if 400 <= code < 600:
            raise _refusal(code, reply, "after the message")
        self._drop()
        raise OutcomeUnknown(
            f"the relay {self._transport.where} gave a reply to the final dot that makes no "
            "sense: the message may have arrived",
            reply=_reply(code, reply),
        )

    def _reset(self) -> None:
        """Forget the message that was refused, so that the next one can follow."""
        assert self._client is not None
        try:
            code, _ = self._client.docmd("RSET")
        except (*_LOST, ValueError):
            code = -1
        if code != 250:
            self._drop()

    def _drop(self) -> None:
        if self._client is not None:
            self._client.close()
            self._client = None

    def _unavailable(self, what: str) -> TransportUnavailable:
        return TransportUnavailable(
            f"the connection to {self._transport.where} was {what}; the message was not sent"
        )


def _refusal(code: int, reply: bytes, when: str) -> TransportError:
    """Return the error for a refused message: 4xx for now, 5xx for good (RFC 5321 4.2.1)."""
    said = _reply(code, reply)
    if 400 <= code < 500:
        return TemporaryFailure(f"the relay deferred it {when}: {said}", reply=said)
    return PermanentFailure(f"the relay refused it {when}: {said}", reply=said)


def _reply(code: int, reply: bytes | str) -> str:
    text = reply.decode("utf-8", "replace") if isinstance(reply, bytes) else reply
    readable = "".join(char if char.isprintable() else " " for char in text)
    return f"{code} {' '.join(readable.split())}"[:500].strip()


def _reason(error: BaseException) -> str:
    if isinstance(error, smtplib.SMTPResponseException):
        return _reply(error.smtp_code, error.smtp_error)
    if isinstance(error, ssl.SSLCertVerificationError):
        return error.verify_message
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    return str(error) or type(error).__name__


def _password(settings: Smtp) -> str:
    if settings.password_file is None:
        return settings.password.get_secret_value()
    try:
        return settings.password_file.read_text("utf-8").rstrip("\r\n")
    except (OSError, UnicodeError) as error:
        raise ConfigError(
            f"[smtp] password_file: {settings.password_file} cannot be read ({error})"
        ) from error


def _tls(settings: Smtp) -> ssl.SSLContext | None:
    if settings.security == "none":
        return None
    try:
        return ssl.create_default_context(cafile=settings.ca_file)
    except (OSError, ssl.SSLError) as error:
        raise ConfigError(
            f"[smtp] ca_file: {settings.ca_file} is not a file of certificates ({error})"
        ) from error


def _is_local(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
