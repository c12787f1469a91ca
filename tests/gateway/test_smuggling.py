"""What two parsers could read in two ways is refused, and nothing of it goes on."""

from __future__ import annotations

import pytest

from stillwatch.gateway.configuration import Forwarded

from .running import Bounds, Headers, gateway, run
from .upstream_server import answers, upstream

POST = b"POST /x HTTP/1.1\r\nHost: a\r\n"
CHUNKED = POST + b"Transfer-Encoding: chunked\r\n\r\n"
END = b"0\r\n\r\n"
INNER = b"GET /admin HTTP/1.1\r\nHost: a\r\n\r\n"

MALFORMED = {
    "length beside coding": POST + b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n" + END + INNER,
    "coding beside length": POST + b"Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n" + END + INNER,
    "two lengths": POST + b"Content-Length: 0\r\nContent-Length: 34\r\n\r\n" + INNER,
    "the same length twice": POST + b"Content-Length: 1\r\nContent-Length: 1\r\n\r\nx",
    "a list of lengths": POST + b"Content-Length: 1, 1\r\n\r\nx",
    "a signed length": POST + b"Content-Length: +1\r\n\r\nx",
    "a negative length": POST + b"Content-Length: -1\r\n\r\nx",
    "a hexadecimal length": POST + b"Content-Length: 0x1\r\n\r\nx",
    "an empty length": POST + b"Content-Length: \r\n\r\nx",
    "an endless length": POST + b"Content-Length: 99999999999999999999999\r\n\r\nx",
    "folding": POST + b"X: a\r\n b\r\nContent-Length: 0\r\n\r\n",
    "folding by tab": POST + b"Content-Length: 0\r\n\tX: b\r\n\r\n",
    "a line begun by space": b"GET / HTTP/1.1\r\n Host: a\r\n\r\n",
    "bare LF in fields": POST + b"X: a\nContent-Length: 0\r\n\r\n",
    "bare LF after the start": b"GET / HTTP/1.1\nHost: a\n\n",
    "bare LF at the end": POST + b"X: a\r\n\n" + INNER,
    "bare CR in a field": POST + b"X: a\rContent-Length: 5\r\n\r\n",
    "bare CR after the start": b"GET / HTTP/1.1\rHost: a\r\n\r\n",
    "space before colon": POST + b"Content-Length : 5\r\n\r\nhello",
    "tab before colon": POST + b"Transfer-Encoding\t: chunked\r\n\r\n" + END,
    "no name": POST + b": x\r\n\r\n",
    "no colon": POST + b"Content-Length\r\n\r\n",
    "NUL in a value": POST + b"X: a\x00b\r\n\r\n",
    "NUL in a name": POST + b"X\x00: a\r\n\r\n",
    "coding before chunked": POST + b"Transfer-Encoding: gzip, chunked\r\n\r\n" + END,
    "coding after chunked": POST + b"Transfer-Encoding: chunked, gzip\r\n\r\n" + END,
    "chunked twice": POST + b"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n" + END,
    "chunked, chunked": POST + b"Transfer-Encoding: chunked, chunked\r\n\r\n" + END,
    "identity": POST + b"Transfer-Encoding: identity\r\nContent-Length: 3\r\n\r\nabc",
    "almost chunked": POST + b"Transfer-Encoding: xchunked\r\n\r\n" + END,
    "chunked behind a vertical tab": POST + b"Transfer-Encoding: \x0bchunked\r\n\r\n" + END,
    "quoted chunked": POST + b'Transfer-Encoding: "chunked"\r\n\r\n' + END,
    "chunked by an old version": b"POST / HTTP/1.0\r\nTransfer-Encoding: chunked, x\r\n\r\n" + END,
    "bare LF after a chunk's size": CHUNKED + b"1\nx\r\n" + END,
    "bare LF in an extension": CHUNKED + b"1;a\nx\r\n" + END,
    "a chunk longer than said": CHUNKED + b"1\r\nxx\r\n" + END,
    "space before a chunk's size": CHUNKED + b" 1\r\nx\r\n" + END,
    "a chunk's size with a sign": CHUNKED + b"-1\r\nx\r\n" + END,
    "a chunk's size with 0x": CHUNKED + b"0x1\r\nx\r\n" + END,
    "a chunk's size that overflows": CHUNKED + b"10000000000000001\r\nx\r\n" + END,
    "no host": b"GET / HTTP/1.1\r\n\r\n",
    "two hosts": b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
    "a host with a path": b"GET / HTTP/1.1\r\nHost: a/b\r\n\r\n",
    "a host with a user": b"GET / HTTP/1.1\r\nHost: u@a\r\n\r\n",
    "a target of no form": b"GET x HTTP/1.1\r\nHost: a\r\n\r\n",
    "a target with a fragment": b"GET /x#y HTTP/1.1\r\nHost: a\r\n\r\n",
    "a target of another scheme": b"GET ftp://a/ HTTP/1.1\r\nHost: a\r\n\r\n",
    "a target beyond ASCII": b"GET /\xff HTTP/1.1\r\nHost: a\r\n\r\n",
    "a version that is none": b"GET / HTTP/1.2\r\nHost: a\r\n\r\n",
    "a method in small letters": b"get / HTTP/1.1\r\nHost: a\r\n\r\n",
    "TLS on a plain port": bytes.fromhex("16030100a5010000a10303"),
}


