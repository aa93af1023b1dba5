"""`digest eval`: how good the rankers are, on libraries of real readers."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from digest import __version__
from digest.cli import foreseeing, replaying
from digest.cli.estimates import Rankers, Report, Seed, check_writable, interval, write_report
from digest.cli.output import document, progress, say, table
from digest.cli.state import Json
from digest.evaluation.settings import Setting

if TYPE_CHECKING:
    from digest.evaluation.report import Comparison

# Beside nDCG@20, which has its interval: what fits into a terminal. JSON and the page have all.
_SHOWN = ("recall@20", "recall@100", "precision@10")

commands = typer.Typer(no_args_is_help=True, help="How good the rankers are.")
for command in (replaying.replay, replaying.credit, foreseeing.trending):
    commands.command()(command)


@commands.command()
def ranking(
    folder: Annotated[
        Path, typer.Argument(metavar="DIR", help="Libraries: papers.jsonl.gz, libraries.jsonl.gz.")
    ],
    *,
    rankers: Rankers = None,
    settings: Annotated[
        list[Setting] | None,
        typer.Option("--setting", help="What is known of a reader; may be repeated."),
    ] = None,
    folds: Annotated[
        int | None, typer.Option("--folds", min=1, metavar="N", help="Only the first N folds.")
    ] = None,
    users: Annotated[
        int | None, typer.Option("--users", min=1, metavar="N", help="N readers drawn by chance.")
    ] = None,
    seed: Seed = 1,
    report: Report = None,
    json: Json = False,
) -> None:
    """Compare our ranker with those of other programs on reading libraries."""
    if report is not None:
        check_writable(report)
    settings = settings or [Setting.FULL]
    comparison = _compare(
        folder, rankers=rankers or (), settings=settings, folds=folds, users=users, seed=seed
    )
    if report is not None:
        words = ["digest", "eval", "ranking", str(folder), "--seed", str(seed)]
        words += [f"--ranker={name}" for name in rankers or ()]
        words += [f"--setting={each.value}" for each in settings]
        words += [f"--folds={folds}"] if folds else []
        words += [f"--users={users}"] if users else []
        from digest.evaluation.report import context

        filled = context(comparison, command=shlex.join(words), version=__version__)
        write_report(report, "evaluation", filled)
    if json:
        document(comparison)
    else:
        _show(comparison)


def _compare(
    folder: Path,
    *,
    rankers: Sequence[str],
    settings: Sequence[Setting],
    folds: int | None,
    users: int | None,
    seed: int,
) -> Comparison:
    from digest.evaluation.contest import LeftOut, compete, work
    from digest.evaluation.corpus import Corpus
    from digest.evaluation.data import read
    from digest.evaluation.protocol import conditions
    from digest.evaluation.rankers import chosen
    from digest.evaluation.report import Comparison

    contestants = chosen(rankers)
    collection = read(folder)
    asked = conditions(collection, settings, folds=folds, seed=seed, users=users)
    corpus = Corpus(collection.documents, vectors=collection.vectors, seed=seed)
    results, left_out = [], []
    with progress("Ranking...", total=work(asked, contestants)) as step:
        for one in compete(corpus, asked, contestants, step=step):
            if isinstance(one, LeftOut):
                left_out.append(one)
            else:
                results.append(one)
    for ranker, reason in dict.fromkeys((one.ranker, one.reason) for one in left_out):
        say(f"{ranker} is left out: {reason}")
    return Comparison(
        data=collection.name,
        protocol=collection.protocol,
        papers=len(collection.documents),
        readers=min(len(collection.readers), users or len(collection.readers)),
        folds=folds,
        seed=seed,
        rankers={one.name: one.about for one in contestants},
        results=results,
        left_out=left_out,
    )


def _show(comparison: Comparison) -> None:
    for name, results in comparison.conditions().items():
        first = results[0]
        table(
            ("ranker", *_SHOWN, "ndcg@20", "digest ahead by", "CPU s"),
            [
                (
                    one.ranker,
                    *(f"{one.figures[figure].mean:.3f}" for figure in _SHOWN),
                    interval(one.figures["ndcg@20"]),
                    one.ahead and interval(one.ahead, "+"),
                    f"{one.seconds:.1f}",
                )
                for one in results
            ],
            title=f"{comparison.data}, {name}: {first.readers:,} readers, "
            f"{first.rankings:,} rankings",
        )
