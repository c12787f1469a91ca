"""The member's file: which hub, as whom, on which ground. Paths in it are relative to it.

hub = "https://hub.example"
root = "alliance"
collection = "4c1e7f3a-..."
member = "member-02"
credential = "hub.token"        # holds the bearer token; mode 600
secret = "deployment.key"       # ids of our objects are derived under it
record_key = "3b6a27..."        # the hub's, as its operator told it: pinned
contest_url = "https://provider.example/contest"
legal_basis = "gdpr-6-1-f"
legal_basis_date = 2026-11-01
grounds = "grounds.toml"        # the legal bases in force (docs/governance.md)
suspects = "suspects.jsonl"     # identifiers of own accounts, and their tags, for a hunt (docs/tags.md)
tags = "tags.jsonl"
"""

from __future__ import annotations

import stat
import tomllib
from datetime import date
from pathlib import Path
from typing import Annotated

import msgspec

from stillwatch.errors import SecretError, UsageError
from stillwatch.sharing.hub.markings import Tlp

Key = Annotated[str, msgspec.Meta(pattern="^[0-9a-f]{64}$")]
_Word = Annotated[str, msgspec.Meta(pattern="^[A-Za-z0-9._-]{1,128}$")]


class _Table(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    hub: Annotated[str, msgspec.Meta(pattern="^https?://")]
    root: _Word
    collection: _Word
    member: _Word
    credential: str
    secret: str
    record_key: Key
    contest_url: Annotated[str, msgspec.Meta(pattern="^https://")]
    legal_basis: str
    legal_basis_date: date
    grounds: str
    tlp: str = "amber"
    ca_file: str = ""
    suspects: str = ""
    tags: str = ""
    names: tuple[str, ...] = ()


class Membership:
    """The file, read. `folder` holds what the member keeps: outbox, inbox, keys of signers."""

    def __init__(self, file: Path) -> None:
        """Raises `UsageError` that names the file and what is wrong in it."""
        try:
            self._table = msgspec.convert(tomllib.loads(file.read_text("utf-8")), _Table, strict=True)
            self.tlp = Tlp.named(self._table.tlp)
        except OSError as error:
            raise UsageError(
                f"the membership {file} cannot be read: {error.strerror}", "See docs/sharing.md for its keys"
            ) from None
        except (ValueError, msgspec.ValidationError) as error:
            raise UsageError(f"{file}: {error}", "See docs/sharing.md for its keys") from None
        self.folder = file.absolute().parent

    @property
    def hub(self) -> str:
        """The hub's address, without a slash at its end."""
        return self._table.hub.rstrip("/")

    @property
    def root(self) -> str:
        """The API root: the trust group."""
        return self._table.root

    @property
    def collection(self) -> str:
        """The collection's id or alias."""
        return self._table.collection

    @property
    def member(self) -> str:
        """Our pseudonym in the alliance."""
        return self._table.member

    @property
    def record_key(self) -> bytes:
        """The public key under which the hub signs heads of its record, 32 bytes."""
        return bytes.fromhex(self._table.record_key)

    @property
    def contest_url(self) -> str:
        """Where a concerned party can object."""
        return self._table.contest_url

    @property
    def legal_basis(self) -> tuple[str, date]:
        """The basis that is claimed, and since when."""
        return self._table.legal_basis, self._table.legal_basis_date

    @property
    def names(self) -> tuple[str, ...]:
        """Names of companies that no sentence may hold."""
        return self._table.names

    @property
    def secret(self) -> Path:
        """The deployment's secret."""
        return self.folder / self._table.secret

    @property
    def grounds(self) -> Path:
        """The legal bases in force."""
        return self.folder / self._table.grounds

    @property
    def ca_file(self) -> Path | None:
        """Who signs the hub's certificate, where the system does not know."""
        return self.folder / self._table.ca_file if self._table.ca_file else None

    @property
    def inbox(self) -> Path:
        """What was pulled."""
        return self.folder / "inbox.sqlite"

    @property
    def own_tags(self) -> tuple[Path, Path] | None:
        """Suspects and their tags, where both are named."""
        named = self._table.suspects, self._table.tags
        return (self.folder / named[0], self.folder / named[1]) if all(named) else None

    def credential(self) -> str:
        """The bearer token. Raises `SecretError` if the file is missing or others can read it."""
        file = self.folder / self._table.credential
        try:
            mode, token = file.stat().st_mode, file.read_text("ascii").strip()
        except (OSError, UnicodeDecodeError):
            raise SecretError(f"the token {file} cannot be read", "The hub's operator makes one") from None
        if mode & (stat.S_IRWXG | stat.S_IRWXO):
            raise SecretError(f"the token {file} can be read by others", f"Run: chmod 600 {file}")
        return token
