"""The tables of a hub, and of what an alliance keeps there, in SQLite's words (`postgres` has its own for them).

`objects.newest` marks the row that answers a request without filters for who may see everything: the greatest version
in the newest STIX version of its id. Listing these in order of date added is one walk along `newest_by_date`, however
many objects or old versions there are; `marking` stands in the index so that rows a member may not see are passed over
without being read.

A visibility (level, audience, contributor) is kept once in `visibilities`, and rows name it by number: there are few,
so that which of them a member may see is worked out in Python by the one rule, and the database compares numbers.

`ends_us` is when an object has to be deleted by the rules of its collection, NULL where nothing says so.
"""

from __future__ import annotations

VERSION = 2

SCHEMA = """
CREATE TABLE facts (name TEXT PRIMARY KEY, value BLOB NOT NULL) WITHOUT ROWID;

CREATE TABLE members (
    name TEXT PRIMARY KEY, role TEXT NOT NULL, clearance INTEGER NOT NULL, credential TEXT NOT NULL,
    certificate TEXT NOT NULL, is_revoked INTEGER NOT NULL DEFAULT 0
) WITHOUT ROWID;
CREATE TABLE tokens (
    digest BLOB PRIMARY KEY, member TEXT NOT NULL REFERENCES members(name), roots TEXT, expires_us INTEGER
) WITHOUT ROWID;
CREATE INDEX tokens_of ON tokens(member);

CREATE TABLE roots (
    name TEXT PRIMARY KEY, title TEXT NOT NULL, description TEXT NOT NULL, max_content_length INTEGER NOT NULL,
    is_for_everyone INTEGER NOT NULL
) WITHOUT ROWID;
CREATE TABLE root_members (
    root TEXT NOT NULL REFERENCES roots(name), member TEXT NOT NULL REFERENCES members(name), PRIMARY KEY (root, member)
) WITHOUT ROWID;
CREATE TABLE collections (
    number INTEGER PRIMARY KEY, root TEXT NOT NULL REFERENCES roots(name), id TEXT NOT NULL, alias TEXT NOT NULL,
    title TEXT NOT NULL, description TEXT NOT NULL, media_types TEXT NOT NULL, profile TEXT NOT NULL,
    can_read INTEGER NOT NULL, can_write INTEGER NOT NULL, deletes_own_only INTEGER NOT NULL,
    last_added_us INTEGER NOT NULL DEFAULT 0, UNIQUE (root, id)
);
CREATE TABLE rights (
    collection INTEGER NOT NULL REFERENCES collections(number), member TEXT NOT NULL REFERENCES members(name),
    can_read INTEGER NOT NULL, can_write INTEGER NOT NULL, PRIMARY KEY (collection, member)
) WITHOUT ROWID;

CREATE TABLE visibilities (
    number INTEGER PRIMARY KEY, level INTEGER NOT NULL, audience TEXT, contributor TEXT NOT NULL,
    is_understood INTEGER NOT NULL, key TEXT NOT NULL UNIQUE
);
CREATE TABLE objects (
    row INTEGER PRIMARY KEY, collection INTEGER NOT NULL REFERENCES collections(number), date_added_us INTEGER NOT NULL,
    id TEXT NOT NULL, type TEXT NOT NULL, spec INTEGER NOT NULL, version TEXT NOT NULL, version_us INTEGER NOT NULL,
    newest INTEGER NOT NULL, visibility INTEGER NOT NULL REFERENCES visibilities(number), ends_us INTEGER,
    body BLOB NOT NULL
);
CREATE UNIQUE INDEX by_id ON objects(collection, id, spec, version_us);
CREATE INDEX by_date ON objects(collection, date_added_us, row, visibility);
CREATE INDEX newest_by_date ON objects(collection, date_added_us, row, visibility) WHERE newest = 1;
CREATE INDEX by_type ON objects(collection, type, date_added_us);
CREATE INDEX by_end ON objects(ends_us) WHERE ends_us IS NOT NULL;
CREATE TABLE present (
    collection INTEGER NOT NULL REFERENCES collections(number), spec INTEGER NOT NULL, visibility INTEGER NOT NULL,
    PRIMARY KEY (collection, spec, visibility)
) WITHOUT ROWID;
CREATE TABLE held (
    number INTEGER PRIMARY KEY, collection INTEGER NOT NULL REFERENCES collections(number), status TEXT NOT NULL,
    id TEXT NOT NULL, type TEXT NOT NULL, spec INTEGER NOT NULL, version TEXT NOT NULL, version_us INTEGER,
    visibility INTEGER NOT NULL REFERENCES visibilities(number), reason TEXT NOT NULL, ends_us INTEGER,
    body BLOB NOT NULL
);

CREATE TABLE definitions (
    root TEXT NOT NULL REFERENCES roots(name), id TEXT NOT NULL, contributor TEXT NOT NULL, level INTEGER,
    audience TEXT, body BLOB NOT NULL, PRIMARY KEY (root, id, contributor)
) WITHOUT ROWID;
CREATE TABLE statuses (
    root TEXT NOT NULL, id TEXT NOT NULL, member TEXT NOT NULL, kept_us INTEGER NOT NULL, body BLOB NOT NULL,
    PRIMARY KEY (root, id)
) WITHOUT ROWID;
CREATE INDEX statuses_by_age ON statuses(kept_us);
"""

ALLIANCE_VERSION = 1

ALLIANCE = """
CREATE TABLE signers (
    member TEXT NOT NULL, name TEXT NOT NULL, role TEXT NOT NULL, public_key BLOB NOT NULL,
    is_struck_off INTEGER NOT NULL DEFAULT 0, PRIMARY KEY (member, name)
) WITHOUT ROWID;
CREATE TABLE approvals (
    number INTEGER PRIMARY KEY, member TEXT NOT NULL, signature TEXT NOT NULL UNIQUE, body BLOB NOT NULL
);
CREATE TABLE approved (
    digest TEXT NOT NULL, approval INTEGER NOT NULL REFERENCES approvals(number), PRIMARY KEY (digest, approval)
) WITHOUT ROWID;
CREATE TABLE acknowledgements (
    digest TEXT NOT NULL, member TEXT NOT NULL, ts_us INTEGER NOT NULL, body BLOB NOT NULL,
    PRIMARY KEY (digest, member)
) WITHOUT ROWID;
"""
