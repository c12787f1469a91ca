"""What only PostgreSQL has: a server that goes away and comes back, roles, passwords, schemas of others."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import NoReturn

import pytest

from stillwatch.errors import InputError, UsageError
from stillwatch.sharing.hub.store import StoreBusy
from stillwatch.storage.hub.opening import open_store, store_place
from tests.sharing.hub.serving import serving
from tests.sharing.hub.trying import OBJECTS, indicator, seed
from tests.storage.hub import places
from tests.storage.hub.private_postgres import PrivatePostgres, shared_postgres
from tests.storage.hub.trying import add, entry, listed, prepared

PASSWORD = "correct-horse-battery"  # noqa: S105 - a test's
GUARDED = "local all guarded scram-sha-256\n"


@pytest.fixture
def postgres() -> PrivatePostgres:
    """The server, which a test may stop if it starts it again: stores of others notice nothing."""
    return shared_postgres()


@pytest.mark.parametrize(
    ("url", "said"),
    [
        (f"postgresql://hub:{PASSWORD}@/hub", "holds a password"),
        (f"postgresql:///hub?password={PASSWORD}", "holds a password"),
        (f"postgresql://hub@db.example/hub?sslpassword={PASSWORD}&sslmode=verify-full", "holds a password"),
        ("postgresql://hub@db.example/hub", "on another machine"),
        ("postgresql://hub@db.example/hub?sslmode=require", "on another machine"),
        ("postgresql://hub@localhost,db.example/hub", "on another machine"),
        ("postgresql://hub@/hub?hostaddr=192.0.2.1", "on another machine"),
        ("postgresql:///hub?service=hub", "on another machine"),
        ("postgresql://hub@/hub?colour=blue", "no URL of PostgreSQL"),
        ("postgres://[", "no URL of PostgreSQL"),
    ],
)
def test_a_url_that_tells_a_secret_or_leads_elsewhere_is_refused(url: str, said: str) -> None:
    """With what to do instead, and without what it told."""
    with pytest.raises(UsageError, match=said) as refused:
        store_place(url)
    assert refused.value.remedy
    assert PASSWORD not in str(refused.value)


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://hub@/hub",
        "postgres://127.0.0.1:5433/hub",
        "postgresql://[::1]/hub",
        "postgresql:///hub?host=/run/postgresql",
        "postgresql://hub@one.example,two.example/hub?sslmode=verify-full&sslrootcert=system",
    ],
)
def test_a_url_that_leads_here_or_to_a_known_server_is_taken(url: str) -> None:
    """Several servers too, of which the one that takes posts is used."""
    assert str(store_place(url)).endswith("/hub")


def test_the_environment_does_not_lead_elsewhere(monkeypatch: pytest.MonkeyPatch) -> None:
    """libpq fills in what a URL leaves out."""
    monkeypatch.setenv("PGHOST", "db.example")
    with pytest.raises(UsageError, match="on another machine"):
        store_place("postgresql:///hub")


def test_a_store_that_went_away_is_said_and_comes_back_by_itself(postgres: PrivatePostgres, tmp_path: Path) -> None:
    """A hub as a process: 503 and when to come back; the first request after it is back is answered.

    Its log says why, and nothing of the password that libpq was given.
    """
    url = postgres.url()
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("PGPASSWORD", PASSWORD)
        environment.setattr(places, "named", lambda folder: url)
        with serving(tmp_path, seed()) as hub:
            assert hub.post(OBJECTS, "alice", [indicator(1)]).status_code == 202
            postgres.stop()
            for answer in (hub.get(OBJECTS, "alice"), hub.post(OBJECTS, "alice", [indicator(2)])):
                assert (answer.status_code, answer.headers["Retry-After"]) == (503, "5")
            postgres.start()
            assert hub.post(OBJECTS, "alice", [indicator(2)]).status_code == 202
            assert len(hub.get(OBJECTS, "bob").json()["objects"]) == 2
            told = Path(f"/proc/{hub.process.pid}/cmdline").read_bytes().decode()
    told += (tmp_path / "log").read_text()
    assert "the store does not answer" in told
    assert PASSWORD not in told


def test_connections_that_ended_unused_are_not_used(postgres: PrivatePostgres) -> None:
    """After a restart nobody is told of it."""
    store = open_store(store_place(postgres.url()))
    prepared(store)
    postgres.stop()
    with pytest.raises(StoreBusy, match="does not answer"):
        listed(store)
    postgres.start()
    assert listed(store) == []
    add(store, [entry(1)])
    postgres.execute("SELECT pg_terminate_backend(pid, 60000) FROM pg_stat_activity WHERE pid <> pg_backend_pid()")
    add(store, [entry(2)], "s2")
    assert len(listed(store)) == 2


def test_a_session_that_ends_while_posting_leaves_nothing(postgres: PrivatePostgres) -> None:
    """Killed by an operator in the middle: `StoreBusy`, nothing of it is there, and the next post does not wait."""
    store = open_store(store_place(postgres.url()))
    where = prepared(store)

    def conclude(added: object) -> NoReturn:
        postgres.execute("SELECT pg_terminate_backend(pid, 60000) FROM pg_stat_activity WHERE pid <> pg_backend_pid()")
        store.database.rows("SELECT 1")
        return b"{}"  # type: ignore[return-value]  # never reached where it matters

    with pytest.raises(StoreBusy):
        store.add(where, [entry(1)], 1, "rita", "s", conclude)
    assert listed(store) == []
    add(store, [entry(1)])
    assert len(listed(store)) == 1


def test_the_least_rights_will_do(postgres: PrivatePostgres) -> None:
    """A role that owns nothing reads and writes rows; it makes no tables, and drops none."""
    url = postgres.url()
    schema = url.rpartition("%3D")[2]
    prepared(open_store(store_place(url)))
    postgres.execute(
        f"DROP ROLE IF EXISTS least; CREATE ROLE least LOGIN; GRANT USAGE ON SCHEMA {schema} TO least; "
        f"GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA {schema} TO least; "
        f"GRANT USAGE ON ALL SEQUENCES IN SCHEMA {schema} TO least"
    )
    store = open_store(store_place(url.replace("hub@", "least@")))
    add(store, [entry(1, ends_us=50), entry(2)])
    assert store.end(60, {"c": 10**15}).objects == 1
    assert [row.id for row in listed(store)] == ["indicator--2"]
    elsewhere = postgres.url(user="least")
    with pytest.raises(InputError, match="cannot be made or read"):
        open_store(store_place(elsewhere))


def test_a_schema_of_somebody_else_is_left_alone(postgres: PrivatePostgres) -> None:
    """Tables of the same names, or of another version of ours."""
    url = postgres.url()
    postgres.execute("CREATE TABLE members (id int)", url)
    with pytest.raises(InputError, match="cannot be made or read"):
        open_store(store_place(url))
    later = postgres.url()
    open_store(store_place(later))
    postgres.execute("UPDATE facts SET value = '99' WHERE name = 'version'", later)
    with pytest.raises(InputError, match="is of version 99"):
        open_store(store_place(later))


def test_a_password_comes_from_a_file(
    postgres: PrivatePostgres, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """That PGPASSFILE or `passfile` names."""
    postgres.execute(f"CREATE ROLE guarded LOGIN PASSWORD '{PASSWORD}'; CREATE SCHEMA ours AUTHORIZATION guarded")
    rules = postgres.folder / "data" / "pg_hba.conf"
    rules.write_text(GUARDED + rules.read_text())
    postgres.stop()
    postgres.start()
    url = postgres.url("ours", "guarded")
    with pytest.raises(StoreBusy, match="no password supplied"):
        open_store(store_place(url))
    file = tmp_path / "pgpass"
    file.touch(mode=0o600)
    file.write_text(f"*:*:*:guarded:{PASSWORD}\n")
    assert open_store(store_place(f"{url}&passfile={file}")).members() == []
    monkeypatch.setenv("PGPASSFILE", os.fspath(file))
    assert open_store(store_place(url)).members() == []


def test_what_postgresql_cannot_hold_is_not_there(postgres: PrivatePostgres) -> None:
    """A text with NUL in a name, an id or a list of ids: nothing is found, and nobody fails."""
    store = open_store(store_place(postgres.url()))
    where = prepared(store)
    assert store.member("rita\0") is None
    assert store.definitions("r", ["marking-definition--1", "\0"]) == []
    assert not store.holds(where, store.members()[0][0], "indicator--\0")
    assert json.dumps(store.site())
