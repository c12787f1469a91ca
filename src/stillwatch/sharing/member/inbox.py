"""What the alliance published, as this member keeps it: the newest version of each object, and where to go on.

One SQLite file (mode 600). What has ended is deleted at the next pull, as the agreement asks. A page of the hub and the
place where it ended become durable together, so a pull that is killed goes on where it was and misses nothing. Beside
the objects stand the standings that the hub told at the last pull, so that a hunt asks nobody.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Generator, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from stillwatch.sharing.member.hub_client import StandingTold

_SCHEMA = """
CREATE TABLE IF NOT EXISTS objects (
    id TEXT PRIMARY KEY, type TEXT NOT NULL, version_us INTEGER NOT NULL, digest TEXT NOT NULL,
    until_us INTEGER, is_revoked INTEGER NOT NULL, body BLOB NOT NULL
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS owed (digest TEXT PRIMARY KEY) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS matches (id TEXT NOT NULL, own TEXT NOT NULL, PRIMARY KEY (id, own)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS standings (
    id TEXT PRIMARY KEY, score INTEGER NOT NULL, contributors INTEGER NOT NULL, disputes INTEGER NOT NULL,
    is_suspended INTEGER NOT NULL
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS facts (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS heads (number INTEGER NOT NULL, body BLOB NOT NULL, PRIMARY KEY (number, body));
"""
_BUSY_SECONDS = 60.0
_TOLD_AT = "standings told"


@dataclass(frozen=True, slots=True)
class Received:
    """One version of an object. `digest`: SHA-256 of its stored bytes; `until_us`: when it has to be deleted."""

    id: str
    type: str
    version_us: int
    digest: str
    until_us: int | None
    is_revoked: bool
    body: bytes


class Inbox:
    """The file, made if there is none. One process at a time writes."""

    def __init__(self, file: Path) -> None:
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        file.touch(mode=0o600)
        self._db = sqlite3.connect(file, timeout=_BUSY_SECONDS)
        self._db.execute("PRAGMA journal_mode=WAL")
        self._db.execute("PRAGMA secure_delete=ON")
        self._db.executescript(_SCHEMA)

    def close(self) -> None:
        """Close the file."""
        self._db.close()

    @contextmanager
    def together(self) -> Generator[None]:
        """What is changed inside becomes durable together, or not at all; another process waits until it is."""
        with self._db:
            self._db.execute("BEGIN IMMEDIATE")
            yield

    def take(self, one: Received) -> bool:
        """Keep a version if it is newer than what is here; whether it was. A withdrawal is owed an acknowledgement."""
        known = self._db.execute("SELECT version_us FROM objects WHERE id = ?", (one.id,)).fetchone()
        if known is not None and known[0] >= one.version_us:
            return False
        row = (one.id, one.type, one.version_us, one.digest, one.until_us, one.is_revoked, one.body)
        self._db.execute("INSERT OR REPLACE INTO objects VALUES (?, ?, ?, ?, ?, ?, ?)", row)
        if one.is_revoked:
            self._db.execute("INSERT OR IGNORE INTO owed VALUES (?)", (one.digest,))
        return True

    def objects(self, *types: str) -> Iterator[Received]:
        """What stands: not withdrawn, of these types (all without)."""
        yield from (one for one in self.everything() if not one.is_revoked and (not types or one.type in types))

    def everything(self) -> Iterator[Received]:
        """The newest version of each object, withdrawn ones too, by id."""
        yield from map(_received, self._db.execute("SELECT * FROM objects ORDER BY id"))

    def object(self, id: str) -> Received | None:
        """The newest version of an object, also a withdrawn one."""
        row = self._db.execute("SELECT * FROM objects WHERE id = ?", (id,)).fetchone()
        return None if row is None else _received(row)

    def purge(self, now_us: int) -> int:
        """Delete what has ended; how many objects that were."""
        with self._db:
            ended = "SELECT id FROM objects WHERE until_us <= ?"
            self._db.execute(f"DELETE FROM matches WHERE id IN ({ended})", (now_us,))  # noqa: S608 - our own text
            return self._db.execute("DELETE FROM objects WHERE until_us <= ?", (now_us,)).rowcount

    def owed(self) -> list[str]:
        """Digests of withdrawals that were not acknowledged yet."""
        return [row[0] for row in self._db.execute("SELECT digest FROM owed ORDER BY digest")]

    def acknowledged(self, digest: str) -> None:
        """The hub has our acknowledgement."""
        with self._db:
            self._db.execute("DELETE FROM owed WHERE digest = ?", (digest,))

    def match(self, id: str, own: Iterable[str]) -> list[str]:
        """Keep that an object matches these of our own; which of them are new."""
        with self._db:
            return [
                name
                for name in own
                if self._db.execute("INSERT OR IGNORE INTO matches VALUES (?, ?)", (id, name)).rowcount
            ]

    def matches(self) -> list[tuple[str, str]]:
        """Object and what of our own it matches."""
        return self._db.execute("SELECT id, own FROM matches ORDER BY id, own").fetchall()

    def keep_standings(self, told: Mapping[str, StandingTold], now_us: int) -> None:
        """Keep what the hub says of each claim now, instead of what it said before."""
        rows = [(id, one.score, one.contributors, one.disputes, one.suspended) for id, one in told.items()]
        with self._db:
            self._db.execute("DELETE FROM standings")
            self._db.executemany("INSERT INTO standings VALUES (?, ?, ?, ?, ?)", rows)
            self.remember(_TOLD_AT, str(now_us))

    def standings(self) -> tuple[dict[str, StandingTold], int]:
        """What the hub said of each claim at the last pull, and when, in microseconds; 0: never."""
        rows = self._db.execute("SELECT * FROM standings").fetchall()
        told = {
            id: StandingTold(score, members, disputes, bool(stopped)) for id, score, members, disputes, stopped in rows
        }
        return told, int(self.fact(_TOLD_AT) or 0)

    def fact(self, name: str) -> str:
        """A remembered word, empty if there is none."""
        row = self._db.execute("SELECT value FROM facts WHERE name = ?", (name,)).fetchone()
        return row[0] if row else ""

    def remember(self, name: str, value: str) -> None:
        """Keep a word."""
        self._db.execute("INSERT OR REPLACE INTO facts VALUES (?, ?)", (name, value))

    def keep_head(self, number: int, body: bytes) -> None:
        """Keep a signed head of the hub's record for good."""
        with self._db:
            self._db.execute("INSERT OR IGNORE INTO heads VALUES (?, ?)", (number, body))

    def heads(self) -> list[bytes]:
        """All heads that were kept, oldest first."""
        return [row[0] for row in self._db.execute("SELECT body FROM heads ORDER BY number")]


def _received(row: tuple[str, str, int, str, int | None, int, bytes]) -> Received:
    id, kind, version_us, digest, until_us, is_revoked, body = row
    return Received(id, kind, version_us, digest, until_us, bool(is_revoked), body)
