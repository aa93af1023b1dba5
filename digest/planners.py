"""The rank stage in several processes: the others plan chunks for the one that writes.

They prepare the papers of the same moment, as the database has them when they begin; what they have
planned is written here. One that dies, or cannot begin, costs nothing but time. A process that
serves pages leaves all of it to them: one thread at a time runs Python, and a page would wait.
"""

from __future__ import annotations

import logging
import multiprocessing
import os
import signal
from collections.abc import Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from contextlib import contextmanager
from datetime import datetime
from functools import cache
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

_MOMENT = 0.25  # seconds between two looks whether to stop

_NICE = 5  # nobody waits for them; somebody may for a page, or for the answer of a relay


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


def others(processes: int, *, cores: int, left: int, instead: bool) -> int:
    """Decide how many processes plan for so many subscribers, beside this one or `instead` of it.

    Where one process is to do everything, there are no others.
    """
    planning = min(processes, cores, left // WORTH_A_PROCESS)
    return planning if instead and processes > 1 else max(0, planning - 1)


@contextmanager
def beside(
    settings: Settings, now: datetime, left: int, *, instead: bool = False
) -> Iterator[Helpers]:
    """Open who helps to plan for so many subscribers; none of them outlives the block.

    They are made of the settings alone, so they rank by the ranker that is named there.
    """
    number = others(settings.ranking.processes, cores=_cores(), left=left, instead=instead)
    executor = _executor(number, settings, now) if number else None
    if executor is None:
        with alone(left) as nobody:
            yield nobody
        return
    processes = _Processes(executor, most=number * _AHEAD, instead=instead)
    try:
        yield processes
    finally:
        processes.end()


def _cores() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


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

    def __init__(self, executor: ProcessPoolExecutor, *, most: int, instead: bool) -> None:
        self.instead = instead
        self._executor = executor
        self._most = most
        self._taken: dict[Future[list[Plan]], Chunk] = {}

    def take(self, chunk: Chunk) -> bool:
        """Say whether one of them plans this chunk."""
        if len(self._taken) >= self._most:
            return False
        try:
            self._taken[self._executor.submit(_plans, chunk)] = chunk
        except Exception as error:  # no room for one more process, or settings that cannot travel
            self._give_up(error)
            return False
        return True

    def planned(self) -> Iterator[tuple[Chunk, list[Plan] | None]]:
        """Yield what has been planned by now; without plans, what somebody else must plan."""
        for future in [one for one in self._taken if one.done()]:
            plans = None
            try:
                plans = future.result()
            except Exception as error:  # a ranker of others raises anything
                # Where it is not that process alone, the same happens here, and is told as it is.
                self._give_up(error)
            yield self._taken.pop(future), plans

    def wait(self) -> bool:
        """Wait a moment for what they took; say whether they hold anything."""
        wait(self._taken, timeout=_MOMENT, return_when=FIRST_COMPLETED)
        return bool(self._taken)

    def end(self) -> None:
        """End them, whatever they do: they write nothing that is missed."""
        for process in list((self._executor._processes or {}).values()):
            process.kill()
        self._executor.shutdown(cancel_futures=True)

    def _give_up(self, error: Exception) -> None:
        """Offer them nothing more; the first error says why."""
        if self._most:
            log.warning("a process beside this one could not plan (%s): this one does", error)
        self._most = 0


# --- there ------------------------------------------------------------------------------------


def _begin(settings: Settings, now: datetime) -> None:
    """Be one of the processes: whoever started it says when it ends, and what goes wrong."""
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, signal.SIG_IGN)
    os.nice(_NICE)
    Thread(target=_end_with_parent, daemon=True).start()
    logging.disable()
    _told.append((settings, now))


def _end_with_parent() -> None:
    """End when whoever started this process was killed: it would wait for work for ever."""
    parent = multiprocessing.parent_process()
    assert parent is not None
    parent.join()
    os._exit(1)


_told: list[tuple[Settings, datetime]] = []


@cache
def _planner() -> Planner:
    settings, now = _told[0]
    return planner_of(App.build(settings), now=now)


def _plans(chunk: Chunk) -> list[Plan]:
    with rare_collections():
        return _planner().plans(chunk)
