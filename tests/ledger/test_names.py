"""Names are for those who hold the secret; everybody else sees pseudonyms."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stillwatch.errors import LedgerError, SecretError, SketchMismatch
from stillwatch.ledger.database import Database
from stillwatch.ledger.names import BLOCK_NAMES, NameTable, hexadecimal
from stillwatch.pseudonym import Pseudonymiser, Secret

SECRET = Secret(b"a secret for tests only, 32 bytes")
OTHER = Secret(b"another secret for the same tests")
NAMES = {11: "anna@example.org", 12: "ben", 13: "ünïcode \ud800", 14: ""}


def test_the_secret_opens_names(tmp_path: Path) -> None:
    NameTable.open(tmp_path, SECRET).add("account", NAMES)
    table = NameTable.open(tmp_path, SECRET)
    assert table.names("account") == NAMES
    assert table.name("account", 11) == "anna@example.org"


def test_without_the_secret_pseudonyms_are_hexadecimal(tmp_path: Path) -> None:
    NameTable.open(tmp_path, SECRET).add("account", NAMES)
    sealed = NameTable.open(tmp_path)
    assert sealed.names("account", [11, 255]) == {11: "000000000000000b", 255: "00000000000000ff"}
    assert sealed.names("account") == {p: hexadecimal(p) for p in NAMES}
    with pytest.raises(SecretError):
        sealed.add("account", {1: "x"})


def test_a_ledger_without_names_shows_hexadecimal(tmp_path: Path) -> None:
    assert NameTable.open(tmp_path).name("account", 7) == hexadecimal(7)
    assert list(tmp_path.iterdir()) == []


def test_names_are_not_on_disk_in_the_clear(tmp_path: Path) -> None:
    NameTable.open(tmp_path, SECRET).add("account", NAMES)
    (file,) = tmp_path.iterdir()
    assert b"anna" not in file.read_bytes()
    assert file.stat().st_mode & 0o077 == 0


def test_another_secret_is_refused(tmp_path: Path) -> None:
    NameTable.open(tmp_path, SECRET)
    with pytest.raises(SketchMismatch, match=OTHER.id):
        NameTable.open(tmp_path, OTHER)


def test_adding_again_changes_nothing(tmp_path: Path) -> None:
    """A run that was killed between names and rows adds the same names again."""
    table = NameTable.open(tmp_path, SECRET)
    assert table.add("account", NAMES) == 4
    before = (tmp_path / "names.sqlite").read_bytes()
    assert table.add("account", NAMES) == 0
    assert NameTable.open(tmp_path, SECRET).add("account", NAMES) == 0
    assert (tmp_path / "names.sqlite").read_bytes() == before


def test_kinds_do_not_mix(tmp_path: Path) -> None:
    table = NameTable.open(tmp_path, SECRET)
    table.add("account", {1: "anna"})
    table.add("organization", {1: "acme", 0: "nobody"})
    assert table.names("account") == {1: "anna"}
    assert table.names("organization") == {1: "acme"}


def test_small_additions_share_a_block(tmp_path: Path) -> None:
    """A tracer that adds a few names every few seconds does not leave a block for each."""
    table = NameTable.open(tmp_path, SECRET)
    for first in range(1, 200, 10):
        table.add("account", {p: str(p) for p in range(first, first + 10)})
    assert Database(tmp_path / "names.sqlite").rows("SELECT COUNT(*) FROM blocks") == [(1,)]
    assert len(table.names("account")) == 200


def test_a_name_moved_to_another_pseudonym_does_not_open(tmp_path: Path) -> None:
    """Who can write the file can destroy names, not pin one account's name on another."""
    table = NameTable.open(tmp_path, SECRET)
    table.add("account", {1: "guilty", 2: "innocent"})
    swapped = (2).to_bytes(8, "little") + (1).to_bytes(8, "little")
    with Database(tmp_path / "names.sqlite").transaction() as db:
        db.execute("UPDATE blocks SET pseudonyms = ?", (swapped,))
    with pytest.raises(LedgerError, match="does not open"):
        table.name("account", 1)


def test_a_hundred_thousand_names_are_sealed_in_blocks(tmp_path: Path) -> None:
    """One AES-GCM call a block, not a name."""
    names = {p: f"user-{p}@example.org" for p in range(1, 100_001)}
    table = NameTable.open(tmp_path, SECRET)
    assert table.add("account", names) == 100_000
    blocks = Database(tmp_path / "names.sqlite").rows("SELECT COUNT(*) FROM blocks")
    assert blocks == [(-(-100_000 // BLOCK_NAMES),)]
    assert table.names("account", [5, 99_999]) == {5: names[5], 99_999: names[99_999]}


_KILLED = """
import os, signal, sys
from pathlib import Path
from stillwatch.ledger import names
from stillwatch.pseudonym import Secret
seal = names.Seal.close
def die(self, text, context):
    os.kill(os.getpid(), signal.SIGKILL)
table = names.NameTable.open(Path(sys.argv[1]), Secret(b"a secret for tests only, 32 bytes"))
table.add("account", {1: "first"})
names.Seal.close = die
table.add("account", {2: "second"})
"""


def test_an_addition_that_was_killed_leaves_the_names_before_it(tmp_path: Path) -> None:
    command = [sys.executable, "-c", _KILLED, str(tmp_path)]
    done = subprocess.run(command, capture_output=True, check=False)  # noqa: S603 - our own program
    assert done.returncode == -signal.SIGKILL, done.stderr.decode()
    table = NameTable.open(tmp_path, SECRET)
    assert table.names("account") == {1: "first"}
    assert table.add("account", {1: "first", 2: "second"}) == 1


@settings(deadline=None, max_examples=25)  # each example syncs a database to disk
@given(st.lists(st.dictionaries(st.text(max_size=5), st.none(), max_size=5), max_size=4))
def test_names_come_back_under_their_pseudonyms(
    tmp_path_factory: pytest.TempPathFactory, batches: list[dict[str, None]]
) -> None:
    """Any names, in any batches: what a pseudonym is shown as is what it was made from."""
    pseudonym = Pseudonymiser(SECRET, "account")
    table = NameTable.open(tmp_path_factory.mktemp("names"), SECRET)
    for batch in batches:
        table.add("account", {pseudonym(name): name for name in batch})
    assert table.names("account") == {pseudonym(name): name for batch in batches for name in batch}
