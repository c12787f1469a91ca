"""`stillwatch audit`: was a model trained on our outputs? Plan first, then ask, then report."""

from __future__ import annotations

import time
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import msgspec
import numpy as np
import typer

from stillwatch.audit.answers import Answers
from stillwatch.audit.asking import Pace, ask_all
from stillwatch.audit.candidates import candidates
from stillwatch.audit.dossier import Dossier, read_prompts
from stillwatch.audit.finding import Refused
from stillwatch.audit.outcome import OnRecord, document
from stillwatch.audit.outcome import page as page_of
from stillwatch.audit.protocol import LEAST_WRONG_KEYS, Mode, Protocol, digest_of_contexts, digest_of_prompts
from stillwatch.audit.radioactivity import Evidence, filter_of, judged
from stillwatch.audit.record import committed, freeze, frozen
from stillwatch.cli import audit_likeness, audit_markers
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
from stillwatch.cli.options_marks import (
    AtOnce,
    EndpointKey,
    EndpointUrl,
    KeyLevel,
    ModelName,
    MostTokens,
    Rate,
    TokenizerFile,
    endpoint_of,
)
from stillwatch.cli.terminal import counted, print_json, progress_bar, say
from stillwatch.cli.token_lists import Encode, encoder, texts_of
from stillwatch.cli.verdict import JournalFile
from stillwatch.decision.journal import Journal, verify
from stillwatch.errors import InputError, UsageError
from stillwatch.pseudonym import Secret
from stillwatch.settings import default_journal
from stillwatch.watermark.cells import cells_of
from stillwatch.watermark.contexts import Tokens, Words, contexts_of
from stillwatch.watermark.scheme import Kind

app = typer.Typer(help="Audits of suspect models.", no_args_is_help=True)

Folder = Annotated[Path, typer.Argument(help="The audit's folder.", show_default=False)]


class Role(StrEnum):
    """Whose answers these are."""

    SUSPECT = "suspect"
    CONTROL = "control"
    REFERENCE = "reference"


_LEAST_OFTEN = 8
"""Times that a context comes in the filter's text. Chosen: rarer ones say too little to be worth their place."""


@app.callback()
def _audit() -> None:
    """Audits of suspect models."""


@app.command()
@faults_as_errors()
def plan(
    folder: Folder,
    prompts: Annotated[Path, typer.Option(help="Questions, one a line: JSON strings, or objects with their tokens.")],
    suspect: Annotated[str, typer.Option(help="What is audited, as the report will call it.")],
    master: Master,
    tokenizer_digest: TokenizerDigest,
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
    reference: Annotated[
        str, typer.Option(help="A model without marks, as the suspect's public base: what it says too is left out.")
    ] = "",
    level: KeyLevel = 1e-6,
    wrong_keys: Annotated[int, typer.Option(min=LEAST_WRONG_KEYS, help="Keys of the panel.")] = LEAST_WRONG_KEYS,
    journal: JournalFile = None,
) -> None:
    """Freeze what will be asked, of whom, under which keys and at which level, before anything is asked.

    Example: stillwatch audit plan april --prompts ours.jsonl --suspect X --master marks.key --tokenizer-digest 9c1a...
    """
    used = scheme_of(scheme)
    if used.kind is not Kind.RED_GREEN:
        raise UsageError("audits count cells of red-green marks, and this scheme draws")
    Dossier.free(folder)
    asked = read_prompts(prompts)
    made = keys_of(master, used, tokenizer_of(tokenizer_digest), tenant, epoch, key, keys)
    counted_in = None if among is None else _filter(texts_of(among, None), used.window)
    made_plan = Protocol(
        suspect=suspect,
        mode=Mode.CLOSED if counted_in is None else Mode.SUPERVISED,
        tokenizer=tokenizer_digest,
        prompts=len(asked),
        prompts_digest=digest_of_prompts(one.whole for one in asked),
        keys=tuple(one.commitment() for one in made),
        layered=any(one.account for one in made),
        filter_digest="" if counted_in is None else digest_of_contexts(counted_in),
        reference=reference,
        level=level,
        wrong_keys=wrong_keys,
        made_us=time.time_ns() // 1_000,
    )
    entry = freeze(Journal(journal or default_journal()), made_plan)
    Dossier.make(folder, made_plan, asked, counted_in)
    say(f"Frozen as entry {entry.number} of the journal: {made_plan.digest}")
    say(f"Keep the journal's head elsewhere, dated: {entry.digest}")


@app.command()
@faults_as_errors()
def run(
    folder: Folder,
    endpoint: EndpointUrl,
    model: ModelName,
    key_file: EndpointKey = None,
    whose: Annotated[Role, typer.Option("--as", help="Who answers here.")] = Role.SUSPECT,
    rate: Rate = 1.0,
    at_once: AtOnce = 4,
    most_tokens: MostTokens = 512,
    journal: JournalFile = None,
) -> None:
    """Ask the suspect, or a model that never saw marked text. Stopped or killed, it goes on where it was.

    Example: stillwatch audit run april --endpoint https://api.example.com/v1 --model x-large --key-file x.key
    """
    dossier = Dossier.open(folder)
    frozen(Journal(journal or default_journal()), dossier.plan)
    asked = endpoint_of(endpoint, model, key_file, most_tokens)
    with Answers.read(folder / f"{whose}.jsonl").held(), progress_bar(False) as tell:
        answers = dossier.answers(whose)
        ask_all(
            [one.prompt for one in dossier.prompts],
            answers,
            asked,
            Pace(rate, time.monotonic, time.sleep),
            at_once=at_once,
            now_us=lambda: time.time_ns() // 1_000,
            tell=lambda done: tell(f"asking the {whose}", done / len(dossier.prompts), f"{done:,} answers"),
        )
    said = _counts(answers)
    say(f"{whose}: {', '.join(f'{count:,} {what}' for what, count in said.items())}.")