@pytest.mark.parametrize("data", MALFORMED.values(), ids=MALFORMED)
def test_a_malformed_request_is_refused_and_not_forwarded(data: bytes) -> None:
    """400, the connection is closed, and the upstream never hears of it nor of what hides behind it."""

    async def test() -> None:
        async with upstream(answers) as server, gateway(server.port) as running:
            answer = await running.ask(data)
            assert answer.startswith(b"HTTP/1.1 400 Bad Request\r\n")
            assert answer.count(b"HTTP/1.1 ") == 1
            assert b"Connection: close\r\n" in answer
            assert server.connections == 0

    run(test())


@pytest.mark.parametrize(
    ("data", "status"),
    [
        (b"GET /\r\n\r\n", 505),
        (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 400),
        (b"CONNECT a:80 HTTP/1.1\r\nHost: a\r\n\r\n", 501),
        (b"TRACE / HTTP/1.1\r\nHost: a\r\n\r\n", 501),
        (b"GET / HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n", 501),
        (POST + b"Connection: upgrade\r\nUpgrade: h2c\r\nContent-Length: 34\r\n\r\n" + INNER, 501),
        (POST + b"Expect: wonders\r\nContent-Length: 1\r\n\r\nx", 417),
        (POST + b"Content-Length: 1001\r\n\r\n", 413),
        (CHUNKED + b"3e9\r\n" + b"x" * 1001, 413),
        (POST + b"X: " + b"x" * 4096 + b"\r\n\r\n", 431),
        (POST + b"X: " + b"x" * 4096, 431),
        (b"GET /" + b"x" * 4096 + b" HTTP/1.1\r\nHost: a\r\n\r\n", 431),
        (POST + b"X: y\r\n" * 101 + b"\r\n", 431),
        (CHUNKED + b"0\r\nX: %b\r\n\r\n" % (b"y" * 4096), 431),
        (CHUNKED + b"1;%b\r\nx\r\n" % (b"y" * 9000), 400),
    ],
)
def test_what_is_too_much_or_not_served_is_refused_by_its_status(data: bytes, status: int) -> None:
    """And as completely as what is malformed."""

    async def test() -> None:
        bounds = Bounds(head_bytes=4096, body_bytes=1000)
        async with upstream(answers) as server, gateway(server.port, bounds=bounds) as running:
            assert (await running.ask(data)).startswith(b"HTTP/1.1 %d " % status)
            assert server.connections == 0

    run(test())


def test_a_good_request_before_a_bad_one_is_answered() -> None:
    async def test() -> None:
        async with upstream(answers) as server, gateway(server.port) as running:
            answer = await running.ask(INNER + MALFORMED["two lengths"])
            assert answer.startswith(b"HTTP/1.1 200 OK\r\n")
            assert answer.count(b"HTTP/1.1 400 ") == 1
            assert [seen.target for seen in server.seen] == ["/admin"]

    run(test())


def test_nothing_is_read_after_a_request_that_closes() -> None:
    async def test() -> None:
        async with upstream(answers) as server, gateway(server.port) as running:
            answer = await running.ask(b"GET /1 HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n" + INNER)
            assert answer.count(b"HTTP/1.1 ") == 1
            assert [seen.target for seen in server.seen] == ["/1"]

    run(test())


def test_more_waiting_requests_than_allowed_are_refused() -> None:
    """Pipelining is served one by one, and bounded."""

    async def test() -> None:
        async with upstream(answers) as server, gateway(server.port, bounds=Bounds(pipelined=2)) as running:
            answer = await running.ask(INNER * 4)
            assert (answer.count(b" 200 OK"), answer.count(b" 400 Bad Request")) == (2, 1)

    run(test())


