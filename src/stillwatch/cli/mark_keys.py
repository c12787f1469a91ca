"""Keys of marks as a command is told them: the master secret, and the fields that each key is derived from."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Annotated

import msgspec
import typer

from stillwatch.errors import InputError, UsageError
from stillwatch.pseudonym import Secret
from stillwatch.watermark.keys import MarkKey, MasterKeys
from stillwatch.watermark.scheme import Scheme

Master = Annotated[Path, typer.Option("--master", help="The provider's master secret of marks.", show_default=False)]
TokenizerDigest = Annotated[
    str, typer.Option("--tokenizer-digest", help="SHA-256 of tokenizer.json, 64 hexadecimal digits.")
]
SchemeFile = Annotated[
    Path | None,
    typer.Option("--scheme", help="A TOML file with the table [scheme], as the engine's.", show_default=False),
]
Tenant = Annotated[str, typer.Option("--tenant", help="Whose accounts they are, as the engine's tickets say it.")]
Epochs = Annotated[
    list[int] | None, typer.Option("--epoch", min=0, help="May be repeated; 0 if not said.", show_default=False)
]
Accounts = Annotated[
    list[str] | None,
    typer.Option("--key", help="The pseudonym of an account or campaign; may be repeated.", show_default=False),
]
AccountFile = Annotated[
    Path | None, typer.Option("--keys", help="A file of such pseudonyms, one a line.", show_default=False)
]


def scheme_of(file: Path | None) -> Scheme:
    """The scheme of a file, or the usual one."""
    if file is None:
        return Scheme()
    try:
        return msgspec.convert(tomllib.loads(file.read_text("utf-8")).get("scheme", {}), Scheme)
    except (ValueError, msgspec.ValidationError) as error:
        raise UsageError(f"{file}: {error}", "See docs/watermark.md for the keys of [scheme]") from None


def tokenizer_of(digest: str) -> str:
    """A digest that is one."""
    if not re.fullmatch("[0-9a-f]{64}", digest):
        raise UsageError(f"{digest!r} is no digest of a tokenizer", "Give the 64 digits of `sha256sum tokenizer.json`")
    return digest


def keys_of(
    master: Path,
    scheme: Scheme,
    tokenizer: str,
    tenant: str,
    epochs: list[int] | None,
    accounts: list[str] | None,
    file: Path | None,
) -> list[MarkKey]:
    """The fleet's key of each epoch, and behind it those of the accounts named; each once."""
    made = MasterKeys(Secret.load(master))
    named = list(dict.fromkeys((*(accounts or []), *_lines(file))))
    return [
        made.key(scheme, tokenizer, tenant=tenant, account=account, epoch=epoch)
        for epoch in dict.fromkeys(epochs or [0])
        for account in ("", *named)
    ]


def _lines(file: Path | None) -> list[str]:
    if file is None:
        return []
    try:
        return [line.strip() for line in file.read_text("utf-8").splitlines() if line.strip()]
    except UnicodeDecodeError:
        raise InputError(f"{file} is not text", "Give one pseudonym a line") from None
