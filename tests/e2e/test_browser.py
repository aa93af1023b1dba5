"""A person with a browser: joins, confirms, chooses, leaves."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from email import message_from_bytes, policy
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from digest import deliver
from digest.config import DeliverySettings
from digest.links import on
from digest.model import Cadence, InterestKind, Opinion, Signal, SignalName, SubscriberStatus
from tests.support.samples import NOW, paper, papers
from tests.support.site import Running, running

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Running]:
    """Run a site with three papers."""
    with running(tmp_path) as site:
        with site.app.store.write() as tx:
            tx.papers.add(papers(3), source="arxiv", listed_at=NOW)
            tx.signals.record(
                [Signal("arxiv:2611.00003", "hf", SignalName.UPVOTES, 42, observed_at=NOW)]
            )
        yield site


@pytest.fixture
def page(browser: Browser, site: Running) -> Iterator[Page]:
    """Open a phone-sized page that notes everything which goes wrong on it."""
    context = browser.new_context(
        base_url=str(site.client.base_url), viewport={"width": 360, "height": 740}
    )
    page = context.new_page()
    page.set_default_timeout(20_000)
    troubles: list[str] = []
    home = str(site.client.base_url)
    # What the browser had not loaded yet when it went on to the next page is aborted: no trouble.
    page.on(
        "requestfailed",
        lambda request: (
            None
            if request.failure == "net::ERR_ABORTED"
            else troubles.append(f"failed: {request.url} {request.failure}")
        ),
    )
    page.on("console", lambda message: troubles.append(message.text))
    page.on("pageerror", lambda error: troubles.append(f"error: {error}"))
    page.on(
        "request",
        lambda request: None if request.url.startswith(home) else troubles.append(request.url),
    )
    yield page
    context.close()
    # A form that comes back with a mistake is answered 422, which the browser notes.
    assert [trouble for trouble in troubles if "status of 422" not in trouble] == []


def fits(page: Page) -> bool:
    """Say whether the page has no horizontal scroll."""
    return bool(page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"))


def newest_mail(site: Running) -> str:
    """Deliver what is due and return the text of the newest mail."""
    with ThreadPoolExecutor(1) as thread:  # the browser has an event loop in this one
        report = thread.submit(
            deliver.run,
            site.app.store,
            site.transport,
            site.app.compose,
            settings=DeliverySettings(),
            clock=site.clock,
            worker="test/1/1",
            is_gone=lambda _worker: None,
        ).result()
    assert report.sent == 1
    message = message_from_bytes(site.transport.messages[-1].content, policy=policy.default)
    body = message.get_body(("plain",))
    assert body is not None
    return str(body.get_content())


def link(site: Running, mail: str, page: str) -> str:
    """Return where one link of a mail leads, on this server."""
    found = re.search(rf"https://papers\.example\.org(/{page}/[\w.\-]+)", mail)
    assert found is not None, mail
    return found[1]


def test_joining_choosing_and_leaving_on_a_phone(page: Page, site: Running) -> None:
    page.goto("/")
    assert page.get_by_role("heading", level=3).first.inner_text() == "A study of 2611.00003"
    assert fits(page)
    page.get_by_label("Your email address").fill("reader@example.org")
    page.get_by_text("Choose your topics").click()
    page.get_by_label("Robotics").check()
    page.get_by_label("Keywords").fill("grasping, world models")
    assert fits(page)
    page.get_by_role("button", name="Subscribe").click()
    assert page.get_by_role("heading", level=1).inner_text() == "Check your inbox"
    assert fits(page)

    page.goto(link(site, newest_mail(site), "confirm"))
    assert site.subscriber().status is SubscriberStatus.UNCONFIRMED  # type: ignore[union-attr]
    page.get_by_role("button", name="Yes, subscribe me").click()
    assert page.get_by_role("heading", level=1).inner_text() == "You are in"
    assert site.subscriber().status is SubscriberStatus.CONFIRMED  # type: ignore[union-attr]

    welcome = newest_mail(site)
    page.goto(link(site, welcome, "preferences"))
    assert fits(page)
    assert page.get_by_label("Robotics").is_checked()
    page.get_by_label("Once a week").check()
    page.get_by_label("Never show me").fill("blockchain")
    page.get_by_role("button", name="Save").click()
    assert page.get_by_role("status").inner_text() == "Your preferences are saved."
    subscriber = site.subscriber()
    assert subscriber is not None
    assert subscriber.cadence is Cadence.WEEKLY
    assert [(one.kind, one.value, one.weight) for one in subscriber.interests] == [
        (InterestKind.CATEGORY, "cs.RO", 1.0),
        (InterestKind.KEYWORD, "grasping", 1.0),
        (InterestKind.KEYWORD, "world models", 1.0),
        (InterestKind.KEYWORD, "blockchain", -1.0),
    ]

    page.goto(link(site, welcome, "unsubscribe"))
    page.get_by_role("button", name="Unsubscribe").click()
    assert page.get_by_role("heading", level=1).inner_text() == "You are unsubscribed"
    assert site.subscriber().status is SubscriberStatus.UNSUBSCRIBED  # type: ignore[union-attr]
    page.get_by_role("button", name="Undo").click()
    assert site.subscriber().status is SubscriberStatus.CONFIRMED  # type: ignore[union-attr]
    assert page.context.cookies() == []


def test_looking_before_joining(page: Page, site: Running) -> None:
    """Somebody chooses, sees what would have come, and only then gives an address."""
    page.goto("/")
    page.get_by_text("Choose your topics").click()
    page.get_by_label("Robotics").check()
    page.get_by_role("button", name="More choices").click()
    assert page.get_by_role("heading", name="What you would have got today").is_visible()
    assert page.get_by_label("Robotics").is_checked()
    assert fits(page)
    page.get_by_text("All 155 categories").click()
    page.get_by_label("Find one by its name").fill("Algebraic Geometry")
    page.locator("summary", has_text="Astrophysics").click()
    page.get_by_label("Astrophysics of Galaxies").check()
    assert fits(page)
    page.get_by_label("Or a BibTeX file").set_input_files(
        {
            "name": "my.bib",
            "mimeType": "application/x-bibtex",
            "buffer": b"@misc{x, title={Known}, eprint={2611.00002}}",
        }
    )
    page.get_by_role("button", name="Show me today").click()
    assert "1 of them is here" in page.get_by_role("status").inner_text()
    assert page.get_by_label("Algebraic Geometry").is_checked()
    page.get_by_label("Your email address").fill("reader@example.org")
    page.get_by_role("button", name="Subscribe").first.click()  # above what would have come
    assert page.get_by_role("heading", level=1).inner_text() == "Check your inbox"
    subscriber = site.subscriber()
    assert subscriber is not None
    assert {one.value for one in subscriber.interests} == {
        "cs.RO",
        "astro-ph.GA",
        "math.AG",
        "arxiv:2611.00002",
    }


def test_a_form_on_another_site_needs_one_more_press_here(browser: Browser, site: Running) -> None:
    """The form of docs/reference/web.md, and one that would act without being asked."""
    home = str(site.client.base_url)
    page = browser.new_context().new_page()
    page.set_default_timeout(20_000)
    page.goto("about:blank")
    page.set_content(
        f'<form method="post" action="{home}/subscribe"><input type="email" name="email">'
        '<input type="hidden" name="category" value="cs.RO"><button>Subscribe</button></form>'
    )
    page.locator("input[type=email]").fill("reader@example.org")
    page.get_by_role("button").click()
    assert "One more press" in page.get_by_role("alert").inner_text()
    assert site.subscriber() is None
    assert page.get_by_label("Robotics").is_checked()
    page.get_by_role("button", name="Subscribe").click()
    assert page.get_by_role("heading", level=1).inner_text() == "Check your inbox"
    reader = site.subscriber()
    assert reader is not None
    url = site.path(site.app.links.confirm(reader.public_id))
    page.goto("about:blank")
    page.set_content(f'<form method="post" action="{home}{url}"></form>')
    with page.expect_navigation():
        page.evaluate("document.forms[0].submit()")
    assert page.get_by_role("heading", level=1).inner_text() == "This button is not ours"
    assert site.subscriber() == reader
    page.context.close()


def test_the_link_the_history_and_the_data_without_a_mail_at_hand(
    page: Page, site: Running
) -> None:
    reader = site.member("reader@example.org")
    with site.app.store.write() as tx:
        for key, opinion in (("00001", Opinion.MORE), ("00002", Opinion.LESS)):
            tx.feedback.give(reader.id, f"arxiv:2611.{key}", opinion, now=site.clock.now())
    newest_mail(site)
    page.goto("/")
    page.get_by_role("link", name="Your preferences").click()
    page.get_by_label("Your email address").fill("reader@example.org")
    page.keyboard.press("Enter")
    page.get_by_role("heading", level=1, name="Check your inbox").wait_for()
    assert fits(page)
    page.goto(link(site, newest_mail(site), "preferences"))
    page.get_by_role("button", name="Undo: less like A study of 2611.00002").click()
    assert "Taken back" in page.get_by_role("status").inner_text()
    assert page.get_by_role("button", name="Undo").count() == 1
    with page.expect_download() as download:
        page.get_by_role("link", name="Download").click()
    assert download.value.suggested_filename == "my-digest-data.json"
    page.get_by_label("Until").fill("2026-12-24")
    page.get_by_role("button", name="Pause").click()
    assert "24 December 2026" in page.get_by_text("Your digest is paused until").inner_text()


def test_a_scanner_with_a_browser_changes_nothing(
    page: Page, site: Running, tmp_path: Path
) -> None:
    """Some scanners open links in a browser that runs scripts, and move the pointer."""
    reader = site.member("reader@example.org")
    site.client.post("/subscribe", data={"email": "waiting@example.org"})
    waiting = site.subscriber("waiting@example.org")
    assert waiting is not None
    links = site.app.links
    with closing(sqlite3.connect(tmp_path / "digest.db")) as database:
        before = list(database.iterdump())
        for url in (
            links.confirm(waiting.public_id),
            links.preferences(reader.public_id),
            links.unsubscribe(reader.public_id),
            links.feedback(reader.public_id) + on("arxiv:2611.00001", Opinion.MORE),
        ):
            page.goto(site.path(url))
            page.mouse.move(180, 300)
            page.mouse.wheel(0, 800)
            page.evaluate("document.querySelectorAll('summary').forEach(one => one.click())")
            page.wait_for_timeout(200)
        assert list(database.iterdump()) == before


def test_the_whole_form_by_keyboard(page: Page, site: Running) -> None:
    page.goto("/subscribe")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    while page.evaluate("document.activeElement.id") != "email":
        page.keyboard.press("Tab")
    page.keyboard.type("reader@example.org")
    page.keyboard.press("Tab")
    page.keyboard.press("Space")  # the first category
    page.keyboard.press("Enter")
    assert page.get_by_role("heading", level=1).inner_text() == "Check your inbox"
    subscriber = site.subscriber()
    assert subscriber is not None
    assert [one.value for one in subscriber.interests] == ["cs.LG"]


def test_a_mistake_is_shown_beside_its_field(page: Page, site: Running) -> None:
    page.goto("/subscribe")
    page.get_by_label("Your email address").fill("reader@example")
    page.get_by_role("button", name="Subscribe").click()
    field = page.get_by_label("Your email address")
    assert field.input_value() == "reader@example"
    described = field.get_attribute("aria-describedby")
    assert "not an email address" in page.locator(f"#{described}").inner_text()
    assert fits(page)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_stands_out_from_its_ground(browser: Browser, site: Running, scheme: str) -> None:
    context = browser.new_context(base_url=str(site.client.base_url), color_scheme=scheme)  # type: ignore[arg-type]
    page = context.new_page()
    page.goto("/")
    colours = {
        name: page.evaluate(
            f"getComputedStyle(document.documentElement).getPropertyValue('--{name}').trim()"
        )
        for name in ("paper", "sheet", "ink", "soft", "accent", "on-accent", "wash", "good-wash",
                     "good", "bad-wash", "bad")
    }  # fmt: skip
    context.close()
    pairs = [
        *((text, ground) for text in ("ink", "soft", "accent") for ground in ("paper", "sheet")),
        ("on-accent", "accent"),
        ("soft", "wash"),
        ("good", "good-wash"),
        ("bad", "bad-wash"),
        ("bad", "sheet"),
    ]
    # WCAG 2.2, success criterion 1.4.3.
    weak = [pair for pair in pairs if contrast(colours[pair[0]], colours[pair[1]]) < 4.5]
    assert weak == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_what_can_be_chosen_stands_out_from_its_ground(
    browser: Browser, site: Running, scheme: str
) -> None:
    context = browser.new_context(base_url=str(site.client.base_url), color_scheme=scheme)  # type: ignore[arg-type]
    page = context.new_page()
    page.goto("/subscribe")
    edges = {
        name: page.locator(name).first.evaluate(
            """one => {
                const style = getComputedStyle(one);
                return [style.borderTopColor, style.backgroundColor].map(colour =>
                    "#" + colour.match(/[0-9]+/g).slice(0, 3)
                        .map(part => (+part).toString(16).padStart(2, "0")).join(""));
            }"""
        )
        for name in (".chip input:not(:checked) + span", "#email")
    }
    context.close()
    # WCAG 2.2, success criterion 1.4.11.
    assert {name: pair for name, pair in edges.items() if contrast(*pair) < 3} == {}


@pytest.mark.parametrize("width", [320, 390, 1100])
def test_a_field_stands_beside_its_name(page: Page, width: int) -> None:
    page.set_viewport_size({"width": width, "height": 740})
    page.goto("/search")
    for name in ("field", "category"):
        label = page.locator(f'label[for="{name}"]').bounding_box()
        field = page.locator(f"#{name}").bounding_box()
        assert label is not None
        assert field is not None
        assert field["y"] <= label["y"] < field["y"] + field["height"]
    assert fits(page)


def test_on_paper_there_is_nothing_to_press(page: Page, site: Running) -> None:
    long = paper("arxiv:2611.00009", abstract="A long sentence of it. " * 40)
    with site.app.store.write() as tx:
        tx.papers.add([long], source="arxiv", listed_at=NOW)
    page.emulate_media(media="print")
    for path in ("/", "/day/2026-11-24", "/search?q=study", "/papers/arxiv:2611.00009"):
        page.goto(path)
        for ours in page.locator("nav, form, .bottom, .skip").all():
            assert not ours.is_visible(), path
    page.goto("/day/2026-11-24")
    said = page.locator("details.abstract summary").first
    assert said.evaluate("one => getComputedStyle(one, '::after').content") == "none"
    assert fits(page)


def test_what_a_source_writes_keeps_its_own_direction(page: Page, site: Running) -> None:
    arabic = paper(
        "arxiv:2611.00009",
        title="تعلم الآلة",
        abstract="ملخص قصير عن الورقة.",
        authors=("محمد علي",),
    )
    with site.app.store.write() as tx:
        tx.papers.add([arabic], source="arxiv", listed_at=NOW)
    for path in ("/day/2026-11-24", "/papers/arxiv:2611.00009"):
        page.goto(path)
        for words in ("تعلم الآلة", "ملخص قصير", "محمد علي"):
            found = page.locator("main").get_by_text(words).first
            assert found.evaluate("one => getComputedStyle(one).direction") == "rtl", (path, words)


def contrast(one: str, other: str) -> float:
    """Return the contrast ratio of two colours like #a0b1c2 (WCAG 2.2)."""
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def luminance(colour: str) -> float:
    """Return the relative luminance of a colour (WCAG 2.2)."""
    parts = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    red, green, blue = (
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
