"""Which wire format an exchange speaks, and the readers of its two directions.

The path decides where it is one that a provider documents; otherwise the shape of the body does. Paths come
from clients, so they are matched by their ending: gateways mount the same API below prefixes of their own.
"""

from __future__ import annotations

from collections.abc import Callable

from stillwatch.exchange import openai_chat
from stillwatch.exchange.event_stream import Assembler
from stillwatch.exchange.record import Request, Response
from stillwatch.exchange.recorded_response import read_response
from stillwatch.exchange.wire import Body

ASSEMBLERS: dict[str, Callable[[], Assembler]] = {
    "openai_chat": openai_chat.Assembler,
}


def parse_request(path: str, body: Body) -> tuple[str, Request]:
    """The dialect's name and the request; raise `MalformedRow` where the body is not a request of any."""
    return "openai_chat", openai_chat.parse_request(body)


def parse_response(dialect: str, body: Body, status: int) -> Response:
    """The response in this dialect, in any form in which it was recorded. Never raises for what it reads."""
    return read_response(ASSEMBLERS[dialect](), body)
