"""The arithmetic of a digest, so that a person can do it again with a pencil."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import fields
from itertools import groupby
from typing import TYPE_CHECKING, Any

import typer

from digest.cli.output import printable
from digest.model import EvidenceKind, SummandKind

if TYPE_CHECKING:
    from digest.model import Evidence, Explanation, Summand
    from digest.rank import Look

# Summands of one kind that have a line of their own; the others share one.
_LINES = {SummandKind.TERM: 8, SummandKind.READERS: 3}

_LONGEST = 60  # of a name, in signs

_NAMES = {
    EvidenceKind.LIKES: "close to liked papers:",
    EvidenceKind.WORDS: "close to the text or keyword",
    EvidenceKind.TOGETHER: "close to them together:",
    EvidenceKind.DISLIKES: "close to disliked papers:",
    EvidenceKind.GIVEN: "given by the reader:",
}

_SUMMANDS = {
    SummandKind.PAPER: "near to",
    SummandKind.READERS: "liked by readers of",
}


def as_dict(look: Look) -> dict[str, Any]:
    """Return a look as JSON has it: the paper by its key and title."""
    found = {field.name: getattr(look, field.name) for field in fields(look)}
    paper = found.pop("paper")
    one = found.pop("explanation")
    explanation = None
    if one is not None:
        explanation = {field.name: getattr(one, field.name) for field in fields(one)}
        del explanation["paper"], explanation["reason"]
    return {"key": paper.key, "title": paper.title, **found, "explanation": explanation}


def write(looks: Sequence[Look]) -> None:
    """Write the arithmetic of each paper to stdout."""
    for look in looks:
        for line in _look(look):
            typer.echo(printable(line))
        typer.echo()


def _look(look: Look) -> Iterator[str]:
    place = "-" if look.position is None else f"{look.position}"
    yield f"{place}. {look.paper.title} ({look.paper.key})"
    yield _line("why not" if look.verdict else "why", look.verdict or look.reason)
    one = look.explanation
    if one is None:
        yield _line("score", f"{look.score:.3f}; the ranker {look.ranker} does not explain itself")
    else:
        yield from _explanation(one)
    if look.position is not None and look.worth is None:
        yield _line("place", "drawn from the hottest papers of fields that the digest has not")
    elif look.position is not None:
        worth = f"{look.score:.3f} * (1 - {look.diversity:.3f} * {look.likeness:.3f})"
        if look.share:
            worth += f" * (1 - {look.crowding:.3f} * {look.share:.3f})"
        yield _line("place", f"by {worth} = {look.worth:.3f}")
    if one is not None:
        for each in (*one.evidence, *one.against):
            # What came to nothing is of interest where somebody asks why.
            if each.strength > 0 or look.verdict:
                yield from _account(each)


def _explanation(one: Explanation) -> Iterator[str]:
    yield from _factors("for it", one.evidence)
    product = " * ".join(f"{each.factor:.3f}" for each in one.evidence)
    yield _line(
        "relevance", f"1 - {product} = {one.relevance:.3f}" if product else "0: no evidence"
    )
    yield from _factors("against it", one.against)
    product = " * ".join(f"{each.factor:.3f}" for each in one.against)
    if product:
        yield _line("discount", f"{product} = {one.discount:.3f}")
    weight = one.trending_weight
    ours, theirs = one.relevance_raised * one.relevance, one.trending_raised * one.trending
    parts = f"(1 - {weight:.3f}) * {ours:.3f} + {weight:.3f} * {theirs:.3f}"
    score = one.discount * ((1 - weight) * ours + weight * theirs)
    for raised, value, name, result in (
        (one.relevance_raised, one.relevance, "relevance", ours),
        (one.trending_raised, one.trending, "trending", theirs),
    ):
        if raised != 1:
            yield _line("raised", f"{name} to {raised:.3f} * {value:.3f} = {result:.3f}")
    yield _line("trending", f"{one.trending:.3f}, with the weight {weight:.3f}")
    yield _line("score", f"{one.discount:.3f} * ({parts}) = {score:.3f}")
    if one.muted_by:
        yield _line("muted", f"by {one.muted_by}: it is not shown, whatever its score")


def _factors(title: str, evidence: Sequence[Evidence]) -> Iterator[str]:
    for each in evidence:
        chance = f"1 - {each.strength:.3f}"
        if each.weight != 1:
            chance = f"({chance}) ** {each.weight:.3g}"
        note = f"; {each.strength:.3f} = {each.base:.3f} {each.note}" if each.note else ""
        if each.left != 1:
            given = each.weight / each.left
            note += f"; {each.weight:.3g} = {given:g} times {each.left:.3f}, as there are likes"
        yield _line(title, f"{each.factor:.3f} = {chance:<20}  {_name(each)}{note}")
        title = ""


def _account(one: Evidence) -> Iterator[str]:
    """Write the sum of a closeness, and what its strength is."""
    if one.closeness is None or one.curve is None:
        return
    yield ""
    yield f"    {_name(one)}, in hundredths of cosine"
    for name, value in _lines(one.summands):
        yield f"    {value:10.3f}  {name}"
    curve = one.curve
    grown = f"(1 - exp(-({one.closeness:.3f} - {curve.least:g}) / {curve.width:g}))"
    what = (
        f"{curve.most:g} * {grown}" if one.closeness > curve.least else f"not over {curve.least:g}"
    )
    yield f"    {one.closeness:10.3f}  in all: {what} = {curve.at(one.closeness):.3f}"


def _lines(summands: Sequence[Summand]) -> Iterator[tuple[str, float]]:
    for kind, group in groupby(summands, key=lambda each: each.kind):
        some = sorted(group, key=lambda each: -each.value)
        shown = _LINES.get(kind, len(some))
        for each in some[:shown]:
            quoted = f"{_SUMMANDS[kind]} “{each.name}”" if kind in _SUMMANDS else each.name
            yield quoted, each.value
        if rest := some[shown:]:
            what = "terms" if kind is SummandKind.TERM else "papers"
            yield f"{len(rest)} other {what}", sum(each.value for each in rest)


def _name(one: Evidence) -> str:
    name = one.name if len(one.name) <= _LONGEST else f"{one.name[: _LONGEST - 1].rstrip()}…"
    return f"{_NAMES.get(one.kind, one.kind)} {name}"


def _line(title: str, text: str) -> str:
    return f"   {title:<12}{text}"
