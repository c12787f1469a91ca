"""A store that serves, and each way in which one does not."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

pytest.importorskip("redis", reason="redis is not installed: the extra redis brings it")

from storage.private_redis import PrivateRedis

from stillwatch.cli.checks import store as checks
from stillwatch.cli.checks.store import judged, latency, store

from .said import all_said, states


@pytest.fixture
def server() -> Iterator[PrivateRedis]:
    with PrivateRedis() as server:
        yield server


def test_one_that_serves_tells_its_version_and_answers(server: PrivateRedis) -> None:
    found = store(server.url)
    assert "fault" not in states(found)
    assert "Redis " in all_said(found)
    assert "it answers in" in all_said(found)


def test_one_that_evicts_is_a_warning(server: PrivateRedis) -> None:
    with server.client() as client:
        client.config_set("maxmemory-policy", "allkeys-lru")
    assert "warning: it evicts keys (allkeys-lru)" in all_said(store(server.url))


def test_one_that_wants_a_password_says_so_and_none_is_told() -> None:
    with PrivateRedis("--requirepass", "planted-word") as server:
        for url in (server.url, server.url.replace("//", "//:planted-guess@")):
            found = store(url)
            assert states(found) == ["fault"]
            assert "refuses the name or password" in all_said(found)
            assert "planted" not in all_said(found)
        assert "fault" not in states(store(server.url.replace("//", "//:planted-word@")))


def test_one_that_does_not_let_us_ask_is_not_checked(server: PrivateRedis) -> None:
    with server.client() as client:
        client.execute_command("ACL", "SETUSER", "little", "on", ">word", "+evalsha", "~*")
    assert states(store(server.url.replace("//", "//little:word@"))) == ["not checked"]


def test_one_that_hangs_is_not_waited_for(server: PrivateRedis, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checks, "PATIENCE_SECONDS", 0.3)
    server.pause()
    try:
        assert "does not answer within" in all_said(store(server.url))
    finally:
        server.resume()


def test_one_that_is_not_there_is_a_fault(server: PrivateRedis) -> None:
    server.stop()
    found = store(server.url.replace("//", "//:planted-word@"))
    assert "cannot be reached" in all_said(found)
    assert "planted" not in all_said(found)


def test_an_address_that_is_none_is_a_fault() -> None:
    assert states(store("http://planted-word@x")) == ["fault"]


def test_what_it_says_of_itself_is_judged() -> None:
    good = {"redis_version": "7.2.4", "role": "master", "aof_enabled": 1, "maxmemory_policy": "noeviction"}
    assert states(judged(good)) == ["ok"]
    assert "7.0 or newer" in all_said(judged({**good, "redis_version": "6.2.14"}))
    assert states(judged({**good, "role": "slave"})) == ["ok", "fault"]
    assert states(judged({**good, "rdb_last_bgsave_status": "err"})) == ["ok", "warning"]
    assert states(judged({**good, "aof_enabled": 0})) == ["ok", "ok"]
    assert states([latency(0.0003), latency(0.2)]) == ["ok", "warning"]
