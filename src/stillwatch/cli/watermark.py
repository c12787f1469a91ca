"""`stillwatch watermark`: put keys on record before they mark anything, and tell under whose key a text was made."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Annotated, Any

import typer

from stillwatch.audit.candidates import candidates
from stillwatch.audit.record import commit as put_on_record
from stillwatch.cli import watermark_keys
from stillwatch.cli.detected import answers, document, show
from stillwatch.cli.faults import faults_as_errors
from stillwatch.cli.mark_keys import (
    AccountFile,
    Accounts,
    Epochs,
    Master,
    SchemeFile,
    Tenant,
    TokenizerDigest,
    Uncommitted,
    against_record,
    keys_of,
    record_in,
    scheme_of,
    tokenizer_of,
)
from stillwatch.cli.options import Json
from stillwatch.cli.options_marks import KeyLevel, TokenizerFile
from stillwatch.cli.terminal import counted, print_json, say
from stillwatch.cli.token_lists import digest_of, encoder, texts_of
from stillwatch.cli.verdict import JournalFile
from stillwatch.errors import UsageError
from stillwatch.watermark.detect import cells_needed
from stillwatch.watermark.draws import draws_needed
from stillwatch.watermark.scheme import Kind

app = typer.Typer(help="Marks in generated text.", no_args_is_help=True)
app.add_typer(watermark_keys.app, name="keys")


@app.callback()
def _watermark() -> None:
    """Marks in generated text."""


@app.command()
@faults_as_errors()
def commit(
    master: Master,
    tokenizer_digest: TokenizerDigest,
    tenant: Tenant = "",
    epoch: Epochs = None,
    key: Accounts = None,
    keys: AccountFile = None,
    scheme: SchemeFile = None,
    journal: JournalFile = None,
    as_json: Json = False,
) -> None:
    """Enter digests of keys into the journal, before anything is marked under them. Keys stay secret.

    Example: stillwatch watermark commit --master marks.key --tokenizer-digest 9c1a... --epoch 3 --keys accounts.txt
    """
    made = keys_of(master, scheme_of(scheme), tokenizer_of(tokenizer_digest), tenant, epoch, key, keys)
    book, _ = record_in(journal)
    entries = put_on_record(book, [one.commitment() for one in made], time.time_ns() // 1_000)
    if as_json:
        print_json({"committed": len(entries), "known": len(made) - len(entries), "head": _head(entries)})
        return
    say(f"{counted(len(entries), 'key')} committed to; {len(made) - len(entries):,} were on record already.")
    if entries:
        say(f"Keep the journal's head elsewhere, dated: {_head(entries)}")


@app.command()
@faults_as_errors()
def detect(
    texts: Annotated[
        Path, typer.Argument(help="One text a line: a list of tokens, or with --tokenizer a text.", show_default=False)
    ],
    master: Master,
    tokenizer_digest: Annotated[
        str | None,
        typer.Option("--tokenizer-digest", help="As of `commit`; the digest of --tokenizer if not said."),
    ] = None,
    tenant: Tenant = "",
    epoch: Epochs = None,
    key: Accounts = None,
    keys: AccountFile = None,
    scheme: SchemeFile = None,
    tokenizer: TokenizerFile = None,
    level: KeyLevel = 1e-6,
    journal: JournalFile = None,
    uncommitted: Uncommitted = False,
    as_json: Json = False,
) -> None:
    """Tell under which of these keys the texts were marked: exact p-values, corrected for all keys that were tried.

    Example: stillwatch watermark detect leaked.jsonl --master marks.key --tokenizer tokenizer.json --keys accounts.txt
    """
    digest = _digest(tokenizer, tokenizer_digest)
    read = texts_of(texts, encoder(tokenizer, digest))
    made = keys_of(master, scheme_of(scheme), digest, tenant, epoch, key, keys)
    known = against_record(made, record_in(journal)[1], uncommitted=uncommitted)
    tried = candidates(made, layered=len(made) > len(set(epoch or [0])))
    told = answers(read, list(tried.values()), level)
    if as_json:
        print_json(document(told, read, level, known))
        return
    show(told, read, level, known)


@app.command()
@faults_as_errors()
def needed(
    share: Annotated[float | None, typer.Option(help="Green share that marked text shows (red-green).")] = None,
    choices: Annotated[
        float | None, typer.Option(min=2, max=1_000, help="How many equally likely tokens a place has (keyed draws).")
    ] = None,
    tried: Annotated[int, typer.Option("--tried", min=1, max=10**9, help="Candidate keys that are looked for.")] = 1,
    level: KeyLevel = 1e-6,
    scheme: SchemeFile = None,
    as_json: Json = False,
) -> None:
    """Tell how long a text has to be: distinct cells of a key's own that reach the level with a chance of 99 %.

    Example: stillwatch watermark needed --share 0.45 --tried 1000
    """
    used = scheme_of(scheme)
    if (share is None) == (choices is None) or (used.kind is Kind.GUMBEL) == (choices is None):
        raise UsageError("say how strong the mark is", "--share for red-green marks, --choices for keyed draws")
    try:
        cells = draws_needed(choices, level / tried) if choices else cells_needed(share or 0, used.gamma, level / tried)
    except ValueError as error:
        raise UsageError(str(error), "No text is long enough for that") from None
    if as_json:
        print_json({"cells": cells, "tried": tried, "level": level})
        return
    say(f"{counted(cells, 'distinct cell')} of the key's own, for {level:g} among {counted(tried, 'key')}.")
    say("Where accounts have keys, about half of a text's cells are the fleet's and half the account's.")


def _digest(tokenizer: Path | None, said: str | None) -> str:
    if said is not None:
        return tokenizer_of(said)
    if tokenizer is None:
        raise UsageError("nobody said whose tokens these are", "Give --tokenizer, or --tokenizer-digest for lists")
    return digest_of(tokenizer)


def _head(entries: list[Any]) -> str | None:
    return entries[-1].digest if entries else None
