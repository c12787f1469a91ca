"""`stillwatch audit probe` and `stillwatch audit markers`: which account's conventions does a suspect follow?"""

from __future__ import annotations

import time
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import msgspec
import typer

from stillwatch.audit.finding import Refused
from stillwatch.audit.marker_record import MarkerPlan, freeze, frozen
from stillwatch.audit.probing import Probed, probed, questions
from stillwatch.audit.protocol import digest_of_prompts
from stillwatch.audit.recording import Recording, answers_of
from stillwatch.cli.faults import faults_as_errors
from stillwatch.cli.mark_keys import AccountFile, Accounts, Tenant
from stillwatch.cli.options import Json
from stillwatch.cli.options_marks import LEAST_LEVEL, MOST_LEVEL, names_of
from stillwatch.cli.terminal import counted, print_json, say
from stillwatch.cli.verdict import JournalFile
from stillwatch.decision.journal import Journal, verify
from stillwatch.errors import InputError, UsageError
from stillwatch.pseudonym import Secret
from stillwatch.settings import default_journal
from stillwatch.watermark.conventions import MOST_MARKERS, ConventionKey

Folder = Annotated[Path, typer.Argument(help="The folder of the probing.", show_default=False)]
MarkersSecret = Annotated[
    Path, typer.Option("--markers-secret", help="The gateway's [files] markers.", show_default=False)
]
MarkersSecretToo = Annotated[
    Path | None, typer.Option("--markers-secret", help="With --markers: the gateway's [files] markers.")
]
SUSPECT, CONTROL = "suspect", "control"


@faults_as_errors()
def probe(
    folder: Folder,
    secret: MarkersSecret,
    suspect: Annotated[str, typer.Option(help="What is audited, as the finding will call it.")],
    key: Accounts = None,
    keys: AccountFile = None,
    tenant: Tenant = "",
    epoch: Annotated[int, typer.Option(min=0, help="Of the draws, as the gateway's [markers].")] = 0,
    count: Annotated[
        int, typer.Option(min=1, max=MOST_MARKERS, help="Conventions of an account, as the policy's `markers`.")
    ] = 5,
    level: Annotated[
        float, typer.Option(min=LEAST_LEVEL, max=MOST_LEVEL, help="Chance of naming any account wrongly.")
    ] = 1e-3,
    journal: JournalFile = None,
) -> None:
    """Freeze whose conventions are looked for, and write the questions, before anything is asked.

    Example: stillwatch audit probe may --markers-secret markers.key --suspect "model X" --keys accounts.txt
    """
    if (folder / "plan.json").exists():
        raise UsageError(f"{folder} holds a plan already", "Name another folder: a plan is frozen once")
    accounts = tuple(names_of(key, keys))
    if not accounts:
        raise UsageError("nobody's conventions are looked for", "Name accounts with --key or --keys")
    plan = MarkerPlan(
        suspect=suspect,
        tenant=tenant,
        epoch=epoch,
        commitment=ConventionKey(Secret.load_drawn(secret), tenant, epoch).commitment().digest,
        accounts=accounts,
        count=count,
        prompts_digest=digest_of_prompts(questions()),
        level=level,
        made_us=time.time_ns() // 1_000,
    )
    entry = freeze(Journal(journal or default_journal()), plan)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "plan.json").write_bytes(msgspec.json.format(msgspec.json.encode(plan), indent=1) + b"\n")
    (folder / "prompts.jsonl").write_bytes(b"".join(msgspec.json.encode(one) + b"\n" for one in questions()))
    say(f"Frozen as entry {entry.number} of the journal: {plan.digest}")
    say(f"Record {folder / SUSPECT}, and {folder / CONTROL} of a model that never saw marked text, with its questions.")


@faults_as_errors()
def markers(folder: Folder, secret: MarkersSecret, journal: JournalFile = None, as_json: Json = False) -> None:
    """Test what the suspect's answers to the probes show, and write markers.json into the folder.

    Example: stillwatch audit markers may --markers-secret markers.key
    """
    plan, found = tested(folder, Secret.load_drawn(secret), Journal(journal or default_journal()))
    told = document(plan, found)
    (folder / "markers.json").write_bytes(msgspec.json.format(msgspec.json.encode(told), indent=1) + b"\n")
    if as_json:
        print_json(told)
        return
    if isinstance(found, Refused):
        for reason in found.reasons:
            say(f"No p-value: {reason}.")
        return
    for one in sorted(found.accounts, key=lambda one: one.adjusted):
        say(f"{one.account}: {one.answer}; p {one.adjusted:.2g} among {counted(len(found.accounts), 'account')}")
        for marker in one.markers:
            say(f"    {marker.name}, served {marker.served!r}: {marker.rank} of 16, in {marker.shown:,} answers")


def tested(folder: Path, secret: Secret, journal: Journal) -> tuple[MarkerPlan, Probed | Refused]:
    """The plan of a folder, and what came out.

    Raises `StillwatchError` where something is not what was frozen, or the journal was altered.
    """
    try:
        plan = msgspec.json.decode((folder / "plan.json").read_bytes(), type=MarkerPlan)
    except FileNotFoundError:
        raise UsageError(f"{folder} holds no plan", "Make one with `stillwatch audit probe`") from None
    except msgspec.MsgspecError as error:
        raise InputError(f"{folder / 'plan.json'} is no plan of markers: {error}") from None
    entry = frozen(journal, plan)
    verify(journal.file, entry.digest)
    key = ConventionKey(secret, plan.tenant, plan.epoch)
    if key.commitment().digest != plan.commitment:
        raise UsageError("this is not the key that was committed to", "Give the secret and the catalogue of that time")
    recordings = []
    for whose in (SUSPECT, CONTROL):
        if early := sum(answer.at_us < entry.ts_us for answer in answers_of(folder / whose).all):
            raise InputError(f"{counted(early, 'answer')} of the {whose} came before the plan was frozen")
        recordings.append(_asked(folder / whose))
    return plan, probed(plan, key, *recordings)


def document(plan: MarkerPlan, found: Probed | Refused) -> dict[str, Any]:
    """All of it for machines."""
    head = {"format": "stillwatch-markers/1", "suspect": plan.suspect, "plan": plan.digest, "level": plan.level}
    if isinstance(found, Refused):
        return head | {"refused": list(found.reasons), "accounts": []}
    checked = {"wrong_draws": found.wrong_draws, "crossed": found.crossed, "control": found.control}
    return head | {"refused": [], "accounts": [asdict(one) for one in found.accounts], "calibration": checked}


def _asked(folder: Path) -> Recording:
    """A recording of exactly the probes."""
    found = Recording.read(folder)
    if found.head is None or digest_of_prompts(found.head.prompts) != digest_of_prompts(questions()):
        raise InputError(f"{folder} was asked other questions", "Record it with the prompts.jsonl of the plan")
    return found
