"""What each door costs: CPU time of everything that is started for it, a request, beside nginx and the gateway.

Rounds are interleaved and medians are taken, as for the gateway (`benchmarks.proxy`). An ASGI door has no process of
its own: its price is the server with it less the server without. LiteLLM is measured where an interpreter is named.
"""

from __future__ import annotations

import hashlib
import json
import os
import secrets
import shutil
import socket
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from benchmarks import scratch
from benchmarks.figures import Figure
from benchmarks.proxy import load, nginx
from benchmarks.proxy.run import _cpu_seconds, _free_port, _process

ROUNDS = 5
SECONDS = 2
CONNECTIONS = 16
LITELLM_VARIABLE = "STILLWATCH_LITELLM_PYTHON"
LITELLM_SECONDS = 240
_ROOM = 10_000_000
_KEY = b"sk-benchmark-0123456789"
_EXAMPLES = Path(__file__).parents[1] / "examples" / "doors"
_LIMIT = '[[limit]]\nlevel = "%s"\nmeasure = "%s"\nquantity = 1000000000\nwindow = "1m"\n'
_LEVELS = [(level, measure) for level in ("account", "organization") for measure in ("requests", "output_tokens")]


@dataclass(frozen=True)
class Side:
    """One way to the same answers: where to ask, and whose CPU time it takes."""

    name: str
    port: int
    processes: Sequence[int]
    less: str = ""  # the side without the door, whose cost is not the door's
    connections: int = CONNECTIONS
    seconds: int = SECONDS


def run(below: Path) -> Iterator[Figure]:
    """A figure for each way, for requests and for streams."""
    with scratch.folder(below, _ROOM) as folder:
        file = _door_file(folder)
        yield from _case(folder, file, "request")
        yield from _case(folder, file, "stream of 20 events")


def _case(folder: Path, file: Path, case: str) -> Iterator[Figure]:
    script = load.script(folder, is_streamed=case != "request")
    with ExitStack() as running:
        sides = _sides(running, folder, file, is_stream=case != "request")
        rounds = [{side.name: _round(script, side) for side in sides} for _ in range(ROUNDS)]
    costs = {side.name: statistics.median(used / count for count, used in _of(rounds, side)) for side in sides}
    for side in sides:
        own = costs[side.name]
        found = f"{own * 1e6:.0f} us of CPU each, {own / costs['nginx']:.1f} x nginx"
        if side.less:
            found += f", {(own - costs[side.less]) * 1e6:.0f} us of them the door's"
        answers, used = (sum(column) for column in zip(*_of(rounds, side), strict=True))
        yield Figure("doors", f"{case}, {side.name}", int(answers), used, found=found)


def _of(rounds: Sequence[Mapping[str, tuple[int, float]]], side: Side) -> list[tuple[int, float]]:
    """Answers and CPU seconds of each round; one without an answer, as of a host that still loads, tells nothing."""
    return [one[side.name] for one in rounds if one[side.name][0]]


def _round(script: Path, side: Side) -> tuple[int, float]:
    before = sum(map(_cpu_seconds, side.processes))
    answers = load.post(script, side.port, side.seconds, side.connections)
    return answers, sum(map(_cpu_seconds, side.processes)) - before


def _sides(running: ExitStack, folder: Path, file: Path, is_stream: bool) -> list[Side]:
    def start(kind: str, upstream: int = 0) -> tuple[int, int]:
        port = _free_port()
        command = [sys.executable, "-m", "benchmarks.door_processes", kind, str(port), str(upstream), str(file)]
        return running.enter_context(_process(command, port)), port

    upstream = _free_port()
    module = [sys.executable, "-m", "benchmarks.proxy.stream_upstream", str(upstream)]
    running.enter_context(_process(module if is_stream else nginx.upstream_command(folder, upstream), upstream))
    port = _free_port()
    yardstick = running.enter_context(_process(nginx.proxy_command(folder, port, upstream), port))
    sides = [Side("nginx", port, [yardstick])]
    process, port = start("gateway", upstream)
    sides.append(Side("gateway with its gate", port, [process]))
    kind = "stream" if is_stream else "answer"
    process, port = start(kind)
    sides.append(Side("uvicorn", port, [process]))
    process, port = start(f"guarded-{kind}")
    sides.append(Side("uvicorn with the ASGI door", port, [process], less="uvicorn"))
    return [*sides, *_envoys(running, folder, upstream, start), *_litellms(running, folder, file, upstream, is_stream)]


