"""Digests that were sent and what readers said of them -> how other rankers would have done; pure.

Opinions are known of papers that were shown, and of hardly any others. What a ranker would have
shown in their place is therefore told, not judged; what can be judged is the order that it gives
to papers of which the reader has said something.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np

from digest.evaluation.metrics import Bootstrap, Estimate
from digest.model import Candidate, Paper, Profile
from digest.ports import MUTED, Ranker
from digest.ranking import Likeness, choose, fitted, leading_of


@dataclass(frozen=True, slots=True)
class Occasion:
    """A digest that a reader got, with what was known of them before it.

    `sent` are the keys of its papers in their order, `open` those of all papers that it could
    have held; of `more` and `less` the reader said so afterwards.
    """

    reader: int
    profile: Profile
    sent: tuple[str, ...]
    open: frozenset[str]
    more: frozenset[str]
    less: frozenset[str]


@dataclass(frozen=True, slots=True)
class Moment:
    """A time at which digests were planned: what could be shown, and to whom.

    `libraries` are the papers that one reader each had liked by then.
    """

    at: datetime
    candidates: Sequence[Candidate]
    background: Sequence[Paper]
    occasions: Sequence[Occasion]
    libraries: Sequence[Sequence[Paper]] = ()


@dataclass(frozen=True, slots=True)
class Showing:
    """What one ranker would have shown on one occasion: as many papers as were sent.

    `right` is the share of pairs of one paper that the reader wants more of and one that they want
    less of which it puts in that order, a half for equal ones; `None` without such a pair.
    """

    at: datetime
    ranker: str
    occasion: Occasion
    keys: tuple[str, ...]
    right: float | None


@dataclass(frozen=True, slots=True)
class Outcome:
    """How one ranker would have done: means over digests, intervals over readers.

    `more` and `less` are shares of the papers of which the reader said so that it shows, `same` the
    share of its papers that were sent, `right` that of pairs in the right order. `None` where
    nobody has said what it takes.
    """

    ranker: str
    digests: int
    readers: int
    more: Estimate | None
    less: Estimate | None
    same: Estimate | None
    right: Estimate | None


def replay(
    moments: Iterable[Moment], rankers: Mapping[str, Ranker], *, diversity: float
) -> Iterator[Showing]:
    """Yield what each ranker would have shown on each occasion, chosen as digests are.

    `diversity` is that of the site; papers are not held back for a low score, since only our own
    scores mean the same on any day.
    """
    for moment in moments:
        for name, ranker in rankers.items():
            yield from _showings(moment, name, ranker, diversity)


# What is scored zero is worth so little.
_LEAST = 1e-6


def _showings(moment: Moment, name: str, ranker: Ranker, diversity: float) -> Iterator[Showing]:
    ranking = fitted(ranker, moment.candidates, moment.background, moment.at, moment.libraries)
    papers = [one.paper for one in ranking.candidates]
    keys = [paper.key for paper in papers]
    scores = ranking.score([one.profile for one in moment.occasions])
    allowed = np.array([[key in one.open for key in keys] for one in moment.occasions])
    chosen = choose(
        # Zero is out in a digest; here a place is given to whatever is not muted.
        np.where(
            allowed & (scores.score > MUTED),
            np.maximum(scores.score, np.float32(_LEAST)),
            np.float32(MUTED),
        ),
        Likeness(papers),
        max_papers=[len(one.sent) for one in moment.occasions],
        diversity=diversity,
        leading=leading_of(scores),
    )
    for occasion, row, columns in zip(moment.occasions, scores.score, chosen, strict=True):
        right = _right(dict(zip(keys, row.tolist(), strict=True)), occasion)
        yield Showing(moment.at, name, occasion, tuple(keys[one] for one in columns), right)


def _right(scores: Mapping[str, float], occasion: Occasion) -> float | None:
    pairs = [
        1.0 if scores[wanted] > scores[other] else 0.5 * (scores[wanted] == scores[other])
        for wanted in occasion.more
        for other in occasion.less
    ]
    return sum(pairs) / len(pairs) if pairs else None


def outcomes(showings: Iterable[Showing], *, seed: int) -> list[Outcome]:
    """Sum up what each ranker would have done, in the order in which rankers come."""
    by_ranker: dict[str, list[Showing]] = {}
    for one in showings:
        by_ranker.setdefault(one.ranker, []).append(one)
    return [_outcome(name, some, seed) for name, some in by_ranker.items()]


def _outcome(name: str, showings: Sequence[Showing], seed: int) -> Outcome:
    def mean(values: Iterable[float | None]) -> Estimate | None:
        known = [
            (showing.occasion.reader, value)
            for showing, value in zip(showings, values, strict=True)
            if value is not None
        ]
        if not known:
            return None
        readers, figures = zip(*known, strict=True)
        return Bootstrap(readers, seed=seed).mean(np.array(figures, np.float64))

    return Outcome(
        ranker=name,
        digests=len(showings),
        readers=len({one.occasion.reader for one in showings}),
        more=mean(_share(one.occasion.more, one.keys) for one in showings),
        less=mean(_share(one.occasion.less, one.keys) for one in showings),
        same=mean(_share(one.keys, one.occasion.sent) for one in showings),
        right=mean(one.right for one in showings),
    )


def _share(some: Iterable[str], among: Iterable[str]) -> float | None:
    """Return the share of some that is among others; `None` of nothing."""
    wanted = set(some)
    return len(wanted & set(among)) / len(wanted) if wanted else None
