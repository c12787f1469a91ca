"""Upstreams that fail, clients that leave, guards that decide: what each side sees, and that the end is told once."""

from __future__ import annotations

import asyncio
import socket

import pytest

from stillwatch.gateway.guard import Answer, End, HeadChange, Request

from .running import SHORT, Bounds, TimeOuts, Watching, gateway, run
from .upstream_server import STREAM_HEAD, WHOLE, Conversation, answers, chunk, says, upstream

GET = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"
POST = b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\n{}"


async def hangs(conversation: Conversation) -> None:
    await conversation.until_closed()


async def streams_forever(conversation: Conversation) -> None:
    await conversation.say(STREAM_HEAD)
    while True:
        await conversation.say(chunk(b"data: x\n\n" * 1000))


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.mark.parametrize(
    ("said", "then"),
    [
        (b"", "closes"),
        (b"", "resets"),
        (b"SSH-2.0-x\r\n", "stays"),
        (b"HTTP/1.1 200 OK\nContent-Length: 0\n\n", "stays"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n", "stays"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n", "stays"),
        (b"HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n", "stays"),
        (b"HTTP/1.1 200 OK\r\nContent-", "closes"),
    ],
)
def test_an_upstream_that_answers_nothing_of_use_is_a_502(said: bytes, then: str) -> None:
    """In JSON, and the client's connection stays good; a POST is never sent twice."""

    async def test() -> None:
        guard = Watching()
        async with upstream(says(said, then)) as server, gateway(server.port, guard) as running:
            client = await running.connect()
            for _ in range(2):
                client.send(POST)
                head, body = await client.answer()
                assert head.startswith(b"HTTP/1.1 502 Bad Gateway\r\n")
                assert body.startswith(b'{"error": {"message": ')
            assert len(server.seen) == 2
            assert guard.ends == [(End.UPSTREAM_FAILED, 0)] * 2

    run(test())


OK = b"HTTP/1.1 200 OK\r\n"
LARGE = b"x" * 32_768
WITH_LENGTH = b"Content-Length: 2\r\n\r\nok"


@pytest.mark.parametrize(
    "said",
    [
        OK + b"X: " + LARGE + b"\r\n" + WITH_LENGTH,
        OK + b"X: " + LARGE * 20,
        OK + b"X: " + LARGE * 20 + b"\r\n" + WITH_LENGTH,
        OK + b"X: y\r\n" * 100 + WITH_LENGTH,
        b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n" * 20_000,
        b"HTTP/1.1 200 " + LARGE * 20,
    ],
    ids=["one field", "a field without end", "a long field", "many fields", "interim heads", "a reason without end"],
)
def test_an_answer_s_head_is_bounded(said: bytes) -> None:
    """An upstream that went astray fills no memory: 502, which says why, and the client's connection stays good."""

    async def test() -> None:
        guard = Watching()
        async with upstream(says(said)) as server, gateway(server.port, guard) as running:
            client = await running.connect()
            for _ in range(2):
                client.send(POST)
                head, body = await client.answer()
                assert head.startswith(b"HTTP/1.1 502 Bad Gateway\r\n")
                assert b"The head of the upstream's answer is too large." in body
            assert guard.ends == [(End.UPSTREAM_FAILED, 0)] * 2

    run(test())


def test_how_large_an_answer_s_head_may_be_can_be_set() -> None:
    async def test() -> None:
        said = OK + b"X: y\r\n" * 100 + WITH_LENGTH
        async with upstream(says(said)) as server:
            for bounds, status in ((Bounds(answer_header_fields=101), b"200"), (Bounds(answer_head_bytes=600), b"502")):
                async with gateway(server.port, bounds=bounds) as running:
                    client = await running.connect()
                    client.send(POST)
                    assert (await client.answer())[0].split(b" ")[1] == status

    run(test())


@pytest.mark.parametrize("wrapping", [b"0\r\nX: ", b"2;x="], ids=["a trailer", "an extension of a chunk"])
def test_what_wraps_an_answer_s_content_is_bounded(wrapping: bytes) -> None:
    """The answer has no end then, as of an upstream that stops in the middle."""

    async def test() -> None:
        said = STREAM_HEAD + chunk(b"data: 1\n\n") + wrapping + LARGE * 20
        guard = Watching()
        async with upstream(says(said)) as server, gateway(server.port, guard) as running:
            assert not (await running.ask(POST)).endswith(b"0\r\n\r\n")
            assert [cause for cause, _ in guard.ends] == [End.UPSTREAM_FAILED]

    run(test())


def test_an_upstream_that_is_not_there_is_a_502() -> None:
    async def test() -> None:
        async with gateway(free_port()) as running:
            client = await running.connect()
            client.send(POST)
            assert (await client.head()).startswith(b"HTTP/1.1 502 ")

    run(test())


