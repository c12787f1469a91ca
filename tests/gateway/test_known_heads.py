"""A head that was read before means what it would mean if it were read again: never more, never something else."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from stillwatch.gateway.configuration import Bounds, Configuration, Listen
from stillwatch.gateway.guard import HeadChange, Header, PassThrough
from stillwatch.gateway.known_heads import MOST_KNOWN, KnownHeads, seen
from stillwatch.gateway.reader import RequestReader
from stillwatch.gateway.worker_state import WorkerState

from .running import Watching, gateway, run
from .test_smuggling import MALFORMED
from .upstream_server import Conversation, answers, upstream

BOUNDS = Bounds(head_bytes=600, body_bytes=200, buffered_bytes=300)
HEAD = b"POST /v1/chat HTTP/1.1\r\nHost: api\r\n%bContent-Length: %b\r\n%b\r\n"
FIELDS = [
    b"", b"X: y\r\n", b"Connection: close\r\n", b"Connection: X\r\nX: y\r\n", b"Expect: 100-continue\r\n",
    b"Transfer-Encoding: chunked\r\n", b"content-length: 3\r\n", b"X: Content-Length: 4\r\n", b"Upgrade: h2c\r\n",
    b"X: y\n", b" folded\r\n", b"X-Long: " + b"z" * 560 + b"\r\n", b"X-Forwarded-For: 6.6.6.6\r\n",
]  # fmt: skip
lengths = st.sampled_from([b"0", b"3", b"3 ", b" 3", b"03", b"+3", b"3,3", b"", b"0x3", b"300", b"9999999999", b"\xb2"])
bodies = st.sampled_from([b"", b"abc", b"abcdef", b"abcGET /admin HTTP/1.1\r\nHost: a\r\n\r\n", b"x" * 300])
heads = st.builds(lambda a, n, b: HEAD % (a, n, b), st.sampled_from(FIELDS), lengths, st.sampled_from(FIELDS))
plain = st.builds(lambda n: HEAD % (b"X: y\r\n", b"%d" % n, b"") + b"b" * n, st.integers(0, 220))
messages = st.one_of(
    plain,
    st.builds(bytes.__add__, heads, bodies),
    st.sampled_from([b"GET / HTTP/1.1\r\nHost: a\r\n\r\n", b"GET / HTTP/1.0\r\n\r\n", b"\r\n", *MALFORMED.values()]),
)


def read(state: WorkerState, pieces: Sequence[bytes]) -> list[object]:
    """What a reader makes of these pieces, asked after each as a connection asks it."""
    reader = RequestReader(state, "127.0.0.1")
    said: list[object] = []
    for piece in pieces:
        again = reader.again(piece) if reader.refusal is None else None
        if again is None:
            reader.feed(piece)
        else:
            reader.ready.append(again)
        for one in reader.ready:
            if one.known is not None and one.known.key:
                state.went_on(one.known)  # as every request does that the guard lets pass
            said.append((one.method, one.target, one.headers, one.body, one.host, one.keep_alive, one.is_http_10))
            state.buffered_bytes -= one.held_bytes
        reader.ready.clear()
        said.append((reader.phase, reader.wants_continue))
    said.append((reader.refusal.status, reader.refusal.why) if reader.refusal else None)
    reader.close()
    assert state.buffered_bytes == 0
    return said


@given(st.lists(st.lists(messages, min_size=1, max_size=4), max_size=3), st.lists(st.integers(1, 700), max_size=6))
@example([[HEAD % (b"", b"3", b"") + b"abc"]], [])
@example([[HEAD % (b"X: y\r\n", b"1", b"") + b"b", HEAD % (b"", b"0", FIELDS[11])]], [62])
@example([[HEAD % (b"", b"3", b"") + b"abc"] * 3, [HEAD % (b"", b"5", b"") + b"abcde"]], [60])
def test_what_is_known_reads_as_what_is_not(connections: list[list[bytes]], cuts: list[int]) -> None:
    """Any requests, whole and malformed, cut anywhere: the same requests and the same refusals."""
    loop = asyncio.new_event_loop()
    configuration = Configuration(listen=Listen(port=0), bounds=BOUNDS)
    knowing = WorkerState(configuration, PassThrough(), loop)
    read(knowing, [HEAD % (b"", b"1", b"") + b"a"])
    read(knowing, [HEAD % (b"X: y\r\n", b"1", b"") + b"a"])
    assert len(knowing.known_requests) == 2
    for messages_ in connections:
        forgetful = WorkerState(configuration, PassThrough(), loop)
        forgetful.known_requests.get = lambda key: None  # type: ignore[assignment]  # knows nothing
        assert read(knowing, pieces(messages_, cuts)) == read(forgetful, pieces(messages_, cuts))
    loop.close()


def pieces(messages_: list[bytes], cuts: list[int]) -> list[bytes]:
    """Each message by itself where there are no cuts, else all of them cut at these distances."""
    if not cuts:
        return messages_
    data, cut = b"".join(messages_), []
    for distance in cuts:
        cut.append(data[:distance])
        data = data[distance:]
    return [piece for piece in [*cut, data] if piece]


@pytest.mark.parametrize("data", MALFORMED.values(), ids=MALFORMED)
def test_what_is_malformed_is_not_learned(data: bytes) -> None:
    loop = asyncio.new_event_loop()
    state = WorkerState(Configuration(listen=Listen(port=0)), PassThrough(), loop)
    read(state, [data])
    assert len(state.known_requests) == 0
    loop.close()


def test_a_head_is_known_by_all_of_it_but_the_digits_of_its_length() -> None:
    first, second = seen(HEAD % (b"X: y\r\n", b"3", b"")), seen(HEAD % (b"X: y\r\n", b"12", b"") + b"b")
    assert first is not None and second is not None
    assert first[0] == second[0]
    assert (first[1], second[1], second[2]) == (3, 12, b"b")
    assert seen(HEAD % (b"X: z\r\n", b"3", b"")) != first


def test_heads_that_clients_choose_take_bounded_memory() -> None:
    known: KnownHeads[int] = KnownHeads()
    for number in range(3 * MOST_KNOWN):
        known.learn(b"%d" % number, number)
        assert len(known) <= MOST_KNOWN


def test_an_answer_with_a_known_head_is_its_own() -> None:
    """Of another length, another body, and never the body of the one before."""

    async def counts(conversation: Conversation) -> None:
        body = b"x" * len(conversation.server.seen)
        head = b"HTTP/1.1 200 OK\r\nX-Same: 1\r\nContent-Length: %d\r\nX-After: 2\r\n\r\n"
        await conversation.say(head % len(body) + body)

    async def test() -> None:
        async with upstream(counts) as server, gateway(server.port) as running:
            client = await running.connect()
            for number in range(1, 12):
                client.send(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
                head, body = await client.answer()
                assert body == b"x" * number
                assert head == b"HTTP/1.1 200 OK\r\nX-Same: 1\r\nContent-Length: %d\r\nX-After: 2\r\n\r\n" % number
            assert len(running.worker.state.known_answers) == 1
            assert server.connections == 1

    run(test())


def test_a_guard_may_take_fields_from_a_known_answer() -> None:
    """What it does to the fields of an answer that was read counts as well for one that was known."""

    class Taking(Watching):
        def on_head(self, status: int, headers: list[Header]) -> HeadChange | None:
            headers[:] = [header for header in headers if header[0] != b"Content-Type"]
            return None

    async def test() -> None:
        async with upstream(answers) as server, gateway(server.port, Taking()) as running:
            client = await running.connect()
            for _ in range(3):
                client.send(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
                assert (await client.answer())[0] == b"HTTP/1.1 200 OK\r\nContent-Length: 11\r\n\r\n"
            assert len(running.worker.state.known_answers) == 1

    run(test())
