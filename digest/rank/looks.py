"""Why one reader gets these papers and not those: the arithmetic, and what became of it; pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from digest.config import RankingSettings
from digest.model import Explanation, Paper, Plan
from digest.ports import MUTED, ExplainedScores, Scores
from digest.rank.drafts import AlignedScores
from digest.rank.plans import Reader, chosen_by, counted
from digest.rank.pool import Pool
from digest.ranking import CROWDING, beyond_usual, blend_of, leading_of, reaching


@dataclass(frozen=True, slots=True)
class Look:
    """One paper as it stands for one reader.

    `position` is its place in the digest, or `None` with a `verdict` that says why it has none.
    It was chosen by `worth = score * (1 - diversity * likeness) * (1 - crowding * share)`, where
    likeness is the largest one to a paper chosen before it, beyond the usual, and share is what
    those have of the digest that owe it to the same interest. What was not chosen is weighed for
    the last place, and the worth of a surprise is `None`: it is drawn. `ranker` is the one that
    drafted it; `explanation` is `None` where that one cannot show its arithmetic.
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
    worth: float | None
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
    counts = counted(pool, [reader], scored)
    most = reader.subscriber.max_papers or settings.max_papers
    # Sections are another order than that in which papers were chosen.
    choices = [
        _Choice(pool, one, order, most, settings.diversity)
        for one in scored
        for order in chosen_by(pool, one, counts, most=[most], settings=settings)
    ]
    teams = plan.facts.get("draft", {}).get("teams") or [0] * len(plan.picks)
    names = [settings.ranker, settings.interleave]
    places = {pool.columns[pick.paper.key]: pick.position for pick in plan.picks}

    def look(column: int, team: int, verdict: str = "", reason: str = "") -> Look:
        choice = choices[team]
        weighed = choice.weighed(column, choice.before(column))
        drawn = column in places and column not in choice.order
        return Look(
            paper=pool.candidates[column].paper,
            position=places.get(column),
            verdict=verdict,
            ranker=names[team],
            score=weighed.score,
            reason=reason or choice.scores.reason(0, column),
            likeness=weighed.likeness,
            diversity=settings.diversity,
            share=weighed.crowd / most,
            crowding=CROWDING,
            worth=None if drawn else weighed.worth,
            explanation=_explained(choice.scores, column),
        )

    looks = [
        # A surprise says that it is one: that is known of the plan alone.
        look(pool.columns[pick.paper.key], team, reason=pick.reason)
        for team, pick in zip(teams, plan.picks, strict=True)
    ]
    to_be_had = counts[0] & (reaching(choices[0].scores, settings.min_score)[0] > 0)
    for key in dict.fromkeys(besides):
        column = pool.columns[key]
        if column not in places:
            verdict = _why_out(
                pool, reader, scored, column, counts=counts[0], min_score=settings.min_score
            ) or _why_not_chosen(choices[0], column, places, to_be_had)
            looks.append(look(column, 0, verdict))
    return looks


@dataclass(frozen=True, slots=True)
class _Weighed:
    """What a paper is worth beside those chosen before it; `crowd` of them share its interest."""

    score: float
    likeness: float
    crowd: int
    worth: float


@dataclass(frozen=True, slots=True)
class _Choice:
    """What one ranker chooses for one reader, in the order in which it does."""

    pool: Pool
    scores: Scores
    order: Sequence[int]
    most: int
    diversity: float

    def before(self, column: int) -> Sequence[int]:
        """Return what is chosen before a paper, or before the last place for one that is not."""
        return self.order[: self.order.index(column)] if column in self.order else self.order[:-1]

    def ahead(self, column: int) -> npt.NDArray[np.bool_]:
        """Say which papers come before one by their score, or by their order if it is the same."""
        score = self.scores.score[0]
        found: npt.NDArray[np.bool_] = (score > score[column]) | (
            (score == score[column]) & (np.arange(len(score)) < column)
        )
        return found

    def alike(self, column: int, other: int) -> float:
        """Return how alike two papers are, below zero if they have nearly one title."""
        return float(self.pool.likeness.of(np.array([column]), other)[0])

    def weighed(self, column: int, before: Sequence[int]) -> _Weighed:
        """Weigh a paper beside those that are chosen `before` it."""
        score = float(self.scores.score[0, column])
        nearest = max((self.alike(column, other) for other in before), default=0.0)
        likeness = float(beyond_usual(np.array(nearest)))
        crowd = self._crowd(column, before)
        crowding = CROWDING * crowd / self.most
        worth = score * (1 - self.diversity * likeness) * (1 - crowding)
        return _Weighed(score, likeness, crowd, worth)

    def _crowd(self, column: int, before: Sequence[int]) -> int:
        """Return how many papers chosen before owe their place to the same interest."""
        if (leading := leading_of(self.scores)) is None:
            return 0
        lead, *others = leading(np.array([[column, *before]]))[0].tolist()
        return others.count(lead) if lead >= 0 else 0


def _why_out(
    pool: Pool,
    reader: Reader,
    scored: Sequence[Scores],
    column: int,
    *,
    counts: npt.NDArray[np.bool_],
    min_score: float,
) -> str:
    """Say why a paper is not to be had at all; nothing for one that is."""
    key = pool.candidates[column].paper.key
    if any(one.score[0, column] <= MUTED for one in scored):
        return "an interest mutes it"
    if key in {one.key for one in (*reader.profile.liked, *reader.profile.disliked)}:
        return "the reader has given it to us"
    if not counts[column]:
        if key in reader.shown:
            return "it was in a digest before"
        return f"it was listed before {reader.since:%Y-%m-%d %H:%M}, when papers were last chosen"
    plain = blend_of(scored[0]).plain[0, column]
    if plain < min_score:
        return f"its score {plain:.3f}, with nothing raised, is below min_score {min_score:g}"
    return "" if scored[0].score[0, column] > 0 else "nothing speaks for it"


def _why_not_chosen(
    choice: _Choice, column: int, places: Mapping[int, int], counts: npt.NDArray[np.bool_]
) -> str:
    """Say what took the place of a paper that is to be had; `places` are those in the mail."""

    def named(other: int) -> str:
        title = choice.pool.candidates[other].paper.title
        return f"number {places[other]}" if other in places else f"“{title}”"

    for other in (*places, *choice.order):
        if other != column and choice.alike(column, other) < 0:
            return f"it has nearly the title of {named(other)}"
    if column in choice.order:
        other_kind = "a surprise" if len(choice.pool.rankings) == 1 else "the other ranker"
        return f"it was chosen, but its place went to {other_kind}"
    ahead = choice.ahead(column)
    behind = [place for place, other in enumerate(choice.order) if not ahead[other]]
    if not behind:
        number = int((ahead & counts).sum())
        return f"{number} papers come before it by their score, and {len(choice.order)} are taken"
    # One is chosen whose score is lower: what was taken off this one's made the difference.
    before = choice.order[: behind[-1]]
    mine = choice.weighed(column, before)
    if choice.diversity * mine.likeness >= CROWDING * mine.crowd / choice.most:
        nearest = max(before, key=lambda other: choice.alike(column, other))
        return f"it is too like {named(nearest)}"
    crowd = choice.weighed(column, choice.order).crowd
    return f"the interest that does most for it has {crowd} of {choice.most} places"


def _explained(scores: Scores, column: int) -> Explanation | None:
    if isinstance(scores, AlignedScores):
        scores, column = scores.original(column)
    return scores.explain(0, column) if isinstance(scores, ExplainedScores) else None
