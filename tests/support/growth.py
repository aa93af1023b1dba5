"""How work grows with its input: a bound that a slow or busy machine does not move."""

from __future__ import annotations

import time
from collections.abc import Callable

_TIMES = 4  # work that looks at every piece for every piece grows 16 times
_MOST = 8
_ATTEMPTS = 3


def grows_with_its_input(work: Callable[[int], object], *, size: int) -> bool:
    """Say if work on so many pieces costs about four times what it does on a quarter of them.

    What counts is the processor time of this thread, not what others do meanwhile. They share its
    caches, though: so what comes out wrong is measured again.
    """
    return any(
        _seconds(work, size) < _MOST * _seconds(work, size // _TIMES) for _ in range(_ATTEMPTS)
    )


def _seconds(work: Callable[[int], object], size: int) -> float:
    began = time.thread_time()
    work(size)
    return time.thread_time() - began
