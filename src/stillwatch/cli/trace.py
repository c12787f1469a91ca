"""`stillwatch trace`: looks at a ledger while it grows, and gives verdicts, until it is told to stop."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Annotated

import typer

from stillwatch.assembly import read_partners
from stillwatch.cli.options import AllianceFile, SecretFile
from stillwatch.cli.secret_files import secrets_in
from stillwatch.cli.terminal import complain, say
from stillwatch.cli.verdict import JournalFile
from stillwatch.decision.journal import Journal
from stillwatch.decision.policy import Automatic, Policy
from stillwatch.errors import UsageError
from stillwatch.running.stopping import end_with_starter
from stillwatch.settings import default_journal
from stillwatch.telemetry.collecting import of_tracer
from stillwatch.telemetry.counts import LookCounts
from stillwatch.telemetry.publish import Publisher
from stillwatch.tracer.looking import Sources
from stillwatch.tracer.run import LEAST_PAUSE_SECONDS
from stillwatch.tracer.run import run as run_tracer


def trace(
    ledger: Annotated[Path, typer.Argument(help="The ledger that the observer writes.", show_default=False)],
    state: Annotated[Path, typer.Option(help="A directory that remembers campaigns, as that of `hunt --state`.")],
    calibrate: Annotated[
        Path | None,
        typer.Option(help="A ledger of known benign traffic. Without it nobody is acted on.", show_default=False),
    ] = None,
    journal: JournalFile = None,
    policy: Annotated[
        Path | None, typer.Option(help="The policy; its table [tracer] is read again when it changes.")
    ] = None,
    every: Annotated[float, typer.Option(help="The least pause between two looks, in seconds.", min=0)] = (
        LEAST_PAUSE_SECONDS
    ),
    days: Annotated[
        int | None, typer.Option(help="Look at no more than the last days; all by default.", min=2, show_default=False)
    ] = None,
    alpha: Annotated[float, typer.Option(help="False-discovery rate of campaigns to act on.")] = 0.01,
    once: Annotated[bool, typer.Option("--once", help="Look once, decide, and end.")] = False,
    metrics: Annotated[
        Path | None,
        typer.Option(help="A deployment's directory of numbers (docs/telemetry.md).", show_default=False),
    ] = None,
    membership: Annotated[
        Path | None,
        typer.Option(
            "--alliance", help="Our membership's file: what partners told counts, while it stands.", show_default=False
        ),
    ] = None,
    secret: SecretFile = None,
    alliance_secret: AllianceFile = None,
) -> None:
    """Find campaigns while traffic flows, and give and lift verdicts through the journal.

    Example: stillwatch trace ledger --state campaigns --calibrate benign-ledger --policy policy.toml
    """
    end_with_starter()
    if not 0 < alpha < 1:
        raise UsageError(f"--alpha is a rate between 0 and 1, not {alpha}")
    if calibrate is not None and calibrate.resolve() == ledger.resolve():
        raise UsageError(
            f"{ledger} is traced and called benign at once: a campaign in it would count as a common tool",
            "Calibrate on another ledger",
        )
    secrets = secrets_in(secret, alliance_secret)
    alliance = secrets.alliance.id if secrets.alliance else ""
    if membership is not None:
        read_partners(membership, secrets)
    sources = Sources(ledger, state / "scratch", secrets.deployment, alliance, calibrate, alpha, days, membership)
    automatic = _followed(policy)
    say(f"The tracer looks at {ledger}, and remembers in {state}.")
    record, counts = Journal(journal or default_journal()), LookCounts()
    with _told(metrics, counts) as turn:
        run_tracer(
            sources, state, record, automatic, _stop(), every=every, once=once, tell=say, counts=counts, turn=turn
        )


@contextmanager
def _told(directory: Path | None, counts: LookCounts) -> Generator[Callable[[], object]]:
    """What tells the tracer's numbers, to be called often; nothing where no directory is named."""
    if directory is None:
        yield lambda: None
        return
    publisher = Publisher(directory, "tracer", lambda: of_tracer(counts))
    try:
        yield publisher.publish_if_due
    finally:
        publisher.close()


def _stop() -> threading.Event:
    """Set by SIGTERM and Ctrl-C."""
    stop = threading.Event()

    def told(number: int, frame: FrameType | None) -> None:
        stop.set()

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, told)
    return stop


def _followed(file: Path | None) -> Callable[[], Automatic]:
    """The policy's table as the file has it now. One that is broken while tracing is said, and the one before stays."""
    if file is None:
        return Automatic
    held = [(0, Policy.load(file).tracer)]

    def read() -> Automatic:
        try:
            changed = file.stat().st_mtime_ns
            if changed != held[0][0]:
                held[0] = (changed, held[0][1])
                held[0] = (changed, Policy.load(file).tracer)
        except (OSError, UsageError) as error:
            complain(f"{error}. The policy before it stays in force", name="stillwatch: ")
        return held[0][1]

    return read
