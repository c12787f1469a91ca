"""The reservoir: a few whole exchanges per account, encrypted, for days, each look logged. Off unless opened.

A campaign is found after its texts have passed; what an analyst must read comes from here. At most
`per_account` exchanges are kept: those whose keyed hash is lowest, so re-runs and processes agree on the sample
and nobody without the secret can choose to be in it or not. Retention counts from the time of the exchange: old
logs leave nothing here unless it reaches back to them. It is kept in the file, so that who looks sees what was kept.

Deleting overwrites the blob in the file (SQLite `secure_delete`). Known weaknesses: copies of the file, file
system snapshots and worn flash cells are beyond our reach; and the look-log is kept from being altered by
triggers, which somebody with write access to the file can drop.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from stillwatch.errors import UsageError
from stillwatch.ledger.database import Database
from stillwatch.ledger.durable import full_disk_is_storage_full
from stillwatch.ledger.sampling import Ranking
from stillwatch.ledger.seal import Seal, open_sealed
from stillwatch.pseudonym import Secret

PER_ACCOUNT = 4  # chosen: enough to see a template beside its cover, too little to rebuild anybody's work
RETENTION_DAYS = 14  # chosen: longer than finding a campaign and deciding on it should take
_DAY_US = 86_400_000_000
_SCHEMA = """
CREATE TABLE exemplars (
    account INTEGER NOT NULL, exchange_id INTEGER NOT NULL, rank INTEGER NOT NULL, ts_us INTEGER NOT NULL,
    sealed BLOB NOT NULL, PRIMARY KEY (account, exchange_id));
CREATE INDEX exemplars_by_time ON exemplars (ts_us);
CREATE TABLE retention (days INTEGER NOT NULL);
CREATE TABLE looks (
    number INTEGER PRIMARY KEY AUTOINCREMENT, at_us INTEGER NOT NULL, reader TEXT NOT NULL,
    account INTEGER NOT NULL, reason TEXT NOT NULL, exemplars INTEGER NOT NULL);
CREATE TRIGGER looks_stay BEFORE DELETE ON looks BEGIN SELECT RAISE(ABORT, 'the look-log is append-only'); END;
CREATE TRIGGER looks_stand BEFORE UPDATE ON looks BEGIN SELECT RAISE(ABORT, 'the look-log is append-only'); END;
"""


@dataclass(frozen=True, slots=True)
class Exemplar:
    """One kept exchange, in the clear: `plaintext_json` as `exemplar.exemplar_json` made it."""

    account: int
    exchange_id: int
    ts_us: int
    plaintext_json: bytes


@dataclass(frozen=True, slots=True)
class Look:
    """Who looked at which account's exchanges, when, why, and at how many."""

    at_us: int
    reader: str
    account: int
    reason: str
    exemplars: int


class Reservoir:
    """The reservoir in one SQLite file, readable with the deployment's secret only."""

    def __init__(self, database: Database, secret: Secret, per_account: int, retention_days: int) -> None:
        self._database = database
        self._seal = Seal(secret, "stillwatch/reservoir")
        self._rank = Ranking(secret)
        self.per_account = per_account
        self._retention_us = retention_days * _DAY_US

    @classmethod
    def open(
        cls, path: Path, secret: Secret, *, per_account: int = PER_ACCOUNT, retention_days: int | None = None
    ) -> Reservoir:
        """The reservoir in the file `path`, made (mode 600) if there is none.

        A retention that is given holds from now on; without one the reservoir's own does, `RETENTION_DAYS` at first.
        Raises `SketchMismatch` if it was filled under another secret.
        """
        database = open_sealed(path, _SCHEMA, secret)
        if retention_days is None:
            stored = database.rows("SELECT days FROM retention")
            return cls(database, secret, per_account, stored[0][0] if stored else RETENTION_DAYS)
        with full_disk_is_storage_full(path), database.transaction() as db:
            db.execute("DELETE FROM retention")
            db.execute("INSERT INTO retention VALUES (?)", (retention_days,))
        return cls(database, secret, per_account, retention_days)

    def offer(self, account: int, exchange_id: int, ts_us: int, plaintext_json: bytes) -> None:
        """Keep this exchange if it is among the account's lowest ranks. Idempotent."""
        self.offer_all([Exemplar(account, exchange_id, ts_us, plaintext_json)])

    def offer_all(self, exemplars: Iterable[Exemplar]) -> None:
        """Offer many in one transaction; durable when this returns."""
        with full_disk_is_storage_full(self._database.path), self._database.transaction() as db:
            touched = set()
            for e in exemplars:
                sealed = self._seal.close(e.plaintext_json, _context(e.account, e.exchange_id, e.ts_us))
                db.execute(
                    "INSERT OR REPLACE INTO exemplars VALUES (?, ?, ?, ?, ?)",
                    (e.account, e.exchange_id, self._rank(e.exchange_id), e.ts_us, sealed),
                )
                touched.add(e.account)
            db.executemany(
                "DELETE FROM exemplars WHERE account = ? AND exchange_id NOT IN "
                "(SELECT exchange_id FROM exemplars WHERE account = ? ORDER BY rank, exchange_id LIMIT ?)",
                [(account, account, self.per_account) for account in touched],
            )

    def look(self, account: int, *, reader: str, reason: str, now_us: int) -> list[Exemplar]:
        """The kept exchanges of an account, oldest first. The look is logged durably before anything is opened.

        What is past its retention is not shown, purged or not. Raises `UsageError` without a reader or a reason.
        """
        if not reader.strip() or not reason.strip():
            raise UsageError("nobody looks at exchanges without a name and a reason", "Give both; they are logged")
        with full_disk_is_storage_full(self._database.path), self._database.transaction() as db:
            rows = db.execute(
                "SELECT exchange_id, ts_us, sealed FROM exemplars WHERE account = ? AND ts_us >= ? ORDER BY ts_us",
                (account, now_us - self._retention_us),
            ).fetchall()
            db.execute(
                "INSERT INTO looks (at_us, reader, account, reason, exemplars) VALUES (?, ?, ?, ?, ?)",
                (now_us, reader, account, reason, len(rows)),
            )
        return [
            Exemplar(account, exchange_id, ts_us, self._seal.open(sealed, _context(account, exchange_id, ts_us)))
            for exchange_id, ts_us, sealed in rows
        ]

    def looks(self) -> list[Look]:
        """Every look there ever was, oldest first."""
        rows = self._database.rows("SELECT at_us, reader, account, reason, exemplars FROM looks ORDER BY number")
        return [Look(*row) for row in rows]

    def purge(self, now_us: int) -> int:
        """Delete what is past its retention, or more than `per_account` now allows; returns how many."""
        with self._database.transaction() as db:
            old = db.execute("DELETE FROM exemplars WHERE ts_us < ?", (now_us - self._retention_us,)).rowcount
            many = db.execute(
                "DELETE FROM exemplars WHERE rowid IN (SELECT rowid FROM (SELECT rowid, row_number() OVER "
                "(PARTITION BY account ORDER BY rank, exchange_id) AS place FROM exemplars) WHERE place > ?)",
                (self.per_account,),
            ).rowcount
        return old + many


def _context(account: int, exchange_id: int, ts_us: int) -> bytes:
    return b"".join(value.to_bytes(8, "little", signed=True) for value in (account, exchange_id, ts_us))
