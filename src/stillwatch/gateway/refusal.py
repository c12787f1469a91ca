"""What the gateway itself says to a client: one JSON shape for refusals and failures, never content of a request."""

from __future__ import annotations

import json
from collections.abc import Iterable
from http import HTTPStatus

from stillwatch.gateway.guard import Header

JSON = ((b"Content-Type", b"application/json"),)


class Refusal(Exception):
    """A request that is not passed on: the status, and a sentence for the client."""

    def __init__(self, status: int, why: str) -> None:
        super().__init__(why)
        self.status = status
        self.why = why

    def body(self) -> bytes:
        """The sentence in the shape that clients of model APIs read."""
        kind = "invalid_request_error" if self.status < HTTPStatus.INTERNAL_SERVER_ERROR else "gateway_error"
        return json.dumps({"error": {"message": self.why, "type": kind, "code": str(self.status)}}).encode()

    def message(self, connection: bytes) -> bytes:
        """The whole answer."""
        return whole_answer(self.status, JSON, self.body(), connection)


class _StatusLines(dict[int, bytes]):
    """First lines of answers; a status that no standard names has an empty reason (RFC 9112, 4)."""

    def __missing__(self, status: int) -> bytes:
        try:
            reason = HTTPStatus(status).phrase
        except ValueError:
            reason = ""
        line = self[status] = f"HTTP/1.1 {status} {reason}\r\n".encode()
        return line


STATUS_LINES = _StatusLines()


def whole_answer(
    status: int, headers: Iterable[Header], body: bytes, connection: bytes, *, is_head: bool = False
) -> bytes:
    """An answer of announced length; `connection` is the line about keeping it, or empty."""
    fields = b"".join([b"%b: %b\r\n" % header for header in headers])
    length = b"" if status in _BODILESS else b"Content-Length: %d\r\n" % len(body)
    content = b"" if is_head or status in _BODILESS else body
    return b"%b%b%b%b\r\n%b" % (STATUS_LINES[status], fields, length, connection, content)


_BODILESS = {HTTPStatus.NO_CONTENT, HTTPStatus.NOT_MODIFIED}
