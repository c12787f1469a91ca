"""An upstream that is well, and each way in which one is not."""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from gateway.test_supervisor import certificate

from stillwatch.cli.checks import upstream as checks
from stillwatch.cli.checks.upstream import answered, upstream
from stillwatch.gateway.configuration import Upstream

from .said import all_said, states

Answer = Callable[[socket.socket], None]


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """What hangs, hangs for as long as it is waited for."""
    monkeypatch.setattr(checks, "PATIENCE_SECONDS", 0.3)


@contextmanager
def served(answer: Answer, tls: ssl.SSLContext | None = None) -> Iterator[int]:
    """A server that takes one connection and does as it is told with it; its port."""
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def serve() -> None:
            try:
                connection, _ = listening.accept()
                with connection if tls is None else tls.wrap_socket(connection, server_side=True) as wrapped:
                    answer(wrapped)
            except OSError:
                return

        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield listening.getsockname()[1]
        finally:
            thread.join()


def says(data: bytes) -> Answer:
    def answer(connection: socket.socket) -> None:
        connection.recv(65_536)
        connection.sendall(data)

    return answer


def hangs(connection: socket.socket) -> None:
    """Until the other side closes."""
    while connection.recv(65_536):
        pass


def trickles(connection: socket.socket) -> None:
    """A byte now and then, without end."""
    connection.settimeout(0.05)
    while True:
        connection.sendall(b"H")
        try:
            if connection.recv(65_536) == b"":
                return
        except TimeoutError:
            continue


def found(answer: Answer, **more: object) -> str:
    with served(answer) as port:
        return all_said(upstream(Upstream(port=port, **more)))  # type: ignore[arg-type]  # of the test's own choice


@pytest.mark.parametrize(
    ("status", "expected"),
    [(200, "ok"), (401, "ok"), (403, "ok"), (404, "warning"), (503, "warning"), (301, "warning")],
)
def test_what_it_answers_is_understood(status: int, expected: str) -> None:
    assert found(says(b"HTTP/1.1 %d X\r\n\r\n" % status)).startswith(f"{expected}: ")
    assert answered("a", "/p", status).state == expected


def test_the_path_that_is_asked_for_can_be_named() -> None:
    asked: list[bytes] = []

    def answer(connection: socket.socket) -> None:
        asked.append(connection.recv(65_536))
        connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n")

    with served(answer) as port:
        upstream(Upstream(port=port), "/health")
    assert asked[0].startswith(b"GET /health HTTP/1.1\r\nHost: 127.0.0.1\r\n")


@pytest.mark.parametrize("garbage", [b"SSH-2.0-x\r\n", b"\xff" * 10_000, b"", b"HTTP/1.1 999 X\r\n", b"HTTP/2 200\r\n"])
def test_what_is_no_http_is_a_fault(garbage: bytes) -> None:
    said = found(says(garbage))
    assert said.startswith("fault: ")
    assert "no HTTP" in said


@pytest.mark.parametrize("answer", [hangs, trickles], ids=["hangs", "trickles"])
def test_one_that_does_not_answer_is_not_waited_for(answer: Answer) -> None:
    assert "does not answer within" in found(answer)


def test_one_that_does_not_speak_tls_back_is_not_waited_for() -> None:
    assert "does not answer within" in found(hangs, tls=True)


def test_one_that_is_not_there_or_not_known_is_a_fault() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]
    assert "Connection refused" in all_said(upstream(Upstream(port=port)))
    assert "is not known" in all_said(upstream(Upstream(host="no.such.host.invalid")))


def test_clear_text_where_tls_is_meant_is_told() -> None:
    assert "speaks no TLS" in found(says(b"HTTP/1.1 400 Bad Request\r\n\r\n"), tls=True)


def test_a_certificate_is_verified_against_the_authority_that_is_named(tmp_path: Path) -> None:
    chain, key = certificate(tmp_path)
    shown = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    shown.load_cert_chain(chain, key)
    answer = says(b"HTTP/1.1 200 OK\r\n\r\n")
    with served(answer, shown) as port:
        good = upstream(Upstream(port=port, tls=True, authority=chain))
    with served(answer, shown) as port:
        stranger = upstream(Upstream(port=port, tls=True))
    with served(answer, shown) as port:
        other_name = upstream(Upstream(host="localhost", port=port, tls=True, authority=chain))
    assert states(good) == ["ok"]
    assert "TLS verified" in all_said(good)
    assert states(stranger) == states(other_name) == ["fault"]
    assert "self-signed certificate" in all_said(stranger)
    assert "Hostname mismatch" in all_said(other_name)
    unreadable = upstream(Upstream(tls=True, authority=str(tmp_path / "none.pem")))
    assert states(unreadable) == ["fault"]
