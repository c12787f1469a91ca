"""Faults, and the account's budget after each: no answer costs a request, what was delivered is paid for."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from stillwatch.decision.policy import Policy, Treatment
from stillwatch.decision.verdict import Step
from stillwatch.gateway.guard import End
from stillwatch.limits.limit import Level, Limit, Measure

from .behind_gate import (
    CHAT,
    COMPLETIONS,
    GEMINI,
    HOUR,
    KEY,
    MESSAGES,
    Behind,
    Spent,
    behind_gate,
    chat,
    posted,
    verdict,
    whole,
)
from .running import SHORT, Bounds, TimeOuts
from .upstream_server import STREAM_HEAD, Conversation, chunk, says

WORDS = ["Rye ", "is ", "ground ", "by ", "the ", "miller."]
CHUNKED = posted(b"").replace(b"Content-Length: 0", b"Transfer-Encoding: chunked")
NOTHING_SPENT = Spent(0, 0, 0)
THREE = (Limit(Level.ACCOUNT, Measure.REQUESTS, 3, HOUR), Limit(Level.ACCOUNT, Measure.OUTPUT_TOKENS, 100_000, HOUR))
INPUT = 13
"""What the messages of `chat()` are by estimate: 50 bytes, four a token."""


def event(word: str, end: str | None = None) -> bytes:
    choice = {"index": 0, "delta": {"content": word}, "finish_reason": end}
    return b"data: %b\n\n" % json.dumps({"id": "c", "choices": [choice]}, ensure_ascii=False).encode()


EVENTS = [event(word, "stop" if word == WORDS[-1] else None) for word in WORDS]
DONE = b"data: [DONE]\n\n"


def answer(body: bytes, status: bytes = b"200 OK", fields: bytes = b"") -> bytes:
    return b"HTTP/1.1 %b\r\nContent-Type: application/json\r\n%bContent-Length: %d\r\n\r\n%b" % (
        status,
        fields,
        len(body),
        body,
    )


USAGE = {"prompt_tokens": 12, "completion_tokens": 6, "total_tokens": 18}
COMPLETION = answer(json.dumps({"choices": [{"index": 0, "message": {"content": "x" * 24}}], "usage": USAGE}).encode())


def stream(*pieces: bytes, end: bytes = b"0\r\n\r\n") -> bytes:
    return STREAM_HEAD + b"".join(map(chunk, pieces)) + end


def faces(
    said: bytes, then: str = "stays", **parts: Any
) -> Callable[[Callable[..., Awaitable[None]]], Callable[..., None]]:
    """Run a test before an upstream that says this to everything."""
    return behind_gate(says(said, then), **parts)


# ---- what the client sends ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b'{"model":"m"} {}',
        b'{"model":"\xff"}',
        b'{"messages":' + b"[" * 100_000 + b"]" * 100_000 + b"}",
        b'{"messages":' + b'{"a":' * 100_000 + b"1" + b"}" * 100_000 + b"}",
        b'{"max_tokens":1,"max_tokens":100000}',
        b'{"max_tokens":1,"\\u006dax_tokens":100000}',
        b'{"max_tokens":1,"Max_Tokens":100000}',
        b'{"stream":"true"}',
        b'{"stream":1}',
        b'{"n":-1}',
        b'{"n":1.5}',
        b'{"n":1e400}',
        b'{"n":' + b"9" * 10_000 + b"}",
        b'{"max_tokens":NaN}',
        b"\x1f\x8b\x08\x00",
        b"\xff\xfe{\x00}\x00",
    ],
    ids=range(18),
)  # fmt: skip
def test_a_body_that_two_parsers_could_read_differently_goes_nowhere_and_costs_nothing(body: bytes) -> None:
    """400 in the client's dialect; the connection stays, and an honest request on it is answered."""

    @faces(COMPLETION)
    async def test(gate: Behind) -> None:
        client = await gate.running.connect()
        client.send(posted(body))
        status, said = await whole(client)
        assert (status, json.loads(said)["error"]["type"]) == (400, "invalid_request_error")
        assert (gate.server.seen, gate.spent()) == ([], NOTHING_SPENT)
        client.send(posted(chat()))
        assert (await whole(client))[0] == 200
        assert await gate.settled() == Spent(1, 12, 6)

    test()


