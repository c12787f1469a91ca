"""`stillwatch audit run`: ask the suspect, and what it is compared with."""

from __future__ import annotations

import time
from enum import StrEnum
from typing import Annotated

import typer

from stillwatch.audit.answers import Answers
from stillwatch.audit.asking import Pace, ask_all
from stillwatch.audit.dossier import Dossier
from stillwatch.audit.protocol import Mode
from stillwatch.audit.record import frozen
from stillwatch.cli.faults import faults_as_errors
from stillwatch.cli.options_marks import (
    AtOnce,
    AuditFolder,
    EndpointKey,
    EndpointUrl,
    ModelName,
    MostTokens,
    Rate,
    endpoint_of,
)
from stillwatch.cli.terminal import progress_bar, say
from stillwatch.cli.verdict import JournalFile
from stillwatch.decision.journal import Journal
from stillwatch.errors import UsageError
from stillwatch.settings import default_journal


class Role(StrEnum):
    """Whose answers these are."""

    SUSPECT = "suspect"
    CONTROL = "control"
    REFERENCE = "reference"


@faults_as_errors()
def run(
    folder: AuditFolder,
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
    if dossier.plan.mode is Mode.READING:
        raise UsageError("this audit reads weights and asks nobody", "Go on with `stillwatch audit read`")
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


def _counts(answers: Answers) -> dict[str, int]:
    """How the questions were met."""
    found: dict[str, int] = {}
    for answer in answers.all:
        found[answer.outcome.value] = found.get(answer.outcome.value, 0) + 1
    return found | {"waited for": sum(answer.waits for answer in answers.all)}
