"""`stillwatch follow`: logs that somebody else writes, into a ledger while they grow, until it is told to stop."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Annotated

import typer

from stillwatch.cli.options import AllianceFile, Json, Logs, SecretFile
from stillwatch.cli.secret_files import secrets_in
from stillwatch.cli.terminal import complain, counted, print_json, say
from stillwatch.running.following import following


def follow(
    logs: Logs,
    ledger: Annotated[
        Path, typer.Option(help="The ledger directory; made if there is none, added to if there is one.")
    ],
    secret: SecretFile = None,
    alliance_secret: AllianceFile = None,
    as_json: Json = False,
) -> None:
    """Sketch logs into a ledger while they are written. Rotated, truncated or killed, it goes on where it was.

    Example: stillwatch follow /var/log/gateway/requests.jsonl --ledger ledger
    """
    secrets = secrets_in(secret, alliance_secret)
    named = ", ".join(map(str, logs))
    counts = asyncio.run(
        following(
            logs,
            ledger,
            secrets,
            lambda: None if as_json else say(f"Following {named} into {ledger}."),
            lambda sentence: complain(sentence, style="yellow"),
        )
    )
    if as_json:
        print_json({"added": counts.exchanges, "rejected": counts.rejected, "ledger": str(ledger)})
    else:
        say(f"Added {counted(counts.exchanges, 'exchange')}; {counts.rejected:,} malformed rows were left out.")
