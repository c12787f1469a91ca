"""Commands that tell: keys of signers, proposals, approvals, publishing."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from stillwatch.cli.faults import faults_as_errors
from stillwatch.cli.options import Json
from stillwatch.cli.share import rings
from stillwatch.cli.share.member import MACHINE_AUTHOR, Member, Name, counts_of, now_us, outbox_of, proposed, published
from stillwatch.cli.terminal import counted, print_json, say
from stillwatch.errors import UsageError
from stillwatch.pseudonym import Secret
from stillwatch.sharing.governance.approval import ROLES
from stillwatch.sharing.governance.approval import approve as approval_of
from stillwatch.sharing.member.configuration import Membership
from stillwatch.sharing.member.outbox import Outbox, Proposal
from stillwatch.sharing.signing import MACHINE, load_key, make_key, public_hex
from stillwatch.sharing.stix.bundle import write_object
from stillwatch.sharing.stix.from_findings import Telling, objects_of, read_findings
from stillwatch.sharing.stix.vocabulary import Nexus
from stillwatch.sharing.tags.written import newest_tags


@faults_as_errors()
def key(
    name: Annotated[str, typer.Argument(help=f"A pseudonym of the signer; {MACHINE} for the member's own machine.")],
    file: Annotated[Path, typer.Argument(help="Where its secret key is to be.")],
) -> None:
    """Make a signer's key, and print what the hub's operator registers.

    Example: stillwatch share key ana ana.key
    """
    say(f"{name} {public_hex(make_key(file))}")


@faults_as_errors()
def propose(
    findings: Annotated[Path, typer.Argument(help="findings.json of a hunt.", exists=True)],
    campaign: Annotated[str, typer.Argument(help="The campaign's id in it.")],
    member: Member,
    nexus: Annotated[list[Nexus], typer.Option(help="What makes it more than a breach of terms; may be repeated.")],
    ledger: Annotated[
        Path | None,
        typer.Option(help="The hunt's sketches: partners can then recognise the template."),
    ] = None,
    tags: Annotated[
        Path | None,
        typer.Option(help="Tags of its accounts' identifiers, as `tags ask` wrote them; those of the newest epoch."),
    ] = None,
    author: Annotated[str, typer.Option(help="Who wrote it, if a person did; that person cannot approve it.")] = "",
    as_json: Json = False,
) -> None:
    """Make a proposal of a campaign; nothing leaves before two people approved it.

    Example: stillwatch share propose out/findings.json c-7f3a --nexus fraud --member share.toml
    """
    of = Membership(member)
    basis, dated = of.legal_basis
    secret = Secret.load(of.secret)
    telling = Telling(
        member=of.member,
        secret=secret,
        nexus=tuple(nexus),
        legal_basis=basis,
        legal_basis_date=dated,
        contest_url=of.contest_url,
        tlp=of.tlp,
        signature=(rings.signature_hex(findings, campaign, ledger, secret) or None) if ledger else None,
        tags=newest_tags(tags) if tags else (),
    )
    found = objects_of(read_findings(findings.read_bytes()), campaign, telling, now_us())
    proposed(of, [_document(one) for one in found], author or MACHINE_AUTHOR, as_json)


@faults_as_errors()
def show(name: Name, member: Member) -> None:
    """Print a proposal as it would leave, with its digest.

    Example: stillwatch share show 3b6a27 --member share.toml
    """
    proposal = outbox_of(Membership(member)).proposal(name)
    say(json.dumps(proposal.objects, indent=2, ensure_ascii=False))
    say(f"Digest: {proposal.digest}")


@faults_as_errors()
def list_(member: Member, as_json: Json = False) -> None:
    """List proposals: who approved them, and what became of them."""
    outbox = outbox_of(Membership(member))
    rows = [_row(outbox, proposal) for proposal in outbox.proposals()]
    if as_json:
        print_json({"proposals": rows})
        return
    for row in rows:
        approvers = ", ".join(row["approved_by"]) or "nobody yet"
        say(f"{row['digest'][:12]}  {counted(row['objects'], 'object')}, approved by {approvers}: {row['state']}")
    if not rows:
        say("Nothing was proposed.")


@faults_as_errors()
def approve(
    name: Name,
    member: Member,
    signer: Annotated[str, typer.Option("--as", help="Your pseudonym, as the hub knows it.")],
    role: Annotated[str, typer.Option(help=f"One of {', '.join(sorted(ROLES))}.")],
    key_file: Annotated[Path, typer.Option("--key", help="Your secret key.")],
    digest: Annotated[str, typer.Option(help="The whole digest, as you read it with `show`.")],
) -> None:
    """Put your name to a proposal. The digest is asked for so that you sign what you read.

    Example: stillwatch share approve 3b6a27 --as ana --role security --key ana.key --digest 3b6a27...
    """
    outbox = outbox_of(Membership(member))
    proposal = outbox.proposal(name)
    if digest != proposal.digest:
        raise UsageError("this is not the digest of the proposal", f"Read it: stillwatch share show {name}")
    outbox.add_approval(proposal, approval_of(proposal.objects, proposal.author, signer, role, load_key(key_file)))
    say(f"{signer} approved {proposal.digest[:12]}. Approvals: {len(outbox.approvals(proposal))}.")


@faults_as_errors()
def publish(name: Name, member: Member, as_json: Json = False) -> None:
    """Send an approved proposal to the hub, which checks everything again.

    Example: stillwatch share publish 3b6a27 --member share.toml
    """
    of = Membership(member)
    published(of, outbox_of(of).proposal(name), as_json)


def _row(outbox: Outbox, proposal: Proposal) -> dict[str, Any]:
    status = outbox.status(proposal)
    state = "not published" if status is None else ", ".join(f"{n} {word}" for word, n in counts_of(status).items())
    approvers = [one.signer for one in outbox.approvals(proposal)]
    return {"digest": proposal.digest, "objects": len(proposal.objects), "approved_by": approvers, "state": state}


def _document(one: Any) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(write_object(one))
    return document
