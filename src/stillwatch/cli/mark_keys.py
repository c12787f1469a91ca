"""Keys of marks as a command is told them: the master secret, and the fields that each key is derived from."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Annotated

import msgspec
import typer

from stillwatch.audit.record import Entry, committed
from stillwatch.cli.options_marks import names_of
from stillwatch.decision.journal import Journal, verify
from stillwatch.errors import UsageError
from stillwatch.pseudonym import Secret
from stillwatch.settings import default_journal
from stillwatch.watermark.keys import Commitment, MarkKey, MasterKeys
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
Uncommitted = Annotated[bool, typer.Option("--uncommitted", help="Also keys that the journal holds no commitment to.")]
_SHOWN = 5
"""Values of a field that an error lists."""


def scheme_of(file: Path | None) -> Scheme:
    """The scheme of a file, or the usual one."""
    if file is None:
        return Scheme()
    try:
        return msgspec.convert(tomllib.loads(file.read_text("utf-8")).get("scheme", {}), Scheme)
    except (ValueError, RecursionError, msgspec.ValidationError) as error:
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
    made = MasterKeys(Secret.load_drawn(master))
    named = names_of(accounts, file)
    return [
        made.key(scheme, tokenizer, tenant=tenant, account=account, epoch=epoch)
        for epoch in dict.fromkeys(epochs or [0])
        for account in ("", *named)
    ]


def record_in(journal: Path | None) -> tuple[Journal, list[tuple[Commitment, Entry]]]:
    """The journal that is named, or the usual one, and the keys that it holds commitments to, oldest first.

    Raises `JournalBroken` where an entry was altered, put in or taken out: then no date in it means anything.
    """
    book = Journal(journal or default_journal())
    verify(book.file)
    return book, committed(book)


def against_record(made: list[MarkKey], record: list[tuple[Commitment, Entry]], *, uncommitted: bool) -> int:
    """How many of these keys are on record. `uncommitted`: others may be looked for too.

    Raises `UsageError` where a key is another than the one on record (another master secret), and where it was never
    committed to although others were: then epoch, account, tenant, scheme or tokenizer is mistaken, and a key of those
    marked nothing.
    """
    digests = {_fields(one): one.digest for one, _ in record}
    known = 0
    for key in made:
        commitment = key.commitment()
        digest = digests.get(_fields(commitment))
        if digest is None and digests and not uncommitted:
            raise UsageError(*_stranger(commitment, [one for one, _ in record]))
        if digest not in (None, commitment.digest):
            raise UsageError(
                f"{key!r} is not the key that was committed to",
                "Give the master secret of that time: under this one there is no mark to find",
            )
        known += digest is not None
    return known


def _fields(one: Commitment) -> tuple[str, str, int, str, str]:
    return one.tenant, one.account, one.epoch, one.scheme.name, one.tokenizer


def _stranger(key: Commitment, record: list[Commitment]) -> tuple[str, str]:
    """Which field of a key is on record nowhere with those before it, and what is there instead."""
    names = ("tokenizer", "scheme", "tenant", "account", "epoch")
    for depth, name in enumerate(names):
        like = [one for one in record if all(getattr(one, n) == getattr(key, n) for n in names[:depth])]
        held = sorted({_said(one, name) for one in like})
        if _said(key, name) not in held:
            break
    rest = f" and {len(held) - _SHOWN} more" if len(held) > _SHOWN else ""
    return (
        f"no key of {name} {_said(key, name)} was committed to; on record: {', '.join(held[:_SHOWN])}{rest}",
        "Name what was marked with, or add --uncommitted to look for a key that nobody can date",
    )


def _said(one: Commitment, name: str) -> str:
    value = one.scheme.name if name == "scheme" else getattr(one, name)
    return repr(value)
