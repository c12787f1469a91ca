"""A real client of a real LiteLLM proxy with the hook in it: limited, treated, counted, settled, observed.

LiteLLM pins another version of a client than this project's tests use, so it runs by an interpreter of its own, which
`STILLWATCH_LITELLM_PYTHON` names; it needs `litellm[proxy]` and `msgspec`.
"""

from __future__ import annotations

import asyncio
import importlib.util
import os
import secrets
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import openai
import pytest

import stillwatch
from stillwatch.decision.docket import Docket
from stillwatch.decision.journal import Journal
from stillwatch.decision.verdict import Step, Verdict
from stillwatch.observing.frames import Deframer, Observed

from .envoy import EXAMPLES, free_port
from .files import limit
from .model_server import WORDS, Model, app_of, served

PYTHON = os.environ.get("STILLWATCH_LITELLM_PYTHON") or (
    sys.executable if importlib.util.find_spec("litellm") is not None else None
)
pytestmark = pytest.mark.skipif(
    PYTHON is None, reason="LiteLLM is not installed: name an interpreter that has it in STILLWATCH_LITELLM_PYTHON"
)
START_SECONDS = 240
"""LiteLLM loads for ten seconds of CPU time, and longer on a busy machine."""
LONGEST_SECONDS = 60
POLICY = (
    limit("requests", 3)
    + limit("output_tokens", 100_000)
    + "[delay]\nseconds = 0.05\n"
    + '[degrade]\nlogprobs = false\nmost_choices = 1\nmost_output_tokens = 3\nreasoning = "hide"\n'
)


@dataclass
class Beside:
    """What stands beside the proxy, in a thread of its own: a model server, and an observer."""

    socket: Path
    model: Model = field(default_factory=Model)
    observed: list[Observed] = field(default_factory=list)
    port: int = 0
    ready: threading.Event = field(default_factory=threading.Event)

    def run(self) -> None:
        asyncio.run(self._run())

    async def _run(self) -> None:
        self.loop, self.stop = asyncio.get_running_loop(), asyncio.Event()
        async with await asyncio.start_unix_server(self._take, str(self.socket)), served(app_of(self.model)) as port:
            self.port = port
            self.ready.set()
            await self.stop.wait()

    async def _take(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        frames = Deframer(Observed)
        try:
            while piece := await reader.read(65_536):
                self.observed.extend(frames.feed(piece))
        finally:
            writer.close()

    def of(self, account: str) -> Observed:
        """The exchange of this account, once it is settled."""
        latest = time.monotonic() + LONGEST_SECONDS
        while not (found := [one for one in self.observed if one.account == account]):
            assert time.monotonic() < latest, f"nothing of {account} was observed"
            time.sleep(0.02)
        (one,) = found
        return one


@dataclass
class Proxy:
    url: str
    beside: Beside

    def client(self, account: str) -> openai.OpenAI:
        return openai.OpenAI(api_key=f"sk-{account}", base_url=f"{self.url}/v1", max_retries=0)

    def ask(self, account: str, **more: Any) -> Any:
        messages = [{"role": "user", "content": "Who grinds the rye?"}]
        with self.client(account) as client:
            return client.chat.completions.create(model="m", messages=messages, **more)

    def stream(self, account: str, **more: Any) -> list[Any]:
        """All events of a stream."""
        messages = [{"role": "user", "content": "Who grinds the rye?"}]
        with self.client(account) as client:
            return list(client.chat.completions.create(model="m", messages=messages, stream=True, **more))

    def seen(self) -> dict[str, Any]:
        """The newest request that reached the model."""
        return self.beside.model.bodies[-1]


@pytest.fixture(scope="module")
def proxy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Proxy]:
    folder = tmp_path_factory.mktemp("litellm")
    beside = Beside(folder / "observer.sock")
    thread = threading.Thread(target=beside.run)
    thread.start()
    assert beside.ready.wait(LONGEST_SECONDS)
    process, url = started(folder, beside)
    try:
        until_it_answers(process, url, folder / "log.txt")
        yield Proxy(url, beside)
    finally:
        process.kill()
        process.wait()
        beside.loop.call_soon_threadsafe(beside.stop.set)
        thread.join()


def started(folder: Path, beside: Beside) -> tuple[subprocess.Popen[bytes], str]:
    (folder / "policy.toml").write_text(POLICY)
    (folder / "keys.jsonl").write_text("")
    (folder / "door.toml").write_text(
        f'policy = "policy.toml"\nkeys = "keys.jsonl"\njournal = "journal.jsonl"\nobserver = "{beside.socket}"\n'
    )
    now_us = time.time_ns() // 1_000
    for account, step in {
        "degraded": Step.DEGRADE,
        "cut": Step.DEGRADE,
        "denied": Step.DENY,
        "slow": Step.DELAY,
    }.items():
        verdict = Verdict(f"V-{account}", step, (account,), ("a reason",), "test", now_us, now_us + 3_600_000_000)
        Docket(Journal(folder / "journal.jsonl")).give(verdict)
    example = (EXAMPLES / "litellm.yaml").read_text()
    (folder / "litellm.yaml").write_text(example.replace("127.0.0.1:8000", f"127.0.0.1:{beside.port}"))
    shutil.copy(EXAMPLES / "accounts.py", folder)
    port = free_port()
    source = str(Path(stillwatch.__file__).parents[1])
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(folder),
        "PYTHONPATH": source,
        "STILLWATCH_DOOR": str(folder / "door.toml"),
        "LITELLM_MASTER_KEY": f"sk-{secrets.token_hex(32)}",
        "LITELLM_LOCAL_MODEL_COST_MAP": "True",
        "LITELLM_TELEMETRY": "False",
    }
    entry = "from litellm.proxy.proxy_cli import run_server; run_server()"
    arguments = ["--config", "litellm.yaml", "--host", "127.0.0.1", "--port", str(port)]
    command = [str(PYTHON), "-c", entry, *arguments]
    with (folder / "log.txt").open("wb") as log:
        process = subprocess.Popen(command, cwd=folder, env=environment, stdout=log, stderr=log)  # noqa: S603 - ours
    return process, f"http://127.0.0.1:{port}"


