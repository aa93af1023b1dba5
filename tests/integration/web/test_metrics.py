"""What Prometheus reads, and who may read it."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families

from digest import pipeline
from digest.config import Settings
from digest.errors import ConfigError, OutcomeUnknown, PermanentFailure, SourceUnavailable
from digest.ingest import NamedSource
from digest.model import Cadence, Fetched
from digest.testing import FakeSource
from digest.web.server import WebServer
from tests.conftest import REPOSITORY
from tests.support.samples import NOW, paper, pick, plan, subscribe
from tests.support.site import EMAIL, SETTINGS, Running

Labels = frozenset[tuple[str, str]]


def figures(text: str) -> dict[str, dict[Labels, float]]:
    """Return the figures of a page by name and labels."""
    return {
        family.name: {frozenset(one.labels.items()): one.value for one in family.samples}
        for family in text_string_to_metric_families(text)
    }


def scrape(site: Running) -> dict[str, dict[Labels, float]]:
    answer = site.client.get("/metrics")
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/plain; version=")
    return figures(answer.text)


def labels(**given: str) -> Labels:
    return frozenset(given.items())


def planned(site: Running, *emails: str) -> None:
    readers = [subscribe(site.app.store, email) for email in emails]
    with site.app.store.write() as tx:
        edition = tx.editions.ensure(Cadence.DAILY, NOW.date(), now=NOW)
        tx.papers.add([paper()], source="arxiv", listed_at=NOW)
        picks = (pick(paper()),)
        tx.deliveries.plan([plan(one, edition_id=edition.id, picks=picks) for one in readers])


def test_an_empty_place_has_every_figure_at_zero(site: Running) -> None:
    found = scrape(site)
    assert set(found["digest_deliveries"].values()) == {0}
    assert labels(state="unknown") in found["digest_deliveries"]
    assert found["digest_oldest_due_seconds"] == {labels(): 0}
    assert found["digest_sent_last_5m"] == {labels(): 0}
    assert found["digest_last_run_outcome"] == {}
    assert found["digest_subscribers"][labels(status="confirmed")] == 0


def test_what_became_of_the_deliveries_is_told(site: Running) -> None:
    planned(site, "a@example.org", "b@example.org", "c@example.org")
    assert scrape(site)["digest_oldest_due_seconds"] == {labels(): 3600}
    for _ in range(2):  # in doubt once, it is sent again
        site.transport.fail("b@example.org", OutcomeUnknown("lost"))
    site.transport.fail("c@example.org", PermanentFailure("no", reply="550 no"))
    pipeline.tick(site.app)
    found = scrape(site)
    states = {
        state: found["digest_deliveries"][labels(state=state)] for state in ("sent", "failed")
    }
    assert states == {"sent": 1, "failed": 1}
    assert found["digest_deliveries"][labels(state="unknown")] == 1
    assert found["digest_oldest_due_seconds"] == {labels(): 0}
    assert found["digest_sent_last_5m"] == {labels(): 1}
    assert found["digest_subscribers"][labels(status="confirmed")] == 3
    ended = (NOW + timedelta(hours=1)).timestamp()
    assert found["digest_last_run_timestamp_seconds"] == {labels(command="tick"): ended}
    outcomes = found["digest_last_run_outcome"]
    assert outcomes[labels(command="tick", outcome="partial")] == 1
    assert sum(outcomes.values()) == 1
    site.clock.advance(600)
    assert scrape(site)["digest_sent_last_5m"] == {labels(): 0}


def test_sources_are_told_with_their_last_success_and_their_failures(site: Running) -> None:
    good, bad = FakeSource(Fetched(papers=(paper(),))), FakeSource(SourceUnavailable("down"))
    named = (NamedSource("good", "fake", good), NamedSource("bad", "fake", bad))
    app = replace(site.app, sources=named)
    pipeline.collect(app, app.sources)
    server = WebServer(app, "127.0.0.1", 0)
    server.start()
    found = figures(httpx.get(f"{server.url}/metrics").text)
    server.stop()
    seen = (NOW + timedelta(hours=1)).timestamp()
    assert found["digest_source_last_success_timestamp_seconds"] == {labels(source="good"): seen}
    failures = {labels(source="good"): 0, labels(source="bad"): 1}
    assert found["digest_source_failures"] == failures
    # Those of the configuration only.
    assert scrape(site)["digest_source_failures"] == {}


def test_nobody_is_named(site: Running) -> None:
    reader = site.member()
    planned(site, "other@example.org")
    pipeline.tick(site.app)
    text = site.client.get("/metrics").text
    assert not re.search(rf"@|{EMAIL}|{reader.public_id}|example\.org", text)


def test_head_answers_like_get_without_a_body(site: Running) -> None:
    answer = site.client.head("/metrics")
    assert (answer.status_code, answer.text) == (200, "")


# --- who may read it --------------------------------------------------------------------------


@pytest.mark.parametrize(
    "header", ["X-Forwarded-For", "X-Real-IP", "X-Forwarded-Host", "Forwarded", "Via"]
)
def test_what_an_unknown_proxy_passes_on_is_refused(standing: Running, header: str) -> None:
    answer = standing.client.get("/metrics", headers={header: "127.0.0.1"})
    assert answer.status_code == 404
    assert "digest_" not in answer.text


class TestBehindAProxy:
    """The proxy is on the same machine, and Prometheus is in another network."""

    @pytest.fixture
    def settings(self) -> Settings:
        web = SETTINGS.web.model_copy(
            update={
                "trusted_proxies": ("127.0.0.1",),
                "metrics_from": ("10.1.2.0/24", "127.0.0.0/8", "::1"),
            }
        )
        return SETTINGS.model_copy(update={"web": web})

    def test_only_who_is_in_the_network_may_read(self, site: Running) -> None:
        statuses = {
            "10.1.2.3": 200,
            "10.1.2.3:4711": 200,
            "127.0.0.2": 200,
            "10.1.3.1": 404,
            "198.51.100.7": 404,
            "198.51.100.7:4711": 404,
            "10.1.2.3, 8.8.8.8": 404,
            "10.1.2.3, unknown": 404,
            "127.0.0.1": 404,  # another proxy, that says nothing
            "unknown": 404,
        }
        found = {
            address: site.client.get("/metrics", headers={"X-Forwarded-For": address}).status_code
            for address in statuses
        }
        assert found == statuses

    def test_prometheus_beside_the_proxy_may(self, site: Running) -> None:
        assert site.client.get("/metrics").status_code == 200


class TestClosed:
    """Nobody may read it."""

    @pytest.fixture
    def settings(self) -> Settings:
        web = SETTINGS.web.model_copy(update={"metrics_from": ()})
        return SETTINGS.model_copy(update={"web": web})

    def test_nobody_is_answered(self, site: Running) -> None:
        assert site.client.get("/metrics").status_code == 404


def test_networks_must_be_networks(site: Running) -> None:
    web = SETTINGS.web.model_copy(update={"metrics_from": ("prometheus.example.org",)})
    broken = replace(site.app, settings=SETTINGS.model_copy(update={"web": web}))
    with pytest.raises(ConfigError, match=r"\[web\] metrics_from"):
        WebServer(broken, "127.0.0.1", 0)


# --- what is alerted on -----------------------------------------------------------------------


@pytest.mark.parametrize(
    "path", ["deploy/prometheus-alerts.yml", "docs/howto/metrics.md"], ids=lambda path: path[:6]
)
def test_the_documents_name_figures_that_there_are(site: Running, path: str) -> None:
    file = REPOSITORY / Path(path)
    named = set(re.findall(r"\bdigest_\w+", file.read_text(encoding="utf-8")))
    assert named
    assert named <= set(scrape(site))