def _envoys(running: ExitStack, folder: Path, upstream: int, start: Callable[[str], tuple[int, int]]) -> list[Side]:
    beside = Path(sys.executable).with_name("envoy")
    program = str(beside) if beside.exists() else shutil.which("envoy")
    if program is None:
        return []

    def envoy(example: str, door: int) -> tuple[int, int]:
        port = _free_port()
        text = (_EXAMPLES / example).read_text()
        for named, here in ((10_000, port), (8_000, upstream), (9_001, door)):
            text = text.replace(f"port_value: {named}", f"port_value: {here}").replace(f':{named}"', f':{here}"')
        if not door:
            before, _, rest = text.partition("                  - name: envoy.filters.http.ext_authz\n")
            text = (
                before
                + "                  - name: envoy.filters.http.router"
                + rest.partition("                  - name: envoy.filters.http.router")[2]
            )
        file = folder / f"{port}.yaml"
        file.write_text(text)
        command = [program, "-c", str(file), "--concurrency", "1", "--disable-hot-restart", "--log-level", "critical"]
        return running.enter_context(_process(command, port)), port

    alone, port = envoy("envoy-ext-authz.yaml", 0)
    sides = [Side("Envoy", port, [alone])]
    for kind, example in (("ext-authz", "envoy-ext-authz.yaml"), ("rls", "envoy-rls.yaml")):
        door, door_port = start(kind)
        process, port = envoy(example, door_port)
        sides.append(Side(f"Envoy and {kind}", port, [process, door], less="Envoy"))
    return sides


def _litellms(running: ExitStack, folder: Path, file: Path, upstream: int, is_stream: bool) -> list[Side]:
    """With and without the hook. Only whole answers: its streams take seconds each under load."""
    python = os.environ.get(LITELLM_VARIABLE)
    if not python or is_stream:
        return []
    sides: list[Side] = []
    for name, callbacks in (("LiteLLM", ""), ("LiteLLM with its hook", "stillwatch.doors.litellm.guard")):
        here = folder / (f"litellm-{len(sides)}")
        here.mkdir()
        text = (_EXAMPLES / "litellm.yaml").read_text().replace("127.0.0.1:8000", f"127.0.0.1:{upstream}")
        text = text.replace("stillwatch.doors.litellm.guard", callbacks or "[]")
        (here / "litellm.yaml").write_text(text)
        shutil.copy(_EXAMPLES / "accounts.py", here)
        port = _free_port()
        environment = {
            "PYTHONPATH": f"{Path(__file__).parents[1] / 'src'}:{here}",
            "STILLWATCH_DOOR": str(file),
            "LITELLM_MASTER_KEY": f"sk-{secrets.token_hex(32)}",
            "LITELLM_LOCAL_MODEL_COST_MAP": "True",
        }
        entry = "from litellm.proxy.proxy_cli import run_server; run_server()"
        arguments = ["--config", str(here / "litellm.yaml"), "--host", "127.0.0.1", "--port", str(port)]
        said = [f"{key}={value}" for key, value in environment.items()]
        process = running.enter_context(_slowly(["env", *said, python, "-c", entry, *arguments], port))
        less = "LiteLLM" if sides else ""
        sides.append(Side(name, port, [process], less, connections=1, seconds=6))  # more would run into time-outs
    return sides


@contextmanager
def _slowly(command: Sequence[str], port: int) -> Generator[int]:
    """As `_process`, for what loads for a minute."""
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)  # noqa: S603 - our own
    try:
        latest = time.monotonic() + LITELLM_SECONDS
        while time.monotonic() < latest and process.poll() is None:
            try:
                socket.create_connection(("127.0.0.1", port), timeout=1).close()
            except ConnectionRefusedError:
                time.sleep(0.2)
            else:
                break
        yield process.pid
    finally:
        process.terminate()
        process.wait()


def _door_file(folder: Path) -> Path:
    (folder / "policy.toml").write_text("".join(_LIMIT % level for level in _LEVELS))
    holder = {"sha256": hashlib.sha256(_KEY).hexdigest(), "account": "honest", "organization": "org"}
    (folder / "keys.jsonl").write_text(json.dumps(holder) + "\n")
    file = folder / "door.toml"
    file.write_text('policy = "policy.toml"\nkeys = "keys.jsonl"\n')
    return file
