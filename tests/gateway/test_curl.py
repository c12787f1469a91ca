"""curl behind a gateway that guards: streams, old HTTP, expectations and chunked uploads."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from .served import KEY, TWO, Served, served

pytestmark = pytest.mark.skipif(not shutil.which("curl"), reason="curl is not installed")
CHAT = "/v1/chat/completions"
ASKED = {"model": "m", "messages": [{"role": "user", "content": "Who grinds the rye?"}], "max_tokens": 200, "seed": 1}
LARGE = {**ASKED, "messages": [{"role": "user", "content": "Who grinds the rye? " * 100_000}]}


@pytest.fixture(scope="module")
def open_gate() -> Iterator[Served]:
    with served() as town:
        yield town


def curl(url: str, *more: str, body: object = ASKED, kind: str = "application/json", data: str = "@-") -> bytes:
    """What curl prints of one request."""
    fields = ["-H", f"Authorization: Bearer {KEY}", "-H", f"Content-Type: {kind}"]
    command = ["curl", "-sS", "--max-time", "60", url + CHAT, *fields, "--data-binary", data, *more]
    text = json.dumps(body).encode() if not isinstance(body, bytes) else body
    return subprocess.run(command, input=text, capture_output=True, check=True).stdout  # noqa: S603 - our own command


def text_of(answer: bytes) -> str:
    return str(json.loads(answer)["choices"][0]["message"]["content"])


def text_of_stream(answer: bytes) -> str:
    events = [event.removeprefix(b"data: ") for event in answer.split(b"\n\n") if event]
    assert events.pop() == b"[DONE]"
    return "".join(json.loads(event)["choices"][0]["delta"].get("content", "") for event in events)


@pytest.mark.parametrize(
    "more",
    [[], ["--http1.1"], ["--http1.0"], ["--http1.1", "-H", "Transfer-Encoding: chunked"],
     ["-H", "Expect: 100-continue"], ["--compressed"], ["--no-keepalive"]],
    ids=["plain", "1.1", "1.0", "chunked", "expect", "compressed", "no keep-alive"],
)  # fmt: skip
@pytest.mark.parametrize("body", [ASKED, LARGE], ids=["small", "2 MB"])
def test_curl_gets_the_answer_of_the_model(more: list[str], body: object, open_gate: Served) -> None:
    assert text_of(curl(open_gate.url, *more, body=body)) == text_of(curl(open_gate.direct, *more, body=body))


@pytest.mark.parametrize("version", ["--http1.1", "--http1.0"])
def test_curl_gets_a_stream(version: str, open_gate: Served) -> None:
    """Unbuffered, and to a client of HTTP/1.0 without chunks: curl ends well in both cases."""
    body = {**ASKED, "stream": True}
    got = text_of_stream(curl(open_gate.url, "-N", version, body=body))
    assert got == text_of_stream(curl(open_gate.direct, "-N", body=body)) != ""


def test_curl_sees_that_a_stream_was_broken_off(open_gate: Served) -> None:
    """It ends with an error and not as after a whole answer, in either version."""
    for version, code in (("--http1.1", 18), ("--http1.0", 56)):
        with pytest.raises(subprocess.CalledProcessError) as ended:
            curl(open_gate.url, "-N", version, "-H", "X-Misbehave: stop-mid-stream", body={**ASKED, "stream": True})
        assert ended.value.returncode == code


def test_curl_retries_as_it_is_told() -> None:
    with served(TWO) as town:
        curl(town.url)
        curl(town.url)
        told = curl(town.url, "-i").lower()
        assert told.startswith(b"http/1.1 429 ")
        assert b"\r\nretry-after: 1\r\n" in told
        town.thaws = True
        assert text_of(curl(town.url, "--fail", "--retry", "2")) != ""
        assert town.statuses == [200, 200, 429, 429, 200]


def test_a_form_is_no_request(open_gate: Served) -> None:
    """What curl sends without a Content-Type of its own is told what it lacks."""
    told = curl(open_gate.url, kind="application/x-www-form-urlencoded")
    assert json.loads(told)["error"]["message"] == "The Content-Type has to be application/json, in UTF-8."


def test_a_file_that_is_too_large_is_refused_before_it_is_sent(open_gate: Served, tmp_path: Path) -> None:
    """curl asks first whether to go on, and nothing of its 100 MB goes over the wire."""
    large = tmp_path / "large"
    with large.open("wb") as file:
        file.truncate(100_000_000)
    told = curl(open_gate.url, "-w", "%{http_code} %{size_upload}", data=f"@{large}")
    assert told.endswith(b"413 0")
