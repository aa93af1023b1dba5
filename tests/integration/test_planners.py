"""Planning in several processes, on both databases."""

from __future__ import annotations

import multiprocessing
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from digest import pipeline, planners, rank
from digest.app import App
from digest.config import Settings
from digest.model import Interest, InterestKind, Plan, SubscriberStatus
from digest.rank import Chunk, Helpers
from digest.store import Store
from digest.testing import FakeClock
from tests.conftest import REPOSITORY
from tests.support.samples import NOW, paper

READERS = 40
TOPICS = ("robots", "harbours", "proteins", "galaxies")
MANY = planners.WORTH_A_PROCESS * 2

two_cores = pytest.mark.skipif(
    len(os.sched_getaffinity(0)) < 2, reason="nobody helps on a single core"
)


@dataclass
class Seen:
    """Helpers, and what they gave back."""

    helpers: Helpers
    given_back: list[list[Plan] | None] = field(default_factory=list)

    @property
    def instead(self) -> bool:
        return self.helpers.instead

    def take(self, chunk: Chunk) -> bool:
        return self.helpers.take(chunk)

    def planned(self) -> Iterator[tuple[Chunk, list[Plan] | None]]:
        for chunk, plans in self.helpers.planned():
            self.given_back.append(plans)
            yield chunk, plans

    def wait(self) -> bool:
        return self.helpers.wait()


@pytest.mark.parametrize(
    ("processes", "cores", "left", "beside", "instead"),
    [
        (2, 2, planners.WORTH_A_PROCESS - 1, 0, 0),  # planned before another one has begun
        (2, 2, planners.WORTH_A_PROCESS, 0, 1),
        (2, 2, MANY, 1, 2),
        (2, 8, 100_000, 1, 2),
        (8, 2, 100_000, 1, 2),
        (4, 8, 3 * planners.WORTH_A_PROCESS, 2, 3),
        (1, 8, 100_000, 0, 0),
        (2, 2, 0, 0, 0),
    ],
)
def test_so_many_plan_beside_a_process_or_instead_of_it(
    processes: int, cores: int, left: int, beside: int, instead: int
) -> None:
    assert planners.others(processes, cores=cores, left=left, instead=False) == beside
    assert planners.others(processes, cores=cores, left=left, instead=True) == instead


@pytest.fixture
def app(url: str, tmp_path: Path) -> Iterator[App]:
    """Return a program with papers and readers, none of whom is planned for."""
    app = build(url, tmp_path)
    fill(app.store)
    yield app
    app.store.close()


@two_cores
def test_with_others_everybody_gets_what_one_alone_would_plan(app: App) -> None:
    seen: list[Seen] = []

    @contextmanager
    def beside(_left: int) -> Iterator[Helpers]:
        with planners.beside(app.settings, NOW, MANY) as helpers:
            seen.append(Seen(helpers))
            yield seen[0]

    alone = [plan for chunk in chunks(app) for plan in planner(app).plans(chunk)]
    report = run(app, beside)
    assert report.planned == READERS
    helped = [plan for plans in seen[0].given_back for plan in plans or ()]
    assert len(helped) >= 3
    assert {plan.subscriber_id: plan.picks for plan in helped}.items() <= {
        plan.subscriber_id: plan.picks for plan in alone
    }.items()
    with app.store.read() as tx:
        for delivery in tx.deliveries.list(limit=READERS):
            (plan,) = [one for one in alone if one.key == delivery.key]
            assert tuple(tx.deliveries.picks(delivery.id)) == plan.picks
    assert not multiprocessing.active_children()


@two_cores
def test_whoever_serves_pages_plans_nothing_that_others_can(app: App) -> None:
    seen: list[Seen] = []

    @contextmanager
    def beside(_left: int) -> Iterator[Helpers]:
        with planners.beside(app.settings, NOW, MANY, instead=True) as helpers:
            seen.append(Seen(helpers))
            yield seen[0]

    assert run(app, beside).planned == READERS
    assert sorted(len(plans or ()) for plans in seen[0].given_back) == [1] * READERS
    assert not multiprocessing.active_children()


@two_cores
@pytest.mark.parametrize("instead", [False, True])
def test_what_a_process_leaves_behind_that_dies_is_planned_here(
    app: App, caplog: pytest.LogCaptureFixture, instead: bool
) -> None:
    seen: list[Seen] = []

    @contextmanager
    def beside(_left: int) -> Iterator[Helpers]:
        with planners.beside(app.settings, NOW, MANY, instead=instead) as helpers:
            seen.append(Seen(helpers))
            assert helpers.take(next(chunks(app)))
            for process in multiprocessing.active_children():
                process.kill()
                process.join()
            yield seen[0]

    assert run(app, beside).planned == READERS
    assert set(map(type, seen[0].given_back)) == {type(None)}
    assert caplog.text.count("a process beside this one could not plan") == 1


