"""Commands that speak of published objects: seen here too, disputed, withdrawn, and who took note."""

from __future__ import annotations

from typing import Annotated

import typer

from stillwatch.cli.faults import faults_as_errors
from stillwatch.cli.options import Json
from stillwatch.cli.share.member import (
    MACHINE_AUTHOR,
    Id,
    Member,
    hub_of,
    known,
    now_us,
    outbox_of,
    proposed,
    published,
)
from stillwatch.cli.terminal import print_json, say
from stillwatch.errors import UsageError
from stillwatch.sharing.governance.rules import needs_approval
from stillwatch.sharing.member import saying
from stillwatch.sharing.member.configuration import Membership
from stillwatch.sharing.stix.bundle import read_object
from stillwatch.sharing.stix.vocabulary import Confidence, Opinion


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
    document = saying.sighting(known(of, id), of.member, exchanges, Confidence.MEDIUM, now_us())
    published(of, proposed(of, [document], MACHINE_AUTHOR, None), as_json)


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
    document = saying.opinion(known(of, id), of.member, word, why, now_us())
    proposal = proposed(of, [document], MACHINE_AUTHOR, None)
    if needs_approval(read_object(document)):
        say(f"Proposed as {proposal.digest[:12]}; two people have to approve the sentence.")
    else:
        published(of, proposal, as_json)


@faults_as_errors()
def revoke(id: Id, member: Member, as_json: Json = False) -> None:
    """Withdraw an object of ours at once; every member acknowledges it.

    Example: stillwatch share revoke campaign--... --member share.toml
    """
    of = Membership(member)
    own = [one for proposal in outbox_of(of).proposals() for one in proposal.objects if one["id"] == id]
    if not own:
        raise UsageError(f"{id} is no object that was proposed here", "See: stillwatch share list")
    published(of, proposed(of, [saying.withdrawn(own[-1], now_us())], MACHINE_AUTHOR, None), as_json)


@faults_as_errors()
def acknowledged(id: Id, member: Member, as_json: Json = False) -> None:
    """List who took note of our withdrawal of an object."""
    of = Membership(member)
    newest = known(of, id)
    with hub_of(of) as hub:
        found = [one.member for one in hub.acknowledgements(newest.digest)]
    print_json({"acknowledged_by": found}) if as_json else say(", ".join(found) or "Nobody yet.")
