"""Who gets mail: sign-up, confirmation, preferences, pause, leaving, erasure.

    sign_up --> unconfirmed --confirm--> confirmed <--pause, resume--> paused
                     ^                       |                            |
                     `-------sign_up------ unsubscribed <---unsubscribe---'

Nobody gets a digest before they have confirmed, and one address gets at most one request to do
so a day, whoever types it in. Every function acts within the caller's transaction and may be
called twice: the second call changes nothing and mails nothing.
"""

from __future__ import annotations

import re
import unicodedata
import zoneinfo
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass, fields
from datetime import date, datetime, timedelta
from enum import StrEnum
from functools import lru_cache
from typing import NamedTuple

from email_validator import EmailNotValidError, validate_email

from digest.errors import InvalidInput, NotFound
from digest.model import (
    Cadence,
    DeliveryKind,
    Interest,
    InterestKind,
    Plan,
    Subscriber,
    SubscriberStatus,
    SuppressionReason,
)
from digest.rank import message_id
from digest.store import Transaction

# The text of the form that people agree to; raise it when that text changes.
CONSENT_WORDING = "2026-11"

# A request to confirm, a welcome or a goodbye that could not leave for a day is of no use.
NOTICE_LIFE = timedelta(hours=24)

LONGEST_NAME = 100
LONGEST_INTEREST = 200
LONGEST_TEXT = 2000
MOST_INTERESTS = 200

# Suppressions that a person may lift; the others are about the address, not about a wish.
OWN_WISH = frozenset({SuppressionReason.UNSUBSCRIBE, SuppressionReason.ERASED})

HashEmail = Callable[[str], str]
"""How a suppression names an address: `Signer.hash_email`."""


# --- what people type ---------------------------------------------------------------------


def parse_email(text: str) -> str:
    """Return the address with its domain as A-labels; raise `InvalidInput`.

    Nothing is looked up. Local parts beyond ASCII are refused: few relays take them (RFC 6531).
    """
    try:
        found = validate_email(
            text.strip(), check_deliverability=False, allow_smtputf8=False, strict=True
        )
    except EmailNotValidError as error:
        raise InvalidInput(f"That is not an email address we can write to: {error}") from error
    return found.ascii_email or found.normalized


def parse_name(text: str) -> str:
    """Return a name on one line; raise `InvalidInput` for advertisements."""
    name = _one_line(text)
    if len(name) > LONGEST_NAME:
        raise InvalidInput(f"Please use a name of at most {LONGEST_NAME} characters.")
    if re.search(r"[@/<>]|www\.", name):
        raise InvalidInput("Please use a name without addresses or links.")
    return name


def parse_timezone(text: str) -> str:
    """Return the name of a time zone as the tz database writes it; raise `InvalidInput`."""
    wanted = text.strip()
    found = timezones().get(wanted.lower().replace(" ", "_"))
    if found is None:
        raise InvalidInput(
            f'"{_one_line(wanted)[:60]}" is not a time zone: write one like Europe/Berlin.'
        )
    return found


@lru_cache(maxsize=1)
def timezones() -> Mapping[str, str]:
    """Return the names of all time zones, by the same in lower case."""
    return {name.lower(): name for name in sorted(zoneinfo.available_timezones())}


def parse_paper(text: str) -> str:
    """Return the key of the paper that an arXiv id, a DOI or an address names.

    Raise `InvalidInput` for anything else.
    """
    found = text.strip()
    if match := _ARXIV.search(found):
        return f"arxiv:{match[1].lower()}"
    if match := _DOI.search(found):
        return f"doi:{match[1].lower()}"
    raise InvalidInput(
        f'"{_one_line(found)[:80]}" is not a paper we know how to find: '
        "write an arXiv id like 2604.21952, or its address."
    )


_ARXIV = re.compile(
    r"(?:^|arxiv:|arxiv\.org/\w+/|huggingface\.co/papers/)"
    r"(\d{4}\.\d{4,5}|[a-z-]+(?:\.[a-z]{2})?/\d{7})(?:v\d+)?(?:\.pdf)?/?(?:[?#].*)?$",
    re.IGNORECASE,
)
_DOI = re.compile(r"(?:^|doi:|doi\.org/)(10\.\d{4,9}/[^\s?#]+)$", re.IGNORECASE)
_SUBJECT = re.compile(
    r"(?:astro-ph|cond-mat|cs|econ|eess|math|nlin|physics|q-bio|q-fin|stat)\.[a-z-]{2,}",
    re.IGNORECASE,
)
_CATEGORY = re.compile(r"([a-z][a-z-]+)(?:\.([a-z][a-z-]+))?", re.IGNORECASE)


