"""`stillwatch audit report`: test what was answered, and say so to machines and to people."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import numpy as np
import typer

from stillwatch.audit.answers import Answers
from stillwatch.audit.candidates import candidates
from stillwatch.audit.dossier import Dossier
from stillwatch.audit.outcome import document
from stillwatch.audit.protocol import Mode
from stillwatch.audit.radioactivity import Evidence, judged
from stillwatch.audit.said import said_in
from stillwatch.cli.audit_delivery import (
    Findings,
    FindingsSecret,
    MarkersFolder,
    Names,
    Pdf,
    Wanted,
    deliver,
    on_record,
)
from stillwatch.cli.audit_markers import MarkersSecretToo
from stillwatch.cli.audit_run import Role
from stillwatch.cli.faults import faults_as_errors
from stillwatch.cli.mark_keys import Master
from stillwatch.cli.options import Json
from stillwatch.cli.options_marks import AuditFolder, TokenizerFile
from stillwatch.cli.terminal import counted
from stillwatch.cli.token_lists import Encode, encoder, texts_of
from stillwatch.cli.verdict import JournalFile
from stillwatch.decision.journal import Journal
from stillwatch.errors import InputError, UsageError
from stillwatch.pseudonym import Secret
from stillwatch.settings import default_journal
from stillwatch.watermark.cells import cells_of
from stillwatch.watermark.contexts import Tokens


@faults_as_errors()
def report(
    folder: AuditFolder,
    master: Master,
    tokenizer: TokenizerFile = None,
    tokens: Annotated[
        Path | None,
        typer.Option(help="Tokens of the suspect's answers, a list for each, in their order.", show_default=False),
    ] = None,
    control_tokens: Annotated[Path | None, typer.Option(help="Likewise the control's.", show_default=False)] = None,
    reference_tokens: Annotated[Path | None, typer.Option(help="And the reference's.", show_default=False)] = None,
    markers: MarkersFolder = None,
    markers_secret: MarkersSecretToo = None,
    findings: Findings = None,
    secret: FindingsSecret = None,
    names: Names = False,
    pdf: Pdf = False,
    journal: JournalFile = None,
    as_json: Json = False,
) -> None:
    """Test what was answered, and write audit.json and audit.html into the folder.

    Example: stillwatch audit report april --master marks.key --tokenizer tokenizer.json --pdf
    """
    dossier, book = Dossier.open(folder), Journal(journal or default_journal())
    if dossier.plan.mode is Mode.READING:
        raise UsageError("this audit reads weights", "Use `stillwatch audit read`, which reports as well")
    record = on_record(book, dossier)
    made = Secret.load(master)
    encode = encoder(tokenizer, dossier.plan.tokenizer)
    said = {
        whose.value: dossier.answers(whose) for whose in Role if whose is not Role.REFERENCE or dossier.plan.reference
    }
    _check_order(said, record.plan.ts_us)
    given = {"suspect": tokens, "control": control_tokens, "reference": reference_tokens}
    evidence = _evidence(dossier, said, given, encode)
    keys = candidates(dossier.keys(made), layered=dossier.plan.layered)
    found = judged(dossier.plan, evidence, keys, dossier.wrong_keys(made))
    told = document(dossier, record, said, found, tokens_given=encode is None)
    deliver(folder, told, Wanted(book, markers, markers_secret, findings, secret, names, pdf), as_json=as_json)


def _evidence(
    dossier: Dossier, said: dict[str, Answers], given: dict[str, Path | None], encode: Encode | None
) -> Evidence:
    window = dossier.plan.scheme.window
    carried = cells_of([_tokens(one.prompt, one.tokens, encode) for one in dossier.prompts], window)
    found = {whose: said_in(_said(answers, given[whose], encode), window) for whose, answers in said.items()}
    return Evidence(found["suspect"], carried, found["control"], dossier.among, found.get("reference"))


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
