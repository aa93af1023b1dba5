"""Measure how soon lists, papers and search answer from a large archive, while mail is sent.

    python -m tests.benchmarks.read --papers 100000 --recipients 20000 [--json]
    python -m tests.benchmarks.read --load 5 --connections 16       with wrk, for 5 s each

The archive has that many papers of 400 days, a tenth of which have signals. `digest serve` begins
with N subscribers whose digests are due; it plans and sends them to Postfix's `smtp-sink`.
Meanwhile a reader opens pages, every one another day, question or paper, so that little of it can
be remembered, and some more when all is sent. With 0 recipients nothing is sent. Times are those of
whole answers. With `--apart` `digest web` serves the pages, beside a `digest serve --no-web`.

With `--load` the same addresses, some hundred of each kind, are asked for by `wrk` over so many
connections at once, as fast as answers come: requests a second, and how long they took. Answers
above 399 are counted apart (`refused`), and so are those that never came (`lost`). The last of them
is somebody who has the page already.
"""

from __future__ import annotations

import argparse
import itertools
import json
import random
import shutil
import subprocess
import tempfile
import time
import urllib.request
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote_plus

from digest.app import App
from digest.model import Paper, Signal, SignalName
from digest.reading import meaning, settled
from tests.benchmarks import send, site
from tests.benchmarks.site import Site, seconds_of

DAYS = 400
DAY = timedelta(days=1)
LEAST_ROUNDS = 60


def measure(asked: argparse.Namespace) -> dict[str, Any]:
    """Return the figures of one service."""
    now = datetime.now(UTC)
    found: dict[str, Any] = {"papers": asked.papers, "recipients": asked.recipients}
    with site.mailing(asked, now=now) as (app, config):
        began = time.perf_counter()
        words = fill(app, asked.papers, now)
        found["fill seconds"] = time.perf_counter() - began
        began = time.perf_counter()
        meaning.update(app.store, app.clock)
        found["learn seconds"] = time.perf_counter() - began
        began = time.perf_counter()
        found["boards"] = settled.update(app.store, app.clock, app.settings.schedule)
        found["boards seconds"] = time.perf_counter() - began
        kinds = pages(words, asked.papers, now)
        with site.serving(config, apart=asked.apart) as served:
            if asked.load:
                return found | press(served, app, kinds, asked)
            return found | visit(served, app, kinds, asked.recipients)


def fill(app: App, number: int, now: datetime) -> list[str]:
    """Write the archive; return words of its papers, common and rare ones."""
    draw = random.Random(2)
    words = [f"{a}{b}{c}" for a, b, c in itertools.product(*[SYLLABLES] * 3)]
    draw.shuffle(words)
    # As in a language: the n-th word is 1/n as common as the first (Zipf).
    weights = list(itertools.accumulate(1 / rank for rank in range(3, len(words) + 3)))
    for start in range(0, number, 1000):
        listed_at = now - timedelta(days=DAYS * (1 - start / number), hours=5)
        new = [
            Paper(
                key=f"arxiv:bench.{place:06}",
                title=" ".join(draw.choices(words, cum_weights=weights, k=9)),
                abstract=" ".join(draw.choices(words, cum_weights=weights, k=150)),
                authors=tuple(" ".join(draw.choices(words, k=2)) for _ in range(4)),
                categories=tuple(draw.sample(send.CATEGORIES, 2)),
            )
            for place in range(start, min(start + 1000, number))
        ]
        signals = [
            Signal(
                one.key,
                "bench",
                SignalName.UPVOTES,
                place + later,
                listed_at + timedelta(days=later),
            )
            for place, one in enumerate(new[::10])
            for later in range(1, 5)
        ]
        with app.store.write() as tx:
            tx.papers.add(new, source="bench", listed_at=listed_at)
            tx.signals.record(signals)
    return words


SYLLABLES = ("ba", "co", "di", "fe", "gu", "ha", "jo", "ki", "le", "mo", "nu", "pa", "qui", "ro")
SYLLABLES += ("su", "ta", "ve", "wi", "xo", "zu", "ar", "en", "il", "os")


def pages(words: list[str], papers: int, now: datetime) -> dict[str, Callable[[int], str]]:
    """Return by name what gives an address for each round."""
    draw = random.Random(3)

    def day(_round: int) -> str:
        return (now - timedelta(days=draw.randrange(1, DAYS))).date().isoformat()

    def question(_round: int) -> str:
        rare = words[draw.randrange(100, 3000)]
        return quote_plus(f"{words[draw.randrange(3, 100)]} {rare}")

    def key(_round: int) -> str:
        return f"arxiv:bench.{draw.randrange(papers):06}"

    return {
        "front": lambda _: "/",
        "day": lambda n: f"/day/{day(n)}",
        "day new of a category": lambda n: f"/day/{day(n)}?sort=new&category={send.CATEGORIES[0]}",
        "month": lambda n: f"/month/{day(n)[:7]}",
        "trending": lambda _: "/trending?window=month",
        "paper": lambda n: f"/papers/{key(n)}",
        "search": lambda n: f"/search?q={question(n)}",
        "search in a category": lambda n: f"/search?q={question(n)}&category={send.CATEGORIES[1]}",
        "search of a common word": lambda n: f"/search?q={words[n % 40]}",
        "api": lambda n: f"/api/v1/papers?window={day(n)}&sort=top",
    }