def parse_category(text: str) -> str:
    """Return a category as arXiv writes it (`cs.LG`, `hep-th`), others as they stand."""
    category = _one_line(text)
    match = _CATEGORY.fullmatch(category)
    if match is None:
        return category
    archive, subject = match[1].lower(), match[2]
    if subject is None:
        return archive
    return f"{archive}.{subject.upper() if len(subject) == 2 else subject.lower()}"


def parse_interests(
    *,
    categories: Iterable[str] = (),
    keywords: Iterable[str] = (),
    authors: Iterable[str] = (),
    mutes: Iterable[str] = (),
    likes: Iterable[str] = (),
    text: str = "",
) -> tuple[Interest, ...]:
    """Return the interests that these lists name, each once; raise `InvalidInput`.

    `mutes` are keywords, or arXiv categories with a dot; `likes` are papers (`parse_paper`).
    """
    found = [Interest(InterestKind.CATEGORY, parse_category(one)) for one in categories]
    found += [Interest(InterestKind.KEYWORD, _one_line(one)) for one in keywords]
    found += [Interest(InterestKind.AUTHOR, _one_line(one)) for one in authors]
    found += [_mute(_one_line(one)) for one in mutes]
    found += [Interest(InterestKind.SEED, parse_paper(one)) for one in likes if one.strip()]
    found.append(Interest(InterestKind.TEXT, _one_line(text)))
    unique = {(one.kind, one.value.casefold()): one for one in found if one.value}
    if len(unique) > MOST_INTERESTS:
        raise InvalidInput(f"Please name at most {MOST_INTERESTS} interests.")
    for one in unique.values():
        longest = LONGEST_TEXT if one.kind is InterestKind.TEXT else LONGEST_INTEREST
        if len(one.value) > longest:
            raise InvalidInput(
                f'Please shorten "{one.value[:40]}...": at most {longest} characters.'
            )
    return tuple(unique.values())


def _mute(text: str) -> Interest:
    if _SUBJECT.fullmatch(text):
        return Interest(InterestKind.CATEGORY, parse_category(text), -1.0)
    return Interest(InterestKind.KEYWORD, text, -1.0)


def _one_line(text: str) -> str:
    """Return the text on one line, without control and direction characters."""
    kept = "".join(
        " " if char.isspace() else char
        for char in unicodedata.normalize("NFC", text)
        if char.isspace() or unicodedata.category(char) not in ("Cc", "Cf", "Cs")
    )
    return " ".join(kept.split())


@dataclass(frozen=True, slots=True)
class Preferences:
    """What a subscriber may choose; `None` means the site's default.

    Making one raises `InvalidInput` where a figure is out of its range.
    """

    name: str = ""
    cadence: Cadence = Cadence.DAILY
    hour: int | None = None
    timezone: str | None = None
    max_papers: int | None = None
    trending_weight: float | None = None
    interests: tuple[Interest, ...] = ()

    def __post_init__(self) -> None:
        """Check the ranges."""
        if self.hour is not None and not 0 <= self.hour <= 23:
            raise InvalidInput("Please choose an hour from 0 to 23.")
        if self.max_papers is not None and not 1 <= self.max_papers <= 100:
            raise InvalidInput("Please choose 1 to 100 papers for one mail.")
        if self.trending_weight is not None and not 0 <= self.trending_weight <= 1:
            raise InvalidInput("Please choose a trending weight from 0 to 1.")
        if self.timezone is not None and self.timezone not in timezones().values():
            raise InvalidInput(f'"{self.timezone[:60]}" is not a time zone.')

    @classmethod
    def of(cls, subscriber: Subscriber) -> Preferences:
        """Return what a subscriber has chosen."""
        return cls(**{field.name: getattr(subscriber, field.name) for field in fields(cls)})

    def columns(self) -> dict[str, object]:
        """Return all but the interests, by the name of the column."""
        return {key: value for key, value in asdict(self).items() if key != "interests"}


# --- joining ------------------------------------------------------------------------------


class SignUp(StrEnum):
    """What came of a sign-up; the page never tells."""

    ASKED = "asked"  # a mail that asks for confirmation was written
    WAITING = "waiting"  # one was written today already
    MEMBER = "member"  # confirmed before: nothing changes
    SUPPRESSED = "suppressed"  # the address bounced, complained, or was barred


class SignedUp(NamedTuple):
    """A sign-up's outcome, and its subscriber unless the address is suppressed."""

    outcome: SignUp
    subscriber: Subscriber | None


