"""The rank stage in several processes: the others plan chunks for the one that writes.

They read the same database and prepare the same papers; what they have planned is written here, as
if it had been planned here. One that dies, or cannot begin, costs nothing but time.
"""

from __future__ import annotations

import logging
import multiprocessing
import os
import signal
from collections.abc import Iterator
from concurrent.futures import FIRST_COMPLETED, BrokenExecutor, Future, ProcessPoolExecutor, wait
from contextlib import contextmanager, suppress
from datetime import datetime
from threading import Thread

from digest.app import App
from digest.config import Settings
from digest.garbage import rare_collections
from digest.model import Plan
from digest.rank import Chunk, Helpers, Planner, alone

log = logging.getLogger(__name__)

# In the time in which a process begins and prepares the papers, another one plans so many.
WORTH_A_PROCESS = 4000

# So many chunks wait for each process: it is not heard while this one plans a chunk of its own.
_AHEAD = 3


def planner_of(app: App, *, now: datetime) -> Planner:
    """Return what plans an edition in this process."""
    return Planner(
        store=app.store,
        ranker=app.ranker,
        settings=app.settings.ranking,
        domain=app.domain,
        now=now,
        rival=app.rival,
        phrases=app.phrases,
    )


def others(processes: int, *, cores: int, left: int) -> int:
    """Decide how many processes help to plan for so many subscribers."""
    return max(0, min(processes, cores, left // WORTH_A_PROCESS) - 1)


@contextmanager
def beside(settings: Settings, now: datetime, left: int) -> Iterator[Helpers]:
    """Open who helps to plan for so many subscribers; none of them outlives the block."""
    number = others(settings.ranking.processes, cores=os.cpu_count() or 1, left=left)
    executor = _executor(number, settings, now) if number else None
    if executor is None:
        with alone(left) as nobody:
            yield nobody
        return
    try:
        yield _Processes(executor, most=number * _AHEAD)
    finally:
        executor.shutdown(cancel_futures=True)


def _executor(number: int, settings: Settings, now: datetime) -> ProcessPoolExecutor | None:
    try:
        return ProcessPoolExecutor(
            number,
            # A fork would copy the threads' locks of whoever serves pages beside us.
            mp_context=multiprocessing.get_context("spawn"),
            initializer=_begin,
            initargs=(settings, now),
        )
    except (OSError, ImportError, NotImplementedError) as error:  # no semaphores here
        log.warning("this process plans alone, as others cannot be started (%s)", error)
        return None


class _Processes:
    """Processes beside this one, and the chunks that they have not given back (see `Helpers`)."""

    def __init__(self, executor: ProcessPoolExecutor, *, most: int) -> None:
        self._executor = executor
        self._most = most
        self._taken: dict[Future[list[Plan]], Chunk] = {}

    def take(self, chunk: Chunk) -> bool:
        """Say whether one of them plans this chunk."""
        if len(self._taken) >= self._most:
            return False
        with suppress(BrokenExecutor, OSError):  # one has died, or none can be started
            self._taken[self._executor.submit(_plans, chunk)] = chunk
            return True
        return False

    def planned(self) -> Iterator[tuple[Chunk, list[Plan] | None]]:
        """Yield what has been planned by now; without plans, what somebody else must plan."""
        for future in [one for one in self._taken if one.done()]:
            yield self._taken.pop(future), _plans_of(future)

    def rest(self) -> Iterator[tuple[Chunk, list[Plan] | None]]:
        """Wait for all that they took, and yield it likewise."""
        while self._taken:
            wait(self._taken, return_when=FIRST_COMPLETED)
            yield from self.planned()


def _plans_of(future: Future[list[Plan]]) -> list[Plan] | None:
    try:
        return future.result()
    except Exception as error:  # a ranker of others raises anything
        # Where it is not that process alone, the same happens here, and is told as it is.
        log.warning("a process beside this one could not plan (%s): this one does", error)
        return None


# --- there ------------------------------------------------------------------------------------

_planner: Planner


def _begin(settings: Settings, now: datetime) -> None:
    """Be one of the processes: whoever started it says when it ends, and what goes wrong."""
    global _planner
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, signal.SIG_IGN)
    Thread(target=_end_with_parent, daemon=True).start()
    logging.disable(logging.WARNING)
    _planner = planner_of(App.build(settings), now=now)


def _end_with_parent() -> None:
    """End when whoever started this process was killed: it would wait for work for ever."""
    parent = multiprocessing.parent_process()
    assert parent is not None
    parent.join()
    os._exit(1)


def _plans(chunk: Chunk) -> list[Plan]:
    with rare_collections():
        return _planner.plans(chunk)
