"""What somebody would have got today, before they have signed up for anything."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from threading import Lock
from typing import Any

from digest.app import App
from digest.due import local_date
from digest.model import Feedback, InterestKind, SkipReason, Subscriber, SubscriberStatus
from digest.rank import Pool, Turn, is_still_trending, plans_for
from digest.rank.attention import candidates_of
from digest.rank.plans import Reader
from digest.rank.readers import profile_of
from digest.subscriptions import Preferences
from digest.web.limits import Limits
from digest.web.views import paper_view

log = logging.getLogger(__name__)

# A digest of one day: what was listed within this time of the newest paper.
DAY = timedelta(hours=24)

# What a request may cost: the newest papers of the day, and as many as a page can show.
MOST_CANDIDATES = 600
MOST_SHOWN = 12
KEEP = timedelta(minutes=10)

SAID = {
    SkipReason.NO_PAPERS: "There are no new papers today.",
    SkipReason.NO_INTERESTS: "Nothing is trending today, and you have named no interests yet.",
    SkipReason.NO_MATCH: "None of today's papers matches. Broader keywords, or a category, "
    "find more; on a day like this there is no mail.",
}


@dataclass(frozen=True, slots=True)
class Sample:
    """The papers of one reader's day, the best first, or why there are none."""

    day: date
    papers: tuple[dict[str, Any], ...]
    total: int
    why_none: str = ""


@dataclass
class Sampler:
    """Today's papers, ready to be ranked for anybody; prepared at most every ten minutes.

    Thread-safe. Nothing is written, and nothing of whoever asks is kept.
    """

    app: App
    limits: Limits = field(default_factory=lambda: Limits.hourly(60, 300, 5000))
    _pool: Pool | None = None
    _known: tuple[datetime | None, int] = (None, 0)
    _made_at: datetime | None = None
    _lock: Lock = field(default_factory=Lock)

    def sample(
        self, wanted: Preferences, opinions: Sequence[Feedback] = (), *, asked_by: str
    ) -> Sample | None:
        """Rank today's papers for these preferences; `None` where a visitor has asked too often.

        Seeds and opinions count where their papers are known.
        """
        app, ranking = self.app, self.app.settings.ranking
        now = app.clock.now()
        if not self.limits.allow(asked_by, now):
            return None
        pool = self._todays(now)
        if pool is None:
            today = local_date(now, app.settings.schedule.timezone)
            return Sample(today, (), 0, SAID[SkipReason.NO_PAPERS])
        most = min(wanted.max_papers or ranking.max_papers, MOST_SHOWN)
        reader = _nobody(replace(wanted, max_papers=most))
        keys = [one.value for one in wanted.interests if one.kind is InterestKind.SEED]
        with app.store.read() as tx:
            papers = tx.papers.many([*keys, *(said.paper_key for said in opinions)])
        profile = profile_of(reader, opinions, papers, settings=ranking)
        day = local_date(pool.opens_at + DAY, wanted.timezone or app.settings.schedule.timezone)
        (plan,) = plans_for(
            pool,
            Turn(wanted.cadence, day, pool.closes_at, pool.closes_at),
            [Reader(reader, profile, since=pool.opens_at, shown=frozenset())],
            edition_id=None,
            settings=ranking,
            domain=app.domain,
        )
        shown = tuple(
            {
                "title": pick.paper.title,
                "url": paper_view(pick.paper)["url"],
                "authors": pick.paper.authors,
                "reason": pick.reason,
            }
            for pick in plan.picks
        )
        return Sample(day, shown, len(pool.candidates), SAID[plan.reason] if plan.reason else "")

    def glimpse(self, wanted: Preferences, *, asked_by: str) -> Sample | None:
        """Return the same for a page that is about something else: `None` also where it fails."""
        try:
            return self.sample(wanted, asked_by=asked_by)
        except Exception as error:  # a ranker may be somebody else's
            log.warning("there is no preview: %s", type(error).__name__)
            return None

    def _todays(self, now: datetime) -> Pool | None:
        with self.app.store.read() as tx:
            known = (tx.papers.newest_listed_at(until=now), tx.papers.count())
        if known[0] is None:
            return None
        with self._lock:
            fresh = self._made_at is not None and now - self._made_at < KEEP
            if self._pool is None or not fresh or known != self._known:
                self._pool = self._open(known[0], now)
                self._known, self._made_at = known, now
            return self._pool

    def _open(self, newest: datetime, now: datetime) -> Pool:
        since = newest - timedelta(days=self.app.settings.ranking.trending_days)
        with self.app.store.read() as tx:
            listed = candidates_of(tx, since, now)
        todays = [one for one in listed if one.listed_at > newest - DAY]
        hot = [one for one in listed if one.listed_at <= newest - DAY and is_still_trending(one)]
        return Pool(
            self.app.ranker,
            [*todays[:MOST_CANDIDATES], *hot],
            background=(),
            sources=(),
            opens_at=newest - DAY,
            begins_at=newest - DAY,
            closes_at=now,
            phrases=self.app.phrases,
        )


def _nobody(wanted: Preferences) -> Subscriber:
    """Return a reader who has these preferences and no name, address or place in the database."""
    return Subscriber(
        id=0,
        public_id="",
        email="",
        status=SubscriberStatus.UNCONFIRMED,
        cadence=wanted.cadence,
        timezone=wanted.timezone,
        max_papers=wanted.max_papers,
        trending_weight=wanted.trending_weight,
        interests=wanted.interests,
    )
