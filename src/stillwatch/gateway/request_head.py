"""The head of a request as it goes on: made anew from parsed fields, never the client's bytes."""

from __future__ import annotations

from stillwatch.gateway.answer_head import lines
from stillwatch.gateway.configuration import Configuration, Forwarded
from stillwatch.gateway.guard import Header, Request
from stillwatch.gateway.known_heads import MOST_KNOWN

_ALWAYS_WITH_LENGTH = frozenset({b"POST", b"PUT", b"PATCH"})  # RFC 9110, 8.6
_PORT_OF = {True: 443, False: 80}
_Made = tuple[list[Header] | None, bytes, str, bytes]
"""Fields that were given, target and peer, and the head that was made of them."""
_Said = tuple[bytes, bytes, bytes, bytes, str, tuple[Header, ...]]
"""Method, target, the host that goes on and the one that was asked for, peer and fields."""


class RequestHead:
    """Makes heads for one upstream."""

    def __init__(self, configuration: Configuration) -> None:
        upstream = configuration.upstream
        self._asked_host = configuration.headers.host == "client"
        name = upstream.host if configuration.headers.host in {"upstream", "client"} else configuration.headers.host
        port = "" if name != upstream.host or upstream.port == _PORT_OF[upstream.tls] else f":{upstream.port}"
        self._host = f"{name}{port}".encode("idna" if not name.isascii() else "ascii")
        self._forwarded = configuration.headers.forwarded
        self._made: dict[_Said, bytes] = {}
        self._scheme = b"https" if configuration.listen.certificate else b"http"

    def of(self, request: Request) -> bytes:
        """Start line and fields, to the empty line."""
        known, body = request.known, request.body
        made: _Made | None = known.made if known is not None else None  # type: ignore[assignment]  # ours alone
        if made is not None and made[0] is request.given and made[1] is request.target and made[2] == request.peer:
            head = made[3]
        else:
            given = request.given
            head = self._looked_up(request)
            if known is not None:
                known.made = given, request.target, request.peer, head
        if body or request.method in _ALWAYS_WITH_LENGTH:
            return b"%bContent-Length: %d\r\n\r\n" % (head, len(body))
        return b"%b\r\n" % head

    def _looked_up(self, request: Request) -> bytes:
        host = (request.host or self._host) if self._asked_host else self._host
        key = (request.method, request.target, host, request.host, request.peer, tuple(request.headers))
        head = self._made.get(key)
        return self._remembered(key, self._without_length(request, host)) if head is None else head

    def _without_length(self, request: Request, host: bytes) -> bytes:
        fields = lines(request.headers)
        forwarded = b"" if self._forwarded is Forwarded.DROP else self._forwarded_fields(request)
        start = (request.method, request.target, host)
        return b"%b %b HTTP/1.1\r\nHost: %b\r\n%b%b" % (*start, fields, forwarded)

    def _remembered(self, key: _Said, head: bytes) -> bytes:
        """A head that depends on nothing else but its key is made once; bounded, because clients choose keys."""
        if len(self._made) >= MOST_KNOWN:
            self._made.clear()
        self._made[key] = head
        return head

    def _forwarded_fields(self, request: Request) -> bytes:
        peer = request.peer.encode()
        if self._forwarded is Forwarded.APPEND:
            return b"X-Forwarded-For: %b\r\n" % peer
        return b"X-Forwarded-For: %b\r\nX-Forwarded-Proto: %b\r\nX-Forwarded-Host: %b\r\n" % (
            peer,
            self._scheme,
            request.host,
        )
