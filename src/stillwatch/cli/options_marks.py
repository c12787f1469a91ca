"""Options that commands about marks and audits share, beside those of keys (`mark_keys`)."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated
from urllib.parse import urlsplit

import typer

from stillwatch.audit.endpoint import Endpoint
from stillwatch.errors import InputError, UsageError

AuditFolder = Annotated[Path, typer.Argument(help="The audit's folder.", show_default=False)]
TokenizerFile = Annotated[
    Path | None,
    typer.Option("--tokenizer", help="tokenizer.json; then lines may be texts.", show_default=False),
]
_SPACE = re.compile(r"[\s\x00-\x1f\x7f]")
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
    """The endpoint that these options name; its key is read here and kept nowhere else.

    Raises `UsageError` for what is no address, or holds what would be printed with it, and for a file without a key.
    """
    try:
        parts = urlsplit(url)
        is_address = parts.port != 0 and bool((parts.hostname or "").encode("idna")) and not _SPACE.search(url)
    except ValueError:
        is_address = False
    if not is_address:
        raise UsageError(f"{url!r} is no endpoint", "Give its base, as https://api.example.com/v1")
    if parts.username is not None or parts.query or parts.fragment:
        raise UsageError("an endpoint is a base without name, password and query", "Give the API key with --key-file")
    return Endpoint(url, model, _key_in(key) if key else "", most_tokens, temperature)


def _key_in(file: Path) -> str:
    found = file.read_bytes().strip()
    if not found or not all(0x21 <= byte < 0x7F for byte in found):
        raise UsageError(f"{file} holds no API key", "Give a file with the key on one line, and nothing else")
    return found.decode("ascii")


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
