"""How answers are marked: the secret that gateway and engine have in common, and whether anything is marked at all."""

from __future__ import annotations

import time
from pathlib import Path

from stillwatch.cli.checks.files import policy_in
from stillwatch.cli.checks.result import Result, fault, guarded, ok, warning
from stillwatch.pseudonym import Secret
from stillwatch.running.deployment import Deployment, Places
from stillwatch.running.unserved import unserved_marks
from stillwatch.running.working import marking_of
from stillwatch.watermark.ticket import Tickets

TICKETS, MARKS = "tickets", "marks"
_ACCOUNT = "doctor"  # under whose name a ticket is made and opened again


def marks(deployment: Deployment, where: Places, secret_file: Path) -> list[Result]:
    """The tickets' secret, which no other use may share, and a ticket made as the gateway makes them."""
    policy = policy_in(where.policy)
    if where.tickets is None:
        found = unserved_marks(policy, where)
        return [warning(MARKS, found.said, found.remedy)] if found else []
    step = policy.degrade.mark_strength or 0.0
    return [
        *guarded(TICKETS, lambda: _secret(where.tickets, secret_file, where.alliance_secret)),
        *guarded(MARKS, lambda: _made(deployment, where, step)),
    ]


def _secret(file: Path | None, *others: Path | None) -> list[Result]:
    """Whoever runs the engine has it, so it must be nothing but that."""
    assert file is not None  # noqa: S101 - asked only where one is named
    shared = Secret.load(file)
    for other in others:
        if other is not None and other.exists() and Secret.load(other).id == shared.id:
            said = f"{file} is the same secret as {other}: the engine could open what is kept under it"
            return [fault(TICKETS, said, "Make one of its own with `stillwatch secret new FILE`")]
    return [ok(TICKETS, f"{file}, public id {shared.id}: the engine's file must have the same")]


def _made(deployment: Deployment, where: Places, step: float) -> list[Result]:
    """A ticket that is made, and opened as the engine would."""
    made = marking_of(deployment, where)
    assert made is not None and where.tickets is not None  # noqa: S101 - as above
    now_seconds = int(time.time())
    found = Tickets(Secret.load(where.tickets)).open(made.ticket(_ACCOUNT, None, now_seconds), now_seconds)
    if not found.strength and not step:
        remedy = "Set [marks] strength, or mark_strength of the policy's [degrade]"
        return [warning(MARKS, "tickets are made and mark nothing: their strength is 0", remedy)]
    whose = "under a key of each account's own too" if found.account else "under the fleet's key"
    said = f"strength {found.strength:g}, {step or found.strength:g} at the step degrade, epoch {found.epoch}, {whose}"
    return [ok(MARKS, said)]
