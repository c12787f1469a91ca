"""A secret that is missing, short, open to others or not the ledger's own is refused with what to do about it."""

from __future__ import annotations

from pathlib import Path

import pytest

from .conftest import SECRET_HEX, Stillwatch
from .logs import good


def key(home: Path, text: str, mode: int = 0o600) -> Path:
    file = home / "other.key"
    file.write_text(text)
    file.chmod(mode)
    return file


FAULTY = {
    "short": ("abcd", 0o600, "needs at least 32 bytes", "stillwatch secret new"),
    "empty": ("", 0o600, "needs at least 32 bytes", "stillwatch secret new"),
    "no digits": ("correct horse battery staple", 0o600, "does not hold hexadecimal digits", "stillwatch secret new"),
    "readable by others": (SECRET_HEX, 0o644, "can be read by others", "chmod 600"),
    "writable by the group": (SECRET_HEX, 0o620, "can be read by others", "chmod 600"),
}


@pytest.mark.parametrize(("text", "mode", "fault", "remedy"), FAULTY.values(), ids=FAULTY)
def test_a_faulty_secret_file_ends_with_3(
    hunt: Stillwatch, home: Path, text: str, mode: int, fault: str, remedy: str
) -> None:
    done = hunt(good(home / "log.jsonl", 30), "--secret", key(home, text, mode))
    assert (done.code, done.out) == (3, "")
    assert fault in done.err
    assert remedy in done.err
    assert "other.key" in done.err or "bytes" in done.err
    assert SECRET_HEX not in done.err
    assert not text or text not in done.err


def test_a_missing_secret_that_was_named_is_not_made_up(hunt: Stillwatch, home: Path) -> None:
    done = hunt(good(home / "log.jsonl", 30), "--secret", home / "nowhere.key")
    assert done.code == 3
    assert "there is no secret key file at" in done.err
    assert not (home / "nowhere.key").exists()


def test_the_first_hunt_makes_a_secret_and_says_so_once(hunt: Stillwatch, home: Path) -> None:
    made = home / "config" / "stillwatch" / "deployment.key"
    made.unlink()
    first, second = hunt(good(home / "log.jsonl", 30), "--json"), hunt(home / "log.jsonl", "--json")
    assert f"Made a new secret key file, {made}" in first.err
    assert made.read_text().strip() not in first.err + first.out
    assert made.stat().st_mode & 0o777 == 0o600
    assert second.err == ""


def test_a_ledger_under_another_secret_is_refused(hunt: Stillwatch, stillwatch: Stillwatch, home: Path) -> None:
    """In a hunt's own folder and in one that was sketched on purpose."""
    source, other = good(home / "log.jsonl", 30), key(home, f"{7:064x}")
    assert stillwatch("sketch", source, "--out", "ledger", "--workers", "1").code == 0
    assert hunt(source).code == 0
    for done in (hunt(source, "--secret", other), hunt("ledger", "--out", "b", "--secret", other)):
        assert done.code == 3
        assert "deployment key" in done.err
        assert "with --secret" in done.err


def test_a_ledger_under_another_alliance_secret_is_refused(
    hunt: Stillwatch, stillwatch: Stillwatch, home: Path
) -> None:
    """By the option that would mend it."""
    stillwatch("sketch", good(home / "log.jsonl", 30), "--out", "ledger", "--workers", "1")
    done = hunt("ledger", "--alliance-secret", key(home, f"{7:064x}"))
    assert done.code == 3
    assert "with --alliance-secret" in done.err


def test_a_new_secret_overwrites_nothing(stillwatch: Stillwatch, home: Path) -> None:
    file = home / "mine.key"
    first, again = stillwatch("secret", "new", file), stillwatch("secret", "new", file)
    assert (first.code, again.code) == (0, 3)
    assert "already is a secret key file" in again.err
    assert file.read_text().strip() not in first.out + again.err


def test_a_secret_that_cannot_be_made_is_a_sentence(stillwatch: Stillwatch, home: Path) -> None:
    (home / "file").write_text("")
    done = stillwatch("secret", "new", home / "file" / "mine.key")
    assert done.code == 3
    assert "Traceback" not in done.err
