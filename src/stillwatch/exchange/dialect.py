"""Which wire format an exchange speaks, and the readers of its two directions.

The path decides where it is one that a provider documents; otherwise the shape of the body does. Paths come
from clients, so they are matched by their ending: gateways mount the same API below prefixes of their own.
"""

from __future__ import annotations

import re
from collections.abc import Callable, KeysView
from functools import lru_cache

import msgspec

from stillwatch.errors import MalformedRow
from stillwatch.exchange import (
    anthropic_messages,
    gemini,
    openai_chat,
    openai_completions,
    openai_embeddings,
    openai_responses,
)
from stillwatch.exchange.event_stream import Assembler
from stillwatch.exchange.record import Request, Response
from stillwatch.exchange.recorded_response import read_response
from stillwatch.exchange.wire import Body, decode_members

ASSEMBLERS: dict[str, Callable[[], Assembler]] = {
    "openai_chat": openai_chat.Assembler,
    "openai_completions": openai_completions.Assembler,
    "openai_responses": openai_responses.Assembler,
    "openai_embeddings": openai_embeddings.Assembler,
    "anthropic_messages": anthropic_messages.Assembler,
    "gemini": gemini.Assembler,
}

_REQUESTS: dict[str, Callable[[Body], Request]] = {
    "openai_chat": openai_chat.parse_request,
    "openai_completions": openai_completions.parse_request,
    "openai_responses": openai_responses.parse_request,
    "openai_embeddings": openai_embeddings.parse_request,
    "anthropic_messages": anthropic_messages.parse_request,
}

# Gemini's method is the last part of its path after a colon; the others are the path's last segments.
_PATHS: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile(r"/chat/completions/?$"), "openai_chat"),
    (re.compile(r"/completions/?$|/v1/complete/?$"), "openai_completions"),
    (re.compile(r"/responses/?$"), "openai_responses"),
    (re.compile(r"/embeddings/?$"), "openai_embeddings"),
    (re.compile(r"/v1/messages(/count_tokens)?/?$"), "anthropic_messages"),
    (re.compile(r":(stream)?generateContent$|:(batch)?embedContents?$|:countTokens$", re.IGNORECASE), "gemini"),
)
_EMBEDS = re.compile(r"embedContents?$", re.IGNORECASE)  # the two of Gemini's calls that ask for no answer
_OPERATIONS = {"openai_completions": "completion", "openai_embeddings": "embedding"}  # the others are chats
# Azure names its deployment, Bedrock its model, before the call itself.
_MODEL_IN_PATH = re.compile(r"/(?:deployments|engines|model)/([^/?]{1,200})/")
_MAX_PATH = 2048  # chosen: longer than any documented path; longer ones are matched by the body's shape


def parse_request(path: str, body: Body) -> tuple[str, Request]:
    """The dialect's name and the request; raise `MalformedRow` where the body is not a request of any."""
    dialect = dialect_of_path(path) or dialect_of_body(body)
    if dialect == "gemini":
        return dialect, gemini.parse_request(path, body)
    request = _REQUESTS[dialect](body)
    if not request.model and (found := _MODEL_IN_PATH.search(path, 0, _MAX_PATH)):
        request = msgspec.structs.replace(request, model=found[1])
    return dialect, request


def request_not_kept(path: str) -> tuple[str, Request]:
    """The dialect's name and a request without messages, for a log that kept no body.

    The path decides the operation, and names the model where it does; raise `MalformedRow` for a path that no provider
    documents.
    """
    dialect = dialect_of_path(path)
    if not dialect:
        raise MalformedRow("body is missing, and the path names no wire format")
    found = _MODEL_IN_PATH.search(path, 0, _MAX_PATH)
    model = gemini.model_in_path(path) if dialect == "gemini" else found[1] if found else ""
    return dialect, Request("embedding" if _EMBEDS.search(_bare(path)) else _OPERATIONS.get(dialect, "chat"), model, ())


def parse_response(dialect: str, body: Body, status: int) -> Response:
    """The response in this dialect, in any of the forms in which it may be recorded. Never raises for those.

    An error status without a finish reason of its own ends as `error`.
    """
    response = read_response(ASSEMBLERS[dialect](), body)
    if status >= 400 and response.finish_reason in ("", "unreadable"):
        return msgspec.structs.replace(response, finish_reason="error", is_complete=True)
    return response


def dialect_of_path(path: str) -> str:
    """The dialect that a path belongs to, empty for a path that no provider documents."""
    return _documented(path) if len(path) <= _MAX_PATH else ""


def dialect_of_body(body: Body) -> str:
    """The dialect whose fields a body has; raise `MalformedRow` where it has none of any."""
    fields = decode_members(body).keys()
    for dialect, is_one in _SIGNS:
        if is_one(fields):
            return dialect
    raise MalformedRow("body has no messages, prompt, input or contents")


@lru_cache(maxsize=1024)
def _documented(path: str) -> str:
    bare = _bare(path)
    return next((dialect for pattern, dialect in _PATHS if pattern.search(bare)), "")


def _bare(path: str) -> str:
    return path.partition("?")[0].partition("#")[0]


_ANTHROPIC_ONLY = frozenset({"anthropic_version", "system", "stop_sequences", "thinking", "anthropic_beta"})
_RESPONSES_ONLY = frozenset({"instructions", "max_output_tokens", "reasoning", "text", "previous_response_id", "store"})
_CHAT_ONLY = frozenset({"max_completion_tokens", "response_format", "stop", "n", "frequency_penalty", "logit_bias"})
_EMBEDDING_ONLY = frozenset({"encoding_format", "dimensions", "input_type"})
_Fields = KeysView[str]
# In order: the first sign that holds decides.
_SIGNS: tuple[tuple[str, Callable[[_Fields], bool]], ...] = (
    ("gemini", lambda f: "contents" in f),
    ("anthropic_messages", lambda f: "messages" in f and bool(f & _ANTHROPIC_ONLY) and not f & _CHAT_ONLY),
    ("openai_chat", lambda f: "messages" in f),
    ("openai_embeddings", lambda f: "input" in f and bool(f & _EMBEDDING_ONLY) and not f & _RESPONSES_ONLY),
    ("openai_responses", lambda f: "input" in f or bool(f & {"previous_response_id"})),
    ("openai_completions", lambda f: "prompt" in f),
)
