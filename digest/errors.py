"""Every error that the package raises on purpose, and the exit code each one ends in.

    DigestError                        exit 1
      ConfigError                      exit 78   what to mend in the configuration
      SchemaMismatch                   exit 78   the database wants `digest db upgrade`
      StoreError                       exit 1    the database refused
        StoreBusy                      exit 75   locked, full or away: try again later
      NotFound                         exit 1    no such subscriber, paper, delivery...
        NotHere                        exit 1    no such day, paper or edition
          PageGone                     exit 1    no such page of a list: it has a first one
      InvalidInput                     exit 2    an address, date or file nobody can work with
      EmbedderUnavailable              exit 78   no such sentence model, or it cannot be used
      EvaluationDataError              exit 1    what to mend in a folder of libraries
      SourceError                      exit 1
        SourceUnavailable              exit 75   the upstream is down or asks us to wait
        SourceMalformed                exit 1    the upstream answered with something else
      RenderError                      exit 1    one message fails, the run goes on
      TokenError                       exit 1
        TokenInvalid                             forged, cut or meant for another purpose
        TokenExpired                             whoever holds it may ask for another one
        SignUpExpired                            nobody confirmed in time: sign up again
      TransportError                   exit 1
        TransportUnavailable           exit 75   no connection, or lost before the final dot
        TransportRefused               exit 78   the relay refuses us: TLS or login
        TemporaryFailure               exit 75   4xx for this message
        PermanentFailure               exit 1    5xx for this message
        OutcomeUnknown                 exit 75   connection lost after the final dot

Third-party errors are translated where the library is used (`raise ... from error`). The message
is one sentence for the person who reads it, says what to do, and never holds a secret.
"""

from __future__ import annotations


class DigestError(Exception):
    """Root of the tree; its text is meant to be shown as it is."""

    exit_code = 1


class ConfigError(DigestError):
    """The configuration cannot be used; `problems` lists every reason, one sentence each."""

    exit_code = 78

    def __init__(self, *problems: str) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


class SchemaMismatch(DigestError):
    """The database has another schema than this version of the program."""

    exit_code = 78


class EmbedderUnavailable(DigestError):
    """The sentence model is not there or cannot be used; the text says what is missing."""

    exit_code = 78


class StoreError(DigestError):
    """The database refused a statement."""


class StoreBusy(StoreError):
    """The database is locked, full or away; the same call may work later."""

    exit_code = 75


class NotFound(DigestError):
    """What was asked for does not exist."""


class NotHere(NotFound):
    """There is no such day, paper or edition; the text says what there is."""


class PageGone(NotHere):
    """A list has no page that begins there."""


class InvalidInput(DigestError):
    """A value given by a person cannot be used."""

    exit_code = 2


class EvaluationDataError(DigestError):
    """A folder of reading libraries cannot be used; its text has a line for each reason."""

    def __init__(self, *problems: str) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


class SourceError(DigestError):
    """A source gave no papers."""


class SourceUnavailable(SourceError):
    """The upstream is down, too slow, or asks us to come back after `retry_after` seconds."""

    exit_code = 75

    def __init__(self, message: str, *, retry_after: float | None = None) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class SourceMalformed(SourceError):
    """The upstream answered, but not with papers."""


class RenderError(DigestError):
    """A template could not be rendered."""


class TokenError(DigestError):
    """A signed link cannot be honoured."""


class TokenInvalid(TokenError):
    """The token was not signed by us for this purpose."""


class TokenExpired(TokenError):
    """The token was ours, but its time is over."""


class SignUpExpired(TokenError):
    """The link belongs to a sign-up that nobody confirmed in time."""


class TransportError(DigestError):
    """A message was not handed over; `reply` is what the relay said, if it spoke."""

    def __init__(self, message: str, *, reply: str = "") -> None:
        super().__init__(message)
        self.reply = reply


class TransportUnavailable(TransportError):
    """No connection, or the connection was lost before the final dot: nothing was sent."""

    exit_code = 75


class TransportRefused(TransportError):
    """The relay refuses this client (no TLS, bad login): no message can be sent at all."""

    exit_code = 78


class TemporaryFailure(TransportError):
    """The relay refused this message for now (4xx): try again after a while.

    `about_us` says that it takes nothing from this sender now, whoever is to read it.
    """

    exit_code = 75

    def __init__(
        self,
        message: str,
        *,
        reply: str = "",
        retry_after: float | None = None,
        about_us: bool = False,
    ) -> None:
        super().__init__(message, reply=reply)
        self.retry_after = retry_after
        self.about_us = about_us


class PermanentFailure(TransportError):
    """The relay refused this message for good (5xx).

    `about_us` says that the reply is of the sender, not of who was to read it: whatever is sent
    next may be refused as well, and nobody is to be given up for it.
    """

    def __init__(self, message: str, *, reply: str = "", about_us: bool = False) -> None:
        super().__init__(message, reply=reply)
        self.about_us = about_us


class OutcomeUnknown(TransportError):
    """The connection was lost after the final dot: the relay may or may not have the message.

    RFC 1047 describes the gap; RFC 5321 section 4.5.3.2.6 asks for ten minutes of patience.
    """

    exit_code = 75
