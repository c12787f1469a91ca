"""`stillwatch share`: tell an alliance of a campaign, take in what it tells, dispute, withdraw."""

from __future__ import annotations

import json
import time
from collections.abc import Generator
from contextlib import closing, contextmanager
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from stillwatch.cli import share_rings
from stillwatch.cli.faults import faults_as_errors
from stillwatch.cli.options import Json
from stillwatch.cli.terminal import counted, print_json, say
from stillwatch.errors import UsageError
from stillwatch.pseudonym import Secret
from stillwatch.sharing.governance.approval import ROLES
from stillwatch.sharing.governance.approval import approve as approval_of
from stillwatch.sharing.governance.basis import Grounds
from stillwatch.sharing.governance.rules import Rules, needs_approval
from stillwatch.sharing.member import saying
from stillwatch.sharing.member.configuration import Membership
from stillwatch.sharing.member.hub_client import HubClient, HubUnreachable, Status
from stillwatch.sharing.member.inbox import Inbox, Received
from stillwatch.sharing.member.outbox import Outbox, Proposal
from stillwatch.sharing.member.own_rings import Recognised, recognised
from stillwatch.sharing.member.pulling import Pulled, check_record
from stillwatch.sharing.member.pulling import pull as pulled_from
from stillwatch.sharing.member.signing import MACHINE, load_key, make_key, public_hex
from stillwatch.sharing.stix.bundle import read_object, write_object
from stillwatch.sharing.stix.from_findings import Telling, objects_of, read_findings
from stillwatch.sharing.stix.vocabulary import Confidence, Nexus, Opinion

app = typer.Typer(help="Tell an alliance, and hear from it.", no_args_is_help=True)

Member = Annotated[
    Path,
    typer.Option("--member", envvar="STILLWATCH_MEMBER", help="The membership's file (docs/sharing.md)."),
]
Name = Annotated[str, typer.Argument(help="The proposal: the beginning of its digest.")]
Id = Annotated[str, typer.Argument(help="The object's id.")]
_MACHINE_AUTHOR = "stillwatch"
"""Who wrote what a program made of findings; nobody is kept from approving it."""


@app.callback()
def _share() -> None:
    """Tell an alliance, and hear from it (docs/sharing.md)."""


@app.command()
@faults_as_errors()
def key(
    name: Annotated[str, typer.Argument(help=f"A pseudonym of the signer; {MACHINE} for the member's own machine.")],
    file: Annotated[Path, typer.Argument(help="Where its secret key is to be.")],
) -> None:
    """Make a signer's key, and print what the hub's operator registers.

    Example: stillwatch share key ana ana.key
    """
    say(f"{name} {public_hex(make_key(file))}")


@app.command()
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
        signature=(share_rings.signature_hex(findings, campaign, ledger, secret) or None) if ledger else None,
    )
    found = objects_of(read_findings(findings.read_bytes()), campaign, telling, _now_us())
    _proposed(of, [_document(one) for one in found], author or _MACHINE_AUTHOR, as_json)


@app.command()
@faults_as_errors()
def show(name: Name, member: Member) -> None:
    """Print a proposal as it would leave, with its digest.

    Example: stillwatch share show 3b6a27 --member share.toml
    """
    proposal = _outbox(Membership(member)).proposal(name)
    say(json.dumps(proposal.objects, indent=2, ensure_ascii=False))
    say(f"Digest: {proposal.digest}")


@app.command("list")
@faults_as_errors()
def list_(member: Member, as_json: Json = False) -> None:
    """List proposals: who approved them, and what became of them."""
    outbox = _outbox(Membership(member))
    rows = [_row(outbox, proposal) for proposal in outbox.proposals()]
    if as_json:
        print_json({"proposals": rows})
        return
    for row in rows:
        approvers = ", ".join(row["approved_by"]) or "nobody yet"
        say(f"{row['digest'][:12]}  {counted(row['objects'], 'object')}, approved by {approvers}: {row['state']}")
    if not rows:
        say("Nothing was proposed.")


@app.command()
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
    outbox = _outbox(Membership(member))
    proposal = outbox.proposal(name)
    if digest != proposal.digest:
        raise UsageError("this is not the digest of the proposal", f"Read it: stillwatch share show {name}")
    outbox.add_approval(proposal, approval_of(proposal.objects, proposal.author, signer, role, load_key(key_file)))
    say(f"{signer} approved {proposal.digest[:12]}. Approvals: {len(outbox.approvals(proposal))}.")


@app.command()
@faults_as_errors()
def publish(name: Name, member: Member, as_json: Json = False) -> None:
    """Send an approved proposal to the hub, which checks everything again.

    Example: stillwatch share publish 3b6a27 --member share.toml
    """
    of = Membership(member)
    _published(of, _outbox(of).proposal(name), as_json)


