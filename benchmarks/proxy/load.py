"""wrk as the client: keep-alive connections that post one body, and how many answers they got."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

REQUEST_BYTES = 560
_REQUEST = '{"model":"m","messages":[{"role":"user","content":"%s"}]}'
_STREAMED = '{"model":"m","stream":true,"messages":[{"role":"user","content":"%s"}]}'
_SCRIPT = """
wrk.method = "POST"
wrk.path = "/v1/chat/completions"
wrk.headers["Content-Type"] = "application/json"
wrk.headers["Authorization"] = "Bearer sk-benchmark-0123456789"
wrk.body = '%s'
"""
_NUMBERED = """
local number = 0
request = function()
  number = number + 1
  wrk.headers["X-Request-Id"] = tostring(number)
  return wrk.format()
end
"""


class Unanswered(Exception):
    """A request failed, so a figure would be about something else."""


def body(*, is_streamed: bool = False) -> str:
    """What is posted."""
    request = _STREAMED if is_streamed else _REQUEST
    return request % ("x" * (REQUEST_BYTES - len(request) + 2))


def script(folder: Path, *, is_streamed: bool = False, is_numbered: bool = False) -> Path:
    """The request, for wrk; `is_numbered`: no two have the same head."""
    file = folder / f"post-{is_streamed}-{is_numbered}.lua"
    text = _SCRIPT % body(is_streamed=is_streamed)
    file.write_text(text + _NUMBERED * is_numbered)
    return file


def post(file: Path, port: int, seconds: int, connections: int) -> int:
    """How many answers came. Raises `Unanswered` if one was not 200."""
    return int(re.search(r"(\d+) requests in", _said(file, port, seconds, connections))[1])  # type: ignore[index]  # wrk always says so


def milliseconds(file: Path, port: int, seconds: int) -> tuple[float, float]:
    """Median and 99th percentile of the time to an answer, one request at a time."""
    said = _said(file, port, seconds, 1)
    found = [re.search(rf"{share}%\s+([\d.]+)(us|ms|s)", said) for share in (50, 99)]
    median, most = [float(one[1]) * _MILLISECONDS[one[2]] for one in found if one]
    return median, most


_MILLISECONDS = {"us": 0.001, "ms": 1.0, "s": 1000.0}


def _said(file: Path, port: int, seconds: int, connections: int) -> str:
    url = f"http://127.0.0.1:{port}"
    command = ["wrk", "-t1", "--latency", f"-c{connections}", f"-d{seconds}s", "-s", str(file), url]
    said = subprocess.run(command, capture_output=True, text=True, check=True).stdout  # noqa: S603 - our own command
    if "Non-2xx" in said or "Socket errors" in said:
        raise Unanswered(said)
    return said
