"""Settings: one frozen model per section of the file; `digest.config_file` reads them."""

from __future__ import annotations

import re
from contextlib import suppress
from pathlib import Path
from typing import Annotated, Any, Literal, Self, TypeVar
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from email_validator import EmailNotValidError, validate_email
from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    SecretStr,
    model_validator,
)

_LABEL = r"[A-Za-z0-9_]([A-Za-z0-9_-]*[A-Za-z0-9_])?"
_DNS_NAME = rf"{_LABEL}(\.{_LABEL})*"

_LONGEST_LOCAL_PART = 64  # RFC 5321 section 4.5.3.1.1

_UNITS = {"s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}


def _seconds(value: Any) -> Any:
    if isinstance(value, str):
        match = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*([smhd]?)\s*", value)
        if not match:
            raise ValueError('must be seconds, or a text like "30s", "15m", "1h"')
        return float(match[1]) * _UNITS[match[2] or "s"]
    return value


def _one_line(value: str) -> str:
    if not value.isprintable():
        raise ValueError("must be one line without control characters")
    return value


def _timezone(value: str) -> str:
    try:
        ZoneInfo(value)
    except (KeyError, OSError, ValueError):  # not there, a folder, or not a name at all
        raise ValueError('must be a time zone, such as "UTC" or "Europe/Paris"') from None
    return value


def _base_url(value: str) -> str:
    parts = urlsplit(value)
    if parts.scheme not in {"http", "https"} or not parts.hostname or parts.query or parts.fragment:
        raise ValueError('must be an http(s) address, such as "https://papers.example.org"')
    return value.rstrip("/")


def _address(value: str) -> str:
    try:
        # Names of a private network, such as localhost, are judged as if the world knew them.
        validate_email(f"{value}.example.org", check_deliverability=False, allow_smtputf8=False)
    except EmailNotValidError:
        raise ValueError('must be an email address, such as "papers@example.org"') from None
    return value


def _address_or_nothing(value: str) -> str:
    return _address(value) if value else value


def _return_path(value: str) -> str:
    # A token is at most as long as that of the last delivery in a huge database.
    filled = value.replace("{token}", f"{10**12}-{'x' * 24}")
    with suppress(ValueError):
        if len(_address_or_nothing(filled).partition("@")[0]) <= _LONGEST_LOCAL_PART:
            return value
    raise ValueError(
        'must be an email address, such as "bounce+{token}@example.org": '
        "with the token, which takes 38 characters, at most 64 stand before the @"
    )


def _selector(value: str) -> str:
    if not re.fullmatch(_DNS_NAME, value):
        raise ValueError('must be a DNS name, such as "digest2026"')
    return value


def _domain(value: str) -> str:
    name = value.strip().lower()
    if not re.fullmatch(_DNS_NAME, name):
        raise ValueError('must be a domain in plain ASCII, such as "example.org"')
    return name


def _several(value: Any) -> Any:
    return [value] if isinstance(value, (str, Path)) else value


# Longer times are mistakes, and some end beyond the calendar.
_YEAR_DAYS = 366
_CENTURY_DAYS = 100 * _YEAR_DAYS

Duration = Annotated[float, BeforeValidator(_seconds), Field(ge=0, le=_YEAR_DAYS * 86_400)]
"""Seconds; written as a number or as a text with a unit: "30s", "15m", "1h", "2d"."""

Days = Annotated[int, Field(ge=1, le=_CENTURY_DAYS)]

Hour = Annotated[int, Field(ge=0, le=23)]
Share = Annotated[float, Field(ge=0, le=1)]
OneLine = Annotated[str, AfterValidator(_one_line)]
Timezone = Annotated[str, AfterValidator(_timezone)]
BaseUrl = Annotated[str, AfterValidator(_base_url)]
Address = Annotated[str, AfterValidator(_address)]
AddressOrNothing = Annotated[str, AfterValidator(_address_or_nothing)]
ReturnPath = Annotated[str, AfterValidator(_return_path)]
Selector = Annotated[str, AfterValidator(_selector)]
Domain = Annotated[str, AfterValidator(_domain)]

T = TypeVar("T")
Several = Annotated[tuple[T, ...], BeforeValidator(_several)]
"""One value, or a list of them."""


class Section(BaseModel):
    """One table of the file: frozen, closed to unknown keys and to numbers without end."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class Site(Section):
    """Who sends the digest, and where its pages are."""

    name: OneLine = "Trending Papers"
    base_url: BaseUrl = "http://127.0.0.1:8080"
    from_address: Address = "papers@localhost"
    from_name: OneLine = ""  # empty: the site's name
    reply_to: AddressOrNothing = ""
    postal_address: str = ""
    secret_file: Path = Path("secret.key")
    language: str = "en"
    templates: Path | None = None


class Database(Section):
    """Where everything is kept."""

    url: str = "sqlite:///digest.db"


class Schedule(Section):
    """When things happen."""

    timezone: Timezone = "UTC"
    default_hour: Hour = 7
    weekly_day: Literal[
        "monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"
    ] = "monday"
    ingest_every: Duration = 3600.0
    expire_after_hours: Annotated[float, Field(gt=0, le=_YEAR_DAYS * 24)] = 12.0
    catch_up: bool = True


class SourceSettings(BaseModel):
    """One `[[sources]]` table; the keys of its kind are checked against that kind's options."""

    model_config = ConfigDict(frozen=True, extra="allow")

    name: str
    kind: str

    @property
    def options(self) -> dict[str, Any]:
        """Return the keys that belong to the kind."""
        return dict(self.model_extra or {})


class Http(Section):
    """Limits of every request to a source."""

    user_agent: OneLine = ""  # empty: the program's name, version and base_url
    timeout: Duration = 30.0
    max_bytes: Annotated[int, Field(gt=0)] = 20_000_000
    max_redirects: Annotated[int, Field(ge=0)] = 5
    allow_hosts: tuple[str, ...] = ()


class RankingSettings(Section):
    """How papers are chosen."""

    max_papers: Annotated[int, Field(ge=1, le=100)] = 12
    min_score: Share = 0.1
    trending_weight: Share = 0.3
    trending_days: Annotated[int, Field(ge=1, le=31)] = 7
    diversity: Share = 0.3
    surprise: Annotated[int, Field(ge=0, le=5)] = 1
    ranker: str = "default"
    interleave: str = ""
    processes: Annotated[int, Field(ge=1, le=64)] = 2


class Semantic(Section):
    """Which sentence model says what papers mean, beside their words."""

    model: OneLine = ""


class Smtp(Section):
    """How mail leaves."""

    transport: str = "smtp"
    host: str = "localhost"
    port: Annotated[int, Field(ge=1, le=65535)] = 587
    security: Literal["starttls", "tls", "none"] = "starttls"
    username: str = ""
    password: SecretStr = SecretStr("")
    password_file: Path | None = None
    ca_file: Path | None = None
    connections: Annotated[int, Field(ge=1, le=64)] = 1
    processes: Annotated[int, Field(ge=1, le=64)] = 1
    rate_per_second: Annotated[float, Field(ge=0)] = 0.0
    rate_per_domain: dict[Domain, Annotated[float, Field(gt=0)]] = {}
    dkim_selector: Several[Selector] = ()
    dkim_key_file: Several[Path] = ()
    timeout: Annotated[Duration, Field(gt=0)] = 600.0
    maildir: Path = Path("maildir")

    @model_validator(mode="after")
    def _one_password(self) -> Self:
        if self.password_file is not None and self.password.get_secret_value():
            raise ValueError("password and password_file are both set: keep one of them")
        return self

    @model_validator(mode="after")
    def _one_selector_for_each_key(self) -> Self:
        if len(self.dkim_selector) != len(self.dkim_key_file):
            raise ValueError("dkim_selector and dkim_key_file go together: one of each for a key")
        # The second of two records would not be found (RFC 6376 section 3.6.2.2).
        if len({name.lower() for name in self.dkim_selector}) < len(self.dkim_selector):
            raise ValueError("dkim_selector has one name twice: give each key its own")
        return self


class DeliverySettings(Section):
    """What happens when a message is not simply taken."""

    unknown: Literal["resend", "hold"] = "resend"
    max_attempts: Annotated[int, Field(ge=1)] = 6
    backoff: Duration = 900.0


class Web(Section):
    """Where the pages are served."""

    host: str = "127.0.0.1"
    port: Annotated[int, Field(ge=0, le=65535)] = 8080
    trusted_proxies: tuple[str, ...] = ()
    metrics_from: tuple[str, ...] = ("127.0.0.1", "::1")


class Bounces(Section):
    """Where returned mail goes."""

    return_path: ReturnPath = ""


class Retention(Section):
    """How long things are kept."""

    unconfirmed_days: Days = 7
    runs_days: Days = 90


class Logging(Section):
    """What is written to stderr."""

    level: Literal["debug", "info", "warning", "error"] = "info"


class Settings(Section):
    """The whole configuration."""

    site: Site = Site()
    database: Database = Database()
    schedule: Schedule = Schedule()
    sources: tuple[SourceSettings, ...] = ()
    http: Http = Http()
    ranking: RankingSettings = RankingSettings()
    semantic: Semantic = Semantic()
    smtp: Smtp = Smtp()
    delivery: DeliverySettings = DeliverySettings()
    web: Web = Web()
    bounces: Bounces = Bounces()
    retention: Retention = Retention()
    logging: Logging = Logging()
