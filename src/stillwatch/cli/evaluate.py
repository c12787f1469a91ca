"""`stillwatch evaluate`: worlds with known truth in, evaluation.json and evaluation.html out."""

from __future__ import annotations

import errno
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table
from rich.text import Text

from stillwatch.assembly import SketchProgress, one_hunt_at_a_time, read_logs
from stillwatch.cli.options import Json, SecretFile, Workers
from stillwatch.cli.secret_files import secrets_in
from stillwatch.cli.terminal import print_json, progress_bar, say, stdout
from stillwatch.errors import StorageFull, UsageError
from stillwatch.evaluation.adaptive.loop import adapt
from stillwatch.evaluation.adaptive.round import Round, in_a_sentence
from stillwatch.evaluation.bounds import Rate
from stillwatch.evaluation.detectors.choice import chosen
from stillwatch.evaluation.results import Results
from stillwatch.evaluation.run import evaluate as evaluate_worlds
from stillwatch.evaluation.source import SKETCHING, source_digest
from stillwatch.evaluation.summary import DetectorSummary, Evaluation
from stillwatch.evaluation.told import HEADINGS, leak_rows, lines
from stillwatch.evaluation.truth import read_truth
from stillwatch.evaluation.world import LOOKS, World, logs_of, open_worlds
from stillwatch.evaluation.write import as_json as as_document
from stillwatch.evaluation.write import write_evaluation
from stillwatch.pseudonym import Secret
from stillwatch.report.wording import family


def evaluate(
    worlds: Annotated[list[Path], typer.Argument(help="Directories made by `stillwatch world`.", show_default=False)],
    out: Annotated[Path, typer.Option(help="Where evaluation.json, evaluation.html and what was computed go.")],
    baselines: Annotated[
        str, typer.Option(help="Detectors beside Stillwatch: all, none, or names with commas between them.")
    ] = "all",
    looks: Annotated[
        int, typer.Option(min=1, max=64, help="Growing prefixes of each world that are hunted, to see what leaks.")
    ] = LOOKS,
    adaptive: Annotated[
        bool,
        typer.Option(
            help="Also let an operator who reads this code hunt himself and turn knobs, in each world: minutes more."
        ),
    ] = False,
    secret: SecretFile = None,
    workers: Workers = None,
    as_json: Json = False,
) -> None:
    """Score Stillwatch and baselines on worlds with known truth, with exact bounds on every rate.

    Stopped or killed, the same command goes on where it was.

    Example: stillwatch evaluate worlds/* --out evaluation
    """
    detectors = chosen(baselines)
    for directory in worlds:
        read_truth(directory)
        logs_of(directory)
    secrets = secrets_in(secret)
    _make(out)
    with one_hunt_at_a_time(out), progress_bar(as_json) as tell:

        def ledger_of(log: Path, kind: str) -> Path:
            directory = out / f"sketched-{source_digest(SKETCHING)}"  # sketches of other code are of no use here
            return read_logs([log], directory, kind, secrets, workers, sketched(log)).ledger

        def sketched(log: Path) -> SketchProgress:
            return lambda kind, share, exchanges, rejected: tell(f"sketching {log}", share, f"{exchanges:,} exchanges")

        opened = open_worlds(worlds, ledger_of, secrets.deployment)
        adapting = partial(_adapt, secrets.deployment, out) if adaptive else None
        evaluation = evaluate_worlds(opened, detectors, Results(out / "results"), tell, looks, adapting)
        write_evaluation(evaluation, out)
    if as_json:
        print_json(as_document(evaluation))
    else:
        _show(evaluation, out)


def _adapt(secret: Secret, out: Path, world: World, progress: Callable[[float], None]) -> list[Round]:
    return adapt(world, secret, out, progress)


def _make(out: Path) -> None:
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        kind = StorageFull if error.errno == errno.ENOSPC else UsageError
        raise kind(f"the directory {out} cannot be made: {error.strerror}", "Name another with --out") from None


def _show(evaluation: Evaluation, out: Path) -> None:
    """The table that people ask for first; everything else is in the report."""
    levels = [row.level for one in evaluation.detectors if one.figures for row in one.figures.campaigns]
    shown = [level for level in dict.fromkeys(levels) if level != "all"]
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="bold")
    table.add_column("", min_width=12)
    for level in ("all", *shown, "shown", "accounts", "honest"):
        table.add_column(level, justify="right", no_wrap=True)
    for one in evaluation.detectors:
        if one.figures is None:
            table.add_row(Text(one.title), "not run")
            continue
        by_level = {row.level: row.acted for row in one.figures.campaigns}
        cells = [_cell(by_level.get(level)) for level in ("all", *shown)]
        seen = next((row.listed for row in one.figures.campaigns if row.level == "all"), None)
        rest = (_cell(seen), _cell(one.figures.accounts.recall), _cell(one.figures.operating_point.honest))
        table.add_row(Text(one.title), *cells, *rest)
    say("Campaigns acted on at a false-discovery rate of 1 %, by level; those shown to people; accounts of campaigns")
    say("that score above honest ones; honest accounts acted on.")
    stdout.print(table)
    _show_leaks(evaluation.detectors[0])
    for one in evaluation.detectors:
        if one.figures and one.figures.ablation:
            left_out = (f"{_cell(row.listed)} {_without(row.without)}" for row in one.figures.ablation)
            say(f"{one.title} shows people {', '.join(left_out)}")
        for reason in one.reasons:
            say(f"{one.title} was not run on {reason}")
    for learned in evaluation.adaptive:
        say(f"The operator who learns in {learned.world}: {in_a_sentence(learned.rounds)}")
    for reason in evaluation.adaptive_reasons:
        say(f"No operator learned in {reason}")
    say(f"Report: {out / 'evaluation.html'}")
    say(f"Figures: {out / 'evaluation.json'}")


def _show_leaks(one: DetectorSummary) -> None:
    """What leaked from each campaign, and what it cost the operator, beside the first detector: the hunt."""
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="bold")
    table.add_column("", overflow="fold")
    for heading in HEADINGS:
        table.add_column(heading, justify="right", no_wrap=True)
    for row in leak_rows(one):
        table.add_row(*map(Text, row))
    say(f"{one.title}: exchanges harvested; shares of them before half of a campaign's accounts were shown, before")
    say("half and before 90 % were acted on; the first alert; accounts an exchange, times those at E0, if who is acted")
    say("on gets no more, and if who is shown gets no more.")
    stdout.print(table)
    for line in lines(one):
        say(line)


def _without(name: str) -> str:
    return f"without {family(name).lower()}" if name else "with every family"


def _cell(rate: Rate | None) -> str:
    if rate is None or rate.value is None:
        return "-"
    return f"{rate.successes:,}/{rate.trials:,}"
