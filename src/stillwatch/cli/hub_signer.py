"""`stillwatch hub signer`: whose names count under approvals, and which machine acknowledges for a member."""

from __future__ import annotations

from typing import Annotated

import typer

from stillwatch.cli.faults import faults_as_errors
from stillwatch.cli.options import Json
from stillwatch.cli.options_hub import Store, place_of
from stillwatch.cli.terminal import print_json, say
from stillwatch.errors import UsageError
from stillwatch.sharing.alliance.acknowledgement import MACHINE
from stillwatch.sharing.governance.approval import ROLES, Signer
from stillwatch.storage.hub.opening import open_alliance, open_store

app = typer.Typer(help="Who signs for members.", no_args_is_help=True)
Member = Annotated[str, typer.Argument(help="The member, as the hub calls it.")]
Name = Annotated[str, typer.Argument(help="A pseudonym of the person or machine.")]


@app.command()
@faults_as_errors()
def add(
    member: Member,
    name: Name,
    role: Annotated[str, typer.Argument(help="security, trust-and-safety, legal, or machine.")],
    public_key: Annotated[str, typer.Argument(help="Its Ed25519 key, 64 hexadecimal digits.")],
    store: Store = None,
) -> None:
    """Register a signer of a member.

    Example: stillwatch hub signer add member-07 ana security 3b6a27...
    """
    if role not in ROLES | {MACHINE}:
        raise UsageError(f"{role} is no role of a signer", f"Roles: {', '.join(sorted(ROLES | {MACHINE}))}")
    place = place_of(store)
    kept = open_store(place)
    if kept.member(member) is None:
        raise UsageError(f"the hub has no member {member}", "See: stillwatch hub member list")
    try:
        key = bytes.fromhex(public_key)
    except ValueError:
        raise UsageError("a public key is 64 hexadecimal digits", "See: stillwatch share key") from None
    open_alliance(place, kept).put_signer(member, Signer(name, role, key))
    say(f"{name} signs for {member} as {role}.")


@app.command("list")
@faults_as_errors()
def list_(store: Store = None, as_json: Json = False) -> None:
    """List signers, those that were struck off too."""
    found = open_alliance(place_of(store)).all_signers()
    if as_json:
        rows = [
            {"member": member, "name": of.name, "role": of.role, "key": of.public_key.hex(), "is_struck_off": struck}
            for member, of, struck in found
        ]
        print_json({"signers": rows})
        return
    for member, of, struck in found:
        say(f"{member}  {of.name}  {'struck off' if struck else of.role}")
    if not found:
        say("No member has a signer.")


@app.command("strike-off")
@faults_as_errors()
def strike_off(member: Member, name: Name, store: Store = None) -> None:
    """End a signer's rights from the next request on; what it signed before stays in the record.

    Example: stillwatch hub signer strike-off member-07 ana
    """
    open_alliance(place_of(store)).strike_off(member, name)
    say(f"{name} signs for {member} no more.")
