"""Who works on what: the name of this process, and whether another one still lives."""

from __future__ import annotations

import os
import socket
from contextlib import suppress
from functools import cache
from hashlib import blake2b
from pathlib import Path

PROC = Path("/proc")
MACHINE = Path("/etc/machine-id")

_HIDDEN = "hidden"


def this_worker() -> str:
    """Return a name for this process that no other one ever has.

    It holds the host, the world in which its process ids are counted, the process id and the time
    at which the process began, in clock ticks since boot, because process ids come round again.
    """
    pid = os.getpid()
    return f"{socket.gethostname()}/{_world()}/{pid}/{_began(pid)}"


def is_gone(worker: str, *, proc: Path = PROC) -> bool | None:
    """Say whether a worker beside this one is dead; `None` where nothing is known of it."""
    host, world, pid, began, *_ = [*worker.split("/"), "", "", ""]
    if (host, world) != (socket.gethostname(), _world()) or not pid.isdigit():
        return None
    found = _began(int(pid), proc)
    return None if found == _HIDDEN else found != began


@cache
def _world() -> str:
    """Return what tells the processes of this machine and container from those of others.

    Two containers, or two machines made from one image, may have the same host name. What may not
    be read is left out.
    """
    found = ""
    for file in (MACHINE, PROC / "sys/kernel/random/boot_id"):
        with suppress(OSError):
            found += file.read_text()
    with suppress(OSError):
        found += (PROC / "self/ns/pid").readlink().name
    return blake2b(found.encode(), digest_size=4).hexdigest()


def _began(pid: int, proc: Path = PROC) -> str:
    try:
        # proc_pid_stat(5): the command stands in brackets and may hold blanks; the time at
        # which the process began is field 22, a zombie is as good as dead.
        fields = (proc / f"{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return _began_unseen(pid, proc)
    return "gone" if fields[0] == "Z" else fields[19]


def _began_unseen(pid: int, proc: Path) -> str:
    # A process of another user may be hidden (proc(5), hidepid) and live all the same.
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return "gone"
    except PermissionError:
        pass
    # Without /proc only the process id is known.
    return _HIDDEN if (proc / "self/stat").exists() else "alive"
