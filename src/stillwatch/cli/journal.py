"""`stillwatch journal`: check that the record of decisions is what was written, and read it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

import typer

from stillwatch.cli.faults import faults_as_errors
from stillwatch.cli.options import Json
from stillwatch.cli.terminal import print_json, say
from stillwatch.cli.verdict import JournalFile
from stillwatch.decision.journal import Journal
from stillwatch.decision.journal import verify as verified
from stillwatch.settings import default_journal

app = typer.Typer(help="The record of decisions.", no_args_is_help=True)


@app.callback()
def _journal() -> None:
    """The record of decisions."""


@app.command()
@faults_as_errors()
def verify(
    head: Annotated[str | None, typer.Option(help="A head that you kept: it must be among the entries.")] = None,
    journal: JournalFile = None,
    as_json: Json = False,
) -> None:
    """Check every entry against the one before it; needs nothing but the file.

    Example: stillwatch journal verify --head 5f0c...
    """
    file = journal or default_journal()
    entries, last = verified(file, head)
    if as_json:
        print_json({"journal": str(file), "entries": entries, "head": last})
        return
    say(f"Unbroken: {entries:,} of {entries:,} entries. Keep the head elsewhere: {last}")


@app.command()
@faults_as_errors()
def show(journal: JournalFile = None, as_json: Json = False) -> None:
    """Print every decision that changed how somebody is treated, oldest first."""
    entries = [entry for entry, _ in Journal(journal or default_journal()).read()]
    if as_json:
        print_json({"entries": [{name: getattr(entry, name) for name in entry.__slots__} for entry in entries]})
        return
    for entry in entries:
        said = {key: value for key, value in entry.body.items() if value not in (None, "", [])}
        at = datetime.fromtimestamp(entry.ts_us / 1e6, UTC)
        say(f"{entry.number:>6}  {at:%Y-%m-%d %H:%M:%S} UTC  {entry.kind}")
        for key, value in said.items():
            say(f"        {key}: {', '.join(map(str, value)) if isinstance(value, list) else value}")
