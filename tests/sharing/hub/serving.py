"""A hub that really runs: `stillwatch hub serve` as a process, asked over a socket."""

from __future__ import annotations

import http.client
import json
import os
import signal
import ssl
import subprocess
import sys
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import requests

from tests.sharing.hub.trying import TAXII
from tests.storage.hub import places

SECONDS = 120
"""Until a process that does not answer is given up; it takes two on an idle machine."""


@dataclass(frozen=True)
class Served:
    """A hub at an address."""

    process: subprocess.Popen[str]
    url: str
    store: Path
    place: str

    def get(self, path: str, name: str, **more: Any) -> requests.Response:
        """GET as a member whose password is its name."""
        headers = {"Accept": TAXII}
        return requests.get(f"{self.url}{path}", headers=headers, auth=(name, name), timeout=SECONDS, **more)

    def post(self, path: str, name: str, objects: Sequence[Any]) -> requests.Response:
        """POST of an envelope."""
        headers = {"Accept": TAXII, "Content-Type": TAXII}
        body = json.dumps({"objects": objects})
        return requests.post(f"{self.url}{path}", body, headers=headers, auth=(name, name), timeout=SECONDS)

    def command(self, *arguments: str) -> str:
        """What another `stillwatch hub` command on the same store prints."""
        return run("hub", *arguments, "--store", self.place)

    def kill(self) -> None:
        """SIGKILL: nothing is tidied up."""
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()


def run(*arguments: str) -> str:
    """A command's output; it has to end well."""
    program = [sys.executable, "-m", "stillwatch.cli.main", *arguments]
    done = subprocess.run(program, capture_output=True, text=True, timeout=SECONDS, check=False)  # noqa: S603 - ours
    assert done.returncode == 0, done.stderr
    return done.stdout


@contextmanager
def serving(folder: Path, sown: Mapping[str, Any], *options: str) -> Generator[Served]:
    """A hub on a free port, until the block ends; it ends by SIGTERM and with code 0, unless it was killed."""
    (folder / "seed.json").write_text(json.dumps(sown))
    place = places.named(folder)
    program = [sys.executable, "-m", "stillwatch.cli.main", "hub", "serve", "--port", "0", "--store", place]
    with (
        (folder / "log").open("w") as log,
        subprocess.Popen(  # noqa: S603 - ours
            [*program, "--seed", str(folder / "seed.json"), *options],
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
            env={**os.environ, "PYTHONUNBUFFERED": "1"},
        ) as process,
    ):
        try:
            assert process.stdout is not None
            said = process.stdout.readline()
            assert said.startswith("The hub takes requests at "), (folder / "log").read_text()
            yield Served(process, said.split()[5].removesuffix("/taxii2/"), folder / "hub.sqlite", place)
        finally:
            process.terminate()
    assert process.returncode in (0, -signal.SIGTERM, -signal.SIGKILL), (folder / "log").read_text()


def send_slowly(url: str, path: str, authorization: str, body: bytes, length: int) -> http.client.HTTPConnection:
    """A connection on which a post has begun and of whose `length` bytes these have been sent."""
    connection = http.client.HTTPConnection(url.removeprefix("http://"), timeout=SECONDS)
    connection.putrequest("POST", path)
    for name, value in (("Authorization", authorization), ("Accept", TAXII), ("Content-Type", TAXII)):
        connection.putheader(name, value)
    connection.putheader("Content-Length", str(length))
    connection.endheaders(body)
    return connection


def trusting(authority: Path) -> ssl.SSLContext:
    """A client's context that trusts one authority."""
    return ssl.create_default_context(cafile=authority)
