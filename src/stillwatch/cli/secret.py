"""`stillwatch secret`: make a secret key file."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from stillwatch.cli.faults import faults_as_errors
from stillwatch.cli.terminal import say
from stillwatch.pseudonym import Secret

app = typer.Typer(help="Secret key files.", no_args_is_help=True)


@app.callback()
def _secret() -> None:
    """Secret key files."""


@app.command()
@faults_as_errors()
def new(file: Annotated[Path, typer.Argument(help="The file to make, readable by its owner only.")]) -> None:
    """Make a new secret key file; never overwrites one.

    Example: stillwatch secret new /etc/stillwatch/deployment.key
    """
    made = Secret.create(file)
    say(f"Made {file}; its public id is {made.id}.")
