"""`stillwatch hub held`: what is in quarantine, and a person's decision about it."""

from __future__ import annotations

import time
from typing import Annotated

import typer

from stillwatch.cli.faults import faults_as_errors
from stillwatch.cli.options import Json
from stillwatch.cli.options_hub import Store, opened
from stillwatch.cli.terminal import print_json, say

app = typer.Typer(help="Objects in quarantine.", no_args_is_help=True)
Number = Annotated[int, typer.Argument(help="As `stillwatch hub held list` shows it.")]


@app.command("list")
@faults_as_errors()
def list_(store: Store = None, as_json: Json = False) -> None:
    """List what waits for a decision, oldest first."""
    held = opened(store).held()
    if as_json:
        print_json({"held": [{name: getattr(one, name) for name in one.__slots__} for one in held]})
        return
    for one in held:
        say(f"{one.number}  {one.id} of {one.contributor}, for {one.root}/{one.collection}: {one.reason}")
    if not held:
        say("Nothing is in quarantine.")


@app.command()
@faults_as_errors()
def show(number: Number, store: Store = None) -> None:
    """Print the object as it came."""
    say(opened(store).held_body(number).decode())


@app.command()
@faults_as_errors()
def release(number: Number, store: Store = None) -> None:
    """Add it to its collection after all.

    Example: stillwatch hub held release 3
    """
    opened(store).release(number, time.time_ns() // 1000)
    say(f"{number} is released.")


@app.command()
@faults_as_errors()
def refuse(
    number: Number,
    reason: Annotated[str, typer.Option(help="Why; the contributor is told.")],
    store: Store = None,
) -> None:
    """Throw it away.

    Example: stillwatch hub held refuse 3 --reason "names a customer"
    """
    opened(store).refuse(number, reason)
    say(f"{number} is refused.")
