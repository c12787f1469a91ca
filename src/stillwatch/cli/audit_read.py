"""`stillwatch audit read`: weights at hand read a text, beside a reference's; the strongest test there is."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import numpy as np
import typer

from stillwatch.audit.candidates import candidates
from stillwatch.audit.dossier import Dossier
from stillwatch.audit.local_weights import Weights, moved_on, require_same_tokens, vocabulary_of
from stillwatch.audit.outcome import document
from stillwatch.audit.protocol import Mode
from stillwatch.audit.reading import NO_REFERENCE
from stillwatch.audit.reading import read as judged
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
from stillwatch.cli.faults import faults_as_errors
from stillwatch.cli.mark_keys import Master
from stillwatch.cli.options import Json
from stillwatch.cli.options_marks import AuditFolder
from stillwatch.cli.terminal import progress_bar
from stillwatch.cli.token_lists import digest_of, encoder
from stillwatch.cli.verdict import JournalFile
from stillwatch.decision.journal import Journal
from stillwatch.errors import UsageError
from stillwatch.pseudonym import Secret
from stillwatch.settings import default_journal
from stillwatch.watermark.cells import cells_of
from stillwatch.watermark.contexts import Tokens


@faults_as_errors()
def read(
    folder: AuditFolder,
    master: Master,
    suspect: Annotated[
        Path, typer.Option("--suspect-weights", help="A folder of weights, as transformers saves them.")
    ],
    control: Annotated[
        Path, typer.Option("--control-weights", help="Of a model of its kind that never saw marked text.")
    ],
    tokenizer: Annotated[Path, typer.Option("--tokenizer", help="tokenizer.json of the model that was marked.")],
    reference: Annotated[
        Path | None, typer.Option("--reference-weights", help="Of the plan's reference: the suspect's public base.")
    ] = None,
    markers: MarkersFolder = None,
    markers_secret: MarkersSecretToo = None,
    findings: Findings = None,
    secret: FindingsSecret = None,
    names: Names = False,
    pdf: Pdf = False,
    journal: JournalFile = None,
    as_json: Json = False,
) -> None:
    """Let weights read the plan's prompts, test how they lean, and write audit.json and audit.html into the folder.

    Example: stillwatch audit read may --master marks.key --tokenizer tokenizer.json --suspect-weights x/ ...
    """
    dossier, book = Dossier.open(folder), Journal(journal or default_journal())
    _check(dossier, reference)
    record, made = on_record(book, dossier), Secret.load(master)
    _check_tokens(dossier, tokenizer, [place for place in (suspect, control, reference) if place])
    window = dossier.plan.scheme.window
    texts = _texts(dossier, tokenizer)
    with progress_bar(as_json) as tell:
        tell("loading weights", 0.0)
        base = Weights.load(reference) if reference else None
        models = {"suspect": Weights.load(suspect), "control": Weights.load(control)}
        tell("reading", 0.5)
        moved = {whose: moved_on(texts, weights, base, window) for whose, weights in models.items()}
    keys = candidates(dossier.keys(made), layered=dossier.plan.layered)
    carried = cells_of(texts, window)
    found = judged(dossier.plan, moved["suspect"], moved["control"], carried, keys, dossier.wrong_keys(made))
    digests = {whose: weights.digest for whose, weights in models.items()}
    digests |= {"reference": base.digest} if base else {}
    told = document(dossier, record, {}, found, tokens_given=False, weights=digests)
    deliver(folder, told, Wanted(book, markers, markers_secret, findings, secret, names, pdf), as_json=as_json)


def _check(dossier: Dossier, reference: Path | None) -> None:
    plan = dossier.plan
    if plan.mode is not Mode.READING:
        raise UsageError("this audit asks for answers", "Plan one with --read, or go on with `stillwatch audit run`")
    if (plan.reference == NO_REFERENCE) is (reference is not None):
        raise UsageError(
            f"the plan's reference is {plan.reference!r}",
            "Give --reference-weights of just that; what is read beside is chosen before anything is scored",
        )


def _check_tokens(dossier: Dossier, tokenizer: Path, places: list[Path]) -> None:
    if digest_of(tokenizer) != dossier.plan.tokenizer:
        raise UsageError(f"{tokenizer} is not the tokenizer that the keys are for", "Give the marked model's own")
    vocabulary = vocabulary_of(tokenizer)
    for place in places:
        require_same_tokens(place, vocabulary)


def _texts(dossier: Dossier, tokenizer: Path) -> list[Tokens]:
    """The plan's prompts in the teacher's tokens."""
    if all(one.tokens is not None for one in dossier.prompts):
        return [np.array(one.tokens, np.int64) for one in dossier.prompts]
    encode = encoder(tokenizer, dossier.plan.tokenizer)
    if encode is None:
        raise UsageError("texts have to be read in the teacher's tokens", "Name its tokenizer.json with --tokenizer")
    return [encode(one.prompt) for one in dossier.prompts]