@two_cores
def test_a_process_that_cannot_begin_is_told_in_one_line(
    app: App, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    ranking = app.settings.ranking.model_copy(update={"ranker": "nosuch"})
    broken = app.settings.model_copy(update={"ranking": ranking})
    assert run(app, lambda _left: planners.beside(broken, NOW, MANY)).planned == READERS
    (said,) = [one.getMessage() for one in caplog.records if one.levelname == "WARNING"]
    assert "could not plan" in said
    assert "nosuch" in said
    assert "Traceback" not in capfd.readouterr().err


@two_cores
def test_a_run_that_is_stopped_ends_its_helpers_and_writes_nothing_more(app: App) -> None:
    asked: list[int] = []

    def stopping() -> bool:
        asked.append(1)
        return len(asked) > 5

    report = run(app, lambda _left: planners.beside(app.settings, NOW, MANY), stopping=stopping)
    assert report.planned + report.unplanned == READERS
    assert report.unplanned >= READERS - 5
    assert not multiprocessing.active_children()


@two_cores
def test_helpers_end_when_whoever_started_them_is_killed(sqlite_url: str, tmp_path: Path) -> None:
    with closing(build(sqlite_url, tmp_path).store) as store:
        fill(store)
    parent = subprocess.Popen(
        [sys.executable, "-c", PARENT, str(tmp_path)],
        cwd=REPOSITORY,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert parent.stdout is not None
    assert parent.stdout.readline() == "planned\n"
    os.kill(parent.pid, signal.SIGKILL)
    assert parent.communicate(timeout=60)[0] == ""  # the pipe closes when the last has ended


@two_cores
@pytest.mark.slow
@pytest.mark.parametrize(
    ("dry_run", "pages", "others"), [(False, False, 1), (False, True, 2), (True, False, 0)]
)
def test_an_edition_of_many_is_planned_by_several_processes_and_a_rehearsal_by_one(
    sqlite_url: str, tmp_path: Path, dry_run: bool, pages: bool, others: int
) -> None:
    app = build(sqlite_url, tmp_path)
    if pages:
        app = replace(app, waited_for=lambda: False)
    with app.store.write() as tx:
        tx.papers.add([paper()], source="arxiv", listed_at=NOW)
        for number in range(MANY):
            tx.subscribers.add(
                email=f"reader{number}@example.org",
                now=NOW,
                status=SubscriberStatus.CONFIRMED,
                interests=[Interest(InterestKind.KEYWORD, "nothing like it")],
                trending_weight=0.0,
            )
    helpers: list[int] = []

    def stopping() -> bool:
        helpers.append(len(multiprocessing.active_children()))
        return False

    report = pipeline.run(app, dry_run=dry_run, stopping=stopping)
    app.store.close()
    assert report.ranked.done == MANY
    assert max(helpers) == others


@two_cores
@pytest.mark.parametrize("files", [3, 6])
def test_where_no_process_can_be_started_one_plans_alone(
    sqlite_url: str, tmp_path: Path, files: int
) -> None:
    with closing(build(sqlite_url, tmp_path).store) as store:
        fill(store)
    limited = subprocess.run(
        [sys.executable, "-c", LIMITED, str(tmp_path), str(files)],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    assert limited.stdout == f"{READERS}\n"


LIMITED = """
import resource, sys
from pathlib import Path
from tests.integration.test_planners import MANY, NOW, build, planners, run

folder = Path(sys.argv[1])
app = build(f"sqlite:///{folder / 'digest.db'}", folder)
app.store.check_schema()
used = len(list(Path("/proc/self/fd").iterdir()))
resource.setrlimit(resource.RLIMIT_NOFILE, (used + int(sys.argv[2]), 4096))
print(run(app, lambda _left: planners.beside(app.settings, NOW, MANY)).planned)
"""

PARENT = """
import sys, time
from pathlib import Path
from tests.integration.test_planners import MANY, NOW, build, chunks, planners

folder = Path(sys.argv[1])
app = build(f"sqlite:///{folder / 'digest.db'}", folder)
with planners.beside(app.settings, NOW, MANY) as helpers:
    helpers.take(next(chunks(app)))
    while helpers.wait():
        list(helpers.planned())
    print("planned", flush=True)
    time.sleep(600)
"""


def build(url: str, folder: Path) -> App:
    settings = Settings.model_validate(
        {
            "site": {
                "base_url": "https://papers.example.org",
                "from_address": "papers@example.org",
                "secret_file": folder / "secret.key",
            },
            "database": {"url": url},
            "ranking": {"min_score": 0, "processes": 2},
        }
    )
    return App.build(settings, clock=FakeClock(NOW))


def fill(store: Store) -> None:
    """Write papers, and readers who are due."""
    with store.write() as tx:
        tx.papers.add(
            [
                paper(
                    f"arxiv:2611.{number:05}",
                    title=f"On {TOPICS[number % 4]}, part {number}",
                    abstract=f"We study {TOPICS[number % 4]} and what {TOPICS[number % 3]} need.",
                )
                for number in range(60)
            ],
            source="arxiv",
            listed_at=NOW,
        )
        for number in range(READERS):
            tx.subscribers.add(
                email=f"reader{number}@example.org",
                now=NOW,
                status=SubscriberStatus.CONFIRMED,
                interests=[Interest(InterestKind.KEYWORD, TOPICS[number % 4])],
            )


def planner(app: App) -> rank.Planner:
    return planners.planner_of(app, now=NOW)


def chunks(app: App) -> Iterator[Chunk]:
    """Yield each reader alone, as they would be planned now."""
    with app.store.write() as tx:
        rhythm, _ = next(iter(tx.subscribers.rhythms().items()))
        turn = rank.turn_of(rhythm, app.settings.schedule, now=NOW)
        assert turn is not None
        edition = tx.editions.ensure(turn.cadence, turn.date, now=NOW)
        people = tx.subscribers.to_plan(rhythm, edition, newest_paper=NOW, after=0, limit=READERS)
    for one in people:
        yield Chunk(turn, edition, [one])


def run(
    app: App, beside: rank.Beside, stopping: Callable[[], bool] = lambda: False
) -> rank.RankReport:
    return rank.run(
        planner(app),
        schedule=app.settings.schedule,
        chunk=1,
        beside=beside,
        stopping=stopping,
    )
