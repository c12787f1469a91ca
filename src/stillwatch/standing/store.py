"""Where a register lives: one SQLite file in a state directory, held by one process at a time.

    with standing(directory, identity, alpha) as state:
        register, looked = look(state.register, review, day)
        state.keep(register)

A look is one transaction: killed at any point, the next start finds the register before it or after it. The file can be
read by its owner alone. It holds account pseudonyms (what `Beside.pseudonyms` made of names), fingerprints of skeleton
values, and numbers; `identity` names the keys under which these were made, as for a ledger.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import msgspec

from stillwatch.errors import LedgerError, SketchMismatch
from stillwatch.ledger.database import Database
from stillwatch.ledger.durable import Checkpoint, full_disk_is_storage_full, pass_by, sync_directory
from stillwatch.ledger.lock import WriterLock
from stillwatch.standing.register import Alarm, Known, Last, Register

STATE_VERSION = 1
FILE = "campaigns.sqlite"
_SCHEMA = """
CREATE TABLE facts (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE campaigns (id TEXT PRIMARY KEY, body BLOB NOT NULL) WITHOUT ROWID;
CREATE TABLE alarms (stratum TEXT PRIMARY KEY, body BLOB NOT NULL) WITHOUT ROWID;
"""


class State:
    """A register on disk, while this process holds it."""

    def __init__(self, database: Database, register: Register, checkpoint: Checkpoint) -> None:
        self._database = database
        self._checkpoint = checkpoint
        self.register = register

    def keep(self, register: Register) -> None:
        """Make `register` the one on disk; all of it or, on any error, nothing of it."""
        if register == self.register:
            return
        before = self.register
        with full_disk_is_storage_full(self._database.path), self._database.transaction() as db:
            _put_facts(db, register)
            _put(db, "campaigns", register.campaigns, before.campaigns)
            self._checkpoint("campaigns written")
            _put(db, "alarms", register.alarms, before.alarms)
            for stratum in before.alarms.keys() - register.alarms.keys():
                db.execute("DELETE FROM alarms WHERE stratum = ?", (stratum,))
            self._checkpoint("alarms written")
        self._checkpoint("look kept")
        self.register = register


@contextmanager
def standing(
    directory: Path, identity: Mapping[str, str], alpha: float, checkpoint: Checkpoint = pass_by
) -> Generator[State]:
    """Hold the register in `directory`, which is made, with a new register of rate `alpha`, if there is none.

    Raises `LedgerError` if another process holds it, or the file is no register or one of another version, and
    `SketchMismatch` if it was begun under other keys. A register that exists keeps its own rate; `look` compares.
    """
    path = directory / FILE
    with full_disk_is_storage_full(directory):
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    lock = WriterLock(directory)
    if not lock.try_acquire():
        raise LedgerError(f"the state in {directory} is in use by another run", "Wait until that run has ended")
    try:
        if not path.exists():
            _begin(path, identity, alpha, checkpoint)
        database = Database(path)
        yield State(database, _read(database, identity), checkpoint)
    finally:
        lock.release()


def _begin(path: Path, identity: Mapping[str, str], alpha: float, checkpoint: Checkpoint) -> None:
    """A register is made beside its place and renamed, so that a crash leaves none or a whole one."""
    register = Register(alpha)
    partial = path.with_name(f".{path.name}.partial")
    with full_disk_is_storage_full(path):
        database = Database.create(partial, _SCHEMA, mode=0o600)
        with database.transaction() as db:
            _put_facts(db, register)
            for name, value in (("version", STATE_VERSION), ("identity", dict(identity))):
                _put_fact(db, name, value)
        checkpoint("register made")
        partial.replace(path)
        sync_directory(path.parent)


def _read(database: Database, identity: Mapping[str, str]) -> Register:
    try:
        facts = dict(database.rows("SELECT name, value FROM facts"))
        version = msgspec.json.decode(facts["version"], type=int)
        if version != STATE_VERSION:
            raise LedgerError(
                f"the state {database.path} is of version {version} and this program reads version {STATE_VERSION}",
                "Use the version of Stillwatch that made it, or begin another state directory",
            )
        if msgspec.json.decode(facts["identity"], type=dict[str, str]) != dict(identity):
            raise SketchMismatch(
                f"the state {database.path} was begun under another secret",
                "Give the secret it was begun with, or begin another state directory",
            )
        register = Register(
            msgspec.json.decode(facts["alpha"], type=float),
            msgspec.json.decode(facts["looks"], type=int),
            msgspec.json.decode(facts["day"], type=int),
            msgspec.json.decode(facts["hypotheses"], type=int),
        )
        return replace(
            register,
            campaigns=_bodies(database, "SELECT id, body FROM campaigns", Known),
            alarms=_bodies(database, "SELECT stratum, body FROM alarms", Alarm),
            last=msgspec.json.decode(facts["last"], type=Last | None),
        )
    except (sqlite3.Error, KeyError, msgspec.MsgspecError) as error:
        raise LedgerError(
            f"the state {database.path} cannot be read ({type(error).__name__})",
            "Restore it from a copy, or begin another state directory: ids and decisions start anew there",
        ) from error


def _bodies(database: Database, query: str, kind: Any) -> dict[str, Any]:
    return {name: msgspec.json.decode(body, type=kind) for name, body in database.rows(query)}


def _put_facts(db: sqlite3.Connection, register: Register) -> None:
    for name in ("alpha", "looks", "day", "hypotheses", "last"):
        _put_fact(db, name, getattr(register, name))


def _put_fact(db: sqlite3.Connection, name: str, value: object) -> None:
    db.execute("INSERT OR REPLACE INTO facts VALUES (?, ?)", (name, msgspec.json.encode(value).decode()))


def _put(db: sqlite3.Connection, table: str, now: Mapping[str, object], before: Mapping[str, object]) -> None:
    """Write the rows that have changed."""
    changed = [(name, msgspec.json.encode(body)) for name, body in now.items() if before.get(name) != body]
    db.executemany(f"INSERT OR REPLACE INTO {table} VALUES (?, ?)", changed)  # noqa: S608 - one of two names above
