"""Who gets mail: sign-up, confirmation, preferences, pause, leaving, erasure.

    sign_up --> unconfirmed --confirm--> confirmed <--pause, resume--> paused
                                          ^     |                        |
                        rejoin, or sign_up|     `----> unsubscribed <----'
                               and confirm`-----------------'

What somebody chose who left stays as it is until they confirm that they come back: anybody may
type their address.
Nobody gets a digest before they have confirmed, and one address gets at most one request to do
so a day, whoever types it in. Every function acts within the caller's transaction and may be
called twice: the second call changes nothing and mails nothing.
"""

from __future__ import annotations

from digest.subscriptions.export import all_about
from digest.subscriptions.members import (
    CONSENT_WORDING,
    HashEmail,
    SignedUp,
    SignUp,
    add_confirmed,
    asking,
    confirm,
    edit,
    erase,
    find,
    pause,
    rejoin,
    remind,
    renew_feed,
    resume,
    send_link,
    sign_up,
    start_afresh,
    still_asks,
    unsubscribe,
)
from digest.subscriptions.wishes import (
    LONGEST_TEXT,
    MOST_INTERESTS,
    Preferences,
    mute_said,
    parse_category,
    parse_email,
    parse_interests,
    parse_name,
    parse_paper,
    parse_timezone,
    timezones,
)

__all__ = [
    "CONSENT_WORDING",
    "LONGEST_TEXT",
    "MOST_INTERESTS",
    "HashEmail",
    "Preferences",
    "SignUp",
    "SignedUp",
    "add_confirmed",
    "all_about",
    "asking",
    "confirm",
    "edit",
    "erase",
    "find",
    "mute_said",
    "parse_category",
    "parse_email",
    "parse_interests",
    "parse_name",
    "parse_paper",
    "parse_timezone",
    "pause",
    "rejoin",
    "remind",
    "renew_feed",
    "resume",
    "send_link",
    "sign_up",
    "start_afresh",
    "still_asks",
    "timezones",
    "unsubscribe",
]
