"""What an audit will need of marked answers, kept sealed at the engine for some days: prompts, and contexts.

[served]                     # in the engine's file; without it nothing is kept
file = "served.sqlite"
secret = "served.key"        # `stillwatch secret new`; an auditor gets a copy, the gateway none
days = 30

Of an account whose answers carry marks under a key of its own, and of nobody else: the tokens of its prompts, and each
context in which a mark was applied, once. Not the token that followed. Marked (context, token) pairs are green by
making, and a filter of them would find every suspect guilty: what is not kept cannot be mistaken for evidence.

An answer never waits for the disk: a thread of its own writes every few seconds. What cannot be written is counted,
logged and lost, since an answer that does not come is worse. Deleting overwrites (SQLite `secure_delete`); copies of
the file and worn flash cells are beyond our reach.
"""

from __future__ import annotations

import logging
import sqlite3
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated

import msgspec
import numpy as np
from numpy.typing import NDArray

from stillwatch.errors import LedgerError
from stillwatch.ledger.database import Database
from stillwatch.ledger.durable import full_disk_is_storage_full
from stillwatch.ledger.seal import Seal, open_sealed
from stillwatch.pseudonym import Secret
from stillwatch.watermark.contexts import Tokens, Words, last_contexts
from stillwatch.watermark.serving.mark import Mark, with_context

RETENTION_DAYS = 30
"""Chosen: longer than from a harvest to a suspicion, which is what a student's training takes."""
MOST_PROMPTS = 2_000
"""Of an account: as many as an audit asks; the newest stay."""
MOST_PROMPT_TOKENS = 4_096
"""Of one prompt; of a longer one the end is kept, where the question stands."""
WRITE_SECONDS = 5.0
_MOST_WAITING = 1_000_000
"""Contexts and prompts' tokens that wait to be written. Chosen: some 100 MB as Python holds them."""
_MOST_ACCOUNTS = 1_024
_MOST_KNOWN = 200_000
"""Contexts of an account that are remembered as kept; what is forgotten is kept twice, which changes nothing."""
_DAY_US = 86_400_000_000
_PURGE_US = _DAY_US // 24
_SCHEMA = """
CREATE TABLE served (
    number INTEGER PRIMARY KEY, account TEXT NOT NULL, kind TEXT NOT NULL, ts_us INTEGER NOT NULL,
    sealed BLOB NOT NULL);
CREATE INDEX served_by_account ON served (account, kind, ts_us);
CREATE INDEX served_by_time ON served (ts_us);
CREATE TABLE retention (days INTEGER NOT NULL);
"""
_CONTEXTS, _PROMPT = "contexts", "prompt"
_log = logging.getLogger(__name__)


class ServedSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The table [served]."""

    file: str
    secret: str
    days: Annotated[int, msgspec.Meta(ge=1, le=365)] = RETENTION_DAYS


@dataclass(frozen=True, slots=True)
class ServedTo:
    """What is kept of one account: prompts, the oldest first, and contexts in ascending order."""

    prompts: list[Tokens]
    contexts: Words


class ServedStore:
    """The file. Readable with its secret only, from any process."""

    def __init__(self, database: Database, secret: Secret, days: int) -> None:
        self._database, self._seal, self.days = database, Seal(secret, "stillwatch/served"), days

    @classmethod
    def open(cls, file: Path, secret: Secret, days: int | None = None) -> ServedStore:
        """The store in `file`, made (mode 600) if there is none and `days` says how long things stay.

        Raises `LedgerError` where there is none to read or the file is another, `SketchMismatch` for another secret.
        """
        if days is None and not file.exists():
            raise LedgerError(f"there is no {file}", "Name the file of the engine's [served]")
        try:
            database = open_sealed(file, _SCHEMA, secret)
        except sqlite3.DatabaseError as error:
            raise LedgerError(f"{file} does not hold what was served: {error}", "Name the engine's [served]") from None
        if days is None:
            stored = database.rows("SELECT days FROM retention")
            return cls(database, secret, stored[0][0] if stored else RETENTION_DAYS)
        with full_disk_is_storage_full(file), database.transaction() as db:
            db.execute("DELETE FROM retention")
            db.execute("INSERT INTO retention VALUES (?)", (days,))
        return cls(database, secret, days)

    def add(self, account: str, contexts: Words, prompts: Sequence[Tokens], now_us: int) -> None:
        """Keep these, in one transaction. Raises `StorageFull`."""
        rows = [(_CONTEXTS, contexts.astype("<u8").tobytes())] if len(contexts) else []
        rows += [(_PROMPT, prompt[-MOST_PROMPT_TOKENS:].astype("<u4").tobytes()) for prompt in prompts]
        with full_disk_is_storage_full(self._database.path), self._database.transaction() as db:
            db.executemany(
                "INSERT INTO served (account, kind, ts_us, sealed) VALUES (?, ?, ?, ?)",
                [(account, kind, now_us, self._seal.close(text, _bound(account, kind, now_us))) for kind, text in rows],
            )
            db.execute(
                "DELETE FROM served WHERE account = ? AND kind = ? AND number NOT IN (SELECT number FROM served "
                "WHERE account = ? AND kind = ? ORDER BY number DESC LIMIT ?)",
                (account, _PROMPT, account, _PROMPT, MOST_PROMPTS),
            )

    def accounts(self, now_us: int) -> list[str]:
        """Of whom something is kept."""
        since = now_us - self.days * _DAY_US
        rows = self._database.rows("SELECT DISTINCT account FROM served WHERE ts_us >= ? ORDER BY account", since)
        return [row[0] for row in rows]

    def of(self, account: str, now_us: int) -> ServedTo:
        """What is kept of an account and not past its retention, purged or not."""
        rows = self._database.rows(
            "SELECT kind, ts_us, sealed FROM served WHERE account = ? AND ts_us >= ? ORDER BY number",
            account,
            now_us - self.days * _DAY_US,
        )
        opened = [(kind, self._seal.open(sealed, _bound(account, kind, ts_us))) for kind, ts_us, sealed in rows]
        contexts = [np.frombuffer(text, "<u8") for kind, text in opened if kind == _CONTEXTS]
        return ServedTo(
            [np.frombuffer(text, "<u4").astype(np.int64) for kind, text in opened if kind == _PROMPT],
            np.unique(np.concatenate(contexts)).astype(np.uint64) if contexts else np.empty(0, np.uint64),
        )

    def purge(self, now_us: int) -> int:
        """Delete what is past its retention; returns how many entries."""
        with self._database.transaction() as db:
            return db.execute("DELETE FROM served WHERE ts_us < ?", (now_us - self.days * _DAY_US,)).rowcount


@dataclass(slots=True)
class _Waiting:
    """Of one account: what is not yet written, and what is known to be."""

    contexts: set[int] = field(default_factory=set)
    prompts: list[Tokens] = field(default_factory=list)
    known: set[int] = field(default_factory=set)


class ServedLog:
    """What an engine's adapters append to. May be called from any thread; nothing of it waits for the disk.

    `now_us`: microseconds since 1970. `lost`: contexts and prompts that were not kept.
    """

    def __init__(self, store: ServedStore, now_us: Callable[[], int] = lambda: time.time_ns() // 1_000) -> None:
        self._store, self._now_us = store, now_us
        self._accounts: OrderedDict[str, _Waiting] = OrderedDict()
        self._held = 0
        self._lock = threading.Lock()
        self._stop = threading.Event()
        self._writer: threading.Thread | None = None
        self._purged_us = 0
        self.lost = 0

    def asked(self, mark: Mark | None, prompt: Sequence[int]) -> None:
        """An answer to this prompt begins."""
        if mark is None or mark.account is None:
            return
        kept = np.asarray(prompt[-MOST_PROMPT_TOKENS:], np.int64)
        with self._lock:
            if self._has_room(len(kept)):
                self._of(mark.account.account).prompts.append(kept)

    def saw(self, marks: Sequence[Mark | None], tails: NDArray[np.int64]) -> None:
        """The next token of each row is marked so; `tails`: (rows, 2), the last two tokens of each."""
        for row, mark in enumerate(marks):
            if mark is None or mark.account is None or not len(with_context(tails[[row]], _ROW, mark.window)):
                continue
            context = int(last_contexts(tails[[row], -mark.window :], mark.window)[0])
            with self._lock:
                waiting = self._of(mark.account.account)
                if context not in waiting.known and self._has_room(1):
                    waiting.known.add(context)
                    waiting.contexts.add(context)

    def flush(self) -> None:
        """Write what waits, and delete what is past its retention. A fault is logged, and what it concerned is lost."""
        with self._lock:
            full = [(name, one) for name, one in self._accounts.items() if one.contexts or one.prompts]
            taken = [(name, one.contexts, one.prompts) for name, one in full]
            for one in self._accounts.values():
                one.contexts, one.prompts = set(), []
                if len(one.known) > _MOST_KNOWN:
                    one.known.clear()
            self._held = 0
        now_us = self._now_us()
        for name, contexts, prompts in taken:
            try:
                self._store.add(name, np.array(sorted(contexts), np.uint64), prompts, now_us)
            except (LedgerError, sqlite3.Error, OSError) as error:
                self.lost += len(contexts) + len(prompts)
                _log.error("What was served is not kept: %s", error)
        self._purge(now_us)

    def _purge(self, now_us: int) -> None:
        if now_us - self._purged_us < _PURGE_US:
            return
        try:
            self._store.purge(now_us)
            self._purged_us = now_us
        except sqlite3.Error as error:
            _log.error("What is past its retention is not deleted: %s", error)

    def close(self) -> None:
        """Write what waits and end the thread."""
        self._stop.set()
        if self._writer is not None:
            self._writer.join()
        self.flush()

    def _of(self, account: str) -> _Waiting:
        if self._writer is None:
            self._writer = threading.Thread(target=self._write, name="stillwatch-served", daemon=True)
            self._writer.start()
        if account not in self._accounts and len(self._accounts) >= _MOST_ACCOUNTS:
            for name, one in self._accounts.items():
                if not one.contexts and not one.prompts:
                    del self._accounts[name]
                    break
        return self._accounts.setdefault(account, _Waiting())

    def _has_room(self, size: int) -> bool:
        if self._held + size > _MOST_WAITING:
            self.lost += 1
            return False
        self._held += size
        return True

    def _write(self) -> None:
        while not self._stop.wait(WRITE_SECONDS):
            self.flush()


_ROW = np.zeros(1, np.int64)


def _bound(account: str, kind: str, ts_us: int) -> bytes:
    return msgspec.json.encode((account, kind, ts_us))
