"""`stillwatch hub`: members come and go, seeds are sown, and what would be unsafe is refused."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from stillwatch.cli.app import app
from stillwatch.errors import UsageError
from stillwatch.running.hub import HubServer, listen
from stillwatch.sharing.hub.markings import Tlp
from stillwatch.sharing.hub.members import Role
from stillwatch.sharing.hub.passwords import Passwords
from stillwatch.sharing.hub.tokens import digest
from stillwatch.storage.hub.store import SqliteStore


def run(store: Path, *arguments: str, **environment: str) -> Result:
    """A `stillwatch hub` command on this store."""
    return CliRunner().invoke(app(["hub"]), ["hub", *arguments, "--store", str(store)], env=environment)


@pytest.fixture
def store(tmp_path: Path) -> Path:
    """A store with one API root."""
    (tmp_path / "seed.json").write_text(json.dumps({"api_roots": [{"name": "group", "title": "G", "members": []}]}))
    path = tmp_path / "hub.sqlite"
    assert "0 objects" in run(path, "seed", str(tmp_path / "seed.json")).stdout
    return path


def test_a_member_is_added_listed_and_revoked(store: Path) -> None:
    """With a role, a clearance, a root, and a password that is said once; revoked, it is still listed as such."""
    added = run(
        store, "member", "add", "member-07", "--role", "reader", "--clearance", "green", "--root", "group", "--json"
    )
    password = json.loads(added.stdout)["password"]
    member = SqliteStore(store).member("member-07")
    assert member is not None
    assert (member.role, member.clearance) == (Role.READER, Tlp.GREEN)
    assert Passwords().verify(password, member.credential)
    assert [root.name for root in SqliteStore(store).roots(member)] == ["group"]
    listed = run(store, "member", "list")
    assert "member-07  reader, up to TLP:GREEN" in listed.stdout
    assert password not in listed.stdout
    assert run(store, "member", "revoke", "member-07").exit_code == 0
    assert json.loads(run(store, "member", "list", "--json").stdout)["members"][0]["is_revoked"] is True
    assert SqliteStore(store).member("member-07") is None


def test_a_password_may_be_given_by_the_environment(store: Path) -> None:
    """Not on the command line, where other users of the machine see it; and not a short one."""
    run(store, "member", "add", "a", STILLWATCH_MEMBER_PASSWORD="correct horse")  # noqa: S106 - a test's
    member = SqliteStore(store).member("a")
    assert member is not None
    assert Passwords().verify("correct horse", member.credential)
    short = run(store, "member", "add", "b", STILLWATCH_MEMBER_PASSWORD="short")  # noqa: S106 - a test's
    assert isinstance(short.exception, UsageError)


def test_a_token_is_made_for_some_roots_and_some_time(store: Path) -> None:
    """Its holder is the member, there and until then."""
    token = json.loads(run(store, "member", "add", "a", "--token", "--root", "group", "--json").stdout)["token"]
    holder = SqliteStore(store).token_holder(digest(token), 0)
    assert holder is not None
    assert (holder[0].name, holder[1]) == ("a", frozenset({"group"}))
    assert SqliteStore(store).token_holder(digest(token), 10**17) is None


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["member", "add", "a:b"], "cannot be a member's name"),
        (["member", "add", "a", "--role", "king"], "not a valid Role"),
        (["member", "add", "a", "--clearance", "purple"], "no level of TLP"),
        (["member", "add", "a", "--root", "nowhere"], "no API root 'nowhere'"),
        (["member", "revoke", "nobody"], "no member 'nobody'"),
        (["held", "release", "7"], "nothing is held under the number 7"),
        (["serve", "--behind-proxy", "--port", "1", "--client-authority", __file__], "TLS needs"),
    ],
)
def test_what_cannot_mean_anything_is_refused(store: Path, arguments: list[str], said: str) -> None:
    """With what is wrong and how to do it."""
    refused = run(store, *arguments)
    assert isinstance(refused.exception, UsageError)
    assert said in str(refused.exception)
    assert refused.exception.remedy


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "hub.example"])  # noqa: S104 - that is the point
def test_passwords_do_not_travel_in_the_clear(tmp_path: Path, host: str) -> None:
    """Beyond loopback a hub wants TLS, or to be told that it ends elsewhere."""
    with pytest.raises(UsageError, match="in the clear"):
        listen(HubServer(tmp_path / "hub.sqlite", host=host, port=0))


def test_a_port_that_is_taken_is_said(tmp_path: Path) -> None:
    """By number."""
    with listen(HubServer(tmp_path / "hub.sqlite", port=0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(UsageError, match=f"127.0.0.1:{port}"):
            listen(HubServer(tmp_path / "hub.sqlite", port=port))


def test_a_store_of_another_program_is_refused(tmp_path: Path) -> None:
    """Not a database, or one of a later version."""
    (tmp_path / "text").write_text("no database, but long enough to be looked at as one" * 10)
    refused = run(tmp_path / "text", "member", "list")
    assert "cannot be opened as a hub's store" in str(refused.exception)
    kept = SqliteStore(tmp_path / "later")
    kept._db.rows("PRAGMA user_version=99")
    assert "is of version 99" in str(run(tmp_path / "later", "member", "list").exception)
