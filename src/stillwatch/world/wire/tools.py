"""Tools that agents declare, in the form of OpenAI function calling."""

from __future__ import annotations

from typing import Any

_TOOLS = (
    ("search", "Search the web.", ("query",)),
    ("read_file", "Read a file.", ("path",)),
    ("write_file", "Write a file.", ("path", "content")),
    ("run", "Run a command.", ("command",)),
    ("query_database", "Run a query.", ("sql",)),
    ("send_message", "Send a message to a person.", ("to", "text")),
    ("book", "Reserve something.", ("what", "when")),
    ("list_files", "List a folder.", ("path",)),
)


def tool_set(first: int = 0, count: int = 5) -> list[dict[str, Any]]:
    """Some of the tools, beginning with the `first`."""
    chosen = [_TOOLS[(first + i) % len(_TOOLS)] for i in range(count)]
    return [
        {"type": "function", "function": {"name": name, "description": about, "parameters": _schema(arguments)}}
        for name, about, arguments in chosen
    ]


def _schema(arguments: tuple[str, ...]) -> dict[str, Any]:
    properties = {name: {"type": "string"} for name in arguments}
    return {"type": "object", "properties": properties, "required": list(arguments)}
