"""Why one reader gets these papers and not those: the arithmetic, and what became of it; pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from digest.config import RankingSettings
from digest.model import Explanation, Paper, Plan
from digest.ports import MUTED, ExplainedScores, Scores
from digest.rank.drafts import AlignedScores
from digest.rank.plans import Reader, counted
from digest.rank.pool import Pool
from digest.ranking import CROWDING, beyond_usual, blend_of, leading_of


@dataclass(frozen=True, slots=True)
class Look:
    """One paper as it stands for one reader.

    `position` is its place in the digest, or `None` with a `verdict` that says why it has none.
    The place goes by `worth = score * (1 - diversity * likeness) * (1 - crowding * share)`, where
    likeness is the largest one to a paper above it, beyond the usual, and share is what papers
    above it have of the digest that owe it to the same interest. `ranker` is the one that drafted
    it; `explanation` is `None` where that one cannot show its arithmetic.
    """

    paper: Paper
    position: int | None
    verdict: str
    ranker: str
    score: float
    reason: str
    likeness: float
    diversity: float
    share: float
    crowding: float
    worth: float
    explanation: Explanation | None


def look_at(
    pool: Pool,
    reader: Reader,
    plan: Plan,
    *,
    settings: RankingSettings,
    besides: Iterable[str] = (),
) -> list[Look]:
    """Look at the picks of a plan, in their order, and at other papers of the pool by their keys.

    Raise `KeyError` for a paper that is not in the pool.
    """
    scored = [ranking.score([reader.profile]) for ranking in pool.rankings]
    teams = plan.facts.get("draft", {}).get("teams") or [0] * len(plan.picks)
    names = [settings.ranker, settings.interleave]
    most = reader.subscriber.max_papers or settings.max_papers
    chosen = [pool.columns[pick.paper.key] for pick in plan.picks]

    def look(
        column: int, above: Sequence[int], team: int, verdict: str = "", reason: str = ""
    ) -> Look:
        scores = scored[team]
        score = float(scores.score[0, column])
        alike = float(
            beyond_usual(pool.likeness.of(np.array(above, np.int64), column)).max(initial=0.0)
        )
        share = _share(scores, column, above) / most
        return Look(
            paper=pool.candidates[column].paper,
            position=None if verdict else len(above) + 1,
            verdict=verdict,
            ranker=names[team],
            score=score,
            reason=reason or scores.reason(0, column),
            likeness=alike,
            diversity=settings.diversity,
            share=share,
            crowding=CROWDING,
            worth=score * (1 - settings.diversity * alike) * (1 - CROWDING * share),
            explanation=_explained(scores, 0, column),
        )

    looks = [
        # A surprise says that it is one: that is known of the plan alone.
        look(column, chosen[:place], team, reason=pick.reason)
        for place, (column, team, pick) in enumerate(zip(chosen, teams, plan.picks, strict=True))
    ]
    inside = counted(pool, [reader])[0]
    for key in dict.fromkeys(besides):
        column = pool.columns[key]
        if column not in chosen:
            verdict = _why_not(
                pool, reader, scored[0], column, chosen, inside=inside, settings=settings
            )
            looks.append(look(column, chosen, 0, verdict))
    return looks


def _why_not(
    pool: Pool,
    reader: Reader,
    scores: Scores,
    column: int,
    chosen: Sequence[int],
    *,
    inside: npt.NDArray[np.bool_],
    settings: RankingSettings,
) -> str:
    score = scores.score[0, column]
    key = pool.candidates[column].paper.key
    if score <= MUTED:
        return "an interest mutes it"
    if key in {one.key for one in (*reader.profile.liked, *reader.profile.disliked)}:
        return "the reader has given it to us"
    if not inside[column]:
        if key in reader.shown:
            return "it was in a digest before"
        return f"it was listed before {reader.since:%Y-%m-%d %H:%M}, when papers were last chosen"
    plain = blend_of(scores).plain[0, column]
    if plain < settings.min_score:
        return (
            f"its score {plain:.3f}, with nothing raised, is below min_score {settings.min_score:g}"
        )
    if score <= 0:
        return "nothing speaks for it"
    for place, other in enumerate(chosen, start=1):
        if _likeness(pool, column, other) < 0:
            return f"it has nearly the title of number {place}"
    before = int((scores.score[0][inside] > score).sum())
    return f"{before} papers have a higher score, and {len(chosen)} are taken"


def _likeness(pool: Pool, column: int, other: int) -> float:
    return float(pool.likeness.of(np.array([column]), np.array([other]))[0])


def _share(scores: Scores, column: int, above: Sequence[int]) -> int:
    """Return how many papers above it owe their place to the same interest."""
    if (leading := leading_of(scores)) is None:
        return 0
    lead, *others = leading(np.array([[column, *above]]))[0].tolist()
    return others.count(lead) if lead >= 0 else 0


def _explained(scores: Scores, row: int, column: int) -> Explanation | None:
    if isinstance(scores, AlignedScores):
        scores, column = scores.original(column)
    return scores.explain(row, column) if isinstance(scores, ExplainedScores) else None
