"""The manifest: what belongs to the ledger. Only what it lists exists; one transaction is one commit."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from stillwatch.ledger.database import Database
from stillwatch.ledger.inputs import Damage, InputProgress, RejectedLine
from stillwatch.ledger.segments import Segment

REJECTIONS_KEPT = 100  # per input: enough to see what is wrong with a log, too little to fill the disk

_SCHEMA = """
CREATE TABLE segments (
    sequence INTEGER PRIMARY KEY AUTOINCREMENT,
    name TEXT NOT NULL UNIQUE, day INTEGER NOT NULL, rows INTEGER NOT NULL, bytes INTEGER NOT NULL,
    digest BLOB NOT NULL, first_us INTEGER NOT NULL, last_us INTEGER NOT NULL, compared INTEGER NOT NULL);
CREATE TABLE inputs (
    fingerprint TEXT PRIMARY KEY, name TEXT NOT NULL, line INTEGER NOT NULL, offset INTEGER NOT NULL,
    accepted INTEGER NOT NULL, rejected INTEGER NOT NULL, done INTEGER NOT NULL);
CREATE TABLE sources (
    segment TEXT NOT NULL, fingerprint TEXT NOT NULL, PRIMARY KEY (segment, fingerprint)) WITHOUT ROWID;
CREATE TABLE rejections (
    fingerprint TEXT NOT NULL, line INTEGER NOT NULL, reason TEXT NOT NULL,
    PRIMARY KEY (fingerprint, line)) WITHOUT ROWID;
CREATE TABLE damage (segment TEXT PRIMARY KEY, day INTEGER NOT NULL, rows INTEGER NOT NULL, reason TEXT NOT NULL);
CREATE TABLE totals (name TEXT PRIMARY KEY, value INTEGER NOT NULL);
INSERT INTO totals VALUES ('duplicates', 0);
"""


class Manifest:
    """The manifest of one ledger, for reading; what changes it goes through `transaction()`."""

    def __init__(self, path: Path) -> None:
        self._database = Database(path)

    @classmethod
    def create(cls, path: Path) -> Manifest:
        """Make an empty manifest; one that a crashed creation left behind is replaced."""
        Database.create(path, _SCHEMA)
        return cls(path)

    @contextmanager
    def transaction(self) -> Iterator[Change]:
        """All changes made inside become durable together at the end, or none of them."""
        with self._database.transaction() as db:
            yield Change(db)

    def segments(self, days: Iterable[int] | None = None) -> list[Segment]:
        """The ledger's segments by day, then in the order of their commits."""
        wanted = None if days is None else frozenset(days)
        rows = self._database.rows(
            "SELECT name, day, rows, bytes, digest, first_us, last_us FROM segments ORDER BY day, sequence"
        )
        return [Segment(*row) for row in rows if wanted is None or row[1] in wanted]

    def contains(self, segment: str) -> bool:
        return bool(self._database.rows("SELECT 1 FROM segments WHERE name = ?", segment))

    def days_to_compare(self) -> list[int]:
        """Days that got a segment since they were last searched for duplicates, and have more than one."""
        rows = self._database.rows(
            "SELECT day FROM segments GROUP BY day HAVING COUNT(*) > 1 AND MIN(compared) = 0 ORDER BY day"
        )
        return [day for (day,) in rows]

    def inputs(self, fingerprint: str | None = None) -> list[InputProgress]:
        """Progress of every input, or of the one named; by name."""
        rows = self._database.rows(
            "SELECT i.*, (SELECT COALESCE(SUM(d.rows), 0) FROM damage d JOIN sources s USING (segment) "
            "             WHERE s.fingerprint = i.fingerprint) "
            "FROM inputs i WHERE ? IS NULL OR fingerprint = ? ORDER BY name, fingerprint",
            fingerprint,
            fingerprint,
        )
        return [
            InputProgress(print_, name, line, offset, accepted, rejected, bool(done), lost)
            for print_, name, line, offset, accepted, rejected, done, lost in rows
        ]

    def rejections(self, fingerprint: str) -> list[RejectedLine]:
        """The first rejected rows of one input, at most `REJECTIONS_KEPT`."""
        rows = self._database.rows(
            "SELECT fingerprint, line, reason FROM rejections WHERE fingerprint = ? ORDER BY line", fingerprint
        )
        return [RejectedLine(*row) for row in rows]

    def damage(self) -> list[Damage]:
        """Segments set aside and not read again since, oldest first."""
        return [
            Damage(*row) for row in self._database.rows("SELECT segment, day, rows, reason FROM damage ORDER BY rowid")
        ]

    def duplicates(self) -> int:
        """Exchanges that came more than once and were dropped, since the ledger was made."""
        return int(self._database.rows("SELECT value FROM totals WHERE name = 'duplicates'")[0][0])