@app.command()
@faults_as_errors()
def pull(
    member: Member,
    follow: Annotated[bool, typer.Option("--follow", help="Stay, and take in what comes as it comes.")] = False,
    as_json: Json = False,
) -> None:
    """Take in what the alliance published, delete what has ended, acknowledge what was withdrawn.

    Example: stillwatch share pull --member share.toml
    """
    of = Membership(member)
    with _hub(of) as hub, closing(_inbox(of)) as inbox:
        while True:
            found = pulled_from(hub, inbox, of.member, load_key(of.folder / "machine.key"), _now_us())
            _tell(found, as_json)
            if not follow:
                return
            _wait(hub, inbox)


@app.command()
@faults_as_errors()
def inbox(member: Member, as_json: Json = False) -> None:
    """List the campaigns and indicators that stand, with what the alliance thinks of them."""
    of = Membership(member)
    with _hub(of) as hub, closing(_inbox(of)) as kept:
        standings = hub.standings()
        rows = [_claim(one, standings.get(one.id)) for one in kept.objects("campaign", "indicator", "infrastructure")]
    if as_json:
        print_json({"claims": rows})
        return
    for row in rows:
        say(f"{row['score']:>3}  {row['id']}  {row['name']}{'  SUSPENDED' if row['suspended'] else ''}")
    if not rows:
        say("Nothing stands.")


@app.command()
@faults_as_errors()
def match(
    findings: Annotated[Path, typer.Argument(help="findings.json of our own hunt.", exists=True)],
    ledger: Annotated[Path, typer.Argument(help="That hunt's sketches, made with --alliance-secret.", exists=True)],
    member: Member,
    as_json: Json = False,
) -> None:
    """Which of our rings are ones that partners published; what matches is reviewed first, and no more than that.

    Example: stillwatch share match out/findings.json out/sketches --member share.toml
    """
    of = Membership(member)
    traffic = share_rings.own_traffic(ledger, Secret.load(of.secret))
    with _hub(of) as hub, closing(_inbox(of)) as kept:
        rings, claims = share_rings.own_rings(findings), list(kept.objects("indicator"))
        found = recognised(traffic, rings, claims, hub.standings())
        for one in found:
            kept.match(one.published, [one.ring.id])
    if as_json:
        print_json({"matches": [_recognised(one) for one in found]})
        return
    for one in found:
        carry = f"{one.match.carrying} of {one.match.accounts} accounts carry the template"
        rivals = f"{one.match.others_carrying} of {one.match.others:,} others do"
        say(f"{one.ring.id} ({one.ring.verdict}) is {one.published}: {carry}, {rivals}; score {one.score}")
    if not found:
        say(f"None of {counted(len(rings), 'ring')} here is one of {counted(len(claims), 'indicator')}.")


@app.command()
@faults_as_errors()
def sight(
    id: Id,
    member: Member,
    exchanges: Annotated[int, typer.Option(help="How many here; told as a decade.", min=1)],
    as_json: Json = False,
) -> None:
    """Say that the same is seen here.

    Example: stillwatch share sight campaign--... --exchanges 4200 --member share.toml
    """
    of = Membership(member)
    document = saying.sighting(_known(of, id), of.member, exchanges, Confidence.MEDIUM, _now_us())
    _published(of, _proposed(of, [document], _MACHINE_AUTHOR, None), as_json)


@app.command()
@faults_as_errors()
def dispute(
    id: Id,
    member: Member,
    strongly: Annotated[bool, typer.Option("--strongly", help="Certain that it is wrong.")] = False,
    why: Annotated[str, typer.Option(help="A sentence; with one, two people have to approve it.")] = "",
    as_json: Json = False,
) -> None:
    """Say that an object is wrong; two members who do suspend it.

    Example: stillwatch share dispute campaign--... --member share.toml
    """
    of = Membership(member)
    word = Opinion.STRONGLY_DISAGREE if strongly else Opinion.DISAGREE
    document = saying.opinion(_known(of, id), of.member, word, why, _now_us())
    proposal = _proposed(of, [document], _MACHINE_AUTHOR, None)
    if needs_approval(read_object(document)):
        say(f"Proposed as {proposal.digest[:12]}; two people have to approve the sentence.")
    else:
        _published(of, proposal, as_json)


@app.command()
@faults_as_errors()
def revoke(id: Id, member: Member, as_json: Json = False) -> None:
    """Withdraw an object of ours at once; every member acknowledges it.

    Example: stillwatch share revoke campaign--... --member share.toml
    """
    of = Membership(member)
    own = [one for proposal in _outbox(of).proposals() for one in proposal.objects if one["id"] == id]
    if not own:
        raise UsageError(f"{id} is no object that was proposed here", "See: stillwatch share list")
    _published(of, _proposed(of, [saying.withdrawn(own[-1], _now_us())], _MACHINE_AUTHOR, None), as_json)


