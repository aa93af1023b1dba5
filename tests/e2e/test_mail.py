"""Mails as programs of others judge them: SpamAssassin, axe, the W3C's checker, a browser."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from dataclasses import replace
from email import message_from_bytes, policy
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from digest.model import DeliveryKind, Message, Paper, Pick
from tests.support.mail import DELIVERY, PICKS, arxiv, mail

if TYPE_CHECKING:
    from playwright.sync_api import Browser

SPAMASSASSIN = shutil.which("spamassassin")

# Rules of the W3C's checker that mails break on purpose: HTML of the web has CSS for these.
MAIL_ONLY = re.compile(r"“(border|cellpadding|cellspacing|width|align)” attribute|“mso-hide”")

HARD = (
    arxiv(
        "2611.00001",
        "מודל שפה גדול לעברית",
        "אנחנו מציגים מודל שפה.",
        "דנה כהן",
        categories="cs.CL",
    ),
    arxiv(
        "2611.00002", "面向机器人操作的扩散策略", "本文提出一种策略。", "王小明", categories="cs.RO"
    ),
    arxiv(
        "2611.00003",
        '<script>alert(1)</script> & "quotes" </td></table>',
        "FREE MONEY!!! Click here now: http://192.0.2.1/x " * 9,
        "<i>Eve</i>",
        categories="math.CO",
    ),
    arxiv("2611.00004", "Averylongword" * 30, "x" * 2000, *["A. Name"] * 300, categories="cs.LG"),
)


def picks(papers: tuple[Paper, ...], number: int) -> list[Pick]:
    figures = {"upvotes": 1_234_567, "upvotes_gained": 98_765, "comments": 2, "stars": 9}
    return [
        replace(
            PICKS[at % 3],
            position=at + 1,
            paper=replace(papers[at % len(papers)], key=f"arxiv:2611.{at:05}"),
            figures=figures,
        )
        for at in range(number)
    ]


def digest(chosen: list[Pick]) -> Message:
    sections = [["authors", 1], ["for-you", len(chosen) // 2], ["trending", len(chosen)]]
    notes = ["arxiv could not be read today; its papers follow when it answers again."]
    return mail(picks=chosen, facts={**DELIVERY.facts, "sections": sections, "notes": notes})


USUAL = tuple(pick.paper for pick in PICKS)
MAILS = {
    **{str(kind): mail(kind) for kind in DeliveryKind},
    "one paper": digest(picks(USUAL, 1)),
    "hostile papers": digest(picks(HARD, 12)),
    "thirty papers": digest(picks(USUAL, 30)),
    "a hundred papers": digest(picks((*USUAL, *HARD), 100)),
}


def html(name: str) -> str:
    parsed = message_from_bytes(MAILS[name].content, policy=policy.default)
    part = parsed.get_body(("html",))
    assert part is not None
    return str(part.get_content())


@pytest.mark.parametrize("name", MAILS)
def test_spamassassin_finds_nothing_to_say(name: str, tmp_path: Path) -> None:
    if SPAMASSASSIN is None:
        pytest.skip("spamassassin is not installed")
    found = subprocess.run(
        [SPAMASSASSIN, "--local", "--test-mode"],
        input=MAILS[name].content,
        capture_output=True,
        check=True,
        env={**os.environ, "HOME": str(tmp_path)},
        timeout=100,
    ).stdout.decode("utf-8", "replace")
    said = re.search(r"^X-Spam-Status: .*?score=(-?[\d.]+)", found, re.MULTILINE)
    assert said is not None, found
    assert float(said[1]) < 1, found[found.find("Content analysis") :]


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("name", MAILS)
def test_axe_finds_nothing_serious(browser: Browser, name: str, scheme: str) -> None:
    axe = pytest.importorskip("axe_playwright_python.sync_playwright").Axe()
    page = browser.new_page(color_scheme=scheme)  # type: ignore[arg-type]
    page.set_content(html(name))
    found = axe.run(page).response["violations"]
    page.close()
    assert not [
        (one["id"], one["help"], [node["html"][:200] for node in one["nodes"][:3]])
        for one in found
        if one["impact"] in ("serious", "critical")
    ]


@pytest.mark.parametrize("width", [320, 375, 760])
@pytest.mark.parametrize("name", MAILS)
def test_nobody_has_to_scroll_sideways(browser: Browser, name: str, width: int) -> None:
    page = browser.new_page(viewport={"width": width, "height": 800})
    page.set_content(html(name))
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    if folder := os.environ.get("MAIL_PICTURES"):
        page.screenshot(path=f"{folder}/{name}-{width}.png", full_page=True)
    page.close()


def test_the_checker_of_the_w3c_finds_what_is_for_mails_only(tmp_path: Path) -> None:
    java, jar = shutil.which("java"), os.environ.get("VNU_JAR", "")
    if java is None or not Path(jar).is_file():
        pytest.skip("java is not installed, or VNU_JAR does not name the checker's vnu.jar")
    for number, name in enumerate(MAILS):
        (tmp_path / f"{number}.html").write_text(html(name), "utf-8")
    found = subprocess.run(
        [java, "-jar", jar, "--format", "json", *map(str, sorted(tmp_path.glob("*.html")))],
        capture_output=True,
        check=False,
        timeout=100,
    ).stderr
    said = {one["message"] for one in json.loads(found)["messages"]}
    assert not {one for one in said if not MAIL_ONLY.search(one)}
