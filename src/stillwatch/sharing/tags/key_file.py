"""The key service's own key file: one chain value, from which every later epoch's key follows and no earlier one.

    chain(e+1)  = HKDF-SHA512(chain(e), "next")
    seed(e)     = HKDF-SHA512(chain(e), "epoch")        then RFC 9497's DeriveKeyPair(seed(e), name of e)

When an epoch ends, the file is replaced by one that holds only the next chain value, so a key file that is stolen later
evaluates no tag of an epoch that is over. (Copies of the file in backups would: keep none older than an epoch.) Keys of
coming epochs can be published early, and members pin them.
"""

from __future__ import annotations

import secrets
import stat
from pathlib import Path
from typing import Annotated

import msgspec
from cryptography.hazmat.primitives.hashes import SHA512
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from stillwatch.errors import SecretError
from stillwatch.ledger.durable import sync_directory, write_file
from stillwatch.sharing.tags.epochs import Calendar, EpochClosed
from stillwatch.sharing.tags.pins import Pin
from stillwatch.sharing.tags.suite import SEED_BYTES, KeyPair, Suite

FILE = "epochs.key"
_CHAIN_BYTES = 32
_SALT = b"stillwatch/tags/1"


class _Content(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    origin_s: int
    epoch_days: int
    epoch: Annotated[int, msgspec.Meta(ge=0)]
    chain: Annotated[str, msgspec.Meta(pattern="^[0-9a-f]{64}$")]


class EpochKeys:
    """The keys of the present epoch and of those to come. Earlier ones cannot be made any more."""

    def __init__(self, path: Path, calendar: Calendar, epoch: int, chain: bytes, suite: Suite) -> None:
        self._path = path
        self.calendar = calendar
        self._epoch, self._chain, self._suite = epoch, chain, suite

    @classmethod
    def create(cls, path: Path, calendar: Calendar, suite: Suite) -> EpochKeys:
        """Make a new file, mode 600; never overwrites. Raises `SecretError`."""
        if path.exists():
            raise SecretError(f"there already is a key file at {path}", "Use it, or name another")
        made = cls(path, calendar, 0, secrets.token_bytes(_CHAIN_BYTES), suite)
        made._write()
        return made

    @classmethod
    def load(cls, path: Path, suite: Suite) -> EpochKeys:
        """Raises `SecretError` for a file that is missing, open to others, or damaged."""
        try:
            mode, content = path.stat().st_mode, path.read_bytes()
        except FileNotFoundError:
            raise SecretError(f"there is no key file at {path}", "Make one with `stillwatch tags init`") from None
        if mode & (stat.S_IRWXG | stat.S_IRWXO):
            raise SecretError(f"the key file {path} can be read by others", f"Run: chmod 600 {path}")
        try:
            found = msgspec.json.decode(content, type=_Content)
        except (msgspec.MsgspecError, UnicodeDecodeError):
            raise SecretError(
                f"the key file {path} is damaged", "Bring it back from the backup of this epoch"
            ) from None
        calendar = Calendar(found.origin_s, found.epoch_days)
        return cls(path, calendar, found.epoch, bytes.fromhex(found.chain), suite)

    def advance(self, now_s: float) -> bool:
        """Forget the keys of epochs that are over, on disk too; whether there were any."""
        present = self.calendar.epoch_at(now_s)
        if present <= self._epoch:
            return False
        self._chain, self._epoch = self._chain_of(present), present
        self._write()
        return True

    def pair(self, epoch: int) -> KeyPair:
        """The key of `epoch`. Raises `EpochClosed` for one that is over."""
        seed = _derived(self._chain_of(epoch), b"epoch", SEED_BYTES)
        return self._suite.key_pair(seed, f"stillwatch tags, epoch {epoch}".encode())

    def pin(self, epoch: int) -> Pin:
        """What members pin of `epoch`: its public key, and when it is used."""
        return Pin(epoch, self.calendar.begins_s(epoch), self.calendar.ends_s(epoch), self.pair(epoch).public.hex())

    def _chain_of(self, epoch: int) -> bytes:
        if epoch < self._epoch:
            raise EpochClosed(f"the key of epoch {epoch} is gone", f"The present one is {self._epoch}")
        chain = self._chain
        for _ in range(epoch - self._epoch):
            chain = _derived(chain, b"next", _CHAIN_BYTES)
        return chain

    def _write(self) -> None:
        content = _Content(self.calendar.origin_s, self.calendar.epoch_days, self._epoch, self._chain.hex())
        write_file(self._path, msgspec.json.encode(content), mode=0o600)
        sync_directory(self._path.parent)


def _derived(chain: bytes, purpose: bytes, length: int) -> bytes:
    return HKDF(SHA512(), length, salt=_SALT, info=purpose).derive(chain)
