"""Papers x readers -> the deliveries that are to be written; pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import blake2b
from itertools import chain
from typing import Any

import numpy as np
import numpy.typing as npt

from digest.config import RankingSettings
from digest.model import (
    DeliveryKind,
    Pick,
    Plan,
    Profile,
    SkipReason,
    Subscriber,
)
from digest.ports import MUTED, Scores
from digest.rank.drafts import Drafted, draft
from digest.rank.pool import Pool
from digest.rank.surprise import surprised
from digest.rank.turns import Turn
from digest.ranking import blend_of, choose, leading_of, reaching


@dataclass(frozen=True, slots=True)
class Reader:
    """A subscriber whose turn it is, and what is known of them.

    `since` is when their papers were last considered, `shown` are those of the hot papers that
    they have had: what was listed since then they cannot have had.
    """

    subscriber: Subscriber
    profile: Profile
    since: datetime
    shown: frozenset[str]


def plans_for(
    pool: Pool,
    turn: Turn,
    readers: Sequence[Reader],
    *,
    edition_id: int | None,
    settings: RankingSettings,
    domain: str,
) -> list[Plan]:
    """Decide what each reader gets: the same, whomever they are planned with.

    With a sentence model scores may differ by some 1e-7 with those who are planned together.

    Papers that were listed since their last digest count, and older ones of the pool that are
    trending now; never one that the reader was shown before. Where two rankers are compared,
    nobody is surprised.
    """
    profiles = [reader.profile for reader in readers]
    scored = [ranking.score(profiles) for ranking in pool.rankings]
    counts = counted(pool, readers, scored)
    keys = [turn.key(reader.subscriber) for reader in readers]
    most = [reader.subscriber.max_papers or settings.max_papers for reader in readers]
    lists = [chosen_by(pool, one, counts, most=most, settings=settings) for one in scored]
    scores, chosen = scored[0], lists[0]
    teams: list[dict[int, int]] = []
    if len(scored) > 1:
        teams = [
            draft(mine, theirs, number, pool.likeness, key=key)
            for mine, theirs, number, key in zip(*lists, most, keys, strict=True)
        ]
        scores, chosen = Drafted(scored, teams), [list(each) for each in teams]
    strange: list[list[int]] = [[] for _ in readers]
    if settings.surprise and not teams:
        strange = surprised(
            pool,
            scores,
            counts,
            chosen,
            profiles=profiles,
            keys=keys,
            most=most,
            number=settings.surprise,
        )
        chosen = [
            [*mine[: limit - len(others)], *others]
            for mine, others, limit in zip(chosen, strange, most, strict=True)
        ]
    by_attention = blend_of(scores).by_attention.copy()
    for row, others in enumerate(strange):
        by_attention[row, others] = True
    arranged = list(pool.arranger.arrange(chosen, profiles, by_attention))
    drafts: list[dict[str, Any]] = [{} for _ in readers]
    if teams:
        names = [settings.ranker, settings.interleave]
        drafts = [
            {"draft": {"rankers": names, **_drafted(team, one.columns)}}
            for team, one in zip(teams, arranged, strict=True)
        ]
    numbers = counts.sum(axis=1).tolist()
    picks = _picks(pool, scores, [one.columns for one in arranged], strange)
    plans = []
    for reader, key, papers, one, picked, drafted in zip(
        readers, keys, numbers, arranged, picks, drafts, strict=True
    ):
        plans.append(
            Plan(
                key=key,
                kind=DeliveryKind.DIGEST,
                message_id=message_id(key, domain=domain),
                subscriber_id=reader.subscriber.id,
                planned_at=pool.closes_at,
                due_at=turn.due_at,
                edition_id=edition_id,
                expires_at=turn.expires_at,
                reason=None if picked else _why_none(reader.profile, papers=papers),
                facts={
                    "papers": papers,
                    "sources": list(pool.sources),
                    "notes": list(pool.notes),
                    "sections": one.sections,
                    "about": one.about,
                    **({"topics": list(pool.topics)} if pool.topics else {}),
                    **drafted,
                },
                picks=picked,
            )
        )
    return plans


def counted(
    pool: Pool, readers: Sequence[Reader], scored: Sequence[Scores]
) -> npt.NDArray[np.bool_]:
    """Say which candidates (columns) count for which readers (rows): none that is muted."""
    since = np.array([reader.since.timestamp() for reader in readers])
    found: npt.NDArray[np.bool_] = (pool.listed_at > since[:, None]) | pool.hot
    for row, reader in enumerate(readers):
        for key in reader.shown:
            if key in pool.columns:
                found[row, pool.columns[key]] = False
    for one in scored:
        found &= one.score > MUTED
    return found


def chosen_by(
    pool: Pool,
    scores: Scores,
    counts: npt.NDArray[np.bool_],
    *,
    most: Sequence[int],
    settings: RankingSettings,
) -> list[list[int]]:
    """Return what one ranker chooses of the candidates that count, for each reader in its order."""
    return choose(
        np.where(counts, reaching(scores, settings.min_score), np.float32(MUTED)),
        pool.likeness,
        max_papers=most,
        diversity=settings.diversity,
        leading=leading_of(scores),
    )


def _picks(
    pool: Pool,
    scores: Scores,
    chosen: Sequence[Sequence[int]],
    strange: Sequence[Sequence[int]],
) -> Iterator[tuple[Pick, ...]]:
    """Yield the picks of each reader; those that are strange to them say that they are."""
    rows = np.repeat(np.arange(len(chosen)), [len(columns) for columns in chosen])
    columns = np.fromiter(chain.from_iterable(chosen), np.int64, len(rows))
    # Six digits order any digest, and are half as long in the database.
    figures = zip(
        *(
            np.round(values.astype(np.float64), 6).tolist()
            for values in (
                scores.score[rows, columns],
                scores.relevance[rows, columns],
                pool.ranking.trending[columns],
            )
        ),
        strict=True,
    )
    for row, places in enumerate(chosen):
        picked = []
        for position, column in enumerate(places, start=1):
            score, relevance, trending = next(figures)
            reason = scores.reason(row, column)
            picked.append(
                Pick(
                    paper=pool.candidates[column].paper,
                    position=position,
                    score=score,
                    relevance=relevance,
                    trending=trending,
                    reason=pool.phrases.surprise(reason) if column in strange[row] else reason,
                    figures=pool.figures[column],
                )
            )
        yield tuple(picked)


def _drafted(teams: Mapping[int, int], columns: Sequence[int]) -> dict[str, list[int]]:
    """Return the team of each paper of a digest, and at which turn it was drafted."""
    turns = {column: turn for turn, column in enumerate(teams, start=1)}
    return {
        "teams": [teams[column] for column in columns],
        "turns": [turns[column] for column in columns],
    }


def _why_none(profile: Profile, *, papers: int) -> SkipReason:
    if not papers:
        return SkipReason.NO_PAPERS
    if not profile.has_interests:
        return SkipReason.NO_INTERESTS
    return SkipReason.NO_MATCH


def message_id(key: str, *, domain: str) -> str:
    """Return the Message-ID of a delivery: the same for the same key, for ever.

    A database that is restored from yesterday's backup names the same messages again, so that
    mailboxes can fold the copies (RFC 5322 section 3.6.4).
    """
    return f"<{blake2b(key.encode(), digest_size=16).hexdigest()}@{domain}>"
