"""How much freedom a forced JSON schema leaves: the number of its open and closed leaves.

A closed leaf admits few values or no prose (enum, const, boolean, number, integer, null); an open leaf admits
a free string. Application traffic forces mostly closed leaves; the making of a training set wants open ones.

Known weakness: a schema is read to `MAX_DEPTH` levels and `MAX_NODES` nodes; what lies beyond is not counted.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any, NamedTuple

import msgspec

MAX_DEPTH = 32  # chosen: providers refuse schemas nested deeper than 5 to 10 levels
MAX_NODES = 4096  # chosen: a bound on work for a schema whose $refs multiply
MAX_MEMO_BYTES = 64 * 1024  # with 256 entries the memo holds at most 16 MiB


class SchemaShape(NamedTuple):
    """Leaves of a schema."""

    open_fields: int = 0
    closed_fields: int = 0


NO_SHAPE = SchemaShape()
_CLOSED_TYPES = frozenset({"boolean", "number", "integer", "null"})


def schema_shape(schema: bytes) -> SchemaShape:
    """The shape of a JSON schema, without any shape where it cannot be read. Repeated schemas cost a look-up."""
    if len(schema) > MAX_MEMO_BYTES:
        return _shape_of(schema)
    return _remembered(schema)


def _shape_of(schema: bytes) -> SchemaShape:
    try:
        root = msgspec.json.decode(schema)
    except (ValueError, RecursionError):
        return NO_SHAPE
    walk = _Walk(root)
    walk.visit(root, MAX_DEPTH, frozenset())
    return SchemaShape(walk.open_fields, walk.closed_fields)


@lru_cache(maxsize=256)
def _remembered(schema: bytes) -> SchemaShape:
    return _shape_of(schema)


class _Walk:
    """Counts leaves while it goes through one schema; owns the budget of nodes."""

    def __init__(self, root: Any) -> None:
        self.root = root
        self.open_fields = 0
        self.closed_fields = 0
        self.nodes_left = MAX_NODES

    def visit(self, node: Any, depth: int, followed: frozenset[str]) -> None:
        if not isinstance(node, dict) or depth == 0 or self.nodes_left == 0:
            return
        self.nodes_left -= 1
        if isinstance(node.get("$ref"), str):
            self._follow(node["$ref"], depth, followed)
            return
        children = _children(node)
        if children:
            for child in children:
                self.visit(child, depth - 1, followed)
        else:
            self._count_leaf(node)

    def _follow(self, reference: str, depth: int, followed: frozenset[str]) -> None:
        if reference not in followed:  # a recursive schema is counted once around
            self.visit(self._target(reference), depth - 1, followed | {reference})

    def _target(self, reference: str) -> Any:
        """RFC 6901: the pointer's steps, ~1 for a slash and ~0 for a tilde. Other documents are never fetched."""
        node = self.root
        if not reference.startswith("#"):
            return None
        for step in reference[1:].split("/")[1 : MAX_DEPTH + 1]:
            node = node.get(step.replace("~1", "/").replace("~0", "~")) if isinstance(node, dict) else None
        return node

    def _count_leaf(self, node: dict[str, Any]) -> None:
        if "enum" in node or "const" in node:
            self.closed_fields += 1
            return
        given = node.get("type")
        # Gemini writes types in capitals; JSON Schema allows a list of them, where null adds nothing.
        kinds = {k.lower() for k in (given if isinstance(given, list) else [given]) if isinstance(k, str)}
        kinds = kinds - {"null"} or kinds
        if "string" in kinds:
            self.open_fields += 1
        elif kinds and kinds <= _CLOSED_TYPES:
            self.closed_fields += 1


def _children(node: dict[str, Any]) -> list[Any]:
    """The schemas below a node, in the places where JSON Schema puts them."""
    found: list[Any] = []
    if isinstance(node.get("properties"), dict):
        found += node["properties"].values()
    for key in ("items", "additionalProperties"):
        if isinstance(node.get(key), dict):
            found.append(node[key])
    for key in ("anyOf", "oneOf", "allOf", "any_of", "prefixItems"):
        if isinstance(node.get(key), list):
            found += _without_null(node[key])
    return found


def _without_null(alternatives: list[Any]) -> list[Any]:
    """`string or null` is an optional string, not a string and a closed leaf."""
    return [a for a in alternatives if not (isinstance(a, dict) and str(a.get("type")).lower() == "null")]
