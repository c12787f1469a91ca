"""Which commands there are; `stillwatch --help` lists them, docs/commands.md describes them.

Only the command that was asked for is loaded: what another one needs would cost each run of this one its start-up time.
"""

from __future__ import annotations

from collections.abc import Sequence
from importlib import import_module

import typer

import stillwatch
from stillwatch.cli.faults import faults_as_errors

COMMANDS = ("hunt", "sketch", "exemplars", "evaluate", "world", "doctor")
"""Each is the function of its name in the module of its name."""
SERVICES = ("gateway", "observe", "follow", "trace", "metrics", "up", "model", "population")
"""Likewise, but they run until they are told to stop, and hear signals in their own way."""
GROUPS = ("secret", "verdict", "journal", "door", "watermark", "audit", "hub", "tags", "share")
"""Each is the `app` of the module of its name."""
_ALL = SERVICES + COMMANDS + GROUPS


def app(arguments: Sequence[str] = ()) -> typer.Typer:
    """The command line, with the one command that `arguments` ask for, or with all."""
    asked = next((argument for argument in arguments if not argument.startswith("-")), "")
    whole = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)
    whole.callback()(_main)
    wanted = (asked,) if asked in _ALL else _ALL
    for name in wanted:
        module = import_module(f"stillwatch.cli.{name}")
        if name in GROUPS:
            whole.add_typer(module.app, name=name)
        else:
            faults = faults_as_errors(ends_itself=name in SERVICES)
            whole.command()(faults(getattr(module, name)))
    return whole


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(stillwatch.__version__)
        raise typer.Exit


def _main(
    version: bool = typer.Option(False, "--version", callback=_version, is_eager=True, help="Print the version."),
) -> None:
    """Stillwatch defends hosted language models against distillation by strangers: in the path, and in the logs."""
