"""A server on loopback that plays what it is told, and remembers when it was asked."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from stillwatch.gateway.dialects.reply import Reply

EVENTS = ((b"content-type", b"text/event-stream"),)
JSON = ((b"content-type", b"application/json"),)


class Player(ThreadingHTTPServer):
    """Plays `replies` in order, the last one again and again."""

    daemon_threads = True

    def __init__(self, replies: list[Reply]) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.replies = replies
        self.asked_at: list[float] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"


class _Handler(BaseHTTPRequestHandler):
    server: Player

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["content-length"]))
        self.server.asked_at.append(time.monotonic())
        reply = self.server.replies[min(len(self.server.asked_at), len(self.server.replies)) - 1]
        self.send_response(reply.status)
        for name, value in (*reply.headers, (b"content-length", str(len(reply.body)).encode())):
            self.send_header(name.decode(), value.decode())
        self.end_headers()
        self.wfile.write(reply.body)

    def log_message(self, format: str, *args: object) -> None:
        """Nothing: a test's output is its result."""


@contextmanager
def playing(*replies: Reply) -> Iterator[Player]:
    """A server for as long as it is used."""
    server = Player(list(replies))
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def stream(text: bytes) -> Reply:
    return Reply(200, EVENTS, text)


def body(text: bytes) -> Reply:
    return Reply(200, JSON, text)