@pytest.mark.parametrize(
    "kind",
    ["application/x-www-form-urlencoded", "multipart/form-data; boundary=b", "application/json; charset=utf-7",
     "application/json, text/plain", "text/json", "application/json;charset=utf-16"],
)  # fmt: skip
def test_json_by_another_name_goes_nowhere(kind: str) -> None:
    """A server that reads a form there, or another charset, would find other parameters in the same bytes."""

    @faces(COMPLETION)
    async def test(gate: Behind) -> None:
        polyglot = b'{"a":"&max_tokens=100000&a=","max_tokens":1}'
        assert (await gate.post(polyglot, fields=f"Content-Type: {kind}\r\n"))[0] == 400
        assert (gate.server.seen, gate.spent()) == ([], NOTHING_SPENT)

    test()


@pytest.mark.parametrize("kind", ["application/json", 'Application/JSON; charset="UTF-8"', "application/vnd.x+json"])
def test_json_by_its_name_goes_on(kind: str) -> None:
    @faces(COMPLETION)
    async def test(gate: Behind) -> None:
        assert (await gate.post(chat(), fields=f"Content-Type: {kind}\r\n"))[0] == 200

    test()


@pytest.mark.parametrize(
    "fields",
    [
        f"Authorization: Bearer {KEY}x\r\n",
        "X-Api-Key: other\r\n",
        "Api-Key: other\r\n",
        "X-Goog-Api-Key: other\r\n",
        "X-Api-Key: \r\nX-Api-Key: other\r\n",
    ],
)
def test_who_presents_two_keys_is_nobody(fields: str) -> None:
    """One could be counted here, and the other obeyed at the model's server."""

    @faces(COMPLETION)
    async def test(gate: Behind) -> None:
        assert (await gate.post(chat(), fields=fields))[0] == 401
        assert (gate.server.seen, gate.spent()) == ([], NOTHING_SPENT)

    test()


@faces(COMPLETION)
async def test_one_key_said_twice_is_one_key(gate: Behind) -> None:
    """Some clients send it in both fields that their provider knows."""
    assert (await gate.post(chat(), fields=f"X-Api-Key: {KEY}\r\n"))[0] == 200


@faces(answer(b'{"usageMetadata":{"promptTokenCount":3,"candidatesTokenCount":2}}'))
async def test_a_key_in_a_query_goes_on_as_a_field_and_is_not_observed(gate: Behind) -> None:
    client = await gate.running.connect()
    body = json.dumps({"contents": [{"parts": [{"text": "hi"}]}]}).encode()
    head = f"POST {GEMINI}?key={KEY}&alt=json HTTP/1.1\r\nHost: a\r\nContent-Length: {len(body)}\r\n\r\n"
    client.send(head.encode() + body)
    assert (await whole(client))[0] == 200
    assert await gate.settled() == Spent(1, 3, 2)
    assert gate.server.seen[0].target == f"{GEMINI}?alt=json"
    assert f"X-Goog-Api-Key: {KEY}\r\n".encode() in gate.server.seen[0].head
    assert KEY not in repr(gate.observed)


@pytest.mark.parametrize("query", ["key=sk%2Dhonest", "key=a%0d%0aX-Evil:1", f"key={KEY}&key=other", "key="])
def test_a_key_in_a_query_that_could_be_read_in_two_ways_is_nobody_s(query: str) -> None:
    @faces(COMPLETION)
    async def test(gate: Behind) -> None:
        client = await gate.running.connect()
        client.send(f"POST {GEMINI}?{query} HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\n{{}}".encode())
        assert (await whole(client))[0] == 401
        assert gate.server.seen == []

    test()


