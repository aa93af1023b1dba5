"""The pages as axe judges them, with everything on them unfolded."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

from digest.links import on
from digest.model import Interest, InterestKind, Opinion, Signal, SignalName
from tests.support.samples import NOW, paper, papers
from tests.support.site import Running, running

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """Run a site with a reader who has said something, and somebody who has not confirmed."""
    with running(tmp_path_factory.mktemp("site")) as site:
        chosen = (
            Interest(InterestKind.CATEGORY, "cs.RO"),
            Interest(InterestKind.CATEGORY, "math.AG"),
            Interest(InterestKind.SEED, "arxiv:2611.99999"),
        )
        reader = site.member("reader@example.org", interests=chosen)
        with site.app.store.write() as tx:
            long = paper("rss:long", categories=("x" * 90,))
            tx.papers.add([*papers(4), long], source="arxiv", listed_at=NOW)
            signal = Signal("arxiv:2611.00004", "hf", SignalName.UPVOTES, 42, observed_at=NOW)
            tx.signals.record([signal])
            for key, opinion in (("00001", Opinion.MORE), ("00002", Opinion.LESS)):
                tx.feedback.give(reader.id, f"arxiv:2611.{key}", opinion, now=NOW)
        form = {"email": "waiting@example.org", "category": "cs.RO"}
        site.client.post("/subscribe", data=form)
        yield site


def visited(site: Running) -> dict[str, str]:
    """Return where the pages are, by name."""
    links = site.app.links
    reader = site.subscriber("reader@example.org")
    waiting = site.subscriber("waiting@example.org")
    assert reader is not None
    assert waiting is not None
    return {
        "home": "/",
        "subscribe": "/subscribe?category=cs.RO",
        "mistake": "/subscribe?timezone=Mars&hour=25&email=x",
        "link": "/preferences",
        "confirm": site.path(links.confirm(waiting.public_id)),
        "preferences": site.path(links.preferences(reader.public_id)),
        "unsubscribe": site.path(links.unsubscribe(reader.public_id)),
        "feedback": site.path(links.feedback(reader.public_id))
        + on("arxiv:2611.00003", Opinion.MORE),
        "lost": "/confirm/lost",
        "day": "/day/2026-11-24?category=cs.RO",
        "end of a day": "/day/2026-11-24?category=cs.RO&sort=new&after=1",
        "gone": "/day/2026-11-24?after=999999",
        "empty day": "/day/2026-11-22",
        "week": "/week/2026-W48",
        "trending": "/trending",
        "paper": "/papers/arxiv:2611.00004",
        "search": "/search",
        "found": "/search?q=study",
        "archive": "/archive",
        "about": "/about",
        "api": "/api/v1/docs",
    }


def violations(page: Page) -> list[str]:
    """Return what axe finds wrong with a page on which everything is unfolded."""
    axe = pytest.importorskip("axe_playwright_python.sync_playwright").Axe()
    page.evaluate("document.querySelectorAll('details').forEach(one => one.open = true)")
    # Who speaks to the browser says what stands there (WCAG 2.2, success criterion 2.5.3).
    besides = {"label-content-name-mismatch": {"enabled": True}}
    found = axe.run(page, options={"rules": besides}).response["violations"]
    return [f"{one['id']}: {one['nodes'][0]['html'][:120]}" for one in found]


@pytest.mark.timeout(300)
@pytest.mark.parametrize(("scheme", "width"), [("light", 360), ("dark", 1100)])
def test_axe_finds_nothing(browser: Browser, site: Running, scheme: str, width: int) -> None:
    context = browser.new_context(
        base_url=str(site.client.base_url),
        viewport={"width": width, "height": 800},
        color_scheme=scheme,  # type: ignore[arg-type]
        bypass_csp=True,  # axe is a script
    )
    page = context.new_page()
    page.set_default_timeout(20_000)
    found = {}
    for name, path in visited(site).items():
        page.goto(path)
        found[name] = violations(page)
        if name in ("subscribe", "preferences"):
            page.locator("button[value=preview]").click()
            found[f"{name}, previewed"] = violations(page)
        assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"), name
    context.close()
    assert {name: each for name, each in found.items() if each} == {}
