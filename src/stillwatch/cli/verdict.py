"""`stillwatch verdict`: see, give and lift verdicts; every change goes through the journal, with its reason."""

from __future__ import annotations

import getpass
import json
import secrets
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from stillwatch.cli.faults import faults_as_errors
from stillwatch.cli.options import Json
from stillwatch.cli.terminal import counted, print_json, say
from stillwatch.decision.adopt import adopted
from stillwatch.decision.docket import Docket
from stillwatch.decision.journal import Journal
from stillwatch.decision.verdict import Step, Verdict
from stillwatch.errors import InputError, UsageError
from stillwatch.settings import JOURNAL_VARIABLE, default_journal

app = typer.Typer(help="How accounts are treated, why, and until when.", no_args_is_help=True)

JournalFile = Annotated[
    Path | None,
    typer.Option(
        "--journal",
        envvar=JOURNAL_VARIABLE,
        help="The journal of decisions. Without it, the one in your state directory.",
        show_default=False,
    ),
]
StepName = Annotated[str, typer.Option("--step", help="delay, degrade, verify or deny; allow only shares a budget.")]
Days = Annotated[float, typer.Option(help="It ends after so many days.", min=0.001, max=90)]
By = Annotated[str | None, typer.Option(help="Who decides; your login name if not said.", show_default=False)]
DAY_US = 86_400_000_000


@app.callback()
def _verdict() -> None:
    """How accounts are treated, why, and until when."""


@app.command("list")
@faults_as_errors()
def list_(journal: JournalFile = None, as_json: Json = False) -> None:
    """List the verdicts in force."""
    now = _now_us()
    verdicts = _docket(journal).in_force(now)
    if as_json:
        print_json({"verdicts": [_as_json(verdict) for verdict in verdicts]})
        return
    for verdict in verdicts:
        ring = f", campaign {verdict.campaign}" if verdict.campaign else ""
        accounts = counted(len(verdict.accounts), "account")
        say(f"{verdict.id}  {verdict.step.name.lower()}  {accounts}{ring}, until {_day(verdict.expires_us)}")
        say(f"    given by {verdict.by} on {_day(verdict.made_us)}: {' · '.join(verdict.reasons)}")
    if not verdicts:
        say("No verdict is in force.")


@app.command()
@faults_as_errors()
def give(
    accounts: Annotated[list[str], typer.Argument(help="Accounts, by the names that the provider's logs give them.")],
    reason: Annotated[list[str], typer.Option(help="Why; may be repeated. Kept for good.")],
    step: StepName = "delay",
    days: Days = 7,
    campaign: Annotated[str | None, typer.Option(help="They draw on this campaign's budget.")] = None,
    by: By = None,
    journal: JournalFile = None,
) -> None:
    """Treat accounts in another way from now on, for a time.

    Example: stillwatch verdict give acct-17 acct-18 --step degrade --reason "ring C-12 of Monday's hunt"
    """
    now = _now_us()
    id = f"V-{secrets.token_hex(4)}"
    made = Verdict(id, _step(step), tuple(accounts), tuple(reason), _who(by), now, now + int(days * DAY_US), campaign)
    _docket(journal).give(made)
    say(f"{id}: {step} for {counted(len(accounts), 'account')} until {_day(made.expires_us)}.")


@app.command()
@faults_as_errors()
def adopt(
    findings: Annotated[Path, typer.Argument(help="findings.json of a hunt.")],
    step: StepName = "degrade",
    days: Days = 7,
    by: By = None,
    journal: JournalFile = None,
) -> None:
    """Give a verdict on each campaign of a hunt whose evidence supports action; on no other.

    Example: stillwatch verdict adopt out/findings.json --step degrade
    """
    now = _now_us()
    docket = _docket(journal)
    verdicts = adopted(_findings(findings), _step(step), _who(by), now, now + int(days * DAY_US))
    for verdict in verdicts:
        docket.give(verdict)
        say(f"{verdict.id}: {step} for {counted(len(verdict.accounts), 'account')} of {verdict.campaign}.")
    if not verdicts:
        say("The evidence supports action on nobody. Give verdicts by hand where a person has reviewed it.")


@app.command()
@faults_as_errors()
def lift(
    id: Annotated[str, typer.Argument(help="The verdict, as `stillwatch verdict list` shows it.")],
    reason: Annotated[str, typer.Option(help="Why; kept for good.")],
    by: By = None,
    journal: JournalFile = None,
) -> None:
    """Undo a verdict; every gateway that follows the journal does within a second.

    Example: stillwatch verdict lift V-1a2b3c4d --reason "a reseller, shown by contract"
    """
    _docket(journal).lift(id, reason, _who(by), _now_us())
    say(f"{id} is lifted.")


def _docket(journal: Path | None) -> Docket:
    docket = Docket(Journal(journal or default_journal()))
    docket.follow()
    return docket


def _step(name: str) -> Step:
    try:
        return Step[name.upper()]
    except KeyError:
        known = ", ".join(step.name.lower() for step in Step)
        raise UsageError(f"{name!r} is no step", f"Say one of {known}") from None


def _findings(file: Path) -> dict[str, Any]:
    try:
        document: dict[str, Any] = json.loads(file.read_text("utf-8"))
    except ValueError:
        raise InputError(f"{file} is not JSON", "Name the findings.json that a hunt wrote") from None
    return document


def _who(by: str | None) -> str:
    return by or getpass.getuser()


def _now_us() -> int:
    return time.time_ns() // 1_000


def _day(us: int) -> str:
    return f"{datetime.fromtimestamp(us / 1e6, UTC):%Y-%m-%d %H:%M} UTC"


def _as_json(verdict: Verdict) -> dict[str, object]:
    members = {name: getattr(verdict, name) for name in Verdict.__slots__}
    return members | {"step": verdict.step.name.lower()}
