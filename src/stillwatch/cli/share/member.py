"""What the commands of a member share: its file, its hub, its outbox and inbox, and how a proposal comes and goes."""

from __future__ import annotations

import time
from collections.abc import Generator
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from stillwatch.cli.terminal import counted, print_json, say
from stillwatch.errors import UsageError
from stillwatch.sharing.governance.basis import Grounds
from stillwatch.sharing.governance.rules import Rules
from stillwatch.sharing.member.configuration import Membership
from stillwatch.sharing.member.hub_client import HubClient, Status
from stillwatch.sharing.member.inbox import Inbox, Received
from stillwatch.sharing.member.outbox import Outbox, Proposal

Member = Annotated[
    Path,
    typer.Option("--member", envvar="STILLWATCH_MEMBER", help="The membership's file (docs/sharing.md)."),
]
Name = Annotated[str, typer.Argument(help="The proposal: the beginning of its digest.")]
Id = Annotated[str, typer.Argument(help="The object's id.")]
MACHINE_AUTHOR = "stillwatch"
"""Who wrote what a program made of findings; nobody is kept from approving it."""


@contextmanager
def hub_of(of: Membership) -> Generator[HubClient]:
    with closing(HubClient(of.hub, of.root, of.collection, of.credential(), of.ca_file)) as hub:
        yield hub


def outbox_of(of: Membership) -> Outbox:
    return Outbox(of.folder / "outbox")


def inbox_of(of: Membership) -> Inbox:
    return Inbox(of.folder / "inbox.sqlite")


def known(of: Membership, id: str) -> Received:
    with closing(inbox_of(of)) as kept:
        found = kept.object(id)
    if found is None:
        raise UsageError(f"{id} is not in the inbox", "Pull first: stillwatch share pull")
    return found


def proposed(of: Membership, documents: list[dict[str, Any]], author: str, as_json: bool | None) -> Proposal:
    """Keep a proposal if nothing in it breaks a rule; None for `as_json` says nothing."""
    rules, today = Rules(Grounds.load(of.grounds), {}, of.names), datetime.now(UTC).date()
    for document in documents:
        wrong = [rules.objection(document, today), *map(str, rules.violations(document))]
        if found := "; ".join(one for one in wrong if one):
            raise UsageError(f"{document['id']} may not be shared: {found}", "See docs/governance.md")
    proposal = outbox_of(of).propose(author, now_us(), documents)
    if as_json:
        print_json({"digest": proposal.digest, "ids": [one["id"] for one in proposal.objects]})
    elif as_json is not None:
        say(f"Proposed: {counted(len(documents), 'object')}, digest {proposal.digest}")
        say(f"Two people read it (stillwatch share show {proposal.digest[:12]}) and approve it before it leaves.")
    return proposal


def published(of: Membership, proposal: Proposal, as_json: bool) -> None:
    outbox = outbox_of(of)
    with hub_of(of) as hub:
        for approval in outbox.approvals(proposal):
            hub.approve(approval)
        status = hub.post(proposal.bodies)
    outbox.set_status(proposal, status)
    if as_json:
        print_json({"status": status.id, "ids": [one["id"] for one in proposal.objects], **counts_of(status)})
    else:
        say(", ".join(f"{number} {word}" for word, number in counts_of(status).items()))
    for one in [*status.failures, *status.pendings]:
        say(f"  {one.id}: {one.message}")
    if status.failure_count or status.pending_count:
        raise typer.Exit(1)


def counts_of(status: Status) -> dict[str, int]:
    return {"taken": status.success_count, "held": status.pending_count, "refused": status.failure_count}


def now_us() -> int:
    return time.time_ns() // 1000