@app.command()
@faults_as_errors()
def acknowledged(id: Id, member: Member, as_json: Json = False) -> None:
    """List who took note of our withdrawal of an object."""
    of = Membership(member)
    newest = _known(of, id)
    with _hub(of) as hub:
        found = [one.member for one in hub.acknowledgements(newest.digest)]
    print_json({"acknowledged_by": found}) if as_json else say(", ".join(found) or "Nobody yet.")


@app.command()
@faults_as_errors()
def verify(member: Member, as_json: Json = False) -> None:
    """Check the hub's whole record against every head that it signed for us.

    Example: stillwatch share verify --member share.toml
    """
    of = Membership(member)
    with _hub(of) as hub, closing(_inbox(of)) as kept:
        entries, heads = check_record(hub, kept, of.record_key), len(kept.heads())
    if as_json:
        print_json({"entries": entries, "heads": heads})
    else:
        say(f"Unbroken: {entries:,} entries, and {counted(heads, 'head')} kept here are in it.")


def _proposed(of: Membership, documents: list[dict[str, Any]], author: str, as_json: bool | None) -> Proposal:
    """Keep a proposal if nothing in it breaks a rule; None for `as_json` says nothing."""
    rules, today = Rules(Grounds.load(of.grounds), {}, of.names), datetime.now(UTC).date()
    for document in documents:
        wrong = [rules.objection(document, today), *map(str, rules.violations(document))]
        if found := "; ".join(one for one in wrong if one):
            raise UsageError(f"{document['id']} may not be shared: {found}", "See docs/governance.md")
    proposal = _outbox(of).propose(author, _now_us(), documents)
    if as_json:
        print_json({"digest": proposal.digest, "ids": [one["id"] for one in proposal.objects]})
    elif as_json is not None:
        say(f"Proposed: {counted(len(documents), 'object')}, digest {proposal.digest}")
        say(f"Two people read it (stillwatch share show {proposal.digest[:12]}) and approve it before it leaves.")
    return proposal


def _published(of: Membership, proposal: Proposal, as_json: bool) -> None:
    outbox = _outbox(of)
    with _hub(of) as hub:
        for approval in outbox.approvals(proposal):
            hub.approve(approval)
        status = hub.post(proposal.bodies)
    outbox.set_status(proposal, status)
    if as_json:
        print_json({"status": status.id, "ids": [one["id"] for one in proposal.objects], **_counts(status)})
    else:
        say(", ".join(f"{number} {word}" for word, number in _counts(status).items()))
    for one in [*status.failures, *status.pendings]:
        say(f"  {one.id}: {one.message}")
    if status.failure_count or status.pending_count:
        raise typer.Exit(1)


def _counts(status: Status) -> dict[str, int]:
    return {"taken": status.success_count, "held": status.pending_count, "refused": status.failure_count}


def _row(outbox: Outbox, proposal: Proposal) -> dict[str, Any]:
    status = outbox.status(proposal)
    state = "not published" if status is None else ", ".join(f"{n} {word}" for word, n in _counts(status).items())
    approvers = [one.signer for one in outbox.approvals(proposal)]
    return {"digest": proposal.digest, "objects": len(proposal.objects), "approved_by": approvers, "state": state}


def _claim(one: Received, standing: Any) -> dict[str, Any]:
    document = json.loads(one.body)
    score = standing.score if standing else 0
    return {"id": one.id, "name": document["name"], "score": score, "suspended": bool(standing and standing.suspended)}


def _recognised(one: Recognised) -> dict[str, Any]:
    told = {
        "published": one.published,
        "ring": one.ring.id,
        "verdict": one.ring.verdict,
        "exchanges": one.ring.exchanges,
    }
    return {**told, **asdict(one.match), "score": one.score, "contributors": one.contributors}


def _known(of: Membership, id: str) -> Received:
    with closing(_inbox(of)) as kept:
        found = kept.object(id)
    if found is None:
        raise UsageError(f"{id} is not in the inbox", "Pull first: stillwatch share pull")
    return found


def _tell(found: Pulled, as_json: bool) -> None:
    counts = {name: getattr(found, name) for name in ("new", "withdrawn", "refused", "ended", "acknowledged")}
    print_json(counts) if as_json else say(", ".join(f"{number} {word}" for word, number in counts.items()))


def _wait(hub: HubClient, inbox: Inbox) -> None:
    """Until something came; where the hub does not answer, a quarter of a minute."""
    try:
        hub.wait(inbox.fact("added after"))
    except HubUnreachable as error:
        say(str(error))
        time.sleep(15)


@contextmanager
def _hub(of: Membership) -> Generator[HubClient]:
    with closing(HubClient(of.hub, of.root, of.collection, of.credential(), of.ca_file)) as hub:
        yield hub


def _outbox(of: Membership) -> Outbox:
    return Outbox(of.folder / "outbox")


def _inbox(of: Membership) -> Inbox:
    return Inbox(of.folder / "inbox.sqlite")


def _document(one: Any) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(write_object(one))
    return document


def _now_us() -> int:
    return time.time_ns() // 1000
