"""Where raw identifiers stop: secrets, and the pseudonyms made under them.

A deployment has one secret of at least 32 bytes in a file that only its owner can read. Every use derives
its own key from it (HKDF-SHA256, RFC 5869), so a leaked ledger reveals nothing to somebody without the
file, and two deployments' pseudonyms cannot be joined. Pseudonyms are keyed BLAKE2b (RFC 7693), cut to
63 bits and never 0: 0 means "not known".
"""

from __future__ import annotations

import hashlib
import os
import secrets
import stat
from pathlib import Path

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from stillwatch.errors import SecretError

SECRET_BYTES = 32
_LEAST_DIFFERENT = 16
"""Different bytes of a secret that was drawn: 32 draws have fewer with a chance below 1e-14."""
_CACHE_LIMIT = 200_000  # names; 200k x ~150 B = 30 MB a process


class Secret:
    """A deployment's or an alliance's secret. `id` is public: 16 hex digits that name it, one-way."""

    __slots__ = ("_material", "id")

    def __init__(self, material: bytes) -> None:
        if len(material) < SECRET_BYTES:
            raise SecretError(
                f"a secret needs at least {SECRET_BYTES} bytes and this one has {len(material)}",
                "Make one with `stillwatch secret new FILE`",
            )
        self._material = material
        self.id = self.derive("stillwatch/key-id", 8).hex()

    def derive(self, purpose: str, length: int = 32) -> bytes:
        """`length` bytes for one purpose; different purposes give independent bytes."""
        return HKDF(SHA256(), length, salt=b"stillwatch/1", info=purpose.encode()).derive(self._material)

    def __repr__(self) -> str:
        return f"Secret(id={self.id})"

    @classmethod
    def load(cls, path: Path) -> Secret:
        """Read the secret at `path`. Raises `SecretError` if it is missing, too short or open to others."""
        try:
            mode = path.stat().st_mode
            material = path.read_bytes().strip()
        except FileNotFoundError:
            raise SecretError(
                f"there is no secret key file at {path}",
                "Make one with `stillwatch secret new FILE`; without the old one, old sketches join no new ones",
            ) from None
        except OSError as error:
            raise SecretError(f"the secret key file {path} cannot be read: {error.strerror}") from None
        if mode & (stat.S_IRWXG | stat.S_IRWXO):
            raise SecretError(f"the secret key file {path} can be read by others", f"Run: chmod 600 {path}")
        try:
            return cls(bytes.fromhex(material.decode("ascii")))
        except ValueError:
            raise SecretError(
                f"the secret key file {path} does not hold hexadecimal digits",
                "Make one with `stillwatch secret new FILE`",
            ) from None

    @classmethod
    def load_drawn(cls, path: Path) -> Secret:
        """`load`, where something made of the secret is published: who guesses it can try it there until it fits.

        Raises `SecretError` also for one that was typed: few different bytes, or letters throughout. Chance gives
        neither.
        """
        found = cls.load(path)
        if len(set(found._material)) < _LEAST_DIFFERENT or all(0x20 <= byte < 0x7F for byte in found._material):
            raise SecretError(
                f"the secret in {path} can be guessed: it was not drawn at random",
                "Make one with `stillwatch secret new FILE`; what was made under this one, anybody may have forged",
            )
        return found

    @classmethod
    def create(cls, path: Path) -> Secret:
        """Make a new secret file (mode 600) and return the secret. Never overwrites."""
        path.parent.mkdir(parents=True, exist_ok=True)
        material = secrets.token_bytes(SECRET_BYTES)
        try:
            descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        except FileExistsError:
            raise SecretError(f"there already is a secret key file at {path}", "Use it, or name another") from None
        with os.fdopen(descriptor, "w") as file:
            file.write(material.hex() + "\n")
            file.flush()
            os.fsync(file.fileno())
        return cls(material)


class Pseudonymiser(dict[str | None, int]):
    """Raw identifiers of one kind to 63-bit pseudonyms, the same in every process with the same secret.

    A bounded dictionary that makes what it lacks: a column of names is then one `map` without a call a name.
    """

    def __init__(self, secret: Secret, kind: str) -> None:
        super().__init__()
        self._key = secret.derive(f"stillwatch/pseudonym/{kind}", 64)

    def __call__(self, name: str | None) -> int:
        """The pseudonym of `name`, 1 .. 2**63 - 1; 0 if there is no name."""
        return self[name]

    def __missing__(self, name: str | None) -> int:
        if len(self) >= _CACHE_LIMIT:
            self.clear()
        pseudonym = self[name] = 0 if name is None else self.made(name)
        return pseudonym

    def made(self, name: str) -> int:
        """The pseudonym itself, nothing remembered."""
        digest = hashlib.blake2b(name.encode("utf-8", "surrogatepass"), digest_size=8, key=self._key).digest()
        return (int.from_bytes(digest, "little") >> 1) or 1
