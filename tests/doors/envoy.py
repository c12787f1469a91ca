"""The real Envoy with a configuration of examples/doors, its ports replaced, for the length of a test."""

from __future__ import annotations

import asyncio
import shutil
import socket
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

EXAMPLES = Path(__file__).parents[2] / "examples" / "doors"
CLIENTS, MODELS, DOOR = 10_000, 8_000, 9_001
"""The ports that the examples name."""

_beside = Path(sys.executable).with_name("envoy")
PROGRAM = str(_beside) if _beside.exists() else shutil.which("envoy")
needs_envoy = pytest.mark.skipif(PROGRAM is None, reason="there is no program `envoy`: install the extra `envoy`")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@asynccontextmanager
async def envoy(example: str, folder: Path, ports: dict[int, int]) -> AsyncIterator[int]:
    """Run it until the end of the block; yields the port for clients."""
    assert PROGRAM is not None
    here = {CLIENTS: free_port(), **ports}
    text = (EXAMPLES / example).read_text()
    for named, port in here.items():
        text = text.replace(f"port_value: {named}", f"port_value: {port}").replace(f':{named}"', f':{port}"')
    file = folder / example
    file.write_text(text)
    arguments = ["-c", str(file), "--concurrency", "1", "--disable-hot-restart", "--log-level", "critical"]
    process = await asyncio.create_subprocess_exec(PROGRAM, *arguments)
    try:
        await _until_it_listens(here[CLIENTS], process)
        yield here[CLIENTS]
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


async def _until_it_listens(port: int, process: asyncio.subprocess.Process) -> None:
    while process.returncode is None:
        try:
            _, writer = await asyncio.open_connection("127.0.0.1", port)
        except ConnectionRefusedError:
            await asyncio.sleep(0.02)
        else:
            writer.close()
            await writer.wait_closed()
            return
    raise AssertionError(f"envoy ended with {process.returncode}")
