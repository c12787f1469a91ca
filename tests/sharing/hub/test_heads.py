"""Connections on which no head comes are not kept (`sharing.hub.heads`); too long ones are tried on a live hub."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Generator

import pytest
import uvicorn
from uvicorn.server import ServerState

from stillwatch.sharing.hub.certificates import CertificateProtocol
from stillwatch.sharing.hub.heads import MOST_HEAD_SECONDS
from tests.sharing.hub.trying import Hub


class MovedLoop(asyncio.SelectorEventLoop):
    """An event loop whose clock is moved by hand."""

    ahead = 0.0

    def time(self) -> float:
        return super().time() + self.ahead

    def turn(self) -> None:
        """Let everything happen that is due."""
        for _ in range(10):
            self.run_until_complete(asyncio.sleep(0))


@pytest.fixture
def loop() -> Generator[MovedLoop]:
    """Closed at the end."""
    made = MovedLoop()
    yield made
    made.close()


def connected(loop: MovedLoop, hub: Hub, state: ServerState) -> socket.socket:
    """A client's end of a connection that the hub's protocol serves."""
    config = uvicorn.Config(hub.http.app, lifespan="off", log_config=None)
    config.load()
    ours, theirs = socket.socketpair()
    theirs.setblocking(False)

    def protocol() -> CertificateProtocol:
        return CertificateProtocol(config=config, server_state=state, app_state={}, _loop=loop)

    loop.run_until_complete(loop.connect_accepted_socket(protocol, theirs))
    loop.turn()
    return ours


@pytest.mark.parametrize("said", [b"", b"GET /taxii2/ HTTP/1.1\r\nHost: x\r\n"])
def test_a_connection_on_which_no_head_comes_ends(loop: MovedLoop, shared: Hub, said: bytes) -> None:
    """Nothing, or half of a head: after twenty seconds the place is free for somebody else."""
    state = ServerState()
    with connected(loop, shared, state) as client:
        client.sendall(said)
        loop.turn()
        loop.ahead = MOST_HEAD_SECONDS - 1
        loop.turn()
        assert len(state.connections) == 1
        loop.ahead = MOST_HEAD_SECONDS + 1
        loop.turn()
        assert state.connections == set()
        assert client.recv(1) == b""
