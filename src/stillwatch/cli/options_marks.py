"""Options that commands about marks and audits share, beside those of keys (`mark_keys`)."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from stillwatch.audit.endpoint import Endpoint
from stillwatch.errors import InputError, UsageError

AuditFolder = Annotated[Path, typer.Argument(help="The audit's folder.", show_default=False)]
TokenizerFile = Annotated[
    Path | None,
    typer.Option("--tokenizer", help="tokenizer.json; then lines may be texts.", show_default=False),
]
LEAST_LEVEL, MOST_LEVEL = 1e-300, 0.5
"""Of a chance of naming wrongly. Chosen: where numbers of 64 bits still tell p-values apart; a coin's toss."""
KeyLevel = Annotated[
    float,
    typer.Option(
        "--level", min=LEAST_LEVEL, max=MOST_LEVEL, help="Chance of naming any key wrongly, over all candidates."
    ),
]
EndpointUrl = Annotated[str, typer.Option("--endpoint", help="Base of an endpoint that speaks OpenAI's chat dialect.")]
ModelName = Annotated[str, typer.Option("--model", help="The model's name there.")]
EndpointKey = Annotated[
    Path | None, typer.Option("--key-file", help="A file that holds the API key.", show_default=False)
]
Rate = Annotated[float, typer.Option("--rate", min=0.001, max=1_000, help="Questions a second, at most.")]
AtOnce = Annotated[int, typer.Option("--at-once", min=1, max=64, help="Questions that wait for answers.")]
MostTokens = Annotated[int, typer.Option("--most-tokens", min=1, help="Of one answer.")]


def endpoint_of(url: str, model: str, key: Path | None, most_tokens: int, temperature: float = 1.0) -> Endpoint:
    """The endpoint that these options name; its key is read here and kept nowhere else."""
    return Endpoint(url, model, key.read_text("utf-8").strip() if key else "", most_tokens, temperature)


def names_of(accounts: list[str] | None, file: Path | None) -> list[str]:
    """Pseudonyms that were named one by one and those of a file, each once.

    Raises `InputError` for a file that is no text or names nobody, `UsageError` for an empty name, which is the fleet.
    """
    if not all(name.strip() for name in accounts or []):
        raise UsageError("--key names nobody", "Give a pseudonym; the fleet's key is always among those looked for")
    try:
        lines = file.read_text("utf-8-sig").splitlines() if file else []  # a byte order mark is no part of a name
    except UnicodeDecodeError:
        raise InputError(f"{file} is not text", "Give one pseudonym a line") from None
    named = [line.strip() for line in lines if line.strip()]
    if file and not named:
        raise InputError(f"{file} names nobody", "Give one pseudonym a line, or leave --keys out")
    return list(dict.fromkeys([*(accounts or []), *named]))