def sign_up(
    tx: Transaction,
    email: str,
    preferences: Preferences,
    *,
    origin: str,
    now: datetime,
    domain: str,
    hash_email: HashEmail,
) -> SignedUp:
    """Write down who wants to join and the mail that asks them to confirm.

    `origin` says from where they came (an IP address, `cli`), for the consent record; `domain`
    ends the Message-ID. What somebody who is not confirmed chose before is replaced.
    """
    if tx.suppressions.reason(hash_email(email)) not in (None, *OWN_WISH):
        return SignedUp(SignUp.SUPPRESSED, None)
    subscriber = tx.subscribers.by_email(email)
    if subscriber is None:
        try:
            subscriber = tx.subscribers.add(
                email=email, status=SubscriberStatus.UNCONFIRMED, now=now
            )
        except InvalidInput:
            # Somebody else wrote the same address since we looked.
            subscriber = tx.subscribers.by_email(email)
            if subscriber is None:
                raise
    if subscriber.status in (SubscriberStatus.CONFIRMED, SubscriberStatus.PAUSED):
        return SignedUp(SignUp.MEMBER, subscriber)
    if subscriber.status is SubscriberStatus.UNSUBSCRIBED:
        # Their wish to be left alone outlives a sign-up that nobody confirms.
        tx.suppressions.add(hash_email(email), SuppressionReason.UNSUBSCRIBE, now=now)
    tx.subscribers.edit(
        subscriber.id,
        status=SubscriberStatus.UNCONFIRMED,
        created_at=now,
        consent={"asked_at": now.isoformat(), "asked_from": origin, "wording": CONSENT_WORDING},
        **preferences.columns(),
    )
    tx.subscribers.set_interests(subscriber.id, preferences.interests, now)
    asked = _notify(tx, subscriber, DeliveryKind.CONFIRM, now=now, domain=domain)
    return SignedUp(SignUp.ASKED if asked else SignUp.WAITING, find(tx, subscriber.public_id))


def add_confirmed(
    tx: Transaction, email: str, preferences: Preferences, *, origin: str, now: datetime
) -> Subscriber:
    """Write a subscriber for whose consent the operator vouches; they get no mail about it.

    Raise `InvalidInput` for an address that is known, or that must not get mail.
    """
    subscriber = tx.subscribers.add(
        email=email,
        status=SubscriberStatus.CONFIRMED,
        now=now,
        interests=preferences.interests,
        confirmed_at=now,
        consent={"confirmed_at": now.isoformat(), "confirmed_from": origin},
        **preferences.columns(),
    )
    if reason := tx.suppressions.of(subscriber.id):
        raise InvalidInput(
            f"{email} is suppressed ({reason}): "
            "lift that with `digest suppression remove` if you may."
        )
    return subscriber


def confirm(
    tx: Transaction,
    public_id: str,
    *,
    origin: str,
    now: datetime,
    domain: str,
    hash_email: HashEmail,
) -> Subscriber:
    """Confirm who asked to join, and welcome them; raise `NotFound`.

    Only a pending sign-up is confirmed: an old link brings nobody back who has left since.
    """
    subscriber = find(tx, public_id)
    if subscriber.status is not SubscriberStatus.UNCONFIRMED:
        return subscriber
    return _let_in(tx, subscriber, origin=origin, now=now, domain=domain, hash_email=hash_email)


def rejoin(
    tx: Transaction,
    public_id: str,
    *,
    origin: str,
    now: datetime,
    domain: str,
    hash_email: HashEmail,
) -> Subscriber:
    """Take back an unsubscription; raise `NotFound`, or `InvalidInput` for barred addresses.

    Only for people who have shown that the mailbox is theirs, by a link out of their mail.
    """
    subscriber = find(tx, public_id)
    if subscriber.status is not SubscriberStatus.UNSUBSCRIBED or subscriber.confirmed_at is None:
        return subscriber
    return _let_in(tx, subscriber, origin=origin, now=now, domain=domain, hash_email=hash_email)


