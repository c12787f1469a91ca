"""A forced schema's leaves are counted as open or closed, in bounded work."""

from __future__ import annotations

from typing import Any

import pytest

from stillwatch.exchange.schema_shape import MAX_NODES, SchemaShape, schema_shape

from .samples import wire

TEXT = {"type": "string"}


@pytest.mark.parametrize(
    ("schema", "shape"),
    [
        (TEXT, SchemaShape(1, 0)),
        ({"type": "string", "enum": ["a"]}, SchemaShape(0, 1)),
        ({"const": "a"}, SchemaShape(0, 1)),
        ({"type": "boolean"}, SchemaShape(0, 1)),
        ({"type": "INTEGER"}, SchemaShape(0, 1)),
        ({"type": ["string", "null"]}, SchemaShape(1, 0)),
        ({"type": "array", "items": TEXT}, SchemaShape(1, 0)),
        ({"type": "object", "additionalProperties": TEXT}, SchemaShape(1, 0)),
        ({"type": "object", "additionalProperties": False}, SchemaShape(0, 0)),
        ({"anyOf": [TEXT, {"type": "null"}]}, SchemaShape(1, 0)),
        ({"anyOf": [TEXT, {"type": "number"}]}, SchemaShape(1, 1)),
        ({"properties": {"a": TEXT, "b": {"properties": {"c": {"type": "number"}}}}}, SchemaShape(1, 1)),
        ({}, SchemaShape(0, 0)),
        ([], SchemaShape(0, 0)),
    ],
)
def test_a_leaf_is_open_or_closed(schema: Any, shape: SchemaShape) -> None:
    """Open is free text; closed is everything of few values or no prose."""
    assert schema_shape(wire(schema)) == shape


def test_references_are_followed_within_the_document() -> None:
    """Pydantic puts every nested model under $defs; RFC 6901 escapes are undone."""
    schema = {
        "properties": {"a": {"$ref": "#/$defs/Leaf~1One"}, "b": {"$ref": "https://schemas.example/x"}},
        "$defs": {"Leaf/One": {"properties": {"t": TEXT, "n": {"type": "number"}}}},
    }
    assert schema_shape(wire(schema)) == SchemaShape(1, 1)


def test_a_recursive_schema_is_counted_once_around() -> None:
    """A tree whose nodes hold nodes has the leaves of one node."""
    node = {"properties": {"name": TEXT, "children": {"items": {"$ref": "#/$defs/Node"}}}}
    assert schema_shape(wire({"$ref": "#/$defs/Node", "$defs": {"Node": node}})) == SchemaShape(1, 0)


def test_references_that_multiply_cost_bounded_work() -> None:
    """Ten levels of ten references each would be 10**10 leaves."""
    levels = {f"L{i}": {"anyOf": [{"$ref": f"#/$defs/L{i + 1}"}] * 10} for i in range(10)}
    shape = schema_shape(wire({"$ref": "#/$defs/L0", "$defs": {**levels, "L10": TEXT}}))
    assert 0 < shape.open_fields <= MAX_NODES


@pytest.mark.parametrize("broken", [b"", b"{", b"[" * 100_000, b'{"type": "\xff"}'])
def test_what_is_no_json_has_no_shape(broken: bytes) -> None:
    """The request stands without it."""
    assert schema_shape(broken) == SchemaShape(0, 0)


def test_a_schema_too_large_to_remember_is_still_read() -> None:
    """It only costs its reading each time."""
    schema = {"description": "x" * 100_000, "properties": {"a": TEXT}}
    assert schema_shape(wire(schema)) == SchemaShape(1, 0)