@pytest.mark.parametrize(
    ("path", "method"),
    [
        (CHAT, "GET"), (CHAT, "PUT"), ("/v1/models", "POST"), ("/v1beta/models/m:generateContent/", "POST"),
        ("/v1beta/models/m:batchGenerateContent", "POST"), ("/v1/ch%61t/completions", "POST"), ("/v1/complete", "POST"),
    ],
)  # fmt: skip
def test_a_model_is_asked_by_no_other_way(path: str, method: str) -> None:
    @faces(COMPLETION)
    async def test(gate: Behind) -> None:
        client = await gate.running.connect()
        client.send(posted(chat(), path, method=method))
        assert (await whole(client))[0] == 404
        assert (gate.server.seen, gate.spent()) == ([], NOTHING_SPENT)

    test()


@pytest.mark.parametrize(
    ("more", "path"),
    [
        ({"n": 1e9}, CHAT),
        ({"n": 2**31, "max_tokens": 2**31}, CHAT),
        ({"prompt": ["a"] * 5_000, "n": 2**31}, COMPLETIONS),
    ],
)
def test_a_number_beyond_all_numbers_is_reserved_and_given_back(more: dict[str, Any], path: str) -> None:
    """While it is open nobody else of the account is admitted; what the provider counts takes its place."""

    @faces(COMPLETION)
    async def test(gate: Behind) -> None:
        assert (await gate.post(chat(**more), path))[0] == 200
        assert await gate.settled() == Spent(1, 12, 6)

    test()


@behind_gate(
    says(stream(*EVENTS, DONE)),
    verdict(Step.DEGRADE),
    policy=Policy(degrade=Treatment(most_choices=1, most_output_tokens=3)),
)
async def test_asking_for_many_answers_does_not_buy_a_longer_one(gate: Behind) -> None:
    """The hard budget is that of the answers that are asked for in the end."""
    _, said = await gate.post(chat(n=1_000, stream=True))
    assert said.startswith(b"".join(EVENTS[:3]))
    assert WORDS[3].encode() not in said


@faces(COMPLETION, bounds=Bounds(body_bytes=100_000))
async def test_a_huge_body_is_refused_before_it_is_read(gate: Behind) -> None:
    """413 while the client still sends; nothing of it is kept, nothing is paid."""
    client = await gate.running.connect()
    client.send(posted(b"x" * 100, fields="Content-Length: 100000000\r\n").replace(b"Content-Length: 100\r\n", b""))
    assert (await client.head()).startswith(b"HTTP/1.1 413 ")
    assert (gate.running.worker.state.buffered_bytes, gate.spent()) == (0, NOTHING_SPENT)


@faces(COMPLETION, bounds=Bounds(body_bytes=100_000))
async def test_a_huge_body_in_chunks_is_refused_at_the_bound(gate: Behind) -> None:
    client = await gate.running.connect()
    client.send(CHUNKED + chunk(b"x" * 60_000) * 2)
    assert (await client.head()).startswith(b"HTTP/1.1 413 ")
    assert (gate.running.worker.state.buffered_bytes, gate.spent()) == (0, NOTHING_SPENT)


@pytest.mark.parametrize(
    "sent",
    [posted(chat())[:40], posted(chat())[:-5], CHUNKED + b"5\r\nab"],
    ids=["head", "body", "chunk"],
)
def test_half_a_request_costs_nothing(sent: bytes) -> None:
    """Slow-loris: it is told so after the time-out, whoever it is."""

    @faces(COMPLETION, time_outs=TimeOuts(head=SHORT, body=SHORT))
    async def test(gate: Behind) -> None:
        assert (await gate.running.ask(sent)).startswith(b"HTTP/1.1 408 ")
        assert (gate.server.seen, gate.spent()) == ([], NOTHING_SPENT)

    test()


