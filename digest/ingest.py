"""Sources -> new papers and signals in the store.

Every source is asked on its own, and what it brought is written in one transaction together
with its cursor: a run that is killed in between asks again and loses nothing. What to do with a
paper is decided by `merge`, which is pure.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial

from digest.errors import DigestError, SourceUnavailable
from digest.model import (
    Fetched,
    Link,
    LinkKind,
    Paper,
    SourceOutcome,
    SourceReport,
    SourceState,
)
from digest.ports import Clock, Source
from digest.store import Store, Transaction

log = logging.getLogger(__name__)

# A source that fails is asked again after this time, doubled with each failure in a row.
FIRST_RETRY = timedelta(minutes=10)
LONGEST_RETRY = timedelta(hours=6)

# Sources are asked side by side; politeness to one host is the fetcher's business.
WORKERS = 4


@dataclass(frozen=True, slots=True)
class NamedSource:
    """A source under the name that the configuration gives it."""

    name: str
    kind: str
    source: Source


@dataclass(frozen=True, slots=True)
class Merged:
    """What the papers of one fetch do to the papers that are known."""

    new: tuple[Paper, ...] = ()
    changed: tuple[Paper, ...] = ()
    unchanged: tuple[Paper, ...] = ()


def run(
    store: Store,
    sources: Sequence[NamedSource],
    *,
    clock: Clock,
    every: timedelta,
    since: datetime | None = None,
) -> list[SourceReport]:
    """Ask every source and write what is new; one that fails does not stop the others.

    `every` is when a source that answered is due again; `since` is passed on to the sources.
    """
    with store.read() as tx:
        states = [
            tx.sources.get(named.name) or SourceState(named.name, named.kind) for named in sources
        ]
    with ThreadPoolExecutor(max_workers=WORKERS, thread_name_prefix="ingest") as pool:
        looks = [
            pool.submit(_look, named, state.cursor, clock=clock, since=since)
            for named, state in zip(sources, states, strict=True)
        ]
        return [
            _settle(store, named, state, look.result(), clock=clock, every=every)
            for named, state, look in zip(sources, states, looks, strict=True)
        ]


def due(store: Store, sources: Iterable[NamedSource], *, now: datetime) -> list[NamedSource]:
    """Return the sources whose time to be asked again has come."""
    with store.read() as tx:
        states = {state.name: state for state in tx.sources.list()}
    return [
        named
        for named in sources
        if (state := states.get(named.name)) is None
        or state.next_check_at is None
        or state.next_check_at <= now
    ]


@dataclass(frozen=True, slots=True)
class _Look:
    """What came of asking one source, and how many seconds that took."""

    found: Fetched | DigestError
    seconds: float


def _look(named: NamedSource, cursor: str | None, *, clock: Clock, since: datetime | None) -> _Look:
    began = clock.now()
    found = answer(named.name, partial(named.source.fetch, since, cursor))
    return _Look(found, (clock.now() - began).total_seconds())


def answer(source: str, ask: Callable[[], Fetched]) -> Fetched | DigestError:
    """Ask a source, and return what it answers or why it does not."""
    try:
        return ask()
    except DigestError as error:
        return error
    except Exception as error:
        # A source may be somebody else's code: its bug is its own failure and nobody else's.
        log.debug("source %s", source, exc_info=True)
        return DigestError(f"a bug in the source: {type(error).__name__}: {error}")


def _settle(
    store: Store,
    named: NamedSource,
    before: SourceState,
    look: _Look,
    *,
    clock: Clock,
    every: timedelta,
) -> SourceReport:
    """Write what came of asking one source."""
    now = clock.now()
    found = look.found
    if isinstance(found, DigestError):
        log.warning("source %s failed: %s", named.name, found)
        with store.write() as tx:
            tx.sources.save(after_failure(before, found, now=now))
        return SourceReport(
            name=named.name,
            kind=named.kind,
            outcome=SourceOutcome.FAILED,
            seconds=look.seconds,
            error=str(found),
            exit_code=found.exit_code,
        )
    with store.write() as tx:
        merged, moved = write(tx, named.name, found, listed_at=now, now=now)
        report = SourceReport(
            name=named.name,
            kind=named.kind,
            outcome=outcome(found, merged),
            received=len(found.papers),
            new=len(merged.new),
            updated=len(merged.changed),
            unchanged=len(merged.unchanged),
            signals=moved,
            seconds=look.seconds,
            note=found.note,
        )
        tx.sources.save(after_success(before, report, found, now=now, every=every))
    log.info("source %s: %s, %d new papers", named.name, report.outcome, report.new)
    return report


def write(
    tx: Transaction, source: str, fetched: Fetched, *, listed_at: datetime, now: datetime
) -> tuple[Merged, int]:
    """Write what a source brought; return what came of the papers, and how many signals moved.

    New papers are held to be listed at `listed_at`.
    """
    known = tx.papers.many(
        paper.key for papers in (fetched.papers, fetched.revisions) for paper in papers
    )
    merged = merge(fetched.papers, fetched.revisions, known)
    tx.papers.add(merged.new, source=source, listed_at=listed_at)
    tx.papers.change(merged.changed, changed_at=now)
    tx.papers.name_source(
        [paper.key for papers in (merged.changed, merged.unchanged) for paper in papers],
        source=source,
    )
    return merged, tx.signals.record(fetched.signals)


def outcome(fetched: Fetched, merged: Merged) -> SourceOutcome:
    """Name how one look at one source ended."""
    if merged.new:
        return SourceOutcome.NEW
    if fetched.stale:
        return SourceOutcome.STALE
    if merged.changed:
        return SourceOutcome.UPDATED
    if merged.unchanged or fetched.not_modified:
        return SourceOutcome.UNCHANGED
    return SourceOutcome.EMPTY


def after_success(
    before: SourceState,
    report: SourceReport,
    fetched: Fetched,
    *,
    now: datetime,
    every: timedelta,
) -> SourceState:
    """Return what to remember of a source that answered."""
    wait = max(every, timedelta(seconds=fetched.retry_after or 0))
    return SourceState(
        name=before.name,
        kind=report.kind,
        cursor=fetched.cursor if fetched.cursor is not None else before.cursor,
        next_check_at=now + wait,
        last_checked_at=now,
        last_success_at=now,
        last_outcome=report.outcome,
    )


def after_failure(before: SourceState, error: DigestError, *, now: datetime) -> SourceState:
    """Return what to remember of a source that did not answer; the cursor stays."""
    wait = min(FIRST_RETRY * 2 ** min(before.error_count, 10), LONGEST_RETRY)
    if isinstance(error, SourceUnavailable) and error.retry_after is not None:
        wait = timedelta(seconds=error.retry_after)
    return replace(
        before,
        next_check_at=now + wait,
        last_checked_at=now,
        last_outcome=SourceOutcome.FAILED,
        last_error=str(error),
        error_count=before.error_count + 1,
    )


def merge(
    received: Iterable[Paper], revisions: Iterable[Paper], known: Mapping[str, Paper]
) -> Merged:
    """Decide what each received paper does; revisions only change papers that are known."""
    papers: dict[str, Paper] = {}
    for paper in received:
        papers[paper.key] = join(papers[paper.key], paper) if paper.key in papers else paper
    for paper in revisions:
        if paper.key in papers or paper.key in known:
            papers[paper.key] = join(papers[paper.key], paper) if paper.key in papers else paper
    new, changed, unchanged = [], [], []
    for key, paper in papers.items():
        if key not in known:
            new.append(paper)
        elif (joined := join(known[key], paper)) != known[key]:
            changed.append(joined)
        else:
            unchanged.append(paper)
    return Merged(tuple(new), tuple(changed), tuple(unchanged))


def join(known: Paper, other: Paper) -> Paper:
    """Join two records of one paper.

    The newest version gives the texts; with equal or unknown versions what is known stays, and
    what is missing is filled in. Categories and links of both are kept, the known ones first. How
    a paper was listed is how that was first seen.
    """
    newer = other.version > known.version and bool(other.title)
    first, second = (other, known) if newer else (known, other)
    return Paper(
        key=known.key,
        title=first.title or second.title,
        abstract=first.abstract or second.abstract,
        authors=first.authors or second.authors,
        categories=_union(known.categories, other.categories),
        links=_links(first.links, second.links),
        organisation=first.organisation or second.organisation,
        as_listed=known.as_listed or other.as_listed,
        version=max(known.version, other.version),
        published_at=_earliest(known.published_at, other.published_at),
        updated_at=first.updated_at or second.updated_at,
    )


def _union(first: Iterable[str], second: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys([*first, *second]))


def _links(first: Iterable[Link], second: Iterable[Link]) -> tuple[Link, ...]:
    order = list(LinkKind)
    unique = dict.fromkeys([*first, *second])
    return tuple(sorted(unique, key=lambda link: order.index(link.kind)))


def _earliest(first: datetime | None, second: datetime | None) -> datetime | None:
    return min((at for at in (first, second) if at is not None), default=None)
