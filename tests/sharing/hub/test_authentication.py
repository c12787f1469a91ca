"""Who is asking: passwords, tokens, revocation, and how often one may be wrong."""

from __future__ import annotations

import base64
import logging
from pathlib import Path

import pytest

from stillwatch.sharing.hub.authentication import Authentication, Caller
from stillwatch.sharing.hub.failures import MOST_OF_ADDRESS, MOST_OF_NAME, Failures
from stillwatch.sharing.hub.members import Member, Role
from stillwatch.sharing.hub.passwords import Passwords
from stillwatch.sharing.hub.tokens import digest, make_token
from stillwatch.sharing.taxii.faults import TaxiiFault
from tests.sharing.hub.clauses import clause
from tests.sharing.hub.trying import NOW_US, OBJECTS, Hub, indicator, user
from tests.storage.hub import places


def basic(name: str, password: str) -> str:
    """The header of HTTP Basic."""
    return "Basic " + base64.b64encode(f"{name}:{password}".encode()).decode()


@clause("8.2.2 basic", "1.6.9 challenge")
@pytest.mark.parametrize(
    "header",
    [
        basic("alice", "wrong"),
        basic("nobody", "alice"),
        basic("alice", ""),
        basic("", ""),
        "Basic",
        "Basic !!!!",
        "Basic " + base64.b64encode(b"alice").decode(),
        "Basic " + base64.b64encode(b"\xff:\xff").decode(),
        "Bearer",
        "Bearer alice",
        "Digest username=alice",
        "alice:alice",
        "Basic " + "A" * 5000,
    ],
)
def test_what_is_no_credential_is_401(shared: Hub, header: str) -> None:
    """All alike, so that no name is told from another."""
    answer = shared.stranger(header).get(OBJECTS)
    assert answer.status_code == 401
    assert "Basic" in answer.headers["WWW-Authenticate"]
    assert "Bearer" in answer.headers["WWW-Authenticate"]


@clause("8.2.2 basic")
def test_a_password_may_have_colons_and_letters_of_any_script(hub: Hub) -> None:
    """RFC 7617: the first colon ends the name, and the text is UTF-8."""
    hub.store.put_member(Member("mueller", credential=user("pa:ss:wörd")["password"]))
    assert hub.member("mueller", "pa:ss:wörd").get(OBJECTS).status_code == 200


def test_a_password_is_hashed_once_for_each_process(hub: Hub) -> None:
    """The second time it is known; another password or another hash of the same is not."""
    passwords, credential = Passwords(), user("alice")["password"]
    assert not passwords.is_known("alice", credential)
    assert passwords.verify("alice", credential)
    assert passwords.is_known("alice", credential)
    assert not passwords.is_known("Alice", credential)
    assert not passwords.is_known("alice", user("alice")["password"])
    assert not passwords.is_known("", "")


def test_who_is_revoked_is_refused_at_the_next_request(hub: Hub) -> None:
    """A member that was let in a moment ago, by password and by token."""
    token = make_token()
    hub.store.put_token(digest(token), "alice", None, None)
    both = [hub.member("alice"), hub.bearer(token)]
    both[0].post(OBJECTS, indicator(1))
    assert [one.get(OBJECTS).status_code for one in both] == [200, 200]
    hub.store.revoke("alice")
    assert [one.get(OBJECTS).status_code for one in both] == [401, 401]
    assert hub.member("bob").ids() == [indicator(1)["id"]]


def test_a_new_password_ends_the_old_one(hub: Hub) -> None:
    """At the next request, though the old one was known to fit."""
    assert hub.member("alice").get(OBJECTS).status_code == 200
    hub.store.put_member(Member("alice", credential=user("other")["password"]))
    assert hub.member("alice").get(OBJECTS).status_code == 401
    assert hub.member("alice", "other").get(OBJECTS).status_code == 200


def test_a_token_ends_when_it_should(hub: Hub) -> None:
    """Good until its time, refused from then on."""
    store, token = hub.store, make_token()
    store.put_token(digest(token), "alice", None, NOW_US)
    assert store.token_holder(digest(token), NOW_US - 1) is not None
    assert store.token_holder(digest(token), NOW_US) is None


