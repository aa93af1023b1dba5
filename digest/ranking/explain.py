"""Why a paper was chosen, in plain words of one language."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from functools import lru_cache

from digest.language import Language
from digest.model import (
    Candidate,
    InterestKind,
    SignalName,
    SourceOutcome,
    SourceState,
    Window,
)
from digest.ranking.gains import figures, gained_lately
from digest.ranking.names import Name
from digest.ranking.trending import EVERYWHERE, noticed, standing

LONGEST = 199
_TITLE = 70
_VALUE = 40
_KEPT = 4096  # sentences that are remembered: many readers are told the same
_TRENDING = 0.1  # from here on the word is deserved
_CLEARLY = 0.3  # strength from which on a paper is called close without more ado


class Phrases:
    """What is said of papers, in one language."""

    def __init__(self, language: Language | None = None) -> None:
        self._language = language or Language()
        self.keywords = lru_cache(_KEPT)(self._keywords)
        self.author = lru_cache(_KEPT)(self._author)
        self.category = lru_cache(_KEPT)(self._category)

    def reason(self, parts: Iterable[str], *, any_interests: bool) -> str:
        """Join what speaks for a paper, the strongest first, as far as there is room."""
        say, said = self._language.say, ""
        for part in parts:
            longer = f"{said}; {part}" if said else part
            if len(longer) <= LONGEST:
                said = longer
        if said:
            return said
        return say("new; it matches none of your interests") if any_interests else say("new")

    def surprise(self, reason: str) -> str:
        """Say of a paper that is chosen for something that it comes from elsewhere."""
        say = self._language.say
        return cut(say("a surprise from outside your interests; {reason}", reason=reason), LONGEST)

    def upstream(self, state: SourceState) -> str:
        """Say in one sentence what is wrong with a source, for the head of the mail."""
        say = self._language.say
        if state.last_outcome is SourceOutcome.FAILED:
            return say(
                "{source} could not be read today; its papers follow when it answers again.",
                source=state.name,
            )
        if state.last_outcome is SourceOutcome.STALE:
            return say(
                "{source} served an old list; its new papers follow when it is up to date.",
                source=state.name,
            )
        return ""

    # What matches by the letter.

    def _keywords(self, values: tuple[tuple[str, str], ...]) -> str:
        """Name the keywords that a paper mentions, each with what it writes instead, if it does."""
        say = self._language.say
        named = self._language.listed([self._keyword(*value) for value in values])
        if len(values) == 1:
            return say("matches your keyword {keyword}", keyword=named)
        said = say("matches your keywords {keywords}", keywords=named)
        if len(said) > LONGEST:
            return self._keywords(tuple([(value, "") for value, _ in values]))
        return said

    def _keyword(self, value: str, written: str) -> str:
        value, written = cut(value, _VALUE), cut(written, _VALUE)
        if not written:
            return value
        return self._language.say("{keyword} (“{written}”)", keyword=value, written=written)

    def _author(self, name: str, followed: str) -> str:
        """Name an author who is followed, and by what name if that may be another one's."""
        say, name = self._language.say, cut(name, _VALUE)
        one, other = Name.parse(name), Name.parse(followed)
        if one == other or (one.is_whole and other.is_whole):
            return say("by {name}, whom you follow", name=name)
        followed = cut(followed, _VALUE)
        return say("by {name}, as you follow “{followed}”", name=name, followed=followed)

    def _category(self, name: str) -> str:
        """Name the category that is followed."""
        return self._language.say("in your category {category}", category=cut(name, _VALUE))

    # What is close.

    def similar(
        self, title: str, terms: Sequence[str], *, strength: float, meant: bool = False
    ) -> str:
        """Name the liked paper that a paper is like, and words that both have.

        `meant` says that its meaning as a whole does more than its words.
        """
        say, title = self._language.say, cut(title, _TITLE)
        clearly = strength >= _CLEARLY
        if meant and clearly:
            said = say("similar in meaning to “{title}” that you liked", title=title)
        elif meant:
            said = say("somewhat similar in meaning to “{title}” that you liked", title=title)
        elif clearly:
            said = say("similar to “{title}” that you liked", title=title)
        else:
            said = say("somewhat similar to “{title}” that you liked", title=title)
        return _with(said, terms)

    def close(
        self, what: str, terms: Sequence[str], *, strength: float, meant: bool = False
    ) -> str:
        """Name the words that bring a paper close to what somebody likes or has written."""
        say = self._language.say
        clearly = strength >= _CLEARLY
        # Translators: what it is close to is one of the next three.
        if meant and clearly:
            said = say("close in meaning to {what}", what=what)
        elif meant:
            said = say("somewhat close in meaning to {what}", what=what)
        elif clearly:
            said = say("close to {what}", what=what)
        else:
            said = say("somewhat close to {what}", what=what)
        return _with(said, terms)

    def text(self, kind: InterestKind, value: str) -> str:
        """Name a text or a keyword of somebody."""
        say = self._language.say
        if kind is InterestKind.TEXT:
            return say("your text")
        return say("your keyword {keyword}", keyword=cut(value, _VALUE))

    def likes(self) -> str:
        """Name all that somebody liked."""
        return self._language.say("papers you liked")

    def readers(self, title: str) -> str:
        """Name the liked paper whose readers like papers of this kind."""
        return self._language.say(
            "papers like this are liked by readers of “{title}” that you liked",
            title=cut(title, _TITLE),
        )

    # What is expected.

    def expected(self, grounds: Sequence[str]) -> str:
        """Say why a paper that nobody has voted on yet may be looked at."""
        if not grounds:
            return ""
        named = self._language.listed(grounds)
        # Translators: the grounds are some of the next six.
        return self._language.say("expected to be looked at: {grounds}", grounds=named)

    def known_author(self, name: str) -> str:
        """Name an author whose earlier papers were looked at."""
        return self._language.say("earlier papers of {name}", name=cut(name, _VALUE))

    def known_organisation(self, name: str) -> str:
        """Name an organisation whose papers are looked at."""
        return self._language.say("papers from {name}", name=cut(name, _VALUE))

    def with_code(self, stars: int | None) -> str:
        """Tell that there is code, and how many have starred it."""
        say = self._language.say
        if stars and stars > 1:
            return say("code with {n} stars", n=self._language.number(stars))
        return say("open code")

    def with_page(self) -> str:
        """Tell that there is a page beside the paper."""
        return self._language.say("a project page")

    def telling(self, terms: Sequence[str]) -> str:
        """Name words whose papers are looked at."""
        if not terms:
            return ""
        return self._language.say(
            "its subject ({terms})", terms=", ".join(cut(term, _VALUE) for term in terms)
        )

    # What is looked at.

    def popularity(self, candidate: Candidate, now: datetime, *, total: bool = False) -> str:
        """Tell a paper's figures: what came since yesterday where that is known, or all of it.

        After quiet days it is what came since the day before them. Where it stands in its field,
        in the window in which it is measured, follows, if it is among the first. `total` asks
        for all of it, and the days it took: that is for a paper that is chosen for nothing else.
        Empty where nobody has looked at it.
        """
        say = self._language.say
        signals = tuple(signal for signal in candidate.signals if signal.observed_at <= now)
        known = figures(replace(candidate, signals=signals))
        counts = self._counts(known)
        if not counts:
            return ""
        where = self._standing(candidate)
        if not total:
            return (self._since(candidate, now) or counts) + where
        days = round((now - candidate.listed_at) / timedelta(days=1))
        # Stars may have come in years: they are none of what came in those days.
        lately = {name: value for name, value in known.items() if not SignalName(name).lasting}
        if days > 1 and (came := self._counts(lately)):
            counts = say("{figures} in {days} days", figures=came, days=days)
        return self._label(candidate, counts) + where

    def _since(self, candidate: Candidate, now: datetime) -> str:
        """Tell what came since yesterday, or since the last day with papers if that is longer."""
        say = self._language.say
        gains, day = gained_lately(candidate, now)
        counts = self._counts(gains, sign="+")
        if not counts:
            return ""
        if day is None:
            return say("{gains} since yesterday", gains=counts)
        return say("{gains} since {weekday}", gains=counts, weekday=self._language.weekday(day))

    def _label(self, candidate: Candidate, counts: str) -> str:
        """Say where a paper is trending, if it is: in its field or everywhere."""
        say = self._language.say
        trend, stands = candidate.trend, standing(candidate)
        if trend is None or trend.score < _TRENDING or not noticed(trend):
            return counts
        if stands is None or (not stands[1] and stands[0] > EVERYWHERE):
            return say("trending: {figures}", figures=counts)
        if stands[1]:
            return say("trending in {category}: {figures}", category=stands[1], figures=counts)
        return say("trending everywhere: {figures}", figures=counts)

    def _standing(self, candidate: Candidate) -> str:
        say, stands = self._language.say, standing(candidate)
        if stands is None:
            return ""
        share, category = f"{stands[0]} %", stands[1]
        window = candidate.trend.window if candidate.trend is not None else Window.DAY
        match window, bool(category):
            case Window.WEEK, True:
                return say(", top {share} of {category} this week", share=share, category=category)
            case Window.WEEK, False:
                return say(", top {share} of all fields this week", share=share)
            case Window.MONTH, True:
                return say(", top {share} of {category} this month", share=share, category=category)
            case Window.MONTH, False:
                return say(", top {share} of all fields this month", share=share)
            case _, True:
                return say(", top {share} of {category}", share=share, category=category)
        return say(", top {share} of all fields", share=share)

    def _counts(self, values: Mapping[str, int], *, sign: str = "") -> str:
        return self._language.listed(
            [sign + self._figure(name, value) for name, value in values.items() if value > 0]
        )

    def _figure(self, name: str, value: int) -> str:
        plural = self._language.plural
        match name:
            case SignalName.UPVOTES:
                return plural(value, "{n} upvote", "{n} upvotes")
            case SignalName.COMMENTS:
                return plural(value, "{n} comment", "{n} comments")
            case SignalName.STARS:
                return plural(value, "{n} star", "{n} stars")
            case _:
                return f"{self._language.number(value)} {name}"


def _with(what: str, terms: Sequence[str]) -> str:
    """Add terms as far as there is room."""
    for count in range(len(terms), 0, -1):
        said = f"{what}: {', '.join(terms[:count])}"
        if len(said) <= LONGEST:
            return said
    return what


def cut(text: str, longest: int) -> str:
    """Shorten to one line of at most that many characters."""
    text = " ".join(text.split())
    return text if len(text) <= longest else f"{text[: longest - 1].rstrip()}…"
