"""The seams: what a source, a ranker, a transport and a clock must be able to do.

Each is a Protocol of few methods. Built-ins stand in a literal dict of their package;
third-party ones come from the entry-point groups `digest.sources`, `digest.rankers` and
`digest.transports`. `digest.testing` holds a fake of each.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import date, datetime
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol, runtime_checkable

from digest.model import (
    Candidate,
    DeliveryKind,
    Explanation,
    Fetched,
    Message,
    Paper,
    Profile,
    Receipt,
    Rendered,
)
from digest.slots import Piece

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Floats = npt.NDArray[np.float32]


class Clock(Protocol):
    """Time, as an argument."""

    def now(self) -> datetime:
        """Return the present time, aware, in UTC."""
        ...

    def sleep(self, seconds: float) -> None:
        """Block for `seconds`."""
        ...


class Source(Protocol):
    """Where papers and signals come from."""

    def fetch(self, since: datetime | None, cursor: str | None) -> Fetched:
        """Return what the upstream has, or has newer than `since` where it can tell.

        `cursor` is what the last successful fetch returned, `None` the first time. Raise
        `SourceUnavailable` where waiting may help, else `SourceMalformed` or `SourceError`; one
        unreadable entry is left out and counted in `Fetched.note`, it does not spoil the others.
        """
        ...


@runtime_checkable
class DatedSource(Source, Protocol):
    """A source that still has the lists of past days."""

    def on(self, day: date) -> Fetched:
        """Return the list of that day with today's figures; raise as `fetch` does."""
        ...


# The score of a paper that must not be shown.
MUTED = -1.0


class Scores(Protocol):
    """What a ranker says of several profiles (rows) and every candidate (columns)."""

    @property
    def score(self) -> Floats:
        """Return what orders the papers of each profile, in 0..1, or `MUTED`."""
        ...

    @property
    def relevance(self) -> Floats:
        """Return how well each paper matches the interests, in 0..1, whatever speaks against it."""
        ...

    def reason(self, row: int, column: int) -> str:
        """Say in plain words, on one line, why this candidate is chosen for this profile."""
        ...


@runtime_checkable
class ExplainedScores(Scores, Protocol):
    """Scores whose arithmetic can be shown; a ranker need not have it."""

    def explain(self, row: int, column: int) -> Explanation:
        """Return every figure that makes up the score of this candidate for this profile."""
        ...


class Blend(NamedTuple):
    """What scores are blended of: a row for each profile and a column for each candidate.

    `plain` is what the score would be with nothing raised: what `min_score` is for. `discount` is
    what dislikes leave of a paper: 1 where nothing speaks against it. `by_attention` says which
    papers owe more than half of their score to attention that was seen.
    """

    plain: Floats
    discount: Floats
    by_attention: npt.NDArray[np.bool_]


@runtime_checkable
class BlendedScores(Scores, Protocol):
    """Scores that know what they are blended of; a ranker need not."""

    @property
    def blend(self) -> Blend:
        """Return what the scores are blended of."""
        ...


@runtime_checkable
class LedScores(Scores, Protocol):
    """Scores that know which interest leads, so that none fills a digest; a ranker need not."""

    def leading(self, columns: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
        """Return a number for the interest that does most for each of some candidates.

        `columns` has a row for each profile, and so has what is returned. The number is below
        zero for none, and everywhere for a profile with but one interest.
        """
        ...


class Ranking(Protocol):
    """The work of one edition that all subscribers share, ready to score any number of them."""

    @property
    def candidates(self) -> Sequence[Candidate]:
        """Return the candidates in the order of the columns, in which equal scores stand."""
        ...

    @property
    def trending(self) -> Floats:
        """Return how much each candidate is talked about now, in 0..1: the same for everybody."""
        ...

    def score(self, profiles: Sequence[Profile]) -> Scores:
        """Score every candidate for each profile, whatever other profiles it comes with.

        With those that it comes with its scores may change by less than 1e-6, and no more.
        """
        ...


class Ranker(Protocol):
    """How papers are ordered for a subscriber; pure."""

    def fit(
        self, candidates: Sequence[Candidate], background: Sequence[Paper], now: datetime
    ) -> Ranking:
        """Prepare `candidates` for scoring; `background` are recent papers to learn words from."""
        ...


@runtime_checkable
class SocialRanker(Ranker, Protocol):
    """A ranker that also learns from what all readers like."""

    def fit_among(
        self,
        candidates: Sequence[Candidate],
        background: Sequence[Paper],
        now: datetime,
        libraries: Sequence[Sequence[Paper]],
    ) -> Ranking:
        """Prepare as `fit` does; `libraries` are the liked papers of one reader each."""
        ...


class Embedder(Protocol):
    """A sentence model: texts that mean the same have vectors that point the same way."""

    @property
    def name(self) -> str:
        """Return what tells the vectors of this model from those of any other, on one line."""
        ...

    def embed(self, texts: Sequence[str]) -> Floats:
        """Return a row of unit length for each text; raise `EmbedderUnavailable`."""
        ...


class Embeddings(Protocol):
    """The sentence vectors that a ranker may ask for; `None` where no model answers."""

    def of_papers(self, texts: Sequence[str]) -> Floats | None:
        """Return a row of unit length for each paper, whose text is embedded only once."""
        ...

    def of_words(self, texts: Sequence[str]) -> Floats | None:
        """Return the same for words that somebody wrote, of which nothing is kept."""
        ...


class Renderer(Protocol):
    """How templates become text."""

    def email(self, kind: DeliveryKind, context: Mapping[str, Any]) -> Rendered:
        """Render one message of that kind; raise `RenderError`."""
        ...

    def page(self, name: str, context: Mapping[str, Any]) -> str:
        """Render one web page; raise `RenderError`."""
        ...

    def pieces(self, name: str, context: Mapping[str, Any]) -> list[Piece]:
        """Render one template of a mail whose context holds slots, and cut it at them.

        Literal pieces and prints take turns, from a literal to a literal. Raise `RenderError`,
        also where the template does with a slot what needs its value.
        """
        ...


class Session(Protocol):
    """One open connection of a transport."""

    def send(self, message: Message) -> Receipt:
        """Hand over one message and return the relay's word for it.

        Raise `TransportUnavailable` (nothing was sent), `TemporaryFailure`, `PermanentFailure`,
        `TransportRefused` or `OutcomeUnknown`. After `TransportUnavailable`, `TransportRefused`
        and `OutcomeUnknown` the session is of no further use; after the others it is.
        """
        ...


class Transport(Protocol):
    """Where messages go."""

    def open(self) -> AbstractContextManager[Session]:
        """Connect; raise `TransportUnavailable` or `TransportRefused`."""
        ...


class Channel(Protocol):
    """One open connection that is worked ahead."""

    async def prepare(self, message: Message) -> None:
        """Announce a message, until its content is wanted; raise as `Session.send` does."""
        ...

    async def send(self, message: Message, following: Message | None) -> Receipt:
        """Hand over the content that was prepared; `following` may be announced with it."""
        ...

    def close(self) -> None:
        """End the connection."""
        ...


@runtime_checkable
class PipeliningTransport(Transport, Protocol):
    """A transport whose connections can all be worked from one thread."""

    async def channel(self) -> Channel:
        """Connect; raise as `Transport.open` does."""
        ...
