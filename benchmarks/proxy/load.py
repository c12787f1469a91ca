"""wrk as the client: keep-alive connections that post one body, and how many answers they got."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

REQUEST_BYTES = 560
_REQUEST = '{"model":"m","messages":[{"role":"user","content":"%s"}]}'
_SCRIPT = """
wrk.method = "POST"
wrk.path = "/v1/chat/completions"
wrk.headers["Content-Type"] = "application/json"
wrk.headers["Authorization"] = "Bearer sk-benchmark-0123456789"
wrk.body = '%s'
"""


class Unanswered(Exception):
    """A request failed, so a figure would be about something else."""


def script(folder: Path) -> Path:
    """The request, for wrk."""
    file = folder / "post.lua"
    file.write_text(_SCRIPT % (_REQUEST % ("x" * (REQUEST_BYTES - len(_REQUEST) + 2))))
    return file


def post(file: Path, port: int, seconds: int, connections: int) -> int:
    """How many answers came. Raises `Unanswered` if one was not 200."""
    url = f"http://127.0.0.1:{port}"
    command = ["wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "-s", str(file), url]
    said = subprocess.run(command, capture_output=True, text=True, check=True).stdout  # noqa: S603 - our own command
    if "Non-2xx" in said or "Socket errors" in said:
        raise Unanswered(said)
    return int(re.search(r"(\d+) requests in", said)[1])  # type: ignore[index]  # wrk always says so