def test_an_upstream_that_hangs_is_a_504() -> None:
    """And it is told to stop: its connection is closed."""

    async def test() -> None:
        guard = Watching()
        time_outs = TimeOuts(first_byte=SHORT)
        async with upstream(hangs) as server, gateway(server.port, guard, time_outs=time_outs) as running:
            client = await running.connect()
            client.send(POST)
            assert (await client.answer())[0].startswith(b"HTTP/1.1 504 ")
            assert guard.ends == [(End.UPSTREAM_FAILED, 0)]

    run(test())


@pytest.mark.parametrize("then", ["closes", "resets", "stays"])
@pytest.mark.parametrize("garbage", [b"", b"zz\r\n"])
def test_a_stream_that_stops_does_not_look_whole(then: str, garbage: bytes) -> None:
    """The client gets what came, and no end: by closing, reset, garbage or silence of the upstream."""

    async def test() -> None:
        guard = Watching()
        said = STREAM_HEAD + chunk(b"data: 1\n\n")

        async def stops(conversation: Conversation) -> None:
            await conversation.say(said)
            await conversation.server.go.wait()
            await says(garbage, then)(conversation)

        time_outs = TimeOuts(between=SHORT)
        async with upstream(stops) as server, gateway(server.port, guard, time_outs=time_outs) as running:
            client = await running.connect()
            client.send(POST)
            await client.head()
            assert await client.reader.readexactly(14) == chunk(b"data: 1\n\n")
            server.go.set()
            assert await client.rest() == b""
            assert guard.ends == [(End.UPSTREAM_FAILED, 9)]

    run(test())


def test_an_announced_body_that_stops_is_short() -> None:
    async def test() -> None:
        said = b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc"
        async with upstream(says(said, "closes")) as server, gateway(server.port) as running:
            assert (await running.ask(POST)).endswith(b"\r\n\r\nabc")

    run(test())


def test_an_upstream_that_says_too_much_is_not_used_again() -> None:
    """What follows an answer could pass for the next one's: it is dropped with its connection."""

    async def test() -> None:
        too_much = WHOLE + b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil"
        async with upstream(says(too_much)) as server, gateway(server.port) as running:
            client = await running.connect()
            for _ in range(2):
                client.send(POST)
                assert (await client.answer())[1] == b'{"ok":true}'
            assert server.connections == 2

    run(test())


@pytest.mark.parametrize(("request_bytes", "status", "times"), [(GET, b"200", 3), (POST, b"502", 2)])
def test_only_what_may_be_repeated_is_sent_again(request_bytes: bytes, status: bytes, times: int) -> None:
    """A pooled connection dies under a request: a GET goes out on a fresh one, a POST may have been worked on."""

    async def dies_once(conversation: Conversation) -> None:
        if len(conversation.server.seen) == 2:
            conversation.reset()
        else:
            await conversation.say(WHOLE)

    async def test() -> None:
        async with upstream(dies_once) as server, gateway(server.port) as running:
            client = await running.connect()
            client.send(POST)
            await client.answer()
            client.send(request_bytes)
            assert (await client.answer())[0].startswith(b"HTTP/1.1 " + status)
            assert len(server.seen) == times

    run(test())


def test_a_client_that_leaves_ends_the_upstream_at_once() -> None:
    """And the guard learns how much was handed over: reading all but the last event is not free."""

    async def test() -> None:
        guard = Watching()
        async with upstream(streams_forever) as server, gateway(server.port, guard) as running:
            client = await running.connect()
            client.send(POST)
            await client.head()
            await client.reader.readexactly(20_000)
            client.writer.transport.abort()
            await guard.ended.wait()
            await server.gone.wait()
            assert guard.ends[0][0] is End.CLIENT_LEFT
            assert guard.ends[0][1] >= 18_000
            assert len(guard.ends) == 1

    run(test())


def test_a_client_that_leaves_while_it_waits_is_not_asked_for() -> None:
    async def test() -> None:
        guard = Watching(passage_delay=3600.0)
        async with upstream(answers) as server, gateway(server.port, guard) as running:
            client = await running.connect()
            client.send(POST)
            while not guard.requests:
                await asyncio.sleep(0)
            client.writer.transport.abort()
            await guard.ended.wait()
            assert guard.ends == [(End.NOT_SENT, 0)]
            assert server.seen == []

    run(test())


def test_a_client_that_does_not_read_stops_the_upstream() -> None:
    """Then it is given up; what is held of its answer meanwhile is bounded."""

    async def test() -> None:
        guard = Watching()
        time_outs = TimeOuts(client_write=SHORT)
        async with upstream(streams_forever) as server, gateway(server.port, guard, time_outs=time_outs) as running:
            client = await running.connect()
            client.reader._transport.pause_reading()  # type: ignore[attr-defined]  # a reader that stands still
            client.send(POST)
            await guard.ended.wait()
            assert guard.ends[0][0] is End.CLIENT_LEFT
            assert guard.ends[0][1] < 50_000_000

    run(test())