class Change:
    """One transaction on the manifest: what a commit, a compaction or a repair may alter."""

    def __init__(self, db: sqlite3.Connection) -> None:
        self._db = db

    def add_segments(self, segments: Iterable[Segment], inputs: Iterable[str], *, is_compared: bool = False) -> None:
        """List `segments`, made of rows of the inputs with these fingerprints."""
        sources = list(inputs)
        for s in segments:
            self._db.execute(
                "INSERT INTO segments (name, day, rows, bytes, digest, first_us, last_us, compared) "
                "VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                (s.name, s.day, s.rows, s.size_bytes, s.digest, s.first_us, s.last_us, int(is_compared)),
            )
            self._db.executemany("INSERT INTO sources VALUES (?, ?)", [(s.name, source) for source in sources])

    def replace_segments(self, old: Sequence[Segment], new: Iterable[Segment]) -> None:
        """List `new` instead of `old`: the same rows of the same inputs, or fewer, without duplicates."""
        marks = ",".join("?" * len(old))
        names = [s.name for s in old]
        known = f"SELECT DISTINCT fingerprint FROM sources WHERE segment IN ({marks})"  # noqa: S608 - marks are only "?"
        rows = self._db.execute(known, names)
        sources = [fingerprint for (fingerprint,) in rows]
        for name in names:
            self._db.execute("DELETE FROM segments WHERE name = ?", (name,))
            self._db.execute("DELETE FROM sources WHERE segment = ?", (name,))
        self.add_segments(new, sources, is_compared=True)

    def mark_compared(self, day: int) -> None:
        """No two segments of this day hold the same exchange."""
        self._db.execute("UPDATE segments SET compared = 1 WHERE day = ?", (day,))

    def set_aside(self, segment: Segment, reason: str) -> None:
        """List `segment` as damaged; its sources stay known, so that they can be read again."""
        gone = self._db.execute("DELETE FROM segments WHERE name = ?", (segment.name,))
        if gone.rowcount:
            self._db.execute(
                "INSERT INTO damage VALUES (?, ?, ?, ?)", (segment.name, segment.day, segment.rows, reason)
            )

    def put_input(self, progress: InputProgress) -> None:
        p = progress
        self._db.execute(
            "INSERT OR REPLACE INTO inputs VALUES (?, ?, ?, ?, ?, ?, ?)",
            (p.fingerprint, p.name, p.line, p.offset, p.accepted, p.rejected, int(p.is_done)),
        )

    def restart_input(self, fingerprint: str) -> None:
        """Forget that this input was read. Damage that no other input could mend is settled by that."""
        self._db.execute("DELETE FROM inputs WHERE fingerprint = ?", (fingerprint,))
        self._db.execute("DELETE FROM rejections WHERE fingerprint = ?", (fingerprint,))
        self._db.execute(
            "DELETE FROM sources WHERE fingerprint = ? AND segment IN (SELECT segment FROM damage)", (fingerprint,)
        )
        self._db.execute("DELETE FROM damage WHERE segment NOT IN (SELECT segment FROM sources)")

    def add_rejections(self, rejections: Iterable[RejectedLine]) -> None:
        """Keep the first `REJECTIONS_KEPT` of each input."""
        for r in rejections:
            self._db.execute(
                "INSERT OR IGNORE INTO rejections SELECT ?, ?, ? "
                "WHERE (SELECT COUNT(*) FROM rejections WHERE fingerprint = ?) < ?",
                (r.fingerprint, r.line, r.reason, r.fingerprint, REJECTIONS_KEPT),
            )

    def add_duplicates(self, count: int) -> None:
        self._db.execute("UPDATE totals SET value = value + ? WHERE name = 'duplicates'", (count,))
