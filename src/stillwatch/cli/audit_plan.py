"""`stillwatch audit plan`: what an audit will do, frozen before anything is asked."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Annotated

import numpy as np
import typer

from stillwatch.audit.dossier import Dossier, read_prompts
from stillwatch.audit.protocol import LEAST_WRONG_KEYS, Mode, Protocol, digest_of_contexts, digest_of_prompts
from stillwatch.audit.radioactivity import filter_of
from stillwatch.audit.reading import NO_REFERENCE
from stillwatch.audit.record import freeze
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
    record_in,
    scheme_of,
    tokenizer_of,
)
from stillwatch.cli.options_marks import AuditFolder, KeyLevel, TokenizerFile
from stillwatch.cli.served_questions import pieces_by, questions_of, served_to
from stillwatch.cli.terminal import counted, say
from stillwatch.cli.token_lists import texts_of
from stillwatch.cli.verdict import JournalFile
from stillwatch.errors import InputError, UsageError
from stillwatch.watermark.contexts import Tokens, Words, contexts_of
from stillwatch.watermark.serving.served import ServedTo

_LEAST_OFTEN = 8
"""Times that a context comes in the filter's text. Chosen: rarer ones say too little to be worth their place."""


@faults_as_errors()
def plan(
    folder: AuditFolder,
    suspect: Annotated[str, typer.Option(help="What is audited, as the report will call it.")],
    master: Master,
    tokenizer_digest: TokenizerDigest,
    prompts: Annotated[
        Path | None,
        typer.Option(help="Questions, one a line: JSON strings, or objects with their tokens.", show_default=False),
    ] = None,
    tenant: Tenant = "",
    epoch: Epochs = None,
    key: Accounts = None,
    keys: AccountFile = None,
    scheme: SchemeFile = None,
    among: Annotated[
        Path | None,
        typer.Option(
            "--filter", help="Supervised: lists of tokens of an unmarked model's answers.", show_default=False
        ),
    ] = None,
    served: Annotated[
        Path | None,
        typer.Option(
            "--served", help="Supervised: the engine's [served] file; its contexts, and its prompts without --prompts."
        ),
    ] = None,
    served_secret: Annotated[
        Path | None, typer.Option("--served-secret", help="That file's secret.", show_default=False)
    ] = None,
    account: Annotated[str, typer.Option("--account", help="With --served: whose, by its pseudonym.")] = "",
    tokenizer: TokenizerFile = None,
    read: Annotated[
        bool, typer.Option("--read", help="The suspect's weights will read the prompts: see `audit read`.")
    ] = False,
    reference: Annotated[
        str, typer.Option(help="A model without marks, as the suspect's public base: what is said oftener counts.")
    ] = "",
    level: KeyLevel = 1e-6,
    avoidance: Annotated[
        float,
        typer.Option(min=0, max=0.9, help="Share of the level to look for keys that the suspect avoids; 0: do not."),
    ] = 0.0,
    wrong_keys: Annotated[int, typer.Option(min=LEAST_WRONG_KEYS, help="Keys of the panel.")] = LEAST_WRONG_KEYS,
    journal: JournalFile = None,
) -> None:
    """Freeze what will be asked, of whom, under which keys and at which level, before anything is asked.

    Example: stillwatch audit plan april --prompts ours.jsonl --suspect X --master marks.key --tokenizer-digest 9c1a...
    """
    used = scheme_of(scheme)
    Dossier.free(folder)
    mode = _mode(served, among, read=read)
    named = [*(key or []), account] if account else key
    made = keys_of(master, used, tokenizer_of(tokenizer_digest), tenant, epoch, named, keys)
    kept = _served(served, served_secret, account)
    if prompts is not None:
        asked = read_prompts(prompts)
    elif kept is not None:
        asked = questions_of(kept.prompts, pieces_by(tokenizer, tokenizer_digest))
        say(f"{counted(len(asked), 'question')} are {account}'s own words: whoever is asked will read them.")
    else:
        raise UsageError(
            "nothing is asked", "Name questions with --prompts, or an engine's [served] file with --served"
        )
    counted_in = None if among is None else _filter(texts_of(among, None), used.window)
    counted_in = counted_in if kept is None else kept.contexts
    made_plan = Protocol(
        suspect=suspect,
        mode=mode,
        tokenizer=tokenizer_digest,
        prompts=len(asked),
        prompts_digest=digest_of_prompts(one.whole for one in asked),
        keys=tuple(one.commitment() for one in made),
        layered=any(one.account for one in made),
        filter_digest="" if counted_in is None else digest_of_contexts(counted_in),
        reference=reference or (NO_REFERENCE if mode is Mode.READING else ""),
        level=level,
        avoidance=avoidance,
        wrong_keys=wrong_keys,
        made_us=time.time_ns() // 1_000,
    )
    entry = freeze(record_in(journal)[0], made_plan)
    Dossier.make(folder, made_plan, asked, counted_in)
    say(f"Frozen as entry {entry.number} of the journal: {made_plan.digest}")
    say(f"Keep the journal's head elsewhere, dated: {entry.digest}")


def _mode(served: Path | None, among: Path | None, *, read: bool) -> Mode:
    """What these options plan. Raises `UsageError` for two at once."""
    asked = [
        mode for mode, is_asked in ((Mode.SERVED, served), (Mode.SUPERVISED, among), (Mode.READING, read)) if is_asked
    ]
    if len(asked) > 1:
        raise UsageError("--served, --filter and --read are three kinds of audits", "Plan one")
    return asked[0] if asked else Mode.CLOSED


def _served(file: Path | None, secret: Path | None, account: str) -> ServedTo | None:
    if file is None:
        if account or secret:
            raise UsageError(
                "--account and --served-secret say what to read of --served", "Name the file, or use --key"
            )
        return None
    if secret is None or not account:
        raise UsageError("what was served is sealed, and kept by account", "Give --served-secret and --account")
    return served_to(file, secret, account)


def _filter(texts: list[Tokens], window: int) -> Words:
    contexts = np.concatenate([contexts_of(text, window) for text in texts])
    among = filter_of(contexts, _LEAST_OFTEN)
    if not len(among):
        raise InputError(f"no context comes {_LEAST_OFTEN} times in the filter's text", "Give more of it")
    return among
