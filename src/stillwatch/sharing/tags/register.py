"""What a key service remembers: who may ask, and how often each did. No element of any batch.

One SQLite file. A batch is counted in the transaction that checks the quota, before it is evaluated: two workers, or
two requests at once, cannot both take the last one. The log is every member's to read, so each can see how much the
others ask; it holds times, counts and pseudonyms.
"""

from __future__ import annotations

import hashlib
import secrets
import sqlite3
from dataclasses import dataclass
from pathlib import Path

from stillwatch.errors import InputError, StillwatchError, UsageError
from stillwatch.ledger.database import Database
from stillwatch.sharing.tags.epochs import DAY_SECONDS, LONGEST_DAYS

FILE = "service.sqlite"
_KEPT_DAYS = LONGEST_DAYS
"""Of the log: as long as the longest epoch."""
_TOKEN_BYTES = 32
_PAGE = 1_000
_SCHEMA = """
CREATE TABLE members (name TEXT PRIMARY KEY, token TEXT NOT NULL UNIQUE) WITHOUT ROWID;
CREATE TABLE batches (id INTEGER PRIMARY KEY AUTOINCREMENT, at_s INTEGER NOT NULL, member TEXT NOT NULL,
  epoch INTEGER NOT NULL, points INTEGER NOT NULL, fruitless INTEGER NOT NULL);
CREATE INDEX of_a_day ON batches (member, at_s);
"""


class QuotaSpent(StillwatchError):
    """A member has asked as often as anybody may in a day; `retry_after_s` until the next."""

    def __init__(self, daily_batches: int, retry_after_s: int) -> None:
        super().__init__(f"all {daily_batches} batches of this day are spent", "The next day begins at 00:00 UTC")
        self.retry_after_s = retry_after_s


@dataclass(frozen=True, slots=True)
class Asked:
    """A line of the log."""

    id: int
    at_s: int
    member: str
    epoch: int
    points: int
    fruitless: bool


class Register:
    """The service's file. Methods may be called from any thread and process."""

    def __init__(self, database: Database) -> None:
        self._database = database

    @classmethod
    def create(cls, path: Path) -> Register:
        """Make the file, readable by its owner alone. Raises `UsageError` where there is one."""
        if path.exists():
            raise UsageError(f"there already is a key service at {path.parent}", "Use it, or name another directory")
        return cls(Database.create(path, _SCHEMA, mode=0o600))

    @classmethod
    def open(cls, path: Path) -> Register:
        """Raises `InputError` where there is none."""
        if not path.is_file():
            raise InputError(f"there is no key service at {path.parent}", "Make one with `stillwatch tags init`")
        return cls(Database(path))

    def admit(self, name: str) -> str:
        """A new member's token, or a member's new one; the old one is void at once. It is kept as a digest only."""
        if not name or len(name) > 64 or not name.isprintable():
            raise UsageError("a member's name has 1 to 64 printable characters", "Use a pseudonym, as member-07")
        token = secrets.token_urlsafe(_TOKEN_BYTES)
        with self._database.transaction() as db:
            db.execute("INSERT OR REPLACE INTO members VALUES (?, ?)", (name, _digest(token)))
        return token

    def remove(self, name: str) -> None:
        """A member no longer; its next request is refused. Raises `UsageError` for a stranger."""
        with self._database.transaction() as db:
            if db.execute("DELETE FROM members WHERE name = ?", (name,)).rowcount == 0:
                raise UsageError(f"{name!r} is no member", "See `stillwatch tags members`")

    def members(self) -> list[str]:
        return [name for (name,) in self._database.rows("SELECT name FROM members ORDER BY name")]

    def member_of(self, token: str) -> str | None:
        """Whose token this is."""
        for (name,) in self._database.rows("SELECT name FROM members WHERE token = ?", _digest(token)):
            return str(name)
        return None

    def take(self, member: str, epoch: int, points: int, fruitless: bool, now_s: int, daily_batches: int) -> None:
        """Count one batch of this day. Raises `QuotaSpent` where the day's are spent, and counts nothing then."""
        day_s = now_s - now_s % DAY_SECONDS
        with self._database.transaction() as db:
            if _asked(db, member, day_s) >= daily_batches:
                raise QuotaSpent(daily_batches, day_s + DAY_SECONDS - now_s)
            db.execute(
                "INSERT INTO batches (at_s, member, epoch, points, fruitless) VALUES (?, ?, ?, ?, ?)",
                (now_s, member, epoch, points, fruitless),
            )
            db.execute("DELETE FROM batches WHERE at_s < ?", (now_s - _KEPT_DAYS * DAY_SECONDS,))

    def log(self, after: int = 0) -> list[Asked]:
        """The next 1,000 lines behind `after`, oldest first."""
        rows = self._database.rows(
            "SELECT id, at_s, member, epoch, points, fruitless FROM batches WHERE id > ? ORDER BY id LIMIT ?",
            after,
            _PAGE,
        )
        return [Asked(number, at_s, name, epoch, points, bool(bit)) for number, at_s, name, epoch, points, bit in rows]


def _asked(db: sqlite3.Connection, member: str, since_s: int) -> int:
    found = db.execute("SELECT count(*) FROM batches WHERE member = ? AND at_s >= ?", (member, since_s)).fetchone()
    return int(found[0])


def _digest(token: str) -> str:
    """A token has 256 random bits, so no slow hash is needed."""
    return hashlib.sha256(token.encode()).hexdigest()