@faces(COMPLETION)
async def test_a_flood_of_fields_costs_nothing(gate: Behind) -> None:
    for fields in ("X-A: b\r\n" * 200, f"X-A: {'b' * 40_000}\r\n"):
        assert (await gate.running.ask(posted(chat(), fields=fields))).startswith(b"HTTP/1.1 431 ")
    assert (gate.server.seen, gate.spent()) == ([], NOTHING_SPENT)


@faces(COMPLETION)
async def test_heads_that_are_large_or_all_different_fill_no_memory(gate: Behind) -> None:
    """What is remembered of heads is bounded, in number and in size."""
    assert (await gate.post(chat(), fields=f"X-Large: {'x' * 20_000}\r\n"))[0] == 200
    assert len(gate.gate._arrivals) == 0
    for _ in range(2):
        assert (await gate.post(chat()))[0] == 200
    assert len(gate.gate._arrivals) == 1


# ---- what the upstream answers ------------------------------------------------------------------------------------


@pytest.mark.parametrize("then", ["closes", "resets"])
def test_an_upstream_without_an_answer_costs_a_request(then: str) -> None:
    """502, and no tokens: nobody got any."""

    @faces(b"", then)
    async def test(gate: Behind) -> None:
        assert (await gate.post(chat()))[0] == 502
        assert await gate.settled() == Spent(1, 0, 0)

    test()


@faces(b"\x16\x03\x01 this is no HTTP\r\n\r\n")
async def test_garbage_costs_a_request(gate: Behind) -> None:
    assert (await gate.post(chat()))[0] == 502
    assert await gate.settled() == Spent(1, 0, 0)


@faces(b"", time_outs=TimeOuts(first_byte=SHORT))
async def test_an_upstream_that_hangs_costs_a_request(gate: Behind) -> None:
    assert (await gate.post(chat()))[0] == 504
    assert await gate.settled() == Spent(1, 0, 0)


@pytest.mark.parametrize("status", [b"400 Bad Request", b"429 Too Many Requests", b"500 X", b"503 X"])
@pytest.mark.parametrize("page", [b"<html>" + b"x" * 5_000, b'{"error":{"message":"no"}}', b""])
def test_an_error_costs_a_request_however_long_its_page(status: bytes, page: bytes) -> None:
    """It goes to the client as it is; no model has made its text."""

    @faces(answer(page, status))
    async def test(gate: Behind) -> None:
        assert await gate.post(chat()) == (int(status[:3]), page)
        assert await gate.settled() == Spent(1, 0, 0)

    test()


@faces(answer(b'{"error":{"message":"no such model"}}', b"400 Bad Request"), policy=Policy(THREE))
async def test_a_flood_of_requests_that_the_model_s_server_refuses_is_bound_by_the_limit_of_requests(
    gate: Behind,
) -> None:
    """Each costs a request, which is not given back, and its tokens are: so none of them is free for ever."""
    said = [(await gate.post(chat()))[0] for _ in range(5)]
    assert said == [400, 400, 400, 429, 429]
    assert await gate.settled(3) == Spent(3, 0, 0)
    assert len(gate.server.seen) == 3


@pytest.mark.parametrize("then", ["closes", "resets"])
def test_a_stream_that_stops_costs_what_came(then: str) -> None:
    """And is visibly incomplete."""

    async def stops(conversation: Conversation) -> None:
        await conversation.say(stream(*EVENTS[:3], end=b""))
        await conversation.server.go.wait()
        await says(b"", then)(conversation)

    @behind_gate(stops)
    async def test(gate: Behind) -> None:
        client = await gate.running.connect()
        client.send(posted(chat(stream=True)))
        await client.head()
        got = b""
        with pytest.raises(asyncio.IncompleteReadError):
            async for part in client.chunks():
                got += part
                if len(got) == len(b"".join(EVENTS[:3])):
                    gate.server.go.set()
        assert got == b"".join(EVENTS[:3])
        assert await gate.settled() == Spent(1, INPUT, 4)

    test()


