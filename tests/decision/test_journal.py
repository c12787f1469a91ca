"""The journal: whole entries, in a chain in which nothing can be altered unseen."""

from __future__ import annotations

import json
import os
import resource
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from stillwatch.decision.journal import GENESIS, Journal, verify
from stillwatch.errors import JournalBroken, StorageFull

WRITER = """
import sys
from pathlib import Path
from stillwatch.decision.journal import Journal
journal = Journal(Path(sys.argv[1]))
for n in range(int(sys.argv[3])):
    entry = journal.append("note", {"writer": sys.argv[2], "n": n}, n)
    print(entry.digest, flush=True)
"""


@pytest.fixture
def journal(tmp_path: Path) -> Journal:
    return Journal(tmp_path / "state" / "journal.jsonl")


def filled(journal: Journal, entries: int = 5) -> list[str]:
    return [journal.append("note", {"n": n, "text": "ünïcode"}, 1_000 + n).digest for n in range(entries)]


def writer(journal: Journal, name: str, entries: int) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", WRITER, str(journal.file), name, str(entries)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)  # noqa: S603 - our own interpreter and text


def test_entries_are_read_as_they_were_written_and_the_chain_holds(journal):
    digests = filled(journal)
    assert [entry.digest for entry, _ in journal.read()] == digests
    assert [entry.body["n"] for entry, _ in journal.read()] == [0, 1, 2, 3, 4]
    assert verify(journal.file) == (5, digests[-1])


def test_a_reader_goes_on_where_it_was(journal):
    filled(journal, 2)
    offset = [offset for _, offset in journal.read()][-1]
    later = journal.append("note", {}, 9)
    assert [entry for entry, _ in journal.read(offset)] == [later]


def test_a_journal_that_is_not_there_is_empty(journal):
    assert list(journal.read()) == []
    assert verify(journal.file) == (0, GENESIS)


@pytest.mark.parametrize("place", range(4))  # the fifth is the head: see below
@pytest.mark.parametrize("change", ["altered", "removed", "swapped", "doubled", "resealed"])
def test_every_change_of_the_past_is_found(journal, place, change):
    filled(journal)
    lines = journal.file.read_bytes().splitlines(keepends=True)
    if change == "altered":
        lines[place] = lines[place].replace(b'"n":', b'"n":1')
    elif change == "removed":
        del lines[place]
    elif change == "swapped":
        lines[place], lines[place + 1] = lines[place + 1], lines[place]
    elif change == "doubled":
        lines.insert(place, lines[place])
    else:
        forged = Journal(journal.file.parent / "forged")
        entry = json.loads(lines[place])
        other = forged.append(entry["kind"], {"n": 99}, entry["ts_us"])
        lines[place] = lines[place].replace(entry["digest"].encode(), other.digest.encode())
    journal.file.write_bytes(b"".join(lines))
    with pytest.raises(JournalBroken, match=r"entry|line"):
        verify(journal.file)


def test_cutting_off_the_newest_entries_is_found_by_whoever_kept_the_head(journal):
    head = filled(journal)[-1]
    lines = journal.file.read_bytes().splitlines(keepends=True)
    journal.file.write_bytes(b"".join(lines[:3]))
    assert verify(journal.file)[0] == 3
    with pytest.raises(JournalBroken, match="cut off"):
        verify(journal.file, head)


def test_a_head_that_was_kept_earlier_still_holds(journal):
    digests = filled(journal)
    assert verify(journal.file, digests[2]) == (5, digests[-1])


def test_a_line_that_was_cut_short_is_taken_off_and_the_chain_goes_on(journal):
    filled(journal, 3)
    with journal.file.open("ab") as file:
        file.write(b'{"number":4,"ts_us"')
    assert [entry.number for entry, _ in journal.read()] == [1, 2, 3]
    assert journal.append("note", {}, 5).number == 4
    assert verify(journal.file)[0] == 4


def test_an_entry_larger_than_what_is_read_at_once_is_followed_by_the_next(journal):
    journal.append("verdict given", {"accounts": [f"account-{n}" for n in range(20_000)]}, 1)
    journal.append("note", {}, 2)
    assert verify(journal.file)[0] == 2


def test_several_processes_write_one_chain(journal):
    writers = [writer(journal, name, 50) for name in ("a", "b", "c")]
    assert [process.wait() for process in writers] == [0, 0, 0]
    assert verify(journal.file)[0] == 150
    for process in writers:
        process.stdout.close()


def test_what_was_acknowledged_survives_a_kill(journal):
    process = writer(journal, "a", 1_000_000)
    acknowledged = [process.stdout.readline().strip() for _ in range(30)]
    process.send_signal(signal.SIGKILL)
    rest = process.stdout.read().split()
    process.wait()
    process.stdout.close()
    assert [entry.digest for entry, _ in journal.read()][: 30 + len(rest)] == acknowledged + rest
    journal.append("note", {}, 1)
    verify(journal.file)


def test_a_full_disk_is_said_and_leaves_the_chain_whole(journal):
    """A limit on the size of a file stands in for the disk: the kernel refuses the write in the same place."""
    filled(journal, 3)
    pid = os.fork()
    if pid == 0:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        size = journal.file.stat().st_size
        resource.setrlimit(resource.RLIMIT_FSIZE, (size + 100, size + 100))
        try:
            journal.append("note", {"long": "x" * 1_000}, 9)
        except StorageFull:
            os._exit(0)
        os._exit(1)
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
    assert verify(journal.file)[0] == 3


def test_only_its_owner_reads_it(journal):
    filled(journal, 1)
    assert journal.file.stat().st_mode & 0o077 == 0
    assert journal.file.parent.stat().st_mode & 0o077 == 0
