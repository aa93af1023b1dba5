"""Measure whether the time of an answer tells if an address is on the list.

    python -m tests.benchmarks.answers --rounds 100 [--json]

`digest serve` runs over a database on disk with a subscriber, an address that is suppressed, and
somebody who is asked to confirm. Round by round, in a new order each time, the sign-up form and the
form that mails the link are sent for each of them and for an address that nobody has; the time is
that of the whole answer. Told apart are two kinds of address if an observer who sees one answer of
each guesses which is which more often than by chance: `auc` is how often, 0.5 is never.
"""

from __future__ import annotations

import argparse
import random
import tempfile
import urllib.parse
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from typing import Any

from digest import app as wiring
from digest import subscriptions
from digest.app import App
from digest.model import SuppressionReason
from digest.subscriptions import Preferences
from tests.benchmarks import site

FORMS = ("/subscribe", "/preferences")
KNOWN, SUPPRESSED, WAITING = "member@example.org", "bounced@example.org", "waiting@example.org"


def measure(rounds: int, *, seed: int = 1) -> dict[str, Any]:
    """Return the medians in ms by form and kind of address, and how well two are told apart."""
    order = random.Random(seed)
    spent: defaultdict[tuple[str, str], list[float]] = defaultdict(list)
    with tempfile.TemporaryDirectory(prefix="answers-") as made, serving(Path(made)) as base:
        for number in range(rounds + 1):
            kinds = {
                "member": KNOWN,
                "suppressed": SUPPRESSED,
                "waiting": WAITING,
                "unknown": f"nobody{number:05}@example.org",
            }
            asked = [(form, kind) for form in FORMS for kind in kinds]
            order.shuffle(asked)
            for place, (form, kind) in enumerate(asked):
                visitor = {"X-Forwarded-For": f"10.{number // 250}.{number % 250}.{place + 1}"}
                content = urllib.parse.urlencode({"email": kinds[kind]}).encode()
                seconds = site.seconds_of(base + form, content, visitor)
                if number:  # the first round warms up
                    spent[form, kind].append(1000 * seconds)
    found: dict[str, Any] = {"rounds": rounds}
    for form in FORMS:
        unknown = spent[form, "unknown"]
        for kind in ("member", "suppressed", "waiting", "unknown"):
            found[f"{form} {kind} median_ms"] = median(spent[form, kind])
            if kind != "unknown":
                found[f"{form} {kind} auc"] = auc(spent[form, kind], unknown)
    return found


def auc(some: list[float], others: list[float]) -> float:
    """Return how often one of `some` takes longer than one of `others`; ties count half."""
    wins = sum((one > other) + 0.5 * (one == other) for one in some for other in others)
    return wins / (len(some) * len(others))


@contextmanager
def serving(folder: Path) -> Iterator[str]:
    """Run the pages over a new database and yield their address."""
    config = folder / "config.toml"
    config.write_text(
        f'[site]\nsecret_file = "{folder}/secret.key"\nfrom_address = "papers@example.org"\n'
        f'[database]\nurl = "sqlite:///{folder}/digest.db"\n'
        f'[smtp]\ntransport = "maildir"\nmaildir = "{folder}/mail"\n'
        '[web]\nport = 0\ntrusted_proxies = ["127.0.0.1"]\n'
    )
    app = App.build(wiring.load(config))
    app.store.upgrade()
    fill(app, datetime.now(UTC))
    app.store.close()
    with site.serving(config) as served:
        yield served.base


def fill(app: App, now: datetime) -> None:
    """Write who is known."""
    about: dict[str, Any] = {
        "origin": "192.0.2.7",
        "now": now,
        "domain": app.domain,
        "hash_email": app.signer.hash_email,
    }
    with app.store.write() as tx:
        member = subscriptions.sign_up(tx, KNOWN, Preferences(), **about).subscriber
        assert member is not None
        subscriptions.confirm(tx, member.public_id, **about)
        subscriptions.sign_up(tx, WAITING, Preferences(), **about)
        tx.suppressions.add(app.signer.hash_email(SUPPRESSED), SuppressionReason.COMPLAINT, now=now)


def main() -> None:
    """Print the figures, or one JSON document."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=100)
    parser.add_argument("--json", action="store_true")
    asked = parser.parse_args()
    site.tell(measure(asked.rounds), as_json=asked.json)


if __name__ == "__main__":
    main()