def test_no_secret_is_kept_or_told(hub: Hub, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Neither a password nor a token is in the store's files or in the log."""
    token, password = make_token(), "correct horse battery staple"
    hub.store.put_token(digest(token), "alice", None, None)
    hub.store.put_member(Member("carol", credential=user(password)["password"]))
    with caplog.at_level(logging.DEBUG):
        hub.bearer(token).post(OBJECTS, indicator(1))
        hub.member("carol", password).get(OBJECTS)
        hub.member("carol", password + "x").get(OBJECTS)
    kept = b"".join(file.read_bytes() for file in tmp_path.glob("hub.sqlite*"))
    assert all(secret.encode() not in kept and secret not in caplog.text for secret in (token, token[4:], password))


class Clock:
    """Moved by hand."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


def test_who_fails_too_often_has_to_wait(tmp_path: Path) -> None:
    """So many tries a name and address in a minute; then not even the right password is looked at."""
    store, clock = places.kept(tmp_path), Clock()
    store.put_member(Member("alice", credential=user("alice")["password"]))
    authentication = Authentication(store, Failures(clock), lambda: NOW_US)
    for _ in range(MOST_OF_NAME):
        with pytest.raises(TaxiiFault, match="Show who you are"):
            authentication.identify(Caller(basic("alice", "guess"), "192.0.2.1"))
    with pytest.raises(TaxiiFault) as refused:
        authentication.identify(Caller(basic("alice", "alice"), "192.0.2.1"))
    assert (refused.value.status, refused.value.headers) == (429, {"Retry-After": "60"})
    assert authentication.identify(Caller(basic("alice", "alice"), "192.0.2.2")).member.role is Role.WRITER
    clock.now = 61
    assert authentication.identify(Caller(basic("alice", "alice"), "192.0.2.1")).member.name == "alice"


def test_an_address_cannot_try_many_names() -> None:
    """So many failures of an address in a minute, whatever names and tokens it tries."""
    clock = Clock()
    failures = Failures(clock)
    for number in range(MOST_OF_ADDRESS):
        assert failures.wait_seconds("192.0.2.1", f"name-{number}") == 0
        failures.record("192.0.2.1", f"name-{number}")
    clock.now = 20
    assert failures.wait_seconds("192.0.2.1", "another") == 40
    assert failures.wait_seconds("192.0.2.2", "another") == 0


def test_who_is_known_is_not_slowed_down_by_strangers_at_its_address(tmp_path: Path) -> None:
    """Behind one address, a member whose password is known to fit goes on."""
    store = places.kept(tmp_path)
    store.put_member(Member("alice", credential=user("alice")["password"]))
    authentication = Authentication(store, Failures(Clock()), lambda: NOW_US)
    caller = Caller(basic("alice", "alice"), "192.0.2.1")
    authentication.identify(caller)
    for number in range(MOST_OF_ADDRESS):
        with pytest.raises(TaxiiFault):
            authentication.identify(Caller(f"Bearer guess-{number}", "192.0.2.1"))
    assert authentication.identify(caller).member.name == "alice"


def test_a_member_bound_to_a_certificate_comes_with_it(tmp_path: Path) -> None:
    """The right password over another connection is refused."""
    store = places.kept(tmp_path)
    store.put_member(Member("alice", credential=user("alice")["password"], certificate="ab" * 32))
    authentication = Authentication(store, Failures(Clock()), lambda: NOW_US)
    assert authentication.identify(Caller(basic("alice", "alice"), "192.0.2.1", "ab" * 32)).member.name == "alice"
    for certificate in ("", "cd" * 32):
        with pytest.raises(TaxiiFault, match="Show who you are"):
            authentication.identify(Caller(basic("alice", "alice"), "192.0.2.1", certificate))


def test_the_log_says_who_and_how_it_ended_and_not_what_was_looked_for(
    shared: Hub, caplog: pytest.LogCaptureFixture
) -> None:
    """One line a request, with the endpoint's shape instead of ids, and without filters."""
    id = indicator(7)["id"]
    with caplog.at_level(logging.INFO, logger="stillwatch.hub"):
        shared.member("alice").get(f"{OBJECTS}{id}/", match_version="all")
        shared.stranger().get(OBJECTS)
    told = [record for record in caplog.records if record.name == "stillwatch.hub"]
    assert [(vars(record)["member"], vars(record)["status"]) for record in told] == [("alice", 404), ("", 401)]
    assert vars(told[0])["endpoint"] == "/alliance/collections/{collection}/objects/{object}/"
    assert not any(id in str(vars(record)) or "match" in str(vars(record)) for record in told)
