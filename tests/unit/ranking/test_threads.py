"""Facts about how many threads are computed with."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from threading import Event

import numpy as np
from threadpoolctl import threadpool_info

from digest.ranking.threads import one_thread

LOADED = np  # with a library that is limited
MOMENT = 0.2  # seconds, for another thread to come in where it can
PATIENCE = 30.0


def test_it_is_one_thread_though_several_ask_for_it() -> None:
    second_is_inside, first_has_left = Event(), Event()

    def first() -> set[int]:
        with one_thread():
            other = threads.submit(second)
            second_is_inside.wait(MOMENT)
        first_has_left.set()
        return other.result(PATIENCE)

    def second() -> set[int]:
        with one_thread():
            second_is_inside.set()
            assert first_has_left.wait(PATIENCE)
            with one_thread():
                pass
            return _threads()

    before = _threads()
    with ThreadPoolExecutor() as threads:
        assert threads.submit(first).result(PATIENCE) == {1}
    assert _threads() == before


def _threads() -> set[int]:
    return {library["num_threads"] for library in threadpool_info()}
