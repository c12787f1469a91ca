"""What the alliance keeps; implements `sharing.alliance.store.AllianceStore`.

With SQLite it is in a file of its own, because it holds names of signers, which who reads the objects need not;
`published` looks into the hub's own tables.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import asdict

import msgspec

from stillwatch.errors import UsageError
from stillwatch.sharing.alliance.acknowledgement import Acknowledgement
from stillwatch.sharing.alliance.admission import EXTRACTION
from stillwatch.sharing.alliance.store import Published
from stillwatch.sharing.governance.approval import Approval, Signer
from stillwatch.storage.hub.database import Database

_KEY_BYTES = 32


class AllianceTables:
    """The alliance's own tables in one database, and the hub's, which may be the same."""

    def __init__(self, own: Database, hub: Database) -> None:
        self.database = own
        self._hub = hub

    def put_signer(self, member: str, signer: Signer) -> None:
        """Register a signer. Raises `UsageError` where the name is taken by another key: keys are never exchanged."""
        if len(signer.public_key) != _KEY_BYTES:
            raise UsageError(f"the public key of {signer.name} is not one of {_KEY_BYTES} bytes", "Give it as hex")
        with self.database.transaction() as db:
            known = db.execute(
                "SELECT public_key FROM signers WHERE member = ? AND name = ?", (member, signer.name)
            ).fetchone()
            if known is not None and known[0] != signer.public_key:
                raise UsageError(f"{signer.name} of {member} has another key already", "Register a new name")
            db.execute(
                "INSERT INTO signers (member, name, role, public_key) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING",
                (member, signer.name, signer.role, signer.public_key),
            )

    def strike_off(self, member: str, name: str) -> None:
        """End a signer's rights; what it signed before stands. Raises `UsageError` if there is none."""
        with self.database.transaction() as db:
            done = db.execute("UPDATE signers SET is_struck_off = 1 WHERE member = ? AND name = ?", (member, name))
            if not done.rowcount:
                raise UsageError(f"{member} has no signer {name}", "See: stillwatch hub signer list")

    def all_signers(self) -> list[tuple[str, Signer, bool]]:
        """Member, signer, and whether it was struck off."""
        query = "SELECT member, name, role, public_key, is_struck_off FROM signers ORDER BY member, name"
        return [(member, Signer(*of), bool(struck)) for member, *of, struck in self.database.rows(query)]

    def signers(self, member: str) -> Mapping[str, Signer]:
        """A member's signers, by name; without those that were struck off."""
        query = "SELECT name, role, public_key FROM signers WHERE member = ? AND is_struck_off = 0"
        return {row[0]: Signer(*row) for row in self.database.rows(query, member)}

    def put_approval(self, member: str, approval: Approval) -> bool:
        """Keep an approval for good; False if it was there."""
        with self.database.transaction() as db:
            added = db.execute(
                "INSERT INTO approvals (member, signature, body) VALUES (?, ?, ?) "
                "ON CONFLICT DO NOTHING RETURNING number",
                (member, approval.signature, msgspec.json.encode(approval)),
            ).fetchone()
            if added is not None:
                rows = [(digest, added[0]) for digest in set(approval.digests)]
                db.executemany("INSERT INTO approved VALUES (?, ?)", rows)
        return added is not None

    def approvals(self, member: str, digest: str) -> Sequence[Approval]:
        """A member's approvals of the object with this digest."""
        query = (
            "SELECT body FROM approved JOIN approvals ON approval = number WHERE digest = ? AND member = ? "
            "ORDER BY number"
        )
        return [msgspec.json.decode(row[0], type=Approval) for row in self.database.rows(query, digest, member)]

    def put_acknowledgement(self, acknowledgement: Acknowledgement) -> bool:
        """Keep it; False if the member had acknowledged this version before."""
        said = asdict(acknowledgement)
        row = (said["digest"], said["member"], said["ts_us"], msgspec.json.encode(acknowledgement))
        put = "INSERT INTO acknowledgements VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING"
        return bool(self.database.change([(put, row)]))

    def acknowledgements(self, digest: str) -> Sequence[Acknowledgement]:
        """Who acknowledged the version with this digest, oldest first."""
        query = "SELECT body FROM acknowledgements WHERE digest = ? ORDER BY ts_us, member"
        return [msgspec.json.decode(row[0], type=Acknowledgement) for row in self.database.rows(query, digest)]

    def published(self, collection: str, after_us: int, limit: int) -> Sequence[Published]:
        """What was added to a collection after a time, in order of date added, whoever may see it."""
        query = (
            "SELECT o.date_added_us, v.contributor, o.body FROM objects o "
            "JOIN collections c ON c.number = o.collection JOIN visibilities v ON v.number = o.visibility "
            "WHERE c.id = ? AND o.date_added_us > ? ORDER BY o.date_added_us LIMIT ?"
        )
        return [
            Published(added_us, hashlib.sha256(body).hexdigest(), contributor, bytes(body))
            for added_us, contributor, body in self._hub.rows(query, collection, after_us, limit)
        ]

    def newest_us(self, collection: str) -> int:
        """When something was added to a collection last; 0 if nothing was."""
        found = self._hub.rows("SELECT max(last_added_us) FROM collections WHERE id = ?", collection)
        return int(found[0][0] or 0)

    def governed(self) -> Sequence[str]:
        """Ids of the collections under the alliance's rules."""
        query = "SELECT id FROM collections WHERE profile = ? ORDER BY number"
        return [row[0] for row in self._hub.rows(query, EXTRACTION)]
