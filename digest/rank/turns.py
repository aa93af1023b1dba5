"""Whose turn it is: which edition of a rhythm is due, if one is; pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from digest.config import Schedule
from digest.due import due_at, edition_due, is_edition_day, local_date
from digest.model import Cadence, Rhythm, Subscriber


@dataclass(frozen=True, slots=True)
class Turn:
    """An edition that is due, and from when to when it may leave."""

    cadence: Cadence
    date: date
    due_at: datetime
    expires_at: datetime

    def key(self, subscriber: Subscriber) -> str:
        """Return the key of a delivery: one per edition and subscriber."""
        return f"digest:{self.cadence}-{self.date.isoformat()}:{subscriber.public_id}"


def is_awake(
    rhythm: Rhythm, paused_until: date, schedule: Schedule, *, now: datetime, force: bool
) -> bool:
    """Say whether the day has come until which somebody pauses, by their own clock.

    It comes at their hour: before it, the edition of a day of the pause may still be due.
    """
    timezone = rhythm.timezone or schedule.timezone
    hour = schedule.default_hour if rhythm.hour is None else rhythm.hour
    has_begun = paused_until <= local_date(now, timezone)
    return has_begun and (force or due_at(paused_until, hour, timezone) <= now)


def turn_of(
    rhythm: Rhythm,
    schedule: Schedule,
    *,
    now: datetime,
    date: date | None = None,
    force: bool = False,
) -> Turn | None:
    """Decide which edition is due for those who share a rhythm, if one is.

    An edition that is asked for by its date although its time has passed may leave from now on.
    """
    hour = schedule.default_hour if rhythm.hour is None else rhythm.hour
    timezone = rhythm.timezone or schedule.timezone
    life = timedelta(hours=schedule.expire_after_hours)
    if date is None and not force:
        day = edition_due(
            rhythm.cadence,
            hour=hour,
            timezone=timezone,
            weekly_day=schedule.weekly_day,
            now=now,
            life=life,
            catch_up=schedule.catch_up,
        )
    else:
        day = date or local_date(now, timezone)
        if not is_edition_day(rhythm.cadence, day, weekly_day=schedule.weekly_day):
            return None
        if not force and due_at(day, hour, timezone) > now:
            return None
    if day is None:
        return None
    due = due_at(day, hour, timezone)
    if due > now or due + life <= now:
        due = now
    return Turn(rhythm.cadence, day, due, due + life)
