"""Honest traffic comes through byte for byte."""

from __future__ import annotations

import asyncio
import hashlib
import json
from itertools import cycle

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stillwatch.decision.policy import Policy
from stillwatch.gateway.passing import Paths

from .behind_gate import behind, chat, posted, whole
from .running import gateway, run
from .upstream_server import STREAM_HEAD, Conversation, answers, chunk, says, upstream

EVERY_BYTE = bytes(range(256)) * 64
TEN_MEGABYTES = bytes(range(251)) * 41_667


def post(body: bytes, target: bytes = b"/v1/chat/completions", fields: bytes = b"") -> bytes:
    return b"POST %b HTTP/1.1\r\nHost: api\r\n%bContent-Length: %d\r\n\r\n%b" % (target, fields, len(body), body)


async def echoes(conversation: Conversation) -> None:
    await conversation.say(
        b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(conversation.body) + conversation.body
    )


@pytest.mark.parametrize("body", [b"", b"x", EVERY_BYTE, TEN_MEGABYTES], ids=["empty", "one", "every", "10 MB"])
def test_a_body_goes_up_and_comes_back_unchanged(body: bytes) -> None:
    """Announced length, both ways."""

    async def test() -> None:
        async with upstream(echoes) as server, gateway(server.port) as running:
            client = await running.connect()
            client.send(post(body))
            _, answer = await client.answer()
            assert answer == body
            assert server.seen[0].body == body

    run(test())


@pytest.mark.parametrize("size", [1, 7, 1024, 100_000])
def test_a_chunked_request_arrives_whole(size: int) -> None:
    """Wherever its chunks are cut, and whatever their extensions and trailers say; it goes on with a length."""

    async def test() -> None:
        async with upstream(echoes) as server, gateway(server.port) as running:
            client = await running.connect()
            client.send(b"POST /x HTTP/1.1\r\nHost: api\r\nTransfer-Encoding: chunked\r\n\r\n")
            for start in range(0, len(EVERY_BYTE), size):
                client.send(chunk(EVERY_BYTE[start : start + size]))
            client.send(b"0;a=b\r\nX-Trailer: 1\r\n\r\n")
            _, answer = await client.answer()
            assert answer == EVERY_BYTE
            assert b"ransfer" not in server.seen[0].head
            assert b"X-Trailer" not in server.seen[0].head

    run(test())


@pytest.mark.parametrize("size", [1, 13, 4096, len(TEN_MEGABYTES)])
def test_a_streamed_answer_arrives_whole(size: int) -> None:
    """Wherever the upstream cuts its chunks."""
    body = TEN_MEGABYTES if size > 1_000 else EVERY_BYTE

    async def streams(conversation: Conversation) -> None:
        await conversation.say(STREAM_HEAD)
        for start in range(0, len(body), size):
            await conversation.say(chunk(body[start : start + size]))
        await conversation.say(b"0\r\n\r\n")

    async def test() -> None:
        async with upstream(streams) as server, gateway(server.port) as running:
            client = await running.connect()
            client.send(post(b"{}"))
            _, answer = await client.answer()
            assert answer == body

    run(test())


def test_each_event_of_a_stream_arrives_before_the_next_is_sent() -> None:
    """Nothing is held back: the upstream says an event only after the client has read the one before."""

    async def streams(conversation: Conversation) -> None:
        await conversation.say(STREAM_HEAD)
        for number in range(20):
            await conversation.say(chunk(b"data: %d\n\n" % number))
            await conversation.server.go.wait()
            conversation.server.go.clear()
        await conversation.say(b"0\r\n\r\n")

    async def test() -> None:
        async with upstream(streams) as server, gateway(server.port) as running:
            client = await running.connect()
            client.send(post(b"{}"))
            assert b"text/event-stream" in await client.head()
            events = []
            async for event in client.chunks():
                events.append(event)
                server.go.set()
            assert events == [b"data: %d\n\n" % number for number in range(20)]

    run(test())


