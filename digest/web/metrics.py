"""`/metrics`: what an operator watches, for Prometheus; the only place of its client library.

Everything is counted in the database when it is asked for, so it is right for any number of
processes and survives their ends. There is no address, name of a person or token in it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta

from fastapi import APIRouter
from fastapi.responses import Response
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.exposition import CONTENT_TYPE_LATEST
from prometheus_client.registry import Collector
from starlette.exceptions import HTTPException
from starlette.requests import Request

from digest.app import App
from digest.model import DeliveryState, RunOutcome, SubscriberStatus
from digest.web.pages import routes
from digest.web.security import Network, is_from

# How far back deliveries and runs are looked at: nobody alerts on what is older.
RECENT = timedelta(days=3)
LATELY = timedelta(minutes=5)


@dataclass(frozen=True)
class MetricsPage:
    """The figures, for who asks from the networks `allowed`; for anybody else there is no page."""

    app: App
    allowed: tuple[Network, ...]
    trusted: tuple[Network, ...]

    def router(self) -> APIRouter:
        """Return the route."""
        return routes({"/metrics": self.metrics})

    def metrics(self, request: Request) -> Response:
        """Show every figure as it is now."""
        if not is_from(request, self.allowed, trusted=self.trusted):
            raise HTTPException(404)
        registry = CollectorRegistry()
        registry.register(Figures(self.app))
        return Response(generate_latest(registry), media_type=CONTENT_TYPE_LATEST)


class Figures(Collector):
    """The figures of one site."""

    def __init__(self, app: App) -> None:
        self._app = app

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """Count everything; raise `StoreBusy` where the database does not answer."""
        now = self._app.clock.now()
        life = timedelta(hours=self._app.settings.schedule.expire_after_hours)
        with self._app.store.read() as tx:
            states = tx.counts.by_state(since=now - RECENT)
            oldest = tx.counts.oldest_due(now=now)
            sent = tx.counts.sent(since=now - LATELY, due_since=now - life)
            runs = tx.runs.newest(since=now - RECENT)
            sources = {state.name: state for state in tx.sources.list()}
            subscribers = tx.subscribers.counts()
        yield _by(
            "digest_deliveries",
            "Deliveries by state: all that are not done with, and what ended within 3 days.",
            "state",
            {state.value: states.get(state, 0) for state in DeliveryState},
        )
        yield GaugeMetricFamily(
            "digest_oldest_due_seconds",
            "How long the delivery that has waited longest could have left; 0 if none waits.",
            0 if oldest is None else (now - oldest).total_seconds(),
        )
        yield GaugeMetricFamily(
            "digest_sent_last_5m", "Deliveries that were sent within the last 5 minutes.", sent
        )
        yield _by(
            "digest_last_run_timestamp_seconds",
            "When the last run of each command ended, if it was within 3 days.",
            "command",
            {run.command: run.finished_at.timestamp() for run in runs if run.finished_at},
        )
        outcomes = GaugeMetricFamily(
            "digest_last_run_outcome",
            "1 for the outcome of the last run of each command, 0 for the others.",
            labels=["command", "outcome"],
        )
        for run in runs:
            for outcome in RunOutcome:
                outcomes.add_metric([run.command, outcome], run.outcome == outcome)
        yield outcomes
        # A source that is not in the configuration any more is not missed.
        known = [sources[one.name] for one in self._app.sources if one.name in sources]
        yield _by(
            "digest_source_last_success_timestamp_seconds",
            "When each source answered last.",
            "source",
            {one.name: one.last_success_at.timestamp() for one in known if one.last_success_at},
        )
        yield _by(
            "digest_source_failures",
            "How often each source has failed in a row.",
            "source",
            {one.name: one.error_count for one in known},
        )
        yield _by(
            "digest_subscribers",
            "Subscribers by status.",
            "status",
            {status.value: subscribers.get(status, 0) for status in SubscriberStatus},
        )


def _by(name: str, about: str, label: str, figures: Mapping[str, float]) -> GaugeMetricFamily:
    family = GaugeMetricFamily(name, about, labels=[label])
    for value, figure in figures.items():
        family.add_metric([value], figure)
    return family