def visit(
    served: Site, app: App, pages: dict[str, Callable[[int], str]], recipients: int
) -> dict[str, Any]:
    """Open pages until all is sent, and then some more; return how long they took."""
    spent: dict[str, dict[str, list[float]]] = {}
    seconds_of(f"{served.base}/search?q=first")  # places are read into memory once
    found: dict[str, Any] = {}
    for number in itertools.count():
        left = recipients - site.sent(app)
        phase = "alone" if not left else "planning" if left == recipients else "sending"
        if phase not in spent:
            spent[phase] = {name: [] for name in pages}
            began, used = time.perf_counter(), served.cpu_seconds()
        for name, address in pages.items():
            spent[phase][name].append(seconds_of(served.base + address(number)))
        answers = sum(map(len, spent[phase].values()))
        found[f"{phase}: seconds"] = time.perf_counter() - began
        # On a machine that has other things to do it says more than the time; with mail, all of it.
        found[f"{phase}: cpu ms per answer"] = 1000 * (served.cpu_seconds() - used) / answers
        if phase == "alone" and answers >= LEAST_ROUNDS * len(pages):
            break
    for phase, kinds in spent.items():
        if len(kinds["front"]) == 1:
            continue  # one answer of each kind tells nothing
        for name, seconds in {"all": itertools.chain(*kinds.values()), **kinds}.items():
            told = site.spread(list(seconds))
            found |= {f"{phase}: {name}: {figure}": one for figure, one in told.items()}
    return found


def press(
    served: Site, app: App, pages: dict[str, Callable[[int], str]], asked: argparse.Namespace
) -> dict[str, Any]:
    """Have `wrk` ask for each kind of page; return requests a second and how long they took."""
    seconds_of(f"{served.base}/search?q=first")
    found: dict[str, Any] = {"connections": asked.connections}
    for name, address in pages.items():
        before, used = site.sent(app), served.cpu_seconds()
        paths = [address(number) for number in range(ADDRESSES)]
        told = wrk(served.base, paths, asked)
        found |= {f"{name}: {figure}": one for figure, one in told.items()}
        answers = max(1.0, told["requests/s"] * asked.load)
        found[f"{name}: cpu ms"] = 1000 * (served.cpu_seconds() - used) / answers
        found[f"{name}: mails/s"] = (site.sent(app) - before) / asked.load
    path = pages["trending"](0)
    with urllib.request.urlopen(served.base + path, timeout=60) as answer:
        tag = answer.headers["ETag"]
    told = wrk(served.base, [path], asked, "-H", f"If-None-Match: {tag}")
    return found | {f"trending that one has: {figure}": one for figure, one in told.items()}


def wrk(base: str, paths: list[str], asked: argparse.Namespace, *more: str) -> dict[str, float]:
    """Ask for these in turns, over and over, for a time; return what came of it."""
    with tempfile.NamedTemporaryFile("w", suffix=".lua") as script:
        script.write(f"local paths = {{{', '.join(json.dumps(path) for path in paths)}}}\n{ASKING}")
        script.flush()
        how = ["-t1", f"-c{asked.connections}", f"-d{asked.load}s", "--timeout", "10s", *more]
        ran = subprocess.run(
            ["wrk", *how, "-s", script.name, base],
            capture_output=True,
            text=True,
            check=True,
            timeout=asked.load + 30,
        )
    told: dict[str, float] = json.loads(ran.stdout.splitlines()[-1])
    return told


ADDRESSES = 300

ASKING = """
local turn = 0
request = function()
  turn = turn % #paths + 1
  return wrk.format("GET", paths[turn])
end
done = function(summary, latency)
  local lost = summary.errors.connect + summary.errors.read + summary.errors.write
  print(string.format(
    '\\n{"requests/s": %f, "p50 ms": %f, "p95 ms": %f, "p99 ms": %f, "refused": %d, "lost": %d}',
    summary.requests / (summary.duration / 1e6), latency:percentile(50) / 1e3,
    latency:percentile(95) / 1e3, latency:percentile(99) / 1e3,
    summary.errors.status, lost + summary.errors.timeout))
end
"""


def main() -> None:
    """Print the figures, or one JSON document."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--papers", type=int, default=100_000)
    parser.add_argument("--recipients", type=int, default=20_000)
    parser.add_argument("--load", type=int, default=0, metavar="SECONDS", help="for each page")
    parser.add_argument("--connections", type=int, default=16)
    parser.add_argument("--apart", action="store_true", help="pages in a process of their own")
    parser.add_argument("--json", action="store_true")
    asked = parser.parse_args()
    if asked.load and not shutil.which("wrk"):
        raise SystemExit("wrk is missing, so nothing was measured: apt-get install wrk")
    site.tell(measure(asked), as_json=asked.json)


if __name__ == "__main__":
    main()