def test_a_request_cut_anywhere_is_one_request() -> None:
    """Head and body arrive byte by byte."""
    request = post(b'{"model":"m"}', fields=b"Authorization: Bearer k\r\n")

    async def test() -> None:
        async with upstream(echoes) as server, gateway(server.port) as running:
            client = await running.connect()
            for byte in request:
                client.send(bytes([byte]))
                await asyncio.sleep(0)
            _, answer = await client.answer()
            assert answer == b'{"model":"m"}'
            assert len(server.seen) == 1

    run(test())


def test_pipelined_requests_are_answered_in_their_order() -> None:
    """One after the other, never two at a time at the upstream."""

    async def test() -> None:
        async with upstream(echoes) as server, gateway(server.port) as running:
            client = await running.connect()
            client.send(b"".join(post(b"%d" % number) for number in range(20)))
            assert [(await client.answer())[1] for _ in range(20)] == [b"%d" % number for number in range(20)]
            assert server.connections == 1

    run(test())


def test_an_answer_without_length_ends_with_its_connection() -> None:
    """To a client of HTTP/1.1 it goes in chunks, to one of HTTP/1.0 as it is."""

    async def test() -> None:
        untold = b"HTTP/1.1 200 OK\r\n\r\n" + EVERY_BYTE
        async with upstream(says(untold, then="closes")) as server, gateway(server.port) as running:
            client = await running.connect()
            client.send(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
            assert (await client.answer())[1] == EVERY_BYTE
            old = await running.ask(b"GET / HTTP/1.0\r\n\r\n")
            assert old.endswith(b"\r\nConnection: close\r\n\r\n" + EVERY_BYTE)

    run(test())


def test_a_client_of_http_10_gets_a_stream_without_chunks() -> None:
    async def test() -> None:
        stream = STREAM_HEAD + chunk(b"data: 1\n\n") + chunk(b"data: 2\n\n") + b"0\r\n\r\n"
        async with upstream(says(stream)) as server, gateway(server.port) as running:
            answer = await running.ask(b"GET / HTTP/1.0\r\n\r\n")
            assert answer.endswith(b"\r\n\r\ndata: 1\n\ndata: 2\n\n")
            assert b"ransfer" not in answer

    run(test())


def test_a_client_of_http_10_may_keep_its_connection() -> None:
    async def test() -> None:
        async with upstream(answers) as server, gateway(server.port) as running:
            client = await running.connect()
            for _ in range(2):
                client.send(b"GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n")
                assert b"Connection: keep-alive" in (await client.answer())[0]

    run(test())


@pytest.mark.parametrize(
    ("request_line", "said", "lengths"),
    [
        (b"HEAD /", b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n", [b"content-length: 5"]),
        (b"GET /", b"HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n", [b"content-length: 5"]),
        (b"DELETE /", b"HTTP/1.1 204 No Content\r\n\r\n", []),
        (b"HEAD /", b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", []),
    ],
)
def test_an_answer_without_body_has_none(request_line: bytes, said: bytes, lengths: list[bytes]) -> None:
    """Whatever its length field says: the next answer follows at once."""

    async def test() -> None:
        async with upstream(says(said)) as server, gateway(server.port) as running:
            client = await running.connect()
            for _ in range(2):
                client.send(request_line + b" HTTP/1.1\r\nHost: a\r\n\r\n")
                head = (await client.head()).lower()
                assert [line for line in head.split(b"\r\n") if line.startswith(b"content-length")] == lengths

    run(test())


def test_interim_answers_end_at_the_gateway() -> None:
    async def test() -> None:
        said = b"HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
        async with upstream(says(said)) as server, gateway(server.port) as running:
            client = await running.connect()
            client.send(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
            assert await client.answer() == (b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n", b"ok")

    run(test())


def test_a_client_that_asks_whether_to_go_on_is_told_so() -> None:
    """Expect: 100-continue is answered by the gateway, and does not go on."""

    async def test() -> None:
        async with upstream(echoes) as server, gateway(server.port) as running:
            client = await running.connect()
            client.send(b"POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n")
            assert await client.head() == b"HTTP/1.1 100 Continue\r\n\r\n"
            client.send(b"ok")
            assert (await client.answer())[1] == b"ok"
            assert b"xpect" not in server.seen[0].head

    run(test())


def cut(body: bytes, sizes: list[int]) -> list[bytes]:
    """A body in pieces of these sizes, again and again."""
    pieces, at = [], 0
    for size in cycle(sizes):
        if at >= len(body):
            return pieces
        pieces.append(body[at : at + size])
        at += size
    return pieces


BODIES = st.binary(max_size=5_000) | st.binary(min_size=1, max_size=50).map(lambda some: some * 4_000)
SIZES = st.lists(st.integers(1, 70_000), min_size=1, max_size=5)


@settings(max_examples=60)
@given(sent=BODIES, answered=BODIES, sizes=SIZES, is_chunked=st.booleans(), is_stream=st.booleans())
def test_any_body_in_any_pieces_passes_the_gate_unchanged(
    sent: bytes, answered: bytes, sizes: list[int], is_chunked: bool, is_stream: bool
) -> None:
    """Both ways, by their digests: on a path that is passed on, and as the answer of a model."""
    head = STREAM_HEAD if is_stream else b"HTTP/1.1 200 OK\r\nContent-Type: a/b\r\nTransfer-Encoding: chunked\r\n\r\n"

    async def says_it(conversation: Conversation) -> None:
        await conversation.say(head + b"".join(map(chunk, cut(answered, sizes))) + b"0\r\n\r\n")

    async def test() -> None:
        async with behind(says_it, paths=Paths(listed=("/v1/files",))) as gate:
            client = await gate.running.connect()
            request = posted(sent, "/v1/files", "Content-Type: a/b\r\n")
            if is_chunked:
                request = request[: -len(sent)] if sent else request
                length = b"Content-Length: %d" % len(sent)
                request = request.replace(length, b"Transfer-Encoding: chunked")
                request += b"".join(map(chunk, cut(sent, sizes))) + b"0\r\n\r\n"
            client.send(request)
            assert md5((await whole(client))[1]) == md5(answered)
            assert md5(gate.server.seen[0].body) == md5(sent)
            body = json.dumps(chat(user=sent.hex(), stream=is_stream)).encode()
            client.send(posted(body))
            assert md5((await whole(client))[1]) == md5(answered)
            assert md5(gate.server.seen[1].body) == md5(body)

    run(test())


def md5(content: bytes) -> str:
    return hashlib.md5(content, usedforsecurity=False).hexdigest()


def test_every_field_that_is_meant_for_the_other_end_arrives() -> None:
    """In the client's order and spelling, repeated ones too; what ends here is named in the page."""
    mine = (
        "OpenAI-Organization: o\r\nx-stainless-lang: python\r\nX-Two: 1\r\nx-two: 2\r\nAccept: */*\r\nCookie: a=b\r\n"
    )
    gone = (
        "Connection: X-Hop\r\nX-Hop: 1\r\nTE: trailers\r\nX-Forwarded-For: 1.1.1.1\r\nX-HTTP-Method-Override: GET\r\n"
    )
    theirs = (
        b"x-request-id: r\r\nopenai-processing-ms: 7\r\nSet-Cookie: a\r\nSet-Cookie: b\r\nServer: m\r\nETag: W/1\r\n"
    )

    async def says_it(conversation: Conversation) -> None:
        await conversation.say(
            b"HTTP/1.1 200 OK\r\n" + theirs + b"Keep-Alive: timeout=5\r\nContent-Length: 2\r\n\r\n{}"
        )

    async def test() -> None:
        async with behind(says_it, policy=Policy()) as gate:
            client = await gate.running.connect()
            client.send(posted(chat(), fields=mine + gone))
            head, _ = await client.answer()
            assert theirs in head
            assert b"Keep-Alive" not in head
            sent = gate.server.seen[0].head
            assert mine.encode() in sent
            assert not any(name in sent for name in (b"X-Hop", b"TE:", b"1.1.1.1", b"Override"))

    run(test())
