"""The seam between the data plane and whoever decides: what a guard is told, and what it may answer.

Everything is called in the event loop and must return at once: no waiting, no locks, no I/O. Where a guard has to ask
somebody else first it answers `Waiting`. A guard that raises is taken for a refusal (fails closed, 503); an observer
that raises ends the answer as if the upstream had failed.
"""

from __future__ import annotations

from collections.abc import Coroutine, Sequence
from enum import StrEnum
from typing import Any, Protocol

Header = tuple[bytes, bytes]


class KnownRequest:
    """The head of a request that came before, whoever sent it.

    `noted` is for the guard and `made` for whoever makes the head that goes on: what each found once for this head.
    `key` is by what it will be known when its request goes on, and empty from then on: nobody whom the guard turns
    away leaves anything behind.
    """

    __slots__ = ("fields", "host", "key", "made", "method", "noted", "target")

    def __init__(self, method: bytes, target: bytes, fields: tuple[Header, ...], host: bytes, key: bytes = b"") -> None:
        self.key = key
        self.method = method
        self.target = target
        self.fields = fields
        self.host = host
        self.noted: object = None
        self.made: object = None


class Request:
    """One complete request, as it would go on. The guard may change `target`, `headers` and `body` in place.

    `headers` are the end-to-end fields in the client's order and spelling: neither hop-by-hop fields, nor those the
    gateway makes itself (Host, Content-Length, X-Forwarded-*), nor those that only trusted proxies may send.
    What a guard puts there is sent as it is, so it must not hold CR or LF. `peer` is the client's address as text.

    `known` is its head where that came before or can be known from now on, and `given` the fields that somebody gave
    it, None while they are those of the known head. Who gives the same list for the same head and peer each time must
    leave the list as it is.
    """

    __slots__ = (
        "body", "given", "held_bytes", "host", "is_http_10", "keep_alive", "known", "method", "peer", "target",
    )  # fmt: skip

    def __init__(self, method: bytes, target: bytes, headers: list[Header] | None, body: bytes, peer: str,
                 known: KnownRequest | None = None) -> None:  # fmt: skip
        self.method = method
        self.target = target
        self.given = headers
        self.body = body
        self.peer = peer
        self.known = known
        self.host = b"" if known is None else known.host
        self.keep_alive = True
        self.is_http_10 = False
        self.held_bytes = len(body)

    @property
    def headers(self) -> list[Header]:
        if self.given is None:
            self.given = [] if self.known is None else list(self.known.fields)
        return self.given

    @headers.setter
    def headers(self, headers: list[Header]) -> None:
        self.given = headers


class End(StrEnum):
    """Why an answer ended."""

    COMPLETE = "complete"
    CLIENT_LEFT = "client_left"
    UPSTREAM_FAILED = "upstream_failed"
    NOT_SENT = "not_sent"  # the client left before the request went on: nobody worked on it
    CUT = "cut"


class Cut:
    """The observer's word that the answer ends here: `last` is what the client still gets, so that it ends well."""

    __slots__ = ("last",)

    def __init__(self, last: bytes = b"") -> None:
        self.last = last


class HeadChange:
    """What an observer adds to the head of an answer, and whether it will change the body.

    `rewrites` has to be said here, because a body of announced length cannot change: it is then sent chunked.
    Without it an answer with Content-Length is passed on as it is, and a cut closes the connection short of it.
    `fields` are more headers, as they go over the wire: each line with its CR LF.
    """

    __slots__ = ("fields", "headers", "rewrites")

    def __init__(self, headers: Sequence[Header] = (), rewrites: bool = False, fields: bytes = b"") -> None:
        self.headers = headers
        self.rewrites = rewrites
        self.fields = fields


class Observer(Protocol):
    """Who watches one answer. Blocks are decoded content with arbitrary boundaries, as the network gave them."""

    def on_head(self, status: int, headers: list[Header]) -> HeadChange | None:
        """The answer's end-to-end header fields arrived, and may be changed in place; None adds nothing."""

    def on_body(self, block: bytes) -> bytes | Cut:
        """A block of the answer arrived; what is returned goes to the client. Return `block` itself to pass it on."""

    def on_last(self) -> bytes:
        """The upstream's answer is complete; what is returned goes to the client after it, if `rewrites` was said."""

    def on_end(self, cause: End, delivered_bytes: int) -> None:
        """Called exactly once. `delivered_bytes`: content handed to the client's socket, at least what it read.

        What the client did not take is bounded by the buffers between: `client_buffer_bytes` and the kernel's.
        """


class Answer:
    """What the client gets at once; the request does not go on. Content-Length is added."""

    __slots__ = ("body", "headers", "status")

    def __init__(self, status: int, headers: Sequence[Header], body: bytes) -> None:
        self.status = status
        self.headers = headers
        self.body = body


class KnownHead(Protocol):
    """The head of an answer that came before, with a body that is here as a whole. `status` is its status.

    `noted` is for whoever watches answers, to be found once for this head: nothing else looks at it.
    """

    status: int
    noted: object

    def headers(self, length: bytes) -> list[Header]:
        """The end-to-end fields, with this Content-Length."""


class Knower(Protocol):
    """Who can take a whole answer with a known head at once, or say who watches any other."""

    @property
    def observer(self) -> Observer | None:
        """Who watches the answer, from its head on."""

    def on_known_answer(self, known: KnownHead, body: bytes) -> bytes | None:
        """In place of all that an observer is told of an answer that is whole: the lines to be added to its head.

        None where something has to be looked at, taken out or rewritten: `observer` is then told of all of it, as it
        is where this raises.
        """


class Passage:
    """The request goes on, as it now is, after `delay_seconds`; None as observer if nobody watches the answer.

    `knower` is asked first about an answer with a known head; None where all answers are watched.
    """

    __slots__ = ("_observer", "delay_seconds")

    def __init__(self, observer: Observer | None = None, delay_seconds: float = 0.0) -> None:
        self._observer = observer
        self.delay_seconds = delay_seconds

    @property
    def observer(self) -> Observer | None:
        return self._observer

    @property
    def knower(self) -> Knower | None:
        return None


class Waiting:
    """It is not known yet: `coming` will say. It has to bound its own time.

    The client's next requests wait behind this one. `coming` is cancelled if the client leaves; where its answer had
    come by then, the observer of a passage is told `NOT_SENT`. What it raises is taken for a refusal.
    """

    __slots__ = ("coming",)

    def __init__(self, coming: Coroutine[Any, Any, Answer | Passage]) -> None:
        self.coming = coming


class Guard(Protocol):
    """Who decides about requests, one for each worker process."""

    def on_request(self, request: Request) -> Answer | Passage | Waiting:
        """Called once for every complete request, before a byte of it goes on."""


_PASS = Passage()


class PassThrough:
    """The guard that does nothing."""

    def on_request(self, request: Request) -> Passage:
        return _PASS
