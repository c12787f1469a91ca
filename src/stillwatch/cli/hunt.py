"""`stillwatch hunt`: logs in, findings.json and report.html out."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.table import Table
from rich.text import Text

from stillwatch.assembly import (
    Outcome,
    check_engine,
    check_inputs,
    hunt_and_write,
    kept_state,
    one_hunt_at_a_time,
    read_around,
    read_logs,
)
from stillwatch.campaigns.campaign import Review
from stillwatch.campaigns.heard import PARTNERS
from stillwatch.cli.options import AllianceFile, Json, Logs, SecretFile, Workers
from stillwatch.cli.secret_files import secrets_in
from stillwatch.cli.terminal import counted, print_json, progress_bar, say, stdout
from stillwatch.errors import StorageFull, UsageError
from stillwatch.report.summary import accounts_let_go
from stillwatch.report.wording import e_value

if TYPE_CHECKING:
    from stillwatch.standing.look import Looked
    from stillwatch.standing.register import Entry

EXIT_FINDINGS = 1


class FailOn(StrEnum):
    """Findings that make the command exit with 1."""

    campaign = "campaign"
    watch = "watch"
    rule = "rule"


def hunt(
    logs: Logs,
    out: Annotated[Path, typer.Option(help="Where findings.json, report.html and the sketches go.")],
    calibrate: Annotated[
        list[Path] | None,
        typer.Option(help="A log of known benign traffic of the same product; may be repeated.", show_default=False),
    ] = None,
    engine: Annotated[str, typer.Option(help="The engine that computes features.")] = "duckdb://",
    alpha: Annotated[float, typer.Option(help="False-discovery rate of campaigns to act on.")] = 0.01,
    state: Annotated[
        Path | None,
        typer.Option(
            help="A directory that remembers campaigns: lasting names, and evidence that counts once.",
            show_default=False,
        ),
    ] = None,
    profiles: Annotated[
        list[Path] | None,
        typer.Option(help="Profiles of known operators: a file or a folder; may be repeated.", show_default=False),
    ] = None,
    networks: Annotated[
        Path | None,
        typer.Option(
            help="A database that names the log's network numbers: .mmdb, or a CSV of ranges.", show_default=False
        ),
    ] = None,
    fail_on: Annotated[
        list[FailOn] | None, typer.Option(help="Exit with 1 if there is one; may be repeated.", show_default=False)
    ] = None,
    membership: Annotated[
        Path | None,
        typer.Option(
            "--alliance", help="Our membership's file: what partners told counts, while it stands.", show_default=False
        ),
    ] = None,
    secret: SecretFile = None,
    alliance_secret: AllianceFile = None,
    workers: Workers = None,
    as_json: Json = False,
) -> None:
    """Find extraction campaigns in logs, or in a ledger made by `stillwatch sketch`.

    Example: stillwatch hunt march/*.jsonl.gz --calibrate staff-and-partners.jsonl.gz --out march-hunt
    """
    if not 0 < alpha < 1:
        raise UsageError(f"--alpha is a rate between 0 and 1, not {alpha}")
    check_engine(engine)
    check_inputs(logs, calibrate or [], out)
    secrets = secrets_in(secret, alliance_secret)
    around = read_around(profiles or [], networks, secrets, membership)
    _make(out)
    with (
        one_hunt_at_a_time(out),
        kept_state(state, out, secrets, alpha) as kept,
        progress_bar(as_json) as tell,
    ):

        def sketched(kind: str, share: float, exchanges: int, rejected: int) -> None:
            tell(_STEPS[kind], share, f"{exchanges:,} exchanges" + (f", {rejected:,} rejected" if rejected else ""))

        read = read_logs(logs, out, "sketches", secrets, workers, sketched)
        benign = read_logs(calibrate, out, "benign", secrets, workers, sketched) if calibrate else None
        outcome = hunt_and_write(
            read, benign, out, secrets, engine, alpha, lambda step, done: tell(step, done, ""), kept, around
        )
    summary = _summary(outcome, out)
    if as_json:
        print_json(summary)
    else:
        _show(outcome, out)
    if any(summary[_COUNTED[name]] for name in fail_on or ()):
        raise typer.Exit(EXIT_FINDINGS)


_STEPS = {"sketches": "sketching", "benign": "sketching benign log"}
_REJECTIONS_SHOWN = 3
_BLIND_SPOTS_SHOWN = 5  # as many as a log without anything has; damage comes after them
_COUNTED = {FailOn.campaign: "campaigns", FailOn.watch: "watched", FailOn.rule: "rule_hits"}


def _make(out: Path) -> None:
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        kind = StorageFull if error.errno == 28 else UsageError  # 28: ENOSPC
        raise kind(f"the directory {out} cannot be made: {error.strerror}", "Name another with --out") from None


def _summary(outcome: Outcome, out: Path) -> dict[str, Any]:
    """The result for machines; `history` only where a state is kept."""
    review, looked = outcome.review, outcome.looked
    history = {
        "history": [{"id": one, "change": last.change, "statement": last.statement} for one, last in _news(looked)]
    }
    return _counts(review, out) | (history if looked else {})


def _news(looked: Looked | None) -> list[tuple[str, Entry]]:
    """What became of each campaign at this look: those that were seen, then those that have gone."""
    return [(known.id, known.history[-1]) for known in (*looked.campaigns, *looked.changed)] if looked else []


def _counts(review: Review, out: Path) -> dict[str, Any]:
    verdicts = [c.verdict for c in review.campaigns]
    return {
        "exchanges": review.exchanges,
        "accounts": review.account_count,
        "rejected": review.rejected,
        "campaigns": verdicts.count("campaign"),
        "watched": verdicts.count("watch"),
        "to_act_on": sum(a.verdict == "act" for a in review.accounts),
        "rule_hits": len(review.rules),
        "drift": [check.statement for check in review.drift if check.alarm == "rings"],
        "not_seen": list(review.blind_spots),
        "findings": str(out / "findings.json"),
        "report": str(out / "report.html"),
    } | ({"told_of_by_partners": _told_of(review)} if review.partners else {})


def _told_of(review: Review) -> int:
    """Rings and groups that were let go which partners told of."""
    return sum(c.comes_first for c in review.campaigns) + sum(group.comes_first for group in review.cleared)


def _show(outcome: Outcome, out: Path) -> None:
    """The result as a person reads it; names come from logs and are never markup."""
    review = outcome.review
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="bold")
    for heading, side in (("", "left"), ("accounts", "right"), ("exchanges", "right"), ("e-value", "right")):
        table.add_column(heading, justify=side)  # type: ignore[arg-type]  # both are justify methods
    table.add_column("what it harvests", overflow="fold")
    for c in review.campaigns:
        style = "bold red" if c.verdict == "campaign" else "yellow"
        counts = (f"{len(c.accounts):,}", f"{c.exchanges:,}", e_value(c.log_e, plain=True))
        table.add_row(Text(f"{c.verdict} {c.id}", style), *counts, Text(c.objective))
    read = f"{counted(review.exchanges, 'exchange')} of {counted(review.account_count, 'account')}"
    say(f"{read}; {counted(review.rejected, 'rejected row')}.")
    for line in review.rejections[:_REJECTIONS_SHOWN]:
        say(f"  {line}")
    if review.campaigns:
        stdout.print(table)
    else:
        say("No campaign was found.")
    for c in review.campaigns if review.partners else ():
        for said in c.evidence:
            if said.family == PARTNERS and c.comes_first:
                say(f"{c.id}: {said.statement}.")
    again = sum(group.comes_first for group in review.cleared)
    if review.partners:
        say(f"Partners: {review.partners}.")
    if again:
        say(f"Partners told of {counted(again, 'group')} that was let go: the report's list begins with it.")
    for one, last in _news(outcome.looked):
        say(f"{one}, {last.change}: {last.statement}.")
    if review.rules:
        broke = len({hit.account for hit in review.rules})
        say(f"{counted(broke, 'account')} sent requests of a form that needs no statistics: see the report's rules.")
    say(f"Let go, with reasons: {counted(accounts_let_go(review), 'account')} that looked alike or heavy.")
    say(f"Calibration: {review.calibration.source}.")
    for check in review.drift:
        if check.alarm == "rings":
            say(f"{check.statement}.")
    for sentence in review.blind_spots[:_BLIND_SPOTS_SHOWN]:
        say(f"Not seen: {sentence}.")
    say(f"Report: {out / 'report.html'}")
    say(f"Findings: {out / 'findings.json'}")