def _let_in(
    tx: Transaction,
    subscriber: Subscriber,
    *,
    origin: str,
    now: datetime,
    domain: str,
    hash_email: HashEmail,
) -> Subscriber:
    reason = tx.suppressions.of(subscriber.id)
    if reason is not None and reason not in OWN_WISH:
        raise InvalidInput("We cannot write to this address any more: mail to it came back.")
    tx.suppressions.remove(hash_email(subscriber.email))
    tx.subscribers.edit(
        subscriber.id,
        status=SubscriberStatus.CONFIRMED,
        confirmed_at=now,
        unsubscribed_at=None,
        paused_until=None,
        consent={
            **subscriber.consent,
            "confirmed_at": now.isoformat(),
            "confirmed_from": origin,
        },
    )
    if subscriber.status is SubscriberStatus.UNCONFIRMED:
        _notify(tx, subscriber, DeliveryKind.WELCOME, now=now, domain=domain)
    return find(tx, subscriber.public_id)


def _notify(
    tx: Transaction, subscriber: Subscriber, kind: DeliveryKind, *, now: datetime, domain: str
) -> bool:
    """Write a mail of that kind, at most one a day; say whether it was."""
    key = f"{kind}:{subscriber.public_id}:{now.date().isoformat()}"
    plan = Plan(
        key=key,
        kind=kind,
        message_id=message_id(key, domain=domain),
        subscriber_id=subscriber.id,
        planned_at=now,
        due_at=now,
        expires_at=now + NOTICE_LIFE,
    )
    return tx.deliveries.plan([plan]) > 0


# --- staying and leaving ------------------------------------------------------------------


def find(tx: Transaction, public_id: str) -> Subscriber:
    """Return the subscriber whom a link names; raise `NotFound`."""
    subscriber = tx.subscribers.by_public_id(public_id)
    if subscriber is None:
        raise NotFound("There is no such subscription: it may have been erased.")
    return subscriber


def edit(tx: Transaction, public_id: str, preferences: Preferences, *, now: datetime) -> Subscriber:
    """Replace what a subscriber has chosen; raise `NotFound`."""
    subscriber = find(tx, public_id)
    tx.subscribers.edit(subscriber.id, **preferences.columns())
    tx.subscribers.set_interests(subscriber.id, preferences.interests, now)
    return find(tx, public_id)


def pause(
    tx: Transaction, public_id: str, *, until: date | None = None, now: datetime
) -> Subscriber:
    """Send nothing until that day, or until they resume.

    Raise `NotFound`, or `InvalidInput` for a day that has come and for who is not confirmed.
    """
    subscriber = find(tx, public_id)
    if until is not None and until <= now.date():
        raise InvalidInput("Please choose a day to come.")
    if subscriber.status not in (SubscriberStatus.CONFIRMED, SubscriberStatus.PAUSED):
        raise InvalidInput("Only a confirmed subscription can be paused.")
    tx.subscribers.edit(subscriber.id, status=SubscriberStatus.PAUSED, paused_until=until)
    return find(tx, public_id)


def resume(tx: Transaction, public_id: str) -> Subscriber:
    """End a pause; raise `NotFound`, or `InvalidInput` where there is nothing to resume."""
    subscriber = find(tx, public_id)
    if subscriber.status not in (SubscriberStatus.CONFIRMED, SubscriberStatus.PAUSED):
        raise InvalidInput("Only a paused subscription can be resumed: please sign up again.")
    tx.subscribers.edit(subscriber.id, status=SubscriberStatus.CONFIRMED, paused_until=None)
    return find(tx, public_id)


def unsubscribe(
    tx: Transaction, public_id: str, *, now: datetime, goodbye: str | None = None
) -> Subscriber:
    """Stop all digests, those planned already too; raise `NotFound`.

    With `goodbye`, the domain of its Message-ID, a last mail says so and shows the way back:
    for people who did it on the page, not for RFC 8058's one click.
    """
    subscriber = find(tx, public_id)
    if subscriber.status is SubscriberStatus.UNSUBSCRIBED:
        return subscriber
    tx.subscribers.edit(
        subscriber.id,
        status=SubscriberStatus.UNSUBSCRIBED,
        unsubscribed_at=now,
        paused_until=None,
    )
    if goodbye is not None and subscriber.confirmed_at is not None:
        _notify(tx, subscriber, DeliveryKind.GOODBYE, now=now, domain=goodbye)
    return find(tx, public_id)


def erase(tx: Transaction, public_id: str, *, now: datetime, hash_email: HashEmail) -> None:
    """Forget a subscriber but for a keyed hash that keeps imports from mailing them again.

    Raise `NotFound`. A suppression for another reason than their wish stays as it is.
    """
    subscriber = find(tx, public_id)
    email_hash = hash_email(subscriber.email)
    if tx.suppressions.reason(email_hash) in (None, *OWN_WISH):
        tx.suppressions.add(email_hash, SuppressionReason.ERASED, now=now)
    tx.subscribers.erase(subscriber.id)