@pytest.mark.parametrize(
    ("sent", "status"),
    [(b"GET / HT", b"HTTP/1.1 408 "), (POST[:-1], b"HTTP/1.1 408 "), (b"", b"")],
    ids=["head", "body", "nothing"],
)
def test_a_request_that_does_not_come_is_given_up(sent: bytes, status: bytes) -> None:
    """Slow-loris: whoever began is told so, whoever said nothing is not."""

    async def test() -> None:
        time_outs = TimeOuts(head=SHORT, body=SHORT)
        async with upstream(answers) as server, gateway(server.port, time_outs=time_outs) as running:
            assert (await running.ask(sent)).startswith(status)
            assert server.connections == 0

    run(test())


def test_an_idle_client_is_closed() -> None:
    async def test() -> None:
        async with upstream(answers) as server, gateway(server.port, time_outs=TimeOuts(idle=SHORT)) as running:
            assert (await running.ask(POST)).endswith(b'\r\n\r\n{"ok":true}')

    run(test())


def test_an_idle_upstream_connection_is_closed() -> None:
    async def test() -> None:
        async with (
            upstream(answers) as server,
            gateway(server.port, time_outs=TimeOuts(upstream_idle=SHORT)) as running,
        ):
            client = await running.connect()
            client.send(POST)
            await client.answer()
            await server.gone.wait()

    run(test())


def test_a_guard_may_answer_by_itself() -> None:
    async def test() -> None:
        guard = Watching(answer=Answer(429, [(b"Retry-After", b"7")], b'{"error":{}}'))
        async with upstream(answers) as server, gateway(server.port, guard) as running:
            client = await running.connect()
            for _ in range(2):
                client.send(POST)
                head, body = await client.answer()
                assert head == b"HTTP/1.1 429 Too Many Requests\r\nRetry-After: 7\r\nContent-Length: 12\r\n\r\n"
                assert body == b'{"error":{}}'
            assert server.connections == 0

    run(test())


def test_a_guard_sees_and_changes_requests_and_answers() -> None:
    """A changed body of announced length goes out in chunks."""

    class Rewriting(Watching):
        def on_request(self, request: Request) -> Answer:
            request.target = b"/other"
            request.headers.append((b"X-Added", b"1"))
            request.body = b'{"n":1}'
            return super().on_request(request)  # type: ignore[return-value]  # a passage

    async def test() -> None:
        guard = Rewriting(change=HeadChange([(b"X-More", b"2")], rewrites=True), replace=(b"true", b"no"), last=b"!")
        async with upstream(answers) as server, gateway(server.port, guard) as running:
            client = await running.connect()
            client.send(POST)
            head, body = await client.answer()
            assert (body, b"X-More: 2\r\n" in head, b"ontent-Length" in head) == (b'{"ok":no}!', True, False)
            assert server.seen[0].target == "/other"
            assert server.seen[0].body == b'{"n":1}'
            assert b"X-Added: 1\r\n" in server.seen[0].head
            assert guard.ends == [(End.COMPLETE, 10)]

    run(test())


def test_a_cut_stream_ends_well() -> None:
    """With the guard's last words and an end; the upstream is closed, the client's connection stays."""

    async def test() -> None:
        guard = Watching(cut_at=9_000, cut_with=b"data: [DONE]\n\n")
        async with upstream(streams_forever) as server, gateway(server.port, guard) as running:
            client = await running.connect()
            client.send(POST)
            assert (await client.answer())[1].endswith(b"data: [DONE]\n\n")
            await server.gone.wait()
            assert guard.ends == [(End.CUT, len(b"data: [DONE]\n\n"))]

    run(test())


def test_a_guard_that_fails_lets_nothing_through() -> None:
    """Fails closed: 503, and the upstream hears nothing."""

    class Broken:
        def on_request(self, request: Request) -> Answer:
            raise ZeroDivisionError

    async def test() -> None:
        async with upstream(answers) as server, gateway(server.port, Broken()) as running:
            client = await running.connect()
            client.send(POST)
            assert (await client.answer())[0].startswith(b"HTTP/1.1 503 ")
            assert server.connections == 0

    run(test())


def test_a_drain_lets_open_answers_end() -> None:
    """New connections are refused, the open stream goes on to its end, idle clients are closed."""

    async def waits(conversation: Conversation) -> None:
        await conversation.say(STREAM_HEAD + chunk(b"1"))
        await conversation.server.go.wait()
        await conversation.say(chunk(b"2") + b"0\r\n\r\n")

    async def test() -> None:
        async with upstream(waits) as server, gateway(server.port) as running:
            idle, busy = await running.connect(), await running.connect()
            busy.send(POST)
            await busy.head()
            running.worker.stop()
            assert await idle.rest() == b""
            with pytest.raises(ConnectionRefusedError):
                await running.connect()
            server.go.set()
            assert (await busy.rest()).endswith(b"1\r\n2\r\n0\r\n\r\n")

    run(test())


def test_a_drain_ends() -> None:
    async def test() -> None:
        guard = Watching()
        async with upstream(hangs) as server, gateway(server.port, guard, time_outs=TimeOuts(drain=SHORT)) as running:
            client = await running.connect()
            client.send(POST)
            await server.asked.wait()
            running.worker.stop()
            assert await client.rest() == b""
            assert guard.ends == [(End.CLIENT_LEFT, 0)]

    run(test())
