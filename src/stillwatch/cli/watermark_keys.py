"""`stillwatch watermark keys`: which keys there are and were, and the next epoch of them. None is ever printed."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Annotated, Any

import typer

from stillwatch.audit.record import commit
from stillwatch.cli.faults import faults_as_errors
from stillwatch.cli.mark_keys import (
    AccountFile,
    Accounts,
    Epochs,
    Master,
    SchemeFile,
    Tenant,
    TokenizerDigest,
    against_record,
    keys_of,
    record_in,
    scheme_of,
    tokenizer_of,
)
from stillwatch.cli.options import Json
from stillwatch.cli.terminal import counted, print_json, say
from stillwatch.cli.verdict import JournalFile
from stillwatch.errors import UsageError
from stillwatch.watermark.keys import Commitment

app = typer.Typer(help="Keys of marks: derived, listed and rotated, never shown.", no_args_is_help=True)

_SHOWN = 16
"""Digits of a digest on a line; --json has all."""


@app.command()
@faults_as_errors()
def derive(
    master: Master,
    tokenizer_digest: TokenizerDigest,
    tenant: Tenant = "",
    epoch: Epochs = None,
    key: Accounts = None,
    keys: AccountFile = None,
    scheme: SchemeFile = None,
    as_json: Json = False,
) -> None:
    """Show what would be published of keys, before it is; nothing is written.

    Example: stillwatch watermark keys derive --master marks.key --tokenizer-digest 9c1a... --epoch 3
    """
    made = keys_of(master, scheme_of(scheme), tokenizer_of(tokenizer_digest), tenant, epoch, key, keys)
    _tell([(one.commitment(), None) for one in made], as_json)


@app.command(name="list")
@faults_as_errors()
def listed(
    tenant: Annotated[str | None, typer.Option("--tenant", help="Of this tenant alone.")] = None,
    epoch: Epochs = None,
    journal: JournalFile = None,
    as_json: Json = False,
) -> None:
    """List the keys that were committed to, oldest first.

    Example: stillwatch watermark keys list --epoch 3
    """
    found = [
        (one, entry.ts_us)
        for one, entry in record_in(journal)[1]
        if tenant in (None, one.tenant) and (not epoch or one.epoch in epoch)
    ]
    _tell(found, as_json)


@app.command()
@faults_as_errors()
def rotate(
    master: Master,
    tokenizer_digest: TokenizerDigest,
    tenant: Tenant = "",
    key: Accounts = None,
    keys: AccountFile = None,
    scheme: SchemeFile = None,
    journal: JournalFile = None,
    as_json: Json = False,
) -> None:
    """Commit to the keys of the next epoch, the fleet's and those of all accounts of the last one.

    Nothing is marked under them until the gateway's file says so. Texts of earlier epochs are looked for as before.

    Example: stillwatch watermark keys rotate --master marks.key --tokenizer-digest 9c1a...
    """
    (book, record), used, tokenizer = record_in(journal), scheme_of(scheme), tokenizer_of(tokenizer_digest)
    same = [one for one, _ in record if (one.tenant, one.scheme, one.tokenizer) == (tenant, used, tokenizer)]
    if not same:
        raise UsageError(
            "no key of this tenant, scheme and tokenizer was committed to, so there is no epoch to follow",
            "Begin with `stillwatch watermark commit`",
        )
    last = max(one.epoch for one in same)
    accounts = [one.account for one in same if one.epoch == last and one.account]
    against_record(keys_of(master, used, tokenizer, tenant, [last], accounts, None), record, uncommitted=True)
    made = keys_of(master, used, tokenizer, tenant, [last + 1], [*accounts, *(key or [])], keys)
    entries = commit(book, [one.commitment() for one in made], time.time_ns() // 1_000)
    if as_json:
        print_json({"epoch": last + 1, "committed": len(entries), "head": entries[-1].digest})
        return
    say(f"Epoch {last + 1}: {counted(len(entries), 'key')} committed to.")
    say(f"To mark under them, set `epoch = {last + 1}` in [marks] of the gateway's file.")
    say(f"Keep the journal's head elsewhere, dated: {entries[-1].digest}")


def _tell(found: Sequence[tuple[Commitment, int | None]], as_json: bool) -> None:
    if as_json:
        print_json({"keys": [_document(one, ts_us) for one, ts_us in found]})
        return
    for one, ts_us in found:
        whose = f"account {one.account}" if one.account else "fleet"
        tenant = f"tenant {one.tenant}, " if one.tenant else ""
        made = "" if ts_us is None else f", committed {time.strftime('%Y-%m-%d', time.gmtime(ts_us / 1e6))}"
        say(f"{tenant}{whose}, epoch {one.epoch}, {one.scheme.name}: commitment {one.digest[:_SHOWN]}{made}")
    say(f"{counted(len(found), 'key')}.")


def _document(one: Commitment, ts_us: int | None) -> dict[str, Any]:
    return {
        "tenant": one.tenant,
        "account": one.account,
        "epoch": one.epoch,
        "scheme": one.scheme.name,
        "tokenizer": one.tokenizer,
        "commitment": one.digest,
        "committed_us": ts_us,
    }
