"""The policies of a deployment, on record: which file was in force from when, and who put it there.

Verdicts say who is treated how, and the policy says what that means; with both in one journal the history of treatment
is complete. An entry holds the file's SHA-256 and its text, so that it can be read when the file has long changed.
"""

from __future__ import annotations

import hashlib
from pathlib import Path

from stillwatch.decision.journal import Entry, Journal
from stillwatch.decision.policy import Policy

ADOPTED = "policy adopted"


class PolicyRecord:
    """The policies of one journal, followed as it grows. `digest` is that of the last, None before the first."""

    def __init__(self, journal: Journal) -> None:
        self._journal = journal
        self._offset = 0
        self.digest: str | None = None

    def follow(self) -> None:
        """Read what was added since."""
        for entry, offset in self._journal.read(self._offset):
            self._offset = offset
            if entry.kind == ADOPTED:
                self.digest = entry.body["sha256"]

    def adopt(self, file: Path, by: str, now_us: int) -> tuple[Policy, Entry | None]:
        """The policy in `file`, on record as put in force by `by`; no entry where it is the last one that was.

        Several processes may do so for one file, and the first of them makes the entry. Raises `UsageError` that names
        what is wrong in the file; then nothing is on record.
        """
        policy, said = Policy.read(file)
        digest = hashlib.sha256(said).hexdigest()
        body = {"file": file.name, "sha256": digest, "text": said.decode("utf-8"), "by": by}
        return policy, self._journal.append_unless(lambda: self._is_last(digest), ADOPTED, body, now_us)

    def _is_last(self, digest: str) -> bool:
        self.follow()
        return self.digest == digest
