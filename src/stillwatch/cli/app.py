"""Which commands there are; `stillwatch --help` lists them, docs/commands.md describes them."""

from __future__ import annotations

import typer

import stillwatch
from stillwatch.cli import secret
from stillwatch.cli.evaluate import evaluate
from stillwatch.cli.exemplars import exemplars
from stillwatch.cli.faults import faults_as_errors
from stillwatch.cli.hunt import hunt
from stillwatch.cli.sketch import sketch
from stillwatch.cli.world import world

app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)
for command in (hunt, sketch, exemplars, evaluate, world):
    app.command()(faults_as_errors()(command))
app.add_typer(secret.app, name="secret")


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(stillwatch.__version__)
        raise typer.Exit


@app.callback()
def _main(
    version: bool = typer.Option(False, "--version", callback=_version, is_eager=True, help="Print the version."),
) -> None:
    """Stillwatch finds the adversarial distillation of hosted language models in their own logs."""