@faces(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 9999\r\n\r\n" + b"x" * 400, "closes")
async def test_a_body_shorter_than_announced_costs_what_came(gate: Behind) -> None:
    said = await gate.running.ask(posted(chat()))
    assert said.endswith(b"x" * 400)
    assert await gate.settled() == Spent(1, INPUT, 100)


@faces(COMPLETION + b"HTTP/1.1 200 OK\r\n\r\nmore")
async def test_a_body_longer_than_announced_is_cut_where_it_was_to_end(gate: Behind) -> None:
    assert await gate.post(chat()) == (200, COMPLETION.partition(b"\r\n\r\n")[2])
    assert await gate.settled() == Spent(1, 12, 6)


SHAPES = {
    "crlf": [one.replace(b"\n", b"\r\n") for one in EVENTS],
    "comments": [b": ping\n\n", *[b": c\n" + one for one in EVENTS], b": ping\n\n"],
    "named": [b"event: message\nid: 7\nretry: 10\n" + one for one in EVENTS],
    "byte by byte": [bytes([byte]) for byte in b"".join(EVENTS)],
    "all at once": [b"".join(EVENTS)],
    "no space": [one.replace(b"data: ", b"data:") for one in EVENTS],
    "bom and keep-alives": [b"\n\n", *EVENTS, b"\n\n\n\n"],
}


@pytest.mark.parametrize("is_done", [True, False])
@pytest.mark.parametrize("shape", SHAPES)
def test_every_way_to_write_events_passes_as_it_is_and_is_counted(shape: str, is_done: bool) -> None:
    pieces = [*SHAPES[shape], *[DONE] * is_done]

    @faces(stream(*pieces))
    async def test(gate: Behind) -> None:
        assert await gate.post(chat(stream=True)) == (200, b"".join(pieces))
        assert await gate.settled() == Spent(1, INPUT, 7)

    test()


@pytest.mark.parametrize("is_hidden", [True, False])
@pytest.mark.parametrize("size", [1, 2, 3, 7])
def test_a_character_may_be_split_between_chunks(size: int, is_hidden: bool) -> None:
    """UTF-8 is put together before it is read."""
    text = b"".join(event(word) for word in ("水と", "風の", "— ", "記録"))
    pieces = [text[at : at + size] for at in range(0, len(text), size)]
    verdicts = [verdict(Step.DEGRADE)] if is_hidden else []

    @behind_gate(says(stream(*pieces)), *verdicts)
    async def test(gate: Behind) -> None:
        assert await gate.post(chat(stream=True)) == (200, text)
        assert (await gate.settled()).output_tokens == 6

    test()


@pytest.mark.parametrize("used", [{"prompt_tokens": 12}, {"prompt_tokens": 12, "completion_tokens": 0}])
def test_a_server_that_says_nothing_was_used_is_not_believed(used: dict[str, int]) -> None:
    """A text of 24 bytes is six tokens, by estimate."""

    @faces(answer(json.dumps({"choices": [{"message": {"content": "x" * 24}}], "usage": used}).encode()))
    async def test(gate: Behind) -> None:
        assert (await gate.post(chat()))[0] == 200
        assert await gate.settled() == Spent(1, 12, 6)

    test()


@faces(answer(b'{"choices":[]}', fields=b"Content-Encoding: gzip\r\n"), policy=Policy())
async def test_a_compressed_answer_goes_on_where_nothing_is_hidden(gate: Behind) -> None:
    assert (await gate.post(chat()))[0] == 200
    assert b"Accept-Encoding: identity" in gate.server.seen[0].head


@behind_gate(says(answer(b'{"choices":[]}', fields=b"Content-Encoding: gzip\r\n")), verdict(Step.DEGRADE))
async def test_what_cannot_be_read_is_not_let_through_where_reasoning_is_hidden(gate: Behind) -> None:
    """Fails closed: nobody can say what is in it."""
    assert (await gate.post(chat()))[0] == 502
    assert await gate.settled() == Spent(1, 0, 0)


@faces(answer(b"{}", fields=b"X-RateLimit-Limit-Requests: 7\r\nx-ratelimit-reset-tokens: 1s\r\nX-Request-Id: 1\r\n"))
async def test_a_client_is_told_one_set_of_limits(gate: Behind) -> None:
    """Its own: what the provider grants the whole gateway would stand beside them, and SDKs read the first."""
    client = await gate.running.connect()
    client.send(posted(chat()))
    head = (await client.head()).lower()
    assert head.count(b"x-ratelimit-limit-requests:") == head.count(b"x-ratelimit-reset-tokens:") == 1
    assert b"x-ratelimit-limit-requests: 100\r\n" in head
    assert b"x-request-id: 1\r\n" in head


# ---- how the client leaves ----------------------------------------------------------------------------------------


async def goes_on(conversation: Conversation) -> None:
    """All events but the last, which comes when the test says so."""
    await conversation.say(stream(*EVENTS[:-1], end=b""))
    await conversation.server.go.wait()
    await conversation.say(chunk(EVENTS[-1]) + b"0\r\n\r\n")


async def pauses(conversation: Conversation) -> None:
    """All events but the last, and then nothing until the gateway closes."""
    await conversation.say(stream(*EVENTS[:-1], end=b""))
    await conversation.until_closed()


async def read_but_the_last(gate: Behind) -> Any:
    client = await gate.running.connect()
    client.send(posted(chat(stream=True)))
    await client.head()
    got = b""
    async for part in client.chunks():
        got += part
        if got == b"".join(EVENTS[:-1]):
            return client
    raise AssertionError("the stream ended")


@behind_gate(pauses)
async def test_a_client_that_leaves_before_the_last_event_pays_for_the_others(gate: Behind) -> None:
    client = await read_but_the_last(gate)
    client.writer.transport.abort()
    assert await gate.settled() == Spent(1, INPUT, 6)
    assert gate.gate.counts.ended[End.CLIENT_LEFT] == 1
    await gate.server.gone.wait()


@behind_gate(pauses)
async def test_a_client_that_closes_its_sending_side_counts_as_gone(gate: Behind) -> None:
    """As with nginx; its slot is free at once."""
    client = await read_but_the_last(gate)
    client.writer.write_eof()
    assert await gate.settled() == Spent(1, INPUT, 6)
    await gate.server.gone.wait()


@behind_gate(goes_on)
async def test_an_open_answer_holds_a_slot_and_its_reservation(gate: Behind) -> None:
    await read_but_the_last(gate)
    assert gate.spent() == Spent(1, INPUT, 1_000, open=1)
    gate.server.go.set()
    assert await gate.settled() == Spent(1, INPUT, 7)


@pytest.mark.parametrize("step", [-HOUR * 1_000_000, HOUR * 1_000_000, -400 * 86_400 * 1_000_000])
def test_a_step_of_the_wall_clock_moves_no_budget(step: int) -> None:
    """Limits are measured on a clock that nobody sets."""

    @behind_gate(goes_on)
    async def test(gate: Behind) -> None:
        await read_but_the_last(gate)
        gate.steps_us = step
        gate.server.go.set()
        assert await gate.settled() == Spent(1, INPUT, 7)

    test()


@pytest.mark.parametrize(("path", "body"), [(CHAT, chat()), (MESSAGES, chat()), (GEMINI, {"contents": []})])
def test_a_debt_beyond_all_dates_can_still_be_told(path: str, body: dict[str, Any]) -> None:
    """A reset in the year 20,000 has no date in a header field; the client gets its answer all the same."""
    a_day = Limit(Level.ACCOUNT, Measure.OUTPUT_TOKENS, 1, 86_400)

    @behind_gate(says(COMPLETION), policy=Policy((a_day,)))
    async def test(gate: Behind) -> None:
        assert (await gate.post({**body, "max_tokens": 2**31}, path))[0] == 200

    test()
