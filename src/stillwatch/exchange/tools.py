"""The tools that a request offers, in any provider's spelling, and the answer that a forced tool prescribes.

Clients repeat their tools in every request, so both look-ups are remembered by the raw bytes.
"""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

import msgspec
from msgspec import UNSET, Raw, Struct, UnsetType

from stillwatch.exchange.schema_shape import MAX_MEMO_BYTES, NO_SHAPE, SchemaShape, schema_shape
from stillwatch.exchange.wire import Untyped, Word, decode_leniently, elements, raw_bytes


class Tool(Struct, gc=False):
    """One entry of a tool list: OpenAI nests it in `function`, Gemini lists several in one entry."""

    name: Word = UNSET
    parameters: Untyped = UNSET  # OpenAI, Gemini
    parametersJsonSchema: Untyped = UNSET  # noqa: N815 Gemini's own spelling
    input_schema: Untyped = UNSET  # Anthropic
    function: Untyped = UNSET
    functionDeclarations: Untyped = UNSET  # noqa: N815 Gemini's own spelling
    function_declarations: Untyped = UNSET


def count_tools(tools: bytes) -> int:
    """How many tools a raw list offers; built-in ones (search, code) count as one each."""
    return len(_read(tools))


def forced_shape(tools: bytes, name: str | None) -> SchemaShape:
    """The shape of the named tool's arguments; without a name, of the only tool there is."""
    if len(tools) > MAX_MEMO_BYTES:
        return _forced_shape(tools, name)
    return _remembered_shape(tools, name)


class ToolChoice(Struct, gc=False):
    """A `tool_choice` object: OpenAI nests the name in `function`, the others have it beside the type."""

    type: Word = UNSET
    name: Word = UNSET
    mode: Word = UNSET  # of {"type": "allowed_tools"}
    function: Untyped = UNSET


class Forced(NamedTuple):
    """Whether the answer must be a tool call, and the shape of that call's arguments."""

    is_forced: bool = False
    shape: SchemaShape = NO_SHAPE


NOT_FORCED = Forced()
_FREE_CHOICES = frozenset({"auto", "none", ""})


def forced_tool(choice: Raw | UnsetType | None, tools: bytes) -> Forced:
    """What a `tool_choice` of OpenAI or Anthropic demands: a word, or an object that may name a tool."""
    held = raw_bytes(choice)
    if not held or len(held) > MAX_MEMO_BYTES:
        return NOT_FORCED
    is_forced, name = _read_choice(held)
    return Forced(True, forced_shape(tools, name)) if is_forced else NOT_FORCED


@lru_cache(maxsize=256)
def _read_choice(held: bytes) -> tuple[bool, str | None]:
    try:
        if held[:1] == b'"':
            return msgspec.json.decode(held, type=str) not in _FREE_CHOICES, None
        choice = decode_leniently(ToolChoice, held)
        function = raw_bytes(choice.function)
        named = decode_leniently(ToolChoice, function) if function else choice
    except (ValueError, RecursionError):
        return False, None
    kind = choice.mode if choice.type == "allowed_tools" else choice.type
    return kind not in _FREE_CHOICES, named.name if isinstance(named.name, str) else None


def _forced_shape(tools: bytes, name: str | None) -> SchemaShape:
    offered = _read(tools)
    named = [schema for tool, schema in offered if tool == name or (name is None and len(offered) == 1)]
    return schema_shape(named[0]) if named else NO_SHAPE


@lru_cache(maxsize=256)
def _remembered_shape(tools: bytes, name: str | None) -> SchemaShape:
    return _forced_shape(tools, name)


def _read(tools: bytes) -> tuple[tuple[str, bytes], ...]:
    return _read_list(tools) if len(tools) > MAX_MEMO_BYTES else _remembered_list(tools)


@lru_cache(maxsize=256)
def _remembered_list(tools: bytes) -> tuple[tuple[str, bytes], ...]:
    return _read_list(tools)


def _read_list(tools: bytes) -> tuple[tuple[str, bytes], ...]:
    """Name and argument schema of each tool; an entry that cannot be read still counts as a tool."""
    return tuple(pair for entry in elements(tools) for pair in _read_entry(entry))


def _read_entry(entry: Raw) -> list[tuple[str, bytes]]:
    try:
        tool = decode_leniently(Tool, entry)
        declared = raw_bytes(tool.functionDeclarations) or raw_bytes(tool.function_declarations)
        if declared:
            return [_named_schema(decode_leniently(Tool, d)) for d in elements(declared)]
        if raw_bytes(tool.function):
            tool = decode_leniently(Tool, raw_bytes(tool.function))
        return [_named_schema(tool)]
    except (ValueError, RecursionError):
        return [("", b"")]


def _named_schema(tool: Tool) -> tuple[str, bytes]:
    schema = raw_bytes(tool.parameters) or raw_bytes(tool.input_schema) or raw_bytes(tool.parametersJsonSchema)
    return (tool.name if isinstance(tool.name, str) else "", schema)
