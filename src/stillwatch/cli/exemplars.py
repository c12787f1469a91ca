"""`stillwatch exemplars`: read the few exchanges of an account that were kept encrypted; every look is logged."""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path
from typing import Annotated

import typer

from stillwatch.assembly import load_secrets
from stillwatch.cli.options import SecretFile
from stillwatch.cli.sketch import exemplar_file
from stillwatch.cli.terminal import complain
from stillwatch.errors import InputError
from stillwatch.ledger.reservoir import Reservoir
from stillwatch.pseudonym import Pseudonymiser


def exemplars(
    ledger: Annotated[Path, typer.Argument(help="The ledger directory.")],
    account: Annotated[str, typer.Argument(help="The account, by the name that the log gave.")],
    reader: Annotated[str, typer.Option(help="Who looks; goes into the log of looks.")],
    reason: Annotated[str, typer.Option(help="Why; goes into the log of looks.")],
    secret: SecretFile = None,
) -> None:
    """Show an account's exemplars as JSON lines. The look is logged before anything is opened.

    Example: stillwatch exemplars ledger acct-17 --reader j.doe --reason "case 12, appeal"
    """
    file = exemplar_file(ledger)
    if not file.exists():
        raise InputError(f"no exemplars were kept beside {ledger}", "Sketch with --exemplars N to keep some")
    secrets = load_secrets(secret, None)
    kept = Reservoir.open(file, secrets.deployment)
    pseudonym = Pseudonymiser(secrets.deployment, "account")(account)
    found = kept.look(pseudonym, reader=reader, reason=reason, now_us=time.time_ns() // 1000)
    if not found:
        complain("stillwatch: no exemplar is kept of an account of this name; they expire")
    for one in found:
        sys.stdout.write(json.dumps({"ts_us": one.ts_us, "exchange": json.loads(one.plaintext_json)}) + "\n")
