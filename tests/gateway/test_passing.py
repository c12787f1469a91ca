"""Paths that no dialect reads: closed, unless they are listed; then who asks is checked, and requests are limited."""

from __future__ import annotations

import hashlib

import msgspec
import pytest

from stillwatch.decision.policy import Policy
from stillwatch.decision.verdict import Step
from stillwatch.gateway.passing import Paths
from stillwatch.limits.limit import Level, Limit, Measure

from .behind_gate import CHAT, Behind, Spent, behind_gate, chat, posted, verdict, whole
from .upstream_server import Conversation

FILES = Paths(listed=("/v1/files", "/v1/audio"))
MULTIPART = "Content-Type: multipart/form-data; boundary=b\r\n"
EVERY_BYTE = bytes(range(256)) * 400
ONE_A_MINUTE = Policy((Limit(Level.ACCOUNT, Measure.REQUESTS, 1),))


async def echoes(conversation: Conversation) -> None:
    head = b"HTTP/1.1 200 OK\r\nContent-Type: audio/wav\r\nContent-Length: %d\r\n\r\n" % len(conversation.body)
    await conversation.say(head + conversation.body)


@behind_gate(echoes)
async def test_a_path_that_nobody_reads_is_closed(gate: Behind) -> None:
    status, _ = await gate.post(b"{}", "/v1/files")
    assert (status, gate.server.seen, gate.spent()) == (404, [], Spent(0, 0, 0))


@behind_gate(echoes, paths=FILES)
async def test_what_is_listed_passes_both_ways_as_it_is(gate: Behind) -> None:
    """Bodies of every kind, and all that lies below; tokens are not counted, nothing is observed."""
    for path in ("/v1/files", "/v1/files/f-1/content?x=1", "/v1/audio/transcriptions"):
        assert await gate.post(EVERY_BYTE, path, MULTIPART) == (200, EVERY_BYTE)
    assert [seen.target for seen in gate.server.seen][1] == "/v1/files/f-1/content?x=1"
    assert hashlib.md5(gate.server.seen[2].body).digest() == hashlib.md5(EVERY_BYTE).digest()  # noqa: S324 - no secret
    assert b"multipart/form-data; boundary=b\r\n" in gate.server.seen[0].head
    assert (await gate.settled(3), gate.observed) == (Spent(3, 0, 0), [])


@pytest.mark.parametrize("method", ["GET", "DELETE", "PUT"])
def test_a_listed_path_takes_every_method(method: str) -> None:
    @behind_gate(echoes, paths=FILES)
    async def test(gate: Behind) -> None:
        client = await gate.running.connect()
        client.send(posted(b"x", "/v1/files/f-1", method=method))
        assert (await whole(client))[0] == 200

    test()


@behind_gate(echoes, paths=FILES)
async def test_a_stranger_s_file_goes_nowhere(gate: Behind) -> None:
    status, body = await gate.post(b"x", "/v1/files", key="sk-stranger")
    assert (status, b"invalid_api_key" in body, gate.server.seen) == (401, True, [])


@behind_gate(echoes, paths=FILES, policy=ONE_A_MINUTE)
async def test_requests_to_listed_paths_are_limited(gate: Behind) -> None:
    assert (await gate.post(b"x", "/v1/files"))[0] == 200
    assert (await gate.post(b"x", "/v1/files"))[0] == 429
    assert len(gate.server.seen) == 1


@behind_gate(echoes, verdict(Step.DENY), paths=FILES)
async def test_a_denied_account_passes_nowhere(gate: Behind) -> None:
    assert (await gate.post(b"x", "/v1/files"))[0] == 403


@pytest.mark.parametrize(
    "path",
    ["/v1/filesystem", "/v1/files/../chat/completions", "/v1/files//x", "/V1/files", "/v1/files%2f..", "/v1/batches"],
)
def test_what_is_not_listed_is_not_reached_through_what_is(path: str) -> None:
    assert FILES.dialect(path, b"POST") is None


@pytest.mark.parametrize("path", [CHAT, "/v1/CHAT/completions", "/v1/Messages", "/v1/files/m:GenerateContent"])
def test_a_model_is_never_asked_past_the_guard(path: str) -> None:
    """Whatever is listed, and however the path is written; what was stored may be read."""
    everything = Paths(listed=("/v1",))
    assert everything.dialect(path, b"POST") is None
    assert everything.dialect(path, b"GET") is not None


@behind_gate(echoes, paths=Paths(listed=("/v1",)))
async def test_a_chat_is_read_although_its_path_is_listed(gate: Behind) -> None:
    assert (await gate.post(b"no chat"))[0] == 400
    assert (await gate.post(chat()))[0] == 200
    assert (await gate.settled()).requests == 1


@pytest.mark.parametrize("path", ["/", "v1/files", "/v1/files/", "/v1/files?x=1"])
def test_a_list_that_cannot_be_meant_is_refused(path: str) -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert({"pass": [path]}, Paths)
