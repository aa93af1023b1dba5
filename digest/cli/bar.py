"""The progress bar of a run; a line in the log now and then where nobody looks at a screen."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import TYPE_CHECKING

from rich.progress import BarColumn, SpinnerColumn, TextColumn
from rich.progress import Progress as Bar

from digest.cli.output import console

if TYPE_CHECKING:
    from digest.deliver import DeliverReport, OnProgress
    from digest.ports import Clock


@contextmanager
def running(before: str, clock: Clock) -> Iterator[OnProgress]:
    """Yield what shows how far the sending is; `before` stands there until it begins."""
    from digest.deliver import Progress, ProgressLog

    screen = console(sys.stderr)
    if not screen.is_terminal or screen.is_dumb_terminal:
        yield ProgressLog(clock)
        return
    columns = (SpinnerColumn(), TextColumn("{task.description}"), BarColumn())
    with Bar(*columns, TextColumn("{task.fields[figures]}"), console=screen, transient=True) as bar:
        task = bar.add_task(before, total=None, figures="")
        began: datetime | None = None

        def show(report: DeliverReport, total: int) -> None:
            nonlocal began
            began = began or clock.now()
            so_far = Progress(report.settled, total, (clock.now() - began).total_seconds())
            figures = f"{so_far.done:,}/{total:,}  {so_far.pace}"
            bar.update(
                task,
                description="Sending...",
                completed=so_far.done,
                total=total or None,
                figures=figures if total else "",
            )

        yield show
