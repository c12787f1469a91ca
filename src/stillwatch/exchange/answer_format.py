"""The form that a request forces on its answer: free text, any JSON, or JSON of a given schema."""

from __future__ import annotations

from typing import NamedTuple

from msgspec import UNSET, Raw, Struct, UnsetType

from stillwatch.exchange.request_fields import word
from stillwatch.exchange.schema_shape import NO_SHAPE, SchemaShape, schema_shape
from stillwatch.exchange.wire import Untyped, Word, decode_leniently, raw_bytes


class AnswerFormat(NamedTuple):
    """`kind` is text, json or schema; `shape` counts the leaves of the schema."""

    kind: str = "text"
    shape: SchemaShape = NO_SHAPE


class _Format(Struct, gc=False):
    type: Word = UNSET
    json_schema: Untyped = UNSET  # chat: {"type": "json_schema", "json_schema": {"schema": ...}}
    schema: Untyped = UNSET  # responses and Anthropic: {"type": "json_schema", "schema": ...}


FREE_TEXT = AnswerFormat()


def answer_format(given: Raw | UnsetType | None) -> AnswerFormat:
    """Read a `response_format`, `text.format` or `output_format` object; free text where there is none."""
    if given is UNSET:
        return FREE_TEXT
    held = raw_bytes(given)
    if held[:1] != b"{":
        return FREE_TEXT
    try:
        wire = decode_leniently(_Format, held)
    except (ValueError, RecursionError):
        return FREE_TEXT
    if word(wire.type) == "json_object":
        return AnswerFormat("json")
    if word(wire.type) == "json_schema":
        return forced_by(_inner_schema(wire))
    return FREE_TEXT


def forced_by(schema: bytes) -> AnswerFormat:
    """The format that a JSON schema forces."""
    return AnswerFormat("schema", schema_shape(schema))


def _inner_schema(wire: _Format) -> bytes:
    nested = raw_bytes(wire.json_schema)
    if nested[:1] == b"{":
        return raw_bytes(decode_leniently(_Format, nested).schema)
    return raw_bytes(wire.schema)
