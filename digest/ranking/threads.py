"""How many threads numpy, scipy and scikit-learn may use: one."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from threading import RLock

from threadpoolctl import threadpool_limits

_TURN = RLock()


@contextmanager
def one_thread() -> Iterator[None]:
    """Compute in one thread until this is left; another thread of the process waits for its turn.

    The products of one reader are small: several threads wait for each other, where other work
    keeps the cores busy for ten times as long as one needs. One adds up in the same order
    however many cores there are.
    """
    # The number is that of the whole process, and restored by each who has set it: two at a time
    # would end with the wrong one.
    with _TURN, threadpool_limits(limits=1):
        yield
