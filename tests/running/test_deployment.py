"""A deployment's file: every mistake is named before anything starts, and what is written is read as it was meant."""

from __future__ import annotations

from pathlib import Path

import pytest

from stillwatch.errors import UsageError
from stillwatch.guarding.store import Store
from stillwatch.limits.limit import Level
from stillwatch.running.deployment import Deployment, Files, Places, places, read, upstream_of, write


def described(folder: Path, text: str) -> Deployment:
    file = folder / "stillwatch.toml"
    file.write_text(text)
    return read(file)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("gateway = 1", "gateway"),
        ("[gateway.listen]\nprot = 1", "prot"),
        ("[gateway.listen]\nport = 99999", "port"),
        ("[files]\nhmoe = 'x'", "hmoe"),
        ("[gateway]\nworkers = 2", "limits of their own"),
        ("[gateway]\nworkers = 9\n[store]\nredis = 'redis://a'", "more than the 8 nodes"),
        ("[store]\nopen_levels = ['acount']", "acount"),
        ("[tracer]\nevery = 0", "every"),
        ("[tracer]\ndays = 1", "days to 2 or more"),
        ("not toml", "stillwatch.toml"),
    ],
)
def test_a_mistake_is_named(text: str, says: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=says):
        described(tmp_path, text)


def test_a_file_that_is_no_text_is_named(tmp_path: Path) -> None:
    (tmp_path / "stillwatch.toml").write_bytes(b"[files]\nhome = '\xff'")
    with pytest.raises(UsageError, match=r"stillwatch\.toml"):
        read(tmp_path / "stillwatch.toml")


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"nowhere\.toml cannot be read: No such file"):
        read(tmp_path / "nowhere.toml")


def test_an_empty_file_is_a_deployment_on_loopback(tmp_path: Path) -> None:
    found = described(tmp_path, "")
    assert (found.gateway.listen.host, found.metrics.host, found.gateway.workers) == ("127.0.0.1", "127.0.0.1", 1)


def test_what_is_written_for_processes_is_read_as_it_was_meant(tmp_path: Path) -> None:
    """Relative paths were relative to another file, so they are absolute there."""
    files = 'home = "state"\npolicy = "p.toml"\nbenign = "b"'
    given = described(tmp_path, f"[files]\n{files}\n[store]\nopen_levels = ['account']\n[identity]\ntrusted = ['::1']")
    where = places(given, tmp_path)
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    write(given, where, elsewhere / "deployment.json")
    again = read(elsewhere / "deployment.json")
    assert places(again, elsewhere) == where
    assert (again.store, again.identity) == (given.store, given.identity)
    assert where.policy == tmp_path / "p.toml"
    assert where.keys is None


def test_a_home_too_deep_for_a_socket_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="Choose a shorter home"):
        places(Deployment(files=Files(home="x" * 100)), tmp_path)


def test_levels_that_go_on_without_a_store_are_those_named() -> None:
    assert Store(nodes=3, open_levels=(Level.KEY,)).sharing.open_levels == {Level.KEY}


@pytest.mark.parametrize(
    ("url", "upstream"),
    [
        ("http://a:1", ("a", 1, False)),
        ("https://api.example.com", ("api.example.com", 443, True)),
        ("http://[::1]:8000/", ("::1", 8000, False)),
        ("http://a", ("a", 80, False)),
    ],
)
def test_an_address_of_a_model_api(url: str, upstream: tuple[str, int, bool]) -> None:
    found = upstream_of(url)
    assert (found.host, found.port, found.tls) == upstream


def test_everything_of_a_home_is_below_it(tmp_path: Path) -> None:
    where: Places = places(Deployment(files=Files(home="h")), tmp_path)
    for path in (where.journal, where.ledger, where.run, where.socket, where.metrics, where.state):
        assert (tmp_path / "h") in path.parents
