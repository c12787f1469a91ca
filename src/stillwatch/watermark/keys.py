"""Keys of marks: each for one tenant, account or fleet, epoch, scheme and tokenizer, all from one master secret.

HKDF-SHA256 (RFC 5869) over fields that are told apart by their lengths, so no two sets of fields give one key. A key
leaves the provider only as a commitment: a digest that is published before the key is used, and that shows later that
the key was not chosen to fit. Whoever holds a key can forge and remove its marks.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

import msgspec

from stillwatch.errors import UsageError
from stillwatch.pseudonym import Secret
from stillwatch.watermark.scheme import Scheme

KEY_BYTES = 16
"""AES-128."""
FLEET = ""
"""In the place of an account: the key that all accounts of a tenant have in common."""
_LONGEST_FIELD = 255


class Commitment(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What is published of a key before it marks anything. `account` is a pseudonym, empty for the fleet's key.

    `digest` covers the key and every other field.
    """

    tenant: str
    account: str
    epoch: int
    scheme: Scheme
    tokenizer: str
    digest: str


@dataclass(frozen=True, slots=True)
class MarkKey:
    """One key, and of whom it is. Never printed."""

    material: bytes
    tenant: str
    account: str
    epoch: int
    scheme: Scheme
    tokenizer: str

    def __repr__(self) -> str:
        return f"MarkKey({self.tenant!r}, {self.account!r}, epoch {self.epoch}, {self.scheme.name})"

    def commitment(self) -> Commitment:
        """What may be published: it binds the key and tells nothing of it."""
        bound = _joined("stillwatch/mark-commitment/1", *self._fields()) + self.material
        return Commitment(
            tenant=self.tenant,
            account=self.account,
            epoch=self.epoch,
            scheme=self.scheme,
            tokenizer=self.tokenizer,
            digest=hashlib.sha256(bound).hexdigest(),
        )

    def _fields(self) -> tuple[str, ...]:
        return self.tenant, self.account, str(self.epoch), self.scheme.name, self.tokenizer


class MasterKeys:
    """All keys of a provider, made from its master secret when they are asked for; none is kept."""

    def __init__(self, master: Secret) -> None:
        self._master = master

    def key(self, scheme: Scheme, tokenizer: str, *, tenant: str = "", account: str = FLEET, epoch: int = 0) -> MarkKey:
        """The key of these fields. `tokenizer`: a digest of it, since token numbers mean nothing without.

        Raises `UsageError` for a field that is too long or an epoch below 0.
        """
        if epoch < 0:
            raise UsageError(f"a key's epoch is a number from 0 on, not {epoch}")
        fields = (tenant, account, str(epoch), scheme.name, tokenizer)
        material = self._master.derive(f"stillwatch/marks/1/{_joined(*fields).hex()}", KEY_BYTES)
        return MarkKey(material, tenant, account, epoch, scheme, tokenizer)


def slot_key(fleet: MarkKey) -> bytes:
    """The key that deals contexts to the fleet's and the accounts' layer: known to whoever has the fleet's key."""
    return hashlib.blake2b(b"stillwatch/mark-slots/1", digest_size=KEY_BYTES, key=fleet.material).digest()


def second_key(key: MarkKey) -> bytes:
    """The other key of a scheme that draws: 16 bytes, known to whoever has the first."""
    return hashlib.blake2b(b"stillwatch/mark-second/1", digest_size=KEY_BYTES, key=key.material).digest()


def _joined(*fields: str) -> bytes:
    """Fields as bytes, each behind its length."""
    try:
        encoded = [field.encode() for field in fields]
    except UnicodeEncodeError:
        raise UsageError("a field of a key is not text", "Give names in UTF-8") from None
    for field in encoded:
        if len(field) > _LONGEST_FIELD:
            raise UsageError(f"a field of a key has {len(field)} bytes", f"Keep it to {_LONGEST_FIELD}")
    return b"".join(bytes([len(field)]) + field for field in encoded)