@app.command()
@faults_as_errors()
def report(
    folder: Folder,
    master: Master,
    tokenizer: TokenizerFile = None,
    tokens: Annotated[
        Path | None,
        typer.Option(help="Tokens of the suspect's answers, a list for each, in their order.", show_default=False),
    ] = None,
    control_tokens: Annotated[Path | None, typer.Option(help="Likewise the control's.", show_default=False)] = None,
    reference_tokens: Annotated[Path | None, typer.Option(help="And the reference's.", show_default=False)] = None,
    journal: JournalFile = None,
    as_json: Json = False,
) -> None:
    """Test what was answered, and write audit.json and audit.html into the folder.

    Example: stillwatch audit report april --master marks.key --tokenizer tokenizer.json
    """
    dossier = Dossier.open(folder)
    book = journal or default_journal()
    entry = frozen(Journal(book), dossier.plan)
    _, head = verify(book, entry.digest)
    secret = Secret.load(master)
    window = dossier.plan.keys[0].scheme.window
    encode = encoder(tokenizer, dossier.plan.tokenizer)
    said = {
        whose.value: dossier.answers(whose) for whose in Role if whose is not Role.REFERENCE or dossier.plan.reference
    }
    _check_order(said, entry.ts_us)
    prompts = [_tokens(one.prompt, one.tokens, encode) for one in dossier.prompts]
    given = {"suspect": tokens, "control": control_tokens, "reference": reference_tokens}
    cells = {whose: cells_of(_said(answers, given[whose], encode), window) for whose, answers in said.items()}
    carried = cells_of(prompts, window)
    evidence = Evidence(cells["suspect"], carried, cells["control"], dossier.among, cells.get("reference"))
    keys = candidates(dossier.keys(secret), layered=dossier.plan.layered)
    found = judged(dossier.plan, evidence, keys, dossier.wrong_keys(secret))
    on_record = OnRecord(entry, {one.digest: where for one, where in committed(Journal(book))}, head)
    told = document(dossier, on_record, said, found, tokens_given=encode is None)
    (folder / "audit.json").write_bytes(msgspec.json.format(msgspec.json.encode(told), indent=1) + b"\n")
    (folder / "audit.html").write_text(page_of(told), "utf-8")
    if as_json:
        print_json(told)
        return
    if isinstance(found, Refused):
        for reason in found.reasons:
            say(f"No p-value: {reason}.")
    for one in told["keys"]:
        whose = f"key of {one['account']}" if one["account"] else "the fleet's key"
        p = (
            "cannot tell"
            if one["adjusted"] is None
            else f"p {one['adjusted']:.2g} among {counted(len(told['keys']), 'key')}"
        )
        say(f"{whose}, epoch {one['epoch']}: {one['answer']}; {p} ({one['cells']:,} cells)")
    say(f"Report: {folder / 'audit.html'}")


def _counts(answers: Answers) -> dict[str, int]:
    """How the questions were met."""
    found: dict[str, int] = {}
    for answer in answers.all:
        found[answer.outcome.value] = found.get(answer.outcome.value, 0) + 1
    return found | {"waited for": sum(answer.waits for answer in answers.all)}


def _filter(texts: list[Tokens], window: int) -> Words:
    contexts = np.concatenate([contexts_of(text, window) for text in texts])
    among = filter_of(contexts, _LEAST_OFTEN)
    if not len(among):
        raise InputError(f"no context comes {_LEAST_OFTEN} times in the filter's text", "Give more of it")
    return among


def _check_order(said: dict[str, Answers], frozen_us: int) -> None:
    """The plan comes before the first answer."""
    for whose, answers in said.items():
        if early := [one for one in answers.all if one.at_us < frozen_us]:
            raise InputError(f"{counted(len(early), 'answer')} of the {whose} came before the plan was frozen")


def _said(answers: Answers, tokens: Path | None, encode: Encode | None) -> list[Tokens]:
    if tokens is not None:
        given = texts_of(tokens, None)
        if len(given) != len(answers.all):
            raise InputError(
                f"{tokens} holds {len(given)} lists for {counted(len(answers.all), 'answer')}", "One for each"
            )
        return [text for text, answer in zip(given, answers.all, strict=True) if answer.counts]
    return [_tokens(answer.text, None, encode) for answer in answers.all if answer.counts]


def _tokens(text: str, tokens: list[int] | None, encode: Encode | None) -> Tokens:
    if tokens is not None:
        return np.array(tokens, np.int64)
    if encode is None:
        raise UsageError("texts have to be read in the teacher's tokens", "Name its tokenizer.json with --tokenizer")
    return encode(text)


for _beside in (
    audit_markers.probe,
    audit_markers.markers,
    audit_likeness.record,
    audit_likeness.same_model,
    audit_likeness.family,
    audit_likeness.similar,
):
    app.command()(_beside)
