"""Options that several commands share."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from stillwatch.settings import ALLIANCE_VARIABLE, SECRET_VARIABLE

Logs = Annotated[
    list[Path],
    typer.Argument(help="Log files or directories of them; formats are recognised by content.", show_default=False),
]
SecretFile = Annotated[
    Path | None,
    typer.Option(
        "--secret",
        envvar=SECRET_VARIABLE,
        help="The deployment's secret key file. Without it, one in your configuration directory, made at first use.",
        show_default=False,
    ),
]
AllianceFile = Annotated[
    Path | None,
    typer.Option(
        "--alliance-secret", envvar=ALLIANCE_VARIABLE, help="An alliance's secret key file.", show_default=False
    ),
]
Workers = Annotated[
    int | None, typer.Option(min=1, max=256, help="Processes that sketch; all CPUs by default.", show_default=False)
]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON document for machines; no progress bar.")]
