"""A suspect's answers, each on disk before the next is asked for: a run that is stopped or killed loses none.

One JSON line an answer, with the digest of its question and of the line before, so that what was said cannot be changed
unseen between the asking and the report. A line that was cut short was never an answer and is taken off.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
from collections.abc import Generator
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path

import msgspec

from stillwatch.errors import InputError, StorageFull

GENESIS = "0" * 64


class Outcome(StrEnum):
    """How the suspect met a question."""

    ANSWERED = "answered"
    TRUNCATED = "truncated"  # it stopped at the length that was asked for; what it said counts
    REFUSED = "refused"  # by a filter, or with nothing to say; what it said counts nothing
    REJECTED = "rejected"  # the endpoint would not take the question


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """One answer. `number`: of the question, from 0; `previous`: the digest of the line before this one."""

    number: int
    prompt_digest: str
    outcome: Outcome
    text: str
    finish: str
    model: str
    waits: int
    at_us: int
    previous: str

    @property
    def counts(self) -> bool:
        """Does its text say something of the suspect?"""
        return self.outcome in (Outcome.ANSWERED, Outcome.TRUNCATED)


class Answers:
    """The answers of one file. One owner at a time: see `held`."""

    def __init__(self, file: Path) -> None:
        self.file = file
        self.all: list[Answer] = []
        self.digest = GENESIS

    @classmethod
    def read(cls, file: Path) -> Answers:
        """What the file holds, none where there is none. Raises `InputError` where a line does not follow."""
        found = cls(file)
        if file.exists():
            whole, _, _ = file.read_bytes().rpartition(b"\n")
            for number, line in enumerate(whole.splitlines(), 1):
                found._take(line, number)
        return found

    @contextmanager
    def held(self) -> Generator[None]:
        """Inside, nobody else adds to the file. Raises `InputError` where somebody does."""
        with self.file.open("ab") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise InputError(f"{self.file} is being written by another run", "Wait for it, or stop it") from None
            _take_off_torn(self.file)
            yield

    def add(self, answer: Answer) -> None:
        """Keep one more; it is on disk when this returns."""
        line = msgspec.json.encode(answer)
        try:
            with self.file.open("ab") as file:
                file.write(line + b"\n")
                file.flush()
                os.fsync(file.fileno())
        except OSError as error:
            raise StorageFull(f"{self.file} could not be written: {error.strerror}") from None
        self.all.append(answer)
        self.digest = hashlib.sha256(line).hexdigest()

    def _take(self, line: bytes, number: int) -> None:
        try:
            answer = msgspec.json.decode(line, type=Answer)
        except msgspec.MsgspecError:
            raise InputError(f"{self.file}, line {number} is no answer", "Go back to a copy of the file") from None
        if answer.previous != self.digest:
            raise InputError(f"{self.file}, line {number} does not follow from the line before", "It was altered")
        self.all.append(answer)
        self.digest = hashlib.sha256(line).hexdigest()


def _take_off_torn(file: Path) -> None:
    whole, newline, torn = file.read_bytes().rpartition(b"\n")
    if torn:
        os.truncate(file, len(whole) + len(newline))
