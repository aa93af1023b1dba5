"""`digest eval trending`: what papers may expect before anybody has voted, held against votes."""

from __future__ import annotations

import datetime as dt
import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from digest import __version__
from digest.cli.estimates import Report, Seed, check_writable, interval, write_report
from digest.cli.output import document, progress, table
from digest.cli.state import Json, parse_date

if TYPE_CHECKING:
    from digest.evaluation.foresight import Foresight


def trending(
    folder: Annotated[
        Path,
        typer.Argument(metavar="DIR", help="Lists: hf_daily.jsonl.gz, hf_upvote_obs.jsonl.gz."),
    ],
    *,
    before: Annotated[
        list[dt.date] | None,
        typer.Option(
            "--before",
            parser=parse_date,
            metavar="D",
            help="Learn from what was listed before this day, test from then on; may be repeated.",
        ),
    ] = None,
    dates: Annotated[
        int,
        typer.Option("--dates", min=1, metavar="N", help="Else: the last N first days of months."),
    ] = 5,
    days: Annotated[
        int,
        typer.Option("--days", min=1, metavar="N", help="Test so many days from each date."),
    ] = 31,
    ablate: Annotated[
        bool, typer.Option("--ablate", help="Also leave out one group of figures after the other.")
    ] = False,
    seed: Seed = 1,
    report: Report = None,
    json: Json = False,
) -> None:
    """Hold expected attention against the votes that came, on lists of past days."""
    from digest.evaluation import foresight, stream

    if report is not None:
        check_writable(report)
    lists = stream.read(folder)
    at = list(before or foresight.dates_of(lists, dates))
    traits = foresight.TRAITS if ablate else ()
    with progress("Learning...", total=len(at)) as step:
        found = foresight.run(lists, at, days=days, seed=seed, without=traits, step=step)
    if report is not None:
        words = ["digest", "eval", "trending", str(folder), f"--days={days}", f"--seed={seed}"]
        words += [f"--before={one.before}" for one in found.trials]
        words += ["--ablate"] if ablate else []
        context = {"foresight": found, "command": shlex.join(words), "version": __version__}
        write_report(report, "foresight", context)
    if json:
        document(found)
    else:
        _show(found)


def _show(found: Foresight) -> None:
    table(
        ("order", "ndcg@10, median of dates", "all days", "spearman, median of dates", "all days"),
        [
            (
                name,
                f"{found.medians[name]['ndcg@10']:.3f}",
                interval(figures["ndcg@10"]),
                f"{found.medians[name]['spearman']:.3f}",
                interval(figures["spearman"]),
            )
            for name, figures in found.overall.items()
        ],
        title=f"{found.data}: {len(found.trials)} dates, "
        f"{sum(one.days for one in found.trials):,} days, "
        f"{sum(one.papers for one in found.trials):,} papers",
    )
    typer.echo()
    table(
        ("before", "past", "days", "papers", *found.overall, "learned in", "scored in"),
        [
            (
                one.before.isoformat(),
                f"{one.past:,}",
                one.days,
                one.papers,
                *(
                    f"{figures['ndcg@10'].mean:.3f} / {figures['spearman'].mean:.3f}"
                    for figures in one.figures.values()
                ),
                f"{one.learned_in:.1f} s",
                f"{one.scored_in:.2f} s",
            )
            for one in found.trials
        ],
        title="Each date: ndcg@10 / spearman",
    )