def until_it_answers(process: subprocess.Popen[bytes], url: str, log: Path) -> None:
    latest = time.monotonic() + START_SECONDS
    while time.monotonic() < latest and process.poll() is None:
        try:
            httpx.get(f"{url}/health/liveliness", timeout=5).raise_for_status()
        except httpx.HTTPError:
            time.sleep(0.2)
        else:
            return
    pytest.fail(log.read_text(errors="replace")[-3_000:])


def test_an_honest_client_gets_its_answer_and_its_limits(proxy: Proxy) -> None:
    with proxy.client("honest") as client:
        answer = client.chat.completions.with_raw_response.create(
            model="m", messages=[{"role": "user", "content": "Who grinds the rye?"}]
        )
    assert answer.parse().choices[0].message.content == "".join(WORDS)
    assert answer.headers["x-ratelimit-remaining-requests"] == "2"
    seen = proxy.beside.of("honest")
    assert (seen.input_tokens, seen.output_tokens, seen.organization, seen.end) == (12, 6, "org", "complete")
    assert (b"grinds" in seen.body, b"miller" in seen.response, "sk-honest" in repr(seen)) == (True, True, False)


def test_who_asks_too_often_gets_429_in_litellms_form(proxy: Proxy) -> None:
    for _ in range(3):
        proxy.ask("limited")
    with pytest.raises(openai.RateLimitError) as refused:
        proxy.ask("limited")
    assert refused.value.body["message"].startswith("Rate limit reached for requests.")
    assert 1190 <= int(refused.value.response.headers["retry-after"]) <= 1200


def test_a_stream_is_counted_as_it_leaves(proxy: Proxy) -> None:
    events = proxy.stream("streaming", max_tokens=900)
    assert "".join(event.choices[0].delta.content or "" for event in events if event.choices) == "".join(WORDS)
    seen = proxy.beside.of("streaming")
    assert (6 <= seen.output_tokens <= 9, seen.end) == (True, "complete")


def test_a_client_that_leaves_in_the_middle_of_a_stream_is_settled(proxy: Proxy) -> None:
    proxy.beside.model.waits = True
    try:
        with proxy.client("leaving") as client:
            messages = [{"role": "user", "content": "Who grinds the rye?"}]
            stream = client.chat.completions.create(model="m", messages=messages, stream=True, max_tokens=900)
            for event in stream:
                if event.choices[0].delta.content:
                    break
            stream.close()
        seen = proxy.beside.of("leaving")
        assert (1 <= seen.output_tokens <= 5, seen.end) == (True, "client_left")
    finally:
        proxy.beside.model.waits = False


def test_a_degraded_account_gets_less(proxy: Proxy) -> None:
    answer = proxy.ask("degraded", n=4, logprobs=True, top_logprobs=5, max_tokens=900)
    assert getattr(answer.choices[0].message, "reasoning_content", None) is None
    seen = proxy.seen()
    assert (seen.get("n", 1), seen["max_tokens"], "logprobs" in seen, "top_logprobs" in seen) == (1, 3, False, False)


def test_what_is_said_in_extra_body_is_held_to_as_well(proxy: Proxy) -> None:
    with proxy.client("cut") as client:
        said = client.post(
            "/chat/completions",
            cast_to=httpx.Response,
            body={"model": "m", "messages": [{"role": "user", "content": "Rye?"}], "extra_body": {"n": 4}},
        )
        assert said.status_code == 200
        assert proxy.seen().get("n", 1) == 1
        with pytest.raises(openai.BadRequestError):
            client.post(
                "/chat/completions", cast_to=httpx.Response, body={"model": "m", "n": 1, "extra_body": {"n": 4}}
            )


def test_a_stream_past_a_hard_budget_ends_well(proxy: Proxy) -> None:
    events = proxy.stream("degraded")
    assert "".join(event.choices[0].delta.content or "" for event in events if event.choices) == "".join(WORDS[:3])
    assert [event.choices[0].finish_reason for event in events if event.choices][-1] == "length"


def test_a_delayed_account_gets_its_whole_answer(proxy: Proxy) -> None:
    assert proxy.ask("slow").choices[0].message.content == "".join(WORDS)


def test_a_denied_account_reaches_no_model(proxy: Proxy) -> None:
    before = len(proxy.beside.model.bodies)
    with pytest.raises(openai.PermissionDeniedError):
        proxy.ask("denied")
    assert len(proxy.beside.model.bodies) == before


def test_a_model_that_fails_costs_no_tokens(proxy: Proxy) -> None:
    proxy.beside.model.fails = True
    try:
        with pytest.raises(openai.APIStatusError):
            proxy.ask("unlucky")
    finally:
        proxy.beside.model.fails = False
    assert proxy.beside.of("unlucky").output_tokens == 0
