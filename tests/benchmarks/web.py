"""Measure how soon pages answer while the same process plans and sends.

    python -m tests.benchmarks.web --recipients 20000 [--json]

`digest serve` begins with N subscribers whose digests are due; it plans and sends them to
Postfix's `smtp-sink`. Meanwhile a reader opens the front page, the form and the health checks in
turns, and signs up now and then: that one writes, so it waits for the database. Times are those of
whole answers.
"""

from __future__ import annotations

import argparse
import time
import urllib.parse
from typing import Any

from digest.app import App
from tests.benchmarks import site
from tests.benchmarks.site import seconds_of

PAGES = ("/", "/subscribe", "/healthz", "/readyz")
EVERY = 40  # rounds between two sign-ups
SIGN_UPS = 5  # more from one address in an hour are refused


def measure(asked: argparse.Namespace) -> dict[str, Any]:
    """Return the figures of one service."""
    with site.mailing(asked) as (app, config), site.serving(config) as served:
        return {"recipients": asked.recipients, **visit(served.base, app, asked.recipients)}


def visit(base: str, app: App, recipients: int) -> dict[str, Any]:
    """Open pages until all is sent; return how long they took in each stage."""
    spent: dict[str, list[float]] = {"planning": [], "sending": []}
    began = time.perf_counter()
    planned_after = 0.0
    number = 0
    while True:
        sent = site.sent(app)
        if sent >= recipients:
            break
        stage = "sending" if sent else "planning"
        if sent and not planned_after:
            planned_after = time.perf_counter() - began
        spent[stage] += [seconds_of(base + page) for page in PAGES]
        if number % EVERY == 0 and number < SIGN_UPS * EVERY:
            form = urllib.parse.urlencode({"email": f"new{number}@example.org"}).encode()
            spent[stage].append(seconds_of(base + "/subscribe", form))
        number += 1
    found: dict[str, Any] = {
        "planning_seconds": planned_after,
        "sending_seconds": time.perf_counter() - began - planned_after,
    }
    for stage, seconds in spent.items():
        if len(seconds) > 1:
            found[f"{stage}_answers"] = len(seconds)
            found |= {f"{stage} {name}": one for name, one in site.spread(seconds).items()}
            found[f"{stage} max ms"] = 1000 * max(seconds)
    return found


def main() -> None:
    """Print the figures, or one JSON document."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--recipients", type=int, default=20_000)
    parser.add_argument("--json", action="store_true")
    asked = parser.parse_args()
    site.tell(measure(asked), as_json=asked.json)


if __name__ == "__main__":
    main()
