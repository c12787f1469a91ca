"""The files that a door is told by: a policy, keys, a journal, and a TOML that names them."""

from __future__ import annotations

import hashlib
import json
import time
from pathlib import Path

from stillwatch.decision.docket import Docket
from stillwatch.decision.journal import Journal
from stillwatch.decision.verdict import Step, Verdict

KEY = "sk-honest"


def door_file(folder: Path, policy: str = "", more: str = "") -> Path:
    """A door's TOML in `folder`, for one account named honest."""
    (folder / "policy.toml").write_text(policy)
    holder = {"sha256": hashlib.sha256(KEY.encode()).hexdigest(), "account": "honest", "organization": "org"}
    (folder / "keys.jsonl").write_text(json.dumps(holder) + "\n")
    file = folder / "door.toml"
    file.write_text(f'policy = "policy.toml"\nkeys = "keys.jsonl"\njournal = "journal.jsonl"\n{more}\n')
    return file


def limit(measure: str, quantity: int, window: str = "1h") -> str:
    """A limit for every account, as a policy says it."""
    return f'[[limit]]\nlevel = "account"\nmeasure = "{measure}"\nquantity = {quantity}\nwindow = "{window}"\n'


def give(folder: Path, step: Step, id: str = "V-1") -> None:
    """Put a verdict about the account into the journal."""
    now_us = time.time_ns() // 1_000
    verdict = Verdict(id, step, ("honest",), ("a reason",), "test", now_us, now_us + 3_600_000_000)
    Docket(Journal(folder / "journal.jsonl")).give(verdict)


def lift(folder: Path, id: str = "V-1") -> None:
    """Lift a verdict again."""
    Docket(Journal(folder / "journal.jsonl")).lift(id, "a mistake", "test", time.time_ns() // 1_000)
