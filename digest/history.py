"""The digests of a site, each as things stood when it was planned."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from itertools import groupby

from digest.config import RankingSettings
from digest.evaluation.interleave import Shared
from digest.evaluation.replay import Moment, Occasion
from digest.model import Candidate, Feedback, InterestKind, Opinion, SentDigest
from digest.rank import BACKGROUND
from digest.rank.attention import candidates_of
from digest.rank.readers import profile_of
from digest.store import Store, Transaction


def moments(
    store: Store,
    *,
    settings: RankingSettings,
    since: datetime,
    until: datetime,
    only: int | None = None,
) -> Iterator[Moment]:
    """Yield when digests were planned, oldest first, with those that their readers answered.

    Each reader is known by the opinions that they had given by then, and by the interests that
    they have now: earlier ones are not kept, and of opinions only the last on each paper. `only`
    is the id of one subscriber; without it all are asked about.
    """
    with store.read() as tx:
        digests = [
            one
            for one in tx.deliveries.answered(since=since, until=until)
            if only is None or one.subscriber_id == only
        ]
        opinions = tx.feedback.of_many({one.subscriber_id for one in digests})
    considered: dict[int, datetime] = {}
    for at, some in groupby(digests, key=lambda one: one.planned_at):
        with store.read() as tx:
            candidates = candidates_of(tx, at - timedelta(days=settings.trending_days), at)
            occasions = []
            for one in some:
                reader = one.subscriber_id
                after = considered.get(reader, since)
                said = opinions[reader]
                occasions.append(_occasion(tx, one, candidates, said, settings, after=after))
                considered[reader] = at
            background = tx.papers.recent(BACKGROUND, until=at)
        answered = [one for one in occasions if one is not None]
        if answered:
            yield Moment(at, candidates, background, answered)


def shared(
    store: Store, *, since: datetime, until: datetime
) -> dict[tuple[str, str], list[Shared]]:
    """Return the digests that two rankers shared and their readers answered, by the rankers."""
    found: defaultdict[tuple[str, str], list[Shared]] = defaultdict(list)
    with store.read() as tx:
        digests = tx.deliveries.answered(since=since, until=until)
        opinions = tx.feedback.of_many({one.subscriber_id for one in digests})
        for one in digests:
            draft = one.facts.get("draft")
            if draft is None:
                continue
            keys = [pick.paper.key for pick in tx.deliveries.picks(one.delivery_id)]
            said = {
                opinion: frozenset(
                    each.paper_key
                    for each in opinions[one.subscriber_id]
                    if each.opinion is opinion and each.given_at > one.planned_at
                ).intersection(keys)
                for opinion in Opinion
            }
            if any(said.values()):
                first, second = draft["rankers"]
                drafted = sorted(zip(draft["turns"], keys, draft["teams"], strict=True))
                teams = {key: team for _, key, team in drafted}
                found[first, second].append(
                    Shared(one.subscriber_id, teams, said[Opinion.MORE], said[Opinion.LESS])
                )
    return dict(found)


def _occasion(
    tx: Transaction,
    digest: SentDigest,
    candidates: Sequence[Candidate],
    said: Sequence[Feedback],
    settings: RankingSettings,
    *,
    after: datetime,
) -> Occasion | None:
    """Return a digest as it stood; `None` where its reader said nothing of what it could hold.

    That is what was listed after `after`, when they were last thought of, and what was sent.
    """
    subscriber = tx.subscribers.by_id(digest.subscriber_id)
    sent = tuple(pick.paper.key for pick in tx.deliveries.picks(digest.delivery_id))
    could = frozenset(
        one.paper.key for one in candidates if one.listed_at > after or one.paper.key in sent
    )
    answers = [one for one in said if one.given_at > digest.planned_at and one.paper_key in could]
    if subscriber is None or not answers:
        return None
    before = [one for one in said if one.given_at <= digest.planned_at]
    seeds = [one.value for one in subscriber.interests if one.kind is InterestKind.SEED]
    papers = tx.papers.many([*(one.paper_key for one in before), *seeds])
    return Occasion(
        reader=subscriber.id,
        profile=profile_of(subscriber, before, papers, settings=settings),
        sent=sent,
        open=could,
        more=frozenset(one.paper_key for one in answers if one.opinion is Opinion.MORE),
        less=frozenset(one.paper_key for one in answers if one.opinion is Opinion.LESS),
    )
