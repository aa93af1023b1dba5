"""The only place of smtplib: it greets, encrypts and logs in; `SmtpChannel` does the rest.

smtplib's own `sendmail` waits for every reply and does not tell a connection that was lost before
the final dot from one that was lost after it.
"""

from __future__ import annotations

import asyncio
import binascii
import smtplib
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import cache, partial
from ipaddress import ip_address

from digest.config import Smtp
from digest.errors import ConfigError, TransportError, TransportRefused, TransportUnavailable
from digest.model import Message, Receipt
from digest.transports.channel import SmtpChannel
from digest.transports.conversation import Offers, Reply, readable

# A relay that takes no connection is not worth the patience that a greeting deserves.
_CONNECT_SECONDS = 30.0

# RFC 5321 section 4.5.3.2.1 grants as much to the first line alone; in seconds.
_GREETING_SECONDS = 300.0

# What smtplib knows to log in by; the first that a relay offers is the likeliest to work there.
_LOGINS = ("PLAIN", "LOGIN", "CRAM-MD5")

# RFC 4954 section 4: no such way of logging in. All else is of the name and the password; also 534,
# which some say where a password will not do.
_NO_SUCH_WAY = 504

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
        if not (settings.username.isascii() and self._password.isascii()):
            raise ConfigError(
                "[smtp] username and password must be plain ASCII: most relays take no other"
            )
        # Some 70 ms, which only commands that connect should take; a mistake is told by all.
        self._tls = cache(partial(_tls, settings))
        if settings.ca_file is not None:
            self._tls()

    @contextmanager
    def open(self) -> Iterator[SmtpSession]:
        """Connect and log in; raise `TransportUnavailable` or `TransportRefused`."""
        with asyncio.Runner() as runner:
            session = SmtpSession(self, runner)
            try:
                yield session
            finally:
                session.close()

    async def channel(self) -> SmtpChannel:
        """Return a connection that is worked ahead; raise as `open` does."""
        loop = asyncio.get_running_loop()
        client = await loop.run_in_executor(None, self._connect)
        connection, file = client.sock, client.file
        assert connection is not None
        if file is not None:
            file.close()  # it would keep the socket open
        return SmtpChannel(
            connection,
            Offers(client.esmtp_features),
            where=self._where,
            patience=self._settings.timeout,
        )

    def _connect(self) -> smtplib.SMTP:
        """Return a connection that is greeted, encrypted and logged in."""
        limit = min(self._settings.timeout, _GREETING_SECONDS)
        try:
            with self._call() as connection, _limited(connection, limit) as is_over:
                try:
                    # TLS takes over what it is given: a copy leaves us one to hang up with.
                    return self._prepare(self._greet(connection.dup()))
                except TransportError as error:
                    if not is_over():
                        raise
                    raise TransportUnavailable(
                        f"the relay {self._where} did not finish its greeting (timed out)"
                    ) from error
        except OSError as error:
            raise self._out_of_reach(error) from error

    def _call(self) -> socket.socket:
        patience = min(self._settings.timeout, _CONNECT_SECONDS)
        where = (self._settings.host, self._settings.port)
        connection = socket.create_connection(where, patience)
        connection.settimeout(self._settings.timeout)
        return connection

    def _greet(self, connection: socket.socket) -> smtplib.SMTP:
        tls = self._tls()
        try:
            if tls is not None and self._settings.security == "tls":
                connection = tls.wrap_socket(connection, server_hostname=self._settings.host)
            client = _Client(connection, self._settings.host)
        except ssl.SSLError as error:
            raise TransportRefused(
                f"no safe connection to the relay {self._where} ({_reason(error)}): "
                "check [smtp] security and ca_file"
            ) from error
        except _LOST as error:
            raise self._out_of_reach(error) from error
        return client

    def _out_of_reach(self, error: Exception) -> TransportUnavailable:
        return TransportUnavailable(
            f"the relay {self._where} cannot be reached ({_reason(error)}): "
            "check [smtp] host and port, and that it is running"
        )

    def _prepare(self, client: smtplib.SMTP) -> smtplib.SMTP:
        try:
            self._introduce(client)
        except BaseException:
            client.close()
            raise
        return client

    def _introduce(self, client: smtplib.SMTP) -> None:
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
        try:
            client.starttls(context=self._tls())
        except smtplib.SMTPResponseException as error:
            if error.smtp_code < 500:
                raise  # 454: not for now (RFC 3207 section 4)
            raise TransportRefused(
                f"the relay {self._where} refused STARTTLS ({_reason(error)}), and nothing is "
                "sent in the clear: check [smtp] security and port"
            ) from error
        client.ehlo()

    def _log_in(self, client: smtplib.SMTP) -> None:
        features = client.esmtp_features.get("auth", "").split()
        offered = [one for one in _LOGINS if one in features]
        if not offered:
            raise TransportRefused(
                f"the relay {self._where} offers no login by password: leave [smtp] username "
                "empty, or use the port for submission"
            )
        for one in offered:
            # smtplib would try a wrong password in each way: relays lock accounts for that.
            client.esmtp_features["auth"] = one
            try:
                client.login(self._settings.username, self._password)
            except binascii.Error as error:
                raise TransportUnavailable(
                    f"the relay {self._where} said something at the login that makes no sense"
                ) from error
            except smtplib.SMTPAuthenticationError as error:
                if error.smtp_code != _NO_SUCH_WAY or one == offered[-1]:
                    raise self._not_logged_in(error) from error
            else:
                return

    def _not_logged_in(self, error: smtplib.SMTPAuthenticationError) -> TransportError:
        said = _said(error.smtp_code, error.smtp_error)
        if 400 <= error.smtp_code < 500:
            return TransportUnavailable(
                f"the relay {self._where} cannot check the login now ({said})", reply=said
            )
        return TransportRefused(
            f"the relay {self._where} refused the login of {self._settings.username} "
            f"({error.smtp_code}): check [smtp] username and password",
            reply=said,
        )


