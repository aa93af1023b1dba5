"""The steps from sign-up to erasure; see the package for the picture."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Any, NamedTuple

from digest.due import local_date
from digest.errors import InvalidInput, NotFound
from digest.model import (
    MAY_ASK,
    DeliveryKind,
    Plan,
    Subscriber,
    SubscriberStatus,
    SuppressionReason,
)
from digest.rank import message_id
from digest.store import Transaction
from digest.subscriptions.wishes import Preferences

# What people agree to: the form shows it beside its button, and each consent record keeps it.
CONSENT_WORDING = (
    "Send the digest to this address until I say stop, with one click in any mail. "
    "One mail asks whether it was me; without an answer nothing else follows, and "
    "the address is deleted."
)

# A request to confirm, a welcome or a goodbye that could not leave for a day is of no use.
NOTICE_LIFE = timedelta(hours=24)

HashEmail = Callable[[str], str]
"""How a suppression names an address: `Signer.hash_email`."""


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
    ends the Message-ID. What somebody who has never confirmed chose before is replaced; of
    somebody who left nothing changes before they confirm.
    """
    if tx.suppressions.reason(hash_email(email)) not in MAY_ASK:
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
    consent = {"asked_at": now.isoformat(), "asked_from": origin, "wording": CONSENT_WORDING}
    if subscriber.confirmed_at is not None:
        wish = {"consent": consent, "preferences": preferences.document()}
        tx.subscribers.edit(subscriber.id, wish=wish)
    else:
        if subscriber.status is SubscriberStatus.UNSUBSCRIBED:
            # Their wish to be left alone outlives a sign-up that nobody confirms.
            tx.suppressions.add(hash_email(email), SuppressionReason.UNSUBSCRIBE, now=now)
        tx.subscribers.edit(
            subscriber.id,
            status=SubscriberStatus.UNCONFIRMED,
            created_at=now,
            consent=consent,
            **preferences.columns(),
        )
        tx.subscribers.set_interests(subscriber.id, preferences.interests, now)
    facts = {"cadence": preferences.cadence}
    asked = _notify(tx, subscriber, DeliveryKind.CONFIRM, now=now, domain=domain, facts=facts)
    return SignedUp(SignUp.ASKED if asked else SignUp.WAITING, find(tx, subscriber.public_id))


def remind(tx: Transaction, member: Subscriber, *, now: datetime, domain: str) -> None:
    """Write the mail that tells a member of a sign-up with their address, at most one a day.

    So the page need not tell who is a member, and somebody who has lost the links has them again.
    """
    _notify(tx, member, DeliveryKind.NOTICE, now=now, domain=domain)


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
        way = "they may sign up again themselves" if reason in MAY_ASK else "nothing is sent there"
        raise InvalidInput(f"{email} is suppressed ({reason}): {way}.")
    return subscriber


def asking(subscriber: Subscriber) -> Subscriber | None:
    """Return somebody as they would be let in by confirming, `None` where nothing is asked.

    Who comes back and names no interests has those of before.
    """
    if subscriber.status is SubscriberStatus.UNCONFIRMED:
        return subscriber
    if subscriber.wish is None:
        return None
    wanted = Preferences.read(subscriber.wish["preferences"])
    return replace(
        subscriber,
        **wanted.columns(),
        interests=wanted.interests or subscriber.interests,
        consent=subscriber.wish["consent"],
    )


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
    asked = asking(subscriber)
    if asked is None:
        return subscriber
    let_in = _let_in(tx, asked, origin=origin, now=now, hash_email=hash_email)
    if subscriber.wish is not None:
        let_in = edit(tx, public_id, Preferences.of(asked), now=now)
    facts = {"interests": len(asked.interests)}
    _notify(tx, let_in, DeliveryKind.WELCOME, now=now, domain=domain, facts=facts)
    return let_in


def still_asks(tx: Transaction, subscriber: Subscriber, made_at: datetime) -> bool:
    """Say whether a link to confirm that was made then is that of the latest request.

    A sign-up that sends no mail leaves the link that is under way alone, and brings none back
    that has been used: somebody else may have made it.
    """
    asked = tx.deliveries.last(subscriber.id, DeliveryKind.CONFIRM)
    # Tokens count whole seconds.
    if asked is None or made_at < asked.date.replace(microsecond=0):
        return False
    return subscriber.confirmed_at is None or made_at > subscriber.confirmed_at


