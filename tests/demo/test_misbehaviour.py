"""The model misbehaves exactly as it was asked to, for that request alone."""

from __future__ import annotations

import asyncio
import json

import pytest

from .serving import model, run

BODY = json.dumps({"model": "m", "messages": [{"role": "user", "content": "Why is rye dense?"}]}).encode()
STREAM = BODY[:-1] + b', "stream": true}'


async def ask(url: str, misbehave: str, body: bytes = BODY, query: str = "") -> tuple[bytes, bool]:
    """Everything that came on a connection of its own until it was closed, and whether it was reset."""
    host, port = url.removeprefix("http://").split(":")
    reader, writer = await asyncio.open_connection(host, int(port), limit=1 << 22)
    field = f"X-Misbehave: {misbehave}\r\n" if misbehave else ""
    head = f"POST /v1/chat/completions{query} HTTP/1.1\r\nHost: h\r\nConnection: close\r\n{field}"
    writer.write(f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body)
    came = b""
    try:
        while block := await reader.read(65_536):
            came += block
    except ConnectionResetError:
        return came, True
    finally:
        writer.close()
    return came, False


def answer_to(misbehave: str, body: bytes = BODY, query: str = "") -> tuple[bytes, bool]:
    answers: list[tuple[bytes, bool]] = []

    async def test() -> None:
        async with model() as url:
            answers.append(await ask(url, misbehave, body, query))

    run(test())
    return answers[0]


def test_who_asks_for_nothing_gets_an_honest_answer() -> None:
    came, _ = answer_to("")
    head, _, body = came.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 200 OK\r\n")
    assert json.loads(body)["choices"][0]["finish_reason"] == "stop"


def test_reset_ends_the_connection_without_a_word() -> None:
    assert answer_to("reset") == (b"", True)


def test_garbage_is_no_http() -> None:
    came, _ = answer_to("garbage")
    assert came
    assert not came.startswith(b"HTTP/")


def test_stop_mid_stream_leaves_an_answer_without_its_end() -> None:
    came, _ = answer_to("stop-mid-stream", STREAM)
    assert b"data: " in came
    assert b"[DONE]" not in came
    assert not came.endswith(b"0\r\n\r\n")


def test_stop_mid_stream_halves_an_answer_that_is_no_stream() -> None:
    head, _, body = answer_to("stop-mid-stream")[0].partition(b"\r\n\r\n")
    announced = int(head.lower().split(b"content-length: ")[1].split(b"\r\n")[0])
    assert len(body) == announced // 2


def test_wrong_length_announces_more_than_comes() -> None:
    head, _, body = answer_to("wrong-length")[0].partition(b"\r\n\r\n")
    announced = int(head.lower().split(b"content-length: ")[1].split(b"\r\n")[0])
    assert announced == 2 * len(body)


def test_overlong_head_has_a_mebibyte() -> None:
    head, _, body = answer_to("overlong-head")[0].partition(b"\r\n\r\n")
    assert len(head) > 1 << 20
    assert json.loads(body)["object"] == "chat.completion"


@pytest.mark.parametrize(("asked", "status"), [("status=500", 500), ("status=418", 418), ("429", 429)])
def test_a_status_comes_in_the_providers_own_form(asked: str, status: int) -> None:
    head, _, body = answer_to(asked)[0].partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 %d " % status)
    assert json.loads(body)["error"]["message"] == f"You asked for {status}."
    assert (b"Retry-After: 2" in head) == (status == 429)


def test_a_query_asks_as_a_field_does() -> None:
    assert answer_to("", query="?misbehave=status=503")[0].startswith(b"HTTP/1.1 503 ")


def test_an_unknown_word_is_refused_with_those_that_are_known() -> None:
    came, _ = answer_to("explode")
    assert came.startswith(b"HTTP/1.1 400 ")
    assert b"stop-mid-stream" in came


def test_hang_says_nothing_until_the_client_leaves() -> None:
    """The next request of another connection is answered meanwhile."""

    async def test() -> None:
        async with model() as url:
            hanging = asyncio.create_task(ask(url, "hang"))
            came, _ = await ask(url, "")
            assert came.startswith(b"HTTP/1.1 200 ")
            assert not hanging.done()
            hanging.cancel()
            await asyncio.gather(hanging, return_exceptions=True)

    run(test())


def test_slow_waits_before_the_first_byte() -> None:
    """The clock of the loop is what the server itself goes by."""

    async def test() -> None:
        async with model() as url:
            began = asyncio.get_running_loop().time()
            came, _ = await ask(url, "slow=0.05")
            assert asyncio.get_running_loop().time() - began >= 0.05
            assert came.startswith(b"HTTP/1.1 200 ")

    run(test())


def test_requests_of_one_connection_are_answered_in_their_order() -> None:
    async def test() -> None:
        async with model() as url:
            host, port = url.removeprefix("http://").split(":")
            reader, writer = await asyncio.open_connection(host, int(port))
            head = b"POST /v1/chat/completions?tokens=%d HTTP/1.1\r\nHost: h\r\nContent-Length: %d\r\n\r\n"
            writer.write(b"".join(head % (length, len(BODY)) + BODY for length in (400, 20)))
            used = []
            for _ in range(2):
                got = (await reader.readuntil(b"\r\n\r\n")).lower()
                body = await reader.readexactly(int(got.split(b"content-length: ")[1].split(b"\r\n")[0]))
                used.append(json.loads(body)["usage"]["completion_tokens"])
            writer.close()
        assert used[0] > 300 > used[1]

    run(test())
