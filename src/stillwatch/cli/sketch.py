"""`stillwatch sketch`: logs into a ledger of content-free sketches."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Annotated

import typer

from stillwatch.assembly import sketch_into
from stillwatch.cli.options import AllianceFile, Json, Logs, SecretFile, Workers
from stillwatch.cli.secret_files import secrets_in
from stillwatch.cli.terminal import complain, counted, print_json, progress_bar, say
from stillwatch.ledger.reservoir import RETENTION_DAYS, Reservoir


def sketch(
    logs: Logs,
    out: Annotated[Path, typer.Option(help="The ledger directory; made if there is none, added to if there is one.")],
    exemplars: Annotated[
        int, typer.Option(min=0, max=64, help="Exchanges per account kept encrypted for analysts; 0 keeps none.")
    ] = 0,
    retention_days: Annotated[
        int | None,
        typer.Option(
            min=1,
            max=365,
            help="How long exemplars are kept, from now on.",
            show_default=f"as before, {RETENTION_DAYS} at first",
        ),
    ] = None,
    secret: SecretFile = None,
    alliance_secret: AllianceFile = None,
    workers: Workers = None,
    as_json: Json = False,
) -> None:
    """Sketch logs into a ledger. Stopped or killed, the same command goes on where it was.

    Example: stillwatch sketch /var/log/gateway --out ledger
    """
    secrets = secrets_in(secret, alliance_secret)
    reservoir = None
    if exemplars:
        out.mkdir(parents=True, exist_ok=True)
        reservoir = Reservoir.open(
            exemplar_file(out), secrets.deployment, per_account=exemplars, retention_days=retention_days
        )
        reservoir.purge(time.time_ns() // 1000)
    with progress_bar(as_json) as tell:
        done = sketch_into(
            logs,
            out,
            secrets,
            workers,
            reservoir,
            lambda share, exchanges, rejected: tell("sketching", share, f"{exchanges:,} exchanges"),
        )
    if as_json:
        print_json(
            {
                "exchanges": done.exchanges,
                "added": done.added,
                "accounts": done.accounts,
                "rejected": done.rejected,
                "duplicates": done.duplicates,
                "rejections": list(done.rejections),
                "damage": list(done.damage),
                "ledger": str(out),
            }
        )
        return
    say(
        f"Added {counted(done.added, 'exchange')}; the ledger has {done.exchanges:,} of "
        f"{counted(done.accounts, 'account')}."
    )
    if done.duplicates:
        say(f"{done.duplicates:,} duplicates were dropped.")
    if done.rejected:
        say(f"{done.rejected:,} malformed rows were left out, the first of them:")
        for line in done.rejections[:5]:
            say(f"  {line}")
    for line in done.damage:
        complain(line, style="yellow")


def exemplar_file(ledger: Path) -> Path:
    """Beside the ledger's segments, in a file of its own."""
    named = ledger.resolve()  # "." has no name of its own
    return named.with_name(f"{named.name}.exemplars.sqlite")
