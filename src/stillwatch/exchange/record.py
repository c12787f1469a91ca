"""What happened, in one shape for every provider: the exchange and its parts.

Wire formats (one file each beside this one) turn a provider's own JSON into these records; everything
downstream reads only these. Records are frozen. Text lives here and in the sketcher, nowhere later:
an `Exchange` is never written to disk.
"""

from __future__ import annotations

import msgspec

UNKNOWN = -1
"""A count or number that the log does not give. Zero is a real zero."""


class Principal(msgspec.Struct, frozen=True, gc=False):
    """Who is held responsible, by the names that the log gave. Only `account` is always known."""

    account: str
    organization: str | None = None
    api_key: str | None = None
    ip: str | None = None
    asn: int = UNKNOWN
    country: str | None = None  # ISO 3166-1 alpha-2; context for people, never evidence
    payment: str | None = None
    account_created_us: int = UNKNOWN
    declared_use: str | None = None


class Usage(msgspec.Struct, frozen=True, gc=False):
    """Tokens that the provider counted; `UNKNOWN` where it did not say."""

    input_tokens: int = UNKNOWN
    output_tokens: int = UNKNOWN
    reasoning_tokens: int = UNKNOWN


class Message(msgspec.Struct, frozen=True, gc=False):
    """One turn. `text` is all its text parts joined by newlines; other parts are kept as counts only.

    `role` is one of system, user, assistant, tool, input. Developer and instruction turns are `system`;
    Gemini's `model` is `assistant`; what goes to an embedding endpoint is `input`.
    """

    role: str
    text: str
    images: int = 0
    other_parts: int = 0  # audio, files, video
    tool_calls: int = 0  # calls that an assistant turn asks for


class Parameters(msgspec.Struct, frozen=True, gc=False):
    """What the caller asked of the sampler, and in which form it wants the answer.

    `names` are the request's known parameters that were present at all, sorted and joined by commas: together
    with the values they tell client programs apart. `logit_bias` is the number of biased tokens.
    Schema fields count the leaves of a forced answer schema (a forced tool's arguments or a JSON-schema
    response format): closed leaves are enum, const, boolean, number and integer; open leaves are free strings.
    """

    names: str = ""
    temperature: float | None = None
    top_p: float | None = None
    max_tokens: int = UNKNOWN
    n: int = 1
    stream: bool = False
    logprobs: bool = False
    top_logprobs: int = 0
    logit_bias: int = 0
    stop: int = 0  # number of stop sequences
    seed: bool = False
    reasoning: bool = False  # extended thinking or a reasoning effort was asked for
    tools: int = 0
    tool_forced: bool = False  # tool_choice names a tool or says "required"/"any"
    answer_format: str = "text"  # text, json, schema
    open_fields: int = 0
    closed_fields: int = 0


class Request(msgspec.Struct, frozen=True, gc=False):
    """One call. `operation` is chat, completion, embedding or other."""

    operation: str
    model: str
    messages: tuple[Message, ...]
    parameters: Parameters = Parameters()


class Response(msgspec.Struct, frozen=True, gc=False):
    """What the model gave back. Several choices are joined by newlines in `text`.

    `finish_reason` is the first choice's, in one vocabulary for all providers: stop, length, tool_calls,
    content_filter (refusals too), error; "unreadable" for a response that was logged and that nobody can read; a
    reason that is none of these stays as the provider wrote it, and is empty where none was given.
    """

    text: str = ""
    reasoning: str = ""
    choices: int = 0
    tool_calls: int = 0
    finish_reason: str = ""
    is_complete: bool = True  # False for a stream that ended before its closing event
    usage: Usage = Usage()


class Exchange(msgspec.Struct, frozen=True, gc=False):
    """One request and its response. `ts_us` is UTC microseconds since 1970.

    `usage` is the log's own figure where it has one, else the response's. `dialect` is the wire format
    that read the body. `headers` are in wire order, as they came.
    """

    ts_us: int
    principal: Principal
    path: str
    dialect: str
    request: Request
    response: Response | None = None
    usage: Usage = Usage()
    headers: tuple[tuple[str, str], ...] = ()
    method: str = "POST"
    status: int = UNKNOWN
    id: str | None = None