class _Client(smtplib.SMTP):
    """smtplib's own, on a connection that it did not make; it is closed where it is not greeted."""

    def __init__(self, connection: socket.socket, host: str) -> None:
        self._connection = connection
        super().__init__(host)

    def connect(
        self, host: str = "localhost", port: int = 0, source_address: object = None
    ) -> tuple[int, bytes]:
        """Hear what the relay has to say first; `SMTP` calls this, and keeps the host for TLS."""
        self.sock = self._connection
        self.file = None
        return self.getreply()


@contextmanager
def _limited(connection: socket.socket, seconds: float) -> Iterator[Callable[[], bool]]:
    """Hang up on a relay that takes longer, and tell so, whatever it says meanwhile.

    smtplib's timeout is of a single read: a line each second is never too late.
    """
    over = threading.Event()

    def hang_up() -> None:
        over.set()
        with suppress(OSError):
            connection.shutdown(socket.SHUT_RDWR)

    timer = threading.Timer(seconds, hang_up)
    timer.start()
    try:
        yield over.is_set
    finally:
        timer.cancel()
        timer.join()


class SmtpSession:
    """One connection, renewed when the relay has closed it between two messages.

    It is the same channel, run to the end for each message: for callers that may block.
    """

    def __init__(self, transport: SmtpTransport, runner: asyncio.Runner) -> None:
        self._transport = transport
        self._runner = runner
        self._channel = runner.run(transport.channel())
        self._used = False

    def close(self) -> None:
        """Say goodbye; nobody minds how that ends."""
        self._channel.close()

    def send(self, message: Message) -> Receipt:
        """Hand over one message (see `digest.ports.Session`)."""
        return self._runner.run(self._send(message))

    async def _send(self, message: Message) -> Receipt:
        if not self._channel.is_open:  # it ended with the message before
            self._channel = await self._transport.channel()
        try:
            await self._channel.prepare(message)
        except TransportUnavailable:
            # Relays close connections that idle, or after so many messages; nothing was sent yet.
            if not self._used:
                raise
            self._channel = await self._transport.channel()
            await self._channel.prepare(message)
        self._used = True
        return await self._channel.send(message, None)


def _said(code: int, text: bytes | str) -> str:
    return str(Reply(code, readable(text if isinstance(text, bytes) else text.encode())))


def _reason(error: BaseException) -> str:
    if isinstance(error, smtplib.SMTPResponseException):
        return _said(error.smtp_code, error.smtp_error)
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
