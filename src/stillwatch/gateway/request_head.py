"""The head of a request as it goes on: made anew from parsed fields, never the client's bytes."""

from __future__ import annotations

from stillwatch.gateway.configuration import Configuration, Forwarded
from stillwatch.gateway.guard import Request

_ALWAYS_WITH_LENGTH = frozenset({b"POST", b"PUT", b"PATCH"})  # RFC 9110, 8.6
_PORT_OF = {True: 443, False: 80}


class RequestHead:
    """Makes heads for one upstream."""

    def __init__(self, configuration: Configuration) -> None:
        upstream = configuration.upstream
        self._asked_host = configuration.headers.host == "client"
        name = upstream.host if configuration.headers.host in {"upstream", "client"} else configuration.headers.host
        port = "" if name != upstream.host or upstream.port == _PORT_OF[upstream.tls] else f":{upstream.port}"
        self._host = f"{name}{port}".encode("idna" if not name.isascii() else "ascii")
        self._forwarded = configuration.headers.forwarded
        self._scheme = b"https" if configuration.listen.certificate else b"http"

    def of(self, request: Request) -> bytes:
        """Start line and fields, to the empty line."""
        host = (request.host or self._host) if self._asked_host else self._host
        fields = b"".join([b"%b: %b\r\n" % header for header in request.headers])
        body = request.body
        length = b"Content-Length: %d\r\n" % len(body) if body or request.method in _ALWAYS_WITH_LENGTH else b""
        forwarded = b"" if self._forwarded is Forwarded.DROP else self._forwarded_fields(request)
        return b"%b %b HTTP/1.1\r\nHost: %b\r\n%b%b%b\r\n" % (
            request.method,
            request.target,
            host,
            fields,
            forwarded,
            length,
        )

    def _forwarded_fields(self, request: Request) -> bytes:
        peer = request.peer.encode()
        if self._forwarded is Forwarded.APPEND:
            return b"X-Forwarded-For: %b\r\n" % peer
        return b"X-Forwarded-For: %b\r\nX-Forwarded-Proto: %b\r\nX-Forwarded-Host: %b\r\n" % (
            peer,
            self._scheme,
            request.host,
        )
