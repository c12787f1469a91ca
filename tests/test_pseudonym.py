"""Where raw identifiers stop: one secret, one name, one pseudonym; and secret files that nobody else can use."""

from __future__ import annotations

import hashlib
import hmac
import os
import pickle
import stat
from pathlib import Path
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stillwatch import pseudonym
from stillwatch.errors import SecretError
from stillwatch.pseudonym import SECRET_BYTES, Pseudonymiser, Secret

MATERIAL = bytes(range(SECRET_BYTES))
SECRET = Secret(MATERIAL)
OTHER = Secret(MATERIAL[::-1])
ANY_NAME = st.text(st.characters())


def hkdf_sha256(material: bytes, purpose: str, length: int) -> bytes:
    """RFC 5869, sections 2.2 and 2.3, written again."""
    key = hmac.digest(b"stillwatch/1", material, "sha256")
    out, block = b"", b""
    for number in range(1, -(-length // 32) + 1):
        block = hmac.digest(key, block + purpose.encode() + bytes([number]), "sha256")
        out += block
    return out[:length]


@pytest.mark.parametrize("length", [8, 16, 32, 40, 64])
def test_every_purpose_gets_its_own_key_by_rfc_5869(length: int) -> None:
    """A derived key is HKDF-SHA256 of the material, so another implementation can read an old ledger."""
    assert SECRET.derive("stillwatch/x", length) == hkdf_sha256(MATERIAL, "stillwatch/x", length)


def test_keys_of_two_purposes_and_of_two_secrets_have_nothing_in_common() -> None:
    """Neither purpose nor secret can be swapped for another."""
    keys = {secret.derive(purpose) for secret in (SECRET, OTHER) for purpose in ("a", "b", "a/b", "")}
    assert len(keys) == 8


@given(ANY_NAME)
def test_a_pseudonym_is_keyed_blake2b_cut_to_63_bits(name: str) -> None:
    """The published construction, written again: the same in every process and version."""
    key = hkdf_sha256(MATERIAL, "stillwatch/pseudonym/account", 64)
    digest = hashlib.blake2b(name.encode("utf-8", "surrogatepass"), digest_size=8, key=key).digest()
    assert Pseudonymiser(SECRET, "account")(name) == int.from_bytes(digest, "little") >> 1


def test_kinds_and_secrets_do_not_join() -> None:
    """An account and an organisation of one name, or one account in two deployments, look unrelated."""
    made = [Pseudonymiser(secret, kind)("heron") for secret in (SECRET, OTHER) for kind in ("account", "organization")]
    assert len(set(made)) == 4


def test_no_name_is_zero_and_the_empty_name_is_not() -> None:
    """0 means not known; an account that is called nothing is known."""
    known = Pseudonymiser(SECRET, "account")
    assert known(None) == 0
    assert known("") != 0


@pytest.mark.parametrize("digest", [bytes(8), b"\x01" + bytes(7)])
def test_a_known_name_is_never_zero(monkeypatch: pytest.MonkeyPatch, digest: bytes) -> None:
    """The two digests of 2**64 that would fold to 0 become 1."""
    fake = SimpleNamespace(blake2b=lambda *_, **__: SimpleNamespace(digest=lambda: digest))
    known = Pseudonymiser(SECRET, "account")
    monkeypatch.setattr(pseudonym, "hashlib", fake)
    assert known("heron") == 1


def test_a_full_cache_changes_nothing_and_stays_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """More names than the cache holds, twice: the same pseudonyms, and no more memory."""
    names = [f"acct-{i}" for i in range(25)]
    expected = [Pseudonymiser(SECRET, "account")(name) for name in names]
    monkeypatch.setattr(pseudonym, "_CACHE_LIMIT", 4)
    known = Pseudonymiser(SECRET, "account")
    assert [known(name) for name in names * 2] == expected * 2
    assert len(known) <= 4


def test_a_secret_shows_its_public_name_only() -> None:
    """Neither repr nor str nor a formatted object shows the material; the id is one-way."""
    shown = f"{SECRET!r} {SECRET} {[SECRET]}"
    assert shown.count(SECRET.id) == 3
    assert MATERIAL.hex() not in shown
    assert repr(MATERIAL)[2:-1] not in shown
    assert SECRET.id == hkdf_sha256(MATERIAL, "stillwatch/key-id", 8).hex()


def test_a_secret_that_went_to_another_process_is_the_same() -> None:
    """Workers get the secret itself."""
    assert pickle.loads(pickle.dumps(SECRET)).derive("x") == SECRET.derive("x")  # noqa: S301 - our own bytes


@pytest.mark.parametrize("length", [0, 1, SECRET_BYTES - 1])
def test_a_short_secret_is_refused(length: int) -> None:
    """Guessable material is no secret; the error says how much there is and shows none of it."""
    with pytest.raises(SecretError, match=rf"at least 32 bytes and this one has {length}\b"):
        Secret(b"\xab" * length)


class TestSecretFile:
    """A secret key file is made once, for its owner alone, and read only as it was made."""

    @pytest.fixture
    def path(self, tmp_path: Path) -> Path:
        return tmp_path / "keys" / "secret.key"

    @staticmethod
    def written(path: Path, content: bytes, mode: int = 0o600) -> Path:
        path.parent.mkdir()
        path.write_bytes(content)
        path.chmod(mode)
        return path

    def test_what_was_created_is_loaded(self, path: Path) -> None:
        """Folder and all; the same secret comes back."""
        made = Secret.create(path)
        assert Secret.load(path).derive("x") == made.derive("x")
        assert Secret.load(path).id == made.id

    def test_two_files_hold_two_secrets(self, path: Path) -> None:
        """Material is random."""
        assert Secret.create(path).id != Secret.create(path.with_name("other.key")).id

    @pytest.mark.parametrize("umask", [0o000, 0o022, 0o077])
    def test_only_the_owner_can_read_it(self, path: Path, umask: int) -> None:
        """Mode 600, however lax the process's umask."""
        before = os.umask(umask)
        try:
            Secret.create(path)
        finally:
            os.umask(before)
        assert stat.S_IMODE(path.stat().st_mode) == 0o600

    def test_it_is_never_overwritten(self, path: Path) -> None:
        """A second `create` fails and leaves the first secret as it was."""
        first = Secret.create(path)
        with pytest.raises(SecretError, match="already is a secret key file"):
            Secret.create(path)
        assert Secret.load(path).id == first.id

    def test_a_link_to_nowhere_is_not_followed(self, path: Path) -> None:
        """Nobody can have the secret written elsewhere by leaving a link in its place."""
        path.parent.mkdir()
        elsewhere = path.with_name("elsewhere")
        path.symlink_to(elsewhere)
        with pytest.raises(SecretError):
            Secret.create(path)
        assert not elsewhere.exists()

    def test_a_missing_file_is_named_with_the_remedy(self, path: Path) -> None:
        """The error says where it looked and how to make one."""
        with pytest.raises(SecretError, match=r"no secret key file at .*secret\.key.*stillwatch secret new"):
            Secret.load(path)

    @pytest.mark.parametrize("mode", [0o640, 0o620, 0o610, 0o604, 0o602, 0o601, 0o644, 0o777])
    def test_a_file_that_others_can_use_is_refused(self, path: Path, mode: int) -> None:
        """Any bit for group or others is one too many; the error says what to run."""
        self.written(path, MATERIAL.hex().encode(), mode)
        with pytest.raises(SecretError, match=r"can be read by others.*chmod 600"):
            Secret.load(path)

    @pytest.mark.parametrize(
        ("content", "problem"),
        [
            (b"", "has 0"),
            (MATERIAL.hex()[:-2].encode(), "has 31"),
            (b"this is not hexadecimal, it is a sentence of good length", "does not hold hexadecimal digits"),
            (MATERIAL.hex()[:-1].encode(), "does not hold hexadecimal digits"),
            (MATERIAL, "does not hold hexadecimal digits"),
            (b"\xff\xfe" * 40, "does not hold hexadecimal digits"),
        ],
    )
    def test_a_damaged_file_is_refused_without_showing_it(self, path: Path, content: bytes, problem: str) -> None:
        """Too short, cut in the middle of a digit pair, binary: each is told, none is quoted."""
        self.written(path, content)
        with pytest.raises(SecretError, match=problem) as caught:
            Secret.load(path)
        assert content[:12].decode("latin-1") not in str(caught.value) or not content

    def test_a_folder_in_its_place_is_an_error_with_a_sentence(self, path: Path) -> None:
        """What cannot be read at all is said in the operator's words, not as a traceback."""
        path.mkdir(parents=True, mode=0o700)
        with pytest.raises(SecretError, match="cannot be read"):
            Secret.load(path)

    def test_space_around_the_digits_does_not_matter(self, path: Path) -> None:
        """Editors add newlines."""
        assert Secret.load(self.written(path, b"\n" + MATERIAL.hex().encode() + b"\r\n")).id == SECRET.id
