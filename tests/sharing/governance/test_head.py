"""Who kept a signed head sees every change of the hub's log."""

from __future__ import annotations

import itertools
import random
from dataclasses import replace
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from stillwatch.decision.journal import Journal
from stillwatch.errors import JournalBroken
from stillwatch.sharing.governance.head import Head, check_head, check_log, signed_head

HUB = Ed25519PrivateKey.generate()


@pytest.fixture
def log(tmp_path: Path) -> tuple[Path, Head]:
    file = tmp_path / "log"
    for number in range(5):
        entry = Journal(file).append("published", {"object": f"campaign--{number}", "member": "member-02"}, number)
    return file, signed_head(entry.number, entry.digest, 7, HUB)


def test_a_whole_log_has_its_heads(log: tuple[Path, Head]) -> None:
    file, head = log
    assert check_log(file, [head], HUB.public_key()) == 5


def test_every_one_of_ten_thousand_mutations_is_seen(log: tuple[Path, Head]) -> None:
    """A bit turned, a byte gone or put in, a line gone, doubled or moved, the end cut off: at random places."""
    file, head = log
    whole, rng = file.read_bytes(), random.Random(1)  # noqa: S311 - where to change it
    mutations = (_mutated(whole, rng) for _ in itertools.count())
    unseen = 0
    for mutated in itertools.islice((one for one in mutations if one != whole), 10_000):
        file.write_bytes(mutated)
        try:
            unseen += check_log(file, [head], HUB.public_key())
        except JournalBroken:
            continue
    assert unseen == 0


def _mutated(whole: bytes, rng: random.Random) -> bytes:
    lines = whole.splitlines(keepends=True)
    at, line = rng.randrange(len(whole)), rng.randrange(len(lines))
    match rng.randrange(6):
        case 0:
            return whole[:at] + bytes([whole[at] ^ 1 << rng.randrange(8)]) + whole[at + 1 :]
        case 1:
            return whole[:at] + whole[at + 1 :]
        case 2:
            return whole[:at] + bytes([rng.randrange(256)]) + whole[at:]
        case 3:
            return b"".join(lines[:line] + lines[line + 1 :])
        case 4:
            other = rng.randrange(len(lines))
            lines[line], lines[other] = lines[other], lines[line]
            return b"".join(lines)
        case _:
            return b"".join(lines[:line])


def test_a_log_written_anew_lacks_the_old_head(log: tuple[Path, Head], tmp_path: Path) -> None:
    other = tmp_path / "other"
    for number in range(6):
        Journal(other).append("published", {"object": "campaign--0"}, number)
    with pytest.raises(JournalBroken, match="has not the entry 5"):
        check_log(other, [log[1]], HUB.public_key())


def test_two_heads_of_one_number_convict_the_hub(log: tuple[Path, Head]) -> None:
    file, head = log
    with pytest.raises(JournalBroken, match="two heads of number 5"):
        check_log(file, [head, signed_head(5, "0" * 64, 8, HUB)], HUB.public_key())


@pytest.mark.parametrize("change", [{"number": 4}, {"digest": "0" * 64}, {"ts_us": 8}, {"signature": "no"}])
def test_a_forged_head_is_refused(log: tuple[Path, Head], change: dict[str, object]) -> None:
    with pytest.raises(JournalBroken, match="not signed"):
        check_head(replace(log[1], **change), HUB.public_key())  # type: ignore[arg-type]  # one of them
