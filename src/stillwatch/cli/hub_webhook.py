"""`stillwatch hub webhook`: where members are told that something is new."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from stillwatch.cli.faults import faults_as_errors
from stillwatch.cli.options import Json
from stillwatch.cli.options_hub import Store, opened
from stillwatch.cli.terminal import print_json, say
from stillwatch.errors import UsageError
from stillwatch.sharing.alliance.webhooks import FILE, Webhook, registered, removed, webhooks

app = typer.Typer(help="Where members are told of news.", no_args_is_help=True)
Member = Annotated[str, typer.Argument(help="The member, as the hub calls it.")]
Alliance = Annotated[Path, typer.Option(help="The alliance's folder, as `hub serve` has it.", exists=True)]
Root = Annotated[str, typer.Option(help="The API root whose news it is told of.")]


@app.command()
@faults_as_errors()
def add(
    member: Member,
    url: Annotated[str, typer.Argument(help="https; http for this machine only.")],
    alliance: Alliance,
    root: Root,
    allow_private: Annotated[
        bool, typer.Option("--allow-private", help="The address may be in this hub's own network, or this machine.")
    ] = False,
    store: Store = None,
) -> None:
    """Tell a member at an address that something is new, from now on; a hub that runs does so at once.

    Example: stillwatch hub webhook add member-07 https://member.example/heard --root alliance --alliance alliance/
    """
    kept = opened(store)
    found = kept.member(member)
    if found is None or root not in {one.name for one in kept.roots(found)}:
        raise UsageError(f"{member} is no member of the API root {root}", "See: stillwatch hub member list")
    registered(alliance / FILE, Webhook(member, root, url, allow_private))
    say(f"{member} is told at {url}.")


@app.command("list")
@faults_as_errors()
def list_(alliance: Alliance, as_json: Json = False) -> None:
    """List the members' addresses."""
    found = webhooks(alliance / FILE)
    if as_json:
        print_json({"webhooks": [{name: getattr(one, name) for name in one.__struct_fields__} for one in found]})
        return
    for one in found:
        say(f"{one.member}  {one.root}  {one.url}{'  (private)' if one.allows_private else ''}")
    if not found:
        say("No member has a webhook.")


@app.command()
@faults_as_errors()
def remove(member: Member, alliance: Alliance, root: Root) -> None:
    """Tell a member no more; it polls.

    Example: stillwatch hub webhook remove member-07 --root alliance --alliance alliance/
    """
    removed(alliance / FILE, member, root)
    say(f"{member} is told no more.")
