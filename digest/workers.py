"""Who works on what: the name of this process, and whether another one still lives."""

from __future__ import annotations

import os
import socket
from pathlib import Path


def this_worker() -> str:
    """Return a name for this process that no other one ever has.

    It holds the host, the process id and the time at which the process began, in clock ticks
    since boot, because process ids come round again.
    """
    pid = os.getpid()
    return f"{socket.gethostname()}/{pid}/{_began(pid)}"


def is_gone(worker: str) -> bool | None:
    """Say whether a worker of this host is dead; `None` where nothing is known of it."""
    host, pid, began, *_ = [*worker.split("/"), "", ""]
    if host != socket.gethostname() or not pid.isdigit():
        return None
    return _began(int(pid)) != began


def _began(pid: int) -> str:
    try:
        # proc_pid_stat(5): the command stands in brackets and may hold blanks; the time at
        # which the process began is field 22, a zombie is as good as dead.
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except FileNotFoundError:
        return "gone" if Path("/proc/self/stat").exists() else _alive_elsewhere(pid)
    except OSError:
        return "unreadable"
    return "gone" if fields[0] == "Z" else fields[19]


def _alive_elsewhere(pid: int) -> str:
    # Without /proc only the process id is known.
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return "gone"
    except PermissionError:
        pass
    return "alive"
