"""The command line: `stillwatch --help` lists the commands, docs/commands.md describes them."""

from __future__ import annotations

import sys

import typer
from rich.text import Text

import stillwatch
from stillwatch.cli import secret
from stillwatch.cli.exemplars import exemplars
from stillwatch.cli.hunt import hunt
from stillwatch.cli.sketch import sketch
from stillwatch.cli.terminal import stderr
from stillwatch.errors import StillwatchError

app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)
app.command()(hunt)
app.command()(sketch)
app.command()(exemplars)
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


def run() -> None:
    """The console script. Errors go to stderr with their remedy; exit codes are those of docs/commands.md."""
    try:
        app()
    except StillwatchError as error:
        stderr.print(Text.assemble(("stillwatch: ", "bold red"), str(error)))
        sys.exit(error.exit_code)
    except KeyboardInterrupt:
        stderr.print("stillwatch: stopped")
        sys.exit(130)
    except BrokenPipeError:
        sys.exit(141)


if __name__ == "__main__":
    run()
