"""`stillwatch doctor` over a whole deployment."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from telemetry.test_deployment import command

from .conftest import Stillwatch

CONFIGURATION = """
[gateway.listen]
port = 0
most_connections = 10
[gateway.upstream]
port = {port}
most_connections = 10
[files]
home = "state"
policy = "policy.toml"
keys = "keys.jsonl"
[metrics]
port = 0
"""
POLICY = '[[limit]]\nlevel = "account"\nmeasure = "requests"\nquantity = 5\n'


@pytest.fixture
def upstream() -> Iterator[int]:
    """A model API that wants a key."""
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def serve() -> None:
            with suppress(OSError):  # until the test is over
                while True:
                    connection, _ = listening.accept()
                    with connection:
                        connection.recv(65_536)
                        connection.sendall(b"HTTP/1.1 401 Unauthorized\r\n\r\n")

        thread = threading.Thread(target=serve)
        thread.start()
        yield listening.getsockname()[1]
        listening.shutdown(socket.SHUT_RDWR)
        thread.join()


@pytest.fixture
def deployment(home: Path, upstream: int) -> Path:
    """The configuration of one that can work."""
    (home / "policy.toml").write_text(POLICY)
    (home / "keys.jsonl").write_text(json.dumps({"sha256": "ab" * 32, "account": "acct-0412"}) + "\n")
    (home / "keys.jsonl").chmod(0o600)
    file = home / "stillwatch.toml"
    file.write_text(CONFIGURATION.format(port=upstream))
    return file


def told(stillwatch: Stillwatch, file: Path) -> tuple[int, dict[str, Any]]:
    done = stillwatch("doctor", "--config", file, "--json")
    return done.code, json.loads(done.out)


def test_a_deployment_that_can_work_has_no_fault(stillwatch: Stillwatch, deployment: Path) -> None:
    code, said = told(stillwatch, deployment)
    assert [check for check in said["checks"] if check["state"] == "fault"] == []
    assert (code, said["healthy"]) == (0, True)
    assert {"configuration", "policy", "keys", "secret", "journal", "ledger", "upstream", "clock"} <= {
        check["check"] for check in said["checks"]
    }
    assert not (deployment.parent / "state").exists()


def test_each_fault_is_told_and_the_other_checks_go_on(stillwatch: Stillwatch, deployment: Path) -> None:
    (deployment.parent / "policy.toml").write_text("[[limit]]\n")
    (deployment.parent / "keys.jsonl").write_text("sk-planted\n")
    code, said = told(stillwatch, deployment)
    assert (code, said["healthy"]) == (1, False)
    states = {check["check"]: check["state"] for check in said["checks"]}
    assert (states["policy"], states["keys"], states["upstream"]) == ("fault", "fault", "ok")
    assert all(check["remedy"] for check in said["checks"] if check["state"] == "fault")
    assert "sk-planted" not in json.dumps(said)


@pytest.mark.parametrize("text", ["[gateway.listen]\nprot = 1\n", "[gateway", '[store]\nnodes = "x"\n'])
def test_a_configuration_that_is_none_is_a_fault(stillwatch: Stillwatch, home: Path, text: str) -> None:
    (home / "bad.toml").write_text(text)
    code, said = told(stillwatch, home / "bad.toml")
    states = {check["check"]: check["state"] for check in said["checks"]}
    assert (code, states["configuration"], states["everything else"]) == (1, "fault", "not checked")


def test_people_see_a_line_for_each_finding_with_its_remedy(stillwatch: Stillwatch, deployment: Path) -> None:
    (deployment.parent / "keys.jsonl").chmod(0o644)
    done = stillwatch("doctor", "--config", deployment)
    assert done.code == 0
    (line,) = [line for line in done.out.splitlines() if "can be read by others" in line]
    assert line.startswith("warning")
    assert "Run: chmod 600" in line
    assert "0 faults" in done.out.splitlines()[-1]


def test_an_upstream_that_is_not_there_is_a_fault(stillwatch: Stillwatch, deployment: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    deployment.write_text(CONFIGURATION.format(port=port))
    done = stillwatch("doctor", "--config", deployment)
    assert (done.code, "Connection refused" in done.out) == (1, True)


def test_addresses_of_a_deployment_that_runs_are_its_own(stillwatch: Stillwatch, deployment: Path) -> None:
    """Doctor may be asked beside it; once it has ended they are free."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    deployment.write_text(deployment.read_text().replace("port = 0", f"port = {port}", 1))
    with command("gateway", deployment) as (_, line):
        assert str(port) in line
        while True:
            _, said = told(stillwatch, deployment)
            found = {check["check"]: check["said"] for check in said["checks"]}
            if found["gateway's address"].endswith("is ours"):  # its worker has begun to tell
                break
    _, said = told(stillwatch, deployment)
    assert f"127.0.0.1:{port} is free" in {check["said"] for check in said["checks"]}
