"""How many threads numpy, scipy and scikit-learn may use: one."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from threadpoolctl import threadpool_limits


@contextmanager
def one_thread() -> Iterator[None]:
    """Compute in one thread, in the whole process, until this is left.

    The products of one reader are small: several threads wait for each other, where other work
    keeps the cores busy for ten times as long as one needs. One adds up in the same order
    however many cores there are.
    """
    with threadpool_limits(limits=1):
        yield
