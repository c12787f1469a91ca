"""`stillwatch watermark`: put keys on record before they mark anything, and tell under whose key a text was made."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Annotated, Any

import typer

from stillwatch.audit.candidates import candidates
from stillwatch.audit.detection import Detected, Place, detected, places
from stillwatch.audit.record import commit as put_on_record
from stillwatch.cli.faults import faults_as_errors
from stillwatch.cli.mark_keys import (
    AccountFile,
    Accounts,
    Epochs,
    Master,
    SchemeFile,
    Tenant,
    TokenizerDigest,
    keys_of,
    scheme_of,
    tokenizer_of,
)
from stillwatch.cli.options import Json
from stillwatch.cli.terminal import counted, print_json, say
from stillwatch.cli.token_lists import encoder, texts_of
from stillwatch.cli.verdict import JournalFile
from stillwatch.decision.journal import Journal
from stillwatch.errors import UsageError
from stillwatch.settings import default_journal
from stillwatch.watermark.detect import LEAST_CELLS
from stillwatch.watermark.scheme import Kind

app = typer.Typer(help="Marks in generated text.", no_args_is_help=True)

TokenizerFile = Annotated[
    Path | None,
    typer.Option("--tokenizer", help="tokenizer.json; then lines may be texts.", show_default=False),
]
Level = Annotated[float, typer.Option("--level", help="Chance of naming any key wrongly, over all candidates.")]
_SHOWN = 20
"""Keys; the rest are counted."""


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
    book = Journal(journal or default_journal())
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
    texts: Annotated[Path, typer.Argument(help="Lists of tokens, one text a line.", show_default=False)],
    master: Master,
    tokenizer_digest: TokenizerDigest,
    tenant: Tenant = "",
    epoch: Epochs = None,
    key: Accounts = None,
    keys: AccountFile = None,
    scheme: SchemeFile = None,
    tokenizer: TokenizerFile = None,
    level: Level = 1e-6,
    as_json: Json = False,
) -> None:
    """Tell under which of these keys the texts were marked: exact p-values, corrected for all keys that were tried.

    Example: stillwatch watermark detect leaked.jsonl --master marks.key --tokenizer-digest 9c1a... --keys accounts.txt
    """
    if not 0 < level < 1:
        raise UsageError(f"--level is a chance between 0 and 1, not {level}")
    used = scheme_of(scheme)
    if used.kind is not Kind.RED_GREEN:
        raise UsageError("marks of keyed draws are not detected by this command", "It counts cells of red-green marks")
    read = texts_of(texts, encoder(tokenizer, tokenizer_of(tokenizer_digest)))
    made = keys_of(master, used, tokenizer_digest, tenant, epoch, key, keys)
    tried = candidates(made, layered=len(made) > len(set(epoch or [0])))
    found = detected(read, list(tried.values()))
    found.sort(key=lambda one: (one.adjusted is None, one.adjusted, one.score.p))
    named = {id(one): places(read, tried[one.key.commitment().digest], level) for one in found if _is_named(one, level)}
    if as_json:
        print_json({"level": level, "texts": len(read), "keys": [_document(one, named.get(id(one))) for one in found]})
        return
    _show(found, named, level)


def _is_named(one: Detected, level: float) -> bool:
    return one.adjusted is not None and one.adjusted <= level


def _show(found: list[Detected], named: dict[int, list[Place]], level: float) -> None:
    for one in found[:_SHOWN]:
        said = one.score
        counts = f"{said.greens:,} of {counted(said.cells, 'cell')} green, {said.gamma:.0%} expected"
        if one.adjusted is None:
            say(f"{_name(one)}: cannot tell ({counted(said.cells, 'cell')}; {LEAST_CELLS} are the least)")
            continue
        says = "marked under it" if _is_named(one, level) else "not shown"
        say(f"{_name(one)}: {says}; p {_p(one.adjusted)} among {counted(len(found), 'key')} ({counts})")
        for place in named.get(id(one), []):
            say(f"    text {place.text + 1}, tokens {place.first:,} to {place.last:,}: p {_p(place.p)}")
    if len(found) > _SHOWN:
        say(f"{len(found) - _SHOWN:,} other keys come behind these.")


def _name(one: Detected) -> str:
    whose = f"key of {one.key.account}" if one.key.account else "the fleet's key"
    return f"{whose}, epoch {one.key.epoch}"


def _p(value: float) -> str:
    return f"{value:.2g}" if value > 0 else "below 1e-300"


def _document(one: Detected, found: list[Place] | None) -> dict[str, Any]:
    return {
        "account": one.key.account,
        "epoch": one.key.epoch,
        "commitment": one.key.commitment().digest,
        "cells": one.score.cells,
        "greens": one.score.greens,
        "p": one.score.p,
        "adjusted": one.adjusted,
        "answer": "cannot tell" if one.adjusted is None else ("marked" if found is not None else "not shown"),
        "places": [{"text": at.text, "first": at.first, "last": at.last, "p": at.p} for at in found or []],
    }


def _head(entries: list[Any]) -> str | None:
    return entries[-1].digest if entries else None