def test_bodies_of_all_clients_together_are_bounded() -> None:
    async def test() -> None:
        bounds = Bounds(buffered_bytes=1000)
        async with upstream(answers) as server, gateway(server.port, bounds=bounds) as running:
            waiting = await running.connect()
            waiting.send(POST + b"Expect: 100-continue\r\nContent-Length: 800\r\n\r\n")
            await waiting.head()
            waiting.send(b"x" * 799)
            while running.worker.state.buffered_bytes < 799:
                await (await running.connect()).close()
            assert (await running.ask(POST + b"Content-Length: 800\r\n\r\n" + b"x" * 800)).startswith(b"HTTP/1.1 503 ")
            waiting.send(b"x")
            assert (await waiting.answer())[0].startswith(b"HTTP/1.1 200 ")

    run(test())


HOP_BY_HOP = (
    b"Connection: keep-alive, X-Mine\r\nX-Mine: 1\r\nKeep-Alive: 1\r\nProxy-Connection: x\r\nTE: trailers\r\n"
    b"Trailer: x\r\nUpgrade: h2c\r\nProxy-Authorization: x\r\nHTTP2-Settings: x\r\n"
)


def test_fields_for_the_next_hop_end_here() -> None:
    """RFC 9110, 7.6.1: the listed ones, and those that Connection names; all others go on as they were spelled."""

    async def test() -> None:
        async with upstream(answers) as server, gateway(server.port) as running:
            client = await running.connect()
            client.send(b"GET /x?y HTTP/1.1\r\nHost: a\r\n" + HOP_BY_HOP + b"X-KEPT:  as It is\r\n\r\n")
            await client.answer()
            assert server.seen[0].head == (
                b"GET /x?y HTTP/1.1\r\nHost: 127.0.0.1:%d\r\nX-KEPT: as It is\r\nX-Forwarded-For: 127.0.0.1\r\n"
                b"X-Forwarded-Proto: http\r\nX-Forwarded-Host: a\r\n\r\n" % server.port
            )

    run(test())


@pytest.mark.parametrize("name", [b"X-Internal-User", b"x-internal-user", b"X_Internal_User", b"X_internal-USER"])
def test_a_client_cannot_set_a_trusted_field(name: bytes) -> None:
    """In any spelling, an underscore for a hyphen included, which many servers take for the same."""

    async def test() -> None:
        headers = Headers(internal=("X-Internal-User",))
        async with upstream(answers) as server, gateway(server.port, headers=headers) as running:
            client = await running.connect()
            client.send(b"GET / HTTP/1.1\r\nHost: a\r\n" + name + b": root\r\n\r\n")
            await client.answer()
            assert b"root" not in server.seen[0].head

    run(test())


def test_a_client_cannot_take_away_what_the_gateway_adds() -> None:
    """Connection may name Host, Content-Length and X-Forwarded-For: they are made after that."""

    async def test() -> None:
        async with upstream(answers) as server, gateway(server.port) as running:
            client = await running.connect()
            client.send(POST + b"Connection: Host, Content-Length, X-Forwarded-For\r\nContent-Length: 2\r\n\r\nhi")
            await client.answer()
            assert server.seen[0].body == b"hi"
            assert b"X-Forwarded-For: 127.0.0.1\r\n" in server.seen[0].head

    run(test())


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        (Headers(forwarded=Forwarded.REPLACE), [b"X-Forwarded-For: 127.0.0.1"]),
        (Headers(forwarded=Forwarded.APPEND), [b"X-Forwarded-For: 6.6.6.6", b"X-Forwarded-For: 127.0.0.1"]),
        (Headers(forwarded=Forwarded.DROP), []),
    ],
)
def test_a_forwarded_address_is_what_configuration_says(headers: Headers, expected: list[bytes]) -> None:
    async def test() -> None:
        async with upstream(answers) as server, gateway(server.port, headers=headers) as running:
            client = await running.connect()
            client.send(b"GET / HTTP/1.1\r\nHost: a\r\nX-Forwarded-For: 6.6.6.6\r\nForwarded: for=6.6.6.6\r\n\r\n")
            await client.answer()
            lines = server.seen[0].head.split(b"\r\n")
            assert [line for line in lines if line.startswith(b"X-Forwarded-For")] == expected
            assert not [line for line in lines if line.startswith(b"Forwarded")]

    run(test())


@pytest.mark.parametrize(("host", "expected"), [("client", b"api.example"), ("model.example", b"model.example")])
def test_host_is_what_configuration_says(host: str, expected: bytes) -> None:
    """An absolute target overrules the Host field (RFC 9112, 3.2.2)."""

    async def test() -> None:
        async with upstream(answers) as server, gateway(server.port, headers=Headers(host=host)) as running:
            client = await running.connect()
            client.send(b"GET http://api.example/v1 HTTP/1.1\r\nHost: other\r\n\r\n")
            await client.answer()
            assert server.seen[0].head.startswith(b"GET /v1 HTTP/1.1\r\nHost: %b\r\n" % expected)

    run(test())
