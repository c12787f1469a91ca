"""The services as commands: they say where they listen, answer, and end when they are told to."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from stillwatch.doors.rls_messages import OK, OVER_LIMIT

from .files import KEY, door_file, limit

BODY = {"model": "m", "messages": [{"role": "user", "content": "Who grinds the rye?"}]}


@contextmanager
def started(name: str, folder: Path) -> Iterator[str]:
    """`stillwatch door NAME`, ended by SIGTERM and with nothing to complain of; yields where it listens."""
    file = door_file(folder, limit("requests", 1), "[listen]\nport = 0")
    command = [sys.executable, "-m", "stillwatch.cli.main", "door", name, "--config", str(file)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)  # noqa: S603 - our own program
    assert process.stdout is not None
    try:
        said = process.stdout.readline()
        yield said.removeprefix("Envoy may ask at ").rstrip(".\n")
        process.send_signal(signal.SIGTERM)
        assert process.wait() == 0
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


def test_external_authorization_is_answered_until_it_is_told_to_stop(tmp_path: Path) -> None:
    with started("ext-authz", tmp_path) as address, httpx.Client(base_url=f"http://{address}") as envoy:
        key = {"Authorization": f"Bearer {KEY}"}
        said = [envoy.post("/v1/chat/completions", json=BODY, headers=key) for _ in range(2)]
        unknown = envoy.post("/v1/chat/completions", json=BODY)
    assert [one.status_code for one in [*said, unknown]] == [200, 429, 401]
    assert said[0].headers["x-stillwatch-step"] == "allow"


def test_the_rate_limit_protocol_is_answered_until_it_is_told_to_stop(tmp_path: Path) -> None:
    grpc = pytest.importorskip("grpc", reason="grpcio is not installed: install the extra `rls`")
    entry = b"\x0a\x0dauthorization\x12" + bytes([len(KEY) + 7]) + b"Bearer " + KEY.encode()
    descriptor = b"\x0a" + bytes([len(entry)]) + entry
    question = b"\x12" + bytes([len(descriptor)]) + descriptor
    with started("rls", tmp_path) as address, grpc.insecure_channel(address) as channel:
        ask = channel.unary_unary("/envoy.service.ratelimit.v3.RateLimitService/ShouldRateLimit")
        said = [ask(question), ask(question)]
        with pytest.raises(grpc.RpcError) as refused:
            ask(b"\xff")
    assert [one[:2] for one in said] == [bytes([8, OK]), bytes([8, OVER_LIMIT])]
    assert refused.value.code() is grpc.StatusCode.INVALID_ARGUMENT
