"""What a stranger leaves behind: nothing that is kept for clients, and little of anything else."""

from __future__ import annotations

import hashlib
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from stillwatch.decision.core import Core, Now
from stillwatch.decision.policy import Policy
from stillwatch.gateway import framing, hygiene
from stillwatch.gateway.configuration import Headers
from stillwatch.gateway.dialects import dialect
from stillwatch.gateway.gate import Gate
from stillwatch.gateway.keys import KeyHolder, Keys

from .running import Running, gateway, run
from .upstream_server import answers, upstream

HOLDER = KeyHolder(hashlib.sha256(b"sk-client").hexdigest(), "client")
BODY = b'{"model":"m","messages":[{"role":"user","content":"Who grinds the rye?"}]}'
STRANGERS = 50


def asks(key: bytes, more: bytes = b"", kind: bytes = b"application/json", path: bytes = b"chat/completions") -> bytes:
    head = b"POST /v1/%b HTTP/1.1\r\nHost: api\r\nContent-Type: %b\r\nAuthorization: Bearer %b\r\n%b" % (
        path, kind, key, more,
    )  # fmt: skip
    return head + b"Content-Length: %d\r\n\r\n" % len(BODY) + BODY


def kept(gate: Gate, running: Running) -> tuple[int, int, int, int]:
    """Heads as they are read, as they are looked at and as they go on, and shares of limits."""
    worker = running.worker
    return len(worker.state.known_requests), len(gate._arrivals), len(worker._heads._made), len(gate.core.meters)


def gate_() -> Gate:
    return Gate(Core(Policy()), Keys([HOLDER]), lambda: Now(time.monotonic_ns(), time.time_ns() // 1_000), print)


@pytest.mark.parametrize(
    ("refused", "status"),
    [
        (lambda number: asks(b"sk-stranger-%d" % number), b"401"),
        (lambda number: asks(b"sk-stranger", b"X-Mine: %d\r\n" % number), b"401"),
        (lambda number: asks(b"sk-client", b"X-Mine: %d\r\n" % number, path=b"no/such/path"), b"404"),
        (lambda number: asks(b"sk-client", b"X-Mine: %d\r\n" % number, kind=b"text/plain"), b"400"),
    ],
    ids=["a key each", "a head each", "no path", "no JSON"],
)
def test_whoever_is_turned_away_leaves_nothing_behind(refused, status: bytes) -> None:
    async def test() -> None:
        gate = gate_()
        async with upstream(answers) as server, gateway(server.port, gate) as running:
            client = await running.connect()
            for number in range(STRANGERS):
                client.send(refused(number))
                assert (await client.answer())[0].split()[1] == status
            assert kept(gate, running) == (0, 0, 0, 0)
            assert not server.seen

    run(test())


def test_a_client_is_known_from_its_first_request_on_whatever_strangers_send() -> None:
    async def test() -> None:
        gate = gate_()
        async with upstream(answers) as server, gateway(server.port, gate) as running:
            client, stranger = await running.connect(), await running.connect()
            for number in range(STRANGERS):
                client.send(asks(b"sk-client"))
                stranger.send(asks(b"sk-%d" % number))
                assert (await client.answer())[0].split()[1] == b"200"
                assert (await stranger.answer())[0].split()[1] == b"401"
            assert kept(gate, running) == (1, 1, 1, 1)
            assert len(server.seen) == STRANGERS

    run(test())


@contextmanager
def forgotten() -> Iterator[None]:
    """Nothing is remembered before, nothing after."""
    caches = hygiene._seen_names, framing._seen_host, framing._seen_target, dialect._found
    for cache in caches:
        cache.cache_clear()
    yield
    for cache in caches:
        cache.cache_clear()


def test_names_hosts_and_paths_that_are_long_are_looked_at_and_not_remembered() -> None:
    """Else a stranger could fill 128 MB with names of fields, which nothing would empty."""
    kinds = hygiene.request_kinds(Headers())
    with forgotten():
        for number in range(10):
            long = b"%d-" % number + b"x" * 1_000
            assert kinds[long] == hygiene.KEEP
            assert kinds[b"X_Forwarded_For" + b"_" * 1_000] == hygiene.KEEP
            assert hygiene.named_in(long) == {long}
            assert framing.check_host([long], False) == long
            assert framing.origin_form(b"/" + long, b"GET", b"api") == (b"/" + long, b"api")
            assert dialect.dialect_of("/" + "x" * 3_000) is None
        assert len(kinds) == 0
        caches = hygiene._seen_names, framing._seen_host, framing._seen_target, dialect._found
        assert [cache.cache_info().currsize for cache in caches] == [0, 0, 0, 0]


def test_what_strangers_can_fill_is_bounded_in_bytes() -> None:
    """The largest that each table takes, in more numbers than it holds."""
    kinds = hygiene.request_kinds(Headers())
    for number in range(2 * hygiene.REMEMBERED_NAMES):
        assert kinds[b"%064d" % number] == hygiene.KEEP
    assert len(kinds) == hygiene.REMEMBERED_NAMES
    assert sum(map(sys.getsizeof, kinds)) + sys.getsizeof(kinds) < 700_000
