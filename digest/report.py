"""What a run did, how that is called, and why it did no more; pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from digest.deliver import DeliverReport
from digest.model import DeliveryState, RunOutcome, SkipReason, SourceOutcome, SourceReport
from digest.rank import RankReport

_SKIPPED = {
    SkipReason.NO_PAPERS: "no paper has come in since their last digest",
    SkipReason.NO_MATCH: "no new paper reaches [ranking] min_score for them",
    SkipReason.NO_INTERESTS: "they have named no interests, and nothing is trending",
    SkipReason.SUPPRESSED: "their address is suppressed (`digest subscriber show`)",
    SkipReason.NOT_CONFIRMED: "they paused or left after their digest was planned",
    SkipReason.CANCELLED: "their delivery was cancelled",
    SkipReason.DROPPED: "their delivery was in doubt, and dropped",
}

# The states of what is not done with, in the words for it.
_LEFT = {
    DeliveryState.PLANNED: "planned",
    DeliveryState.SENDING: "being sent",
    DeliveryState.DEFERRED: "deferred",
    DeliveryState.UNKNOWN: "in doubt",
}


@dataclass
class RunReport:
    """What one run did; `command` is `run`, `ingest` or `tick`."""

    command: str
    edition: str
    outcome: RunOutcome = RunOutcome.FAILED
    dry_run: bool = False
    sources: list[SourceReport] = field(default_factory=list)
    ranked: RankReport = field(default_factory=RankReport)
    delivered: DeliverReport = field(default_factory=DeliverReport)
    left: Mapping[DeliveryState, int] = field(default_factory=dict)  # due, and not done with
    seconds: dict[str, float] = field(default_factory=dict)

    @property
    def papers_new(self) -> int:
        """Return how many papers nobody had seen before."""
        return sum(source.new for source in self.sources)

    @property
    def skipped(self) -> dict[str, int]:
        """Return how many were skipped by reason, at planning or at the claim."""
        return dict(Counter(self.ranked.skipped) + Counter(self.delivered.skipped))

    @property
    def exit_code(self) -> int:
        """Return 0 when all is done, 75 when trying later may help, else 1 or 78."""
        if self.delivered.exit_code:
            return self.delivered.exit_code
        if self.delivered.failed:
            return 1
        if self.sources and all(one.outcome is SourceOutcome.FAILED for one in self.sources):
            return max(one.exit_code for one in self.sources)
        return 75 if _is_unfinished(self) else 0

    @property
    def is_idle(self) -> bool:
        """Say whether there was nothing at all to do."""
        return not (
            self.papers_new
            or self.ranked.planned
            or self.skipped
            or self.delivered.total
            or self.delivered.errors
        )

    def as_dict(self) -> dict[str, Any]:
        """Return the report as JSON knows it (docs/reference/cli.md)."""
        return {
            "command": self.command,
            "edition": self.edition,
            "outcome": self.outcome.value,
            "why": list(why(self)),
            "dry_run": self.dry_run,
            "papers_new": self.papers_new,
            "sources": [asdict(source) for source in self.sources],
            "subscribers": self.ranked.subscribers,
            "not_due": self.ranked.waiting,
            "already_planned": self.ranked.settled,
            "planned": self.ranked.planned,
            "sent": self.delivered.sent,
            "skipped": self.skipped,
            "deferred": self.delivered.deferred,
            "failed": self.delivered.failed,
            "unknown": self.delivered.unknown,
            "expired": self.delivered.expired + self.ranked.replaced,
            "left": sum(self.left.values()),
            "errors": self.delivered.errors,
            "seconds": {stage: round(seconds, 3) for stage, seconds in self.seconds.items()},
        }


def outcome(report: RunReport) -> RunOutcome:
    """Name how a run ended."""
    done = report.delivered
    failed = [one for one in report.sources if one.outcome is SourceOutcome.FAILED]
    if _is_unfinished(report) or done.failed or done.expired or done.errors:
        return RunOutcome.PARTIAL
    if failed and len(failed) == len(report.sources) and not done.sent:
        return RunOutcome.FAILED
    if failed:
        return RunOutcome.PARTIAL
    if report.command == "ingest" or done.sent or done.skipped or report.ranked.planned:
        return RunOutcome.COMPLETE
    if report.skipped:
        stale = any(one.outcome is SourceOutcome.STALE for one in report.sources)
        return RunOutcome.STALE_SOURCE if stale else RunOutcome.NO_PAPERS
    return RunOutcome.NOTHING_DUE if report.ranked.subscribers else RunOutcome.NO_SUBSCRIBERS


def edition_outcome(states: Mapping[DeliveryState, int]) -> str:
    """Say that every delivery is in a final state (`complete`), or what is left to do."""
    return _left(states) or RunOutcome.COMPLETE.value


def _left(states: Mapping[DeliveryState, int]) -> str:
    return ", ".join(
        f"{states[state]:,} {words}" for state, words in _LEFT.items() if states.get(state)
    )


def _is_unfinished(report: RunReport) -> bool:
    """Say whether something is left that a later run may do."""
    done = report.delivered
    return bool(done.deferred or done.unknown or _left(report.left) or report.ranked.unplanned)


def why(report: RunReport) -> Iterator[str]:
    """Yield a sentence for everything that kept a mail from leaving."""
    for source in report.sources:
        if source.outcome is SourceOutcome.FAILED:
            yield f"Source {source.name} failed: {source.error.rstrip('.')}."
        elif source.outcome is SourceOutcome.STALE:
            yield f"Source {source.name} served an old list as a new one."
        elif source.outcome is SourceOutcome.EMPTY:
            yield f"Source {source.name} had no papers."
    for error in report.delivered.errors:
        yield f"Nothing can be sent now: {error.rstrip('.')}."
    ranked = report.ranked
    if report.command == "run" and not ranked.subscribers:
        yield "There are no confirmed subscribers: see `digest subscriber list`."
    if ranked.waiting:
        yield f"{_people(ranked.waiting)} not due yet: it is not their hour or day."
    if ranked.settled:
        yield f"{_people(ranked.settled)} done already: this edition was planned for them before."
    for reason, number in sorted(report.skipped.items()):
        yield f"{_people(number)} skipped: {_SKIPPED[SkipReason(reason)]}."
    if ranked.unplanned:
        yield f"{_people(ranked.unplanned)} not planned for yet: the run was stopped."
    if ranked.replaced:
        yield f"{_mails(ranked.replaced)} dropped for a newer one: it had not left by then."
    yield from _undelivered(report.delivered)
    mine = {
        DeliveryState.DEFERRED: report.delivered.deferred,
        DeliveryState.UNKNOWN: report.delivered.unknown,
    }
    if (left := _left(report.left)) and left != _left(mine):
        yield f"{_mails(sum(report.left.values()))} left to do: {left}."


def _undelivered(done: DeliverReport) -> Iterator[str]:
    if done.deferred:
        yield f"{_mails(done.deferred)} deferred by the relay and will be tried again."
    if done.failed:
        yield f"{_mails(done.failed)} given up: see `digest delivery list --state failed`."
    if done.unknown:
        yield f"{_mails(done.unknown)} in doubt: see `digest delivery list --state unknown`."
    if done.expired:
        yield f"{_mails(done.expired)} too late to leave ([schedule] expire_after_hours)."


def _people(number: int) -> str:
    return "1 subscriber is" if number == 1 else f"{number:,} subscribers are"


def _mails(number: int) -> str:
    return "1 mail is" if number == 1 else f"{number:,} mails are"
