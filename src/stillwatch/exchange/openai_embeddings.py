"""OpenAI embeddings: what is embedded counts as input messages; the vectors themselves are not read.

Source: OpenAI API reference, "Create embeddings".
"""

from __future__ import annotations

import msgspec
from msgspec import UNSET, Struct, UnsetType

from stillwatch.errors import MalformedRow
from stillwatch.exchange import event_stream
from stillwatch.exchange.answer import Answer
from stillwatch.exchange.openai_chat import WireUsage, usage_from
from stillwatch.exchange.prompt_input import messages_of
from stillwatch.exchange.record import Parameters, Request, Response
from stillwatch.exchange.request_fields import joined_names, present_names, word
from stillwatch.exchange.wire import Body, Untyped, Word, decode, elements, raw_bytes


class WireRequest(Struct, gc=False):
    """The request's known fields."""

    input: Untyped = UNSET
    model: Word = UNSET
    dimensions: Untyped = UNSET
    encoding_format: Untyped = UNSET
    input_type: Untyped = UNSET
    truncate: Untyped = UNSET
    truncate_prompt_tokens: Untyped = UNSET
    user: Untyped = UNSET


CONTENT_FIELDS = 2  # input and model come first


def parse_request(body: Body) -> Request:
    """Read a request, one message of role `input` per text; raise `MalformedRow` where there is no input."""
    wire = decode(WireRequest, body)
    messages = messages_of(raw_bytes(wire.input), "input")
    if messages is None:
        raise MalformedRow("body has no input")
    names = joined_names(present_names(wire, CONTENT_FIELDS))
    return Request("embedding", word(wire.model), messages, Parameters(names=names))


class WireResponse(Struct, gc=False):
    """A list of vectors and its usage."""

    data: Untyped = UNSET
    usage: WireUsage | UnsetType | None = UNSET
    error: Untyped = UNSET


class Assembler(event_stream.Assembler):
    """Counts the vectors of a response. There are no streams of embeddings."""

    def __init__(self) -> None:
        self._answer = Answer()
        self._vectors = 0

    def observe(self, data: Body) -> None:
        """Take in a response; raise `MalformedRow` where it is not a JSON object."""
        wire = decode(WireResponse, data, "response")
        self._vectors += len(elements(wire.data))
        if isinstance(wire.usage, WireUsage):
            self._answer.usage = usage_from(wire.usage)
        if raw_bytes(wire.error):
            self._answer.fail()

    def close(self) -> None:
        """Streams only."""

    def response(self, is_whole: bool = False) -> Response:
        """The response; `choices` is the number of vectors."""
        return msgspec.structs.replace(self._answer.response(is_whole), choices=self._vectors)
