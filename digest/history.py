"""The digests of a site, each as things stood when it was planned."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from itertools import groupby

from digest.config import RankingSettings
from digest.evaluation.interleave import Shared
from digest.evaluation.replay import Moment, Occasion
from digest.model import Candidate, Feedback, InterestKind, Opinion, SentDigest
from digest.rank import BACKGROUND, LIKED, Reach, expecting, is_still_trending
from digest.rank.readers import libraries_of, profile_of
from digest.ranking import Phrases
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

    Those of a day and of a week stand by themselves, for they look at other papers. Each reader
    is known by the opinions that they had given by then, and by the interests that they have now:
    earlier ones are not kept, and of opinions only the last on each paper. `only` is the id of one
    subscriber; without it all are asked about.
    """
    with store.read() as tx:
        digests = [
            one
            for one in tx.deliveries.answered(since=since, until=until)
            if only is None or one.subscriber_id == only
        ]
        opinions = tx.feedback.of_many({one.subscriber_id for one in digests})
    digests.sort(key=lambda one: (one.planned_at, one.cadence))
    learned_at, model = datetime.min.replace(tzinfo=UTC), None
    for (at, cadence), some in groupby(digests, key=lambda one: (one.planned_at, one.cadence)):
        reach = Reach.of(cadence, at, days=settings.trending_days)
        with store.read() as tx:
            candidates = reach.candidates(tx)
            occasions = list(_occasions(tx, list(some), reach, candidates, opinions, settings))
            if not occasions:
                continue
            background = tx.papers.recent(BACKGROUND, until=at)
            libraries = libraries_of(tx, papers_at_most=LIKED, until=at)
        # As it was: what is expected is learned once a day.
        if at - learned_at >= expecting.EVERY:
            learned_at, model = at, expecting.model_of(store, at)
        candidates = expecting.expected_by(model, candidates, Phrases())
        yield Moment(at, candidates, background, occasions, libraries)


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


def _occasions(
    tx: Transaction,
    digests: Sequence[SentDigest],
    reach: Reach,
    candidates: Sequence[Candidate],
    opinions: Mapping[int, Sequence[Feedback]],
    settings: RankingSettings,
) -> Iterator[Occasion]:
    """Yield the digests of which their readers said something, as they stood.

    One could hold what was sent, what was listed since its reader was last thought of, and what
    was still trending and not shown to them.
    """
    at = reach.closes_at
    readers = [one.subscriber_id for one in digests]
    listed = {one.paper.key: one.listed_at for one in candidates}
    hot = {one.paper.key for one in candidates if is_still_trending(one)}
    since = tx.digests.considered_until(readers, after=reach.opens_at, before=at)
    shown = tx.digests.shown(readers, hot, after=reach.opens_at, before=at)
    for one in digests:
        reader = one.subscriber_id
        after = since.get(reader, reach.begins_at)
        sent = tuple(pick.paper.key for pick in tx.deliveries.picks(one.delivery_id))
        fresh = {key for key, listed_at in listed.items() if listed_at > after}
        could = (fresh | hot) - shown.get(reader, set()) | listed.keys() & sent
        subscriber = tx.subscribers.by_id(reader)
        answers = [
            said for said in opinions[reader] if said.given_at > at and said.paper_key in could
        ]
        if subscriber is None or not answers:
            continue
        before = [said for said in opinions[reader] if said.given_at <= at]
        seeds = [each.value for each in subscriber.interests if each.kind is InterestKind.SEED]
        papers = tx.papers.many([*(said.paper_key for said in before), *seeds])
        yield Occasion(
            reader=reader,
            profile=profile_of(subscriber, before, papers, settings=settings),
            sent=sent,
            open=frozenset(could),
            more=frozenset(said.paper_key for said in answers if said.opinion is Opinion.MORE),
            less=frozenset(said.paper_key for said in answers if said.opinion is Opinion.LESS),
        )