def rejoin(
    tx: Transaction,
    public_id: str,
    *,
    origin: str,
    now: datetime,
    hash_email: HashEmail,
) -> Subscriber:
    """Take back an unsubscription; raise `NotFound`, or `InvalidInput` for barred addresses.

    Only for people who have shown that the mailbox is theirs, by a link out of their mail.
    """
    subscriber = find(tx, public_id)
    if subscriber.status is not SubscriberStatus.UNSUBSCRIBED or subscriber.confirmed_at is None:
        return subscriber
    return _let_in(tx, subscriber, origin=origin, now=now, hash_email=hash_email)


def _let_in(
    tx: Transaction,
    subscriber: Subscriber,
    *,
    origin: str,
    now: datetime,
    hash_email: HashEmail,
) -> Subscriber:
    if tx.suppressions.of(subscriber.id) not in MAY_ASK:
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
        wish=None,
    )
    return find(tx, subscriber.public_id)


def _notify(
    tx: Transaction,
    subscriber: Subscriber,
    kind: DeliveryKind,
    *,
    now: datetime,
    domain: str,
    facts: Mapping[str, Any] | None = None,
) -> bool:
    """Write a mail of that kind, at most one a day; say whether it was.

    Who has confirmed and left since may ask once more on the same day: that link is used.
    """
    key = f"{kind}:{subscriber.public_id}:{now.date().isoformat()}"
    if kind is DeliveryKind.CONFIRM and subscriber.confirmed_at is not None:
        key += f":{int(subscriber.confirmed_at.timestamp())}"
    plan = Plan(
        key=key,
        kind=kind,
        message_id=message_id(key, domain=domain),
        subscriber_id=subscriber.id,
        planned_at=now,
        due_at=now,
        expires_at=now + NOTICE_LIFE,
        facts=facts or {},
    )
    return bool(tx.deliveries.plan([plan]))


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
    tx: Transaction, public_id: str, *, until: date | None = None, now: datetime, timezone: str
) -> Subscriber:
    """Send nothing until that day, or until they resume; `timezone` is that of the site.

    Raise `NotFound`, or `InvalidInput` for a day that has come where they are and for who is not
    confirmed.
    """
    subscriber = find(tx, public_id)
    if until is not None and until <= local_date(now, subscriber.timezone or timezone):
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


def renew_feed(tx: Transaction, public_id: str, *, now: datetime) -> Subscriber:
    """Make all links to a subscriber's own feed worth nothing that are older; raise `NotFound`."""
    subscriber = find(tx, public_id)
    # Tokens count whole seconds: one of this very second is old, too.
    since = now.replace(microsecond=0) + timedelta(seconds=1)
    tx.subscribers.edit(subscriber.id, feed_since=since)
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
        if subscriber.wish is not None:
            tx.subscribers.edit(subscriber.id, wish=None)
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


def send_link(
    tx: Transaction, email: str, *, now: datetime, domain: str, hash_email: HashEmail
) -> bool:
    """Write the mail with the link to the preferences of whoever has that address.

    Somebody who has not confirmed yet gets the request to do so again. At most one of either a
    day; say whether one was written, which no page may tell.
    """
    subscriber = tx.subscribers.by_email(email)
    reason = tx.suppressions.reason(hash_email(email))
    if subscriber is None or reason not in MAY_ASK:
        return False
    pending = subscriber.status is SubscriberStatus.UNCONFIRMED
    kind = DeliveryKind.CONFIRM if pending else DeliveryKind.LINK
    return _notify(tx, subscriber, kind, now=now, domain=domain)


def start_afresh(tx: Transaction, public_id: str, *, now: datetime) -> Subscriber:
    """Forget the interests and the feedback, keep the rest; raise `NotFound`."""
    subscriber = find(tx, public_id)
    tx.subscribers.set_interests(subscriber.id, (), now)
    tx.feedback.forget(subscriber.id)
    return find(tx, public_id)


def erase(tx: Transaction, public_id: str, *, now: datetime, hash_email: HashEmail) -> None:
    """Forget a subscriber but for a keyed hash that keeps imports from mailing them again.

    Raise `NotFound`. A suppression for another reason than their wish stays as it is.
    """
    subscriber = find(tx, public_id)
    email_hash = hash_email(subscriber.email)
    if tx.suppressions.reason(email_hash) in MAY_ASK:
        tx.suppressions.add(email_hash, SuppressionReason.ERASED, now=now)
    tx.subscribers.erase(subscriber.id)
